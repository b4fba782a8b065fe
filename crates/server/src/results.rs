//! The database of results: connections that read it, one that writes what people decide, and the sign by which a change is known.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use nightloom_review::{self as review, ReviewError};
use rusqlite::{Connection, OpenFlags};

use super::failure::Failure;

/// How long a request waits for a run that writes its results.
const PATIENCE: Duration = Duration::from_secs(5);

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 64;

/// Connections that are kept.
const KEPT: usize = 16;

/// The database of results.
pub struct Results {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Option<Connection>>,
    watch: Mutex<Watch>,
}

#[derive(Default)]
struct Watch {
    connection: Option<Connection>,
    seen: i64,
    version: u64,
}

impl Results {
    /// The database of a path, which may be made later.
    pub fn new(path: PathBuf) -> Self {
        Self { path, readers: Mutex::default(), writer: Mutex::default(), watch: Mutex::default() }
    }

    /// Makes tables, indexes and guards of decisions where there are results.
    ///
    /// # Errors
    /// When there are none yet, or the database refuses.
    pub fn prepare(&self) -> Result<(), Failure> {
        self.write(|connection| {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            review::prepare(&transaction)?;
            transaction.commit()?;
            Ok(())
        })
    }

    /// Reads. All that `work` reads is of one moment.
    ///
    /// # Errors
    /// When there are no results yet, and what `work` gives.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => self.open_reader()?,
        };
        let given = {
            let transaction = connection.unchecked_transaction()?;
            work(&transaction)
        };
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < KEPT {
            readers.push(connection);
        }
        given
    }

    /// Writes. One write at a time; what `work` has not committed is undone.
    ///
    /// # Errors
    /// When there are no results yet, and what `work` gives.
    pub fn write<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match writer.as_mut() {
            Some(connection) => connection,
            None => {
                let connection = self.open(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
                connection.pragma_update(None, "synchronous", "full")?;
                writer.insert(connection)
            }
        };
        work(connection)
    }

    /// A number that changes when the database does; `None` where that cannot be told just now.
    pub fn version(&self) -> Option<u64> {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if watch.connection.is_none() {
            let connection = self.open(OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
            // It is asked on every request and must not wait.
            connection.busy_timeout(Duration::ZERO).ok()?;
            watch.connection = Some(connection);
        }
        let seen: i64 = {
            let connection = watch.connection.as_ref()?;
            connection.prepare_cached("PRAGMA data_version").ok()?.query_row([], |row| row.get(0)).ok()?
        };
        if seen != watch.seen {
            watch.seen = seen;
            watch.version += 1;
        }
        Some(watch.version)
    }

    fn open_reader(&self) -> Result<Connection, Failure> {
        let connection = self.open(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        if !review::exists(&connection, "bundle_decisions")? || !review::exists(&connection, "bundle_edits")? {
            // Results came after the server did, or by a run of an earlier version.
            drop(connection);
            self.prepare()?;
            return self.open(OpenFlags::SQLITE_OPEN_READ_ONLY);
        }
        Ok(connection)
    }

    fn open(&self, flags: OpenFlags) -> Result<Connection, Failure> {
        if !self.path.is_file() {
            return Err(ReviewError::NoRecommendations.into());
        }
        let connection = Connection::open_with_flags(&self.path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        if !review::exists(&connection, "bundle_recommendations")? {
            return Err(ReviewError::NoRecommendations.into());
        }
        Ok(connection)
    }
}
