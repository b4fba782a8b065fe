//! What an index says of itself: how many products it has, its last runs, what failed.

use std::{path::Path, time::Duration};

use rusqlite::Connection;
use serde::Serialize;

use super::{super::IoError, extension::open_index, schema};

const PATIENCE: Duration = Duration::from_secs(10);

/// A run that wrote the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncRun {
    /// The run.
    pub run_id: String,
    /// When it began, seconds since 1970.
    pub started_at: i64,
    /// How long it wrote.
    pub milliseconds: i64,
    /// New products.
    pub added: i64,
    /// Products written anew.
    pub updated: i64,
    /// Products taken out.
    pub deleted: i64,
    /// Operations that had nothing to do.
    pub skipped: i64,
    /// Operations that failed.
    pub failed: i64,
    /// Operations that wait for their next try.
    pub deferred: i64,
    /// `done`, `partial` or `rolled back`.
    pub status: String,
}

/// A product that could not be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedItem {
    /// Its namespace.
    pub namespace: String,
    /// Its id.
    pub id: String,
    /// What was tried.
    pub operation: String,
    /// How often.
    pub attempts: i64,
    /// When it is tried again, seconds since 1970; `None` when it is given up.
    pub next_retry_at: Option<i64>,
    /// Why it failed last.
    pub last_error: String,
}

/// What an index says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IndexStatus {
    /// Products by namespace.
    pub products: Vec<(String, i64)>,
    /// Products with a vector.
    pub vectors: i64,
    /// The last runs, the last first.
    pub runs: Vec<SyncRun>,
    /// What could not be written.
    pub failed: Vec<FailedItem>,
    /// How many runs wrote in all.
    pub sync_count: i64,
}

/// The last runs of an index, and what is owed: found without counting its products.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// The last runs, the last first.
    pub runs: Vec<SyncRun>,
    /// What could not be written.
    pub failed: Vec<FailedItem>,
    /// How many runs wrote in all.
    pub sync_count: i64,
}

/// What an index says of itself; `None` where there is none yet.
///
/// # Errors
/// When it cannot be read.
pub fn status(index: &Path, runs: u32) -> Result<Option<IndexStatus>, IoError> {
    look(index, |connection| {
        let Recent { runs, failed, sync_count } = read_recent(connection, runs)?;
        Ok(IndexStatus { products: products(connection)?, vectors: vectors(connection)?, runs, failed, sync_count })
    })
}

/// The last runs of an index; `None` where there is none yet.
///
/// # Errors
/// When it cannot be read.
pub fn recent(index: &Path, runs: u32) -> Result<Option<Recent>, IoError> {
    look(index, |connection| read_recent(connection, runs))
}

/// How many products an index has of each namespace; `None` where there is none yet.
///
/// # Errors
/// When it cannot be read.
pub fn product_counts(index: &Path) -> Result<Option<Vec<(String, i64)>>, IoError> {
    look(index, products)
}

fn look<T>(index: &Path, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<Option<T>, IoError> {
    let connection = match open_index(index, PATIENCE) {
        Err(IoError::Missing { .. }) => return Ok(None),
        other => other?,
    };
    let refused = |error| IoError::sqlite(index, "cannot read the index", PATIENCE, error);
    if !schema::is_index(&connection).map_err(refused)? {
        return Ok(None);
    }
    read(&connection).map(Some).map_err(refused)
}

fn products(connection: &Connection) -> rusqlite::Result<Vec<(String, i64)>> {
    let sql = "SELECT namespace, count(*) FROM products GROUP BY namespace ORDER BY namespace";
    connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn vectors(connection: &Connection) -> rusqlite::Result<i64> {
    match schema::setting(connection, "dimensions")? {
        Some(_) => connection.query_row("SELECT count(*) FROM vectors_rowids", [], |row| row.get(0)),
        None => Ok(0),
    }
}

fn read_recent(connection: &Connection, runs: u32) -> rusqlite::Result<Recent> {
    let mut last = connection.prepare(
        "SELECT run_id, started_at, milliseconds, added, updated, deleted, skipped, failed, deferred, status \
         FROM sync_runs ORDER BY number DESC LIMIT ?1",
    )?;
    let run = |row: &rusqlite::Row<'_>| {
        Ok(SyncRun {
            run_id: row.get(0)?,
            started_at: row.get(1)?,
            milliseconds: row.get(2)?,
            added: row.get(3)?,
            updated: row.get(4)?,
            deleted: row.get(5)?,
            skipped: row.get(6)?,
            failed: row.get(7)?,
            deferred: row.get(8)?,
            status: row.get(9)?,
        })
    };
    let runs = last.query_map([runs], run)?.collect::<Result<_, _>>()?;
    let mut items = connection.prepare(
        "SELECT namespace, id, operation, attempts, next_retry_at, last_error FROM failed_items ORDER BY namespace, id",
    )?;
    let item = |row: &rusqlite::Row<'_>| {
        Ok(FailedItem {
            namespace: row.get(0)?,
            id: row.get(1)?,
            operation: row.get(2)?,
            attempts: row.get(3)?,
            next_retry_at: row.get(4)?,
            last_error: row.get(5)?,
        })
    };
    let failed = items.query_map([], item)?.collect::<Result<_, _>>()?;
    let sync_count = connection.query_row("SELECT count(*) FROM sync_runs", [], |row| row.get(0))?;
    Ok(Recent { runs, failed, sync_count })
}
