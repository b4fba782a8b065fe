//! What can go wrong with a server: each error says what, where and what to do. None holds a password.

use std::error::Error as StdError;

use tokio_postgres::error::SqlState;

/// Why something could not be read from or written to a server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The connection's settings cannot be used.
    #[error("{key}: {problem}; {mend}")]
    Setting {
        /// The setting.
        key: String,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        mend: String,
    },
    /// No connection could be made.
    #[error("{place}: cannot connect: {problem}; check that the server runs and takes connections there{hint}")]
    Connect {
        /// The server, without a password.
        place: String,
        /// The refusal.
        problem: String,
        /// What else may be the cause, or empty.
        hint: String,
        /// Whether waiting may help.
        passing: bool,
    },
    /// The connection broke.
    #[error(
        "{place}: {doing}: the connection broke ({problem}); run again: what is written already is not written twice"
    )]
    Lost {
        /// The server.
        place: String,
        /// What was under way.
        doing: String,
        /// How it was noticed.
        problem: String,
    },
    /// The server refused a statement.
    #[error("{place}: {doing}: {message}")]
    Refused {
        /// The server.
        place: String,
        /// What was tried, with the mend where one is known.
        doing: String,
        /// The five characters of the SQLSTATE.
        code: String,
        /// The server's words, with its detail and hint.
        message: String,
    },
    /// A table does not suit.
    #[error("{place}: table '{table}': {problem}; {mend}")]
    Table {
        /// The server.
        place: String,
        /// The table.
        table: String,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        mend: String,
    },
    /// A source cannot be read as it is.
    #[error("{place}: {problem}; {mend}")]
    Source {
        /// The server.
        place: String,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        mend: String,
    },
    /// The server sent what its protocol does not allow.
    #[error("{place}: {problem}; report it with the server's version")]
    Protocol {
        /// The server.
        place: String,
        /// What was sent.
        problem: String,
    },
    /// What the caller does while rows are moved failed.
    #[error(transparent)]
    Caller(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// The error for a refusal of the client library.
    pub(crate) fn of(place: &str, doing: &str, error: &tokio_postgres::Error) -> Self {
        let (place, doing) = (place.to_owned(), doing.to_owned());
        match error.as_db_error() {
            // The server ends the connection with these, for its own sake.
            Some(db) if db.code().code().starts_with("57P") => {
                Self::Lost { place, doing, problem: db.message().to_owned() }
            }
            Some(db) => {
                let mut message = db.message().to_owned();
                for more in [db.detail(), db.hint()].into_iter().flatten() {
                    message += &format!(" ({more})");
                }
                // Two connections that make one table at the same time meet in the server's own catalog.
                let in_catalog = db.constraint().is_some_and(|constraint| constraint.starts_with("pg_"));
                let code = if in_catalog { &SqlState::DUPLICATE_TABLE } else { db.code() };
                Self::Refused { place, doing, code: code.code().to_owned(), message }
            }
            None => {
                let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
                Self::Lost { place, doing, problem: format!("{error}{cause}") }
            }
        }
    }

    /// The five characters of the SQLSTATE, where the server refused a statement.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether the same transaction may succeed when it is tried again as a whole: it met another one (40001, 40P01; 42P07,
    /// a table that both make), or the connection broke.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Lost { .. } | Self::Connect { passing: true, .. } => true,
            _ => self.is_conflict(),
        }
    }

    /// Whether the transaction met another one.
    pub fn is_conflict(&self) -> bool {
        let conflicts =
            [&SqlState::T_R_SERIALIZATION_FAILURE, &SqlState::T_R_DEADLOCK_DETECTED, &SqlState::DUPLICATE_TABLE];
        self.code().is_some_and(|code| conflicts.iter().any(|conflict| conflict.code() == code))
    }

    /// Whether a table that is read is not there.
    pub fn is_missing_table(&self) -> bool {
        match self {
            Self::Table { problem, .. } => problem == NO_SUCH_TABLE,
            _ => self.code().is_some_and(|code| code == SqlState::UNDEFINED_TABLE.code()),
        }
    }

    /// Whether the server has no room left.
    pub fn is_full(&self) -> bool {
        self.code().is_some_and(|code| code == SqlState::DISK_FULL.code())
    }

    /// Whether another transaction kept a lock for longer than one may wait.
    pub fn is_locked(&self) -> bool {
        self.code().is_some_and(|code| code == SqlState::LOCK_NOT_AVAILABLE.code())
    }
}

/// What is wrong with a table that is not there.
pub(crate) const NO_SUCH_TABLE: &str = "no such table";

/// What a call comes to.
pub type Result<T> = std::result::Result<T, Error>;

/// `did you mean 'x'?` for the candidate nearest to `name`, or the list of candidates.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> String {
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
