//! How requests reach an index.

use std::time::Duration;

use nightloom_http::{Client, HttpError};
use serde_json::Value;

/// Carries requests to an index.
pub trait Transport {
    /// The index, as errors name it.
    fn whom(&self) -> &str;
    /// Asks for what lies at a path.
    ///
    /// # Errors
    /// [`HttpError`].
    fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, HttpError>;
    /// Sends JSON to a path.
    ///
    /// # Errors
    /// [`HttpError`].
    fn post(&self, path: &str, body: &Value) -> Result<Value, HttpError>;
    /// Waits before something is asked again.
    ///
    /// # Errors
    /// [`HttpError::Stopped`].
    fn wait(&self, wait: Duration) -> Result<(), HttpError>;
}

impl Transport for Client {
    fn whom(&self) -> &str {
        Client::whom(self)
    }

    fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, HttpError> {
        Client::get(self, path, query)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, HttpError> {
        Client::post(self, path, body)
    }

    fn wait(&self, wait: Duration) -> Result<(), HttpError> {
        Client::wait(self, wait)
    }
}
