//! `evaluate-links`: how good found links are, measured against the true ones.

use std::collections::{BTreeMap, HashMap, HashSet};

use polars::prelude::DataFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{columns, report};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
};

/// Measures links against the truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluateLinks {
    /// The thresholds of the table: a pair counts as found when its score reaches the threshold.
    pub thresholds: Vec<f64>,
}

impl Default for EvaluateLinks {
    fn default() -> Self {
        Self { thresholds: vec![0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95, 1.0] }
    }
}

const PREDICTED: &[(&str, ColumnKind)] =
    &[("left", ColumnKind::Int), ("right", ColumnKind::Int), ("score", ColumnKind::Float)];
const TRUTH: &[(&str, ColumnKind)] = &[("left", ColumnKind::Int), ("right", ColumnKind::Int)];

type Pair = (i64, i64);

/// Found pairs, right pairs among them, and true pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Figures {
    found: u64,
    right: u64,
    truth: u64,
}

impl Figures {
    fn precision(self) -> Option<f64> {
        ratio(self.right, self.found)
    }

    fn recall(self) -> Option<f64> {
        ratio(self.right, self.truth)
    }

    /// The harmonic mean of precision and recall.
    fn f1(self) -> Option<f64> {
        ratio(2 * self.right, self.found + self.truth)
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Operator for EvaluateLinks {
    const NAME: &'static str = "evaluate-links";
    const SUMMARY: &'static str = "Measures precision, recall and F1 of found links against the true ones.";
    const VERSION: u32 = 1;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required(
            "predicted",
            PREDICTED,
            "The found pairs; a pair without a score counts at every threshold.",
        )
        .may_lack(&["score"]),
        InputPort::required("truth", TRUTH, "The true pairs."),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        use ColumnKind::{Float, Int};
        Ok(vec![
            report::port("figures", "Precision, recall and F1 of all found pairs, with the counts they come from."),
            OutputPort::new(
                "thresholds",
                "The same figures for the pairs from each score on.",
                &[
                    ("threshold", Float),
                    ("predicted", Int),
                    ("correct", Int),
                    ("precision", Float),
                    ("recall", Float),
                    ("f1", Float),
                ],
            ),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        self.thresholds.iter().try_for_each(|value| ParamError::unless_between("thresholds", *value, 0.0, 1.0))
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let predicted = columns::collect(inputs.take("predicted")?, PREDICTED)?;
        let truth = columns::collect(inputs.take("truth")?, TRUTH)?;
        context.check_cancelled()?;
        let truth: HashSet<Pair> = pairs(&truth)?.into_iter().flatten().collect();
        let mut best: HashMap<Pair, f64> = HashMap::new();
        for (pair, score) in pairs(&predicted)?.into_iter().zip(columns::floats(&predicted, "score")?) {
            let Some(pair) = pair else { continue };
            let score = score.unwrap_or(f64::INFINITY);
            let known = best.entry(pair).or_insert(score);
            *known = known.max(score);
        }
        let at = |threshold: f64| {
            let found = best.iter().filter(|(_, score)| **score >= threshold);
            let (found, right) =
                found.fold((0, 0), |(all, right), (pair, _)| (all + 1, right + u64::from(truth.contains(pair))));
            Figures { found, right, truth: truth.len() as u64 }
        };
        let mut thresholds = self.thresholds.clone();
        thresholds.sort_by(f64::total_cmp);
        let table: Vec<(f64, Figures)> = thresholds.into_iter().map(|value| (value, at(value))).collect();
        Ok(Frames::new().with("figures", figures(at(f64::NEG_INFINITY))?).with("thresholds", threshold_table(&table)?))
    }
}

fn pairs(frame: &DataFrame) -> Result<Vec<Option<Pair>>, StageError> {
    let right = columns::integers(frame, "right")?;
    Ok(columns::integers(frame, "left")?.into_iter().zip(right).map(|(left, right)| left.zip(right)).collect())
}

fn figures(all: Figures) -> Result<DataFrame, StageError> {
    let mut rows = report::ReportRows::default();
    rows.of("pairs", "true", all.truth, None);
    rows.of("pairs", "found", all.found, None);
    rows.of("quality", "precision", all.right, Some(all.found));
    rows.of("quality", "recall", all.right, Some(all.truth));
    rows.of("quality", "F1", 2 * all.right, Some(all.found + all.truth));
    rows.into_frame()
}

fn threshold_table(table: &[(f64, Figures)]) -> Result<DataFrame, StageError> {
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    columns::frame(vec![
        columns::column("threshold", table.iter().map(|(threshold, _)| *threshold)),
        columns::column("predicted", table.iter().map(|(_, row)| count(row.found))),
        columns::column("correct", table.iter().map(|(_, row)| count(row.right))),
        columns::column("precision", table.iter().map(|(_, row)| row.precision())),
        columns::column("recall", table.iter().map(|(_, row)| row.recall())),
        columns::column("f1", table.iter().map(|(_, row)| row.f1())),
    ])
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use super::*;
    use crate::{linking::testing::context, operator::Operator};

    fn evaluate(predicted: DataFrame, truth: DataFrame) -> (DataFrame, DataFrame) {
        let operator = EvaluateLinks { thresholds: vec![0.9, 0.5] };
        let mut frames =
            operator.run(Frames::new().with("predicted", predicted).with("truth", truth), &context()).unwrap();
        let mut take = |port| frames.take(port).unwrap().collect().unwrap();
        (take("figures"), take("thresholds"))
    }

    #[test]
    fn figures_follow_the_definitions_and_a_pair_counts_once() {
        let predicted = df!(
            "left" => [1i64, 2, 3, 3],
            "right" => [10i64, 20, 31, 31],
            "score" => [Some(0.95), Some(0.6), None, Some(0.1)],
        )
        .unwrap();
        let truth = df!("left" => [1i64, 2, 3, 4], "right" => [10i64, 20, 30, 40]).unwrap();
        let (figures, thresholds) = evaluate(predicted, truth);
        let shares: Vec<_> = figures.column("share").unwrap().f64().unwrap().iter().skip(2).collect();
        assert_eq!(shares, [Some(2.0 / 3.0), Some(0.5), Some(4.0 / 7.0)]);
        assert_eq!(columns::floats(&thresholds, "threshold").unwrap(), [Some(0.5), Some(0.9)]);
        assert_eq!(columns::integers(&thresholds, "predicted").unwrap(), [Some(3), Some(2)]);
        assert_eq!(columns::integers(&thresholds, "correct").unwrap(), [Some(2), Some(1)]);
    }

    #[test]
    fn without_pairs_there_is_no_ratio() {
        let none =
            || df!("left" => Vec::<i64>::new(), "right" => Vec::<i64>::new(), "score" => Vec::<f64>::new()).unwrap();
        let (figures, _) = evaluate(none(), none());
        assert_eq!(figures.column("share").unwrap().null_count(), figures.height());
    }
}
