//! What a run says at its end: the batch in numbers, and the morning's summary.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, types::Value};
use serde_json::Value as Json;

use super::{empty, run};
use crate::support::{Place, rows};

fn add(database: &Path, workflows: &[(&str, &str, f64, &str)]) {
    let connection = Connection::open(database).expect("a database");
    for (id, request, cost, day) in workflows {
        let insert = "INSERT INTO workflow_history
                      (workflow_id, nl_input, actual_cost_total, total_tokens, duration_seconds, created_at)
                      VALUES (?1, ?2, ?3, 5000, 60, ?4)";
        connection.execute(insert, (id, request, cost, format!("{day}T00:00:00Z"))).expect("a row");
    }
}

/// The numbers of the batch in the results as JSON.
fn batch(place: &Place, database: &Path) -> BTreeMap<String, i64> {
    let finished = run(place, database, &["--json"]).expect_success();
    let results: Json = serde_json::from_str(&finished.stdout).expect("JSON");
    let reports = results["reports"].as_array().expect("reports");
    let report = reports.iter().find(|report| report["dataset"] == "pattern_report").expect("the report");
    let rows = report["rows"].as_array().expect("rows").iter().filter(|row| row["section"] == "Batch");
    rows.map(|row| (row["name"].as_str().expect("a name").to_owned(), row["count"].as_i64().expect("a count")))
        .collect()
}

#[test]
fn five_equal_workflows_are_all_processed_without_an_error() {
    let place = Place::new();
    let database = empty(&place, "five.db");
    for id in ["wf-1", "wf-2", "wf-3", "wf-4", "wf-5"] {
        add(&database, &[(id, "Run backend tests with pytest", 0.5, "2026-01-01")]);
    }
    let batch = batch(&place, &database);
    assert_eq!((batch["total_workflows"], batch["processed"], batch["errors"]), (5, 5, 0));
    assert_eq!((batch["total_patterns"], batch["new_patterns"]), (5, 1));
}

#[test]
fn a_pattern_is_new_then_known_with_a_count_of_two() {
    let place = Place::new();
    let database = empty(&place, "two.db");
    let count = "SELECT pattern_signature, occurrence_count FROM operation_patterns";
    for (night, id) in [(1, "wf-1"), (2, "wf-2")] {
        add(&database, &[(id, "Run backend tests with pytest", 0.5, "2026-01-01")]);
        let batch = batch(&place, &database);
        assert_eq!(batch["new_patterns"], i64::from(night == 1));
        let wanted = [Value::Text("test:pytest:backend".to_owned()), Value::Integer(night)];
        assert_eq!(rows(&database, count), [wanted]);
    }
}

/// The lines of the summary with single spaces, from its title to the next empty line.
fn summary(stdout: &str) -> Vec<String> {
    let lines = stdout.lines().skip_while(|line| *line != "Recurring operations").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn the_morning_summary_names_what_would_pay_what_is_new_and_what_changed() {
    let place = Place::new();
    let database = empty(&place, "mornings.db");
    add(
        &database,
        &[
            ("wf-1", "Run backend tests with pytest", 0.5, "2026-01-01"),
            ("wf-2", "Run backend tests with pytest", 0.5, "2026-01-02"),
            ("wf-3", "Build the UI", 2.0, "2026-01-02"),
        ],
    );
    let first = run(&place, &database, &[]).expect_success();
    let wanted = [
        "Batch",
        "total_workflows 3 –",
        "processed 3 100.0 %",
        "total_patterns 3 – found in workflows, of 2 kinds",
        "new_patterns 2 –",
        "errors 0 0.0 %",
        "without_time 0 0.0 %",
        "Worth automating: workflows, confidence, saving",
        "build:build:frontend 1 55.0 % saves $22.80 a year",
        "test:pytest:backend 2 70.0 % saves $11.40 a year",
        "New since the last run",
        "all 2 – patterns; there were none before",
    ];
    assert_eq!(summary(&first.stdout), wanted, "{}", first.stdout);

    let person = Connection::open(&database).expect("a database");
    let status = "UPDATE operation_patterns SET automation_status = 'planned' WHERE pattern_signature = ?1";
    person.execute(status, ["test:pytest:backend"]).expect("a status");
    drop(person);
    add(
        &database,
        &[("wf-4", "Run backend tests with pytest", 0.5, "2026-01-03"), ("wf-5", "Show git status", 0.1, "2026-01-03")],
    );
    let second = run(&place, &database, &[]).expect_success();
    let wanted = [
        "Batch",
        "total_workflows 5 –",
        "processed 5 100.0 %",
        "total_patterns 5 – found in workflows, of 3 kinds",
        "new_patterns 1 –",
        "errors 0 0.0 %",
        "without_time 0 0.0 %",
        "Worth automating: workflows, confidence, saving",
        "build:build:frontend 1 55.0 % saves $22.80 a year",
        "test:pytest:backend 3 80.0 % saves $17.10 a year, planned",
        "git:status:summary 1 55.0 % saves $1.14 a year",
        "New since the last run",
        "git:status:summary 1 55.0 % saves $1.14 a year",
        "Changed since the last run, the most first",
        "test:pytest:backend 3 80.0 % +1 workflows, +$5.70 a year, was 70 %",
    ];
    assert_eq!(summary(&second.stdout), wanted, "{}", second.stdout);
}
