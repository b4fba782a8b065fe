//! Bundles before the eyes of a person: listing, deciding, exporting, and what they brought. A database that is open is
//! handed in, and so are who decides and when: a command line uses it, and so does the server.

pub mod analytics;
mod decide;
mod edit;
mod error;
mod export;
pub mod listing;
mod log;
mod reading;
mod recommendation;
mod repricing;
mod tables;
mod undo;

pub use decide::{Action, Decision, decide, decide_seen};
pub use edit::{Edit, LONGEST_DESCRIPTION, LONGEST_TITLE, edit};
pub use error::ReviewError;
pub use export::{bundles, recommendations, recommendations_csv};
pub use log::{Entry, entries};
pub use reading::{list, of_ids};
pub use recommendation::{Cursor, Order, Query, Recommendation, Status};
pub use tables::{exists, prepare, stand_in};
pub use undo::undo;

#[cfg(test)]
mod tests;
