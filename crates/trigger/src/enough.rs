//! Whether changes that were found are enough for a sync.

use std::time::Duration;

use serde::Serialize;

/// When changes are enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enough {
    /// So many changes are.
    pub count: u64,
    /// Any are that have waited for so long.
    pub wait: Duration,
}

/// Why a sync is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A product is gone, new, or has another price or stock.
    Urgent,
    /// There are many.
    Count,
    /// They have waited long.
    Time,
}

impl Enough {
    /// Why `changes` of which `urgent` are urgent, the first found so long ago, are enough; `None` if they are not.
    pub fn why(&self, changes: u64, urgent: u64, waited: Duration) -> Option<Reason> {
        match changes {
            0 => None,
            _ if urgent > 0 => Some(Reason::Urgent),
            _ if changes >= self.count => Some(Reason::Count),
            _ => (waited >= self.wait).then_some(Reason::Time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_ones_go_at_once_many_too_and_few_after_a_while() {
        let enough = Enough { count: 10, wait: Duration::from_secs(300) };
        let why = |changes, urgent, seconds| enough.why(changes, urgent, Duration::from_secs(seconds));
        assert_eq!(why(0, 0, 9_999), None);
        assert_eq!(why(1, 1, 0), Some(Reason::Urgent));
        assert_eq!(why(9, 0, 0), None);
        assert_eq!(why(10, 0, 0), Some(Reason::Count));
        assert_eq!(why(1, 0, 299), None);
        assert_eq!(why(1, 0, 300), Some(Reason::Time));
    }
}
