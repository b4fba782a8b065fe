//! Applying operations to an index: one transaction, in groups; a group that fails is halved until the item is found that
//! cannot be written. It is noted as failed with the time of its next try, and the others are written.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use polars::prelude::DataFrame;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    super::{
        IoError,
        file_state::FileState,
        sinks::{Applied, Applying, Landed, OwnWrite, SinkWrite},
        sqlite::{data_version, settle},
    },
    extension::open_index_to_write,
    items::{Outcome, Rewrite, Writer},
    operation::{Operation, Operations, metadata_columns},
    schema, snapshot,
};
use crate::operator::{Column, ColumnKind, for_each_batch};

/// Operations that are written within one savepoint.
const GROUP: usize = 1_024;
/// Bytes of a page of a new index: vectors and words lie in long blobs, which are read twice as fast in pages of this size as in
/// SQLite's own.
const PAGE: i64 = 16_384;
/// Page cache of the writing connection in KiB.
const CACHE_KIB: i64 = 262_144;
/// Minutes until the next try after so many failed ones; an hour after more.
const RETRY_MINUTES: [i64; 5] = [1, 2, 4, 8, 16];
/// After so many tries an item is left alone until somebody asks for it.
const MOST_ATTEMPTS: i64 = 10;
/// Of so many runs the images of what was there are kept.
const KEPT_RUNS: i64 = 10;

/// How operations are written.
pub struct IndexWrite<'a> {
    /// The index.
    pub path: &'a Path,
    /// The names of the columns by which products are filtered.
    pub metadata: &'a [String],
    /// How long to wait for other writers.
    pub busy_timeout: Duration,
    /// Whether what is there already is written all the same.
    pub rewrite: Rewrite,
}

/// What became of the operations of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// New products.
    pub added: u64,
    /// Products written anew.
    pub updated: u64,
    /// Products taken out.
    pub deleted: u64,
    /// Operations that had nothing to do.
    pub skipped: u64,
    /// Operations that failed.
    pub failed: u64,
    /// Operations whose time has not come.
    pub deferred: u64,
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Added => self.added += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Deleted => self.deleted += 1,
            Outcome::Skipped => self.skipped += 1,
        }
    }

    fn all(&self) -> u64 {
        self.added + self.updated + self.deleted + self.skipped + self.failed + self.deferred
    }
}

/// Seconds since 1970: when an item is tried again depends on the clock, and no result does.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Applies all writes to an index in one transaction, each with its row in the ledger. A write some of whose items failed
/// has no row there, so that it is tried again.
///
/// # Errors
/// When the index stays locked, is no index, holds vectors of another length, or the caller is not ready.
pub fn apply(index: &IndexWrite<'_>, writes: &[SinkWrite<'_>], applying: &Applying<'_>) -> Result<Applied, IoError> {
    let path = index.path;
    let refused = |error| IoError::sqlite(path, "cannot write", index.busy_timeout, error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| IoError::file(folder, "write", error))?;
    }
    let mut connection = open_index_to_write(path, index.busy_timeout)?;
    // Means nothing to a file that is there already.
    connection.pragma_update(None, "page_size", PAGE).map_err(refused)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(refused)?;
    connection.set_prepared_statement_cache_capacity(64);
    let version = data_version(&connection).map_err(refused)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refused)?;
    let before = FileState::of_sqlite(path)?;
    snapshot::forget_missing(path, &transaction).map_err(refused)?;
    (applying.fail)("index-begun");
    let mut landed = Vec::with_capacity(writes.len());
    for write in writes {
        landed.push(index.write(&transaction, write, applying)?);
    }
    (applying.ready)()?;
    (applying.fail)("index-before-commit");
    applying.watch.check()?;
    let committing = Instant::now();
    transaction.commit().map_err(refused)?;
    let commit_seconds = committing.elapsed().as_secs_f64();
    (applying.fail)("index-after-commit");
    // What is confirmed is confirmed: without a new snapshot the next night reads more of the index, and no more.
    let _ = snapshot::renew(path, &connection, applying.fail);
    let is_settled = settle(&connection).is_ok();
    let (after, is_seen) = match FileState::of_sqlite(path) {
        Ok(after) => (after, is_settled),
        Err(_) => (before.clone(), false),
    };
    let undisturbed = is_seen && data_version(&connection).is_ok_and(|now| now == version);
    Ok(Applied { landed, commit_seconds, own_write: Some(OwnWrite { before, after, undisturbed }) })
}

impl IndexWrite<'_> {
    fn write(
        &self,
        transaction: &Transaction<'_>,
        write: &SinkWrite<'_>,
        applying: &Applying<'_>,
    ) -> Result<Landed, IoError> {
        let refused = |error| IoError::sqlite(self.path, "cannot write", self.busy_timeout, error);
        let frame_refused = |error| IoError::frame(self.path, error);
        let started = (Instant::now(), now());
        let mut frame = write.frame.clone();
        let columns = frame.collect_schema().map_err(frame_refused)?;
        let dataset = columns.iter().map(|(name, kind)| Column::new(name, ColumnKind::of(kind))).collect();
        let metadata = metadata_columns(&dataset, self.metadata);
        schema::create(transaction, &metadata).map_err(refused)?;
        if !write.again && holds(transaction, write.owner, write.batch).map_err(refused)? {
            return Ok(Landed::default());
        }
        let generation = schema::setting(transaction, "generation").map_err(refused)?.unwrap_or_default() + 1;
        schema::set_setting(transaction, "generation", generation).map_err(refused)?;
        let dimensions = schema::setting(transaction, "dimensions").map_err(refused)?;
        let writer = Writer {
            connection: transaction,
            metadata: &metadata,
            run_id: write.run_id,
            generation,
            rewrite: if write.again { Rewrite::Yes } else { self.rewrite },
            dimensions: dimensions.and_then(|dimensions| usize::try_from(dimensions).ok()),
            noted: HashSet::new(),
        };
        let mut groups = Groups {
            writer,
            owner: write.owner,
            number: next_image(transaction, write.run_id).map_err(refused)?,
            tally: Tally::default(),
            now: started.1,
        };
        for_each_batch(frame, frame_refused, |batch: DataFrame| {
            applying.watch.check()?;
            let operations = Operations::of(&batch, &metadata).map_err(frame_refused)?;
            self.check_dimensions(&groups.writer, &operations)?;
            for first in (0..operations.len()).step_by(GROUP) {
                let rows: Vec<usize> = (first..operations.len().min(first + GROUP)).collect();
                groups.apply(&operations, &rows).map_err(refused)?;
                (applying.fail)("index-group");
            }
            applying.watch.progress.advance(operations.len() as u64);
            Ok(())
        })?;
        let tally = groups.tally;
        note(transaction, write, started, &tally).map_err(refused)?;
        Ok(landed(&tally, started.0.elapsed().as_secs_f64()))
    }

    /// A vector of another length than those of the index is not one bad item: the index was made by another embedder.
    fn check_dimensions(&self, writer: &Writer<'_>, operations: &Operations) -> Result<(), IoError> {
        let Some(dimensions) = writer.dimensions else { return Ok(()) };
        let length = operations.vector_length();
        if length.is_none_or(|length| length == dimensions) {
            return Ok(());
        }
        Err(IoError::Table {
            path: self.path.to_owned(),
            table: "vectors".to_owned(),
            problem: format!(
                "its vectors have {dimensions} numbers, those to be written {}",
                length.unwrap_or_default()
            ),
            mend: "embed as before, or make a new index with a full sync into another file".to_owned(),
        })
    }
}

/// Operations written group by group.
struct Groups<'a> {
    writer: Writer<'a>,
    owner: &'a str,
    number: i64,
    tally: Tally,
    now: i64,
}

impl Groups<'_> {
    /// Writes the operations of these rows, or halves of them.
    fn apply(&mut self, operations: &Operations, rows: &[usize]) -> rusqlite::Result<()> {
        let connection = self.writer.connection;
        connection.execute_batch("SAVEPOINT item_group")?;
        let (number, dimensions) = (self.number, self.writer.dimensions);
        let mut tally = self.tally;
        let written = rows.iter().try_for_each(|row| self.one(operations, *row, &mut tally));
        let Err(error) = written else {
            self.tally = tally;
            return connection.execute_batch("RELEASE item_group");
        };
        connection.execute_batch("ROLLBACK TO item_group; RELEASE item_group")?;
        (self.number, self.writer.dimensions) = (number, dimensions);
        self.writer.noted.clear();
        if is_of_the_whole(&error) {
            return Err(error);
        }
        if let [row] = rows {
            self.tally.failed += 1;
            return match operations.get(*row) {
                Ok(operation) => self.fail(&operation, &error),
                Err(_) => Err(error),
            };
        }
        let (first, second) = rows.split_at(rows.len() / 2);
        self.apply(operations, first)?;
        self.apply(operations, second)
    }

    fn one(&mut self, operations: &Operations, row: usize, tally: &mut Tally) -> rusqlite::Result<()> {
        let operation =
            operations.get(row).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.to_string().into()))?;
        let find = "SELECT next_retry_at FROM failed_items WHERE namespace = ?1 AND id = ?2";
        let connection = self.writer.connection;
        let retry: Option<Option<i64>> = connection
            .prepare_cached(find)?
            .query_row([operation.namespace, operation.id], |row| row.get(0))
            .optional()?;
        if let Some(next) = retry
            && next.is_none_or(|next| next > self.now)
        {
            tally.deferred += 1;
            let seen = "UPDATE failed_items SET last_run = ?3 WHERE namespace = ?1 AND id = ?2";
            let key = [operation.namespace, operation.id, self.writer.run_id];
            return connection.prepare_cached(seen)?.execute(key).map(drop);
        }
        self.number += 1;
        tally.count(self.writer.apply(&operation, self.number)?);
        if retry.is_some() {
            let done = "DELETE FROM failed_items WHERE namespace = ?1 AND id = ?2";
            connection.prepare_cached(done)?.execute([operation.namespace, operation.id])?;
        }
        Ok(())
    }

    /// Notes an item that cannot be written, and when it is tried again.
    fn fail(&self, operation: &Operation<'_>, error: &rusqlite::Error) -> rusqlite::Result<()> {
        let connection = self.writer.connection;
        let find = "SELECT attempts FROM failed_items WHERE namespace = ?1 AND id = ?2";
        let before: Option<i64> = connection
            .prepare_cached(find)?
            .query_row([operation.namespace, operation.id], |row| row.get(0))
            .optional()?;
        let attempts = before.unwrap_or_default() + 1;
        let minutes =
            usize::try_from(attempts - 1).ok().and_then(|place| RETRY_MINUTES.get(place)).copied().unwrap_or(60);
        let next = (attempts < MOST_ATTEMPTS).then_some(self.now + 60 * minutes);
        let sql = "INSERT INTO failed_items VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO UPDATE SET \
                   operation = excluded.operation, attempts = excluded.attempts, next_retry_at = excluded.next_retry_at, \
                   last_error = excluded.last_error, owner = excluded.owner, last_run = excluded.last_run";
        let (namespace, id, doing) = (operation.namespace, operation.id, operation.doing.word());
        connection
            .prepare_cached(sql)?
            .execute(params![
                namespace,
                id,
                doing,
                attempts,
                self.now,
                next,
                error.to_string(),
                self.owner,
                self.writer.run_id
            ])
            .map(drop)
    }
}

/// Whether an error says nothing of the item that was written: the disk, the lock, the file.
fn is_of_the_whole(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, FileLockingProtocolFailed, NotADatabase,
        OutOfMemory, ReadOnly, SystemIoFailure,
    };
    matches!(
        error.sqlite_error_code(),
        Some(
            CannotOpen
                | DatabaseBusy
                | DatabaseCorrupt
                | DatabaseLocked
                | DiskFull
                | FileLockingProtocolFailed
                | NotADatabase
                | OutOfMemory
                | ReadOnly
                | SystemIoFailure
        )
    )
}

/// Whether the ledger has an output of an owner.
pub fn holds(connection: &Connection, owner: &str, batch: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM _nightloom_ledger WHERE owner = ?1 AND batch = ?2")?.exists([owner, batch])
}

fn next_image(connection: &Connection, run_id: &str) -> rusqlite::Result<i64> {
    connection
        .query_row("SELECT coalesce(max(number), 0) FROM undo_images WHERE run_id = ?1", [run_id], |row| row.get(0))
}

/// Notes the run, and in the ledger that it is done if all of it is.
fn note(
    connection: &Connection,
    write: &SinkWrite<'_>,
    started: (Instant, i64),
    tally: &Tally,
) -> rusqlite::Result<()> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let is_whole = tally.failed == 0 && tally.deferred == 0;
    connection.execute("DELETE FROM _nightloom_ledger WHERE owner = ?1", [write.owner])?;
    // A run carries out all that is owed: what failed before and is no part of it is owed no more.
    let no_more = "DELETE FROM failed_items WHERE owner = ?1 AND last_run <> ?2";
    connection.execute(no_more, [write.owner, write.run_id])?;
    if is_whole {
        connection.execute(
            "INSERT INTO _nightloom_ledger VALUES (?1, ?2, ?3, 'sync', ?4)",
            params![write.owner, write.batch, write.run_id, number(tally.all())],
        )?;
    }
    // A run that had nothing to write is none that counts.
    if tally.all() == 0 {
        return Ok(());
    }
    let milliseconds = i64::try_from(started.0.elapsed().as_millis()).unwrap_or(i64::MAX);
    connection.execute(
        "INSERT INTO sync_runs (run_id, owner, started_at, milliseconds, added, updated, deleted, skipped, failed, deferred, \
         status) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            write.run_id,
            write.owner,
            started.1,
            milliseconds,
            number(tally.added),
            number(tally.updated),
            number(tally.deleted),
            number(tally.skipped),
            number(tally.failed),
            number(tally.deferred),
            if is_whole { "done" } else { "partial" },
        ],
    )?;
    connection.execute(
        "DELETE FROM undo_images WHERE run_id NOT IN \
         (SELECT run_id FROM sync_runs GROUP BY run_id ORDER BY max(number) DESC LIMIT ?1)",
        [KEPT_RUNS],
    )?;
    Ok(())
}

fn landed(tally: &Tally, seconds: f64) -> Landed {
    let mut warnings = Vec::new();
    if tally.failed > 0 {
        warnings.push(format!("{} items failed; they are tried again, see `nightloom catalog status`", tally.failed));
    }
    if tally.deferred > 0 {
        warnings.push(format!("{} items that failed before wait for their next try", tally.deferred));
    }
    let left_out = tally.failed + tally.deferred + tally.skipped;
    Landed { rows: Some(tally.all()), left_out, seconds, warnings }
}
