//! What `aggregate-patterns` makes of small histories: the checks of the original, and known tables.

use polars::prelude::*;

use super::{super::testing::context, *};

fn detections(rows: &[(&str, i64, f64, i64, i64)]) -> DataFrame {
    df!(
        "workflow_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "pattern_signature" => vec!["test:pytest:backend"; rows.len()],
        "input_length" => vec![3i64; rows.len()],
        "word_count" => vec![1i64; rows.len()],
        "keywords" => no_texts(rows.len()),
        "files_mentioned" => no_texts(rows.len()),
        "total_tokens" => rows.iter().map(|row| (row.1 > 0).then_some(row.1)).collect::<Vec<_>>(),
        "actual_cost_total" => rows.iter().map(|row| (row.2 > 0.0).then_some(row.2)).collect::<Vec<_>>(),
        "duration_seconds" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        "error_count" => vec![0i64; rows.len()],
        "retry_count" => vec![0i64; rows.len()],
        "seen_at" => rows.iter().map(|row| row.4 * 86_400_000_000).collect::<Vec<_>>(),
    )
    .unwrap()
}

/// So many empty lists.
fn no_texts(rows: usize) -> Series {
    let mut lists = ListStringChunkedBuilder::new("".into(), rows, 0);
    (0..rows).for_each(|_| lists.append_values_iter(std::iter::empty()));
    lists.finish().into_series()
}

fn patterns(rows: &[(&str, i64, f64, i64, i64)]) -> DataFrame {
    aggregate(Frames::new().with("detections", detections(rows)))
}

fn aggregate(inputs: Frames) -> DataFrame {
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

/// The confidence in a pattern with these workflows: seconds, errors and retries of each.
fn confidence(workflows: &[(i64, i64, i64)]) -> f64 {
    let ids: Vec<String> = (0..workflows.len()).map(|number| format!("wf-{number}")).collect();
    let rows: Vec<_> = ids.iter().zip(workflows).map(|(id, row)| (id.as_str(), 1, 1.0, row.0, 0)).collect();
    let column = |name: &str, values: Vec<i64>| Column::new(name.into(), values);
    let mut detections = detections(&rows);
    detections.with_column(column("error_count", workflows.iter().map(|row| row.1).collect())).unwrap();
    detections.with_column(column("retry_count", workflows.iter().map(|row| row.2).collect())).unwrap();
    float(&aggregate(Frames::new().with("detections", detections)), "confidence_score")
}

#[test]
fn confidence_grows_at_three_five_and_ten_workflows() {
    let of = |count: usize| confidence(&vec![(60, 0, 0); count]);
    assert_eq!([2, 3, 4, 5, 9, 10, 50].map(of), [70.0, 80.0, 80.0, 90.0, 90.0, 100.0, 100.0]);
}

#[test]
fn confidence_falls_at_a_variance_of_100_and_of_1000() {
    let of = |durations: [i64; 4]| confidence(&durations.map(|seconds| (seconds, 0, 0)));
    assert_eq!(of([91, 90, 110, 110]), 80.0, "the variance is 95.2");
    assert_eq!(of([90, 90, 110, 110]), 70.0, "the variance is 100");
    assert_eq!(of([61, 80, 120, 140]), 70.0, "the variance is 980");
    assert_eq!(of([60, 80, 120, 140]), 60.0, "the variance is 1000");
    assert_eq!(of([0, 0, 0, 500]), 65.0, "one duration that is not zero");
}

#[test]
fn confidence_falls_with_the_mean_of_errors_and_of_retries() {
    let of =
        |errors: [i64; 2], retries: [i64; 2]| confidence(&[(60, errors[0], retries[0]), (60, errors[1], retries[1])]);
    let success = |errors, retries| of(errors, retries) - 40.0;
    assert_eq!(success([0, 0], [0, 0]), 30.0);
    assert_eq!(success([0, 1], [0, 0]), 20.0, "half an error");
    assert_eq!(success([0, 0], [0, 1]), 20.0, "half a retry");
    assert_eq!(success([1, 1], [0, 0]), 10.0, "one error");
    assert_eq!(success([0, 0], [2, 1]), 20.0, "one retry and a half");
    assert_eq!(success([0, 0], [2, 2]), 10.0, "two retries");
    assert_eq!(success([3, 2], [9, 9]), 10.0, "two errors and a half");
    assert_eq!(success([3, 3], [0, 0]), 5.0, "three errors");
}

#[test]
fn a_known_pattern_without_a_workflow_has_a_confidence_of_ten() {
    let known = df!("id" => [7i64], "pattern_signature" => ["test:pytest:backend"], "confidence_score" => [90.0]);
    let missing: Vec<Expr> = PATTERNS
        .iter()
        .filter(|(name, _)| !["id", "pattern_signature", "confidence_score"].contains(name))
        .filter_map(|(name, kind)| Some(lit(NULL).cast(kind.data_type()?).alias(*name)))
        .collect();
    let known = known.unwrap().lazy().with_columns(missing);
    let made = aggregate(Frames::new().with("detections", detections(&[])).with("patterns", known));
    assert_eq!((made.height(), float(&made, "confidence_score")), (1, 10.0));
}
