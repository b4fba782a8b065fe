//! Texts as vectors: who makes them, what a product's text is, and which are near each other.

mod embedder;
mod given;
mod local;
mod nearest;
mod product_text;
mod vectors;

pub use embedder::{Embedder, EmbeddingError};
pub use given::GivenVectors;
pub use local::LocalEmbedder;
pub use nearest::nearest;
pub use product_text::ProductText;
pub use vectors::Vectors;
