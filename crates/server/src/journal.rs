//! The journal of runs, read by SQL. Its tables are those of the pipeline (`src/pipeline/journal.rs`; docs/operations.md lists
//! them): `runs`, `steps`, `progress` and `generation_progress`. Nothing here writes them.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use schemars::JsonSchema;
use serde::Serialize;

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Run {
    /// Its id.
    pub run_id: String,
    /// The pipeline with its scope, `name@scope`.
    pub pipeline: String,
    /// running, killed, done, timed_out_partial, failed, interrupted.
    pub status: String,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// The first line of what was wrong; for those who see all shops.
    pub problem: Option<String>,
    /// Its process.
    pub pid: u32,
}

impl Run {
    /// The scope of the run: the shop that it is about.
    pub fn scope(&self) -> Option<&str> {
        self.pipeline.split_once('@').map(|(_, scope)| scope)
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.status != "running"
    }
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Step {
    /// source, stage or sink.
    pub kind: String,
    /// Its name.
    pub step: String,
    /// What became of it; `running` while it works.
    pub status: String,
    /// Why it was done.
    pub reason: Option<String>,
    /// Rows that it read; of a running one, those that are done.
    pub rows_in: i64,
    /// Rows that it gave; of a running one, those that there are.
    pub rows_out: i64,
    /// Rows that it rejected.
    pub rejected: i64,
    /// How long it took.
    pub seconds: f64,
    /// Memory of the process while it ran.
    pub peak_memory_bytes: i64,
    /// What is to be looked at.
    pub warnings: Vec<String>,
}

/// How far the bundles of a run are (section 11.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerationProgress {
    /// The run.
    pub run_id: String,
    /// The scope, or the pipeline.
    pub shop_domain: String,
    /// The phase.
    pub step: String,
    /// What earlier front ends call it.
    pub legacy_step: String,
    /// Percent.
    pub progress: i64,
    /// in_progress, completed, failed.
    pub status: String,
    /// What was wrong.
    pub message: Option<String>,
    /// JSON.
    pub metadata: Option<String>,
    /// When it was so.
    pub updated_at: String,
}

/// Reads the journal of a workspace.
pub struct JournalReader {
    path: PathBuf,
}

const RUN: &str = "run_id, pipeline, status, started_at, ended_at, problem, pid";

impl JournalReader {
    /// The journal of a state folder.
    pub fn new(state_folder: &Path) -> Self {
        Self { path: state_folder.join("journal.db") }
    }

    /// The newest runs, those before `before` (when they began).
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn runs(&self, before: Option<&str>, limit: usize) -> rusqlite::Result<Vec<Run>> {
        let Some(connection) = self.open()? else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT {RUN} FROM runs WHERE ?1 IS NULL OR started_at < ?1 ORDER BY started_at DESC, rowid DESC LIMIT ?2"
        );
        let mut statement = connection.prepare(&sql)?;
        statement.query_map(params![before, i64::try_from(limit).unwrap_or(i64::MAX)], run)?.collect()
    }

    /// A run.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn run(&self, id: &str) -> rusqlite::Result<Option<Run>> {
        let Some(connection) = self.open()? else { return Ok(None) };
        connection.query_row(&format!("SELECT {RUN} FROM runs WHERE run_id = ?1"), [id], run).optional()
    }

    /// The newest run of a process since an instant.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn run_of_process(&self, pid: u32, since: &str) -> rusqlite::Result<Option<Run>> {
        let Some(connection) = self.open()? else { return Ok(None) };
        // Spelled to the second: instants have more or fewer digits behind it.
        let sql = format!(
            "SELECT {RUN} FROM runs WHERE pid = ?1 AND substr(started_at, 1, 19) >= substr(?2, 1, 19) ORDER BY started_at DESC LIMIT 1"
        );
        connection.query_row(&sql, params![pid, since], run).optional()
    }

    /// The steps of a run, those that work now last.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn steps(&self, run_id: &str) -> rusqlite::Result<Vec<Step>> {
        let Some(connection) = self.open()? else { return Ok(Vec::new()) };
        let mut statement = connection.prepare(
            "SELECT kind, step, status, reason, rows_in, rows_out, rejected, seconds, peak_memory_bytes, warnings, 0 AS place, rowid
             FROM steps WHERE run_id = ?1
             UNION ALL SELECT '', step, 'running', NULL, rows_done, COALESCE(rows_total, 0), 0, 0, 0, '[]', 1, rowid
             FROM progress WHERE run_id = ?1 AND step NOT IN (SELECT step FROM steps WHERE run_id = ?1)
             ORDER BY 11, 12",
        )?;
        let steps = statement.query_map([run_id], |row| {
            Ok(Step {
                kind: row.get(0)?,
                step: row.get(1)?,
                status: row.get(2)?,
                reason: row.get(3)?,
                rows_in: row.get(4)?,
                rows_out: row.get(5)?,
                rejected: row.get(6)?,
                seconds: row.get(7)?,
                peak_memory_bytes: row.get(8)?,
                warnings: serde_json::from_str(&row.get::<_, String>(9)?).unwrap_or_default(),
            })
        })?;
        steps.collect()
    }

    /// How far the bundles of a run are, if it makes any.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn generation(&self, run_id: &str) -> rusqlite::Result<Option<GenerationProgress>> {
        let Some(connection) = self.open()? else { return Ok(None) };
        let sql = "SELECT upload_id, shop_domain, step, legacy_step, progress, status, message, metadata, updated_at \
                   FROM generation_progress WHERE upload_id = ?1";
        connection
            .query_row(sql, [run_id], |row| {
                Ok(GenerationProgress {
                    run_id: row.get(0)?,
                    shop_domain: row.get(1)?,
                    step: row.get(2)?,
                    legacy_step: row.get(3)?,
                    progress: row.get(4)?,
                    status: row.get(5)?,
                    message: row.get(6)?,
                    metadata: row.get(7)?,
                    updated_at: row.get(8)?,
                })
            })
            .optional()
    }

    /// The journal, if there is one.
    fn open(&self) -> rusqlite::Result<Option<Connection>> {
        if !self.path.is_file() {
            return Ok(None);
        }
        let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        Ok(Some(connection))
    }
}

fn run(row: &Row) -> rusqlite::Result<Run> {
    let (status, pid): (String, u32) = (row.get(2)?, row.get(6)?);
    // A run that never said how it ended, and has no process, was killed.
    let status = if status == "running" && !is_alive(pid) { "killed".to_owned() } else { status };
    Ok(Run {
        run_id: row.get(0)?,
        pipeline: row.get(1)?,
        status,
        started_at: row.get(3)?,
        ended_at: row.get(4)?,
        problem: row.get(5)?,
        pid,
    })
}

/// Whether a process lives, where the system tells (`/proc`); else it is taken to.
pub fn is_alive(pid: u32) -> bool {
    let processes = Path::new("/proc");
    !processes.join("self").exists() || processes.join(pid.to_string()).exists()
}
