//! What can go wrong with a journal.

use std::path::PathBuf;

use thiserror::Error;

use super::target::Problem;

/// Why a journal could not be used, or a run not be ended.
#[derive(Debug, Error)]
pub enum JournalError {
    /// SQLite refuses.
    #[error("{}: {problem}", path.display())]
    Place {
        /// The journal.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Another process writes the index.
    #[error("{}: another run writes this index; wait for its end", path.display())]
    Locked {
        /// The journal.
        path: PathBuf,
    },
    /// The index failed. What it confirmed before is noted, the rest is owed.
    #[error("{name}: {problem}")]
    Index {
        /// The index.
        name: String,
        /// What it said.
        problem: Problem,
    },
}

/// An error of SQLite, on its way to a place.
#[derive(Debug, Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("{1}")]
    Index(String, Problem),
}

impl Fault {
    pub(crate) fn at(self, path: &std::path::Path) -> JournalError {
        match self {
            Self::Index(name, problem) => JournalError::Index { name, problem },
            other => JournalError::Place { path: path.to_owned(), problem: other.to_string() },
        }
    }
}

pub(crate) type Held<T> = Result<T, Fault>;
