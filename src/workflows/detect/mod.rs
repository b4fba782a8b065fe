//! `detect-patterns`: the patterns and characteristics of each workflow, by the rules file.

pub mod batch;
mod ports;
pub mod survey;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::ports::{COUNTS, DETECTIONS, HISTORY};
use self::{
    batch::Batch,
    survey::{Survey, count},
};
use super::{columns, rules::Rules, scanner::Matching, signature::Signatures, unread::Unread};
use crate::operator::{
    Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
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

/// The columns that hold a workflow's id, the first that does in each row; one of them must be there.
pub const IDS: [&str; 3] = ["workflow_id", "id", "adw_id"];

/// The name of the row's number where it is needed.
const ROW: &str = "row_number";

impl Operator for DetectPatterns {
    const NAME: &'static str = "detect-patterns";
    const SUMMARY: &'static str = "Finds which recurring operations each workflow is an example of, by the rules file.";
    const VERSION: u32 = 6;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required(
            "workflows",
            HISTORY,
            "The workflow history; the id is `workflow_id`, else `id`, else `adw_id`.",
        )
        .needs_only(&[]),
        Unread::PORT,
    ]);

    fn outputs(&self, inputs: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        columns::need_one_of(inputs, "workflows", &IDS)?;
        Ok(vec![
            OutputPort::new(
                "detections",
                "One row per workflow and pattern, with the workflow's figures; `seen_at` is in microseconds since 1970, null where the history has no time.",
                DETECTIONS,
            ),
            OutputPort::new("counts", "How many workflows were read, used and left out.", COUNTS),
            survey::rejected_port(),
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
        let mut history = inputs.take("workflows")?;
        let schema = history.collect_schema()?;
        let survey = Survey::of(&history, &schema, inputs.take_optional("unread"), context)?;
        context.progress.total(survey.rows);
        let outputs = Frames::new().with("counts", counts(&survey)?).with("rejected", survey.rejected()?);
        let detector = Detector { signatures, keywords: self.rules.keywords.clone(), survey, context: context.clone() };
        Ok(outputs.with("detections", detector.detections(history, &schema)))
    }
}

/// Finds the patterns of the rows that a history gives, batch by batch.
struct Detector {
    signatures: Signatures,
    keywords: Vec<String>,
    survey: Survey,
    context: StageContext,
}

impl Detector {
    /// A frame that is made while it is read.
    fn detections(self, history: LazyFrame, schema: &Schema) -> LazyFrame {
        let mut columns = batch::columns(schema);
        // Numbering rows keeps the reader from taking them in parts of its choice: only where it is needed.
        let numbered = if self.survey.outdated.is_empty() {
            history
        } else {
            columns.push(col(ROW).cast(DataType::UInt64));
            history.with_row_index(ROW, None)
        };
        let made = Arc::new(batch::detections_schema());
        let made: Arc<dyn UdfSchema> = Arc::new(move |_: &Schema| Ok(made.clone()));
        let detect = move |frame: DataFrame| self.detect(&frame).map_err(as_frame_error);
        numbered.select(columns).map(detect, OptFlags::STREAMING, Some(made), Some("detect patterns"))
    }

    fn detect(&self, frame: &DataFrame) -> Result<DataFrame, StageError> {
        self.context.check_cancelled()?;
        let batch = Batch::new(frame)?;
        let found = if self.survey.outdated.is_empty() {
            batch.detect(&self.signatures, &self.keywords, |_| true)?
        } else {
            let rows = frame.column(ROW)?.u64()?;
            batch.detect(&self.signatures, &self.keywords, |place| {
                rows.get(place).is_none_or(|row| self.survey.is_newest(row))
            })?
        };
        self.context.progress.advance(frame.height() as u64);
        Ok(found)
    }
}

/// An error on its way through a frame.
fn as_frame_error(error: StageError) -> PolarsError {
    match error {
        StageError::Frame(error) => error,
        other => PolarsError::ComputeError(other.to_string().into()),
    }
}

fn counts(survey: &Survey) -> Result<DataFrame, StageError> {
    let counts = [
        ("total_workflows", survey.all_rows()),
        ("processed", survey.used_rows()),
        ("errors", survey.all_rows() - survey.used_rows()),
        ("without_id", survey.without_id()),
        ("without_time", survey.undated),
    ];
    columns::frame(vec![
        columns::column("name", counts.iter().map(|(name, _)| *name)),
        columns::column("count", counts.iter().map(|(_, number)| count(*number))),
    ])
}
