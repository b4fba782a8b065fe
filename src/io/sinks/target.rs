//! What a kind of sink must be able to do: be checked before any work, and be written once, whatever happens in between.

use std::{any::Any, path::Path};

use polars::prelude::LazyFrame;

use super::super::{IoError, ReadWatch, file_sink::FileSink, file_state::FileState};
use crate::operator::{JsonStyle, PortSchema};

/// A sink with its settings: where a dataset goes.
pub trait SinkTarget: Any + Send + Sync {
    /// The file or database that it writes. What goes to one place is written together.
    fn place(&self) -> &Path;

    /// Checks all that can be known before any work, and changes nothing. A dataset without columns is one whose columns
    /// are known only when it is made.
    ///
    /// # Errors
    /// The first thing found wrong, with the mend.
    fn check(&self, dataset: &PortSchema) -> Result<(), IoError>;

    /// The columns of the dataset that its settings name.
    fn named_columns(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Whether rows are added to what is there: equal rows of another night are then new rows.
    fn adds_rows(&self) -> bool {
        false
    }

    /// What another sink of the same pipeline would take away, in a word, and how to mend that; `None` if it does not.
    fn takes_from(&self, other: &dyn SinkTarget) -> Option<(&'static str, &'static str)>;

    /// How what it writes takes hold.
    fn writing(&self) -> Writing<'_>;
}

/// How what a sink writes takes hold, and who remembers that it did.
pub enum Writing<'a> {
    /// All writes to a place are one transaction, each with its row in a ledger of the place.
    Transaction(&'a dyn TransactionSink),
    /// The place has no transactions: its journal, a database of this machine, plans each batch and verifies it, and holds the
    /// ledger. Nothing of a batch is written before all else that the run writes is ready.
    Journalled(&'a dyn JournalledSink),
    /// New content is prepared beside the old and takes its place by a rename; the engine notes batch and state.
    Replacement(&'a FileSink),
}

/// A sink whose place has transactions and a ledger.
pub trait TransactionSink {
    /// Whether the ledger has the output `batch` of `owner`, and what it wrote is there.
    ///
    /// # Errors
    /// When the ledger is there and cannot be read.
    fn holds(&self, owner: &str, batch: &str) -> Result<bool, IoError>;

    /// Applies all writes to this sink's place, each with its row in the ledger, in one transaction. What the ledger
    /// holds is skipped.
    ///
    /// # Errors
    /// When something is refused or the caller is not ready; nothing is changed then.
    fn apply(&self, writes: &[SinkWrite<'_>], applying: &Applying<'_>) -> Result<Applied, IoError>;
}

/// A sink whose place is elsewhere and has no transactions.
pub trait JournalledSink: TransactionSink {
    /// Takes back what a run wrote. Returns how many products were put back; `None` if nothing of the run is kept.
    ///
    /// # Errors
    /// When the place does not answer; what was put back so far is noted.
    fn rollback(&self, run_id: &str) -> Result<Option<u64>, IoError>;

    /// Compares what is there of a namespace with what was confirmed.
    ///
    /// # Errors
    /// When the place does not answer.
    fn compare(&self, namespace: &str, noting: Noting) -> Result<Difference, IoError>;
}

/// Whether a comparison changes what counts as confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noting {
    /// It only looks.
    Nothing,
    /// What is missing, unknown or another counts as not confirmed, so that the next run writes it or takes it out.
    Found,
}

/// How a place and what it confirmed differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// Products that are as they were confirmed.
    pub same: usize,
    /// Ids of products whose record is another.
    pub other: Vec<String>,
    /// Ids of products whose record is gone.
    pub missing: Vec<String>,
    /// Ids of records that nothing is known of.
    pub unknown: Vec<String>,
}

impl Difference {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.other.is_empty() && self.missing.is_empty() && self.unknown.is_empty()
    }
}

/// One write.
pub struct SinkWrite<'a> {
    /// Where to.
    pub target: &'a dyn SinkTarget,
    /// Whose it is, `pipeline.sink`.
    pub owner: &'a str,
    /// The identity of the output: the same output of the same owner is applied once.
    pub batch: &'a str,
    /// The run that applies it.
    pub run_id: &'a str,
    /// The rows.
    pub frame: LazyFrame,
    /// How lists and records are spelled in a place that has none.
    pub json: JsonStyle,
    /// Apply it even if the ledger holds it; rows that were appended are never appended twice all the same.
    pub again: bool,
}

/// What applying writes waits for, and who watches.
#[derive(Clone, Copy)]
pub struct Applying<'a> {
    /// Asked before the commit, whose error keeps it back.
    pub ready: &'a dyn Fn() -> Result<(), IoError>,
    /// Called at the points where a test may end the process.
    pub fail: &'a dyn Fn(&str),
    /// Is told of rows, and stops.
    pub watch: &'a ReadWatch<'a>,
}

/// What was done to a place.
pub struct Applied {
    /// What each write came to.
    pub landed: Vec<Landed>,
    /// How long the commit took.
    pub commit_seconds: f64,
    /// The states between which the place was changed; none of a server, whose state is asked for anew.
    pub own_write: Option<OwnWrite>,
}

/// What a write came to.
#[derive(Debug, Default)]
pub struct Landed {
    /// The rows of its dataset; `None` where the ledger had it already.
    pub rows: Option<u64>,
    /// How many of them changed nothing.
    pub left_out: u64,
    /// How long it took, without the commit.
    pub seconds: f64,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// What a write to a table came to: its rows, how long it took, and the rows whose keys an update did not find, that the
/// table's own rules left out, and that its triggers changed beside.
pub(in super::super) fn landed(rows: Option<u64>, seconds: f64, counts: (u64, u64, u64)) -> Landed {
    let (unmatched, left_out, by_triggers) = counts;
    Landed { rows, left_out: unmatched + left_out, seconds, warnings: warnings(unmatched, left_out, by_triggers) }
}

fn warnings(unmatched: u64, left_out: u64, by_triggers: u64) -> Vec<String> {
    let plural = |count: u64, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    let told = [
        (
            unmatched,
            "row has a key that the table lacks; it",
            "rows have keys that the table lacks; they",
            " changed nothing",
        ),
        (left_out, "row was", "rows were", " left out by a trigger or constraint of the table"),
        (by_triggers, "row was", "rows were", " changed beside by triggers of the table"),
    ];
    told.iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, more, rest)| plural(*count, one, more) + rest)
        .collect()
}

/// The states of a database before and after a write.
pub struct OwnWrite {
    /// Before the first change, taken inside the write lock.
    pub before: FileState,
    /// After the commit.
    pub after: FileState,
    /// Whether nobody else committed from shortly before `before` until after `after`.
    pub undisturbed: bool,
}
