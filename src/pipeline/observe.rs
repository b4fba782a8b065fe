//! What a run tells while it runs: events, and counters that a front end polls.

use std::sync::atomic::{AtomicU64, Ordering};

use super::journal::StepRow;
use crate::operator::Progress;

/// Something happened.
pub enum Event<'a> {
    /// The run began, with this many steps and sinks to look at.
    RunStarted { run_id: &'a str, pipeline: &'a str, steps: usize },
    /// Writes of a killed run are finished first.
    Recovering { run_id: &'a str, sinks: usize },
    /// A step began.
    StepStarted { step: &'a str, kind: &'a str, reason: &'a str },
    /// A running step has come this far.
    StepProgress { step: &'a str, done: u64, total: Option<u64> },
    /// A step or sink came to an end.
    StepFinished { row: &'a StepRow },
    /// Something a person should know.
    Warning { text: &'a str },
}

/// Receives events, one at a time.
pub trait Observer {
    /// Shows or logs an event.
    fn event(&self, event: &Event<'_>);
}

/// Counts a step's rows; written by the step's threads, read by the run.
#[derive(Default)]
pub struct Counter {
    done: AtomicU64,
    total: AtomicU64,
}

impl Counter {
    /// Rows done, and of how many if that is known.
    pub fn read(&self) -> (u64, Option<u64>) {
        let total = self.total.load(Ordering::Relaxed);
        (self.done.load(Ordering::Relaxed), (total > 0).then_some(total))
    }
}

impl Progress for Counter {
    fn total(&self, rows: u64) {
        self.total.store(rows, Ordering::Relaxed);
    }

    fn advance(&self, rows: u64) {
        self.done.fetch_add(rows, Ordering::Relaxed);
    }
}
