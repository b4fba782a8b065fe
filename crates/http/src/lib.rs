//! The HTTP client that is lent to whoever asks a service for JSON: keys that are never shown, time-outs, tries again after a
//! growing wait, what the service says of its limits, and errors with a type.

mod answer;
mod backoff;
mod batches;
mod client;
mod clock;
mod error;
mod key;
mod rate;
mod settings;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use batches::batches;
pub use client::Client;
pub use clock::{Clock, SystemClock};
pub use error::HttpError;
pub use key::Key;
pub use rate::{Rate, TokenBucket};
pub use settings::{Auth, Settings};
