//! `detect-patterns`: the patterns and characteristics of each workflow, by the rules file.

mod batch;
mod doubles;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use polars::prelude::*;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    batch::{Batch, Part},
    doubles::Doubles,
};
use super::{columns, rules::Rules, scanner::Matching, signature::Signatures};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
};

/// Finds the patterns of workflows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DetectPatterns {
    /// The rules: `{ file = "rules/workflow-patterns.toml" }`.
    pub rules: Rules,
    /// Where a term is found.
    pub matching: Matching,
}

/// The columns of a history. Their types are those of the source: what does not convert is found row by row.
const HISTORY: &[(&str, ColumnKind)] = &[
    ("workflow_id", ColumnKind::Any),
    ("id", ColumnKind::Any),
    ("adw_id", ColumnKind::Any),
    ("nl_input", ColumnKind::Any),
    ("workflow_template", ColumnKind::Any),
    ("error_message", ColumnKind::Any),
    ("error_count", ColumnKind::Any),
    ("duration_seconds", ColumnKind::Any),
    ("retry_count", ColumnKind::Any),
    ("total_tokens", ColumnKind::Any),
    ("actual_cost_total", ColumnKind::Any),
    ("start_time", ColumnKind::Any),
    ("created_at", ColumnKind::Any),
];

/// One row per workflow and pattern.
pub const DETECTIONS: &[(&str, ColumnKind)] = &[
    ("workflow_id", ColumnKind::Text),
    ("pattern_signature", ColumnKind::Text),
    ("characteristics", ColumnKind::Text),
    ("total_tokens", ColumnKind::Int),
    ("actual_cost_total", ColumnKind::Float),
    ("duration_seconds", ColumnKind::Int),
    ("error_count", ColumnKind::Int),
    ("retry_count", ColumnKind::Int),
    ("seen_at", ColumnKind::Int),
];

/// How many rows there were: name and count.
pub const COUNTS: &[(&str, ColumnKind)] = &[("name", ColumnKind::Text), ("count", ColumnKind::Int)];

/// Rows in memory at a time.
const BATCH_ROWS: u32 = 262_144;

/// Rows a thread handles at a time.
const PART_ROWS: usize = 8_192;

impl Operator for DetectPatterns {
    const NAME: &'static str = "detect-patterns";
    const SUMMARY: &'static str = "Finds which recurring operations each workflow is an example of, by the rules file.";
    const VERSION: u32 = 1;

    fn inputs() -> Inputs {
        let columns = columns::port(HISTORY, true);
        let about = "The workflow history; the id is `workflow_id`, else `id`, else `adw_id`.";
        Inputs::Ports(vec![InputPort { name: "workflows", required: true, columns, about }])
    }

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "detections",
                "One row per workflow and pattern, with the workflow's figures; `seen_at` is in microseconds since 1970, \
                 null where the history has no time.",
                DETECTIONS,
            ),
            OutputPort::new("counts", "How many workflows were read, used and left out.", COUNTS),
            OutputPort::new(
                "rejected",
                "Rows that were not used: the row's number in the history, its id and the reason.",
                &[("row", ColumnKind::Int), ("workflow_id", ColumnKind::Text), ("reason", ColumnKind::Text)],
            ),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        self.rules.check()
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let signatures = Signatures::new(&self.rules, self.matching).map_err(|error| StageError::Input {
            port: "workflows".to_owned(),
            problem: format!("the rules do not fit an automaton ({error})"),
            mend: "use fewer or shorter terms".to_owned(),
        })?;
        let history = inputs.take("workflows")?.select(batch::columns());
        let rows = columns::collect(history.clone().select([len().cast(DataType::Int64).alias("rows")]))?;
        let rows = columns::integers(&rows, "rows")?.get(0).unwrap_or_default();
        context.progress.total(rows.unsigned_abs());
        let mut results = Results::default();
        for start in (0..rows).step_by(BATCH_ROWS as usize) {
            context.check_cancelled()?;
            let frame = columns::collect(history.clone().slice(start, BATCH_ROWS))?;
            results.add(self.parts(&frame, start, &signatures)?)?;
            context.progress.advance(frame.height() as u64);
        }
        results.finish(rows.unsigned_abs())
    }
}

impl DetectPatterns {
    fn parts(&self, frame: &DataFrame, start: i64, signatures: &Signatures) -> Result<Vec<Part>, StageError> {
        let starts: Vec<usize> = (0..frame.height()).step_by(PART_ROWS).collect();
        starts
            .into_par_iter()
            .map(|from| {
                let part = frame.slice(i64::try_from(from).unwrap_or_default(), PART_ROWS);
                Batch::new(&part)?.detect(start.unsigned_abs() + from as u64, signatures, &self.rules.keywords)
            })
            .collect()
    }
}

/// What was found so far.
#[derive(Default)]
struct Results {
    detections: Vec<DataFrame>,
    rows: Vec<u64>,
    doubles: Doubles,
    rejected: Vec<(u64, Option<String>, String)>,
    undated: u64,
}

impl Results {
    fn add(&mut self, parts: Vec<Part>) -> Result<(), StageError> {
        for part in parts {
            self.detections.push(part.detections);
            self.rows.extend(part.rows);
            self.doubles.add(part.seen);
            self.rejected.extend(part.rejected);
            self.undated += part.undated;
        }
        Ok(())
    }

    fn finish(mut self, total: u64) -> Result<Frames, StageError> {
        let mut detections = match self.detections.split_first() {
            None => batch::no_detections()?,
            Some((first, rest)) => {
                let mut all = first.clone();
                for part in rest {
                    all.vstack_mut(part)?;
                }
                all
            }
        };
        let outdated = std::mem::take(&mut self.doubles).outdated();
        if !outdated.is_empty() {
            let keep: BooleanChunked = self.rows.iter().map(|row| outdated.binary_search(row).is_err()).collect();
            detections = detections.filter(&keep)?;
            let reason = "another row has the same id and is newer";
            self.rejected.extend(outdated.into_iter().map(|row| (row, None, reason.to_owned())));
            self.rejected.sort_by_key(|(row, ..)| *row);
        }
        let rejected = self.rejected.len() as u64;
        let counts = [
            ("total_workflows", total),
            ("processed", total - rejected),
            ("errors", rejected),
            ("without_time", self.undated),
        ];
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Ok(Frames::new()
            .with("detections", detections)
            .with(
                "counts",
                columns::frame(vec![
                    columns::column("name", counts.iter().map(|(name, _)| *name)),
                    columns::column("count", counts.iter().map(|(_, number)| count(*number))),
                ])?,
            )
            .with(
                "rejected",
                columns::frame(vec![
                    columns::column("row", self.rejected.iter().map(|(row, ..)| count(row + 1))),
                    columns::column("workflow_id", self.rejected.iter().map(|(_, id, _)| id.as_deref())),
                    columns::column("reason", self.rejected.iter().map(|(.., reason)| reason.as_str())),
                ])?,
            ))
    }
}
