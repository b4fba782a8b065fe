//! Doing one step: reading a source, or running a stage's operator, into a checkpoint.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

use polars::prelude::{IntoLazy, LazyFrame, PolarsError, col};
use serde_json::Value as Json;

use super::{
    checkpoint::{CheckpointStore, Draft, Latest, Made, Manifest, file_name, footer},
    conform::{conform, fits, words},
    error::PipelineError,
    expect,
    failpoint::Failpoint,
    file::{DatasetRef, Input, Pipeline, Step, StepId, StepKind, model::Severity},
    fingerprint::{Ingredients, InputIngredient},
    kept::KeptFrames,
    observe::Counter,
    plan::{PlanOptions, source_ingredients},
    storage::{ListedFiles, StageStorage},
};
use crate::{
    flags::StageFlags,
    io::{self, IoError, Moments, ReadWatch, SourceRows, SourceSpec, Spill},
    operator::{Column, ColumnKind, Frames, Inputs, PortSchema, Services, StageContext, StageError, TimeLimit},
};

/// How often a source is read at most when files come to it while it is read.
const MOST_READINGS: u32 = 3;

/// What doing a step needs.
pub struct Workshop<'a> {
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// Its checkpoints.
    pub store: &'a CheckpointStore,
    /// The as-of time and the seed.
    pub options: &'a PlanOptions,
    /// What the sources of the run read.
    pub kept: KeptFrames,
    /// The moments at which servers are read.
    pub moments: Moments,
    /// The run.
    pub run_id: &'a str,
    /// Models elsewhere.
    pub services: Arc<dyn Services>,
    /// Bytes a stage should stay within.
    pub memory_bytes: u64,
    /// When the run's time is up.
    pub ends_at: Option<Instant>,
    /// Set when the run was asked to stop.
    pub cancelled: &'a Arc<AtomicBool>,
    /// Where a test may kill the process.
    pub failpoint: &'a Failpoint,
}

/// A step that was done.
pub struct Done {
    /// Its checkpoint.
    pub manifest: Manifest,
    /// Whether its outputs are the ones it had before.
    pub unchanged: bool,
    /// Broken expectations of severity warn.
    pub warnings: Vec<String>,
}

impl Done {
    /// What the step came to, in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self { manifest: Manifest { partial: true, .. }, .. } => "partial",
            Self { unchanged: true, .. } => "unchanged",
            Self { .. } => "done",
        }
    }
}

impl Workshop<'_> {
    /// Does a step. `inputs` are the checkpoints of the steps it reads, `ingredients` what decides a stage's output.
    ///
    /// # Errors
    /// When it cannot be read, computed or written, or an expectation of severity error is broken.
    pub fn work(
        &self,
        step: &Step,
        inputs: &BTreeMap<StepId, Manifest>,
        ingredients: Ingredients,
        counter: &Arc<Counter>,
    ) -> Result<Done, PipelineError> {
        let before = self.store.latest_manifest(&step.name);
        self.failpoint.pass("step-begin");
        let done = match &step.kind {
            StepKind::Source { .. } => self.read_source(step, counter, MOST_READINGS),
            StepKind::Stage { .. } => self.run_stage(step, inputs, ingredients, counter),
        }?;
        self.failpoint.pass("step-end");
        let unchanged = before.is_some_and(|before| contents(&before) == contents(&done.manifest));
        Ok(Done { unchanged, ..done })
    }

    /// Reads a source. When files come to it meanwhile, it is read again, `readings` times in all.
    fn read_source(&self, step: &Step, counter: &Arc<Counter>, readings: u32) -> Result<Done, PipelineError> {
        let StepKind::Source { spec, config, .. } = &step.kind else { return Err(PipelineError::Interrupted) };
        let io = |problem| PipelineError::Io { what: step.label(), problem };
        // The state is taken before reading: what is written to a database meanwhile makes the source stale the next time.
        let state = spec.state_with_contents(&self.moments).map_err(io)?;
        self.failpoint.pass("source-listed");
        let draft = self.read_rows(step, spec, config, counter);
        if spec.is_of_files() {
            let after = spec.state().map_err(io)?;
            // That a file changed says more than what was made of it.
            if let Some(path) = state.first_changed(&after) {
                return Err(io(IoError::Changed { path: path.to_owned() }));
            }
            match after.first_changed(&state) {
                Some(_) if readings > 1 => return self.read_source(step, counter, readings - 1),
                Some(path) => return Err(io(IoError::Changed { path: path.to_owned() })),
                None => {}
            }
        }
        let draft = draft?;
        let content = draft
            .outputs()
            .iter()
            .map(|output| (output.port.clone(), InputIngredient { content: output.content.clone(), rows: output.rows }))
            .collect();
        let ingredients = source_ingredients(step, config, content);
        let latest = Latest { fingerprint: ingredients.fingerprint(), source: Some(state), overtaken: false };
        let mut done = self.finish(step, draft, &BTreeMap::new(), ingredients, latest)?;
        done.warnings.extend(spec.warnings());
        Ok(done)
    }

    fn read_rows(
        &self,
        step: &Step,
        spec: &SourceSpec,
        config: &Json,
        counter: &Arc<Counter>,
    ) -> Result<Draft<'_>, PipelineError> {
        let io = |problem| PipelineError::Io { what: step.label(), problem };
        let watch = ReadWatch { progress: counter.as_ref(), cancelled: self.cancelled };
        let mut draft = self.store.begin(&step.name)?;
        // The fingerprint of a source is its content, which is known only when it is written: the footer names the settings.
        let source_mark = super::fingerprint::hash_json(config);
        let pairs = footer(self.run_id, &step.name, &source_mark);
        let spill = Spill { path: &draft.folder().join(file_name("rows")), footer: &pairs };
        let (rows, rejected) = spec.read_or_spill(spill, &watch, &self.moments).map_err(io)?;
        let rows = match rows {
            SourceRows::Held(frame) => Made::Frame(frame),
            SourceRows::Spilled { rows } => Made::File { rows },
        };
        let rejected = Made::Frame(Box::new(rejected.lazy()));
        let frames = vec![("rows".to_owned(), rows), ("rejected".to_owned(), rejected)];
        draft.write(frames, &pairs).map_err(|error| self.while_stopping(error))?;
        Ok(draft)
    }

    fn run_stage(
        &self,
        step: &Step,
        inputs: &BTreeMap<StepId, Manifest>,
        ingredients: Ingredients,
        counter: &Arc<Counter>,
    ) -> Result<Done, PipelineError> {
        let StepKind::Stage { bound, flags, .. } = &step.kind else { return Err(PipelineError::Interrupted) };
        let fail = |problem: StageError| match problem {
            StageError::Interrupted => PipelineError::Interrupted,
            problem => PipelineError::Step { step: step.label(), problem },
        };
        let frames = self.input_frames(step, inputs)?;
        let mut schemas = BTreeMap::new();
        for (port, frame) in frames.clone() {
            schemas.insert(port, schema_of(frame).map_err(fail)?);
        }
        let declared = bound.outputs(&schemas).map_err(fail)?;
        let fingerprint = ingredients.fingerprint();
        let pairs = footer(self.run_id, &step.name, &fingerprint.to_string());
        let mut draft = self.store.begin(&step.name)?;
        let listed = ListedFiles::of(self.pipeline, self.store);
        let storage = Arc::new(StageStorage::new(draft.folder(), &declared, &pairs, listed, self.failpoint.clone()));
        let context = StageContext {
            as_of: self.options.as_of,
            seed: self.options.seed,
            memory_bytes: self.memory_bytes,
            progress: counter.clone(),
            cancelled: self.cancelled.clone(),
            storage: storage.clone(),
            services: self.services.clone(),
            flags: Arc::new(StageFlags::new(flags, &self.options.flags)),
            time: Arc::new(self.time_limit()),
        };
        // What a stage makes of a file that changed under its hands, an error or rows, says nothing.
        let same_files = || {
            let io = |problem| PipelineError::Io { what: step.label(), problem };
            storage.check_unchanged().map_err(io)
        };
        let made = bound.run(frames, &context);
        same_files()?;
        let mut made = made.map_err(fail)?;
        let mut written = storage.finish().map_err(fail)?;
        let mut frames = Vec::with_capacity(declared.len());
        for port in &declared {
            if let Some(rows) = written.remove(&port.name) {
                frames.push((port.name.clone(), Made::File { rows }));
                continue;
            }
            let frame = made.take(&port.name).map_err(|_| PipelineError::OutputSchema {
                stage: step.name.clone(),
                port: port.name.clone(),
                made: "no frame".to_owned(),
                declared: "one".to_owned(),
            })?;
            check_output(step, &port.name, &port.columns, frame.clone())?;
            frames.push((port.name.clone(), Made::Frame(Box::new(frame))));
        }
        drop(made);
        context.check_cancelled().map_err(fail)?;
        let all_written = draft.write(frames, &pairs).map_err(|error| self.while_stopping(error));
        same_files()?;
        all_written?;
        if context.time.gave_part() {
            draft.is_a_part();
        }
        self.failpoint.pass("stage-outputs-written");
        self.finish(step, draft, inputs, ingredients, Latest { fingerprint, source: None, overtaken: false })
    }

    /// What is left of the run's time.
    fn time_limit(&self) -> TimeLimit {
        let ends_at = self.ends_at;
        TimeLimit::new(move || ends_at.map(|end| end.saturating_duration_since(Instant::now())))
    }

    /// A kernel that stopped because it was asked to fails its frame; say so, not that the frame failed.
    fn while_stopping(&self, error: PipelineError) -> PipelineError {
        if self.cancelled.load(std::sync::atomic::Ordering::Relaxed) { PipelineError::Interrupted } else { error }
    }

    fn input_frames(&self, step: &Step, inputs: &BTreeMap<StepId, Manifest>) -> Result<Frames, PipelineError> {
        let StepKind::Stage { bound, inputs: connected, .. } = &step.kind else { return Ok(Frames::new()) };
        let ports = bound.inputs();
        let mut frames = Frames::new();
        for input in connected {
            let Some(frame) = self.dataset(inputs, input.dataset)? else { continue };
            let frame = match &ports {
                Inputs::Any => frame,
                Inputs::Ports(ports) => match ports.iter().find(|port| port.name == input.port) {
                    None => frame,
                    Some(port) => self.conformed(step, input, frame, &port.columns())?,
                },
            };
            frames = frames.with(&input.port, frame);
        }
        Ok(frames)
    }

    fn conformed(
        &self,
        step: &Step,
        input: &Input,
        mut frame: LazyFrame,
        columns: &PortSchema,
    ) -> Result<LazyFrame, PipelineError> {
        let fail = |problem: StageError| PipelineError::Step { step: step.label(), problem };
        let found = schema_of(frame.clone()).map_err(fail)?;
        for wanted in columns {
            let Some(column) = found.iter().find(|column| column.name == wanted.name) else { continue };
            if column.kind.fits(wanted.kind) || column.kind == ColumnKind::Any {
                continue;
            }
            // A file's numbers stay texts where as numbers they would lose something, 1.50; and lists are JSON in a table.
            let is_read = column.kind == ColumnKind::Text && (wanted.kind.is_number() || wanted.kind.is_nested());
            let misspelled = match is_read {
                true => first_misspelled(&frame, wanted).map_err(|error| fail(error.into()))?,
                false => None,
            };
            if is_read && misspelled.is_none() {
                continue;
            }
            let mut problem =
                format!("the column '{}' is {}, not {}", wanted.name, column.kind.word(), wanted.kind.word());
            if let Some(cell) = misspelled {
                problem.push_str(&format!(": it holds {cell:?}"));
            }
            let mend = match self.observed_types(input.dataset) && !wanted.kind.is_nested() {
                true => format!(
                    "give the source '{}' types = {{ {} = \"{}\" }}",
                    self.pipeline.step(input.dataset.step).name,
                    toml_key(&wanted.name),
                    type_name(wanted.kind)
                ),
                false => "cast it in the source's query, or in an sql stage before".to_owned(),
            };
            return Err(fail(StageError::Input { port: input.port.clone(), problem, mend }));
        }
        frame = conform(frame, columns).map_err(|error| fail(error.into()))?;
        Ok(frame)
    }

    /// Whether the types of a dataset's columns were found from text, where they were not given.
    fn observed_types(&self, dataset: DatasetRef) -> bool {
        let step = self.pipeline.step(dataset.step);
        matches!(&step.kind, StepKind::Source { spec: SourceSpec::Csv { .. }, .. }) && dataset.output == 0
    }

    fn dataset(
        &self,
        inputs: &BTreeMap<StepId, Manifest>,
        dataset: DatasetRef,
    ) -> Result<Option<LazyFrame>, PipelineError> {
        match inputs.get(&dataset.step).and_then(|manifest| Some((manifest, manifest.outputs.get(dataset.output)?))) {
            Some((manifest, output)) => match self.kept.get(&manifest.fingerprint, &output.port) {
                Some(frame) => Ok(Some(frame)),
                None => self.store.scan(manifest, output).map(Some),
            },
            None => Ok(None),
        }
    }

    fn finish(
        &self,
        step: &Step,
        draft: Draft<'_>,
        inputs: &BTreeMap<StepId, Manifest>,
        ingredients: Ingredients,
        latest: Latest,
    ) -> Result<Done, PipelineError> {
        let warnings = self.check_expectations(step, &draft, inputs)?;
        let fail = |point: &str| self.failpoint.pass(point);
        let in_memory = draft.in_memory();
        let manifest = draft.finish(ingredients, self.run_id, &fail)?;
        self.failpoint.pass("checkpoint-before-latest");
        self.store.set_latest(&step.name, &latest)?;
        if step.is_source() {
            for (port, frame) in in_memory {
                self.kept.keep(&manifest.fingerprint, &port, frame);
            }
        }
        Ok(Done { manifest, unchanged: false, warnings })
    }

    /// Broken expectations of severity warn; those of severity error are an error.
    fn check_expectations(
        &self,
        step: &Step,
        draft: &Draft<'_>,
        inputs: &BTreeMap<StepId, Manifest>,
    ) -> Result<Vec<String>, PipelineError> {
        let mut warnings = Vec::new();
        let mut errors = Vec::new();
        for expectation in &step.expectations {
            let Some(output) = draft.outputs().get(expectation.output) else { continue };
            let frame = draft.scan(output)?;
            let mut related = BTreeMap::new();
            for (name, dataset) in &expectation.related {
                let own = self.pipeline.step(dataset.step).name == step.name;
                let found = match draft.outputs().get(dataset.output) {
                    Some(output) if own => Some(draft.scan(output)?),
                    _ => self.dataset(inputs, *dataset)?,
                };
                if let Some(frame) = found {
                    related.insert(name.clone(), frame);
                }
            }
            let name = &step.outputs[expectation.output].dataset;
            let broken = expect::broken(name, &frame, output.rows, &expectation.table, &related)
                .map_err(|error| PipelineError::Step { step: step.label(), problem: error.into() })?;
            match expectation.table.severity {
                Severity::Warn => warnings.extend(broken),
                Severity::Error => errors.extend(broken),
            }
        }
        if errors.is_empty() {
            Ok(warnings)
        } else {
            Err(PipelineError::Expectation { step: step.label(), broken: errors })
        }
    }
}

fn contents(manifest: &Manifest) -> Vec<&str> {
    manifest.outputs.iter().map(|output| output.content.0.as_str()).collect()
}

fn schema_of(mut frame: LazyFrame) -> Result<PortSchema, StageError> {
    let schema = frame.collect_schema()?;
    Ok(schema.iter().map(|(name, kind)| crate::operator::Column::new(name.as_str(), ColumnKind::of(kind))).collect())
}

/// An operator must make what it declares: readers were checked against it.
fn check_output(step: &Step, port: &str, declared: &PortSchema, frame: LazyFrame) -> Result<(), PipelineError> {
    if declared.is_empty() {
        return Ok(());
    }
    let made = schema_of(frame).map_err(|problem| PipelineError::Step { step: step.label(), problem })?;
    if fits(&made, declared) {
        return Ok(());
    }
    Err(PipelineError::OutputSchema {
        stage: step.name.clone(),
        port: port.to_owned(),
        made: words(&made),
        declared: words(declared),
    })
}

/// The rows a step read and made, for the journal: in, out, rejected.
pub fn row_counts(ingredients: &Ingredients, manifest: &Manifest) -> (u64, u64, u64) {
    let is_source = ingredients.operator == "source";
    let made: u64 = manifest.outputs.iter().filter(|output| output.port != "rejected").map(|output| output.rows).sum();
    let rejected = manifest.outputs.iter().filter(|output| output.port == "rejected").map(|output| output.rows).sum();
    let read = if is_source { made + rejected } else { ingredients.inputs.values().map(|input| input.rows).sum() };
    (read, made, rejected)
}

/// The first text of a column that does not spell a value of the wanted kind.
fn first_misspelled(frame: &LazyFrame, wanted: &Column) -> Result<Option<String>, PolarsError> {
    if wanted.kind.is_nested() {
        return io::first_misspelled(frame, &wanted.name, wanted.kind);
    }
    let Some(target) = wanted.kind.data_type() else { return Ok(None) };
    let text = || col(wanted.name.as_str());
    let wrong = frame.clone().filter(text().is_not_null().and(text().cast(target).is_null())).select([text()]);
    let wrong = wrong.limit(1).collect()?;
    Ok(wrong.column(&wanted.name)?.str()?.iter().next().flatten().map(ToOwned::to_owned))
}

/// A kind as `types` of a source names it.
const fn type_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Int => "int",
        ColumnKind::Float => "float",
        ColumnKind::Bool => "bool",
        ColumnKind::Date => "date",
        ColumnKind::Timestamp => "timestamp",
        ColumnKind::Text
        | ColumnKind::Any
        | ColumnKind::Texts
        | ColumnKind::Ints
        | ColumnKind::Floats
        | ColumnKind::Record(_)
        | ColumnKind::Records(_) => "text",
    }
}

/// A column's name as a key of a TOML table.
fn toml_key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { name.to_owned() } else { format!("{name:?}") }
}
