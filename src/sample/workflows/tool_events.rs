//! A small history of tool calls: mostly ordinary work, and a few sequences that recur.

use jiff::ToSpan;
use rusqlite::{Transaction, params};

use super::options::WorkflowOptions;
use crate::dice::Dice;

/// Working sessions.
const SESSIONS: u32 = 60;

/// What is done in one go, and how often in comparison.
const HABITS: &[(u32, &[&str])] = &[
    (20, &["Read", "Edit"]),
    (14, &["Grep", "Read", "Edit"]),
    (12, &["Bash", "Read"]),
    (10, &["TodoWrite", "Bash"]),
    (8, &["Read", "Edit", "Bash"]),
    (6, &["Glob", "Read", "Read"]),
    (9, &["Bash", "Bash", "Bash", "Write"]),
    (7, &["Task", "Bash", "Read"]),
];

/// Writes the events, each call with one before and one after it. Returns how many.
pub fn write(transaction: &Transaction<'_>, options: &WorkflowOptions, dice: &mut Dice) -> rusqlite::Result<u64> {
    let mut insert = transaction.prepare("INSERT INTO tool_events VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut events = 0;
    for session in 0..SESSIONS {
        let name = format!("s{session:04}");
        let mut at = options.start(u64::from(session) * options.rows / u64::from(SESSIONS));
        for _ in 0..dice.between(8, 20) {
            for tool in HABITS[dice.weighted(HABITS.iter().map(|(weight, _)| *weight))].1 {
                let success = if dice.permille(950) { "True" } else { "False" };
                for (kind, success) in [("PreToolUse", None), ("PostToolUse", Some(success))] {
                    at = at.checked_add(i64::from(dice.between(1, 40)).seconds()).unwrap_or(at);
                    insert.execute(params![name, at.to_string(), kind, tool, success])?;
                    events += 1;
                }
            }
        }
    }
    Ok(events)
}
