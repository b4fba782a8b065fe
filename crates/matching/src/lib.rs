//! Matching two catalogs that share nothing but words, without labels, with a probability for each link.

mod candidates;
mod catalog;
mod explain;
mod matcher;
mod model;
mod options;
mod record;
mod select;
mod words;

pub use matcher::{find_duplicates, match_catalogs};
pub use model::belief::Partners;
pub use options::{Acceptance, Label, Link, MatchError, Matching, Options, Quality, Reason, Rival, Unsure};
pub use record::Record;
