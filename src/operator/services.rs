//! What the engine lends a stage that asks models elsewhere: a domain room opens no socket.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ParamError, StageError};

/// An OpenAI-compatible endpoint that makes vectors of texts. Its key is OPENAI_API_KEY.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EmbeddingService {
    /// Where it is; `/embeddings` is added.
    pub base_url: String,
    /// The model.
    pub model: String,
    /// How many numbers a vector has; one of another length is an error.
    pub dimensions: usize,
    /// Whether the service is asked for that length; models of old do not know the parameter.
    pub ask_dimensions: bool,
    /// Texts in a request.
    pub batch: usize,
    /// Requests side by side.
    pub parallel: usize,
    /// Requests that may begin in a minute.
    pub requests_per_minute: u32,
    /// Seconds to wait for an answer, each time.
    pub timeout_seconds: f64,
    /// How often a request is tried again.
    pub retries: u32,
    /// Seconds before the first of them; each further wait is twice as long.
    pub retry_seconds: f64,
    /// Hours that a vector is kept; 0 keeps none.
    pub cache_hours: f64,
}

impl Default for EmbeddingService {
    fn default() -> Self {
        Self {
            base_url: "https://api.openai.com/v1".to_owned(),
            model: "text-embedding-3-small".to_owned(),
            dimensions: 1_536,
            ask_dimensions: false,
            batch: 100,
            parallel: 3,
            requests_per_minute: 1_000,
            timeout_seconds: 30.0,
            retries: 3,
            retry_seconds: 0.5,
            cache_hours: 24.0,
        }
    }
}

impl EmbeddingService {
    /// Refuses values that cannot be used; `name` is the parameter.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self, name: &str) -> Result<(), ParamError> {
        let refused = |key: &str, mend: &str| ParamError {
            path: vec![name.to_owned(), key.to_owned()],
            problem: format!("{key} cannot be used"),
            mend: mend.to_owned(),
        };
        if self.dimensions == 0 || self.dimensions > 20_000 {
            return Err(refused("dimensions", "give a number from 1 to 20000"));
        }
        if self.batch == 0 || self.batch > 2_048 {
            return Err(refused("batch", "give a number from 1 to 2048"));
        }
        check_patience(&refused, self.timeout_seconds, self.retry_seconds, self.retries)?;
        if !(0.0..=87_600.0).contains(&self.cache_hours) {
            return Err(refused("cache_hours", "give hours from 0 to 87600"));
        }
        if self.model.is_empty() { Err(refused("model", "name a model")) } else { Ok(()) }
    }
}

/// An OpenAI-compatible endpoint that writes texts. Its key is OPENAI_API_KEY.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChatService {
    /// Where it is; `/chat/completions` is added.
    pub base_url: String,
    /// The model.
    pub model: String,
    /// How far it strays, from 0 to 2.
    pub temperature: f64,
    /// Tokens of an answer.
    pub max_tokens: u32,
    /// Requests side by side.
    pub parallel: usize,
    /// Requests that may begin in a minute.
    pub requests_per_minute: u32,
    /// Seconds to wait for an answer, each time.
    pub timeout_seconds: f64,
    /// How often a request is tried again.
    pub retries: u32,
    /// Seconds before the first of them; each further wait is twice as long.
    pub retry_seconds: f64,
}

impl Default for ChatService {
    fn default() -> Self {
        Self {
            base_url: "https://api.openai.com/v1".to_owned(),
            model: "gpt-4o-mini".to_owned(),
            temperature: 0.7,
            max_tokens: 600,
            parallel: 3,
            requests_per_minute: 500,
            timeout_seconds: 15.0,
            retries: 1,
            retry_seconds: 0.5,
        }
    }
}

impl ChatService {
    /// Refuses values that cannot be used; `name` is the parameter.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self, name: &str) -> Result<(), ParamError> {
        let refused = |key: &str, mend: &str| ParamError {
            path: vec![name.to_owned(), key.to_owned()],
            problem: format!("{key} cannot be used"),
            mend: mend.to_owned(),
        };
        if !(0.0..=2.0).contains(&self.temperature) {
            return Err(refused("temperature", "give a number from 0 to 2"));
        }
        check_patience(&refused, self.timeout_seconds, self.retry_seconds, self.retries)?;
        if self.model.is_empty() { Err(refused("model", "name a model")) } else { Ok(()) }
    }
}

fn check_patience(
    refused: &dyn Fn(&str, &str) -> ParamError,
    timeout: f64,
    retry: f64,
    retries: u32,
) -> Result<(), ParamError> {
    if !(0.001..=3_600.0).contains(&timeout) {
        return Err(refused("timeout_seconds", "give seconds from 0.001 to 3600"));
    }
    if !(0.0..=60.0).contains(&retry) {
        return Err(refused("retry_seconds", "give seconds from 0 to 60"));
    }
    if retries > 20 { Err(refused("retries", "give a number from 0 to 20")) } else { Ok(()) }
}

/// A question to a model that writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What the model is to be, and in which form it answers.
    pub system: String,
    /// The question itself.
    pub user: String,
}

/// Models elsewhere.
pub trait Services: Send + Sync {
    /// A vector of length 1 of each text, in their order; empty where the text is.
    ///
    /// # Errors
    /// [`StageError::Service`] when one has no vector of the length that is wanted.
    fn embed(&self, service: &EmbeddingService, texts: &[&str]) -> Result<Vec<Vec<f32>>, StageError>;

    /// A JSON object in answer to each question, in their order, or why there is none.
    ///
    /// # Errors
    /// [`StageError`] when none can be asked: settings, or the run was asked to stop.
    fn ask(&self, service: &ChatService, questions: &[Question]) -> Result<Vec<Result<Value, String>>, StageError>;
}

/// No models, for stages that are done outside of any run.
pub struct NoServices;

impl Services for NoServices {
    fn embed(&self, service: &EmbeddingService, _: &[&str]) -> Result<Vec<Vec<f32>>, StageError> {
        Err(StageError::Service { problem: format!("{}: no services", service.base_url) })
    }

    fn ask(&self, service: &ChatService, _: &[Question]) -> Result<Vec<Result<Value, String>>, StageError> {
        Err(StageError::Service { problem: format!("{}: no services", service.base_url) })
    }
}
