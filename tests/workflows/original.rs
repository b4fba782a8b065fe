//! The original's persistence functions and the pipeline with substring matching leave equal tables behind.

use std::process::Command;

use rusqlite::{Connection, types::Value};

use super::{history, run};
use crate::support::{Place, project, rows, shared};

/// What the original and we must agree on. Its token averages truncate at every step, its savings take the count for a
/// month's, and its times are the clock's: those are defects that are not followed.
const PATTERNS: &str =
    "SELECT pattern_signature, pattern_type, occurrence_count, avg_cost_with_llm, avg_cost_with_tool,
     typical_input_pattern, automation_status, confidence_score FROM operation_patterns ORDER BY pattern_signature";

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
    // Missing values stop the original, or mean something else to it.
    connection
        .execute_batch(
            "UPDATE workflow_history SET error_count = COALESCE(error_count, 0), total_tokens = COALESCE(total_tokens, 0),
             retry_count = COALESCE(retry_count, 0), actual_cost_total = COALESCE(actual_cost_total, 0.0)",
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
}

/// Equal, numbers to 1e-9.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Real(a), Value::Real(b)) => (a - b).abs() <= 1e-9,
        _ => a == b,
    }
}
