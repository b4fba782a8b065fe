//! A run: steps in dependency order, several at a time, then the sinks.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    batch::{Batch, is_written},
    checkpoint::{CheckpointStore, Latest, Manifest, state_key},
    commit::Commit,
    error::PipelineError,
    execute::{Done, Workshop, row_counts},
    failpoint::Failpoint,
    figures,
    file::{Input, Pipeline, Sink, Step, StepId, StepKind},
    fingerprint::Ingredients,
    generation::{Ending, Generation},
    journal::{EarlierNeed, Journal, NeededMemory, Night, RunRow, StepRow},
    kept::KeptFrames,
    memory,
    observe::{Counter, Event, Observer},
    plan::{Evidence, Judge, PlanOptions, Verdict, overtaken, serving, source_ingredients, steps_to_do},
    services::RunServices,
};
use crate::{
    io::{Moments, Unchanged},
    operator::Services,
};

/// What a run is told.
pub struct RunOptions {
    /// What decides the plan.
    pub plan: PlanOptions,
    /// How many steps may run at a time.
    pub jobs: usize,
    /// Bytes the run should stay within: steps run side by side only while half of them are free and reckoned to suffice.
    pub memory_bytes: u64,
    /// Who the run is, for others that wait for it.
    pub holder: String,
    /// The time that stages which can give a part should stay within, from the run's start.
    pub time_limit: Option<Duration>,
    /// Set to stop the run.
    pub cancelled: Arc<AtomicBool>,
    /// Where a test may kill the process.
    pub failpoint: Failpoint,
    /// Whether sinks are written.
    pub writes: Writes,
    /// The id that somebody was promised.
    pub run_id: Option<String>,
}

/// Whether a run writes its sinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Those whose step was done.
    Sinks,
    /// None: the run only looks.
    Nothing,
}

/// What a run came to.
pub struct Outcome {
    /// The run.
    pub run_id: String,
    /// A row a step and sink, in the order they ended.
    pub rows: Vec<StepRow>,
    /// The checkpoints of all steps of the run.
    pub manifests: BTreeMap<StepId, Manifest>,
    /// Wall time.
    pub seconds: f64,
    /// The most memory the process held.
    pub peak_memory_bytes: u64,
    /// The first error, if the run failed.
    pub problem: Option<PipelineError>,
    /// The main figures, as far as the run came to them.
    pub figures: Night,
}

impl Outcome {
    /// Whether all was fresh.
    pub fn is_idle(&self) -> bool {
        self.problem.is_none() && self.rows.iter().all(|row| row.status == "fresh")
    }

    /// How the run ended, in a word.
    pub fn status(&self) -> &'static str {
        match &self.problem {
            None if self.rows.iter().any(|row| row.status == "partial") => TIMED_OUT_PARTIAL,
            None => "done",
            Some(PipelineError::Interrupted) => "interrupted",
            Some(_) => "failed",
        }
    }
}

/// The life of a step in a run.
enum State {
    /// Some step it reads is not done yet.
    Blocked,
    /// Its checkpoint holds, or was just made: readers can go on.
    Done(Box<Manifest>),
    /// A thread works on it.
    Running { started: Instant, counter: Arc<Counter>, reason: String, peak: u64, reckoned: u64, alone: bool },
    /// It failed, or a step it reads did: readers never start.
    Failed,
    /// It is switched off, or reads what is: readers are off too, and the run goes on.
    Off,
    /// Not selected.
    Idle(Option<Box<Manifest>>),
}

/// What a worker thread sends when it ends.
struct Finished {
    id: StepId,
    ingredients: Ingredients,
    result: Result<Done, PipelineError>,
}

/// The status of a run of which a stage gave a part only, because the time was up.
pub const TIMED_OUT_PARTIAL: &str = "timed_out_partial";

const TICK: Duration = Duration::from_millis(100);

/// Runs a pipeline.
///
/// # Errors
/// What keeps the run from starting; what fails in it is the outcome's `problem`.
pub fn run(
    pipeline: &Pipeline,
    state_folder: &Path,
    journal: &Journal,
    options: &RunOptions,
    observer: &dyn Observer,
) -> Result<Outcome, PipelineError> {
    let started = Instant::now();
    let store = CheckpointStore::new(state_folder, pipeline);
    let chosen = steps_to_do(pipeline, &options.plan.selection)?;
    let is_whole = chosen.len() == pipeline.steps.len();
    let run_id = options.run_id.clone().unwrap_or_else(new_run_id);
    let key = state_key(&pipeline.name, pipeline.scope.as_deref());
    let row = RunRow {
        run_id: run_id.clone(),
        pipeline: key,
        status: "running".to_owned(),
        started_at: now(),
        ended_at: None,
        pid: std::process::id(),
        problem: None,
    };
    journal.begin_run(&row, &options.plan.as_of.to_string(), options.plan.seed)?;
    observer.event(&Event::RunStarted { run_id: &run_id, pipeline: &pipeline.name, steps: chosen.len() });
    let mut run = Run {
        started,
        pipeline,
        store: &store,
        journal,
        options,
        observer,
        run_id,
        chosen,
        overtaken: BTreeSet::new(),
        earlier_needs: BTreeMap::new(),
        memory_before: 0,
        states: Vec::new(),
        rows: Vec::new(),
        problem: None,
        services: Arc::new(RunServices::new(state_folder, options.cancelled.clone(), options.plan.seed)),
    };
    run.everything();
    let Run { run_id, rows, problem, states, .. } = run;
    let peak_memory_bytes = memory::peak_bytes();
    if peak_memory_bytes > options.memory_bytes {
        let text = format!(
            "the run held {} MiB, more than --memory allows ({} MiB)",
            peak_memory_bytes >> 20,
            options.memory_bytes >> 20
        );
        observer.event(&Event::Warning { text: &text });
    }
    let manifests = states
        .into_iter()
        .enumerate()
        .filter_map(|(index, state)| match state {
            State::Done(manifest) | State::Idle(Some(manifest)) => Some((StepId(index), *manifest)),
            _ => None,
        })
        .collect();
    let seconds = started.elapsed().as_secs_f64();
    let mut figures = figures::measured(pipeline, &store, &manifests).unwrap_or_else(|problem| {
        observer.event(&Event::Warning { text: &format!("the figures of the run are not known: {problem}") });
        Night::new()
    });
    if is_whole {
        figures.extend(figures::of_the_run(&rows, seconds, peak_memory_bytes));
    }
    let mut outcome = Outcome { run_id, rows, manifests, seconds, peak_memory_bytes, problem, figures };
    keep_figures(journal, &outcome, observer);
    let failed = outcome.problem.as_ref().filter(|problem| !matches!(problem, PipelineError::Interrupted));
    let words = failed.map(ToString::to_string);
    let words = words.as_deref().and_then(|words| words.lines().next());
    let ended = journal.end_run(&outcome.run_id, outcome.status(), &now(), words);
    // What failed first is told, even where the journal cannot be written any more.
    outcome.problem = outcome.problem.or(ended.err());
    Ok(outcome)
}

/// Keeps the figures for the nights to come, unless the run failed or had nothing to do. What is told of a night is no reason
/// to fail it.
fn keep_figures(journal: &Journal, outcome: &Outcome, observer: &dyn Observer) {
    if outcome.problem.is_none()
        && !outcome.is_idle()
        && let Err(problem) = journal.keep_figures(&outcome.run_id, &outcome.figures)
    {
        observer.event(&Event::Warning { text: &format!("the figures of the run are not kept: {problem}") });
    }
}

/// Now, UTC, for the journal; no result depends on it.
fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// An id that no other run has.
pub fn new_run_id() -> String {
    format!("{}-{}", Timestamp::now().strftime("%Y%m%dT%H%M%S%.6fZ"), std::process::id())
}

/// What a panic said.
fn panic_words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".to_owned())
}

struct Run<'a> {
    started: Instant,
    pipeline: &'a Pipeline,
    store: &'a CheckpointStore,
    journal: &'a Journal,
    options: &'a RunOptions,
    observer: &'a dyn Observer,
    run_id: String,
    chosen: BTreeSet<StepId>,
    /// Sources that are read again although nobody else wrote them.
    overtaken: BTreeSet<StepId>,
    /// The memory that steps needed in earlier runs.
    earlier_needs: BTreeMap<String, EarlierNeed>,
    /// What the process held before the first step.
    memory_before: u64,
    states: Vec<State>,
    rows: Vec<StepRow>,
    problem: Option<PipelineError>,
    services: Arc<dyn Services>,
}

impl Run<'_> {
    fn everything(&mut self) {
        let result = match self.options.writes {
            Writes::Sinks => self.recover().and_then(|()| self.steps()).and_then(|()| self.sinks()),
            Writes::Nothing => self.steps(),
        };
        if let Err(error) = result {
            self.problem.get_or_insert(error);
        }
        self.note_end_of_phases();
    }

    /// Notes how far the phases have come. It is for watching: a journal that is busy for a moment must not stop the work.
    fn note_phase(&self, step: &Step, done: u64, total: Option<u64>) {
        if let StepKind::Stage { phase: Some(phase), .. } = &step.kind {
            let _ = self.generation().reached(*phase, done, total, &now());
        }
    }

    fn note_end_of_phases(&self) {
        let is_partial = self.rows.iter().any(|row| row.status == "partial");
        let (ending, problem) = match &self.problem {
            Some(problem) => (Ending::Failed, Some(problem.to_string())),
            None if is_partial => (Ending::Part, None),
            None => (Ending::Whole, None),
        };
        let _ = self.generation().ended(ending, problem.as_deref().and_then(|words| words.lines().next()), &now());
    }

    fn generation(&self) -> Generation<'_> {
        let shop = self.pipeline.scope.as_deref().unwrap_or(&self.pipeline.name);
        Generation { journal: self.journal, run_id: &self.run_id, shop }
    }

    fn commit(&self) -> Commit<'_> {
        Commit {
            pipeline: self.pipeline,
            store: self.store,
            journal: self.journal,
            observer: self.observer,
            failpoint: &self.options.failpoint,
            cancelled: &self.options.cancelled,
            again: self.options.plan.full_refresh,
            holder: &self.options.holder,
        }
    }

    fn recover(&mut self) -> Result<(), PipelineError> {
        let rows = self.commit().recover()?;
        self.rows.extend(rows);
        Ok(())
    }

    fn judge(&self) -> Judge<'_> {
        Judge { pipeline: self.pipeline, store: self.store, options: &self.options.plan, overtaken: &self.overtaken }
    }

    fn steps(&mut self) -> Result<(), PipelineError> {
        self.overtaken = overtaken(&self.judge(), &self.chosen)?;
        let key = state_key(&self.pipeline.name, self.pipeline.scope.as_deref());
        self.earlier_needs = self.journal.earlier_needs(&key)?;
        self.memory_before = memory::resident_bytes();
        self.states = self
            .pipeline
            .ids()
            .map(|id| {
                if self.chosen.contains(&id) {
                    State::Blocked
                } else {
                    State::Idle(serving(self.pipeline, self.store, &self.chosen, id))
                }
            })
            .collect();
        let workshop = Workshop {
            pipeline: self.pipeline,
            store: self.store,
            options: &self.options.plan,
            kept: KeptFrames::new(self.options.memory_bytes),
            moments: Moments::default(),
            run_id: &self.run_id.clone(),
            services: self.services.clone(),
            memory_bytes: self.options.memory_bytes,
            ends_at: self.options.time_limit.map(|limit| self.started + limit),
            cancelled: &self.options.cancelled,
            failpoint: &self.options.failpoint,
        };
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel::<Finished>();
            loop {
                if let Err(error) = self.start_what_can(scope, &workshop, &sender) {
                    self.problem.get_or_insert(error);
                }
                if !self.states.iter().any(|state| matches!(state, State::Running { .. })) {
                    break;
                }
                match receiver.recv_timeout(TICK) {
                    Ok(finished) => {
                        if let Err(error) = self.note_finished(finished) {
                            self.problem.get_or_insert(error);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => self.tick(),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        });
        let skipped = self.skip_the_blocked();
        match self.problem.take().or(skipped.err()) {
            Some(error) => Err(error),
            None if self.stopping() => Err(PipelineError::Interrupted),
            None => Ok(()),
        }
    }

    fn stopping(&self) -> bool {
        self.options.cancelled.load(Ordering::Relaxed)
    }

    /// Starts every step whose inputs are there, as far as there are free hands; fresh ones are done at once.
    fn start_what_can<'scope, 'env: 'scope>(
        &mut self,
        scope: &'scope thread::Scope<'scope, 'env>,
        workshop: &'env Workshop<'env>,
        sender: &Sender<Finished>,
    ) -> Result<(), PipelineError> {
        if self.problem.is_some() {
            return Ok(());
        }
        for id in self.pipeline.ids() {
            let running = self.states.iter().filter(|state| matches!(state, State::Running { .. })).count();
            if running >= self.options.jobs || self.stopping() {
                break;
            }
            if !matches!(self.states[id.0], State::Blocked) {
                continue;
            }
            if let Some(reason) = self.off(id) {
                self.note_off(id, reason)?;
                continue;
            }
            let Some(inputs) = self.inputs_of(id)? else { continue };
            if running > 0 && !self.fits_beside(self.reckoned_memory(self.pipeline.step(id), &inputs)) {
                continue;
            }
            self.start(id, inputs, scope, workshop, sender)?;
        }
        Ok(())
    }

    /// Why a step is off: by its own switch, or because it reads what is not made.
    fn off(&self, id: StepId) -> Option<String> {
        let step = self.pipeline.step(id);
        let is_off = |input: &&Input| matches!(self.states[input.dataset.step.0], State::Off);
        let unmade = || step.inputs().iter().find(is_off).map(|input| self.judge().unmade(input.dataset));
        self.judge().off(step).or_else(unmade)
    }

    fn note_off(&mut self, id: StepId, reason: String) -> Result<(), PipelineError> {
        let step = self.pipeline.step(id);
        let text = format!("{} is off: {reason}; what was written of it before stays", step.label());
        self.observer.event(&Event::Warning { text: &text });
        self.states[id.0] = State::Off;
        self.note(StepRow {
            kind: step.kind_word().to_owned(),
            step: step.name.clone(),
            status: "off".to_owned(),
            reason: Some(reason),
            ..StepRow::default()
        })
    }

    /// The memory that a step is reckoned to need: what it needed when it worked last, more where it reads more rows now;
    /// before that, by the size of the checkpoints it reads.
    fn reckoned_memory(&self, step: &Step, inputs: &BTreeMap<StepId, Manifest>) -> u64 {
        let read: Vec<_> = step
            .reads()
            .filter_map(|dataset| inputs.get(&dataset.step)?.outputs.get(dataset.output))
            .map(|output| (output.rows, output.bytes))
            .collect();
        match self.earlier_needs.get(&step.name) {
            Some(need) => memory::reckoned_by_rows(need.bytes, need.rows_in, read.iter().map(|(rows, _)| rows).sum()),
            None => memory::reckoned(read.iter().map(|(_, bytes)| bytes).sum()),
        }
    }

    /// Whether a step that is reckoned to need so many bytes may be begun beside those that run.
    fn fits_beside(&self, reckoned: u64) -> bool {
        let of = |state: &State| if let State::Running { reckoned, .. } = state { *reckoned } else { 0 };
        let running = self.states.iter().map(of).sum();
        memory::fits_beside(reckoned, running, memory::resident_bytes(), self.options.memory_bytes)
    }

    /// The checkpoints a step reads, once all are there.
    fn inputs_of(&self, id: StepId) -> Result<Option<BTreeMap<StepId, Manifest>>, PipelineError> {
        let step = self.pipeline.step(id);
        let mut inputs = BTreeMap::new();
        for dataset in step.reads() {
            match &self.states[dataset.step.0] {
                State::Done(manifest) | State::Idle(Some(manifest)) => {
                    inputs.insert(dataset.step, manifest.as_ref().clone());
                }
                State::Idle(None) => return Err(super::plan::missing_input(self.pipeline, step, dataset)),
                _ => return Ok(None),
            }
        }
        Ok(Some(inputs))
    }

    fn start<'scope, 'env: 'scope>(
        &mut self,
        id: StepId,
        inputs: BTreeMap<StepId, Manifest>,
        scope: &'scope thread::Scope<'scope, 'env>,
        workshop: &'env Workshop<'env>,
        sender: &Sender<Finished>,
    ) -> Result<(), PipelineError> {
        let step = workshop.pipeline.step(id);
        let judge = self.judge();
        let (verdict, ingredients) = match &step.kind {
            StepKind::Source { spec, config, .. } => {
                (judge.source(id, spec, config)?, source_ingredients(step, config, BTreeMap::new()))
            }
            StepKind::Stage { .. } => {
                let ingredients = judge.ingredients(step, &inputs);
                (judge.stage(step, &ingredients), ingredients)
            }
        };
        let reason = match verdict {
            Verdict::Fresh(manifest, evidence) => return self.note_fresh(id, *manifest, evidence),
            Verdict::Stale(reasons) => reasons.join("; "),
            _ => "never run".to_owned(),
        };
        let kind = step.kind_word();
        self.observer.event(&Event::StepStarted { step: &step.name, kind, reason: &reason });
        self.note_phase(step, 0, None);
        let counter = Arc::new(Counter::default());
        let reckoned = self.reckoned_memory(step, &inputs);
        let mut is_alone = true;
        for state in &mut self.states {
            if let State::Running { alone, .. } = state {
                (*alone, is_alone) = (false, false);
            }
        }
        self.states[id.0] = State::Running {
            started: Instant::now(),
            counter: counter.clone(),
            reason,
            peak: memory::resident_bytes(),
            reckoned,
            alone: is_alone,
        };
        let sender = sender.clone();
        scope.spawn(move || {
            let work = || workshop.work(step, &inputs, ingredients.clone(), &counter);
            // What the step left half-done lies in its unfinished checkpoint, which nobody reads.
            let result = panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
                Err(PipelineError::Panicked { step: step.label(), message: panic_words(panic.as_ref()) })
            });
            // The receiver lives until all threads have ended.
            let _ = sender.send(Finished { id, ingredients, result });
        });
        Ok(())
    }

    fn note_fresh(&mut self, id: StepId, manifest: Manifest, evidence: Evidence) -> Result<(), PipelineError> {
        let step = self.pipeline.step(id);
        if let Some(latest) = self.store.latest(&step.name) {
            if let Evidence::Files(Unchanged::Content(state)) = evidence {
                self.store.set_latest(&step.name, &Latest { source: Some(state), ..latest })?;
            } else if latest.fingerprint != manifest.fingerprint {
                // An earlier checkpoint serves again, for example because a parameter was set back.
                self.store.set_latest(&step.name, &Latest { fingerprint: manifest.fingerprint.clone(), ..latest })?;
            }
        }
        let (rows_in, rows_out, rejected) = row_counts(&manifest.ingredients, &manifest);
        let row = StepRow {
            kind: step.kind_word().to_owned(),
            step: step.name.clone(),
            status: "fresh".to_owned(),
            fingerprint: Some(manifest.fingerprint.short().to_owned()),
            rows_in,
            rows_out,
            rejected,
            ..StepRow::default()
        };
        self.states[id.0] = State::Done(Box::new(manifest));
        self.note_phase(step, 1, Some(1));
        self.note(row)
    }

    fn note_finished(&mut self, finished: Finished) -> Result<(), PipelineError> {
        let Finished { id, ingredients, result } = finished;
        let step = self.pipeline.step(id);
        let state = std::mem::replace(&mut self.states[id.0], State::Failed);
        let State::Running { started, reason, peak, alone, .. } = state else { return Ok(()) };
        let peak = peak.max(memory::resident_bytes());
        let mut row = StepRow {
            kind: step.kind_word().to_owned(),
            step: step.name.clone(),
            reason: Some(reason),
            started_after: Some(started.duration_since(self.started).as_secs_f64()),
            seconds: started.elapsed().as_secs_f64(),
            peak_memory_bytes: peak,
            ..StepRow::default()
        };
        memory::give_back_much(self.options.memory_bytes);
        match result {
            Ok(done) => {
                let ingredients = if step.is_source() { done.manifest.ingredients.clone() } else { ingredients };
                (row.rows_in, row.rows_out, row.rejected) = row_counts(&ingredients, &done.manifest);
                row.status = done.word().to_owned();
                row.fingerprint = Some(done.manifest.fingerprint.short().to_owned());
                row.warnings = done.warnings;
                row.needed_memory = Some(NeededMemory { bytes: peak.saturating_sub(self.memory_before), alone });
                self.states[id.0] = State::Done(Box::new(done.manifest));
                self.note_phase(step, 1, Some(1));
                self.note(row)
            }
            Err(PipelineError::Interrupted) => {
                row.status = "interrupted".to_owned();
                self.note(row)?;
                Err(PipelineError::Interrupted)
            }
            Err(error) => {
                row.status = "failed".to_owned();
                row.reason = Some(error.to_string());
                // The error is told, whether the journal can be written or not.
                let _ = self.note(row);
                Err(error)
            }
        }
    }

    fn note(&mut self, row: StepRow) -> Result<(), PipelineError> {
        self.observer.event(&Event::StepFinished { row: &row });
        self.journal.step(&self.run_id, &row)?;
        self.rows.push(row);
        Ok(())
    }

    fn tick(&mut self) {
        let resident = memory::resident_bytes();
        let time = now();
        for id in self.pipeline.ids() {
            let State::Running { counter, peak, .. } = &mut self.states[id.0] else { continue };
            *peak = resident.max(*peak);
            let (done, total) = counter.read();
            self.note_phase(self.pipeline.step(id), done, total);
            let step = &self.pipeline.step(id).name;
            self.observer.event(&Event::StepProgress { step, done, total });
            // Progress is for watching; a journal that is busy for a moment must not stop the work.
            let _ = self.journal.progress(&self.run_id, step, done, total, &time);
        }
    }

    /// Steps that never started because one before them failed.
    fn skip_the_blocked(&mut self) -> Result<(), PipelineError> {
        for id in self.pipeline.ids() {
            if matches!(self.states[id.0], State::Blocked) {
                self.states[id.0] = State::Failed;
                let step = self.pipeline.step(id);
                let kind = step.kind_word();
                self.note(StepRow {
                    kind: kind.to_owned(),
                    step: step.name.clone(),
                    status: "skipped".to_owned(),
                    ..StepRow::default()
                })?;
            }
        }
        Ok(())
    }

    fn sinks(&mut self) -> Result<(), PipelineError> {
        let mut due: Vec<(&Sink, Manifest)> = Vec::new();
        for sink in &self.pipeline.sinks {
            let State::Done(manifest) = &self.states[sink.from.step.0] else { continue };
            let batch = Batch::of(self.pipeline, sink, manifest);
            if self.options.plan.full_refresh || !is_written(self.pipeline, sink, &batch, self.journal)? {
                due.push((sink, manifest.as_ref().clone()));
            }
        }
        let rows = self.commit().write(&self.run_id, &due)?;
        self.rows.extend(rows);
        Ok(())
    }
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
