//! The errors of sources and sinks: each says what was wrong, where, and what to do.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use polars::prelude::PolarsError;
use rusqlite::ErrorCode;

/// Why a source could not be read or a sink could not be written.
#[derive(Debug, thiserror::Error)]
pub enum IoError {
    /// A file is not there.
    #[error("{}: no such file; check the path (one in a pipeline file is relative to that file)", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A glob matches nothing, or is no glob.
    #[error("'{glob}' {problem}; check the folder and the pattern")]
    Glob {
        /// The pattern as given.
        glob: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The operating system refused a file operation.
    #[error("{}: cannot {action}: {source}; check that the path is right and that you may use it", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The refusal.
        source: io::Error,
    },
    /// A file changed between its listing and the end of its reading.
    #[error("{}: changed after it was listed; run again when nobody writes it any more", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// No room is left for a file or database.
    #[error("{}: no room left while writing ({problem}); free some space or raise the limit and run again", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// The system's words.
        problem: String,
    },
    /// A file or database may not be written.
    #[error("{}: cannot be written ({problem}); make it and its folder writable, or choose another place", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// How it was noticed.
        problem: String,
    },
    /// Another process kept a database locked.
    #[error("{}: locked by another process for longer than {} s; try again when it is done, or raise busy_timeout", path.display(), waited.as_secs_f64())]
    Locked {
        /// The database.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// What else is to be written cannot be.
    #[error("kept back, since a file of the same run cannot be written")]
    HeldBack,
    /// Another run kept writing a file.
    #[error("{}: written by {holder} for longer than {} s; let the runs write files of their own, or raise busy_timeout", path.display(), waited.as_secs_f64())]
    Held {
        /// The file.
        path: PathBuf,
        /// Who writes it.
        holder: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The content of a file cannot be understood.
    #[error("{}: {place}{problem}; {mend}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in the file, ending in `": "`, or empty.
        place: String,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        mend: String,
    },
    /// A table or its columns do not suit the source or sink.
    #[error("{}: table '{table}': {problem}; {mend}", path.display())]
    Table {
        /// The database.
        path: PathBuf,
        /// The table.
        table: String,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        mend: String,
    },
    /// SQLite refused something.
    #[error("{}: {doing}: {source}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What was tried, and the mend if one is known.
        doing: String,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// A server refused something, or cannot be reached.
    #[error(transparent)]
    Server(crate::postgres::Error),
    /// A frame operation failed.
    #[error("{what}: {source}")]
    Frame {
        /// What was being read or written.
        what: String,
        /// Polars' words.
        source: PolarsError,
    },
    /// An index elsewhere did not do what it was asked.
    #[error("{problem}; {mend}")]
    Remote {
        /// What is wrong, with the index.
        problem: String,
        /// What to do about it.
        mend: String,
    },
    /// The run was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl IoError {
    /// The error for a refused file operation.
    pub(super) fn file(path: &Path, action: &'static str, source: io::Error) -> Self {
        if is_full(&source) {
            return Self::Full { path: path.to_owned(), problem: source.to_string() };
        }
        match source.kind() {
            io::ErrorKind::NotFound if action == "read" => Self::Missing { path: path.to_owned() },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied if action != "read" => {
                Self::ReadOnly { path: path.to_owned(), problem: source.to_string() }
            }
            _ => Self::File { path: path.to_owned(), action, source },
        }
    }

    /// The error for a failed frame operation on `path`; a full disk is told apart.
    pub(super) fn frame(path: &Path, source: PolarsError) -> Self {
        match input_output(&source) {
            Some(error) if is_full(error) => Self::Full { path: path.to_owned(), problem: error.to_string() },
            _ => Self::Frame { what: path.display().to_string(), source },
        }
    }

    /// The error for a refusal of SQLite; locks, full disks, read-only and foreign files are told apart.
    pub(super) fn sqlite(path: &Path, doing: impl Into<String>, waited: Duration, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path, waited },
            Some(ErrorCode::DiskFull) => Self::Full { path, problem: source.to_string() },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path, problem: source.to_string() },
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Malformed {
                path,
                place: String::new(),
                problem: source.to_string(),
                mend: "give a SQLite 3 database, or restore this one from a backup".to_owned(),
            },
            Some(ErrorCode::SystemIoFailure) if wrote_too_much(&source) => {
                Self::Full { path, problem: source.to_string() }
            }
            _ => Self::Sqlite { path, doing: doing.into(), source },
        }
    }
}

impl From<crate::postgres::Error> for IoError {
    /// What this program does while rows are moved keeps its own error; a full disk is told apart.
    fn from(error: crate::postgres::Error) -> Self {
        use crate::postgres::Error;
        let is_full = error.is_full();
        match error {
            Error::Caller(own) => own.downcast().map_or_else(|own| Self::Server(Error::Caller(own)), |own| *own),
            Error::Refused { place, message, .. } if is_full => {
                Self::Full { path: PathBuf::from(place), problem: message }
            }
            error => Self::Server(error),
        }
    }
}

/// ENOSPC, EDQUOT and EFBIG.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// SQLite reports EFBIG (a file-size limit) as a failed write.
fn wrote_too_much(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_WRITE)
}

fn input_output(error: &PolarsError) -> Option<&io::Error> {
    match error {
        PolarsError::IO { error, .. } => Some(error),
        PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } => input_output(error),
        _ => None,
    }
}

/// `; did you mean 'x'?` for the candidate nearest to `name`, or the list of candidates.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> String {
    let best = candidates
        .clone()
        .map(|candidate| (strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((_, candidate)) => format!("did you mean '{candidate}'?"),
        None => format!("there are: {}", candidates.take(30).collect::<Vec<_>>().join(", ")),
    }
}
