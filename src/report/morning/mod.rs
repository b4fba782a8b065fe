//! What the night found, for those who come in the morning: one screen of a terminal, and one page.

mod brief;
mod charts;
mod compose;
mod error;
mod night;
mod rejects;
mod steps;
mod tables;

pub use brief::brief;
pub use compose::page_of;
pub use night::{Ending, Morning};
