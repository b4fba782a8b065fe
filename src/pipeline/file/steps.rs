//! A pipeline as the engine works with it: steps, the datasets between them, sinks, reports, queries.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value as Json;

use super::{
    diagnostic::At,
    document::Node,
    model::{CardTable, ChartName, ExpectTable, MeasureName, OwnWrites, ReportSettings, UnitName},
};
use crate::{
    alerts::AlertTable,
    flags::Flag,
    io::{SinkTarget, SourceSpec},
    operator::{BoundOperator, JsonStyle, Phase},
    schedule::{Line, ScheduleTable},
};

/// A step by its place in [`Pipeline::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub usize);

/// A dataset: an output of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatasetRef {
    /// The step that makes it.
    pub step: StepId,
    /// Which of the step's outputs it is.
    pub output: usize,
}

/// A pipeline whose names and parameters are known to be right; columns are checked by [`crate::pipeline::check`].
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// The scope its state is kept under, where it is run per shop.
    pub scope: Option<String>,
    /// The file.
    pub file: PathBuf,
    /// The settings tree, for messages.
    pub document: Node,
    /// Sources and stages; every step comes after those it reads.
    pub steps: Vec<Step>,
    /// Where datasets go.
    pub sinks: Vec<Sink>,
    /// What the page of a run shows.
    pub reports: Vec<Report>,
    /// The main figures of a run.
    pub figures: Vec<Figure>,
    /// What counts as unusual, and who is told.
    pub report: ReportSettings,
    /// What `nightloom verify` asks.
    pub verify: Vec<Verify>,
    /// What is said of its own runs.
    pub upkeep: Upkeep,
}

/// A source or a stage.
pub struct Step {
    /// Its name; unique among sources and stages.
    pub name: String,
    /// What it is.
    pub kind: StepKind,
    /// The datasets it makes.
    pub outputs: Vec<Output>,
    /// What must hold of them.
    pub expectations: Vec<Expectation>,
    /// Words to select it by.
    pub tags: Vec<String>,
}

/// What a step is.
pub enum StepKind {
    /// Reads a dataset from outside.
    Source {
        /// Where from.
        spec: SourceSpec,
        /// The settings that decide what is read, for the fingerprint.
        config: Json,
        /// What becomes of it when only this pipeline wrote it.
        own_writes: OwnWrites,
    },
    /// Runs an operator.
    Stage {
        /// The operator's name.
        operator: String,
        /// Its version.
        version: u32,
        /// Whether the as-of time decides its output.
        uses_as_of: bool,
        /// Whether the seed decides its output.
        uses_seed: bool,
        /// The flags that decide its output.
        flags: &'static [&'static Flag],
        /// The flag without which it is not run.
        switch: Option<&'static Flag>,
        /// Which part of a longer work it is.
        phase: Option<Phase>,
        /// The operator with its parameters.
        bound: Box<dyn BoundOperator>,
        /// The parameters with defaults, for the fingerprint.
        params: Json,
        /// The datasets it reads, by port.
        inputs: Vec<Input>,
    },
}

/// A connected input port.
pub struct Input {
    /// The port.
    pub port: String,
    /// The dataset.
    pub dataset: DatasetRef,
}

/// A dataset that a step makes.
pub struct Output {
    /// The operator's port.
    pub port: String,
    /// The dataset's name in the pipeline.
    pub dataset: String,
    /// How its lists and records are spelled in tables and files that have none.
    pub json: JsonStyle,
}

/// Expectations on one output of a step.
pub struct Expectation {
    /// Which output.
    pub output: usize,
    /// What must hold.
    pub table: ExpectTable,
    /// Where it is written.
    pub at: At,
    /// The datasets that `relationships` point at, by their name in the table.
    pub related: BTreeMap<String, DatasetRef>,
}

/// A sink.
pub struct Sink {
    /// Its name.
    pub name: String,
    /// The dataset it writes.
    pub from: DatasetRef,
    /// Where to.
    pub target: Arc<dyn SinkTarget>,
    /// The settings that decide what is written.
    pub config: Json,
}

/// A dataset on the page of a run.
pub struct Report {
    /// Its name.
    pub name: String,
    /// The heading.
    pub title: String,
    /// The dataset.
    pub from: DatasetRef,
    /// How many rows at most.
    pub limit: u32,
    /// Whether it is shown only when there are rows.
    pub hide_empty: bool,
    /// The part of the page it stands in.
    pub part: String,
    /// How it is drawn.
    pub picture: Picture,
}

/// How a report is drawn.
pub enum Picture {
    /// As a table.
    Table {
        /// The columns, or none for all.
        columns: Vec<String>,
        /// Two columns whose words that differ are marked.
        compare: Option<[String; 2]>,
        /// Whether a terminal has it too.
        printed: bool,
    },
    /// As a chart.
    Chart(ChartSpec),
    /// A card a row.
    Cards(CardTable),
}

/// A chart of a dataset.
pub struct ChartSpec {
    /// What it looks like.
    pub kind: ChartName,
    /// Column of the categories, or of the numbers of a histogram.
    pub x: String,
    /// Column of the numbers; without it rows are counted.
    pub y: Option<String>,
    /// Column of the series.
    pub series: Option<String>,
    /// How the numbers of a category come together.
    pub measure: MeasureName,
}

/// A main figure of a run.
pub struct Figure {
    /// Its name; the journal keeps it under this.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// The part of the summary it stands in.
    pub part: String,
    /// The dataset.
    pub from: DatasetRef,
    /// Of how many rows it is a share.
    pub of: Option<DatasetRef>,
    /// The column that is measured; without it rows are counted.
    pub column: Option<(String, MeasureName)>,
    /// What it is a number of.
    pub unit: UnitName,
    /// Whether somebody should look when it grows.
    pub look: bool,
}

/// A query with expectations.
pub struct Verify {
    /// The heading.
    pub title: String,
    /// The query, and the database that is asked.
    pub source: SourceSpec,
    /// What must hold of its rows.
    pub expect: ExpectTable,
}

/// What a pipeline file says of its own runs.
pub struct Upkeep {
    /// When it is due.
    pub schedules: Vec<Schedule>,
    /// What is told of its runs; the path of the index stands for itself.
    pub alerts: Option<AlertTable>,
    /// The file for figures of its runs.
    pub metrics: Option<PathBuf>,
}

/// A time at which a pipeline is due.
pub struct Schedule {
    /// The pipeline's name, with the schedule's if it has one.
    pub name: String,
    /// As it is written.
    pub table: ScheduleTable,
    /// When it comes round.
    pub line: Line,
}

impl Pipeline {
    /// A step by id.
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.0]
    }

    /// All step ids, each after those it reads.
    pub fn ids(&self) -> impl Iterator<Item = StepId> + use<> {
        (0..self.steps.len()).map(StepId)
    }

    /// The part of the pipeline that a step is of: the name of the file it is written in.
    pub fn part(&self, step: &Step) -> String {
        part_of(&self.document.locate_key(&[if step.is_source() { "sources" } else { "stages" }, &step.name]))
    }

    /// The name of a dataset.
    pub fn dataset_name(&self, dataset: DatasetRef) -> &str {
        &self.step(dataset.step).outputs[dataset.output].dataset
    }
}

/// The name of the file that something is written in, without its ending.
pub fn part_of(at: &At) -> String {
    let name = Path::new(&at.origin.name).file_stem();
    name.map_or_else(|| at.origin.name.clone(), |stem| stem.to_string_lossy().into_owned())
}

/// The dataset of a name.
pub fn find(steps: &[Step], dataset: &str) -> Option<DatasetRef> {
    steps.iter().enumerate().find_map(|(index, step)| {
        let output = step.outputs.iter().position(|output| output.dataset == dataset)?;
        Some(DatasetRef { step: StepId(index), output })
    })
}

impl Step {
    /// The datasets it reads: its inputs, and what its expectations relate to.
    pub fn reads(&self) -> impl Iterator<Item = DatasetRef> + '_ {
        self.inputs().iter().map(|input| input.dataset)
    }

    /// Its connected inputs; a source has none.
    pub fn inputs(&self) -> &[Input] {
        match &self.kind {
            StepKind::Stage { inputs, .. } => inputs,
            StepKind::Source { .. } => &[],
        }
    }

    /// What it is, in a word.
    pub fn kind_word(&self) -> &'static str {
        if self.is_source() { "source" } else { "stage" }
    }

    /// Its kind and name, for messages.
    pub fn label(&self) -> String {
        format!("{} '{}'", self.kind_word(), self.name)
    }

    /// Whether it is a source.
    pub fn is_source(&self) -> bool {
        matches!(self.kind, StepKind::Source { .. })
    }
}
