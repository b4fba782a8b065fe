//! `aggregate-patterns`: every pattern with its workflows and figures, merged with what the tables hold.

mod gathered;
mod known;
mod links;
mod occurrences;
mod pattern;
mod report;
mod statistics;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    gathered::Gathered,
    known::{Known, KnownPattern},
    links::{LeftOver, Links},
    occurrences::{OCCURRENCES, Occurrences},
    pattern::{PATTERNS, Pattern},
    statistics::Statistics,
};
use super::{
    columns,
    detect::{COUNTS, DETECTIONS},
    identity, time,
};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, JsonStyle, Operator, OutputPort, ParamError, PortSchema, StageContext,
    StageError, for_each_batch,
};

/// Aggregates detections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AggregatePatterns {
    /// What a tool's tokens and cost are, as a share of the model's.
    pub tool_share: f64,
    /// How many patterns each part of the report names.
    pub report_rows: u32,
}

impl Default for AggregatePatterns {
    fn default() -> Self {
        Self { tool_share: 0.05, report_rows: 10 }
    }
}

/// What must be read of the occurrences that are there.
const LINKED: &[(&str, ColumnKind)] = &[
    ("id", ColumnKind::Int),
    ("pattern_id", ColumnKind::Int),
    ("workflow_id", ColumnKind::Text),
    ("detected_at", ColumnKind::Text),
];

impl Operator for AggregatePatterns {
    const NAME: &'static str = "aggregate-patterns";
    const SUMMARY: &'static str =
        "Links workflows to their patterns and says how often each occurs, what it costs and what a tool would save.";
    const VERSION: u32 = 3;
    const USES_AS_OF: bool = true;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("detections", DETECTIONS, "What `detect-patterns` found."),
        InputPort::optional("counts", COUNTS, "How many workflows it read."),
        InputPort::optional("patterns", PATTERNS, "The table `operation_patterns` as it is.").needs_only(&[]),
        InputPort::optional("occurrences", LINKED, "The table `pattern_occurrences` as it is.").needs_only(&[]),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "patterns",
                "All patterns, known and new, by signature. `typical_input_pattern` is the JSON text of the characteristics of \
                 one of its workflows, or what the table has for a pattern without any.",
                PATTERNS,
            ),
            // In tables they are spelled as the original writes them.
            OutputPort::new("occurrences", "Which workflow is an example of which pattern, by id.", OCCURRENCES)
                .spelled(JsonStyle::Spaced),
            report::port(),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("tool_share", self.tool_share, 0.0, 1.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let detections = inputs.take("detections")?;
        let linked = inputs.take_optional("occurrences");
        let mut optional = |port| inputs.take_optional(port).map(columns::collect).transpose();
        let (counts, patterns) = (optional("counts")?, optional("patterns")?);
        let known = Known::read(patterns.as_ref())?;
        let mut gathered = Gathered::default();
        for signature in known.patterns.keys() {
            gathered.pattern(signature);
        }
        for_each_batch(detections, StageError::from, |frame| {
            context.check_cancelled()?;
            gathered.add(&frame)
        })?;
        let links = Links::meet(linked, &mut gathered, &known, context)?;
        context.check_cancelled()?;
        let run_time = context.as_of.to_string();
        let pattern_ids = pattern_ids(&gathered, &known);
        let patterns = self.patterns(&gathered, &links, &pattern_ids, &known, &run_time);
        let detected = gathered.entries.len();
        let report = report::report(&patterns, &known, counts.as_ref(), detected, self.report_rows as usize)?;
        Ok(Frames::new()
            .with("patterns", pattern::frame(&patterns)?)
            .with("occurrences", Occurrences { gathered, links, pattern_ids, run_time }.frame()?)
            .with("pattern_report", report))
    }
}

impl AggregatePatterns {
    /// All patterns, by signature.
    fn patterns(&self, gathered: &Gathered, links: &Links, ids: &[i64], known: &Known, run_time: &str) -> Vec<Pattern> {
        let mut patterns: Vec<Pattern> = (gathered.names.iter().zip(ids))
            .zip(gathered.figures.iter().zip(&links.left_over))
            .map(|((name, id), (figures, left_over))| {
                let typical_input = figures.first().map(|row| {
                    let mut json = String::new();
                    gathered.write_characteristics(row, &mut json);
                    json
                });
                let seed = Pattern { id: *id, signature: name.to_owned(), typical_input, ..Pattern::default() };
                self.pattern(seed, figures, *left_over, known.patterns.get(name), run_time)
            })
            .collect();
        patterns.sort_by(|a, b| a.signature.cmp(&b.signature));
        patterns
    }

    /// A pattern from the figures of its workflows in the history; `left_over` are linked ones that are not in it.
    fn pattern(
        &self,
        pattern: Pattern,
        figures: &Statistics,
        left_over: LeftOver,
        known: Option<&KnownPattern>,
        run_time: &str,
    ) -> Pattern {
        let count = figures.count + left_over.count;
        let span = figures.span.and(left_over.span);
        let before = known.map(|known| &known.row);
        let pattern = Pattern {
            occurrence_count: count,
            status: before.map_or_else(|| "detected".to_owned(), |row| row.status.clone()),
            created_at: known
                .and_then(|known| known.has_created_at.then(|| known.row.created_at.clone()))
                .or_else(|| span.first.map(time::spell))
                .unwrap_or_else(|| run_time.to_owned()),
            ..pattern
        };
        if figures.count == 0 {
            return without_history(pattern, before);
        }
        let cost = figures.mean_cost();
        let tool_cost = cost * self.tool_share;
        let tokens = figures.mean_tokens();
        let unchanged = before.filter(|row| row.occurrence_count == count && !row.last_seen.is_empty());
        Pattern {
            tokens,
            cost,
            tool_tokens: (tokens as f64 * self.tool_share) as i64,
            tool_cost,
            confidence: figures.confidence(count),
            monthly_savings: (cost - tool_cost) * (count as f64 / span.months()),
            last_seen: span
                .last
                .map(time::spell)
                .or_else(|| unchanged.map(|row| row.last_seen.clone()))
                .unwrap_or_else(|| run_time.to_owned()),
            ..pattern
        }
    }
}

/// A pattern of whose workflows the history holds none keeps its figures; one without workflows has little confidence.
fn without_history(pattern: Pattern, before: Option<&Pattern>) -> Pattern {
    let Some(before) = before else { return Pattern { confidence: statistics::NO_WORKFLOWS, ..pattern } };
    let confidence = if pattern.occurrence_count == 0 { statistics::NO_WORKFLOWS } else { before.confidence };
    Pattern { occurrence_count: pattern.occurrence_count, created_at: pattern.created_at, confidence, ..before.clone() }
}

/// The patterns' ids, by number: known ones keep theirs, new ones follow from their signatures.
fn pattern_ids(gathered: &Gathered, known: &Known) -> Vec<i64> {
    let mut taken: BTreeSet<i64> = known.patterns.values().map(|pattern| pattern.row.id).collect();
    let mut names: Vec<(&str, usize)> =
        gathered.names.iter().enumerate().map(|(number, name)| (name, number)).collect();
    names.sort_unstable();
    let mut ids = vec![0; names.len()];
    for (name, number) in names {
        let id = known.patterns.get(name).map(|pattern| pattern.row.id).unwrap_or_else(|| {
            let mut id = identity::pattern(name);
            while !taken.insert(id) {
                id += 1;
            }
            id
        });
        if let Some(place) = ids.get_mut(number) {
            *place = id;
        }
    }
    ids
}
