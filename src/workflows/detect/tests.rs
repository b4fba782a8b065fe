//! What `detect-patterns` makes of a small history.

use polars::prelude::*;

use super::{
    super::{rules::tests::standard, testing::context},
    *,
};
use crate::operator::Operator;

struct Made {
    detections: DataFrame,
    counts: Vec<Option<i64>>,
    rejected: DataFrame,
}

fn detect(history: DataFrame, matching: Matching) -> Made {
    let missing: Vec<Expr> = HISTORY
        .iter()
        .filter(|(name, _)| history.column(name).is_err())
        .map(|(name, _)| lit(NULL).alias(*name))
        .collect();
    let inputs = Frames::new().with("workflows", history.lazy().with_columns(missing));
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
    let reasons: Vec<_> = columns::texts(&made.rejected, "reason").unwrap().iter().flatten().collect();
    assert_eq!(
        reasons,
        ["total_tokens is not a number", "no workflow_id, id or adw_id", "total_tokens is not a number"]
    );
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
