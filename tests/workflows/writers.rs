//! Several at one database: two runs at once, and a run while somebody else writes.

use std::{path::Path, process::Stdio};

use rusqlite::{Connection, types::Value};

use super::{arguments, empty, history, run, tables};
use crate::{
    engine::shop::wait_until_committing_in,
    support::{Place, rows},
};

/// The program's arguments with a workspace of its own, so that no lock keeps two runs apart.
fn apart(database: &Path, workspace: &str) -> Vec<String> {
    let mut words = arguments(database, &["--set", &format!("vars.out={workspace}-out")]);
    if let Some(place) = words.iter().position(|word| word == "--workspace") {
        words[place + 1] = workspace.to_owned();
    }
    words
}

fn once(database: &Path) {
    let counts = "SELECT COUNT(*), COUNT(DISTINCT pattern_signature) FROM operation_patterns";
    let [patterns] = <[Vec<Value>; 1]>::try_from(rows(database, counts)).expect("one row");
    assert!(patterns[0] == patterns[1] && patterns[0] != Value::Integer(0), "{patterns:?}");
}

#[test]
fn two_runs_at_once_on_one_database_create_each_pattern_once() {
    let place = Place::new();
    let alone = history(&place, "alone.db", 800);
    run(&place, &alone, &[]).expect_success();
    for round in 0..3 {
        let both = history(&place, &format!("both-{round}.db"), 800);
        let writers: Vec<_> = ["one", "two"]
            .map(|name| {
                let arguments = apart(&both, &format!("{name}-{round}"));
                place.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a run")
            })
            .into_iter()
            .collect();
        for writer in writers {
            let ended = writer.wait_with_output().expect("an end");
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        }
        once(&both);
        assert!(tables(&both) == tables(&alone), "two writers leave other tables than one");
    }
}

#[test]
fn a_run_waits_for_somebody_else_who_writes() {
    let place = Place::new();
    let alone = history(&place, "alone.db", 300);
    run(&place, &alone, &[]).expect_success();
    let shared = history(&place, "shared.db", 300);
    let writer = Connection::open(&shared).expect("a database");
    writer
        .execute_batch("BEGIN IMMEDIATE; UPDATE workflow_history SET retry_count = retry_count WHERE 0")
        .expect("a lock");
    let running =
        place.command(apart(&shared, "waiting")).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a run");
    wait_until_committing_in(&place, "waiting");
    assert_eq!(rows(&shared, "SELECT * FROM operation_patterns"), Vec::<Vec<Value>>::new());
    writer.execute_batch("COMMIT").expect("the end of the lock");
    let ended = running.wait_with_output().expect("an end");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(tables(&shared) == tables(&alone));
}

#[test]
fn a_status_set_while_a_run_works_is_not_overwritten() {
    let place = Place::new();
    let database = empty(&place, "status.db");
    let connection = Connection::open(&database).expect("a database");
    let workflow = |id: u32| {
        let insert = "INSERT INTO workflow_history (workflow_id, nl_input, created_at)
                      VALUES (?1, 'Run backend tests with pytest', '2026-01-01T00:00:00Z')";
        connection.execute(insert, [format!("wf-{id}")]).expect("a row");
    };
    workflow(1);
    run(&place, &database, &[]).expect_success();
    workflow(2);
    // The run has read the tables when it waits for the lock; the status is set before it gets it.
    connection
        .execute_batch("BEGIN IMMEDIATE; UPDATE operation_patterns SET automation_status = 'automated'")
        .expect("a lock");
    let running =
        place.command(arguments(&database, &[])).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a run");
    wait_until_committing_in(&place, "status-workspace");
    connection.execute_batch("COMMIT").expect("the end of the lock");
    let ended = running.wait_with_output().expect("an end");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let found = rows(&database, "SELECT automation_status, occurrence_count FROM operation_patterns");
    assert_eq!(found, [[Value::Text("automated".to_owned()), Value::Integer(2)]]);
}
