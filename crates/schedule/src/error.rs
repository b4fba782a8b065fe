//! Why a schedule cannot be used.

use std::path::PathBuf;

use thiserror::Error;

/// Why a schedule cannot be used.
#[derive(Debug, Error)]
pub enum ScheduleError {
    /// A line that is neither cron nor an interval.
    #[error(
        "'{line}' is no schedule: {problem}\n  write five fields, minute hour day month weekday, for example \"30 2 * * *\"; or an interval such as \"30m\""
    )]
    Line {
        /// As it was written.
        line: String,
        /// What is wrong.
        problem: String,
    },
    /// A zone that nobody knows.
    #[error("there is no time zone '{zone}': name one of the IANA database, for example \"Europe/Berlin\" or \"UTC\"")]
    Zone {
        /// As it was written.
        zone: String,
    },
    /// The record of a brand cannot be read or written.
    #[error("{}: {problem}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
}
