//! Why a model gave nothing.

use nightloom_http::HttpError;
use thiserror::Error;

/// Why a model gave nothing that can be used.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// The service did not answer, or refused.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It answered what no documentation says.
    #[error("{whom} gave an answer that cannot be used: {problem}")]
    Answer {
        /// The service.
        whom: String,
        /// What is wrong.
        problem: String,
    },
    /// Vectors of another length than expected.
    #[error("the model '{model}' of {whom} made a vector of {found} numbers where {expected} were expected")]
    Dimensions {
        /// The service.
        whom: String,
        /// Its model.
        model: String,
        /// The length of the others, or of the settings.
        expected: usize,
        /// The length of this one.
        found: usize,
    },
    /// The cache cannot be read or written.
    #[error("{place}: the cache of vectors cannot be used: {problem}; remove the file to begin anew")]
    Cache {
        /// The database.
        place: String,
        /// What SQLite says.
        problem: String,
    },
}
