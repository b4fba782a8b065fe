//! The errors an operator may return.

use polars::prelude::PolarsError;

/// Why a stage could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A port that the operator needs has no dataset.
    #[error("input '{port}' is not connected; add it to the stage's inputs")]
    MissingInput {
        /// The port.
        port: String,
    },
    /// A dataset has content that the operator cannot work on.
    #[error("input '{port}': {problem}; {mend}")]
    Input {
        /// The port.
        port: String,
        /// What is wrong.
        problem: String,
        /// What to do about it.
        mend: String,
    },
    /// A file could not be read, or scratch space or an output not written.
    #[error("{problem}")]
    Storage {
        /// What went wrong, with the path and the mend.
        problem: String,
    },
    /// A model elsewhere did not answer, or not so that its answer can be used.
    #[error("{problem}")]
    Service {
        /// What went wrong, with the service.
        problem: String,
    },
    /// The run was asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// A frame operation failed.
    #[error(transparent)]
    Frame(#[from] PolarsError),
}

/// A value of the parameters that is refused.
#[derive(Debug, thiserror::Error)]
#[error("{problem}; {mend}")]
pub struct ParamError {
    /// The way to the value: the parameter's name, then keys and places in lists from 0.
    pub path: Vec<String>,
    /// What is wrong with it.
    pub problem: String,
    /// What to do about it.
    pub mend: String,
}

impl ParamError {
    /// Refuses `name` unless `low <= value <= high`.
    ///
    /// # Errors
    /// When the value lies outside, or is not a number.
    pub fn unless_between(name: &str, value: f64, low: f64, high: f64) -> Result<(), Self> {
        if (low..=high).contains(&value) {
            return Ok(());
        }
        Err(Self {
            path: vec![name.to_owned()],
            problem: format!("{value} is out of range"),
            mend: format!("give a number from {low} to {high}"),
        })
    }
}
