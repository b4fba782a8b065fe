//! The rows of a run's datasets, for what is told of it.

use std::path::Path;

use polars::prelude::DataFrame;

use crate::pipeline::{Pipeline, checkpoint::CheckpointStore, run::Outcome};

/// The rows of a dataset that a run made or found fresh; `None` if it did not come to it.
pub fn dataset(
    pipeline: &Pipeline,
    state_folder: &Path,
    outcome: &Outcome,
    name: &str,
) -> anyhow::Result<Option<DataFrame>> {
    let store = CheckpointStore::new(state_folder, pipeline);
    for id in pipeline.ids() {
        let made = pipeline.step(id).outputs.iter().position(|output| output.dataset == name);
        let Some(manifest) = outcome.manifests.get(&id) else { continue };
        if let Some(output) = made.and_then(|place| manifest.outputs.get(place)) {
            return Ok(Some(store.scan(manifest, output)?.collect()?));
        }
    }
    Ok(None)
}

/// The texts of a column; nulls are empty.
pub fn texts(frame: &DataFrame, name: &str) -> anyhow::Result<Vec<String>> {
    let column = frame.column(name)?.str()?.clone();
    Ok(column.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
}

/// The sum of a column of numbers.
pub fn sum(frame: &DataFrame, name: &str) -> anyhow::Result<i64> {
    Ok(frame.column(name)?.i64()?.iter().flatten().sum())
}
