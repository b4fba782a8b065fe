//! Texts as vectors: who makes them, what a product's text is, and which are near each other.

mod embedder;
mod local;
mod nearest;
mod product_text;
mod vectors;

pub use embedder::{Embedder, EmbeddingError, Identity};
pub use local::{LocalEmbedder, TermWeights};
pub use nearest::{Neighbours, nearest};
pub use product_text::ProductText;
pub use vectors::{Vectors, VectorsBuilder};
