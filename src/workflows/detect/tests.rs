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
    detect_in(Frames::new().with("workflows", testing::history(history)), matching)
}

fn detect_in(inputs: Frames, matching: Matching) -> Made {
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
    assert_eq!(made.counts, [Some(5), Some(2), Some(3), Some(1), Some(2)]);
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
        assert_eq!(made.counts, [Some(6), Some(2), Some(4), Some(0), Some(2)]);
        let because = "actual_cost_total is not a finite number";
        let wanted = [(2, "b"), (3, "c"), (5, "e"), (6, "f")].map(|(row, id)| (row, Some(id), because));
        assert_eq!(rejected(&made), wanted);
    }
}

#[test]
fn a_word_among_numbers_with_fractions_costs_one_row_and_not_all() {
    let numbers = ["5000.0", "7.9", "1e3", " 8", "many", "inf", "NaN", "1e30", "-2.5"];
    let history = df!(
        "workflow_id" => ["a", "b", "c", "d", "e", "f", "g", "h", "i"],
        "nl_input" => ["run tests"; 9],
        "total_tokens" => numbers,
        "duration_seconds" => [5000.0, 7.9, 0.0, f64::NAN, 0.0, 0.0, 0.0, 0.0, -2.5],
    );
    let made = detect(history.unwrap(), Matching::Word);
    let tokens: Vec<_> = columns::integers(&made.detections, "total_tokens").unwrap().iter().collect();
    assert_eq!(tokens, [Some(5000), Some(7), Some(1000), Some(-2)]);
    let durations: Vec<_> = columns::integers(&made.detections, "duration_seconds").unwrap().iter().collect();
    assert_eq!(durations, [Some(5000), Some(7), Some(0), Some(-2)]);
    let ids: Vec<_> = rejected(&made).into_iter().map(|(_, id, _)| id.unwrap()).collect();
    assert_eq!(ids, ["d", "e", "f", "g", "h"]);
}

#[test]
fn costs_and_durations_beyond_all_measure_are_rejected_and_not_replaced() {
    let history = df!(
        "workflow_id" => ["a", "b", "c", "d", "e"],
        "nl_input" => ["run tests"; 5],
        "actual_cost_total" => [1e12, 1e300, -2e12, 0.5, 0.5],
        "duration_seconds" => [1_000_000_000_i64, 5, 5, 1_000_000_001, i64::MIN],
    );
    let made = detect(history.unwrap(), Matching::Word);
    assert_eq!(pairs(&made).iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["a"]);
    let (cost, duration) = ("actual_cost_total is beyond 1e12", "duration_seconds is beyond 1e9");
    let wanted = [(2, "b", cost), (3, "c", cost), (4, "d", duration), (5, "e", duration)];
    assert_eq!(rejected(&made), wanted.map(|(row, id, reason)| (row, Some(id), reason)));
}

#[test]
fn rows_that_the_source_could_not_read_are_counted_and_rejected_at_their_places() {
    let history = df!("id" => [Some(1_i64), None, None, Some(5)], "nl_input" => ["run tests"; 4]).unwrap();
    let unread = df!(
        "row" => [2_i64, 3, 7],
        "column" => ["total_tokens", "", "error_count"],
        "value" => ["many", "", "x"],
        "reason" => ["text where a number is", "one field of two", "text"],
    );
    let inputs = Frames::new().with("workflows", testing::history(history)).with("unread", unread.unwrap());
    let made = detect_in(inputs, Matching::Word);
    assert_eq!(made.counts[..3], [Some(7), Some(2), Some(5)]);
    let no_id = "no workflow_id, id or adw_id";
    let wanted = [
        (2, "total_tokens: text where a number is"),
        (3, "one field of two"),
        (4, no_id),
        (5, no_id),
        (7, "error_count: text"),
    ];
    assert_eq!(rejected(&made), wanted.map(|(row, reason)| (row, None, reason)));
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
