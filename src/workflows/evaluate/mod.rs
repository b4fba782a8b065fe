//! `evaluate-patterns`: what stands behind each pattern, and from which confidence on patterns can be trusted.

mod evidence;
mod pairs;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    evidence::Evidence,
    pairs::{Builder, Pairs, PatternNumber},
};
use super::{
    columns::{self, column},
    detect::{
        HISTORY, IDS,
        batch::{self, Batch},
        survey::{self, Survey},
    },
    unread::Unread,
};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
    for_each_batch,
};

use ColumnKind::{Any, Bool, Float, Int, Text};

/// Evaluates patterns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluatePatterns {
    /// The precision from which on a confidence is enough.
    pub target_precision: f64,
}

impl Default for EvaluatePatterns {
    fn default() -> Self {
        Self { target_precision: 0.9 }
    }
}

impl Operator for EvaluatePatterns {
    const NAME: &'static str = "evaluate-patterns";
    const SUMMARY: &'static str =
        "Shows the evidence behind each pattern, and the precision at each confidence where workflows are labelled.";
    const VERSION: u32 = 3;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required(
            "patterns",
            &[("id", Int), ("pattern_signature", Text), ("confidence_score", Float)],
            "The table `operation_patterns`.",
        ),
        InputPort::required(
            "occurrences",
            &[("pattern_id", Int), ("workflow_id", Text)],
            "The table `pattern_occurrences`.",
        ),
        InputPort::required(
            "workflows",
            HISTORY,
            "The workflow history; which of its rows count, and by which id, is decided as in `detect-patterns`.",
        )
        .needs_only(&[]),
        Unread::PORT,
        InputPort::optional(
            "labels",
            &[("workflow_id", Any), ("label", Text)],
            "Workflows with their right pattern, a row each; an empty label says that there is none.",
        ),
    ]);

    fn outputs(&self, inputs: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        columns::need_one_of(inputs, "workflows", &IDS)?;
        Ok(vec![
            OutputPort::new(
                "validation",
                "The evidence behind each pattern: rates are shares of the workflows that the history holds, examples the \
                 beginnings of different requests.",
                &[
                    ("pattern_signature", Text),
                    ("confidence_score", Float),
                    ("occurrences", Int),
                    ("in_history", Int),
                    ("duration_variance", Float),
                    ("error_rate", Float),
                    ("retry_rate", Float),
                    ("example_1", Text),
                    ("example_2", Text),
                    ("example_3", Text),
                ],
            ),
            OutputPort::new(
                "thresholds",
                "Precision over the labelled workflows of all patterns from a confidence on; `enough` marks the lowest \
                 confidence that reaches the target.",
                &[("confidence", Float), ("labelled", Int), ("right", Int), ("precision", Float), ("enough", Bool)],
            ),
            OutputPort::new(
                "unmatched_labels",
                "Labels with how many there are: those without a workflow, which do not count, and those that name no pattern \
                 of the table, whose workflows count as wrong.",
                &[("label", Text), ("count", Int), ("reason", Text)],
            ),
            survey::rejected_port(),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("target_precision", self.target_precision, 0.0, 1.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let mut patterns = Patterns::read(&columns::collect(inputs.take("patterns")?)?)?;
        let linked = patterns.linked(inputs.take("occurrences")?, context)?;
        let mut unmatched = Unmatched::new();
        let labels = inputs.take_optional("labels");
        let labels = labels.map(|labels| patterns.labels(labels, &mut unmatched, context)).transpose()?;
        patterns.count(&linked, labels.as_ref());
        let mut history = inputs.take("workflows")?;
        let schema = history.collect_schema()?;
        let survey = Survey::of(&history, &schema, inputs.take_optional("unread"), context)?;
        patterns.read_history(history.select(batch::columns(&schema)), &survey, &linked, context)?;
        Ok(Frames::new()
            .with("validation", validation(&patterns.evidence)?)
            .with("thresholds", self.thresholds(&patterns.evidence)?)
            .with("unmatched_labels", unmatched_frame(&unmatched)?)
            .with("rejected", survey.rejected()?))
    }
}

/// How many labels there are, by label and by what is wrong with them.
type Unmatched = BTreeMap<(String, &'static str), i64>;

/// The number of a label that is no pattern of the table.
const NO_PATTERN: PatternNumber = PatternNumber::MAX;

/// The patterns of the table, by signature, with what stands behind them.
struct Patterns {
    evidence: Vec<Evidence>,
    by_id: BTreeMap<i64, PatternNumber>,
}

impl Patterns {
    fn read(frame: &DataFrame) -> Result<Self, StageError> {
        let ids = columns::integers(frame, "id")?;
        let confidences = columns::floats(frame, "confidence_score")?;
        let signatures = columns::texts(frame, "pattern_signature")?;
        let rows = ids.iter().zip(signatures.iter().zip(confidences.iter()));
        let mut rows: Vec<(&str, f64, Option<i64>)> = rows
            .filter_map(|(id, (signature, confidence))| Some((signature?, confidence.unwrap_or_default(), id)))
            .collect();
        rows.sort_by(|a, b| a.0.cmp(b.0).then(a.1.total_cmp(&b.1)));
        let mut patterns = Self { evidence: Vec::new(), by_id: BTreeMap::new() };
        for (signature, confidence, id) in rows {
            if patterns.evidence.last().is_none_or(|last| last.signature != signature) {
                patterns.evidence.push(Evidence { signature: signature.to_owned(), ..Evidence::default() });
            }
            if let Some(last) = patterns.evidence.last_mut() {
                last.confidence = confidence;
            }
            let number = PatternNumber::try_from(patterns.evidence.len() - 1).unwrap_or(NO_PATTERN);
            patterns.by_id.extend(id.map(|id| (id, number)));
        }
        Ok(patterns)
    }

    /// Which workflow is linked to which pattern.
    fn linked(&self, occurrences: LazyFrame, context: &StageContext) -> Result<Pairs, StageError> {
        let mut pairs = Builder::default();
        for_each_batch(occurrences, StageError::from, |frame| {
            context.check_cancelled()?;
            let (ids, workflows) = (columns::integers(&frame, "pattern_id")?, columns::texts(&frame, "workflow_id")?);
            for (id, workflow) in ids.iter().zip(workflows.iter()) {
                if let (Some(pattern), Some(workflow)) = (id.and_then(|id| self.by_id.get(&id)), workflow) {
                    pairs.add(workflow, *pattern);
                }
            }
            Ok(())
        })?;
        Ok(pairs.finish())
    }

    /// Which patterns are the right ones of each labelled workflow.
    fn labels(
        &self,
        labels: LazyFrame,
        unmatched: &mut Unmatched,
        context: &StageContext,
    ) -> Result<Pairs, StageError> {
        let mut pairs = Builder::default();
        let labels = labels.with_column(col("workflow_id").cast(DataType::String));
        for_each_batch(labels, StageError::from, |frame| {
            context.check_cancelled()?;
            let (workflows, labels) = (columns::texts(&frame, "workflow_id")?, columns::texts(&frame, "label")?);
            for (workflow, label) in workflows.iter().zip(labels.iter()) {
                let label = label.unwrap_or_default();
                let mut note = |reason| *unmatched.entry((label.to_owned(), reason)).or_default() += 1;
                let Some(workflow) = workflow.filter(|id| !id.is_empty()) else {
                    note("no workflow_id");
                    continue;
                };
                let place = self.evidence.binary_search_by(|row| row.signature.as_str().cmp(label));
                let number = place.ok().and_then(|place| PatternNumber::try_from(place).ok());
                if number.is_none() && !label.is_empty() {
                    note("no such pattern");
                }
                pairs.add(workflow, number.unwrap_or(NO_PATTERN));
            }
            Ok(())
        })?;
        Ok(pairs.finish())
    }

    fn get(&mut self, number: PatternNumber) -> Option<&mut Evidence> {
        self.evidence.get_mut(number as usize)
    }

    /// Counts linked workflows, and how many of the labelled ones are right.
    fn count(&mut self, linked: &Pairs, labels: Option<&Pairs>) {
        for (workflow, patterns) in linked.by_workflow() {
            let right: Vec<PatternNumber> = labels.into_iter().flat_map(|labels| labels.of(workflow)).collect();
            for number in patterns {
                let Some(evidence) = self.get(number) else { continue };
                evidence.linked += 1;
                evidence.labelled += i64::from(!right.is_empty());
                evidence.right += i64::from(right.contains(&number));
            }
        }
    }

    /// Looks at the workflows that count, batch by batch.
    fn read_history(
        &mut self,
        history: LazyFrame,
        survey: &Survey,
        linked: &Pairs,
        context: &StageContext,
    ) -> Result<(), StageError> {
        context.progress.total(survey.rows);
        let mut start = 0;
        for_each_batch(history, StageError::from, |frame| {
            context.check_cancelled()?;
            let batch = Batch::new(&frame)?;
            for place in 0..frame.height() {
                let Ok(id) = batch.identities.usable(place) else { continue };
                if !survey.is_newest(start + place as u64) {
                    continue;
                }
                for number in linked.of(&pairs::key(id)) {
                    if let Some(evidence) = self.get(number) {
                        evidence.add(id, &batch, place);
                    }
                }
            }
            start += frame.height() as u64;
            context.progress.advance(frame.height() as u64);
            Ok(())
        })
    }
}

fn validation(evidence: &[Evidence]) -> Result<DataFrame, StageError> {
    let rows = || evidence.iter();
    let example = |place: usize| rows().map(move |row| row.examples.get(place));
    columns::frame(vec![
        column("pattern_signature", rows().map(|row| row.signature.as_str())),
        column("confidence_score", rows().map(|row| row.confidence)),
        column("occurrences", rows().map(|row| row.linked)),
        column("in_history", rows().map(|row| row.in_history)),
        column("duration_variance", rows().map(|row| row.durations.variance())),
        column("error_rate", rows().map(|row| row.rate(row.with_errors))),
        column("retry_rate", rows().map(|row| row.rate(row.with_retries))),
        column("example_1", example(0)),
        column("example_2", example(1)),
        column("example_3", example(2)),
    ])
}

fn unmatched_frame(unmatched: &Unmatched) -> Result<DataFrame, StageError> {
    columns::frame(vec![
        column("label", unmatched.keys().map(|(label, _)| label.as_str())),
        column("count", unmatched.values().copied()),
        column("reason", unmatched.keys().map(|(_, reason)| *reason)),
    ])
}

impl EvaluatePatterns {
    fn thresholds(&self, evidence: &[Evidence]) -> Result<DataFrame, StageError> {
        let mut levels: Vec<f64> = evidence.iter().filter(|row| row.labelled > 0).map(|row| row.confidence).collect();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let rows: Vec<(f64, i64, i64)> = levels
            .into_iter()
            .map(|level| {
                let above = || evidence.iter().filter(move |row| row.confidence >= level);
                (level, above().map(|row| row.labelled).sum(), above().map(|row| row.right).sum())
            })
            .collect();
        let precision = |row: &(f64, i64, i64)| row.2 as f64 / row.1.max(1) as f64;
        let enough = rows.iter().position(|row| precision(row) >= self.target_precision);
        columns::frame(vec![
            column("confidence", rows.iter().map(|row| row.0)),
            column("labelled", rows.iter().map(|row| row.1)),
            column("right", rows.iter().map(|row| row.2)),
            column("precision", rows.iter().map(precision)),
            column("enough", (0..rows.len()).map(|place| Some(place) == enough)),
        ])
    }
}
