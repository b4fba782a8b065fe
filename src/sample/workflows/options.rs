//! What history to make.

use jiff::Timestamp;

use crate::sample::shop_options::DEFAULT_AS_OF;

/// Days that the history spans.
const DAYS: u64 = 180;

/// What history to make. Equal options make equal files.
#[derive(Clone, Debug)]
pub struct WorkflowOptions {
    /// Rows of `workflow_history`.
    pub rows: u64,
    /// The seed of everything random.
    pub seed: u64,
    /// The history ends at this instant.
    pub as_of: Timestamp,
}

impl Default for WorkflowOptions {
    fn default() -> Self {
        Self { rows: 2_000, seed: 1, as_of: DEFAULT_AS_OF }
    }
}

impl WorkflowOptions {
    /// When the row of this number starts: rows are spread evenly over the days, to the second.
    pub fn start(&self, number: u64) -> Timestamp {
        let before = (self.rows - number) * DAYS * 86_400 / self.rows.max(1);
        let seconds = self.as_of.as_second() - i64::try_from(before).unwrap_or_default();
        Timestamp::from_second(seconds).unwrap_or(self.as_of)
    }
}
