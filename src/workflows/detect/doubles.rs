//! Rows of a history that have the same workflow id: the newest counts.

/// What must be known of a row to choose between it and another of the same id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Hash of the workflow id.
    pub id: u64,
    /// When the workflow ran; microseconds since 1970.
    pub at: Option<i64>,
    /// Hash of what the row says, so that the choice does not depend on the order of rows.
    pub content: u64,
    /// The row.
    pub row: u64,
}

/// All rows with an id.
#[derive(Default)]
pub struct Doubles(Vec<Seen>);

impl Doubles {
    /// Adds rows.
    pub fn add(&mut self, seen: Vec<Seen>) {
        self.0.extend(seen);
    }

    /// The rows that a newer one of the same id replaces, in order.
    pub fn outdated(mut self) -> Vec<u64> {
        self.0.sort_unstable();
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let mut rows: Vec<u64> = pairs.filter(|(a, b)| a.id == b.id).map(|(a, _)| a.row).collect();
        rows.sort_unstable();
        rows
    }
}
