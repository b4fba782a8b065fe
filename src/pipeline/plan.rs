//! The plan: which steps are fresh, which are stale and why, and which sinks have something to write.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{
    batch::{Batch, is_written},
    checkpoint::{CheckpointStore, Found, Manifest, state_key},
    error::PipelineError,
    file::{DatasetRef, Input, Pipeline, Sink, Step, StepId, StepKind, model::OwnWrites},
    fingerprint::{CHECKPOINT_FORMAT, Fingerprint, Ingredients, InputIngredient, row_change},
    journal::Journal,
    select::{Selection, all_readers, readers},
};
use crate::{
    flags::{FlagValue, Overrides, StageFlags},
    io::{SourceSpec, Unchanged},
};

/// What decides a plan beside the pipeline and the state of its sources.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// Which steps.
    pub selection: Selection,
    /// Do the selected stages even if they are fresh.
    pub force: bool,
    /// Read the sources and do everything again, and write the sinks again (appends apart).
    pub full_refresh: bool,
    /// The instant the run is about.
    pub as_of: Timestamp,
    /// The seed of all randomness.
    pub seed: u64,
    /// What is set of flags.
    pub flags: Arc<Overrides>,
}

/// What a run will do with a step.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Nothing: its checkpoint holds, as this tells.
    Fresh(Box<Manifest>, Evidence),
    /// Do it, for these reasons.
    Stale(Vec<String>),
    /// Do it for the first time.
    NeverRun,
    /// Decide when the steps it reads are done: it is fresh if their output turns out equal.
    Waiting(Vec<String>),
    /// Nothing, for this reason: it is switched off, or reads what is.
    Off(String),
    /// Not selected; its newest checkpoint serves those that are.
    NotSelected(Option<Box<Manifest>>),
}

/// What tells that a step is fresh.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// A stage's fingerprint.
    Fingerprint,
    /// The signs of a source's files.
    Files(Unchanged),
}

impl Evidence {
    fn words(&self) -> Option<&'static str> {
        match self {
            Self::Fingerprint => None,
            Self::Files(Unchanged::Server) => Some("by its server's sign"),
            Self::Files(Unchanged::Signs) => Some("by size, times and inode"),
            Self::Files(Unchanged::Content(_)) => Some("by content: times or inodes are others"),
        }
    }
}

/// What a run will do with a sink.
#[derive(Clone, Debug)]
pub enum SinkVerdict {
    /// Nothing: what it would write is written.
    Written,
    /// Write, for this reason.
    ToWrite(String),
    /// Decide when the step it writes is done.
    Waiting(String),
    /// Nothing: the step it writes is off.
    Off,
    /// The step it writes is not selected.
    NotSelected,
}

/// A plan.
pub struct Plan {
    /// A verdict a step, in pipeline order.
    pub steps: Vec<(StepId, Verdict)>,
    /// A verdict a sink, in file order.
    pub sinks: Vec<SinkVerdict>,
}

/// What is needed to judge steps.
pub struct Judge<'a> {
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// Its checkpoints.
    pub store: &'a CheckpointStore,
    /// What decides beside it.
    pub options: &'a PlanOptions,
    /// Sources to read again although nobody else wrote them; see [`overtaken`].
    pub overtaken: &'a BTreeSet<StepId>,
}

/// The selected steps and the sources that they read.
///
/// # Errors
/// A selector that names nothing.
pub fn steps_to_do(pipeline: &Pipeline, selection: &Selection) -> Result<BTreeSet<StepId>, PipelineError> {
    let mut chosen = selection.resolve(pipeline)?;
    let sources: Vec<StepId> = chosen
        .iter()
        .flat_map(|id| pipeline.step(*id).reads().map(|dataset| dataset.step))
        .filter(|id| pipeline.step(*id).is_source())
        .collect();
    chosen.extend(sources);
    Ok(chosen)
}

/// The newest checkpoint of a step that is not selected, if a selected step reads it and it is whole.
pub fn serving(
    pipeline: &Pipeline,
    store: &CheckpointStore,
    chosen: &BTreeSet<StepId>,
    id: StepId,
) -> Option<Box<Manifest>> {
    let is_read = readers(pipeline, id).iter().any(|reader| chosen.contains(reader));
    is_read.then(|| store.latest_whole(&pipeline.step(id).name)).flatten()
}

/// Sources whose databases only this pipeline wrote since they were read, and of whose readers one is due: that one must
/// see what was written, unless the source says otherwise. As long as nothing is due they need not be read: what the
/// pipeline wrote does not make it stale.
///
/// # Errors
/// A source that cannot be looked at.
pub fn overtaken(judge: &Judge<'_>, chosen: &BTreeSet<StepId>) -> Result<BTreeSet<StepId>, PipelineError> {
    let was_written = |id: &StepId| {
        let step = judge.pipeline.step(*id);
        let StepKind::Source { own_writes: OwnWrites::Reread, .. } = step.kind else { return false };
        judge.store.latest(&step.name).is_some_and(|latest| latest.overtaken)
    };
    let mut behind: BTreeSet<StepId> = chosen.iter().copied().filter(was_written).collect();
    let mut again = BTreeSet::new();
    while !behind.is_empty() {
        let verdicts = Judge { overtaken: &again, ..*judge }.verdicts(chosen)?;
        let is_due =
            |id: &StepId| !matches!(verdicts[id.0].1, Verdict::Fresh(..) | Verdict::Off(_) | Verdict::NotSelected(_));
        let due: Vec<StepId> =
            behind.iter().copied().filter(|id| all_readers(judge.pipeline, *id).iter().any(is_due)).collect();
        if due.is_empty() {
            break;
        }
        behind.retain(|id| !due.contains(id));
        again.extend(due);
    }
    Ok(again)
}

/// Makes the plan.
///
/// # Errors
/// A selector that names nothing, a source that cannot be looked at, a journal or ledger that cannot be read.
pub fn plan(
    pipeline: &Pipeline,
    store: &CheckpointStore,
    options: &PlanOptions,
    journal: &Journal,
) -> Result<Plan, PipelineError> {
    let chosen = steps_to_do(pipeline, &options.selection)?;
    let judge = Judge { pipeline, store, options, overtaken: &BTreeSet::new() };
    let judge = Judge { overtaken: &overtaken(&judge, &chosen)?, ..judge };
    let steps = judge.verdicts(&chosen)?;
    let pending = journal.pending_commit(&state_key(&judge.pipeline.name, judge.pipeline.scope.as_deref()))?;
    let unfinished = |sink: &Sink| {
        let (run_id, intents) = pending.as_ref()?;
        let is_intended = intents.iter().any(|intent| intent.sink == sink.name);
        is_intended.then(|| SinkVerdict::ToWrite(format!("left unfinished by run {run_id}")))
    };
    let verdict = |sink| unfinished(sink).map_or_else(|| judge.sink(sink, &steps, journal), Ok);
    let sinks = judge.pipeline.sinks.iter().map(verdict).collect::<Result<_, _>>()?;
    Ok(Plan { steps, sinks })
}

impl Verdict {
    /// The checkpoint that serves readers, if it is known already.
    pub fn manifest(&self) -> Option<&Manifest> {
        match self {
            Self::Fresh(manifest, _) | Self::NotSelected(Some(manifest)) => Some(manifest),
            _ => None,
        }
    }
}

impl Judge<'_> {
    /// A verdict a step, in pipeline order.
    fn verdicts(&self, chosen: &BTreeSet<StepId>) -> Result<Vec<(StepId, Verdict)>, PipelineError> {
        let mut steps: Vec<(StepId, Verdict)> = Vec::with_capacity(self.pipeline.steps.len());
        for id in self.pipeline.ids() {
            let verdict = if chosen.contains(&id) {
                self.step(id, &steps)?
            } else {
                Verdict::NotSelected(serving(self.pipeline, self.store, chosen, id))
            };
            steps.push((id, verdict));
        }
        Ok(steps)
    }

    fn step(&self, id: StepId, earlier: &[(StepId, Verdict)]) -> Result<Verdict, PipelineError> {
        let step = self.pipeline.step(id);
        match &step.kind {
            StepKind::Source { spec, config, .. } => self.source(id, spec, config),
            StepKind::Stage { .. } => {
                let reads_off = |input: &&Input| matches!(earlier[input.dataset.step.0].1, Verdict::Off(_));
                let is_off = step.inputs().iter().find(reads_off).map(|input| self.unmade(input.dataset));
                if let Some(reason) = self.off(step).or(is_off) {
                    return Ok(Verdict::Off(reason));
                }
                let mut manifests = BTreeMap::new();
                let mut waiting = Vec::new();
                for input in step.inputs() {
                    match &earlier[input.dataset.step.0].1 {
                        Verdict::NotSelected(None) => return Err(missing_input(self.pipeline, step, input.dataset)),
                        verdict => match verdict.manifest() {
                            Some(manifest) => {
                                manifests.insert(input.dataset.step, manifest.clone());
                            }
                            None => waiting.push(self.pipeline.dataset_name(input.dataset).to_owned()),
                        },
                    }
                }
                if !waiting.is_empty() {
                    return Ok(if self.store.latest(&step.name).is_none() {
                        Verdict::NeverRun
                    } else {
                        Verdict::Waiting(waiting)
                    });
                }
                Ok(self.stage(step, &self.ingredients(step, &manifests)))
            }
        }
    }

    /// Why a stage is switched off.
    pub fn off(&self, step: &Step) -> Option<String> {
        let StepKind::Stage { switch: Some(switch), .. } = &step.kind else { return None };
        let flags = &self.options.flags;
        if flags.value(None, switch) == FlagValue::Switch(true) {
            return None;
        }
        Some(match flags.held_by(None, switch) {
            Some(kill_switch) => format!("flag {} is held off by {kill_switch}", switch.key),
            None => format!("flag {} is off", switch.key),
        })
    }

    /// Why a stage that reads a dataset of one that is off is so too.
    pub fn unmade(&self, dataset: DatasetRef) -> String {
        format!("reads {}, which is not made", self.pipeline.dataset_name(dataset))
    }

    /// Whether a source must be read again.
    ///
    /// # Errors
    /// When its files cannot be looked at.
    pub fn source(&self, id: StepId, spec: &SourceSpec, config: &Json) -> Result<Verdict, PipelineError> {
        let step = self.pipeline.step(id);
        let Some(latest) = self.store.latest(&step.name) else { return Ok(Verdict::NeverRun) };
        let manifest = match self.store.find(&step.name, &latest.fingerprint) {
            Found::Whole(manifest) => manifest,
            Found::Damaged(why) => return Ok(Verdict::Stale(vec![format!("its checkpoint is damaged: {why}")])),
            Found::Missing => return Ok(Verdict::Stale(vec!["its checkpoint is gone".to_owned()])),
        };
        if self.options.full_refresh {
            return Ok(Verdict::Stale(vec!["full refresh".to_owned()]));
        }
        let now = source_ingredients(step, config, manifest.ingredients.inputs.clone());
        let changes = now.changes_since(&manifest.ingredients);
        if !changes.is_empty() {
            return Ok(Verdict::Stale(changes));
        }
        let io = |problem| PipelineError::Io { what: format!("source '{}'", step.name), problem };
        let state = spec.state().map_err(io)?;
        let is_untold = state.is_untold();
        let unchanged = latest.source.as_ref().map(|before| state.unchanged_since(before)).transpose().map_err(io)?;
        if let Some(unchanged) = unchanged.flatten() {
            if self.overtaken.contains(&id) {
                return Ok(Verdict::Stale(vec!["written by this pipeline since it was read".to_owned()]));
            }
            return Ok(Verdict::Fresh(manifest, Evidence::Files(unchanged)));
        }
        if is_untold {
            let reason = "its server gives no sign of a change: name a column or query in 'changed'";
            return Ok(Verdict::Stale(vec![reason.to_owned()]));
        }
        let before = manifest.outputs.iter().map(|output| output.rows).sum::<u64>();
        let reason = match spec.count_rows().map_err(io)? {
            Some(rows) if rows != before => row_change(before, rows),
            _ => "its files changed".to_owned(),
        };
        Ok(Verdict::Stale(vec![reason]))
    }

    /// Whether a stage must be done, given its ingredients.
    pub fn stage(&self, step: &Step, now: &Ingredients) -> Verdict {
        if self.options.force || self.options.full_refresh {
            let word = if self.options.force { "forced" } else { "full refresh" };
            return Verdict::Stale(vec![word.to_owned()]);
        }
        match self.store.find(&step.name, &now.fingerprint()) {
            Found::Whole(manifest) if manifest.partial => {
                return Verdict::Stale(vec!["it gave a part: the time was up".to_owned()]);
            }
            Found::Whole(manifest) => return Verdict::Fresh(manifest, Evidence::Fingerprint),
            Found::Damaged(why) => return Verdict::Stale(vec![format!("its checkpoint is damaged: {why}")]),
            Found::Missing => {}
        }
        match self.store.latest_manifest(&step.name) {
            None => Verdict::NeverRun,
            Some(before) => {
                let changes = now.changes_since(&before.ingredients);
                Verdict::Stale(if changes.is_empty() { vec!["its checkpoint is gone".to_owned()] } else { changes })
            }
        }
    }

    /// What decides a stage's output, given the checkpoints of the steps it reads.
    pub fn ingredients(&self, step: &Step, manifests: &BTreeMap<StepId, Manifest>) -> Ingredients {
        let StepKind::Stage { operator, version, uses_as_of, uses_seed, flags, params, inputs, .. } = &step.kind else {
            return source_ingredients(step, &Json::Null, BTreeMap::new());
        };
        let inputs = inputs
            .iter()
            .filter_map(|input| {
                let output = manifests.get(&input.dataset.step)?.outputs.get(input.dataset.output)?;
                Some((input.port.clone(), InputIngredient { content: output.content.clone(), rows: output.rows }))
            })
            .collect();
        Ingredients {
            format: CHECKPOINT_FORMAT,
            operator: operator.clone(),
            version: *version,
            params: params.clone(),
            inputs,
            as_of: uses_as_of.then(|| self.options.as_of.to_string()),
            seed: uses_seed.then_some(self.options.seed),
            flags: StageFlags::new(flags, &self.options.flags).ingredient(),
            expect: expectations_json(step),
        }
    }

    fn sink(&self, sink: &Sink, steps: &[(StepId, Verdict)], journal: &Journal) -> Result<SinkVerdict, PipelineError> {
        let verdict = &steps[sink.from.step.0].1;
        let manifest = match verdict {
            Verdict::Fresh(manifest, _) => manifest,
            Verdict::NotSelected(_) => return Ok(SinkVerdict::NotSelected),
            Verdict::Off(_) => return Ok(SinkVerdict::Off),
            _ => return Ok(SinkVerdict::Waiting(self.pipeline.dataset_name(sink.from).to_owned())),
        };
        if self.options.full_refresh {
            return Ok(SinkVerdict::ToWrite("full refresh".to_owned()));
        }
        let batch = Batch::of(self.pipeline, sink, manifest);
        Ok(if is_written(self.pipeline, sink, &batch, journal)? {
            SinkVerdict::Written
        } else {
            SinkVerdict::ToWrite("not written yet".to_owned())
        })
    }
}

/// What decides a source's checkpoint.
pub fn source_ingredients(step: &Step, config: &Json, read: BTreeMap<String, InputIngredient>) -> Ingredients {
    Ingredients {
        format: CHECKPOINT_FORMAT,
        operator: "source".to_owned(),
        version: 1,
        params: config.clone(),
        inputs: read,
        as_of: None,
        seed: None,
        flags: BTreeMap::new(),
        expect: expectations_json(step),
    }
}

fn expectations_json(step: &Step) -> Json {
    let mut tables = serde_json::Map::new();
    for expectation in &step.expectations {
        tables.insert(step.outputs[expectation.output].port.clone(), json!(expectation.table));
    }
    Json::Object(tables)
}

pub fn missing_input(pipeline: &Pipeline, step: &Step, dataset: DatasetRef) -> PipelineError {
    let maker = &pipeline.step(dataset.step).name;
    PipelineError::Usage {
        problem: format!(
            "stage '{}' needs the dataset '{}', of which there is no whole checkpoint",
            step.name,
            pipeline.dataset_name(dataset)
        ),
        mend: format!("run '{maker}' first: --select {maker}, or select +{}", step.name),
    }
}

/// A plan as JSON, for `plan --json`.
#[derive(Serialize)]
pub struct PlanRow {
    /// source, stage or sink.
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// fresh, stale, new, waiting, off, not selected, written, to write.
    pub state: &'static str,
    /// Why, on what it waits, or by which signs a source is fresh.
    pub reasons: Vec<String>,
    /// The checkpoint that holds.
    pub fingerprint: Option<Fingerprint>,
}

impl Plan {
    /// A row a step and sink.
    pub fn rows(&self, pipeline: &Pipeline) -> Vec<PlanRow> {
        let steps = self.steps.iter().map(|(id, verdict)| {
            let step = pipeline.step(*id);
            let (state, reasons) = match verdict {
                Verdict::Fresh(_, evidence) => ("fresh", evidence.words().map(str::to_owned).into_iter().collect()),
                Verdict::Stale(reasons) => ("stale", reasons.clone()),
                Verdict::NeverRun => ("new", vec!["never run".to_owned()]),
                Verdict::Waiting(on) => ("waiting", vec![format!("fresh if {} come out equal", on.join(", "))]),
                Verdict::Off(reason) => ("off", vec![reason.clone()]),
                Verdict::NotSelected(_) => ("not selected", Vec::new()),
            };
            PlanRow {
                kind: step.kind_word(),
                name: step.name.clone(),
                state,
                reasons,
                fingerprint: verdict.manifest().map(|manifest| manifest.fingerprint.clone()),
            }
        });
        let sinks = pipeline.sinks.iter().zip(&self.sinks).map(|(sink, verdict)| {
            let (state, reasons) = match verdict {
                SinkVerdict::Written => ("written", Vec::new()),
                SinkVerdict::ToWrite(reason) => ("to write", vec![reason.clone()]),
                SinkVerdict::Waiting(on) => ("waiting", vec![format!("for {on}")]),
                SinkVerdict::Off => ("off", Vec::new()),
                SinkVerdict::NotSelected => ("not selected", Vec::new()),
            };
            PlanRow { kind: "sink", name: sink.name.clone(), state, reasons, fingerprint: None }
        });
        steps.chain(sinks).collect()
    }

    /// Whether nothing is to do.
    pub fn is_fresh(&self) -> bool {
        let has_nothing_to_do =
            |verdict: &Verdict| matches!(verdict, Verdict::Fresh(..) | Verdict::Off(_) | Verdict::NotSelected(_));
        let has_nothing_to_write = |verdict: &SinkVerdict| {
            matches!(verdict, SinkVerdict::Written | SinkVerdict::Off | SinkVerdict::NotSelected)
        };
        self.steps.iter().all(|(_, verdict)| has_nothing_to_do(verdict)) && self.sinks.iter().all(has_nothing_to_write)
    }
}
