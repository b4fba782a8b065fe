//! What can keep the page of a run from being made.

use polars::prelude::PolarsError;

use crate::pipeline::PipelineError;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum MorningError {
    /// The journal or a checkpoint cannot be read.
    #[error("{0}")]
    Pipeline(#[from] PipelineError),
    /// A dataset does not give what a report asks of it.
    #[error("a report cannot be made of its dataset: {0}")]
    Dataset(#[from] PolarsError),
}
