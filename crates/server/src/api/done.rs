//! The answer to what was done.

use schemars::JsonSchema;
use serde::Serialize;

/// What was done.
#[derive(Serialize, JsonSchema)]
pub struct Done {
    /// Always true: what is not done is a failure.
    success: bool,
    /// What was done, in words.
    message: String,
}

impl Done {
    /// Something was done.
    pub fn of(message: impl Into<String>) -> Self {
        Self { success: true, message: message.into() }
    }
}
