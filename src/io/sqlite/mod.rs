//! SQLite as a source and as a sink.

mod apply;
mod bind;
mod ledger;
mod read;
mod sink;
mod table;
mod update;

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::{IoError, files::FileState};

pub use apply::{SqliteApplied, SqliteWrite, apply_sqlite};
pub use ledger::ledger_holds;
pub use read::SqliteRead;
pub(super) use read::{count_rows, read, schema};
pub use sink::{ColumnPair, SinkMode, SqliteSink};

/// A connection that cannot change the database, not even its journal mode.
fn open_to_read(path: &Path, busy_timeout: Duration) -> Result<Connection, IoError> {
    FileState::of(path)?;
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy_timeout)
}

/// A connection that may change the database, and makes it if it is missing.
fn open_to_write(path: &Path, busy_timeout: Duration) -> Result<Connection, IoError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE, busy_timeout)
}

fn open(path: &Path, flags: OpenFlags, busy_timeout: Duration) -> Result<Connection, IoError> {
    let refused = |error| IoError::sqlite(path, "cannot open the database", busy_timeout, error);
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(refused)?;
    connection.busy_timeout(busy_timeout).map_err(refused)?;
    Ok(connection)
}

/// A name as an SQL identifier.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod write_tests;
