//! The workflows pipeline as a whole.

use std::io::Write;

use super::{assert_grows_by_less, peak};
use crate::support::{Place, project};

const FEW: u64 = 100_000;
const MANY: u64 = 600_000;

/// The bytes that a workflow more may take: 100 for each of its pairs, and some of the row groups that are in work at once. Its
/// texts alone are 450 in the database: a stage that held them would take more.
const BYTES_A_WORKFLOW: u64 = 600;

fn peak_of(workflows: u64) -> u64 {
    let place = Place::new();
    let count = workflows.to_string();
    place.nightloom(["sample", "workflows", "--rows", &count, "--out", "history.db"]).expect_success();
    let pipeline = project().join("pipelines/workflows.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    command.args(["--set", "vars.db=history.db", "--set", "vars.out=out", "--workspace", ".", "--jobs", "1"]);
    peak(command.args(["--as-of", "2026-03-01"]))
}

#[test]
fn the_workflows_pipeline_does_not_hold_the_history() {
    assert_grows_by_less("workflows", BYTES_A_WORKFLOW, (FEW, peak_of(FEW)), (MANY, peak_of(MANY)));
}

const FEW_EVENTS: u64 = 300_000;
const MANY_EVENTS: u64 = 1_200_000;

/// The bytes that a tool event more may take: 48 for the call and a window of calls, some 70 for what is read at once, and room
/// for chance. A table with a list for each of the windows, most of which differ here, takes 700.
const BYTES_AN_EVENT: u64 = 250;

fn peak_of_events(events: u64) -> u64 {
    let place = Place::new();
    let mut log = std::io::BufWriter::new(std::fs::File::create(place.path("events.csv")).expect("a log"));
    writeln!(log, "session_id,timestamp,event_type,tool_name,success").expect("a line");
    let mut random = 1_u64;
    for event in 0..events {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (session, minute, second, tool) = (event / 1_000, event / 60 % 60, event % 60, random >> 54);
        writeln!(log, "session-{session},2026-01-01T00:{minute:02}:{second:02}Z,PostToolUse,tool-{tool},true")
            .expect("a line");
    }
    log.flush().expect("the log");
    drop(log);
    let pipeline = project().join("pipelines/examples/tool-sequences.toml");
    let run = |step: &str| {
        let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
        command.args(["--set", "vars.events=events.csv", "--set", "vars.out=out", "--workspace", "."]);
        peak(command.args(["--as-of", "2026-03-01", "--only", step]))
    };
    run("tool_events");
    run("tool_sequences")
}

#[test]
fn mining_tool_sequences_takes_little_for_an_event() {
    let peaks = (peak_of_events(FEW_EVENTS), peak_of_events(MANY_EVENTS));
    assert_grows_by_less("tool sequences", BYTES_AN_EVENT, (FEW_EVENTS, peaks.0), (MANY_EVENTS, peaks.1));
}
