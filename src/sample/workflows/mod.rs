//! The workflow world: a history of requests to agents, with the pattern each was written for, and their tool calls.

mod options;
mod phrases;
mod tool_events;

use std::{
    fmt::Write,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use rusqlite::{Connection, Statement, params};

pub use self::options::WorkflowOptions;
use self::phrases::{FAILURES, INTENTS, Intent, LOG_LINES, REMARKS};
use super::database::{SampleError, Stop, write_database};
use crate::{dice::Dice, operator::Progress};

const TABLES: &str = include_str!("../../../pipelines/tables/workflows.sql");

/// The dice of tool events lie beside those of the rows.
const EVENT_STREAM: u64 = 1 << 63;

/// How often progress and interruption are looked at, in rows.
const WATCH_EVERY: u64 = 4_096;

/// Length of a log, in bytes.
const LOG_BYTES: usize = 2_048;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkflowSummary {
    /// Rows of `workflow_history`.
    pub workflows: u64,
    /// Rows of `tool_events`.
    pub events: u64,
}

/// Writes a history into the new SQLite database `path`: the tables `workflow_history`, `tool_events` and
/// `true_patterns`, and `operation_patterns` and `pattern_occurrences`, which are empty. Rows are made one after another
/// in constant memory, in the order of their times.
///
/// # Errors
/// When `path` exists, cannot be written, or `cancelled` was set.
pub fn write_workflows(
    path: &Path,
    options: &WorkflowOptions,
    progress: &dyn Progress,
    cancelled: &AtomicBool,
) -> Result<WorkflowSummary, SampleError> {
    progress.total(options.rows);
    write_database(path, |unfinished| fill(unfinished, options, progress, cancelled))
}

fn fill(
    path: &Path,
    options: &WorkflowOptions,
    progress: &dyn Progress,
    cancelled: &AtomicBool,
) -> Result<WorkflowSummary, Stop> {
    let mut database = Connection::open(path)?;
    // The file is not yet anybody's: it needs no journal, and its owner syncs it once at the end.
    database.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -131072;")?;
    let transaction = database.transaction()?;
    transaction.execute_batch(TABLES)?;
    let mut insert = transaction.prepare(
        "INSERT INTO workflow_history (workflow_id, nl_input, workflow_template, error_message, error_count, \
         duration_seconds, retry_count, total_tokens, actual_cost_total, start_time, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    let mut label = transaction.prepare("INSERT INTO true_patterns VALUES (?1, ?2)")?;
    for number in 0..options.rows {
        if number.is_multiple_of(WATCH_EVERY) && cancelled.load(Ordering::Relaxed) {
            return Err(Stop::Cancelled);
        }
        let mut dice = Dice::new(options.seed, number);
        let intent = &INTENTS[dice.weighted(INTENTS.iter().map(|intent| intent.weight))];
        // In the order of rows, so that the primary key is filled at its end; the digits after it look random.
        let id = format!("wf-{number:08}-{:04x}", dice.below(1 << 16));
        insert_workflow(&mut insert, &id, intent, options, number, &mut dice)?;
        label.execute(params![id, intent.label])?;
        if (number + 1).is_multiple_of(WATCH_EVERY) {
            progress.advance(WATCH_EVERY);
        }
    }
    drop((insert, label));
    let events = tool_events::write(&transaction, options, &mut Dice::new(options.seed, EVENT_STREAM))?;
    transaction.commit()?;
    Ok(WorkflowSummary { workflows: options.rows, events })
}

fn insert_workflow(
    insert: &mut Statement<'_>,
    id: &str,
    intent: &Intent,
    options: &WorkflowOptions,
    number: u64,
    dice: &mut Dice,
) -> Result<(), Stop> {
    let errors = if dice.permille(820) { 0 } else { dice.between(1, 7) };
    let message = match dice.below(100) {
        _ if errors == 0 && dice.permille(950) => None,
        0..2 => Some(String::new()),
        2..55 => Some(dice.pick(FAILURES).to_owned()),
        _ => Some(log(dice)),
    };
    let tokens = dice.between(intent.hundred_tokens.0, intent.hundred_tokens.1) * 100 + dice.below(100);
    let cost = f64::from(tokens * dice.between(90, 110)) / 1e6;
    let spread = dice.below(2 * intent.seconds.1 + 1);
    let seconds = intent.seconds.0 + spread - intent.seconds.1.min(spread);
    let started = options.start(number);
    let known = |dice: &mut Dice, permille| dice.permille(permille);
    insert.execute(params![
        id,
        known(dice, 990).then(|| request(intent, dice)),
        known(dice, 900).then(|| dice.pick(intent.templates)),
        message,
        known(dice, 950).then_some(errors),
        known(dice, 960).then_some(seconds),
        known(dice, 950).then_some(if errors > 0 { dice.below(3) } else { 0 }),
        known(dice, 970).then_some(tokens),
        known(dice, 970).then_some(cost),
        known(dice, 940).then(|| started.to_string()),
        started.to_string(),
    ])?;
    Ok(())
}

/// A request with remarks around it, 40 words in the middle, now and then with a slip of the keyboard.
fn request(intent: &Intent, dice: &mut Dice) -> String {
    let mut text = dice.pick(intent.requests).to_owned();
    text.push('.');
    for _ in 0..dice.between(0, 4) {
        text.push(' ');
        text.push_str(dice.pick(REMARKS));
    }
    if dice.permille(20) {
        text = text.to_uppercase();
    }
    if dice.permille(150) { slip(&text, dice) } else { text }
}

/// Swaps two neighbouring letters.
fn slip(text: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() > 2 {
        let place = dice.below(letters.len() as u32 - 1) as usize;
        letters.swap(place, place + 1);
    }
    letters.into_iter().collect()
}

fn log(dice: &mut Dice) -> String {
    let mut text = dice.pick(FAILURES).to_owned();
    while text.len() < LOG_BYTES {
        let _ = write!(text, "\n{:05} {}", dice.below(100_000), dice.pick(LOG_LINES));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::Silent;

    fn write(path: &Path, options: &WorkflowOptions) -> WorkflowSummary {
        write_workflows(path, options, &Silent, &AtomicBool::new(false)).expect("a history")
    }

    fn number(path: &Path, query: &str) -> f64 {
        let database = Connection::open(path).expect("a database");
        database.query_row(query, [], |row| row.get(0)).expect(query)
    }

    #[test]
    fn the_same_options_make_the_same_bytes_and_another_seed_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let bytes = |name: &str, seed| {
            let path = folder.path().join(name);
            write(&path, &WorkflowOptions { rows: 100, seed, ..WorkflowOptions::default() });
            std::fs::read(path).expect("a file")
        };
        assert_eq!(bytes("a", 1), bytes("b", 1));
        assert_ne!(bytes("c", 1), bytes("d", 2));
    }

    #[test]
    fn requests_have_forty_words_in_the_middle_and_a_tenth_of_the_rows_a_long_log() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("w.db");
        write(&path, &WorkflowOptions { rows: 4_000, ..WorkflowOptions::default() });
        let words = "SELECT n * 1.0 FROM (SELECT LENGTH(nl_input) - LENGTH(REPLACE(nl_input, ' ', '')) + 1 AS n
                     FROM workflow_history WHERE nl_input IS NOT NULL) ORDER BY n LIMIT 1 OFFSET 1980";
        let median = number(&path, words);
        assert!((30.0..50.0).contains(&median), "{median}");
        let logs = number(&path, "SELECT AVG(COALESCE(LENGTH(error_message), 0) > 1500) FROM workflow_history");
        assert!((0.07..0.2).contains(&logs), "{logs}");
        let nulls = number(&path, "SELECT AVG(nl_input IS NULL) FROM workflow_history");
        assert!(nulls > 0.0 && nulls < 0.05, "{nulls}");
    }
}
