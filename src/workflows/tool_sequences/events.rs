//! Tool calls as they are read: texts become numbers, so that a call takes 16 bytes.

use std::collections::HashMap;

use polars::prelude::*;
use rayon::prelude::*;

use super::super::{columns, time};
use crate::operator::StageError;

/// The columns of a history, all read as texts.
pub const COLUMNS: [&str; 6] = ["session_id", "timestamp", "sequence", "tool_name", "event_type", "success"];

/// A tool call. Calls are in the order of their sessions, then of their times, then of their rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The session's number.
    pub session: u32,
    /// Microseconds since 1970, or the number that stands for a time.
    pub at: i64,
    /// The tool's place among the names.
    pub tool: u16,
    /// Whether it succeeded, if that is known.
    pub success: Option<bool>,
}

/// An event that could not be used.
pub struct Rejected {
    /// Its place in the history, from 0.
    pub place: u64,
    /// Its session.
    pub session: Option<String>,
    /// Why.
    pub reason: &'static str,
}

/// The calls of a history.
pub struct Calls {
    /// The tools' names, in order.
    pub names: Vec<String>,
    /// In order.
    pub calls: Vec<Call>,
    /// The events that were not used, in order.
    pub rejected: Vec<Rejected>,
}

/// Calls while they are read: sessions and tools have numbers in the order in which they were first seen.
pub struct Reading<'a> {
    event_type: &'a str,
    sessions: HashMap<String, u32>,
    tools: HashMap<String, u16>,
    calls: Vec<Call>,
    rejected: Vec<Rejected>,
    rows: u64,
}

impl<'a> Reading<'a> {
    /// Reads at most so many events of a type, and those without one.
    pub fn new(event_type: &'a str, most: usize) -> Self {
        Self {
            event_type,
            sessions: HashMap::new(),
            tools: HashMap::new(),
            calls: Vec::with_capacity(most),
            rejected: Vec::new(),
            rows: 0,
        }
    }

    /// Adds a batch of [`COLUMNS`].
    ///
    /// # Errors
    /// When a column is missing.
    pub fn add(&mut self, batch: &DataFrame) -> Result<(), StageError> {
        let [sessions, times, numbers, tools, types, successes] = COLUMNS.map(|name| columns::texts(batch, name));
        let (sessions, times, numbers, tools, types, successes) =
            (sessions?, times?, numbers?, tools?, types?, successes?);
        for row in 0..batch.height() {
            let place = self.rows + row as u64;
            if given(types, row).is_some_and(|kind| kind != self.event_type) {
                continue;
            }
            let session = given(sessions, row);
            let place_in_session = place_in_session(given(times, row), given(numbers, row));
            match self.call(session, place_in_session, given(tools, row), given(successes, row)) {
                Ok(call) => self.calls.push(call),
                Err(reason) => {
                    let session = session.map(str::to_owned);
                    self.rejected.push(Rejected { place, session, reason });
                }
            }
        }
        self.rows += batch.height() as u64;
        Ok(())
    }

    fn call(
        &mut self,
        session: Option<&str>,
        at: Result<i64, &'static str>,
        tool: Option<&str>,
        success: Option<&str>,
    ) -> Result<Call, &'static str> {
        let session = session.ok_or("no session_id")?;
        let at = at?;
        let tool = number(&mut self.tools, tool.ok_or("no tool_name")?).ok_or("one of more than 65,536 tools")?;
        let session = number(&mut self.sessions, session).ok_or("one of more than 4,294,967,296 sessions")?;
        Ok(Call { session, at, tool, success: success.and_then(succeeded) })
    }

    /// The calls in order, tools numbered by their names.
    pub fn finish(mut self) -> Calls {
        let mut tools: Vec<(String, u16)> = self.tools.into_iter().collect();
        tools.sort_unstable();
        let mut ranks = vec![0; tools.len()];
        for (rank, (_, number)) in (0_u16..=u16::MAX).zip(&tools) {
            ranks.get_mut(usize::from(*number)).into_iter().for_each(|place| *place = rank);
        }
        for call in &mut self.calls {
            call.tool = ranks.get(usize::from(call.tool)).copied().unwrap_or_default();
        }
        // Stable: calls of one instant stay in the order of their rows.
        self.calls.par_sort_by_key(|call| (call.session, call.at));
        let names = tools.into_iter().map(|(name, _)| name).collect();
        Calls { names, calls: self.calls, rejected: self.rejected }
    }
}

/// What puts a call into its place among those of its session: its time, or where it has none its number.
fn place_in_session(time: Option<&str>, number: Option<&str>) -> Result<i64, &'static str> {
    match (time, number) {
        (Some(time), _) => time::parse(time).ok_or("timestamp is no time"),
        (None, Some(number)) => time::parse(number).ok_or("sequence is no number"),
        (None, None) => Err("no timestamp"),
    }
}

/// A text that is there; an empty one is none.
fn given(column: &StringChunked, row: usize) -> Option<&str> {
    column.get(row).filter(|text| !text.is_empty())
}

/// The number of a text, a new one if it was not seen before; `None` when there are no more numbers.
fn number<N: Copy + TryFrom<usize>>(numbers: &mut HashMap<String, N>, text: &str) -> Option<N> {
    if let Some(number) = numbers.get(text) {
        return Some(*number);
    }
    let next = N::try_from(numbers.len()).ok()?;
    numbers.insert(text.to_owned(), next);
    Some(next)
}

/// Whether a word says that a call succeeded; `None` when it says neither.
fn succeeded(word: &str) -> Option<bool> {
    if word.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    if word.eq_ignore_ascii_case("false") {
        return Some(false);
    }
    match word.parse::<f64>() {
        Ok(1.0) => Some(true),
        Ok(0.0) => Some(false),
        _ => None,
    }
}
