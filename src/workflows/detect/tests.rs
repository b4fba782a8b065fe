//! What `detect-patterns` makes of a small history.

use polars::prelude::*;

use super::{
    super::{
        rules::tests::standard,
        testing::{self, context},
    },
    *,
};
use crate::operator::Operator;

struct Made {
    detections: DataFrame,
    counts: Vec<Option<i64>>,
    rejected: DataFrame,
}

fn detect(history: DataFrame, matching: Matching) -> Made {
    let inputs = Frames::new().with("workflows", testing::history(history));
    let operator = DetectPatterns { rules: standard(), matching };
    let mut made = operator.run(inputs, &context()).unwrap();
    let mut take = |port: &str| made.take(port).unwrap().collect().unwrap();
    let counts = columns::integers(&take("counts"), "count").unwrap().iter().collect();
    Made { detections: take("detections"), counts, rejected: take("rejected") }
}

fn pairs(made: &Made) -> Vec<(&str, &str)> {
    let text = |name| columns::texts(&made.detections, name).unwrap();
    text("workflow_id").iter().flatten().zip(text("pattern_signature").iter().flatten()).collect()
}

/// Row, id and reason of what was rejected.
fn rejected(made: &Made) -> Vec<(i64, Option<&str>, &str)> {
    let text = |name| columns::texts(&made.rejected, name).unwrap();
    let rows = columns::integers(&made.rejected, "row").unwrap();
    let about = text("workflow_id").iter().zip(text("reason").iter().flatten());
    rows.iter().flatten().zip(about).map(|(row, (id, reason))| (row, id, reason)).collect()
}

#[test]
fn the_id_falls_back_and_a_row_without_one_or_with_a_word_for_a_number_is_rejected() {
    let history = df!(
        "workflow_id" => [Some("w"), None, Some(""), None, Some("bad")],
        "id" => [Some(1i64), Some(2), None, None, None],
        "adw_id" => [None, Some("a"), Some("b"), None, None],
        "nl_input" => ["run tests"; 5],
        "total_tokens" => ["5", "", "7", "1", "many"],
    );
    let made = detect(history.unwrap(), Matching::Word);
    assert_eq!(pairs(&made).iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["w", "b"]);
    assert_eq!(made.counts, [Some(5), Some(2), Some(3), Some(2)]);
    assert_eq!(
        rejected(&made),
        [
            (2, Some("2"), "total_tokens is not a number"),
            (4, None, "no workflow_id, id or adw_id"),
            (5, Some("bad"), "total_tokens is not a number"),
        ]
    );
}

#[test]
fn a_cost_that_is_no_finite_number_is_rejected_and_not_taken_for_none() {
    let words = df!(
        "workflow_id" => ["a", "b", "c", "d", "e", "f"],
        "nl_input" => ["run tests"; 6],
        "actual_cost_total" => ["0.5", "inf", "NaN", "0", "much", "-inf"],
    );
    let numbers = df!(
        "workflow_id" => ["a", "b", "c", "d", "e", "f"],
        "nl_input" => ["run tests"; 6],
        "actual_cost_total" => [0.5, f64::INFINITY, f64::NAN, -0.0, f64::NAN, f64::NEG_INFINITY],
    );
    for history in [words, numbers] {
        let made = detect(history.unwrap(), Matching::Word);
        assert_eq!(pairs(&made).iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["a", "d"]);
        let costs: Vec<_> = columns::floats(&made.detections, "actual_cost_total").unwrap().iter().collect();
        assert_eq!(costs, [Some(0.5), Some(0.0)]);
        assert_eq!(made.counts, [Some(6), Some(2), Some(4), Some(2)]);
        let because = "actual_cost_total is not a finite number";
        let wanted = [(2, "b"), (3, "c"), (5, "e"), (6, "f")].map(|(row, id)| (row, Some(id), because));
        assert_eq!(rejected(&made), wanted);
    }
}

#[test]
fn of_two_rows_with_one_id_the_newer_counts_whatever_their_order() {
    let rows = df!(
        "workflow_id" => ["w", "w", "x"],
        "nl_input" => ["run tests", "build it", "lint it"],
        "created_at" => ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"],
    )
    .unwrap();
    let made = detect(rows.clone(), Matching::Word);
    assert_eq!(pairs(&made), [("w", "build:build:all"), ("x", "format:generic:all")]);
    assert_eq!(rejected(&made), [(1, Some("w"), "another row has the same id and is newer")]);
    let mut reversed = pairs(&detect(rows.reverse(), Matching::Word))
        .into_iter()
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect::<Vec<_>>();
    reversed.reverse();
    assert_eq!(
        reversed,
        [("w".to_owned(), "build:build:all".to_owned()), ("x".to_owned(), "format:generic:all".to_owned())]
    );
}

#[test]
fn a_missing_error_count_is_one_where_there_is_a_message() {
    let history = df!(
        "workflow_id" => ["a", "b", "c"],
        "nl_input" => ["run tests"; 3],
        "error_message" => [Some("oh"), Some(""), Some("oh")],
        "error_count" => [None, None, Some(4i64)],
    );
    let made = detect(history.unwrap(), Matching::Word);
    let errors: Vec<_> = columns::integers(&made.detections, "error_count").unwrap().iter().flatten().collect();
    assert_eq!(errors, [1, 0, 4]);
}

#[test]
fn an_empty_history_has_no_patterns() {
    let made = detect(df!("workflow_id" => Vec::<String>::new()).unwrap(), Matching::Word);
    assert_eq!((made.detections.height(), made.rejected.height()), (0, 0));
}
