//! What at most one job works on at a time.

use std::fmt;

/// What at most one job works on at a time: the scope of the pipelines, or the name of one without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Brand(pub String);

impl fmt::Display for Brand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
