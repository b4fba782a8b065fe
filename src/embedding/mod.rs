//! Texts as vectors: who makes them, what a product's text is, and which are near each other.

mod embedder;
mod given;
mod local;
mod model;
mod nearest;
mod product_text;
mod service;
mod subwords;
mod vectors;

pub use embedder::{Embedder, EmbeddingError, Scope};
pub use given::GivenVectors;
pub use local::LocalEmbedder;
pub use model::{MODEL_PORT, ModelEmbedder};
pub use nearest::nearest;
pub use product_text::ProductText;
pub use service::ServiceEmbedder;
pub use subwords::Subwords;
pub use vectors::Vectors;
