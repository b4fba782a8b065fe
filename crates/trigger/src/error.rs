//! Why nothing can be watched.

use std::path::PathBuf;

use thiserror::Error;

/// Why nothing can be watched.
#[derive(Debug, Error)]
pub enum TriggerError {
    /// The folder of the catalog cannot be watched.
    #[error("{}: cannot be watched: {problem}\n  --interval alone looks at it from time to time", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        problem: notify::Error,
    },
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {problem}\n  name a free port, for example --webhook 127.0.0.1:8088")]
    Address {
        /// The address.
        address: String,
        /// Why.
        problem: std::io::Error,
    },
    /// The secret is too short to be one.
    #[error("the secret of the webhook has {bytes} bytes, and needs {needed} or more")]
    Secret {
        /// How many it has.
        bytes: usize,
        /// How many it needs.
        needed: usize,
    },
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}
