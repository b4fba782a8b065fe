//! What a sink writes has an identity, and whether it is written already can be asked.

use serde_json::json;

use super::{
    checkpoint::{Manifest, state_key},
    error::PipelineError,
    file::{Pipeline, Sink},
    fingerprint::hash_json,
    journal::Journal,
};
use crate::io::{FileSink, IoError, Writing};

/// The identity of what a sink writes: the rows and the sink's settings. Rows that are appended are the same if they
/// come of the same inputs and parameters: equal rows of another night are new, the same night's made again are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch(pub String);

impl Batch {
    /// The batch that `sink` would write from a checkpoint.
    pub fn of(pipeline: &Pipeline, sink: &Sink, manifest: &Manifest) -> Self {
        let content = manifest.outputs.get(sink.from.output).map(|output| &output.content);
        let ingredients = &manifest.ingredients;
        let rows = if sink.target.adds_rows() {
            json!([ingredients.params, ingredients.inputs, ingredients.as_of, ingredients.seed])
        } else {
            json!(content)
        };
        let key = json!([pipeline.name, pipeline.scope, manifest.step, rows, sink.config]);
        Self(hash_json(&key).get(..32).unwrap_or_default().to_owned())
    }
}

/// The name a sink's writes are kept under in ledgers.
pub(super) fn owner(pipeline: &Pipeline, sink: &Sink) -> String {
    format!("{}.{}", state_key(&pipeline.name, pipeline.scope.as_deref()), sink.name)
}

/// Whether a batch is written already.
///
/// # Errors
/// When the ledger or the journal cannot be read.
pub fn is_written(pipeline: &Pipeline, sink: &Sink, batch: &Batch, journal: &Journal) -> Result<bool, PipelineError> {
    let owner = owner(pipeline, sink);
    match sink.target.writing() {
        Writing::Transaction(place) => place.holds(&owner, &batch.0).map_err(|problem| failed(sink, problem)),
        Writing::Journalled(place) => place.holds(&owner, &batch.0).map_err(|problem| failed(sink, problem)),
        Writing::Replacement(file) => file_is_written(&owner, file, &batch.0, journal),
    }
}

/// Whether a file holds a batch: the journal has it, and the file is as it was left.
pub(super) fn file_is_written(
    owner: &str,
    file: &FileSink,
    batch: &str,
    journal: &Journal,
) -> Result<bool, PipelineError> {
    let left = journal.file_written(owner, &file.path, batch)?;
    Ok(left.is_some_and(|left| file.is_as_left(&left).unwrap_or(false)))
}

/// A sink's error.
pub(super) fn failed(sink: &Sink, problem: IoError) -> PipelineError {
    PipelineError::Io { what: format!("sink '{}'", sink.name), problem }
}
