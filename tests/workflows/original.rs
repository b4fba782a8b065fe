//! The original's persistence functions and the pipeline with substring matching leave equal tables behind.

use std::process::Command;

use rusqlite::{Connection, types::Value};

use super::{history, run};
use crate::support::{Place, project, rows, shared};

/// What the original and we must agree on: all but ids, tokens (see [`TOKENS`]) and times, which are the clock's there. Its
/// savings take the count for a month's, which is right where the history lies within one.
const PATTERNS: &str =
    "SELECT pattern_signature, pattern_type, occurrence_count, avg_cost_with_llm, avg_cost_with_tool,
     typical_input_pattern, automation_status, confidence_score, potential_monthly_savings
     FROM operation_patterns ORDER BY pattern_signature";

/// The original truncates its running average at each step, so that it falls behind the mean.
const TOKENS: &str = "SELECT occurrence_count, avg_tokens_with_llm, avg_tokens_with_tool
     FROM operation_patterns ORDER BY pattern_signature";

/// Patterns whose times are not those of their first and last workflow: `created_at` and `last_seen` against the history.
const TIMES: &str = "SELECT p.pattern_signature FROM operation_patterns p
     JOIN pattern_occurrences o ON o.pattern_id = p.id JOIN workflow_history w ON w.workflow_id = o.workflow_id
     GROUP BY p.id HAVING p.created_at <> MIN(w.start_time) OR p.last_seen <> MAX(w.start_time)";

const OCCURRENCES: &str = "SELECT p.pattern_signature, o.workflow_id, o.similarity_score, o.matched_characteristics
     FROM pattern_occurrences o JOIN operation_patterns p ON p.id = o.pattern_id ORDER BY 1, 2";

#[test]
fn substring_matching_leaves_the_tables_the_original_functions_leave() {
    let Some(document) = shared("seeds", "002_") else {
        eprintln!("skipped: the document with the original functions is not beside the project");
        return;
    };
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: python3 is not installed");
        return;
    }
    let place = Place::new();
    let theirs = history(&place, "theirs.db", 400);
    let connection = Connection::open(&theirs).expect("a database");
    // Missing values stop the original, or mean something else to it. A workflow an hour: all within a month.
    connection
        .execute_batch(
            "UPDATE workflow_history SET error_count = COALESCE(error_count, 0), total_tokens = COALESCE(total_tokens, 0),
             retry_count = COALESCE(retry_count, 0), actual_cost_total = COALESCE(actual_cost_total, 0.0),
             start_time = strftime('%Y-%m-%dT%H:%M:%SZ', 1767225600 + rowid * 3600, 'unixepoch')",
        )
        .expect("filled");
    drop(connection);
    let ours = place.path("ours.db");
    std::fs::copy(&theirs, &ours).expect("a copy");
    let output = Command::new("python3")
        .arg(project().join("tests/workflows/original.py"))
        .arg(&document)
        .arg(&theirs)
        .arg("--no-wait")
        .output()
        .expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    run(&place, &ours, &["--set", "vars.matching=substring"]).expect_success();
    for query in [PATTERNS, OCCURRENCES] {
        let (theirs, ours) = (rows(&theirs, query), rows(&ours, query));
        assert_eq!(theirs.len(), ours.len());
        for (a, b) in theirs.iter().zip(&ours) {
            assert!(a.iter().zip(b).all(|(a, b)| same(a, b)), "theirs, then ours:\n{a:?}\n{b:?}");
        }
    }
    for (theirs, ours) in rows(&theirs, TOKENS).iter().zip(&rows(&ours, TOKENS)) {
        let [count, their_tokens, their_tool] = integers(theirs);
        let [_, tokens, tool] = integers(ours);
        assert!((0..=lost_by_truncating(count)).contains(&(tokens - their_tokens)), "{theirs:?} {ours:?}");
        assert_eq!([tool, their_tool], [tokens, their_tokens].map(|tokens| (tokens as f64 * 0.05) as i64));
    }
    assert_eq!(rows(&ours, TIMES), Vec::<Vec<Value>>::new());
}

fn integers(row: &[Value]) -> [i64; 3] {
    let numbers = row.iter().map(|value| if let Value::Integer(number) = value { *number } else { panic!("{row:?}") });
    numbers.collect::<Vec<_>>().try_into().expect("three columns")
}

/// How much less than the mean a running average of n values can be when each step but the first cuts off less than one:
/// step k is carried on with weight k / n, and (2 + 3 + … + n) / n = (n − 1)(n + 2) / 2n. Nothing for a single value.
fn lost_by_truncating(n: i64) -> i64 {
    (n - 1) * (n + 2) / (2 * n)
}

/// Equal, numbers to 1e-9.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Real(a), Value::Real(b)) => (a - b).abs() <= 1e-9,
        _ => a == b,
    }
}
