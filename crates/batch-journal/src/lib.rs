//! What an index elsewhere confirmed, and a journal of batches for it, since it has no transactions: each batch is planned with
//! what was there before, applied, verified, or rolled back; what was begun is ended by whoever comes next.

mod apply;
mod error;
mod failed;
mod item;
mod journal;
mod plan;
mod reconcile;
mod rollback;
mod run;
mod schema;
mod state;
mod target;
mod verify;

pub use apply::{Session, Tally};
pub use error::JournalError;
pub use item::{Doing, Operation};
pub use journal::Journal;
pub use reconcile::Drift;
pub use run::Run;
pub use state::Confirmed;
pub use target::{Problem, Seen, Target};
