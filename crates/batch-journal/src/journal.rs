//! The file of a journal.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};

use super::{
    error::{Fault, Held, JournalError},
    schema,
};

/// How often a lock is tried.
const LOOK: Duration = Duration::from_millis(20);

/// A journal that nobody else writes.
pub struct Journal {
    pub(crate) connection: Connection,
    pub(crate) path: PathBuf,
    /// Held as long as the journal is: the system gives it back when the process ends.
    _lock: File,
}

impl Journal {
    /// Opens a journal, and makes it if it is not there. Waits for another run so long.
    ///
    /// # Errors
    /// When another run writes it, or it is no journal.
    pub fn open(path: &Path, patience: Duration) -> Result<Self, JournalError> {
        let refused = |problem: String| JournalError::Place { path: path.to_owned(), problem };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| refused(error.to_string()))?;
        }
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = File::create(&name).map_err(|error| refused(error.to_string()))?;
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begun.elapsed() < patience => std::thread::sleep(LOOK),
                Err(TryLockError::WouldBlock) => return Err(JournalError::Locked { path: path.to_owned() }),
                Err(TryLockError::Error(error)) => return Err(refused(error.to_string())),
            }
        }
        let opened = Connection::open(path).and_then(|connection| {
            connection.busy_timeout(patience)?;
            connection.set_prepared_statement_cache_capacity(64);
            connection.execute_batch(schema::TABLES)?;
            Ok(connection)
        });
        let connection = opened.map_err(|error| refused(error.to_string()))?;
        Ok(Self { connection, path: path.to_owned(), _lock: lock })
    }

    /// Does `work` in a transaction.
    pub(crate) fn within<T>(&self, work: impl FnOnce(&Connection) -> Held<T>) -> Held<T> {
        let transaction = self.connection.unchecked_transaction()?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Whether the journal at `path`, if there is one, has the output `batch` of `owner`. It only looks, whoever writes it.
    ///
    /// # Errors
    /// [`JournalError::Place`].
    pub fn look(path: &Path, patience: Duration, owner: &str, batch: &str) -> Result<bool, JournalError> {
        if !path.exists() {
            return Ok(false);
        }
        let find = || -> Held<bool> {
            let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.busy_timeout(patience)?;
            let tables = "SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND name = '_nightloom_ledger'";
            Ok(connection.prepare(tables)?.exists([])? && holds(&connection, owner, batch)?)
        };
        find().map_err(|fault| fault.at(path))
    }

    /// Whether the output `batch` of `owner` was written and confirmed.
    ///
    /// # Errors
    /// [`JournalError::Place`].
    pub fn holds(&self, owner: &str, batch: &str) -> Result<bool, JournalError> {
        holds(&self.connection, owner, batch).map_err(|fault| fault.at(&self.path))
    }

    /// Makes every failed item due now, those that were given up too. Returns how many there are.
    ///
    /// # Errors
    /// [`JournalError::Place`].
    pub fn retry_failed(&self) -> Result<u64, JournalError> {
        let sql = "UPDATE failed_items SET next_retry_at = 0, attempts = 0";
        let count = self.connection.execute(sql, []).map_err(|error| Fault::from(error).at(&self.path))?;
        Ok(count as u64)
    }
}

fn holds(connection: &Connection, owner: &str, batch: &str) -> Held<bool> {
    let sql = "SELECT 1 FROM _nightloom_ledger WHERE owner = ?1 AND batch = ?2";
    Ok(connection.prepare_cached(sql)?.exists([owner, batch])?)
}
