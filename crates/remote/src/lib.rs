//! Models behind an OpenAI-compatible endpoint: vectors of texts, kept in a cache, and texts on demand.

mod cache;
mod chat;
mod embeddings;
mod error;

pub use cache::{EmbeddingCache, Lookup};
pub use chat::{Chat, ChatModel, chat};
pub use embeddings::{Embedded, EmbeddingModel, embed};
pub use error::RemoteError;
