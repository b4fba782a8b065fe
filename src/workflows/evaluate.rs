//! `evaluate-patterns`: what stands behind each pattern, and from which confidence on patterns can be trusted.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{self, column};
use crate::operator::{
    Column as PortColumn, ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema,
    StageContext, StageError,
};

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

/// Examples shown of each pattern.
const EXAMPLES: usize = 3;

/// A pattern's workflows.
#[derive(Default)]
struct Evidence<'a> {
    confidence: f64,
    linked: i64,
    in_history: i64,
    durations: Vec<f64>,
    with_errors: i64,
    with_retries: i64,
    examples: Vec<&'a str>,
    labelled: i64,
    right: i64,
}

impl Operator for EvaluatePatterns {
    const NAME: &'static str = "evaluate-patterns";
    const SUMMARY: &'static str =
        "Shows the evidence behind each pattern, and the precision at each confidence where workflows are labelled.";
    const VERSION: u32 = 1;

    fn inputs() -> Inputs {
        use ColumnKind::{Any, Float, Int, Text};
        let needed = PortColumn::new;
        let optional = PortColumn::optional;
        let port = |name, required, columns, about| InputPort { name, required, columns, about };
        Inputs::Ports(vec![
            port(
                "patterns",
                true,
                vec![needed("id", Int), needed("pattern_signature", Text), needed("confidence_score", Float)],
                "The table `operation_patterns`.",
            ),
            port(
                "occurrences",
                true,
                vec![needed("pattern_id", Int), needed("workflow_id", Text)],
                "The table `pattern_occurrences`.",
            ),
            port(
                "workflows",
                true,
                vec![
                    needed("workflow_id", Any),
                    optional("nl_input", Text),
                    optional("duration_seconds", Int),
                    optional("error_count", Int),
                    optional("error_message", Text),
                    optional("retry_count", Int),
                ],
                "The workflow history.",
            ),
            port(
                "labels",
                false,
                vec![needed("workflow_id", Any), needed("label", Text)],
                "Workflows with their right pattern, a row each; an empty label says that there is none.",
            ),
        ])
    }

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        use ColumnKind::{Bool, Float, Int, Text};
        Ok(vec![
            OutputPort::new(
                "validation",
                "The evidence behind each pattern: rates are shares of the workflows that the history holds.",
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
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("target_precision", self.target_precision, 0.0, 1.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let patterns = inputs.take("patterns")?.rename(["id"], ["pattern_id"], true);
        let id = || col("workflow_id").cast(DataType::String);
        let workflows =
            inputs.take("workflows")?.with_column(id()).unique(Some(cols(["workflow_id"])), UniqueKeepStrategy::First);
        let linked = inputs.take("occurrences")?;
        let rows = linked
            .join(patterns.clone(), [col("pattern_id")], [col("pattern_id")], JoinType::Inner.into())
            .join(
                workflows.with_column(lit(true).alias("in_history")),
                [col("workflow_id")],
                [col("workflow_id")],
                JoinType::Left.into(),
            )
            .sort(["pattern_signature", "workflow_id"], SortMultipleOptions::default());
        let rows = columns::collect(rows)?;
        let patterns = columns::collect(patterns)?;
        context.check_cancelled()?;
        let labels =
            inputs.take_optional("labels").map(|frame| columns::collect(frame.with_column(id()))).transpose()?;
        let evidence = evidence(&patterns, &rows, &read_labels(labels.as_ref())?)?;
        Ok(Frames::new().with("validation", validation(&evidence)?).with("thresholds", self.thresholds(&evidence)?))
    }
}

/// The right patterns of each labelled workflow.
type Labels<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn read_labels(frame: Option<&DataFrame>) -> Result<Labels<'_>, StageError> {
    let mut labels = Labels::new();
    let Some(frame) = frame else { return Ok(labels) };
    let texts = columns::texts(frame, "label")?;
    for (id, label) in columns::texts(frame, "workflow_id")?.iter().zip(texts.iter()) {
        let Some(id) = id else { continue };
        labels.entry(id).or_default().extend(label.filter(|label| !label.is_empty()));
    }
    Ok(labels)
}

fn evidence<'a>(
    patterns: &'a DataFrame,
    rows: &'a DataFrame,
    labels: &Labels<'_>,
) -> Result<BTreeMap<&'a str, Evidence<'a>>, StageError> {
    let mut all = BTreeMap::new();
    let confidences = columns::floats(patterns, "confidence_score")?;
    for (signature, confidence) in columns::texts(patterns, "pattern_signature")?.iter().zip(confidences.iter()) {
        let Some(signature) = signature else { continue };
        all.insert(signature, Evidence { confidence: confidence.unwrap_or_default(), ..Evidence::default() });
    }
    let text = |name| columns::texts(rows, name);
    let integer = |name| columns::integers(rows, name);
    let (signatures, ids, requests) = (text("pattern_signature")?, text("workflow_id")?, text("nl_input")?);
    let (messages, durations) = (text("error_message")?, integer("duration_seconds")?);
    let (errors, retries) = (integer("error_count")?, integer("retry_count")?);
    let in_history = rows.column("in_history")?.bool()?;
    for row in 0..rows.height() {
        let (Some(signature), Some(id)) = (signatures.get(row), ids.get(row)) else { continue };
        let Some(evidence) = all.get_mut(signature) else { continue };
        evidence.linked += 1;
        if let Some(right) = labels.get(id) {
            evidence.labelled += 1;
            evidence.right += i64::from(right.contains(signature));
        }
        if in_history.get(row) != Some(true) {
            continue;
        }
        evidence.in_history += 1;
        evidence.durations.extend(durations.get(row).filter(|seconds| *seconds != 0).map(|seconds| seconds as f64));
        let has_message = messages.get(row).is_some_and(|message| !message.is_empty());
        evidence.with_errors += i64::from(errors.get(row).map_or(has_message, |count| count > 0));
        evidence.with_retries += i64::from(retries.get(row).is_some_and(|count| count > 0));
        if let Some(request) = requests.get(row)
            && evidence.examples.len() < EXAMPLES
            && !evidence.examples.contains(&request)
        {
            evidence.examples.push(request);
        }
    }
    Ok(all)
}

fn validation(evidence: &BTreeMap<&str, Evidence<'_>>) -> Result<DataFrame, StageError> {
    let rows = || evidence.values();
    let rate = |part: i64, row: &Evidence<'_>| (row.in_history > 0).then(|| part as f64 / row.in_history as f64);
    let example = |place: usize| rows().map(move |row| row.examples.get(place).copied());
    columns::frame(vec![
        column("pattern_signature", evidence.keys().copied()),
        column("confidence_score", rows().map(|row| row.confidence)),
        column("occurrences", rows().map(|row| row.linked)),
        column("in_history", rows().map(|row| row.in_history)),
        column("duration_variance", rows().map(|row| variance(&row.durations))),
        column("error_rate", rows().map(|row| rate(row.with_errors, row))),
        column("retry_rate", rows().map(|row| rate(row.with_retries, row))),
        column("example_1", example(0)),
        column("example_2", example(1)),
        column("example_3", example(2)),
    ])
}

/// The population variance; none with fewer than two values.
fn variance(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.len() >= 2).then(|| values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n)
}

impl EvaluatePatterns {
    fn thresholds(&self, evidence: &BTreeMap<&str, Evidence<'_>>) -> Result<DataFrame, StageError> {
        let mut levels: Vec<f64> = evidence.values().filter(|row| row.labelled > 0).map(|row| row.confidence).collect();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let rows: Vec<(f64, i64, i64)> = levels
            .into_iter()
            .map(|level| {
                let above = || evidence.values().filter(move |row| row.confidence >= level);
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

#[cfg(test)]
mod tests {
    use super::{super::testing::context, *};

    #[test]
    fn the_evidence_of_a_pattern_and_the_lowest_confidence_that_is_enough_are_named() {
        let patterns =
            df!("id" => [1i64, 2], "pattern_signature" => ["a:b:c", "d:e:f"], "confidence_score" => [50.0, 90.0]);
        let occurrences = df!("pattern_id" => [1i64, 1, 2, 2, 2], "workflow_id" => ["1", "2", "1", "3", "gone"]);
        let workflows = df!(
            "workflow_id" => [1i64, 2, 3], "nl_input" => [Some("one"), None, Some("three")],
            "duration_seconds" => [10i64, 20, 0], "error_count" => [Some(0i64), None, Some(2)],
            "error_message" => [None, Some("failed"), None], "retry_count" => [1i64, 0, 0],
        );
        let labels = df!("workflow_id" => ["1", "2", "3"], "label" => ["d:e:f", "", "d:e:f"]);
        let inputs = Frames::new()
            .with("patterns", patterns.unwrap())
            .with("occurrences", occurrences.unwrap())
            .with("workflows", workflows.unwrap())
            .with("labels", labels.unwrap());
        let mut made = EvaluatePatterns::default().run(inputs, &context()).unwrap();
        let validation = made.take("validation").unwrap().collect().unwrap();
        let floats = |name| columns::floats(&validation, name).unwrap().iter().collect::<Vec<_>>();
        assert_eq!(floats("duration_variance"), [Some(25.0), None]);
        assert_eq!(floats("error_rate"), [Some(0.5), Some(0.5)]);
        assert_eq!(floats("retry_rate"), [Some(0.5), Some(0.5)]);
        assert_eq!(columns::integers(&validation, "occurrences").unwrap().get(1), Some(3));
        let thresholds = made.take("thresholds").unwrap().collect().unwrap();
        let precision: Vec<_> = columns::floats(&thresholds, "precision").unwrap().iter().flatten().collect();
        assert_eq!(precision, [0.5, 1.0]);
        let enough: Vec<_> = thresholds.column("enough").unwrap().bool().unwrap().iter().flatten().collect();
        assert_eq!(enough, [false, true]);
    }
}
