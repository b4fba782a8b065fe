//! What an index must be able to do.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use thiserror::Error;

/// A record as the index shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The hash of what was written; `None` for one that somebody else wrote.
    pub mark: Option<String>,
    /// Which write it is of: no two have the same, so that an older record is not taken for a newer one of the same content.
    pub stamp: Option<String>,
    /// All of it, so that it can be written again.
    pub record: Value,
}

/// Why an index did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// Because of something in what was sent.
    #[error("{0}")]
    Content(String),
    /// Because of itself, the key or the network.
    #[error("{0}")]
    Service(String),
    /// Whoever waits asked to stop.
    #[error("stopped")]
    Stopped,
}

/// An index without transactions, whose writes are seen late.
pub trait Target {
    /// How it is called.
    fn name(&self) -> String;

    /// A draft as it will be written, with the stamp of the write; `there` is the record that it takes the place of.
    ///
    /// # Errors
    /// Why it cannot be written: a limit, something missing.
    fn complete(&self, draft: &Value, stamp: &str, there: Option<&Seen>) -> Result<Value, String>;

    /// The records of ids that are seen.
    ///
    /// # Errors
    /// [`Problem`].
    fn fetch(&self, namespace: &str, ids: &[&str]) -> Result<BTreeMap<String, Seen>, Problem>;

    /// Writes records over those of the same ids.
    ///
    /// # Errors
    /// [`Problem::Content`] where nothing was written; others where it may have been.
    fn upsert(&self, namespace: &str, records: &[Value]) -> Result<(), Problem>;

    /// Takes records out; those that are not there are no problem.
    ///
    /// # Errors
    /// As for `upsert`.
    fn delete(&self, namespace: &str, ids: &[&str]) -> Result<(), Problem>;

    /// The ids of all records that are seen.
    ///
    /// # Errors
    /// [`Problem`].
    fn list(&self, namespace: &str) -> Result<Vec<String>, Problem>;

    /// Waits before it is asked again.
    ///
    /// # Errors
    /// [`Problem::Stopped`].
    fn wait(&self, wait: Duration) -> Result<(), Problem>;
}
