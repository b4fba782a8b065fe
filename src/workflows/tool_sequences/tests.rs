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

/// What the operator makes of events; columns that they lack are null, as the engine hands them over.
fn run(operator: &MineToolSequences, mut inputs: Frames) -> Frames {
    let mut events = inputs.take("events").unwrap();
    let schema = events.collect_schema().unwrap();
    let missing = events::COLUMNS.iter().filter(|name| schema.get(name).is_none());
    let events = events.with_columns(missing.map(|name| lit(NULL).alias(*name)).collect::<Vec<_>>());
    operator.run(inputs.with("events", events), &context()).unwrap()
}

/// The sequences of a history of one session, with how often they occur, from one occurrence on.
fn sequences(events: DataFrame) -> Vec<(String, i64)> {
    let operator = MineToolSequences { listed_from: 1, ..MineToolSequences::default() };
    let made = run(&operator, Frames::new().with("events", events)).take("sequences").unwrap().collect().unwrap();
    let texts = columns::texts(&made, "sequence").unwrap();
    let counts = columns::integers(&made, "occurrences").unwrap();
    texts.iter().flatten().map(str::to_owned).zip(counts.iter().flatten()).collect()
}

#[test]
fn calls_of_one_second_are_in_the_order_of_their_rows() {
    let steps = ["Set up", "Check out", "Build", "Archive"];
    let second = "2026-01-01T00:00:00Z";
    let times = [second, second, second, "2026-01-01T00:00:01Z"];
    let found = sequences(df!("session_id" => ["s"; 4], "timestamp" => times, "tool_name" => steps).unwrap());
    let found: Vec<&str> = found.iter().map(|(sequence, _)| sequence.as_str()).collect();
    let wanted = [
        "Build > Archive",
        "Check out > Build",
        "Check out > Build > Archive",
        "Set up > Check out",
        "Set up > Check out > Build",
        "Set up > Check out > Build > Archive",
    ];
    assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), wanted.into_iter().collect());
}

#[test]
fn times_may_be_numbers_since_1970_and_steps_may_be_numbered_instead() {
    let tools = ["Read", "Edit", "Bash"];
    let wanted = [("Read > Edit", 1), ("Edit > Bash", 1), ("Read > Edit > Bash", 1)];
    let wanted: BTreeSet<_> = wanted.into_iter().map(|(sequence, count)| (sequence.to_owned(), count)).collect();
    let shuffled = ["Bash", "Read", "Edit"];
    let events = |column: Column| {
        df!("session_id" => ["s"; 3], "tool_name" => shuffled).unwrap().with_column(column).unwrap().clone()
    };
    for column in [
        Column::new("timestamp".into(), [1_754_327_142_979_i64, 1_754_327_142_977, 1_754_327_142_978]),
        Column::new("timestamp".into(), [1_754_327_143.5, 1_754_327_142.0, 1_754_327_142.5]),
        Column::new("timestamp".into(), ["10", "2", "9"]),
        Column::new("sequence".into(), ["10", "2", "9"]),
        Column::new("sequence".into(), [3_i64, 1, 2]),
    ] {
        let found: BTreeSet<_> = sequences(events(column.clone())).into_iter().collect();
        assert_eq!(found, wanted, "{column:?} of {tools:?}");
    }
}

#[test]
fn a_history_without_times_and_numbers_is_refused_before_any_work() {
    let with = |names: &[&str]| {
        let columns = names.iter().map(|name| crate::operator::Column::new(name, ColumnKind::Any)).collect();
        MineToolSequences::default().outputs(&BTreeMap::from([("events".to_owned(), columns)])).map(drop)
    };
    let problem = with(&["session_id", "tool_name"]).unwrap_err().to_string();
    assert!(problem.contains("no column timestamp or sequence"), "{problem}");
    for known in [&["sequence", "tool_name"][..], &["timestamp"], &[]] {
        assert!(with(known).is_ok(), "{known:?}");
    }
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
        let mut made = run(&MineToolSequences::default(), Frames::new().with("events", events.unwrap()));
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
    let mut made = run(&MineToolSequences::default(), inputs);
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
        let mut made = run(&operator, Frames::new().with("events", events));
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
    let events = df!("session_id" => ["s"], "timestamp" => ["2026-01-01"], "sequence" => [""], "tool_name" => ["Bash"], "event_type" => [""], "success" => [""]);
    let ran = MineToolSequences::default().run(Frames::new().with("events", events.unwrap()), &context);
    assert!(matches!(ran, Err(StageError::Interrupted)));
}
