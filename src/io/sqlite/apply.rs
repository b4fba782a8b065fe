//! Applying all writes of one database in one transaction, each with its row in the ledger.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use polars::prelude::{LazyFrame, col};
use rusqlite::{Connection, TransactionBehavior};

use super::{
    super::{IoError, file_state::FileState, sinks::Applying},
    ledger, open_to_write, quote,
    references::References,
    sink::{Layout, SinkMode, SqliteSink},
    statements,
    table::TableInfo,
    table_write::{Counts, Landed, TableWrite, in_key_order},
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
    /// For each write the rows that triggers or constraints of the table left out.
    pub left_out: Vec<u64>,
    /// For each write the rows that triggers changed beside those written, in any table.
    pub by_triggers: Vec<u64>,
    /// The database's state before the first change, taken inside the write lock.
    pub before: FileState,
    /// Its state after the commit.
    pub after: FileState,
    /// Whether nobody else committed from shortly before `before` until after `after`.
    pub undisturbed: bool,
}

/// Applies all writes to one database in one transaction. A database that is missing is made; its journal mode stays
/// as found. A write that the ledger holds is skipped. Not-a-numbers are stored as null: SQLite has none. Foreign keys
/// are not acted on, and none may be broken by the transaction. Other writers are waited for, for `busy_timeout`; a test may
/// end the process at `sqlite-begun`, `sqlite-batch`, `sqlite-before-commit` and `sqlite-after-commit`.
///
/// # Errors
/// When a check of [`SqliteSink::check`] fails, a frame fails, the database stays locked or refuses a row, a reference
/// is broken, the caller is not ready; or when interrupted. Nothing is changed then.
pub fn apply_sqlite(
    database: &Path,
    writes: &[SqliteWrite<'_>],
    busy_timeout: Duration,
    applying: &Applying<'_>,
) -> Result<SqliteApplied, IoError> {
    let Applying { fail, watch, .. } = *applying;
    let refused = |error| IoError::sqlite(database, "cannot write", busy_timeout, error);
    if let Some(folder) = database.parent() {
        fs::create_dir_all(folder).map_err(|error| IoError::file(folder, "write", error))?;
    }
    let mut connection = open_to_write(database, busy_timeout)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(refused)?;
    // It means nothing inside of a transaction.
    connection.pragma_update(None, "foreign_keys", false).map_err(refused)?;
    let version = data_version(&connection).map_err(refused)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refused)?;
    let before = FileState::of_sqlite(database)?;
    fail("sqlite-begun");
    ledger::create(&transaction).map_err(refused)?;
    let tables: Vec<&str> = writes.iter().map(|write| write.sink.table.as_str()).collect();
    let references = References::before(&transaction, &tables).map_err(refused)?;
    let (mut counts, mut seconds) = (Vec::new(), Vec::new());
    for write in writes {
        let table = TableWrite { database, connection: &transaction, sink: write.sink, busy_timeout, fail, watch };
        let started = Instant::now();
        counts.push(table.apply(write)?);
        seconds.push(started.elapsed().as_secs_f64());
    }
    references.check(&transaction, database)?;
    (applying.ready)()?;
    fail("sqlite-before-commit");
    watch.check()?;
    let committing = Instant::now();
    transaction.commit().map_err(refused)?;
    let commit_seconds = committing.elapsed().as_secs_f64();
    fail("sqlite-after-commit");
    // It is written. What fails from here on, on a disk that is full, costs a second look at the next run and no more.
    let is_settled = settle(&connection).is_ok();
    let (after, is_seen) = match FileState::of_sqlite(database) {
        Ok(after) => (after, is_settled),
        Err(_) => (before.clone(), false),
    };
    let undisturbed = is_seen && data_version(&connection).is_ok_and(|now| now == version);
    let of = |count: fn(&Counts) -> u64| counts.iter().map(|counts| counts.as_ref().map_or(0, count)).collect();
    Ok(SqliteApplied {
        rows: counts.iter().map(|counts| counts.as_ref().map(|counts| counts.rows)).collect(),
        seconds,
        commit_seconds,
        unmatched: of(|counts| counts.unmatched),
        left_out: of(|counts| counts.left_out),
        by_triggers: of(|counts| counts.by_triggers),
        before,
        after,
        undisturbed,
    })
}

/// Changes when another connection commits.
pub(in super::super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

/// Moves a write-ahead log into the database as far as readers allow: closing the last connection would do it too,
/// but after the state was taken.
pub(in super::super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
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
        let refused = |error| self.refused(error);
        let may_repeat = *again && self.sink.mode != SinkMode::Append;
        if !may_repeat && ledger::holds(self.connection, self.sink, owner, batch).map_err(refused)? {
            return Ok(None);
        }
        let mut frame = frame.clone();
        let schema = frame.collect_schema().map_err(|error| self.frame_refused(error))?;
        let schema = schema.iter().map(|(name, data_type)| Column::new(name, ColumnKind::of(data_type))).collect();
        let layout = self.sink.layout(self.database, &schema)?;
        self.sink.prepare_table(self.database, self.connection, &layout, refused)?;
        let columns: Vec<_> = layout.all().map(|target| col(&target.dataset).alias(&target.table)).collect();
        let counts = self.rows(&layout, frame.select(columns))?;
        let landed = counts.rows.saturating_sub(counts.left_out);
        ledger::record(self.connection, (owner, batch, run_id), self.sink.mode, landed).map_err(refused)?;
        Ok(Some(counts))
    }

    fn rows(&self, layout: &Layout, frame: LazyFrame) -> Result<Counts, IoError> {
        let refused = |error| self.refused(error);
        let table = TableInfo::load(self.connection, &self.sink.table).map_err(refused)?;
        // Only a table with rules of its own can leave rows out or change others: most are spared the looking.
        let ruled = table.as_ref().is_some_and(|table| table.has_own_rules);
        let rows_in_table = || if ruled { self.count_rows().map_err(refused) } else { Ok(0) };
        let changes = total_changes(self.connection).map_err(refused)?;
        let mut counts = match self.sink.mode {
            SinkMode::Update => self.update(layout, frame, table.as_ref())?,
            SinkMode::Upsert => {
                let look = ruled.then(|| Landed::new(self, layout)).transpose().map_err(refused)?;
                let sql = statements::upsert(self.sink, layout);
                self.insert_rows(&sql, layout.keys.len(), in_key_order(layout, frame), look)?
            }
            SinkMode::Replace | SinkMode::Append => {
                let deleted = match self.sink.mode {
                    SinkMode::Replace => {
                        self.connection.execute(&statements::delete(self.sink), []).map_err(refused)?
                    }
                    _ => 0,
                };
                let before = rows_in_table()?;
                let mut counts = self.insert_rows(&statements::insert(self.sink, layout), 0, frame, None)?;
                counts.changed += deleted as u64;
                if ruled {
                    counts.left_out = (before + counts.rows).saturating_sub(rows_in_table()?);
                }
                counts
            }
        };
        if ruled {
            let all = total_changes(self.connection).map_err(refused)? - changes;
            counts.by_triggers = u64::try_from(all).unwrap_or_default().saturating_sub(counts.changed);
        }
        Ok(counts)
    }

    fn count_rows(&self) -> rusqlite::Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", quote(&self.sink.table));
        self.connection
            .query_row(&sql, [], |row| row.get::<_, i64>(0))
            .map(|rows| u64::try_from(rows).unwrap_or_default())
    }
}

/// Rows that the connection changed so far, those changed by triggers among them.
fn total_changes(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT total_changes()", [], |row| row.get(0))
}
