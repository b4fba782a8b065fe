//! Workflow patterns through the binary: equal tables whatever the way to them.

mod evidence;
mod files;
mod histories;
mod known_tables;
mod original;
mod real_events;
mod rules;
mod sources;
mod summary;
mod writers;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use rusqlite::{Connection, types::Value};

use crate::support::{Finished, Place, project, rows};

/// The JSON of the characteristics as SQLite spells it: a file's records have no spaces to keep.
const TABLES: [&str; 2] = [
    "SELECT * FROM operation_patterns ORDER BY id",
    "SELECT id, pattern_id, workflow_id, similarity_score, json(matched_characteristics), detected_at \
     FROM pattern_occurrences ORDER BY id",
];

fn tables(database: &Path) -> Vec<Vec<Vec<Value>>> {
    TABLES.iter().map(|query| rows(database, query)).collect()
}

fn history(place: &Place, name: &str, count: u32) -> PathBuf {
    let path = place.path(name);
    place.nightloom(["sample", "workflows", "--rows", &count.to_string(), "--out", name]).expect_success();
    path
}

fn arguments(database: &Path, more: &[&str]) -> Vec<String> {
    let pipeline = project().join("pipelines/workflows.toml").display().to_string();
    let name = database.file_stem().expect("a name").to_string_lossy().into_owned();
    let own = [
        "run".to_owned(),
        pipeline,
        "--as-of".to_owned(),
        "2026-03-01T00:00:00Z".to_owned(),
        "--set".to_owned(),
        format!("vars.db={}", database.display()),
        "--set".to_owned(),
        format!("vars.out={name}-out"),
        "--workspace".to_owned(),
        format!("{name}-workspace"),
    ];
    own.into_iter().chain(more.iter().map(|word| (*word).to_owned())).collect()
}

fn run(place: &Place, database: &Path, more: &[&str]) -> Finished {
    place.nightloom(arguments(database, more).iter().map(String::as_str).chain(["--verbose"]))
}

/// The rows of the history into `to`, from `from` on, in another order where `order` says so.
fn copy_history(source: &Path, to: &Path, rows: &str) {
    let database = Connection::open(to).expect("a database");
    database.execute("ATTACH ?1 AS source", [source.display().to_string()]).expect("attached");
    let insert = format!("INSERT INTO workflow_history SELECT * FROM source.workflow_history {rows}");
    database.execute(&insert, []).expect("copied");
}

/// The columns of a history.
const COLUMNS: [&str; 11] = [
    "workflow_id",
    "nl_input",
    "workflow_template",
    "error_message",
    "error_count",
    "duration_seconds",
    "retry_count",
    "total_tokens",
    "actual_cost_total",
    "start_time",
    "created_at",
];

/// Writes rows of a history as CSV; `which` are the clauses behind FROM. A CSV file cannot tell an empty text from none.
fn write_csv(place: &Place, name: &str, database: &Path, which: &str) {
    let cell = |value: &Value| match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => format!("{number:?}"),
        Value::Text(text) => format!("\"{}\"", text.replace('"', "\"\"")),
        Value::Blob(_) => panic!("a blob"),
    };
    let history = rows(database, &format!("SELECT {} FROM workflow_history {which}", COLUMNS.join(", ")));
    let lines = history.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(","));
    let text: Vec<String> = [COLUMNS.join(",")].into_iter().chain(lines).collect();
    std::fs::write(place.path(name), text.join("\n")).expect(name);
}

fn empty(place: &Place, name: &str) -> PathBuf {
    let path = history(place, name, 1);
    let database = Connection::open(&path).expect("a database");
    database.execute("DELETE FROM workflow_history", []).expect("emptied");
    path
}

#[test]
fn a_repeat_ten_increments_and_shuffled_rows_all_end_in_the_same_tables() {
    let place = Place::new();
    let once = history(&place, "once.db", 1_000);
    run(&place, &once, &[]).expect_success();
    let wanted = tables(&once);
    assert!(wanted[0].len() > 10 && wanted[1].len() > 1_000);
    assert!(files::tables(&place, &once) == wanted, "the files are not the tables");
    run(&place, &once, &["--full-refresh"]).expect_success();
    assert!(tables(&once) == wanted, "a repeat ends in other tables");

    let increments = empty(&place, "increments.db");
    for night in 0..10 {
        copy_history(&once, &increments, &format!("ORDER BY rowid LIMIT 100 OFFSET {}", night * 100));
        run(&place, &increments, &[]).expect_success();
    }
    assert!(tables(&increments) == wanted, "increments end in other tables");
    assert!(files::tables(&place, &increments) == wanted, "increments end in other files");

    let shuffled = empty(&place, "shuffled.db");
    copy_history(&once, &shuffled, "ORDER BY SUBSTR(workflow_id, -4), rowid");
    run(&place, &shuffled, &[]).expect_success();
    assert!(tables(&shuffled) == wanted, "shuffled rows end in other tables");
}

#[test]
fn a_run_killed_anywhere_between_its_sinks_is_finished_by_the_next() {
    let place = Place::new();
    let whole = history(&place, "whole.db", 300);
    run(&place, &whole, &[]).expect_success();
    for point in [
        "sqlite-batch",
        "sqlite-before-commit",
        "sqlite-after-commit",
        "commit-file-renamed",
        "checkpoint-before-latest:5",
    ] {
        let killed = place.path(&format!("{}.db", point.replace(':', "-")));
        copy_fresh(&place, &killed);
        let status = Command::new(env!("CARGO_BIN_EXE_nightloom"))
            .args(arguments(&killed, &[]))
            .current_dir(place.path(""))
            .env("NIGHTLOOM_FAILPOINT", point)
            .output()
            .expect("the program starts")
            .status;
        assert_eq!(status.code(), None, "not killed at {point}");
        run(&place, &killed, &[]).expect_success();
        assert!(tables(&killed) == tables(&whole), "killed at {point}");
        assert!(files::tables(&place, &killed) == tables(&whole), "the files differ, killed at {point}");
    }
}

fn copy_fresh(place: &Place, to: &Path) {
    let name = to.file_name().expect("a name").to_string_lossy().into_owned();
    history(place, &name, 300);
}

#[test]
fn a_status_that_a_person_set_stays_and_so_do_known_ids() {
    let place = Place::new();
    let database = empty(&place, "known.db");
    let connection = Connection::open(&database).expect("a database");
    connection
        .execute_batch(
            "INSERT INTO operation_patterns (id, pattern_signature, automation_status, created_at)
             VALUES (7, 'test:pytest:backend', 'automated', '2020-01-01');
             INSERT INTO pattern_occurrences (id, pattern_id, workflow_id) VALUES (3, 7, 'wf-1'), (4, 7, 'purged');
             INSERT INTO workflow_history (workflow_id, nl_input, total_tokens, actual_cost_total, created_at) VALUES
             ('wf-1', 'Run backend tests with pytest', 5000, 0.5, '2026-01-01T00:00:00Z'),
             ('wf-2', 'Run backend tests with pytest', 6000, 0.6, '2026-01-02T00:00:00Z');",
        )
        .expect("rows");
    drop(connection);
    run(&place, &database, &[]).expect_success();
    let found = rows(
        &database,
        "SELECT id, automation_status, created_at, occurrence_count, avg_tokens_with_llm FROM operation_patterns",
    );
    let text = |text: &str| Value::Text(text.to_owned());
    let wanted = [Value::Integer(7), text("automated"), text("2020-01-01"), Value::Integer(3), Value::Integer(5500)];
    assert_eq!(found, [wanted.to_vec()]);
    let ids = rows(&database, "SELECT id FROM pattern_occurrences WHERE workflow_id <> 'wf-2' ORDER BY id");
    assert_eq!(ids, [[Value::Integer(3)], [Value::Integer(4)]]);
}

#[test]
fn a_pattern_and_a_link_that_are_there_cannot_be_added_again() {
    let place = Place::new();
    let database = history(&place, "unique.db", 50);
    run(&place, &database, &[]).expect_success();
    let connection = Connection::open(&database).expect("a database");
    for (table, columns) in
        [("operation_patterns", "pattern_signature"), ("pattern_occurrences", "pattern_id, workflow_id")]
    {
        let again = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} LIMIT 1");
        let refused = connection.execute(&again, []).expect_err(table).to_string();
        assert!(refused.contains("UNIQUE constraint failed"), "{refused}");
    }
}

#[test]
fn a_history_alone_is_enough_and_the_other_tables_are_made_as_defined() {
    let place = Place::new();
    let database = place.path("alone.db");
    let connection = Connection::open(&database).expect("a database");
    connection
        .execute_batch(
            "CREATE TABLE workflow_history (id INTEGER PRIMARY KEY, nl_input TEXT, created_at TEXT);
             INSERT INTO workflow_history VALUES (4, 'Run backend tests with pytest', '2026-01-01T00:00:00Z')",
        )
        .expect("a history");
    run(&place, &database, &[]).expect_success();
    let links = rows(&database, "SELECT workflow_id FROM pattern_occurrences");
    assert_eq!(links, [[Value::Text("4".to_owned())]]);
    let names = |name: &str| vec![Value::Text(name.to_owned())];
    let made = rows(
        &database,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name",
    );
    assert_eq!(made, ["operation_patterns", "pattern_occurrences", "workflow_history"].map(names), "and no other");
    let refused = connection.execute_batch(
        "INSERT INTO pattern_occurrences (pattern_id, workflow_id) SELECT pattern_id, '4' FROM pattern_occurrences",
    );
    assert!(refused.is_err_and(|error| error.to_string().contains("UNIQUE")), "as it is defined");
    let again = run(&place, &database, &[]).expect_success();
    assert!(again.stdout.contains("nothing to do"), "{}", again.stdout);
}
