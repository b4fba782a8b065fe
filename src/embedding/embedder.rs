//! The contract of those who make vectors of texts.

use std::fmt;

use thiserror::Error;

use super::vectors::Vectors;

/// Who made vectors: vectors of different identities are never compared, and it is part of fingerprints.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The provider and its model.
    pub name: String,
    /// Counts up when the same text gets another vector.
    pub version: u32,
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}@{}", self.name, self.version)
    }
}

/// Makes vectors of texts.
pub trait Embedder: Send + Sync {
    /// Who this is.
    #[expect(dead_code, reason = "providers over the network will be told apart by it")]
    fn identity(&self) -> Identity;

    /// A vector of length 1 for each text, in their order; of a text that says nothing, the zero vector. Where the weight
    /// of a word depends on how rare it is, that is among these texts.
    ///
    /// # Errors
    /// [`EmbeddingError`] when a text has no vector: nothing is made up in its place.
    fn embed(&self, texts: &[&str]) -> Result<Vectors, EmbeddingError>;
}

/// Why there are no vectors.
#[derive(Debug, Error)]
pub enum EmbeddingError {
    /// Whoever should make them cannot.
    #[expect(dead_code, reason = "providers over the network can fail")]
    #[error("no vectors from {provider}: {problem}")]
    Provider {
        /// The provider.
        provider: Identity,
        /// What is wrong.
        problem: String,
    },
    /// They have another length than the provider's others.
    #[error("{provider} made a vector of {found} numbers where {expected} were expected")]
    Dimensions {
        /// The provider.
        provider: Identity,
        /// The length of the others.
        expected: usize,
        /// The length of this one.
        found: usize,
    },
}
