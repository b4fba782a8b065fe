//! Applying all writes of one database in one transaction, each with its row in the ledger.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use polars::prelude::{LazyFrame, col};
use rusqlite::{Connection, TransactionBehavior};

use super::{
    super::{IoError, ReadWatch, files::FileState},
    ledger, open_to_write, quote,
    sink::{Layout, SinkMode, SqliteSink},
    table_write::{Counts, TableWrite, in_key_order},
};
use crate::operator::{Column, ColumnKind};

/// Page cache of the writing connection in KiB: most of a night's changed pages stay in memory until the commit. More would
/// be memory that the system must clear first, which takes longer than writing a page twice.
const CACHE_KIB: i64 = 131_072;

/// One write.
pub struct SqliteWrite<'a> {
    /// Where to.
    pub sink: &'a SqliteSink,
    /// Whose it is, `pipeline.sink`.
    pub owner: &'a str,
    /// The identity of the output: the same output of the same owner is applied once.
    pub batch: &'a str,
    /// The run that applies it.
    pub run_id: &'a str,
    /// The rows.
    pub frame: LazyFrame,
    /// Apply it even if the ledger holds it; rows that were appended are never appended twice all the same.
    pub again: bool,
}

/// What was done to a database.
#[derive(Debug)]
pub struct SqliteApplied {
    /// For each write the rows of its dataset; `None` where the ledger had it already.
    pub rows: Vec<Option<u64>>,
    /// For each write how long it took, without the commit.
    pub seconds: Vec<f64>,
    /// How long the commit took.
    pub commit_seconds: f64,
    /// For each write the keys that an update did not find in the table.
    pub unmatched: Vec<u64>,
    /// The database's state before the first change, taken inside the write lock.
    pub before: FileState,
    /// Its state after the commit.
    pub after: FileState,
    /// Whether nobody else committed from shortly before `before` until after `after`.
    pub undisturbed: bool,
}

/// Applies all writes to one database in one transaction. A database that is missing is made; its journal mode stays
/// as found. A write that the ledger holds is skipped. Not-a-numbers are stored as null: SQLite has none.
///
/// `fail` is called at `sqlite-begun`, `sqlite-batch`, `sqlite-before-commit` and `sqlite-after-commit`.
///
/// # Errors
/// When a check of [`SqliteSink::check`] fails, a frame fails, the database stays locked or refuses a row; or when
/// interrupted. Nothing is changed then.
pub fn apply_sqlite(
    database: &Path,
    writes: &[SqliteWrite<'_>],
    busy_timeout: Duration,
    fail: &dyn Fn(&str),
    watch: &ReadWatch<'_>,
) -> Result<SqliteApplied, IoError> {
    let refused = |error| IoError::sqlite(database, "cannot write", busy_timeout, error);
    if let Some(folder) = database.parent() {
        fs::create_dir_all(folder).map_err(|error| IoError::file(folder, "write", error))?;
    }
    let mut connection = open_to_write(database, busy_timeout)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(refused)?;
    let version = data_version(&connection).map_err(refused)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refused)?;
    let before = FileState::of_sqlite(database)?;
    fail("sqlite-begun");
    ledger::create(&transaction).map_err(refused)?;
    let (mut rows, mut unmatched, mut seconds) = (Vec::new(), Vec::new(), Vec::new());
    for write in writes {
        let table = TableWrite { database, connection: &transaction, sink: write.sink, busy_timeout, fail, watch };
        let started = Instant::now();
        let counts = table.apply(write)?;
        seconds.push(started.elapsed().as_secs_f64());
        rows.push(counts.map(|counts| counts.rows));
        unmatched.push(counts.map_or(0, |counts| counts.unmatched));
    }
    fail("sqlite-before-commit");
    watch.check()?;
    let committing = Instant::now();
    transaction.commit().map_err(refused)?;
    let commit_seconds = committing.elapsed().as_secs_f64();
    fail("sqlite-after-commit");
    settle(&connection).map_err(refused)?;
    let after = FileState::of_sqlite(database)?;
    let undisturbed = data_version(&connection).map_err(refused)? == version;
    Ok(SqliteApplied { rows, seconds, commit_seconds, unmatched, before, after, undisturbed })
}

/// Changes when another connection commits.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

/// Moves a write-ahead log into the database as far as readers allow: closing the last connection would do it too,
/// but after the state was taken.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode.eq_ignore_ascii_case("wal") {
        connection.busy_timeout(Duration::ZERO)?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

impl TableWrite<'_> {
    /// Applies the write, unless the ledger holds it.
    fn apply(&self, write: &SqliteWrite<'_>) -> Result<Option<Counts>, IoError> {
        let SqliteWrite { owner, batch, run_id, frame, again, .. } = write;
        let may_repeat = *again && self.sink.mode != SinkMode::Append;
        if !may_repeat && ledger::holds(self.connection, owner, batch).map_err(|error| self.refused(error))? {
            return Ok(None);
        }
        let mut frame = frame.clone();
        let schema = frame.collect_schema().map_err(|error| self.frame_refused(error))?;
        let schema = schema.iter().map(|(name, data_type)| Column::new(name, ColumnKind::of(data_type))).collect();
        let layout = self.sink.layout(self.database, &schema)?;
        self.sink.prepare_table(self.database, self.connection, &layout, |error| self.refused(error))?;
        let columns: Vec<_> = layout.all().map(|target| col(&target.dataset).alias(&target.table)).collect();
        let counts = self.rows(&layout, frame.select(columns))?;
        ledger::record(self.connection, (owner, batch, run_id), self.sink.mode, counts.rows)
            .map_err(|error| self.refused(error))?;
        Ok(Some(counts))
    }

    fn rows(&self, layout: &Layout, frame: LazyFrame) -> Result<Counts, IoError> {
        let table = quote(&self.sink.table);
        let names: Vec<_> = layout.all().map(|target| quote(&target.table)).collect();
        let insert =
            format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), vec!["?"; names.len()].join(", "));
        let rows = match self.sink.mode {
            SinkMode::Update => return self.update(layout, frame),
            SinkMode::Replace => {
                let delete = format!("DELETE FROM {table}");
                self.connection.execute(&delete, []).map_err(|error| self.refused(error))?;
                self.insert_rows(&insert, 0, frame)?
            }
            SinkMode::Append => self.insert_rows(&insert, 0, frame)?,
            SinkMode::Upsert => {
                let sql = format!("{insert} {}", on_conflict(&table, layout, &self.sink.insert_only));
                self.insert_rows(&sql, layout.keys.len(), in_key_order(layout, frame))?
            }
        };
        Ok(Counts { rows, unmatched: 0 })
    }
}

/// What an upsert does with a row whose key is known: it is changed, but for some columns, unless it has the values
/// already.
fn on_conflict(table: &str, layout: &Layout, insert_only: &[String]) -> String {
    let keys: Vec<_> = layout.keys.iter().map(|key| quote(&key.table)).collect();
    let is_set = |name: &str| !insert_only.iter().any(|kept| kept.eq_ignore_ascii_case(name));
    let values = || layout.values.iter().filter(|target| is_set(&target.table)).map(|target| quote(&target.table));
    if values().next().is_none() {
        return format!("ON CONFLICT ({}) DO NOTHING", keys.join(", "));
    }
    let set: Vec<_> = values().map(|name| format!("{name} = excluded.{name}")).collect();
    let differs: Vec<_> = values().map(|name| format!("{table}.{name} IS NOT excluded.{name}")).collect();
    format!("ON CONFLICT ({}) DO UPDATE SET {} WHERE {}", keys.join(", "), set.join(", "), differs.join(" OR "))
}
