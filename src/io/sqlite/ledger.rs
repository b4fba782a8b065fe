//! The ledger: which outputs a database already holds, kept in the same transaction as their rows.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    super::IoError,
    open_to_read, quote,
    sink::{SinkMode, SqliteSink},
    table::TableInfo,
};

/// The table's name.
pub(super) const TABLE: &str = "_nightloom_ledger";

/// How long to wait for a writer when only the ledger is looked at.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the ledger table if it is missing.
pub(super) fn create(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS _nightloom_ledger (owner TEXT NOT NULL, batch TEXT NOT NULL, run_id TEXT NOT NULL, \
         mode TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (owner, batch)) WITHOUT ROWID",
    )
}

/// Whether the output `batch` of `owner` was applied, and its table is there still. A table that should hold the rows
/// of the output and has none was emptied or made anew; one that rows are appended to may be emptied by who takes them.
pub(super) fn holds(connection: &Connection, sink: &SqliteSink, owner: &str, batch: &str) -> Result<bool> {
    let rows: Option<i64> = connection
        .prepare_cached("SELECT rows FROM _nightloom_ledger WHERE owner = ?1 AND batch = ?2")?
        .query_row([owner, batch], |row| row.get(0))
        .optional()?;
    let Some(rows) = rows else { return Ok(false) };
    let Some(table) = TableInfo::load(connection, &sink.table)? else { return Ok(false) };
    let is_kept = matches!(sink.mode, SinkMode::Replace | SinkMode::Upsert);
    if rows == 0 || !is_kept || !table.ordinary {
        return Ok(true);
    }
    connection.prepare(&format!("SELECT 1 FROM {} LIMIT 1", quote(&table.name)))?.exists([])
}

/// Notes that the output was applied. Of an owner that does not append only the newest row is kept: its older outputs
/// are no longer what the table holds, and may be applied again.
pub(super) fn record(
    connection: &Connection,
    (owner, batch, run_id): (&str, &str, &str),
    mode: SinkMode,
    rows: u64,
) -> Result<()> {
    if mode != SinkMode::Append {
        connection.execute("DELETE FROM _nightloom_ledger WHERE owner = ?1", [owner])?;
    }
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    connection
        .execute(
            "INSERT OR REPLACE INTO _nightloom_ledger VALUES (?1, ?2, ?3, ?4, ?5)",
            params![owner, batch, run_id, mode.word(), rows],
        )
        .map(drop)
}

/// Whether the ledger in `database` has the output `batch` of `owner`, and the sink's table is there; a missing database
/// or ledger has none.
///
/// # Errors
/// When the database is there and cannot be read.
pub fn ledger_holds(
    database: &Path,
    sink: &SqliteSink,
    owner: &str,
    batch: &str,
) -> std::result::Result<bool, IoError> {
    let connection = match open_to_read(database, PATIENCE) {
        Err(IoError::Missing { .. }) => return Ok(false),
        other => other?,
    };
    let refused = |error| IoError::sqlite(database, "cannot read the ledger", PATIENCE, error);
    match TableInfo::load(&connection, TABLE).map_err(refused)? {
        Some(_) => holds(&connection, sink, owner, batch).map_err(refused),
        None => Ok(false),
    }
}
