//! The journal: runs, their steps and timings, live progress, and writes that were decided but may not be done.
//!
//! A SQLite database in the workspace, in WAL mode, so that a front end can poll it while a run writes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

mod figures;

pub use figures::{KeptFigure, Night};

use super::error::PipelineError;
use crate::io::SourceState;

/// The journal of a workspace.
pub struct Journal {
    connection: Connection,
    path: PathBuf,
    /// Where the database lies if it is a copy.
    _copy: Option<TempDir>,
}

/// How long to wait for other processes that use the journal.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run as the journal keeps it.
#[derive(Clone, Debug, Serialize)]
pub struct RunRow {
    /// The run's identifier.
    pub run_id: String,
    /// The pipeline with its scope.
    pub pipeline: String,
    /// running, done, failed, interrupted; `running` of a dead process is a killed run.
    pub status: String,
    /// UTC, ISO 8601.
    pub started_at: String,
    /// UTC, ISO 8601.
    pub ended_at: Option<String>,
    /// Process id.
    pub pid: u32,
    /// The first line of the error, if it failed.
    pub problem: Option<String>,
}

/// A step of a run as the journal keeps it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StepRow {
    /// source, stage or sink.
    pub kind: String,
    /// The step's name.
    pub step: String,
    /// fresh, done, unchanged (made again with equal output), failed, skipped, written, held (the ledger had it).
    pub status: String,
    /// Why it was done.
    pub reason: Option<String>,
    /// The checkpoint.
    pub fingerprint: Option<String>,
    /// Rows of all inputs.
    pub rows_in: u64,
    /// Rows of all outputs but `rejected`.
    pub rows_out: u64,
    /// Rows of the output `rejected`.
    pub rejected: u64,
    /// Seconds from the run's start to the step's own; `None` if it had nothing to do.
    pub started_after: Option<f64>,
    /// Wall time.
    pub seconds: f64,
    /// The most memory the process held while the step ran; steps that run together share it.
    pub peak_memory_bytes: u64,
    /// What of it was the step's own, as far as that can be told; and whether no other step ran beside it.
    pub needed_memory: Option<NeededMemory>,
    /// Messages of broken expectations of severity warn.
    pub warnings: Vec<String>,
}

/// The memory that a step needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct NeededMemory {
    /// Bytes.
    pub bytes: u64,
    /// Whether no other step ran beside it: else what those needed is in it.
    pub alone: bool,
}

/// The memory that a step needed in an earlier run, and for how many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierNeed {
    /// Bytes.
    pub bytes: u64,
    /// Rows that it read.
    pub rows_in: u64,
}

/// A sink write that was decided: from here on it will be done, even if the process is killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The sink.
    pub sink: String,
    /// The step whose output is written, and its checkpoint.
    pub step: String,
    /// The short fingerprint of the checkpoint.
    pub fingerprint: String,
    /// Which output.
    pub output: usize,
    /// The ledger key.
    pub batch: String,
    /// The database or file.
    pub target: PathBuf,
}

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, status TEXT NOT NULL, as_of TEXT NOT NULL, seed INTEGER NOT NULL,
    started_at TEXT NOT NULL, ended_at TEXT, pid INTEGER NOT NULL, problem TEXT);
CREATE INDEX IF NOT EXISTS runs_by_pipeline ON runs(pipeline, started_at);
CREATE TABLE IF NOT EXISTS steps (
    run_id TEXT NOT NULL, kind TEXT NOT NULL, step TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, fingerprint TEXT,
    rows_in INTEGER NOT NULL, rows_out INTEGER NOT NULL, rejected INTEGER NOT NULL, seconds REAL NOT NULL,
    peak_memory_bytes INTEGER NOT NULL, warnings TEXT NOT NULL, needed_memory_bytes INTEGER, ran_alone INTEGER, started_after REAL,
    PRIMARY KEY (run_id, kind, step));
CREATE TABLE IF NOT EXISTS figures (
    run_id TEXT NOT NULL, name TEXT NOT NULL, value REAL NOT NULL, whole REAL, PRIMARY KEY (run_id, name));
CREATE TABLE IF NOT EXISTS progress (
    run_id TEXT NOT NULL, step TEXT NOT NULL, rows_done INTEGER NOT NULL, rows_total INTEGER, updated_at TEXT NOT NULL,
    PRIMARY KEY (run_id, step));
CREATE TABLE IF NOT EXISTS generation_progress (
    upload_id TEXT PRIMARY KEY, shop_domain TEXT NOT NULL, step TEXT NOT NULL, legacy_step TEXT NOT NULL,
    progress INTEGER NOT NULL, status TEXT NOT NULL, message TEXT, metadata TEXT, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS commits (
    pipeline TEXT PRIMARY KEY, run_id TEXT NOT NULL, intents TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS written_files (
    owner TEXT PRIMARY KEY, path TEXT NOT NULL, batch TEXT NOT NULL, state TEXT NOT NULL);
";

/// What journals of earlier versions lack: a column, and what makes it.
const ADDED: [(&str, &str, &str); 5] = [
    ("steps", "needed_memory_bytes", "ALTER TABLE steps ADD COLUMN needed_memory_bytes INTEGER"),
    ("steps", "ran_alone", "ALTER TABLE steps ADD COLUMN ran_alone INTEGER"),
    ("steps", "started_after", "ALTER TABLE steps ADD COLUMN started_after REAL"),
    // A table of its own, which the schema makes.
    ("figures", "value", ""),
    // The files are looked at in another way, and written once more.
    ("written_files", "state", "DROP TABLE written_files"),
];

impl Journal {
    /// Opens the journal of a workspace's state folder, and makes it if it is not there.
    ///
    /// # Errors
    /// When the database cannot be opened or made.
    pub fn open(state_folder: &Path) -> Result<Self, PipelineError> {
        std::fs::create_dir_all(state_folder).map_err(PipelineError::state("cannot make the folder", state_folder))?;
        Self::open_at(state_folder.join("journal.db"))
    }

    /// Opens the journal for looking only: nothing is made or changed, and where there is none, it is empty. In a folder
    /// that cannot be written a copy of it is looked at.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn look(state_folder: &Path) -> Result<Self, PipelineError> {
        let path = state_folder.join("journal.db");
        let empty = || Self::open_at(PathBuf::from(":memory:"));
        if !path.is_file() {
            return empty();
        }
        let open = |path: &Path| -> rusqlite::Result<(Connection, bool)> {
            let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            connection.busy_timeout(PATIENCE)?;
            let is_whole = ADDED.iter().try_fold(true, |whole, (table, column, _)| {
                Ok::<_, rusqlite::Error>(whole && has_column(&connection, table, column)?)
            })?;
            Ok((connection, is_whole))
        };
        match open(&path) {
            Ok((connection, true)) => return Ok(Self { connection, path, _copy: None }),
            // A journal in WAL mode is read with files beside it, which must be made.
            Err(rusqlite::Error::SqliteFailure(failure, _))
                if matches!(failure.code, ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {}
            Ok((_, false)) => {}
            Err(error) => return Err(unusable(&path)(error)),
        }
        let copy = copy_of(&path).map_err(PipelineError::state("cannot copy the journal", &path))?;
        let copied = Self::open_at(copy.path().join("journal.db"))?;
        Ok(Self { path, _copy: Some(copy), ..copied })
    }

    fn open_at(path: PathBuf) -> Result<Self, PipelineError> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            // A killed process loses nothing this way; what must outlive the machine is synced by itself.
            connection.pragma_update(None, "synchronous", "normal")?;
            connection.execute_batch(SCHEMA)?;
            for (table, column, change) in ADDED {
                if !has_column(&connection, table, column)? {
                    connection.execute_batch(change)?;
                }
            }
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        };
        let connection = open().map_err(unusable(&path))?;
        Ok(Self { connection, path, _copy: None })
    }

    /// Works on the database.
    pub(super) fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, PipelineError> {
        work(&self.connection).map_err(unusable(&self.path))
    }

    /// Notes that a run began.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn begin_run(&self, run: &RunRow, as_of: &str, seed: u64) -> Result<(), PipelineError> {
        let seed = i64::from_ne_bytes(seed.to_ne_bytes());
        self.run(|connection| {
            connection.execute(
                "INSERT INTO runs (run_id, pipeline, status, as_of, seed, started_at, pid) VALUES (?,?,?,?,?,?,?)",
                params![run.run_id, run.pipeline, run.status, as_of, seed, run.started_at, run.pid],
            )
        })?;
        Ok(())
    }

    /// Notes how a run ended.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn end_run(
        &self,
        run_id: &str,
        status: &str,
        ended_at: &str,
        problem: Option<&str>,
    ) -> Result<(), PipelineError> {
        self.run(|connection| {
            connection.execute("DELETE FROM progress WHERE run_id = ?", [run_id])?;
            connection.execute(
                "UPDATE runs SET status = ?, ended_at = ?, problem = ? WHERE run_id = ?",
                params![status, ended_at, problem, run_id],
            )
        })?;
        Ok(())
    }

    /// Notes what a step came to.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn step(&self, run_id: &str, row: &StepRow) -> Result<(), PipelineError> {
        let warnings = serde_json::json!(row.warnings).to_string();
        self.run(|connection| {
            connection.execute(
                "INSERT OR REPLACE INTO steps (run_id, kind, step, status, reason, fingerprint, rows_in, rows_out, rejected,
                 seconds, peak_memory_bytes, warnings, needed_memory_bytes, ran_alone, started_after)
                 VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                params![
                    run_id,
                    row.kind,
                    row.step,
                    row.status,
                    row.reason,
                    row.fingerprint,
                    signed(row.rows_in),
                    signed(row.rows_out),
                    signed(row.rejected),
                    row.seconds,
                    signed(row.peak_memory_bytes),
                    warnings,
                    row.needed_memory.map(|needed| signed(needed.bytes)),
                    row.needed_memory.map(|needed| needed.alone),
                    row.started_after,
                ],
            )
        })?;
        Ok(())
    }

    /// Notes how far a running step has come.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn progress(
        &self,
        run_id: &str,
        step: &str,
        done: u64,
        total: Option<u64>,
        now: &str,
    ) -> Result<(), PipelineError> {
        self.run(|connection| {
            connection.execute(
                "INSERT OR REPLACE INTO progress VALUES (?,?,?,?,?)",
                params![run_id, step, signed(done), total.map(signed), now],
            )
        })?;
        Ok(())
    }

    /// Notes the writes a run is about to do; they will be done even if the process is killed now.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn begin_commit(&self, pipeline: &str, run_id: &str, intents: &[Intent]) -> Result<(), PipelineError> {
        let intents = serde_json::json!(intents).to_string();
        self.run(|connection| {
            connection.pragma_update(None, "synchronous", "full")?;
            connection.execute("INSERT OR REPLACE INTO commits VALUES (?,?,?)", params![pipeline, run_id, intents])?;
            connection.pragma_update(None, "synchronous", "normal")
        })
    }

    /// The writes that were decided and are not known to be done.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn pending_commit(&self, pipeline: &str) -> Result<Option<(String, Vec<Intent>)>, PipelineError> {
        let found: Option<(String, String)> = self.run(|connection| {
            connection
                .query_row("SELECT run_id, intents FROM commits WHERE pipeline = ?", [pipeline], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
        })?;
        found
            .map(|(run_id, text)| {
                let damaged = |error: serde_json::Error| PipelineError::DamagedJournal {
                    path: self.path.clone(),
                    problem: format!("the decided writes of run {run_id}: {error}"),
                };
                Ok((run_id.clone(), serde_json::from_str(&text).map_err(damaged)?))
            })
            .transpose()
    }

    /// Notes that the decided writes are done.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn end_commit(&self, pipeline: &str) -> Result<(), PipelineError> {
        self.run(|connection| connection.execute("DELETE FROM commits WHERE pipeline = ?", [pipeline]))?;
        Ok(())
    }

    /// Notes that a file was written.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn note_file(&self, owner: &str, path: &Path, batch: &str, left: &SourceState) -> Result<(), PipelineError> {
        let state = serde_json::json!(left).to_string();
        self.run(|connection| {
            connection.execute(
                "INSERT OR REPLACE INTO written_files VALUES (?,?,?,?)",
                params![owner, path.to_string_lossy(), batch, state],
            )
        })?;
        Ok(())
    }

    /// How a sink's file was left, if it is noted as written with this batch.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn file_written(&self, owner: &str, path: &Path, batch: &str) -> Result<Option<SourceState>, PipelineError> {
        let state: Option<String> = self.run(|connection| {
            connection
                .query_row(
                    "SELECT state FROM written_files WHERE owner = ? AND path = ? AND batch = ?",
                    params![owner, path.to_string_lossy(), batch],
                    |row| row.get(0),
                )
                .optional()
        })?;
        Ok(state.and_then(|state| serde_json::from_str(&state).ok()))
    }

    /// The memory that each step of a pipeline needed when it worked last in the newest hundred runs: by itself if it did in
    /// one of them, else beside others.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn earlier_needs(&self, pipeline: &str) -> Result<BTreeMap<String, EarlierNeed>, PipelineError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT step, needed_memory_bytes, rows_in FROM (
                   SELECT s.step, s.needed_memory_bytes, s.rows_in, ROW_NUMBER() OVER (
                     PARTITION BY s.step ORDER BY s.ran_alone DESC, r.started_at DESC, r.rowid DESC) AS place
                   FROM (SELECT run_id, started_at, rowid FROM runs WHERE pipeline = ? ORDER BY started_at DESC LIMIT 100) AS r
                   JOIN steps AS s USING (run_id)
                   WHERE s.kind IN ('source', 'stage') AND s.needed_memory_bytes IS NOT NULL)
                 WHERE place = 1",
            )?;
            let rows = statement.query_map([pipeline], |row| {
                let need = EarlierNeed { bytes: unsigned(row.get(1)?), rows_in: unsigned(row.get(2)?) };
                Ok((row.get(0)?, need))
            })?;
            rows.collect()
        })
    }

    /// When the newest runs of each pipeline and scope began, newest first, `limit` of each.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn starts(&self, pipeline: Option<&str>, limit: u32) -> Result<BTreeMap<String, Vec<String>>, PipelineError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT pipeline, started_at FROM (
                   SELECT pipeline, started_at, ROW_NUMBER() OVER (PARTITION BY pipeline ORDER BY started_at DESC) AS place
                   FROM runs WHERE ?1 IS NULL OR pipeline = ?1 OR SUBSTR(pipeline, 1, LENGTH(?1) + 1) = ?1 || '@')
                 WHERE place <= ?2 ORDER BY pipeline, started_at DESC",
            )?;
            let mut starts: BTreeMap<String, Vec<String>> = BTreeMap::new();
            let mut rows = statement.query(params![pipeline, limit])?;
            while let Some(row) = rows.next()? {
                starts.entry(row.get(0)?).or_default().push(row.get(1)?);
            }
            Ok(starts)
        })
    }

    /// The as-of time and the seed of the newest run of a pipeline and scope.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn instant_of_last(&self, pipeline: &str) -> Result<Option<(String, u64)>, PipelineError> {
        self.run(|connection| {
            let sql = "SELECT as_of, seed FROM runs WHERE pipeline = ? ORDER BY started_at DESC, rowid DESC LIMIT 1";
            let instant =
                |row: &rusqlite::Row<'_>| Ok((row.get(0)?, u64::from_ne_bytes(row.get::<_, i64>(1)?.to_ne_bytes())));
            connection.query_row(sql, [pipeline], instant).optional()
        })
    }

    /// The newest runs of a pipeline in all its scopes (or of all pipelines), newest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn runs(&self, pipeline: Option<&str>, limit: u32) -> Result<Vec<RunRow>, PipelineError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT run_id, pipeline, status, started_at, ended_at, pid, problem FROM runs
                 WHERE ?1 IS NULL OR pipeline = ?1 OR SUBSTR(pipeline, 1, LENGTH(?1) + 1) = ?1 || '@' ORDER BY started_at DESC, rowid DESC LIMIT ?2",
            )?;
            let rows = statement.query_map(params![pipeline, limit], |row| {
                Ok(RunRow {
                    run_id: row.get(0)?,
                    pipeline: row.get(1)?,
                    status: row.get(2)?,
                    started_at: row.get(3)?,
                    ended_at: row.get(4)?,
                    pid: row.get(5)?,
                    problem: row.get(6)?,
                })
            })?;
            rows.collect()
        })
    }

    /// How many runs of a pipeline and scope ended in each way.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn endings(&self, pipeline: &str) -> Result<Vec<(String, u64)>, PipelineError> {
        self.run(|connection| {
            let sql = "SELECT status, count(*) FROM runs WHERE pipeline = ?1 AND status <> 'running' GROUP BY status ORDER BY status";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([pipeline], |row| Ok((row.get(0)?, unsigned(row.get(1)?))))?;
            rows.collect()
        })
    }

    /// The steps of a run, in the order they ended.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn steps(&self, run_id: &str) -> Result<Vec<StepRow>, PipelineError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT kind, step, status, reason, fingerprint, rows_in, rows_out, rejected, seconds, peak_memory_bytes, warnings,
                 needed_memory_bytes, ran_alone, started_after FROM steps WHERE run_id = ? ORDER BY rowid",
            )?;
            let rows = statement.query_map([run_id], |row| {
                Ok(StepRow {
                    kind: row.get(0)?,
                    step: row.get(1)?,
                    status: row.get(2)?,
                    reason: row.get(3)?,
                    fingerprint: row.get(4)?,
                    rows_in: unsigned(row.get(5)?),
                    rows_out: unsigned(row.get(6)?),
                    rejected: unsigned(row.get(7)?),
                    started_after: row.get(13)?,
                    seconds: row.get(8)?,
                    peak_memory_bytes: unsigned(row.get(9)?),
                    warnings: serde_json::from_str(&row.get::<_, String>(10)?).unwrap_or_default(),
                    needed_memory: match (row.get(11)?, row.get(12)?) {
                        (Some(bytes), Some(alone)) => Some(NeededMemory { bytes: unsigned(bytes), alone }),
                        _ => None,
                    },
                })
            })?;
            rows.collect()
        })
    }

    /// The short fingerprints of the checkpoints that the newest `runs` runs of a pipeline used.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn fingerprints_of_newest(&self, pipeline: &str, runs: u32) -> Result<Vec<(String, String)>, PipelineError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT DISTINCT step, fingerprint FROM steps WHERE fingerprint IS NOT NULL AND run_id IN
                 (SELECT run_id FROM runs WHERE pipeline = ? ORDER BY started_at DESC, rowid DESC LIMIT ?)",
            )?;
            let rows = statement.query_map(params![pipeline, runs], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
    }
}

/// A copy of a journal and of what is not moved into it yet.
fn copy_of(path: &Path) -> std::io::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    for ending in ["", "-wal"] {
        let mut from = path.as_os_str().to_owned();
        from.push(ending);
        let from = PathBuf::from(from);
        if let Some(name) = from.file_name()
            && from.is_file()
        {
            // The bytes alone: the copy may be written, whatever holds of the journal.
            std::fs::write(folder.path().join(name), std::fs::read(&from)?)?;
        }
    }
    Ok(folder)
}

fn has_column(connection: &Connection, table: &str, column: &str) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2")?.exists([table, column])
}

/// The error of a journal that cannot be used; a damaged one may go.
fn unusable(path: &Path) -> impl FnOnce(rusqlite::Error) -> PipelineError {
    let path = path.to_owned();
    move |error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            PipelineError::DamagedJournal { path, problem: error.to_string() }
        }
        _ => PipelineError::state("cannot use the journal", path)(error),
    }
}

/// SQLite's integers are signed; counts of rows and bytes stay far below the limit.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

#[cfg(test)]
mod tests;
