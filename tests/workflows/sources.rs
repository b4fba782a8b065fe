//! Histories in files: the same patterns as from the database.

use std::path::Path;

use rusqlite::{Connection, types::Value};

use super::{COLUMNS, empty, history, run, tables, write_csv};
use crate::support::{Place, rows};

/// Runs the pipeline with the history in a file instead of the database.
fn with_file(place: &Place, source: &str) -> Vec<Vec<Vec<Value>>> {
    let other = empty(place, "other.db");
    run(place, &other, &["--set", &format!("sources.workflow_history={source}")]).expect_success();
    tables(&other)
}

fn whole_history(database: &Path) -> Vec<Vec<Value>> {
    rows(database, &format!("SELECT {} FROM workflow_history ORDER BY rowid", COLUMNS.join(", ")))
}

#[test]
fn histories_in_ndjson_give_the_same_patterns() {
    let place = Place::new();
    let database = history(&place, "lines.db", 400);
    run(&place, &database, &[]).expect_success();
    let json = |value: &Value| match value {
        Value::Null => serde_json::Value::Null,
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Blob(_) => panic!("a blob"),
    };
    let line = |row: &Vec<Value>| {
        let fields = COLUMNS.iter().zip(row).map(|(name, value)| ((*name).to_owned(), json(value)));
        serde_json::Value::Object(fields.collect()).to_string()
    };
    let lines: Vec<String> = whole_history(&database).iter().map(line).collect();
    std::fs::write(place.path("lines.ndjson"), lines.join("\n")).expect("lines");
    let found = with_file(&place, &format!("{{ ndjson = '{}' }}", place.path("lines.ndjson").display()));
    assert!(found == tables(&database), "the tables differ");
}

#[test]
fn histories_in_csv_give_the_same_patterns() {
    let place = Place::new();
    let database = history(&place, "table.db", 400);
    // A CSV file cannot tell an empty text from none.
    let connection = Connection::open(&database).expect("a database");
    connection
        .execute("UPDATE workflow_history SET error_message = NULL WHERE error_message = ''", [])
        .expect("an update");
    run(&place, &database, &[]).expect_success();
    write_csv(&place, "table.csv", &database, "ORDER BY rowid");
    let found = with_file(&place, &format!("{{ csv = '{}' }}", place.path("table.csv").display()));
    assert!(found == tables(&database), "the tables differ");
}

#[test]
fn rows_without_an_id_are_counted_and_kept_apart_and_the_batch_goes_on() {
    let place = Place::new();
    let lines = "workflow_id,nl_input,total_tokens\nw1,run tests,5\n,run tests,5\nw2,run tests,many\nw1,build it,7\n";
    std::fs::write(place.path("odd.csv"), lines).expect("lines");
    let other = empty(&place, "other.db");
    let source = format!("sources.workflow_history={{ csv = '{}' }}", place.path("odd.csv").display());
    let finished = run(&place, &other, &["--set", &source]).expect_success();
    let count = |name: &str| {
        let line = finished.stdout.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).map(str::to_owned)
    };
    assert_eq!(count("total_workflows").as_deref(), Some("4"), "{}", finished.stdout);
    assert_eq!((count("processed").as_deref(), count("errors").as_deref()), (Some("1"), Some("3")));
    assert_eq!(rows(&other, "SELECT occurrence_count FROM operation_patterns").len(), 1);
}
