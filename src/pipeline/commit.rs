//! Writing the sinks: decided once all stages and expectations passed, then done, whatever happens in between.
//!
//! The decision is a row of intents in the journal. From then on every intent is carried out, by this run or, if it is
//! killed, by the next one before it does anything else. A database takes all its writes in one transaction together
//! with their ledger rows, so that a replay finds them and does nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::json;

use super::{
    checkpoint::{CheckpointStore, Latest, Manifest, state_key},
    error::PipelineError,
    failpoint::Failpoint,
    file::{Pipeline, Sink, SinkTarget, StepKind},
    fingerprint::hash_json,
    journal::{Intent, Journal, StepRow},
    observe::{Counter, Event, Observer},
};
use crate::io::{
    self, FileContent, FileState, IoError, Prepared, PreparedFile, ReadWatch, SinkMode, SourceSpec, SourceState,
    SqliteApplied, SqliteWrite,
};

/// The identity of what a sink writes: the rows and the sink's settings. Rows that are appended are the same if they
/// come of the same inputs and parameters: equal rows of another night are new, the same night's made again are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch(pub String);

impl Batch {
    /// The batch that `sink` would write from a checkpoint.
    pub fn of(pipeline: &Pipeline, sink: &Sink, manifest: &Manifest) -> Self {
        let content = manifest.outputs.get(sink.from.output).map(|output| &output.content);
        let ingredients = &manifest.ingredients;
        let rows = match &sink.target {
            SinkTarget::Sqlite { sink, .. } if sink.mode == SinkMode::Append => {
                json!([ingredients.params, ingredients.inputs, ingredients.as_of, ingredients.seed])
            }
            _ => json!(content),
        };
        let key = json!([pipeline.name, pipeline.scope, manifest.step, rows, sink.config]);
        Self(hash_json(&key).get(..32).unwrap_or_default().to_owned())
    }
}

/// The name a sink's writes are kept under in ledgers.
fn owner(pipeline: &Pipeline, sink: &Sink) -> String {
    format!("{}.{}", state_key(&pipeline.name, pipeline.scope.as_deref()), sink.name)
}

fn target_path(sink: &Sink) -> &Path {
    match &sink.target {
        SinkTarget::Sqlite { path, .. } | SinkTarget::File { path, .. } => path,
    }
}

/// Whether a batch is written already.
///
/// # Errors
/// When the ledger or the journal cannot be read.
pub fn is_written(pipeline: &Pipeline, sink: &Sink, batch: &Batch, journal: &Journal) -> Result<bool, PipelineError> {
    let owner = owner(pipeline, sink);
    match &sink.target {
        SinkTarget::Sqlite { path, .. } => {
            io::ledger_holds(path, &owner, &batch.0).map_err(|problem| failed(sink, problem))
        }
        SinkTarget::File { path, .. } => match FileState::of(path) {
            Ok(state) => journal.file_is_written(&owner, path, &batch.0, state.bytes, state.mtime_ns),
            Err(_) => Ok(false),
        },
    }
}

fn failed(sink: &Sink, problem: IoError) -> PipelineError {
    PipelineError::Io { what: format!("sink '{}'", sink.name), problem }
}

/// What writing needs.
pub struct Commit<'a> {
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// Its checkpoints.
    pub store: &'a CheckpointStore,
    /// The journal.
    pub journal: &'a Journal,
    /// Who watches.
    pub observer: &'a dyn Observer,
    /// Where a test may kill the process.
    pub failpoint: &'a Failpoint,
    /// Set when the run was asked to stop.
    pub cancelled: &'a AtomicBool,
    /// Write again what the ledger holds already; appends are never written twice.
    pub again: bool,
}

/// A write that is to be done.
struct Job<'a> {
    sink: &'a Sink,
    batch: String,
    manifest: Manifest,
}

impl Commit<'_> {
    fn key(&self) -> String {
        state_key(&self.pipeline.name, self.pipeline.scope.as_deref())
    }

    /// Decides to write `sinks` from their steps' checkpoints, and writes them.
    ///
    /// # Errors
    /// When a sink cannot be written; those of other databases and files may have been.
    pub fn write(&self, run_id: &str, sinks: &[(&Sink, Manifest)]) -> Result<Vec<StepRow>, PipelineError> {
        let jobs: Vec<Job<'_>> = sinks
            .iter()
            .map(|(sink, manifest)| Job {
                sink,
                batch: Batch::of(self.pipeline, sink, manifest).0,
                manifest: manifest.clone(),
            })
            .collect();
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let intents: Vec<Intent> = jobs
            .iter()
            .map(|job| Intent {
                sink: job.sink.name.clone(),
                step: job.manifest.step.clone(),
                fingerprint: job.manifest.fingerprint.short().to_owned(),
                output: job.sink.from.output,
                batch: job.batch.clone(),
                target: target_path(job.sink).to_path_buf(),
            })
            .collect();
        self.failpoint.pass("commit-before-intents");
        self.journal.begin_commit(&self.key(), run_id, &intents)?;
        self.failpoint.pass("commit-after-intents");
        let mut rows = Vec::new();
        if let Err(error) = self.carry_out(run_id, jobs, &mut rows) {
            // Nothing was written, so the decision can be taken back: the next run may come to another one.
            if rows.is_empty() && !matches!(error, PipelineError::Interrupted) {
                self.journal.end_commit(&self.key())?;
            }
            return Err(error);
        }
        self.failpoint.pass("commit-before-end");
        self.journal.end_commit(&self.key())?;
        Ok(rows)
    }

    /// Finishes the writes that a killed run had decided.
    ///
    /// # Errors
    /// When a sink cannot be written.
    pub fn recover(&self) -> Result<Vec<StepRow>, PipelineError> {
        let Some((run_id, intents)) = self.journal.pending_commit(&self.key())? else { return Ok(Vec::new()) };
        self.observer.event(&Event::Recovering { run_id: &run_id, sinks: intents.len() });
        let mut jobs = Vec::new();
        for intent in &intents {
            match self.job_of(intent) {
                Some(job) => jobs.push(job),
                None => self.observer.event(&Event::Warning {
                    text: &format!(
                        "sink '{}' of the interrupted run {run_id} is not in this pipeline as it was; what it had to write is left out",
                        intent.sink
                    ),
                }),
            }
        }
        let mut rows = Vec::new();
        self.carry_out(&run_id, jobs, &mut rows)?;
        self.journal.end_commit(&self.key())?;
        Ok(rows)
    }

    fn job_of(&self, intent: &Intent) -> Option<Job<'_>> {
        let sink = self.pipeline.sinks.iter().find(|sink| sink.name == intent.sink)?;
        let manifest = self.store.manifest_of(&intent.step, &intent.fingerprint)?;
        let fits = self.pipeline.step(sink.from.step).name == intent.step
            && sink.from.output == intent.output
            && target_path(sink) == intent.target
            && Batch::of(self.pipeline, sink, &manifest).0 == intent.batch;
        fits.then(|| Job { sink, batch: intent.batch.clone(), manifest })
    }

    /// Writes everything: the databases first, then the files, whose content is prepared meanwhile. `rows` gets what
    /// each sink came to, up to the first error.
    fn carry_out(&self, run_id: &str, jobs: Vec<Job<'_>>, rows: &mut Vec<StepRow>) -> Result<(), PipelineError> {
        let mut databases: BTreeMap<PathBuf, Vec<Job<'_>>> = BTreeMap::new();
        let (mut files, mut contents) = (Vec::new(), Vec::new());
        for job in jobs {
            match &job.sink.target {
                SinkTarget::Sqlite { path, .. } => databases.entry(path.clone()).or_default().push(job),
                SinkTarget::File { path, format } => {
                    self.observer.event(&Event::StepStarted { step: &job.sink.name, kind: "sink", reason: "" });
                    contents.push(FileContent { path, format: *format, from: self.rows_for_file(&job, path)? });
                    files.push(job);
                }
            }
        }
        thread::scope(|scope| {
            let preparing = scope.spawn(|| contents.iter().map(FileContent::prepare).collect());
            for (place, (path, jobs)) in databases.into_iter().enumerate() {
                // What is decided is begun: whoever asks the run to stop waits for the first write.
                if place > 0 {
                    self.check_cancelled()?;
                }
                rows.extend(self.write_database(run_id, &path, &jobs)?);
            }
            if !files.is_empty() {
                self.check_cancelled()?;
            }
            let prepared: Vec<_> = preparing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            self.write_files(run_id, &files, prepared, rows)
        })
    }

    fn check_cancelled(&self) -> Result<(), PipelineError> {
        if self.cancelled.load(Ordering::Relaxed) { Err(PipelineError::Interrupted) } else { Ok(()) }
    }

    fn write_database(&self, run_id: &str, path: &Path, jobs: &[Job<'_>]) -> Result<Vec<StepRow>, PipelineError> {
        for job in jobs {
            self.observer.event(&Event::StepStarted { step: &job.sink.name, kind: "sink", reason: "" });
        }
        let owners: Vec<String> = jobs.iter().map(|job| owner(self.pipeline, job.sink)).collect();
        let mut writes = Vec::with_capacity(jobs.len());
        let mut wait = Duration::ZERO;
        for (job, owner) in jobs.iter().zip(&owners) {
            let SinkTarget::Sqlite { sink, busy_timeout, .. } = &job.sink.target else { continue };
            wait = wait.max(*busy_timeout);
            let Some(output) = job.manifest.outputs.get(job.sink.from.output) else { continue };
            let frame = self.store.scan(&job.manifest, output)?;
            writes.push(SqliteWrite { sink, owner, batch: &job.batch, run_id, frame, again: self.again });
        }
        let counter = Counter::default();
        // Whoever asks the run to stop waits for the write in hand.
        let never = AtomicBool::new(false);
        let watch = ReadWatch { progress: &counter, cancelled: &never };
        let applied = match io::apply_sqlite(path, &writes, wait, &|point| self.failpoint.pass(point), &watch) {
            Ok(applied) => applied,
            Err(problem) => {
                let error = PipelineError::Io { what: format!("writing {}", path.display()), problem };
                for job in jobs {
                    self.note(run_id, failed_row(job, &error))?;
                }
                return Err(error);
            }
        };
        self.failpoint.pass("commit-database-done");
        self.follow_own_write(path, &applied)?;
        self.failpoint.pass("commit-own-write-noted");
        let mut rows = Vec::with_capacity(jobs.len() + 1);
        for (index, job) in jobs.iter().enumerate() {
            let unmatched = applied.unmatched.get(index).copied().unwrap_or_default();
            let seconds = applied.seconds.get(index).copied().unwrap_or_default();
            let written = applied.rows.get(index).copied().flatten();
            rows.push(self.finish(run_id, job, written, unmatched, seconds)?);
        }
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let commit = StepRow {
            kind: "commit".to_owned(),
            step: name,
            status: "done".to_owned(),
            reason: Some(path.display().to_string()),
            seconds: applied.commit_seconds,
            ..StepRow::default()
        };
        self.journal.step(run_id, &commit)?;
        rows.push(commit);
        Ok(rows)
    }

    /// What the pipeline itself wrote does not make its own sources stale: a source read in the state before the
    /// write counts as read in the state after it, unless somebody else wrote in between. It is overtaken: as soon as
    /// something that reads it is due, it is read again.
    fn follow_own_write(&self, path: &Path, applied: &SqliteApplied) -> Result<(), PipelineError> {
        for step in &self.pipeline.steps {
            let StepKind::Source { spec: SourceSpec::Sqlite(source), .. } = &step.kind else { continue };
            if source.path != path {
                continue;
            }
            let Some(latest) = self.store.latest(&step.name) else { continue };
            let Some(state) = latest.source.as_ref().and_then(SourceState::only_file) else { continue };
            let nothing_new = applied.rows.iter().all(Option::is_none);
            let ours = if nothing_new {
                // A killed run's write, found in the ledger: it was the only one if the file's change counter moved by one.
                state == &applied.after || applied.after.is_one_transaction_after(state)
            } else {
                applied.undisturbed && applied.before.is_no_transaction_after(state)
            };
            if ours {
                let overtaken = latest.overtaken || state != &applied.after;
                let source = Some(SourceState::of_file(applied.after.clone()));
                self.store.set_latest(&step.name, &Latest { source, overtaken, ..latest })?;
            }
        }
        Ok(())
    }

    /// The checkpoint's file with a file sink's rows; `None` when they are written already.
    fn rows_for_file(&self, job: &Job<'_>, path: &Path) -> Result<Option<PathBuf>, PipelineError> {
        if !self.again
            && let Ok(state) = FileState::of(path)
            && self.journal.file_is_written(
                &owner(self.pipeline, job.sink),
                path,
                &job.batch,
                state.bytes,
                state.mtime_ns,
            )?
        {
            return Ok(None);
        }
        let output = job.manifest.outputs.get(job.sink.from.output);
        Ok(output.map(|output| self.store.file(&job.manifest, output)))
    }

    /// Puts files in their places, and notes them once that outlives the machine; a file that fails ends it.
    fn write_files(
        &self,
        run_id: &str,
        jobs: &[Job<'_>],
        prepared: Vec<Prepared>,
        rows: &mut Vec<StepRow>,
    ) -> Result<(), PipelineError> {
        let mut failure = None;
        let mut published = Vec::with_capacity(jobs.len());
        for (job, Prepared { file, seconds }) in jobs.iter().zip(prepared) {
            let publish = |file: PreparedFile| file.publish(&|point| self.failpoint.pass(point));
            match file.and_then(|file| file.map(publish).transpose()) {
                Ok(done) => published.push((job, done.is_some(), seconds)),
                Err(problem) => {
                    failure = Some((job, failed(job.sink, problem)));
                    break;
                }
            }
        }
        let new = || published.iter().filter(|(_, is_new, _)| *is_new).map(|(job, ..)| *job);
        let folders: BTreeMap<_, _> = new().map(|job| (target_path(job.sink).parent(), job.sink)).collect();
        for sink in folders.into_values() {
            io::sync_folder_of(target_path(sink)).map_err(|problem| failed(sink, problem))?;
        }
        for job in new() {
            self.failpoint.pass("commit-file-renamed");
            let path = target_path(job.sink);
            let state = FileState::of(path).map_err(|problem| failed(job.sink, problem))?;
            let owner = owner(self.pipeline, job.sink);
            self.journal.file_written(&owner, path, &job.batch, state.bytes, state.mtime_ns)?;
        }
        for (job, is_new, seconds) in published {
            let written = job.manifest.outputs.get(job.sink.from.output).filter(|_| is_new).map(|output| output.rows);
            rows.push(self.finish(run_id, job, written, 0, seconds)?);
        }
        let Some((job, error)) = failure else { return Ok(()) };
        self.note(run_id, failed_row(job, &error))?;
        Err(error)
    }

    fn finish(
        &self,
        run_id: &str,
        job: &Job<'_>,
        rows: Option<u64>,
        unmatched: u64,
        seconds: f64,
    ) -> Result<StepRow, PipelineError> {
        let warnings =
            (unmatched > 0).then(|| format!("{unmatched} rows have keys that the table lacks; they changed nothing"));
        let row = StepRow {
            kind: "sink".to_owned(),
            step: job.sink.name.clone(),
            status: if rows.is_some() { "written" } else { "held" }.to_owned(),
            reason: Some(target_path(job.sink).display().to_string()),
            rows_in: job.manifest.outputs.get(job.sink.from.output).map_or(0, |output| output.rows),
            rows_out: rows.unwrap_or(0).saturating_sub(unmatched),
            seconds,
            warnings: warnings.into_iter().collect(),
            ..StepRow::default()
        };
        self.note(run_id, row)
    }

    fn note(&self, run_id: &str, row: StepRow) -> Result<StepRow, PipelineError> {
        self.observer.event(&Event::StepFinished { row: &row });
        self.journal.step(run_id, &row)?;
        Ok(row)
    }
}

fn failed_row(job: &Job<'_>, error: &PipelineError) -> StepRow {
    StepRow {
        kind: "sink".to_owned(),
        step: job.sink.name.clone(),
        status: "failed".to_owned(),
        reason: Some(error.to_string()),
        ..StepRow::default()
    }
}
