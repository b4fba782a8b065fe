//! When the jobs of pipelines are due: cron lines with a named time zone, and what of it was done.
//!
//! The caller brings the clock; nothing here reads one.

mod brand;
mod due;
mod error;
mod line;
mod record;
mod table;

pub use brand::Brand;
pub use due::{Due, Job, one_a_brand};
pub use error::ScheduleError;
pub use line::Line;
pub use record::{Claim, Record, Started};
pub use table::{Kind, ScheduleTable};
