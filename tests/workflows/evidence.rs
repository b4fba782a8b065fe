//! The evidence behind patterns: what the validation pipelines and `verify` show of it.

use std::path::Path;

use rusqlite::Connection;

use super::{empty, history, run};
use crate::support::{Finished, Place, project};

fn validation(place: &Place, pipeline: &str, database: &Path) -> Finished {
    let pipeline = project().join("pipelines").join(pipeline).display().to_string();
    let set = format!("vars.db={}", database.display());
    place
        .nightloom(["run", &pipeline, "--set", &set, "--set", "vars.out=out", "--workspace", "validation", "--verbose"])
        .expect_success()
}

/// A report's lines, from its title to the next empty line, with single spaces.
fn report(stdout: &str, title: &str) -> Vec<String> {
    let lines = stdout.lines().skip_while(|line| *line != title).skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Four workflows of one pattern and one of another, also with other columns for the id.
fn small(place: &Place) -> std::path::PathBuf {
    let database = empty(place, "evidence.db");
    let connection = Connection::open(&database).expect("a database");
    let long = format!("Run pytest on the server, {}", "and then again ".repeat(50));
    connection
        .execute_batch(&format!(
            "DROP TABLE true_patterns;
             DROP TABLE workflow_history;
             CREATE TABLE workflow_history
             (id INTEGER, nl_input TEXT, error_message TEXT, error_count INTEGER, duration_seconds INTEGER, retry_count INTEGER);
             INSERT INTO workflow_history VALUES
             (1, '{long}', NULL, 0, 10, 0), (2, 'Run backend tests with pytest', 'oh', NULL, 20, 0),
             (3, 'Run backend tests with pytest', NULL, 2, 30, 1), (4, 'run pytest\nfor the api', NULL, 0, 0, 0),
             (5, 'Build the UI', '', NULL, 5, 0);",
        ))
        .expect("rows");
    database
}

const FIGURES: [&str; 3] = [
    "pattern confidence workflows variance errors % retries %",
    "test:pytest:backend 70.0 4 66.7 50.0 25.0",
    "build:build:frontend 55.0 1 0.0 0.0",
];

#[test]
fn the_evidence_is_a_line_and_a_block_of_short_examples_a_pattern_and_needs_no_labels() {
    let place = Place::new();
    let database = small(&place);
    run(&place, &database, &[]).expect_success();
    let finished = validation(&place, "workflows-validation.toml", &database);
    assert_eq!(report(&finished.stdout, "The evidence behind each pattern"), FIGURES, "{}", finished.stdout);
    let wanted = [
        "build:build:frontend",
        "Build the UI",
        "test:pytest:backend",
        "Run pytest on the server, and then again and then again and…",
        "Run backend tests with pytest",
        "run pytest for the api",
    ];
    assert_eq!(report(&finished.stdout, "Examples of each pattern"), wanted, "{}", finished.stdout);
}

#[test]
fn verify_shows_the_same_figures_with_three_examples() {
    let place = Place::new();
    let database = small(&place);
    run(&place, &database, &[]).expect_success();
    let [evidence, examples] = verified(&place, &database);
    assert_eq!(evidence, FIGURES);
    assert_eq!(examples.len(), 6, "{examples:?}");
    assert_eq!(examples[5], "run pytest for the api");
}

/// What `verify` prints of a database: the evidence, and the examples.
fn verified(place: &Place, database: &Path) -> [Vec<String>; 2] {
    let pipeline = project().join("pipelines/workflows.toml").display().to_string();
    let set = format!("vars.db={}", database.display());
    let finished = place.nightloom(["verify", &pipeline, "--set", &set]).expect_success();
    ["3. The evidence behind each pattern", "4. Examples of each pattern"].map(|title| {
        let lines = report(&finished.stdout, title);
        lines.into_iter().take_while(|line| line != "pass").collect()
    })
}

#[test]
fn verify_needs_no_column_of_the_history_but_an_id() {
    let place = Place::new();
    let database = empty(&place, "narrow.db");
    Connection::open(&database)
        .expect("a database")
        .execute_batch(
            "DROP TABLE workflow_history;
             CREATE TABLE workflow_history (adw_id TEXT PRIMARY KEY, nl_input TEXT) WITHOUT ROWID;
             INSERT INTO workflow_history VALUES ('a', 'run tests'), ('b', 'run tests now'), ('c', 'lint');",
        )
        .expect("rows");
    run(&place, &database, &[]).expect_success();
    let [evidence, examples] = verified(&place, &database);
    assert_eq!(evidence[1..], ["test:generic:all 55.0 2 0.0 0.0", "format:generic:all 55.0 1 0.0 0.0"]);
    assert_eq!(examples, ["format:generic:all", "lint", "test:generic:all", "run tests", "run tests now"]);
}

#[test]
fn verify_takes_the_newest_usable_row_of_an_id() {
    let place = Place::new();
    let database = empty(&place, "twice.db");
    Connection::open(&database)
        .expect("a database")
        .execute_batch(
            "DROP TABLE workflow_history;
             CREATE TABLE workflow_history
             (workflow_id TEXT, nl_input TEXT, duration_seconds TEXT, error_count TEXT, start_time TEXT, created_at TEXT);
             INSERT INTO workflow_history VALUES
             ('a', 'run tests, the new ones', '10.0', '0', NULL, '2026-01-02T00:00:00+01:00'),
             ('a', 'run tests, the old ones', '500', '7', '2026-01-01T12:00:00.5Z', '2026-01-05'),
             ('a', 'run tests, the odd ones', 'long', '7', '2026-01-09', NULL),
             ('b', 'run tests', '20', '1', 'soon', NULL), ('c', 'lint', NULL, NULL, NULL, NULL);",
        )
        .expect("rows");
    run(&place, &database, &[]).expect_success();
    let [evidence, examples] = verified(&place, &database);
    assert_eq!(evidence[1..], ["test:generic:all 60.0 2 25.0 50.0 0.0", "format:generic:all 55.0 1 0.0 0.0"]);
    assert_eq!(examples[2..], ["test:generic:all", "run tests, the new ones", "run tests"]);
    let finished = validation(&place, "workflows-validation.toml", &database);
    assert_eq!(report(&finished.stdout, "The evidence behind each pattern"), evidence, "{}", finished.stdout);
}

#[test]
fn the_evidence_of_many_workflows_fits_80_columns_and_labels_name_the_confidence_to_trust() {
    let place = Place::new();
    let database = history(&place, "labelled.db", 500);
    run(&place, &database, &[]).expect_success();
    let finished = validation(&place, "workflows-precision.toml", &database);
    let wide = finished.stdout.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None);
    let evidence = report(&finished.stdout, "The evidence behind each pattern");
    assert_eq!(evidence[0], FIGURES[0], "{}", finished.stdout);
    assert!(evidence.len() > 10 && evidence[1..].iter().all(|line| line.contains(':')), "{}", finished.stdout);
    let thresholds = report(&finished.stdout, "Precision by confidence");
    assert_eq!(thresholds[0], "confidence labelled right precision enough", "{}", finished.stdout);
    let reached: Vec<&String> = thresholds.iter().filter(|line| line.ends_with("true")).collect();
    assert!(reached.len() <= 1 && thresholds.len() > 2, "{}", finished.stdout);
}
