//! A new database: written as a whole, or not at all.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Why a world could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The file is there already; a database is never overwritten.
    #[error("{path} exists already; remove it or choose another file", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder cannot be written.
    #[error("cannot write {path}: {source}; check that the folder can be written and has room", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("cannot write {path}: {source}; check that the folder has room", path = path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The run was asked to stop; nothing is left behind.
    #[error("interrupted; nothing was written")]
    Interrupted,
}

/// Why the writing ended early.
pub enum Stop {
    /// It was asked to.
    Cancelled,
    /// SQLite refused.
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// Writes a new database with `fill`, under a temporary name that becomes `path` when all is written.
///
/// # Errors
/// When `path` exists or cannot be written, or `fill` stops.
pub fn write_database<T>(path: &Path, fill: impl FnOnce(&Path) -> Result<T, Stop>) -> Result<T, SampleError> {
    if path.exists() {
        return Err(SampleError::Exists { path: path.to_owned() });
    }
    let file_error = |source| SampleError::File { path: path.to_owned(), source };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(file_error)?;
    let unfinished = tempfile::Builder::new()
        .prefix(".sample-")
        .suffix(".db")
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(file_error)?;
    let summary = fill(unfinished.path()).map_err(|error| match error {
        Stop::Cancelled => SampleError::Interrupted,
        Stop::Database(source) => SampleError::Database { path: path.to_owned(), source },
    })?;
    unfinished.as_file().sync_all().map_err(file_error)?;
    let finished = unfinished.persist_noclobber(path).map_err(|error| {
        if error.error.kind() == std::io::ErrorKind::AlreadyExists {
            SampleError::Exists { path: path.to_owned() }
        } else {
            file_error(error.error)
        }
    })?;
    drop(finished);
    Ok(summary)
}
