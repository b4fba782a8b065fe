//! Why a model cannot be used.

use thiserror::Error;

/// Why a model cannot be used.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("{file}: {problem}")]
pub struct ModelError {
    /// Which of the model's files.
    pub file: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// Errors of one file.
pub(crate) fn wrong(file: &'static str) -> impl Fn(String) -> ModelError + Copy {
    move |problem| ModelError { file, problem }
}
