//! The journal: runs, their steps and timings, live progress, and writes that were decided but may not be done.
//!
//! A SQLite database in the workspace, in WAL mode, so that a front end can poll it while a run writes.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::error::PipelineError;

/// The journal of a workspace.
pub struct Journal {
    connection: Connection,
    path: PathBuf,
}

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
    /// Wall time.
    pub seconds: f64,
    /// The most memory the process held while the step ran; steps that run together share it.
    pub peak_memory_bytes: u64,
    /// Messages of broken expectations of severity warn.
    pub warnings: Vec<String>,
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
    peak_memory_bytes INTEGER NOT NULL, warnings TEXT NOT NULL, PRIMARY KEY (run_id, kind, step));
CREATE TABLE IF NOT EXISTS progress (
    run_id TEXT NOT NULL, step TEXT NOT NULL, rows_done INTEGER NOT NULL, rows_total INTEGER, updated_at TEXT NOT NULL,
    PRIMARY KEY (run_id, step));
CREATE TABLE IF NOT EXISTS commits (
    pipeline TEXT PRIMARY KEY, run_id TEXT NOT NULL, intents TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS written_files (
    owner TEXT PRIMARY KEY, path TEXT NOT NULL, batch TEXT NOT NULL, bytes INTEGER NOT NULL, mtime_ns TEXT NOT NULL);
";

impl Journal {
    /// Opens the journal of a workspace's state folder, and makes it if it is not there.
    ///
    /// # Errors
    /// When the database cannot be opened or made.
    pub fn open(state_folder: &Path) -> Result<Self, PipelineError> {
        std::fs::create_dir_all(state_folder).map_err(PipelineError::state("cannot make the folder", state_folder))?;
        Self::open_at(state_folder.join("journal.db"))
    }

    /// Opens the journal for looking only: where there is none, nothing is made, and it is empty.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn look(state_folder: &Path) -> Result<Self, PipelineError> {
        let path = state_folder.join("journal.db");
        Self::open_at(if path.is_file() { path } else { PathBuf::from(":memory:") })
    }

    fn open_at(path: PathBuf) -> Result<Self, PipelineError> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(std::time::Duration::from_secs(30))?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            // A killed process loses nothing this way; what must outlive the machine is synced by itself.
            connection.pragma_update(None, "synchronous", "normal")?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        };
        let connection = open().map_err(PipelineError::state("cannot open the journal", &path))?;
        Ok(Self { connection, path })
    }

    fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, PipelineError> {
        work(&self.connection).map_err(PipelineError::state("cannot use the journal", &self.path))
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
                "INSERT OR REPLACE INTO steps VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
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
                    warnings
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
                let intents =
                    serde_json::from_str(&text).map_err(PipelineError::state("cannot read the journal", &self.path))?;
                Ok((run_id, intents))
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
    pub fn file_written(
        &self,
        owner: &str,
        path: &Path,
        batch: &str,
        bytes: u64,
        mtime_ns: i128,
    ) -> Result<(), PipelineError> {
        self.run(|connection| {
            connection.execute(
                "INSERT OR REPLACE INTO written_files VALUES (?,?,?,?,?)",
                params![owner, path.to_string_lossy(), batch, signed(bytes), mtime_ns.to_string()],
            )
        })?;
        Ok(())
    }

    /// Whether the file of a sink is noted as written with this batch, at this size and time.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn file_is_written(
        &self,
        owner: &str,
        path: &Path,
        batch: &str,
        bytes: u64,
        mtime_ns: i128,
    ) -> Result<bool, PipelineError> {
        self.run(|connection| {
            connection.query_row(
                "SELECT COUNT(*) FROM written_files WHERE owner = ? AND path = ? AND batch = ? AND bytes = ? AND mtime_ns = ?",
                params![owner, path.to_string_lossy(), batch, signed(bytes), mtime_ns.to_string()],
                |row| row.get::<_, i64>(0),
            )
        })
        .map(|count| count > 0)
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

    /// The steps of a run, in the order they ended.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn steps(&self, run_id: &str) -> Result<Vec<StepRow>, PipelineError> {
        self.run(|connection| {
            let mut statement = connection.prepare(
                "SELECT kind, step, status, reason, fingerprint, rows_in, rows_out, rejected, seconds, peak_memory_bytes, warnings
                 FROM steps WHERE run_id = ? ORDER BY rowid",
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
                    seconds: row.get(8)?,
                    peak_memory_bytes: unsigned(row.get(9)?),
                    warnings: serde_json::from_str(&row.get::<_, String>(10)?).unwrap_or_default(),
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

/// SQLite's integers are signed; counts of rows and bytes stay far below the limit.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decided_write_is_pending_until_it_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let intent = Intent {
            sink: "s".into(),
            step: "a".into(),
            fingerprint: "f".into(),
            output: 0,
            batch: "b".into(),
            target: "t".into(),
        };
        journal.begin_commit("p", "r1", std::slice::from_ref(&intent)).unwrap();
        drop(journal);
        let journal = Journal::open(folder.path()).unwrap();
        assert_eq!(journal.pending_commit("p").unwrap(), Some(("r1".into(), vec![intent])));
        journal.end_commit("p").unwrap();
        assert_eq!(journal.pending_commit("p").unwrap(), None);
    }

    #[test]
    fn a_file_of_another_size_counts_as_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        journal.file_written("p.s", Path::new("/x"), "b", 10, 5).unwrap();
        assert!(journal.file_is_written("p.s", Path::new("/x"), "b", 10, 5).unwrap());
        assert!(!journal.file_is_written("p.s", Path::new("/x"), "b", 11, 5).unwrap());
    }
}
