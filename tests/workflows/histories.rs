//! Histories as CI systems and agents export them: epoch times, steps of one second, ids that are not there.

use std::collections::BTreeMap;

use super::{empty, run};
use crate::support::{Place, project};

/// The sequences that the example pipeline finds in a log, with how often they occur.
fn sequences(place: &Place, log: &str) -> BTreeMap<String, i64> {
    let pipeline =
        std::fs::read_to_string(project().join("pipelines/examples/tool-sequences.toml")).expect("the pipeline");
    place.write("p.toml", format!("{pipeline}\n[sinks.lines]\nfrom = \"tool_sequences\"\nndjson = \"lines\"\n"));
    place.write("events.csv", log);
    place.nightloom(["run", "p.toml", "--set", "vars.events=events.csv", "--set", "vars.out=out"]).expect_success();
    let lines = std::fs::read_to_string(place.path("lines")).expect("the sequences");
    let rows = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect(line));
    rows.map(|row| {
        (row["sequence"].as_str().expect("a text").to_owned(), row["occurrences"].as_i64().expect("a number"))
    })
    .collect()
}

/// A log of sessions that all have these tools; what stands for the time of each call is made of its session and its place.
fn log(column: &str, tools: &[&str], time: impl Fn(u64, u64) -> String) -> String {
    let mut text = format!("session_id,{column},event_type,tool_name,success\n");
    for session in 0..20 {
        for (place, tool) in (0..).zip(tools) {
            text += &format!("s{session},{},PostToolUse,{tool},true\n", time(session, place));
        }
    }
    text
}

#[test]
fn times_are_seconds_or_milliseconds_since_1970_or_numbers_in_the_order_of_the_steps() {
    let tools = ["Read", "Edit", "Bash"];
    let wanted = [("Edit > Bash", 20), ("Read > Edit", 20), ("Read > Edit > Bash", 20)];
    let wanted: BTreeMap<String, i64> = wanted.map(|(sequence, count)| (sequence.to_owned(), count)).into();
    let logs = [
        log("timestamp", &tools, |session, place| (1_754_327_142 + session * 1_000 + place).to_string()),
        log("timestamp", &tools, |session, place| (1_754_327_142_977 + session * 1_000 + place).to_string()),
        log("timestamp", &tools, |session, place| format!("{}.{place}", 1_754_327_142 + session)),
        log("timestamp", &tools, |_, place| (9 + place).to_string()),
        log("sequence", &tools, |_, place| (9 + place).to_string()),
        log("timestamp", &tools, |_, place| format!("2025-10-23T15:00:0{}Z", place / 2)),
    ];
    for log in logs {
        assert_eq!(sequences(&Place::new(), &log), wanted, "{log}");
    }
}

#[test]
fn a_log_without_sessions_and_a_history_without_ids_are_told_before_any_work() {
    let place = Place::new();
    let pipeline = project().join("pipelines/examples/tool-sequences.toml").display().to_string();
    place.write("events.csv", "session,timestamp,tool_name\ns,1,Bash\n");
    let told = place.nightloom(["run", &pipeline, "--set", "vars.events=events.csv", "--set", "vars.out=out"]);
    assert!(told.code == Some(2) && told.stderr.contains("'session_id', which the file lacks"), "{}", told.stderr);
    assert!(!place.path("out").exists());
    place.write("history.csv", "run,nl_input,total_tokens\n1,run tests,5\n");
    let database = empty(&place, "other.db");
    let source = format!("sources.workflow_history={{ csv = '{}' }}", place.path("history.csv").display());
    let told = run(&place, &database, &["--set", &source]);
    assert!(told.code == Some(2) && told.stderr.contains("workflow_id, id or adw_id"), "{}", told.stderr);
}

#[test]
fn the_command_in_the_pipelines_comment_reads_a_history_from_a_file() {
    let place = Place::new();
    place
        .write("history.csv", "workflow_id,nl_input,start_time\nw1,run tests,1754327142\nw2,run tests,\n,run tests,\n");
    let pipeline = project().join("pipelines/workflows.toml");
    let comment = std::fs::read_to_string(&pipeline).expect("the pipeline");
    let command = comment.lines().find(|line| line.contains("history.csv")).expect("a command");
    let words: Vec<&str> = command.trim_start_matches(['#', ' ']).split_whitespace().collect();
    let ["nightloom", "run", "pipelines/workflows.toml", settings @ ..] = words.as_slice() else {
        panic!("no command: {command}")
    };
    let settings = settings.iter().map(|word| word.trim_matches('\'').to_owned());
    let given = ["run".to_owned(), pipeline.display().to_string()].into_iter().chain(settings);
    let finished =
        place.nightloom(given.chain(["--set", "vars.out=out", "--verbose"].map(str::to_owned))).expect_success();
    let lines: Vec<Vec<&str>> = finished.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    for count in
        [["total_workflows", "3"], ["processed", "2"], ["errors", "1"], ["without_id", "1"], ["without_time", "1"]]
    {
        assert!(lines.iter().any(|line| line.starts_with(&count)), "{count:?}: {}", finished.stdout);
    }
}
