//! Which run writes, for whom, when and how patiently.

use std::time::Duration;

/// A run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Its id.
    pub run_id: &'a str,
    /// Whose output it writes.
    pub owner: &'a str,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// Whether what is there already is written all the same.
    pub again: bool,
    /// How long to wait until the index shows what was written.
    pub patience: Duration,
}
