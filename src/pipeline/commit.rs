//! Writing the sinks: decided once all stages and expectations passed, then done, whatever happens in between.
//!
//! The decision is a row of intents in the journal. From then on every intent is carried out, by this run or, if it is
//! killed, by the next one before it does anything else. A database takes all its writes in one transaction together
//! with their ledger rows, so that a replay finds them and does nothing.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver},
    },
    thread,
};

use super::{
    batch::{Batch, failed, file_is_written, owner},
    checkpoint::{CheckpointStore, Latest, Manifest, state_key},
    error::PipelineError,
    failpoint::Failpoint,
    file::{Pipeline, Sink, StepKind},
    journal::{Intent, Journal, StepRow},
    observe::{Counter, Event, Observer},
};
use crate::{
    io::{
        self, Applied, Applying, FileContent, FileSink, FileTarget, FileWriter, IoError, Landed, OwnWrite, Prepared,
        PreparedFile, ReadWatch, SinkWrite, SourceState, TransactionSink, Writing,
    },
    operator::JsonStyle,
};

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
    /// What another run is told that waits for a file this one writes.
    pub holder: &'a str,
}

/// A write that is to be done.
struct Job<'a> {
    sink: &'a Sink,
    batch: String,
    manifest: Manifest,
}

/// How far the writes have come.
#[derive(Default)]
struct Carried {
    /// What each sink came to.
    rows: Vec<StepRow>,
    /// The databases and files that were changed, whatever failed afterwards.
    written: Vec<PathBuf>,
}

impl Commit<'_> {
    /// How the lists and records of what a sink writes are spelled.
    fn json_style(&self, sink: &Sink) -> JsonStyle {
        let output = self.pipeline.step(sink.from.step).outputs.get(sink.from.output);
        output.map(|output| output.json).unwrap_or_default()
    }

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
                target: job.sink.target.place().to_path_buf(),
            })
            .collect();
        self.failpoint.pass("commit-before-intents");
        self.journal.begin_commit(&self.key(), run_id, &intents)?;
        self.failpoint.pass("commit-after-intents");
        let mut carried = Carried::default();
        if let Err(error) = self.carry_out(run_id, jobs, &mut carried) {
            // Nothing was written, so the decision can be taken back: the next run may come to another one. Where the
            // journal cannot be written either, the next run finds the decision and carries it out.
            if carried.written.is_empty() && !matches!(error, PipelineError::Interrupted) {
                let _ = self.journal.end_commit(&self.key());
            }
            return Err(carried.explain(error));
        }
        self.failpoint.pass("commit-before-end");
        self.journal.end_commit(&self.key())?;
        Ok(carried.rows)
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
        let mut carried = Carried::default();
        self.carry_out(&run_id, jobs, &mut carried).map_err(|error| carried.explain(error))?;
        self.journal.end_commit(&self.key())?;
        Ok(carried.rows)
    }

    fn job_of(&self, intent: &Intent) -> Option<Job<'_>> {
        let sink = self.pipeline.sinks.iter().find(|sink| sink.name == intent.sink)?;
        let manifest = self.store.manifest_of(&intent.step, &intent.fingerprint)?;
        let fits = self.pipeline.step(sink.from.step).name == intent.step
            && sink.from.output == intent.output
            && sink.target.place() == intent.target
            && Batch::of(self.pipeline, sink, &manifest).0 == intent.batch;
        fits.then(|| Job { sink, batch: intent.batch.clone(), manifest })
    }

    /// Writes everything: the databases first, then the files, whose content is prepared meanwhile, so that a file that
    /// cannot be written keeps the databases back. `carried` gets what each sink came to, up to the first error.
    fn carry_out(&self, run_id: &str, jobs: Vec<Job<'_>>, carried: &mut Carried) -> Result<(), PipelineError> {
        let mut databases: BTreeMap<PathBuf, Vec<Job<'_>>> = BTreeMap::new();
        let (mut files, mut contents) = (Vec::new(), Vec::new());
        for job in jobs {
            match job.sink.target.writing() {
                Writing::Transaction(_) | Writing::Journalled(_) => {
                    databases.entry(job.sink.target.place().to_owned()).or_default().push(job)
                }
                Writing::Replacement(file) => {
                    self.observer.event(&Event::StepStarted { step: &job.sink.name, kind: "sink", reason: "" });
                    contents.push(file.content(self.json_style(job.sink), self.rows_for_file(&job, file)?));
                    files.push(job);
                }
            }
        }
        let targets = self.take_files(run_id, &files, &contents)?;
        let (sender, receiver) = mpsc::channel();
        let preparing = Preparing { receiver, done: RefCell::default() };
        let contents = &contents;
        let databases = thread::scope(|scope| {
            scope.spawn(move || {
                let each = contents.iter().zip(targets);
                // Whoever waits for it is gone when the first database failed.
                let _ = sender.send(each.map(|(content, target)| content.prepare(target)).collect());
            });
            let written = self.write_databases(run_id, databases, &preparing, carried);
            // The lock on a database is given back before anything else is waited for.
            written.and_then(|()| if files.is_empty() { Ok(()) } else { self.check_cancelled() })
        });
        let prepared = preparing.into_all();
        if let Err(error) = databases {
            // A file that could not be prepared kept the databases back: its error is the one to be told.
            let is_first = carried.written.is_empty();
            let unprepared = files.iter().zip(prepared).find_map(|(job, prepared)| Some((job, prepared.file.err()?)));
            return Err(match unprepared {
                Some((job, problem)) if is_first => self.give_up(run_id, job, problem),
                _ => error,
            });
        }
        self.write_files(run_id, &files, prepared, carried)
    }

    /// Takes the right to write each file that is to be written, in the order of their paths.
    fn take_files(
        &self,
        run_id: &str,
        files: &[Job<'_>],
        contents: &[FileContent<'_>],
    ) -> Result<Vec<Option<FileTarget>>, PipelineError> {
        let writer = FileWriter { run_id, holder: self.holder, cancelled: self.cancelled };
        let mut order: Vec<usize> = (0..contents.len()).collect();
        order.sort_by_key(|place| contents.get(*place).map(|content| content.path));
        let mut targets: Vec<_> = contents.iter().map(|_| None).collect();
        for place in order {
            let (Some(content), Some(job), Some(target)) =
                (contents.get(place), files.get(place), targets.get_mut(place))
            else {
                continue;
            };
            *target = content.take(&writer).map_err(|problem| self.give_up(run_id, job, problem))?;
        }
        Ok(targets)
    }

    fn write_databases(
        &self,
        run_id: &str,
        databases: BTreeMap<PathBuf, Vec<Job<'_>>>,
        preparing: &Preparing,
        carried: &mut Carried,
    ) -> Result<(), PipelineError> {
        for (place, (path, jobs)) in databases.into_iter().enumerate() {
            // What is decided is begun: whoever asks the run to stop waits for the first write.
            if place > 0 {
                self.check_cancelled()?;
            }
            self.write_database(run_id, &path, &jobs, preparing, carried)?;
        }
        Ok(())
    }

    fn check_cancelled(&self) -> Result<(), PipelineError> {
        if self.cancelled.load(Ordering::Relaxed) { Err(PipelineError::Interrupted) } else { Ok(()) }
    }

    fn write_database(
        &self,
        run_id: &str,
        path: &Path,
        jobs: &[Job<'_>],
        preparing: &Preparing,
        carried: &mut Carried,
    ) -> Result<(), PipelineError> {
        for job in jobs {
            self.observer.event(&Event::StepStarted { step: &job.sink.name, kind: "sink", reason: "" });
        }
        let owners: Vec<String> = jobs.iter().map(|job| owner(self.pipeline, job.sink)).collect();
        let mut writes = Vec::with_capacity(jobs.len());
        for (job, owner) in jobs.iter().zip(&owners) {
            let Some(output) = job.manifest.outputs.get(job.sink.from.output) else { continue };
            let frame = self.store.scan(&job.manifest, output)?;
            let (target, json) = (job.sink.target.as_ref(), self.json_style(job.sink));
            writes.push(SinkWrite { target, owner, batch: &job.batch, run_id, frame, json, again: self.again });
        }
        let applied = match self.apply(jobs, &writes, preparing) {
            Ok(applied) => applied,
            Err(problem) => {
                let error = PipelineError::Io { what: format!("writing {}", path.display()), problem };
                for job in jobs {
                    // The error is told, whether the journal can be written or not.
                    let _ = self.note(run_id, failed_row(job, &error));
                }
                return Err(error);
            }
        };
        carried.written.push(path.to_owned());
        self.failpoint.pass("commit-database-done");
        self.follow_own_write(path, &applied)?;
        self.failpoint.pass("commit-own-write-noted");
        for (job, landed) in jobs.iter().zip(&applied.landed) {
            carried.rows.push(self.finish(run_id, job, landed)?);
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
        carried.rows.push(commit);
        Ok(())
    }

    /// Applies all writes of one place.
    fn apply(&self, jobs: &[Job<'_>], writes: &[SinkWrite<'_>], preparing: &Preparing) -> Result<Applied, IoError> {
        let place = jobs.iter().find_map(|job| match job.sink.target.writing() {
            Writing::Transaction(place) => Some(place),
            Writing::Journalled(place) => Some(place as &dyn TransactionSink),
            Writing::Replacement(_) => None,
        });
        let counter = Counter::default();
        // Whoever asks the run to stop waits for the write in hand.
        let never = AtomicBool::new(false);
        let applying = Applying {
            ready: &|| preparing.are_ready(),
            fail: &|point| self.failpoint.pass(point),
            watch: &ReadWatch { progress: &counter, cancelled: &never },
        };
        place.ok_or(IoError::HeldBack)?.apply(writes, &applying)
    }

    /// What the pipeline itself wrote does not make its own sources stale: a source read in the state before the
    /// write counts as read in the state after it, unless somebody else wrote in between. It is overtaken: as soon as
    /// something that reads it is due, it is read again. One that was read where there was no database yet counts too, if the write
    /// made the database.
    fn follow_own_write(&self, path: &Path, applied: &Applied) -> Result<(), PipelineError> {
        let Some(OwnWrite { before, after, undisturbed }) = &applied.own_write else { return Ok(()) };
        for step in &self.pipeline.steps {
            let StepKind::Source { spec, .. } = &step.kind else { continue };
            if spec.database() != Some(path) {
                continue;
            }
            let Some(latest) = self.store.latest(&step.name) else { continue };
            let Some(source) = &latest.source else { continue };
            let state = source.only_file();
            if state.is_none() && !source.files.is_empty() {
                continue;
            }
            let nothing_new = applied.landed.iter().all(|landed| landed.rows.is_none());
            let ours = match state {
                // A killed run's write, found in the ledger: it was the only one if the file's change counter moved by one.
                Some(state) if nothing_new => state == after || after.is_one_transaction_after(state),
                Some(state) => *undisturbed && before.is_no_transaction_after(state),
                None => !nothing_new && *undisturbed && before.is_empty(),
            };
            if ours {
                let overtaken = latest.overtaken || state != Some(after);
                let source = Some(SourceState::of_file(after.clone()));
                self.store.set_latest(&step.name, &Latest { source, overtaken, ..latest })?;
            }
        }
        Ok(())
    }

    /// The checkpoint's file with a file sink's rows; `None` when they are written already.
    fn rows_for_file(&self, job: &Job<'_>, file: &FileSink) -> Result<Option<PathBuf>, PipelineError> {
        if !self.again && file_is_written(&owner(self.pipeline, job.sink), file, &job.batch, self.journal)? {
            return Ok(None);
        }
        let output = job.manifest.outputs.get(job.sink.from.output);
        Ok(output.map(|output| self.store.file(&job.manifest, output)))
    }

    /// Puts files in their places, and notes them once that outlives the machine; a file that fails ends it. No other run
    /// writes a file before it is noted.
    fn write_files(
        &self,
        run_id: &str,
        jobs: &[Job<'_>],
        prepared: Vec<Prepared>,
        carried: &mut Carried,
    ) -> Result<(), PipelineError> {
        let mut failure = None;
        let mut published = Vec::with_capacity(jobs.len());
        for (job, Prepared { file, seconds }) in jobs.iter().zip(prepared) {
            let publish = |file: PreparedFile| file.publish(&|point| self.failpoint.pass(point));
            match file.and_then(|file| file.map(publish).transpose()) {
                Ok(done) => {
                    carried.written.extend(done.as_ref().map(|_| job.sink.target.place().to_owned()));
                    published.push((job, done, seconds));
                }
                Err(problem) => {
                    failure = Some((job, problem));
                    break;
                }
            }
        }
        let new = || published.iter().filter(|(_, file, _)| file.is_some()).map(|(job, ..)| *job);
        let folders: BTreeMap<_, _> = new().map(|job| (job.sink.target.place().parent(), job.sink)).collect();
        for sink in folders.into_values() {
            io::sync_folder_of(sink.target.place()).map_err(|problem| failed(sink, problem))?;
        }
        for job in new() {
            self.failpoint.pass("commit-file-renamed");
            let path = job.sink.target.place();
            let left = io::state_of_written(path).map_err(|problem| failed(job.sink, problem))?;
            self.journal.note_file(&owner(self.pipeline, job.sink), path, &job.batch, &left)?;
        }
        for (job, file, seconds) in published {
            let output = job.manifest.outputs.get(job.sink.from.output);
            let rows = output.filter(|_| file.is_some()).map(|output| output.rows);
            drop(file);
            carried.rows.push(self.finish(run_id, job, &Landed { rows, seconds, ..Landed::default() })?);
        }
        match failure {
            None => Ok(()),
            Some((job, problem)) => Err(self.give_up(run_id, job, problem)),
        }
    }

    /// Notes that a sink failed. The error is told, whether the journal can be written or not.
    fn give_up(&self, run_id: &str, job: &Job<'_>, problem: IoError) -> PipelineError {
        let error = match problem {
            IoError::Interrupted => PipelineError::Interrupted,
            problem => failed(job.sink, problem),
        };
        let _ = self.note(run_id, failed_row(job, &error));
        error
    }

    fn finish(&self, run_id: &str, job: &Job<'_>, landed: &Landed) -> Result<StepRow, PipelineError> {
        let row = StepRow {
            kind: "sink".to_owned(),
            step: job.sink.name.clone(),
            status: if landed.rows.is_some() { "written" } else { "held" }.to_owned(),
            reason: Some(job.sink.target.place().display().to_string()),
            rows_in: job.manifest.outputs.get(job.sink.from.output).map_or(0, |output| output.rows),
            rows_out: landed.rows.unwrap_or(0).saturating_sub(landed.left_out),
            seconds: landed.seconds,
            warnings: landed.warnings.clone(),
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

/// The preparation of files by a thread of its own.
struct Preparing {
    receiver: Receiver<Vec<Prepared>>,
    done: RefCell<Option<Vec<Prepared>>>,
}

impl Preparing {
    /// Waits until all files are prepared.
    fn are_ready(&self) -> Result<(), IoError> {
        let mut done = self.done.borrow_mut();
        if done.is_none() {
            *done = self.receiver.recv().ok();
        }
        match done.as_ref().is_some_and(|files| files.iter().all(|prepared| prepared.file.is_ok())) {
            true => Ok(()),
            false => Err(IoError::HeldBack),
        }
    }

    fn into_all(self) -> Vec<Prepared> {
        self.done.into_inner().or_else(|| self.receiver.recv().ok()).unwrap_or_default()
    }
}

impl Carried {
    /// The error with what was written before it.
    fn explain(&self, problem: PipelineError) -> PipelineError {
        if matches!(problem, PipelineError::Interrupted) {
            return problem;
        }
        let written = self.written.iter().map(|path| path.display().to_string()).collect();
        PipelineError::Sinks { problem: Box::new(problem), written }
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
