//! How many syncs may write an index within an hour.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::io::index;

/// Seconds in which syncs are counted.
const WINDOW: i64 = 3_600;

/// How many syncs may write an index within an hour.
pub struct Budget {
    /// The index, which knows its syncs.
    pub index: PathBuf,
    /// How many; 0 for any number.
    pub most_per_hour: u32,
}

impl Budget {
    /// Seconds until the next sync may begin, if too many wrote within the last hour. An index that cannot be read holds
    /// nobody up: the sync says what is wrong with it.
    pub fn wait(&self) -> Option<i64> {
        let most = self.most_per_hour;
        if most == 0 {
            return None;
        }
        let now = Timestamp::now().as_second();
        let runs = index::recent(&self.index, most).ok().flatten().unwrap_or_default().runs;
        let recent: Vec<i64> =
            runs.iter().map(|run| run.started_at).filter(|at| *at > now - WINDOW && *at <= now).collect();
        let is_full = recent.len() >= usize::try_from(most).unwrap_or(usize::MAX);
        recent.last().filter(|_| is_full).map(|first| first + WINDOW - now)
    }
}
