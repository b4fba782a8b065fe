//! You can see it: runs, steps and progress in the journal, results as JSON, log lines, and what `clean` keeps.

use std::{fs, process::Stdio};

use serde_json::Value as Json;

use super::shop::{text, wait_until};
use crate::support::Place;

const PIPELINE: &str = r#"
name = "seen"

[sources.orders]
csv = "orders.csv"
types = { id = "int", customer = "text" }

[stages.totals]
operator = "sql"
inputs = { o = "orders" }
params = { query = "SELECT customer, COUNT(*) AS n FROM o GROUP BY customer ORDER BY customer" }

[sinks.file]
from = "totals"
csv = "out.csv"

[reports.totals]
from = "totals"
title = "Orders by customer"
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("p.toml", PIPELINE);
    place.write("orders.csv", "id,customer\n1,a\n2,b\nx,b\n");
    place
}

fn json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_run_is_seen_in_the_journal_the_results_and_the_status() {
    let place = place();
    let said = place.run(&["--verbose"]).expect_success();
    assert!(said.stdout.contains("Orders by customer"), "{}", said.stdout);
    let runs = place
        .query(".nightloom/journal.db", "SELECT run_id, pipeline, status, ended_at >= started_at, problem FROM runs");
    let run_id = runs[0].split('|').next().expect("a run");
    assert_eq!(runs, [format!("{run_id}|seen|done|1|-")]);
    let steps = place.query(
        ".nightloom/journal.db",
        "SELECT kind, step, status, rows_in, rows_out, rejected FROM steps ORDER BY rowid",
    );
    assert_eq!(steps, ["source|orders|done|3|2|1", "stage|totals|done|2|2|0", "sink|file|written|2|2|0"]);
    let measured =
        place.query(".nightloom/journal.db", "SELECT MIN(seconds > 0), MAX(peak_memory_bytes > 1000000) FROM steps");
    assert_eq!(measured, ["1|1"]);

    let results = json(&place.read(&format!(".nightloom/runs/{run_id}/run_results.json")));
    assert_eq!((text(&results["run_id"]), text(&results["status"])), (run_id.to_owned(), "done".to_owned()));
    assert_eq!(results["steps"].as_array().map(Vec::len), Some(3));
    assert_eq!(results["steps"][0]["rejected"], 1);

    let status = json(&place.nightloom(["status", "p.toml", "--json"]).expect_success().stdout);
    assert_eq!(text(&status["runs"][0]["run_id"]), run_id);
    assert_eq!(status["steps_of_newest_run"].as_array().map(Vec::len), Some(3));
    let shown = place.nightloom(["status", "p.toml"]).expect_success().stdout;
    for words in ["seen", "done", "totals", "rejected", "MiB"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn the_status_of_a_file_that_is_not_there_is_an_error() {
    let place = place();
    place.run(&[]).expect_success();
    let said = place.nightloom(["status", "q.toml"]);
    assert!(said.code == Some(2) && said.stderr.contains("cannot read the pipeline file q.toml"), "{}", said.stderr);
    let shown = place.nightloom(["status", "--workspace", "."]).expect_success().stdout;
    assert!(shown.contains("seen"), "without a name the runs of all: {shown}");
}

#[test]
fn the_report_of_a_stage_that_was_not_chosen_is_not_printed() {
    let place = place();
    place.write("p.toml", format!("{PIPELINE}\n[stages.more]\noperator = \"sql\"\ninputs = {{ o = \"orders\" }}\nparams = {{ query = \"SELECT id FROM o\" }}\n"));
    place.run(&[]).expect_success();
    let said = place.run(&["--only", "more", "--force", "--verbose"]).expect_success();
    assert!(!said.stdout.contains("Orders by customer"), "{}", said.stdout);
}

#[test]
fn the_results_as_json_hold_the_rows_of_the_reports_also_when_all_was_fresh() {
    let place = place();
    place.write("p.toml", PIPELINE.to_owned() + "limit = 1\n");
    let wanted = serde_json::json!([{
        "title": "Orders by customer",
        "dataset": "totals",
        "total_rows": 2,
        "rows": [{ "customer": "a", "n": 1 }],
    }]);
    for is_second in [false, true] {
        let results = json(&place.run(&["--json"]).expect_success().stdout);
        let mut steps = results["steps"].as_array().expect("steps").iter();
        assert_eq!(steps.all(|step| step["status"] == "fresh"), is_second);
        assert_eq!(results["reports"], wanted);
        let file = json(&place.read(&format!(".nightloom/runs/{}/run_results.json", text(&results["run_id"]))));
        assert_eq!(file["reports"], wanted);
    }
    let broken = "[stages.totals.expect]\ntotals = { rows = [9, 9] }\n";
    place.write("p.toml", PIPELINE.replace("[sinks.file]", &format!("{broken}\n[sinks.file]")));
    let failed = place.run(&["--json"]);
    assert_eq!((failed.code, &json(&failed.stdout)["reports"]), (Some(1), &serde_json::json!([])));
}

#[test]
fn a_failed_run_is_seen_with_its_problem_and_what_was_skipped() {
    let place = place();
    let failed = place.run(&["--set", "stages.totals.expect.totals.rows=[5, 9]", "--json"]);
    assert_eq!(failed.code, Some(1));
    let results = json(&failed.stdout);
    assert_eq!(text(&results["status"]), "failed");
    assert!(text(&results["problem"]).contains("expectations are broken"));
    let runs = place.query(".nightloom/journal.db", "SELECT status, problem FROM runs");
    assert_eq!(runs, ["failed|stage 'totals': expectations are broken"]);
    let later = "[stages.later]\noperator = \"sql\"\ninputs = { t = \"totals\" }\nparams = { query = \"SELECT * FROM t\" }\n[stages.totals.expect]\ntotals = { rows = [5, 9] }\n";
    place.write("p.toml", format!("{PIPELINE}{later}"));
    assert_eq!(place.run(&[]).code, Some(1));
    let steps = place.query(
        ".nightloom/journal.db",
        "SELECT step, status FROM steps WHERE run_id = (SELECT MAX(run_id) FROM runs) ORDER BY rowid",
    );
    assert_eq!(steps, ["orders|fresh", "totals|failed", "later|skipped"]);
}

#[test]
fn progress_of_a_running_step_can_be_polled_and_a_killed_run_is_shown_as_killed() {
    let place = place();
    let pairs = "[stages.pairs]\noperator = \"sql\"\ninputs = { a = \"orders\", b = \"orders\" }\nparams = { query = \"SELECT SUM(a.id * b.id) AS s FROM a CROSS JOIN b\" }\n";
    place.write("p.toml", format!("{PIPELINE}{pairs}"));
    let rows: String = (0..30_000).map(|id| format!("{id},c\n")).collect();
    place.write("orders.csv", format!("id,customer\n{rows}"));
    let mut run = place.command(["run", "p.toml"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("a run");
    let journal = ".nightloom/journal.db";
    wait_until(|| {
        place.path(".nightloom/checkpoints/seen/orders/latest.json").exists()
            && place.query(journal, "SELECT step FROM progress WHERE step = 'pairs' AND updated_at > '2026'").len() == 1
    });
    let status = json(&place.nightloom(["status", "p.toml", "--json"]).expect_success().stdout);
    assert_eq!(text(&status["runs"][0]["status"]), "running");
    run.kill().expect("a kill");
    run.wait().expect("an end");
    let status = json(&place.nightloom(["status", "p.toml", "--json"]).expect_success().stdout);
    assert_eq!(text(&status["runs"][0]["status"]), "killed");
    place.write("orders.csv", "id,customer\n1,a\n");
    place.run(&[]).expect_success();
    let status = json(&place.nightloom(["status", "p.toml", "--json"]).expect_success().stdout);
    let states: Vec<_> = status["runs"].as_array().expect("runs").iter().map(|run| text(&run["status"])).collect();
    assert_eq!(states, ["done", "killed"]);
    assert!(
        place.query(journal, "SELECT DISTINCT run_id FROM progress").len() <= 1,
        "a finished run has no progress rows"
    );
}

#[test]
fn log_lines_are_text_or_json_and_stdout_stays_data() {
    let place = place();
    let text_log = place.run(&["--log-format", "text"]).expect_success().stderr;
    assert!(text_log.lines().all(|line| line.starts_with("20") && line.contains("Z ")), "{text_log}");
    for words in ["source orders: started (never run)", "stage totals: done: 2 rows", "sink file: written"] {
        assert!(text_log.contains(words), "{words}: {text_log}");
    }
    let finished = place.run(&["--log-format", "json", "--force", "--json"]).expect_success();
    let events: Vec<_> = finished.stderr.lines().map(|line| text(&json(line)["event"])).collect();
    assert_eq!(events.first().map(String::as_str), Some("run_started"));
    assert!(events.contains(&"step_started".to_owned()) && events.contains(&"step_finished".to_owned()), "{events:?}");
    assert_eq!(text(&json(&finished.stdout)["status"]), "done");
}

#[test]
fn clean_keeps_what_the_newest_runs_used_and_the_next_run_is_still_fresh() {
    let place = place();
    for rows in 1..=5 {
        let lines: String = (0..rows).map(|id| format!("{id},c{id}\n")).collect();
        place.write("orders.csv", format!("id,customer\n{lines}"));
        place.run(&[]).expect_success();
    }
    assert_eq!(place.checkpoints("seen", "totals").len(), 5);
    let unfinished = place.path(".nightloom/checkpoints/seen/totals/.unfinished");
    fs::create_dir_all(&unfinished).expect("a folder");
    let said = place.nightloom(["clean", "p.toml", "--keep", "2"]).expect_success().stdout;
    assert!(said.contains("Removed 7 checkpoints"), "{said}");
    for step in ["orders", "totals"] {
        assert_eq!(place.checkpoints("seen", step).len(), 2, "{step}");
    }
    assert_eq!(fs::read_dir(place.path(".nightloom/runs")).expect("runs").count(), 2);
    place.assert_fresh("after clean");
    let did = place.run_states(&[]);
    assert!(did.values().all(|status| status == "fresh"), "{did:?}");
    // The run before the newest can be had again without work; older ones are made again.
    place.write("orders.csv", "id,customer\n0,c0\n1,c1\n2,c2\n3,c3\n");
    assert_eq!(place.run_states(&[])["totals"], "fresh");
    place.write("orders.csv", "id,customer\n0,c0\n");
    assert_eq!(place.run_states(&[])["totals"], "done");
    assert_eq!(place.nightloom(["clean", "p.toml", "--keep", "0"]).code, Some(2));
}
