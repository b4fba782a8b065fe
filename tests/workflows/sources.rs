//! Histories in files: the same patterns as from the database.

use std::path::Path;

use rusqlite::{Connection, types::Value};

use super::{COLUMNS, empty, files::read_back, history, run, tables, write_csv};
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

#[test]
fn rows_that_the_database_holds_with_words_for_numbers_are_counted_and_kept_apart() {
    let place = Place::new();
    let database = empty(&place, "typed.db");
    let connection = Connection::open(&database).expect("a database");
    connection
        .execute_batch(
            "INSERT INTO workflow_history (workflow_id, nl_input, total_tokens) VALUES
             ('a', 'run tests', 5), ('b', 'run tests', 'many'), ('c', 'run tests', 5000.5), (NULL, 'run tests', 5)",
        )
        .expect("rows");
    drop(connection);
    let finished = run(&place, &database, &[]).expect_success();
    let lines: Vec<Vec<&str>> = finished.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    for count in [["total_workflows", "4"], ["processed", "1"], ["errors", "3"]] {
        assert!(lines.iter().any(|line| line.starts_with(&count)), "{count:?}: {}", finished.stdout);
    }
    let file = place.path("typed-out/workflows_rejected.parquet");
    let found = rows(&read_back(&place, &file, "rejected"), "SELECT \"row\", reason FROM rejected ORDER BY 1");
    let reasons = ["total_tokens: ", "total_tokens: ", "no workflow_id, id or adw_id"];
    assert_eq!(found.len(), 3, "{found:?}");
    for ((row, number), reason) in found.iter().zip(2..).zip(reasons) {
        assert_eq!(row[0], Value::Integer(number), "{found:?}");
        assert!(matches!(&row[1], Value::Text(text) if text.starts_with(reason)), "{found:?}");
    }
}

#[test]
fn one_stray_word_in_a_long_file_of_numbers_with_fractions_is_one_error() {
    let place = Place::new();
    let mut lines = String::from("workflow_id,nl_input,total_tokens\n");
    (0..20_000).for_each(|row| lines += &format!("w{row},run tests,{row}.0\n"));
    std::fs::write(place.path("stray.csv"), lines + "bad,run tests,many\n").expect("lines");
    let other = empty(&place, "other.db");
    let source = format!("sources.workflow_history={{ csv = '{}' }}", place.path("stray.csv").display());
    run(&place, &other, &["--set", &source]).expect_success();
    let found = rows(&other, "SELECT occurrence_count, avg_tokens_with_llm FROM operation_patterns");
    assert_eq!(found, [[Value::Integer(20_000), Value::Integer(9_999)]]);
}
