//! What is known of a run once it is over: its steps, its checkpoints, and its figures beside those of earlier nights.

use std::collections::BTreeMap;

use crate::{
    page::{Figure, Past, Problem, Rule, Status, Unit, bytes, count, seconds},
    pipeline::{
        Pipeline, PipelineError,
        checkpoint::{CheckpointStore, Manifest},
        figures,
        file::{Report, StepId, model::UnitName},
        journal::{Journal, KeptFigure, Night, RunRow, StepRow},
        run::TIMED_OUT_PARTIAL,
    },
};

/// A run that is over.
pub struct Morning<'a> {
    /// The pipeline.
    pub pipeline: &'a Pipeline,
    /// Its checkpoints.
    pub store: CheckpointStore,
    /// The run.
    pub run: RunRow,
    /// The instant it is about, as ISO 8601.
    pub as_of: String,
    /// A row a step and sink.
    pub rows: Vec<StepRow>,
    /// The checkpoints of its steps, as far as they are there.
    pub manifests: BTreeMap<StepId, Manifest>,
    /// How it ended.
    pub ending: Ending,
    /// Its main figures, by part in the order of the file; those of the run itself come last.
    pub figures: Vec<Figure>,
    /// What counts as unusual.
    pub rule: Rule,
    /// Figures that grew and that somebody should look at.
    pub grown: Vec<String>,
}

/// How a run ended.
pub struct Ending {
    /// Wall time, in seconds.
    pub seconds: f64,
    /// The most memory the process held, or where that is not known, held while a step ran.
    pub memory_bytes: u64,
    /// The error, if it failed.
    pub problem: Option<String>,
}

impl<'a> Morning<'a> {
    /// What is known of a run; `kept` are its figures.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn new(
        pipeline: &'a Pipeline,
        (store, journal): (CheckpointStore, &Journal),
        (run, ending): (RunRow, Ending),
        rows: Vec<StepRow>,
        (manifests, kept): (BTreeMap<StepId, Manifest>, &Night),
    ) -> Result<Self, PipelineError> {
        let rule = rule_of(pipeline);
        let nights = journal.nights_before(&run, u32::try_from(rule.nights).unwrap_or(u32::MAX))?;
        let before = journal.figures_before(&run)?;
        let as_of = journal.as_of(&run.run_id)?.unwrap_or_default();
        let figures = figures_of(pipeline, kept, &before, &nights);
        let grown = grown(pipeline, kept, &before);
        Ok(Self { pipeline, store, run, as_of, rows, manifests, ending, figures, rule, grown })
    }

    /// What the journal knows of a run, with the checkpoints that are still there.
    ///
    /// # Errors
    /// When the journal or a checkpoint cannot be read.
    pub fn from_journal(
        pipeline: &'a Pipeline,
        store: CheckpointStore,
        journal: &Journal,
        run: RunRow,
    ) -> Result<Self, PipelineError> {
        let rows = journal.steps(&run.run_id)?;
        let mut manifests = BTreeMap::new();
        for id in pipeline.ids() {
            let name = &pipeline.step(id).name;
            let row = rows.iter().find(|row| row.step == *name && matches!(row.kind.as_str(), "source" | "stage"));
            let Some(fingerprint) = row.and_then(|row| row.fingerprint.as_deref()) else { continue };
            if let Some(manifest) = store.manifest_of(name, fingerprint) {
                manifests.insert(id, manifest);
            }
        }
        let mut kept = journal.figures(&run.run_id)?;
        if kept.is_empty() {
            kept = figures::measured(pipeline, &store, &manifests)?;
        }
        let ending = Ending {
            seconds: lasted(&run).unwrap_or_default(),
            memory_bytes: rows.iter().map(|row| row.peak_memory_bytes).max().unwrap_or(0),
            problem: run.problem.clone(),
        };
        Self::new(pipeline, (store, journal), (run, ending), rows, (manifests, &kept))
    }

    /// Whether the run failed or was stopped.
    pub fn has_failed(&self) -> bool {
        !matches!(self.run.status.as_str(), "done" | TIMED_OUT_PARTIAL)
    }

    /// How the run ended, as a sign.
    pub fn status(&self) -> Status {
        if self.has_failed() {
            return Status::Bad;
        }
        let is_part = self.run.status == TIMED_OUT_PARTIAL;
        if is_part || !self.broken().is_empty() || !self.unusual().is_empty() { Status::Look } else { Status::Good }
    }

    /// The sentences about figures that are unusual.
    pub fn unusual(&self) -> Vec<String> {
        self.figures.iter().filter_map(|figure| figure.unusual(&self.rule)).collect()
    }

    /// What failed, a sentence each.
    pub fn failures(&self) -> Vec<String> {
        let failed = self.rows.iter().filter(|row| row.status == "failed");
        let mut lines: Vec<String> = failed
            .map(|row| {
                let why = in_a_line(row.reason.as_deref().unwrap_or_default());
                let label = format!("{} '{}'", row.kind, row.step);
                if why.contains(&label) { why } else { format!("{label}: {why}") }
            })
            .collect();
        if lines.is_empty() && self.has_failed() {
            let why = self.ending.problem.as_deref().map(in_a_line).filter(|words| !words.is_empty());
            lines.push(why.unwrap_or_else(|| format!("the run is {}", self.run.status)));
        }
        lines
    }

    /// Expectations that are broken and did not stop the run, and other warnings of steps.
    pub fn broken(&self) -> Vec<String> {
        let of_row = |row: &StepRow| {
            let step = row.step.clone();
            row.warnings.clone().into_iter().map(move |words| format!("{step}: {}", in_a_line(&words)))
        };
        self.rows.iter().flat_map(of_row).collect()
    }

    /// What went wrong, the worst first.
    pub fn problems(&self) -> Vec<Problem> {
        let fatal = self.failures().into_iter().map(|text| Problem { is_fatal: true, text });
        fatal.chain(self.broken().into_iter().map(|text| Problem { is_fatal: false, text })).collect()
    }

    /// How the run ended, in one sentence.
    pub fn headline(&self) -> String {
        let steps: Vec<&StepRow> = self.steps().collect();
        let with = |words: &[&str]| steps.iter().filter(|row| words.contains(&row.status.as_str())).count() as u64;
        let made = with(&["done", "unchanged", "partial"]);
        let written = self.rows.iter().filter(|row| row.kind == "sink" && row.status == "written").count() as u64;
        let word = match self.run.status.as_str() {
            TIMED_OUT_PARTIAL => "the time was up, a part is done",
            word => word,
        };
        let mut text = format!(
            "{word} in {}: {} of {} steps made, {} written",
            seconds(self.ending.seconds),
            count(made),
            count(steps.len() as u64),
            count(written)
        );
        for (words, what) in [("failed", "failed"), ("skipped", "skipped"), ("off", "off")] {
            let number = with(&[words]);
            if number > 0 {
                text += &format!(", {} {what}", count(number));
            }
        }
        format!("{text}; {}", bytes(self.ending.memory_bytes))
    }

    /// Reports that are there only when something is amiss, with how many rows they have tonight.
    pub fn amiss(&self) -> Vec<(&str, u64)> {
        let rows = |report: &Report| {
            let step = &self.pipeline.step(report.from.step).name;
            let is_of_run = report.hide_empty && self.steps().any(|row| row.step == *step);
            self.manifests.get(&report.from.step).filter(|_| is_of_run)?.outputs.get(report.from.output)
        };
        let reports = self.pipeline.reports.iter();
        let amiss = reports.filter_map(|report| Some((report.title.as_str(), rows(report)?.rows)));
        amiss.filter(|(_, rows)| *rows > 0).collect()
    }

    /// The rows of sources and stages.
    pub fn steps(&self) -> impl Iterator<Item = &StepRow> {
        self.rows.iter().filter(|row| matches!(row.kind.as_str(), "source" | "stage"))
    }
}

/// A text of several lines as one.
fn in_a_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.split_first() {
        Some((first, [])) => (*first).to_owned(),
        Some((first, rest)) => format!("{first}: {}", rest.join("; ")),
        None => String::new(),
    }
}

/// Wall time of a run that ended, in seconds.
fn lasted(run: &RunRow) -> Option<f64> {
    let start: jiff::Timestamp = run.started_at.parse().ok()?;
    let end: jiff::Timestamp = run.ended_at.as_ref()?.parse().ok()?;
    Some(end.duration_since(start).as_secs_f64())
}

fn rule_of(pipeline: &Pipeline) -> Rule {
    let (given, usual) = (&pipeline.report, Rule::default());
    let number = |given: Option<u32>, usual: usize| given.map_or(usual, |number| number as usize);
    Rule {
        nights: number(given.nights, usual.nights),
        least_nights: number(given.least_nights, usual.least_nights),
        score: given.score.unwrap_or(usual.score),
        change: given.change.unwrap_or(usual.change),
    }
}

fn figures_of(pipeline: &Pipeline, kept: &Night, before: &Night, nights: &[Night]) -> Vec<Figure> {
    let with_past = |name: &str, (part, label): (&str, &str), unit: Unit, divide: f64| {
        let past = |kept: &KeptFigure| Past { value: kept.value / divide, of: kept.whole };
        let tonight = kept.get(name)?;
        Some(Figure {
            part: part.to_owned(),
            name: label.to_owned(),
            unit,
            value: tonight.value / divide,
            of: tonight.whole,
            before: before.get(name).map(past),
            earlier: nights.iter().filter_map(|night| night.get(name)).map(past).collect(),
        })
    };
    let own = pipeline.figures.iter().filter_map(|figure| {
        let (unit, divide) = match figure.unit {
            UnitName::Count => (Unit::Count, 1.0),
            UnitName::Amount => (Unit::Amount, 1.0),
            UnitName::Cents => (Unit::Amount, 100.0),
        };
        with_past(&figure.name, (&figure.part, &figure.label), unit, divide)
    });
    let words = [("time", Unit::Seconds), ("memory", Unit::Bytes), ("rejected rows", Unit::Count)];
    let run = figures::OF_THE_RUN.iter().zip(words);
    let run = run.filter_map(|(name, (label, unit))| with_past(name, ("run", label), unit, 1.0));
    own.chain(run).collect()
}

/// The figures that somebody should look at when they grow, and that did.
fn grown(pipeline: &Pipeline, kept: &Night, before: &Night) -> Vec<String> {
    let grown = pipeline.figures.iter().filter(|figure| figure.look).filter_map(|figure| {
        let more = kept.get(&figure.name)?.value - before.get(&figure.name)?.value;
        (more > 0.0)
            .then(|| format!("{}: {} more {} than before", figure.part, crate::page::spelled(more), figure.label))
    });
    grown.collect()
}
