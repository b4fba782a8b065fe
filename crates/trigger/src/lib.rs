//! What sets off a sync while somebody watches: a catalog's file, the clock, a signed request.

mod desk;
mod enough;
mod error;
mod files;
mod waiting;
mod webhook;

pub use desk::{Answer, Desk};
pub use enough::{Enough, Reason};
pub use error::TriggerError;
pub use files::FileEvents;
pub use waiting::{Trigger, Waiting};
pub use webhook::{Secret, Webhook};
