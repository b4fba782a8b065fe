//! Bundles before the eyes of a person: listing, deciding, exporting, and what they brought. A database that is open is
//! handed in, and so are who decides and when: a command line uses it, and so can a server.

pub mod analytics;
mod decide;
mod error;
mod export;
mod recommendation;
mod tables;

pub use decide::{Action, Decision, decide};
pub use error::ReviewError;
pub use export::{bundles, recommendations, recommendations_csv};
pub use recommendation::{Query, Recommendation, Status, list, of_ids};
pub use tables::stand_in;

#[cfg(test)]
mod tests;
