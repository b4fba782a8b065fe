//! Tables that an earlier run filled are met as they are, also where nothing but the history's file or a setting changed.

use std::path::Path;

use rusqlite::types::Value;

use super::{empty, history, run, tables, write_csv};
use crate::support::{Place, rows};

fn counts(database: &Path) -> Vec<Vec<Value>> {
    rows(
        database,
        "SELECT p.pattern_signature, p.occurrence_count FROM operation_patterns p
         WHERE p.occurrence_count <> (SELECT COUNT(*) FROM pattern_occurrences o WHERE o.pattern_id = p.id)",
    )
}

#[test]
fn a_file_that_grows_every_night_ends_in_the_tables_of_the_whole_history() {
    let place = Place::new();
    let whole = history(&place, "whole.db", 300);
    // A CSV file cannot tell an empty text from none.
    place.sql("whole.db", "UPDATE workflow_history SET error_message = NULL WHERE error_message = ''");
    run(&place, &whole, &[]).expect_success();
    let grown = empty(&place, "grown.db");
    let source = format!("sources.workflow_history={{ csv = '{}' }}", place.path("nights.csv").display());
    for (night, until) in [100, 200, 300].into_iter().enumerate() {
        write_csv(&place, "nights.csv", &whole, &format!("ORDER BY rowid LIMIT {until}"));
        let ran = run(&place, &grown, &["--set", &source]).expect_success();
        assert_eq!(ran.stdout.contains("there were none before"), night == 0, "{}", ran.stdout);
    }
    assert!(tables(&grown) == tables(&whole), "the tables differ");
}

#[test]
fn a_file_a_night_adds_to_what_is_linked() {
    let place = Place::new();
    let whole = history(&place, "whole.db", 300);
    let nights = empty(&place, "nights.db");
    let source = format!("sources.workflow_history={{ csv = '{}' }}", place.path("night.csv").display());
    for night in 0..3 {
        write_csv(&place, "night.csv", &whole, &format!("ORDER BY rowid LIMIT 100 OFFSET {}", night * 100));
        run(&place, &nights, &["--set", &source]).expect_success();
        assert!(counts(&nights).is_empty(), "night {night}: {:?}", counts(&nights));
    }
    run(&place, &whole, &[]).expect_success();
    let links = "SELECT pattern_id, workflow_id FROM pattern_occurrences ORDER BY id";
    assert!(rows(&nights, links) == rows(&whole, links), "other links");
}

#[test]
fn a_changed_setting_counts_what_was_linked_before() {
    let place = Place::new();
    let database = history(&place, "history.db", 300);
    run(&place, &database, &["--set", "vars.matching=substring"]).expect_success();
    run(&place, &database, &["--set", "vars.matching=word"]).expect_success();
    assert!(counts(&database).is_empty(), "{:?}", counts(&database));
}
