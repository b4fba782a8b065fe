//! The contract of those who make vectors of texts.

use std::fmt;

use thiserror::Error;

use super::vectors::Vectors;
use crate::operator::StageError;

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

/// What the vector of a text depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// On the text alone: vectors of today and of last year can be compared, so that an index can keep them.
    Text,
    /// On all texts that are embedded with it, for example by how rare its words are among them.
    Batch,
}

/// Makes vectors of texts.
pub trait Embedder: Send + Sync {
    /// Who this is.
    fn identity(&self) -> Identity;

    /// What the vector of a text depends on.
    fn scope(&self) -> Scope;

    /// A vector of length 1 for each text, in their order; of a text that says nothing, the zero vector.
    ///
    /// # Errors
    /// [`EmbeddingError`] when a text has no vector: nothing is made up in its place.
    fn embed(&self, texts: &[&str]) -> Result<Vectors, EmbeddingError>;
}

/// Why there are no vectors.
#[derive(Debug, Error)]
pub enum EmbeddingError {
    /// Whoever should make them cannot, or was asked to stop.
    #[error(transparent)]
    Stage(#[from] StageError),
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

impl EmbeddingError {
    /// As the error of a stage that was given these texts at `port`.
    pub fn at(self, port: &str, mend: &str) -> StageError {
        match self {
            Self::Stage(problem) => problem,
            problem @ Self::Dimensions { .. } => {
                StageError::Input { port: port.to_owned(), problem: problem.to_string(), mend: mend.to_owned() }
            }
        }
    }
}
