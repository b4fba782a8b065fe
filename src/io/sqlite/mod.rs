//! SQLite as a source and as a sink.

mod apply;
mod bind;
mod check;
mod definitions;
mod filling;
mod ledger;
mod memory;
mod read;
mod references;
mod sink;
mod statements;
mod table;
mod table_write;
mod target;
mod update;
mod write_behind;

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

use super::{IoError, file_state::Signs};

pub(super) use apply::{data_version, settle};
pub use definitions::Definitions;
pub use memory::share_allocator;
pub use read::{SqliteRead, SqliteSource};
pub(super) use read::{count_rows, read, schema};
pub use sink::ColumnPair;
pub(super) use table::kind_of_declared;
pub(super) use target::open_sink;

/// A connection that cannot change the database, not even its journal mode.
pub(super) fn open_to_read(path: &Path, busy_timeout: Duration) -> Result<Connection, IoError> {
    Signs::of(path)?;
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy_timeout)?;
    match first_look(&connection) {
        Err(error) if was_killed_while_writing(&error) => {
            let writer = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout)?;
            let refused =
                |error| IoError::sqlite(path, "cannot undo the write of a killed process", busy_timeout, error);
            first_look(&writer).map_err(refused)?;
        }
        // Whatever else is wrong is told by the first statement that needs it.
        _ => {}
    }
    Ok(connection)
}

/// A connection for people who look at results: it changes nothing, and waits a little for those who write.
///
/// # Errors
/// When there is no such database, or it cannot be opened.
pub fn open_to_look(path: &Path) -> Result<Connection, IoError> {
    open_to_read(path, PATIENCE)
}

/// A connection for people who change results; the database must be there.
///
/// # Errors
/// When there is no such database, or it cannot be opened.
pub fn open_to_change(path: &Path) -> Result<Connection, IoError> {
    Signs::of(path)?;
    open_to_write(path, PATIENCE)
}

/// How long a person's command waits for a run that writes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes SQLite look at the file, and undo what a killed process left half-written if the connection may write.
fn first_look(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA schema_version", [], |_| Ok(()))
}

/// Whether a journal lies beside the database that a read-only connection cannot roll back.
fn was_killed_while_writing(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, _)
        if failure.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK)
}

/// A connection that may change the database, and makes it if it is missing. What it writes is put off until it syncs.
pub(super) fn open_to_write(path: &Path, busy_timeout: Duration) -> Result<Connection, IoError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let Some(layer) = write_behind::name() else { return open(path, flags, busy_timeout) };
    let refused = |error| IoError::sqlite(path, "cannot open the database", busy_timeout, error);
    let connection =
        Connection::open_with_flags_and_vfs(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX, layer).map_err(refused)?;
    connection.busy_timeout(busy_timeout).map_err(refused)?;
    // The default; the layer counts on it.
    connection.pragma_update(None, "synchronous", "full").map_err(refused)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags, busy_timeout: Duration) -> Result<Connection, IoError> {
    let refused = |error| IoError::sqlite(path, "cannot open the database", busy_timeout, error);
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(refused)?;
    connection.busy_timeout(busy_timeout).map_err(refused)?;
    Ok(connection)
}

/// A name as an SQL identifier.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod write_tests;
#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_database_whose_writer_was_killed_is_read_as_it_was_before_the_write() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, killed) = (folder.path().join("whole.db"), folder.path().join("killed.db"));
        let writer = Connection::open(&whole).unwrap();
        // A tiny cache makes the open transaction spill into the file.
        writer
            .execute_batch(
                "PRAGMA cache_size = 2; CREATE TABLE t (x); INSERT INTO t VALUES ('before'); BEGIN; \
                 INSERT INTO t SELECT hex(randomblob(2000)) FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9))",
            )
            .unwrap();
        fs::copy(&whole, &killed).unwrap();
        fs::copy(folder.path().join("whole.db-journal"), folder.path().join("killed.db-journal")).unwrap();
        let reader = open_to_read(&killed, Duration::ZERO).unwrap();
        let rows: String = reader.query_row("SELECT group_concat(x) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, "before");
    }
}
