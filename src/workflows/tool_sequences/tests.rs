//! What `mine-tool-sequences` makes of small histories.

use std::collections::BTreeSet;

use polars::prelude::*;

use super::{super::testing::context, kind::kind, *};
use crate::operator::Operator;

fn kind_of(tools: &[&str]) -> &'static str {
    let operator = MineToolSequences::default();
    let names: Vec<&str> = tools.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let sequence: Vec<u16> = tools.iter().map(|tool| names.binary_search(tool).unwrap() as u16).collect();
    kind(&sequence, &tools.iter().map(|tool| operator.role(tool)).collect::<Vec<_>>())
}

#[test]
fn normal_orchestration_is_told_from_candidates() {
    assert_eq!(kind_of(&["TodoWrite", "Bash", "Read"]), "todo tracking");
    assert_eq!(kind_of(&["Read", "Grep", "Read", "Read", "Read"]), "only reads");
    assert_eq!(kind_of(&["Bash", "Read", "Bash", "Grep"]), "commands and reads");
    assert_eq!(kind_of(&["Edit", "Bash", "Edit"]), "edits");
    assert_eq!(kind_of(&["Grep", "Read", "Edit"]), "search, read, edit");
    assert_eq!(kind_of(&["Read", "Edit", "Bash"]), "read, edit, run");
    assert_eq!(kind_of(&["Bash", "Bash", "Bash"]), CANDIDATE);
    assert_eq!(kind_of(&["Task", "Bash", "Read"]), CANDIDATE);
}

#[test]
fn frequent_candidates_with_a_command_and_two_tools_are_flagged_whatever_the_order_of_rows() {
    let tools = ["Bash", "Task", "Bash"];
    let rows: Vec<(String, &str, String, bool)> = (0..60)
        .flat_map(|run| {
            tools.iter().enumerate().map(move |(place, tool)| {
                (format!("s{run}"), *tool, format!("2026-01-01T00:00:0{place}"), run % 2 == 0)
            })
        })
        .collect();
    let mine = |rows: Vec<&(String, &str, String, bool)>| {
        let events = df!(
            "session_id" => rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(),
            "tool_name" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "timestamp" => rows.iter().map(|row| row.2.as_str()).collect::<Vec<_>>(),
            "success" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
            "event_type" => vec!["PostToolUse"; rows.len()],
        );
        let mut made =
            MineToolSequences::default().run(Frames::new().with("events", events.unwrap()), &context()).unwrap();
        made.take("sequences").unwrap().collect().unwrap()
    };
    let forward = mine(rows.iter().collect());
    assert!(forward.equals_missing(&mine(rows.iter().rev().collect())));
    let sequences: Vec<_> = columns::texts(&forward, "sequence").unwrap().iter().flatten().collect();
    assert_eq!(sequences, ["Bash > Task", "Bash > Task > Bash", "Task > Bash"]);
    assert!(forward.column("flagged").unwrap().bool().unwrap().all());
    assert_eq!(columns::floats(&forward, "success_rate").unwrap().get(0), Some(0.5));
    assert_eq!(columns::integers(&forward, "sessions").unwrap().get(0), Some(60));
}

#[test]
fn an_event_that_cannot_be_used_is_rejected_and_one_of_another_type_is_left_out() {
    let time = Some("2026-01-01T00:00:00Z");
    let events = df!(
        "session_id" => [Some("s"), None, Some("s"), Some("s"), Some("s"), None, Some(""), Some("s"), Some("s")],
        "timestamp" => [time, time, None, Some("soon"), time, None, time, time, Some("")],
        "tool_name" => [Some("Bash"), Some("Bash"), Some("Bash"), Some("Bash"), None, None, Some("Bash"), Some(""), Some("Bash")],
        "event_type" => [Some("PostToolUse"), None, None, None, None, Some("PreToolUse"), None, None, Some("")],
        "success" => [true; 9],
    );
    let unread = df!("row" => [1_i64, 6], "column" => ["success", "success"], "reason" => ["a blob", "a blob"]);
    let inputs = Frames::new().with("events", events.unwrap()).with("unread", unread.unwrap());
    let mut made = MineToolSequences::default().run(inputs, &context()).unwrap();
    let rejected = made.take("rejected").unwrap().collect().unwrap();
    let rows: Vec<_> = columns::integers(&rejected, "row").unwrap().iter().flatten().collect();
    assert_eq!(rows, [1, 3, 4, 5, 6, 7, 9, 10, 11]);
    let sessions: Vec<_> = columns::texts(&rejected, "session_id").unwrap().iter().collect();
    assert_eq!(sessions, [None, None, Some("s"), Some("s"), None, Some("s"), None, Some("s"), Some("s")]);
    let reasons: Vec<_> = columns::texts(&rejected, "reason").unwrap().iter().flatten().collect();
    let wanted = [
        "success: a blob",
        "no session_id",
        "no timestamp",
        "timestamp is no time",
        "success: a blob",
        "no tool_name",
        "no session_id",
        "no tool_name",
        "no timestamp",
    ];
    assert_eq!(reasons, wanted);
}

#[test]
fn success_may_be_a_word_or_a_number_and_what_is_neither_says_nothing() {
    let rate = |success: Column| {
        let rows = success.len();
        let times: Vec<String> = (0..rows).map(|row| format!("2026-01-01T00:00:0{row}Z")).collect();
        let events = df!("session_id" => vec!["s"; rows], "timestamp" => times, "tool_name" => vec!["Bash"; rows], "event_type" => vec![None::<&str>; rows]);
        let events = events.unwrap().with_column(success).unwrap().clone();
        let operator =
            MineToolSequences { min_length: 1, max_length: 1, listed_from: 1, ..MineToolSequences::default() };
        let mut made = operator.run(Frames::new().with("events", events), &context()).unwrap();
        let sequences = made.take("sequences").unwrap().collect().unwrap();
        columns::floats(&sequences, "success_rate").unwrap().get(0)
    };
    assert_eq!(rate(Column::new("success".into(), [1.0, 0.0, 1.0, 1.0])), Some(0.75));
    assert_eq!(rate(Column::new("success".into(), [1_i64, 0])), Some(0.5));
    assert_eq!(rate(Column::new("success".into(), [true, false])), Some(0.5));
    let words = ["True", "1.0", "0", "FALSE", "maybe", "", "2", "true"];
    assert_eq!(rate(Column::new("success".into(), words)), Some(0.6));
    assert_eq!(rate(Column::new("success".into(), [None::<bool>])), None);
}

#[test]
fn mining_stops_when_it_is_asked_to() {
    let context = context();
    context.cancelled.store(true, std::sync::atomic::Ordering::Relaxed);
    let events = df!("session_id" => ["s"], "timestamp" => ["2026-01-01"], "tool_name" => ["Bash"], "event_type" => [""], "success" => [""]);
    let ran = MineToolSequences::default().run(Frames::new().with("events", events.unwrap()), &context);
    assert!(matches!(ran, Err(StageError::Interrupted)));
}
