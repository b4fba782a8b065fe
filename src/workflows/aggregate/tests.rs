//! What `aggregate-patterns` makes of small histories: the checks of the original, and known tables.

use polars::prelude::*;

use super::{super::testing::context, *};

fn detections(rows: &[(&str, i64, f64, i64, i64)]) -> DataFrame {
    df!(
        "workflow_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "pattern_signature" => vec!["test:pytest:backend"; rows.len()],
        "input_length" => vec![3i64; rows.len()],
        "word_count" => vec![1i64; rows.len()],
        "keywords" => vec!["[]"; rows.len()],
        "files_mentioned" => vec!["[]"; rows.len()],
        "total_tokens" => rows.iter().map(|row| (row.1 > 0).then_some(row.1)).collect::<Vec<_>>(),
        "actual_cost_total" => rows.iter().map(|row| (row.2 > 0.0).then_some(row.2)).collect::<Vec<_>>(),
        "duration_seconds" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        "error_count" => vec![0i64; rows.len()],
        "retry_count" => vec![0i64; rows.len()],
        "seen_at" => rows.iter().map(|row| row.4 * 86_400_000_000).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn patterns(rows: &[(&str, i64, f64, i64, i64)]) -> DataFrame {
    let inputs = Frames::new().with("detections", detections(rows));
    let mut made = crate::operator::Operator::run(&AggregatePatterns::default(), inputs, &context()).unwrap();
    made.take("patterns").unwrap().collect().unwrap()
}

fn float(frame: &DataFrame, name: &str) -> f64 {
    columns::floats(frame, name).unwrap().get(0).unwrap()
}

fn integer(frame: &DataFrame, name: &str) -> i64 {
    columns::integers(frame, name).unwrap().get(0).unwrap()
}

#[test]
fn two_workflows_average_and_a_tool_costs_a_twentieth() {
    let made = patterns(&[("a", 5000, 0.5, 120, 0), ("b", 6000, 0.6, 120, 0)]);
    assert_eq!(integer(&made, "occurrence_count"), 2);
    assert_eq!(integer(&made, "avg_tokens_with_llm"), 5500);
    assert_eq!(integer(&made, "avg_tokens_with_tool"), 275);
    assert!((float(&made, "avg_cost_with_llm") - 0.55).abs() < 1e-12);
    assert!((float(&made, "avg_cost_with_tool") - 0.0275).abs() < 1e-12);
    assert!((float(&made, "potential_monthly_savings") - 2.0 * 0.95 * 0.55).abs() < 1e-12);
    assert_eq!(float(&made, "confidence_score"), 70.0);
}

#[test]
fn missing_tokens_and_costs_count_as_nothing() {
    let made = patterns(&[("a", 0, 0.0, 0, 0), ("b", 6001, 0.6, 0, 0)]);
    assert_eq!(integer(&made, "avg_tokens_with_llm"), 3000);
    assert!((float(&made, "avg_cost_with_llm") - 0.3).abs() < 1e-12);
    assert_eq!(float(&made, "confidence_score"), 55.0);
}

#[test]
fn savings_are_those_of_a_month_of_the_time_seen() {
    let made = patterns(&[("a", 1, 1.0, 1, 0), ("b", 1, 1.0, 1, 487)]);
    assert!((float(&made, "potential_monthly_savings") - 0.95 * 2.0 / 16.0).abs() < 1e-12);
}

/// A purge leaves the links of what it took: their number and their time belong together.
#[test]
fn savings_do_not_grow_when_the_history_is_purged() {
    let weekly: Vec<(String, i64)> = (0..96).map(|week| (format!("w{week}"), week * 7)).collect();
    let rows: Vec<_> = weekly.iter().map(|(id, day)| (id.as_str(), 1, 1.0, 1, *day)).collect();
    let run = |rows: &[(&str, i64, f64, i64, i64)], tables: Option<&(DataFrame, DataFrame)>| {
        let mut inputs = Frames::new().with("detections", detections(rows));
        if let Some((patterns, occurrences)) = tables {
            inputs = inputs.with("patterns", patterns.clone()).with("occurrences", occurrences.clone());
        }
        let mut made = crate::operator::Operator::run(&AggregatePatterns::default(), inputs, &context()).unwrap();
        let mut taken = |name| made.take(name).unwrap().collect().unwrap();
        (taken("patterns"), taken("occurrences"))
    };
    let whole = run(&rows, None);
    let purged = run(rows.get(93..).unwrap(), Some(&whole));
    assert_eq!(integer(&purged.0, "occurrence_count"), 96);
    assert_eq!(float(&purged.0, "potential_monthly_savings"), float(&whole.0, "potential_monthly_savings"));
    let earlier = run(rows.get(..3).unwrap(), Some(&whole));
    let last_seen = |made: &DataFrame| columns::texts(made, "last_seen").unwrap().get(0).map(str::to_owned);
    assert_eq!(last_seen(&earlier.0), last_seen(&whole.0));
}

#[test]
fn a_history_without_detections_makes_no_patterns() {
    assert_eq!(patterns(&[]).height(), 0);
}
