//! One at a time: a second run is told who holds the workspace; scopes run side by side.

use std::fs::{File, OpenOptions};

use super::shop::wait_until;
use crate::support::Place;

/// A stage that takes some seconds: many pairs of rows.
const SLOW: &str = r#"
name = "slow"
scope = "${vars.shop}"

[vars]
shop = { default = "none" }

[sources.rows]
csv = "rows.csv"

[stages.pairs]
operator = "sql"
inputs = { a = "rows", b = "rows" }
params = { query = "SELECT SUM(a.n * b.n) AS s, MAX(a.n - b.n) AS m FROM a CROSS JOIN b" }

[sinks.pairs]
from = "pairs"
csv = "${vars.shop}.csv"
"#;

fn rows(count: u32) -> String {
    let lines: String = (0..count).map(|n| format!("{n}\n")).collect();
    format!("n\n{lines}")
}

fn place(pipeline: &str, count: u32) -> Place {
    let place = Place::new();
    place.write("p.toml", pipeline);
    place.write("rows.csv", rows(count));
    place
}

#[test]
fn a_second_run_ends_with_3_and_names_process_and_time() {
    let place = place(&SLOW.replace("scope =", "# scope ="), 30_000);
    let mut first = place.command(["run", "p.toml"]).stderr(std::process::Stdio::null()).spawn().expect("a run");
    wait_until(|| place.path(".nightloom/checkpoints/slow/rows/latest.json").exists());
    let second = place.run(&[]);
    let (pid, ended) = (first.id(), first.try_wait().expect("a look").is_some());
    first.kill().expect("a kill");
    first.wait().expect("an end");
    assert!(!ended, "the first run was too quick for this test");
    assert_eq!(second.code, Some(3), "{}", second.stderr);
    for words in ["pipeline 'slow'", &format!("process {pid}"), "since 20", "UTC", "workspace.lock"] {
        assert!(second.stderr.contains(words), "{words}: {}", second.stderr);
    }
    // A killed run leaves no lock behind; only looking needs none.
    place.write("rows.csv", rows(10));
    place.run(&[]).expect_success();
    let lock = File::open(place.path(".nightloom/locks/workspace.lock")).expect("the lock");
    lock.lock().expect("the lock");
    assert_eq!(place.run(&[]).code, Some(3));
    assert_eq!(place.nightloom(["clean", "p.toml"]).code, Some(3));
    place.assert_fresh("while locked");
    place.nightloom(["status", "p.toml"]).expect_success();
    // Another workspace is free.
    place.run(&["--workspace", "elsewhere"]).expect_success();
}

#[test]
fn runs_of_two_scopes_go_side_by_side_and_each_has_its_own_checkpoints() {
    let place = place(SLOW, 20);
    place.run(&["--set", "vars.shop=one"]).expect_success();
    let held = OpenOptions::new().write(true).open(place.path(".nightloom/locks/scope-one.lock")).expect("the lock");
    held.lock().expect("the lock");
    let workspace = File::open(place.path(".nightloom/locks/workspace.lock")).expect("the lock");
    workspace.lock_shared().expect("the lock");
    // As if 'one' were running.
    assert_eq!(place.run(&["--set", "vars.shop=one"]).code, Some(3));
    place.run(&["--set", "vars.shop=two"]).expect_success();
    assert!(place.path("two.csv").exists());
    let mut found: Vec<_> = std::fs::read_dir(place.path(".nightloom/checkpoints"))
        .expect("checkpoints")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, ["slow@one", "slow@two"]);
    // A run of the whole workspace waits for all scopes.
    place.write("whole.toml", "name = \"whole\"\n[sources.rows]\ncsv = \"rows.csv\"\n");
    let whole = place.nightloom(["run", "whole.toml"]);
    assert_eq!(whole.code, Some(3), "{}", whole.stderr);
}
