//! The main figures of a run, measured on its checkpoints.

use std::collections::BTreeMap;

use polars::prelude::{AnyValue, DataType, Expr, col};

use super::{
    checkpoint::{CheckpointStore, Manifest, OutputFile},
    error::PipelineError,
    file::{DatasetRef, Figure, Pipeline, StepId, model::MeasureName},
    journal::{KeptFigure, Night, StepRow},
};
use crate::operator::StageError;

/// The figures whose datasets are there.
///
/// # Errors
/// A checkpoint that cannot be read.
pub fn measured(
    pipeline: &Pipeline,
    store: &CheckpointStore,
    manifests: &BTreeMap<StepId, Manifest>,
) -> Result<Night, PipelineError> {
    let output = |dataset: DatasetRef| -> Option<(&Manifest, &OutputFile)> {
        let manifest = manifests.get(&dataset.step)?;
        Some((manifest, manifest.outputs.get(dataset.output)?))
    };
    let mut night = Night::new();
    for figure in &pipeline.figures {
        let Some((manifest, made)) = output(figure.from) else { continue };
        let whole = match figure.of.map(output) {
            Some(None) => continue,
            Some(Some((_, whole))) => Some(float(whole.rows)),
            None => None,
        };
        let value = match &figure.column {
            None => Some(float(made.rows)),
            Some((column, measure)) => {
                let frame = store.scan(manifest, made)?.select([measured_by(column, *measure)]).collect();
                let frame = frame.map_err(|error| failed(pipeline, figure, error.into()))?;
                number(frame.columns().first().and_then(|column| column.get(0).ok()))
            }
        };
        if let Some(value) = value {
            night.insert(figure.name.clone(), KeptFigure { value, whole });
        }
    }
    Ok(night)
}

/// The figures that every run of a whole pipeline has: seconds, bytes of memory at the most, rows that were rejected.
pub const OF_THE_RUN: [&str; 3] = ["run.seconds", "run.memory", "run.rejected"];

/// Those figures of a run.
pub fn of_the_run(rows: &[StepRow], seconds: f64, peak_memory_bytes: u64) -> Night {
    let rejected = rows.iter().map(|row| row.rejected).sum();
    let values = [seconds, float(peak_memory_bytes), float(rejected)];
    let named = OF_THE_RUN.iter().zip(values);
    named.map(|(name, value)| ((*name).to_owned(), KeptFigure { value, whole: None })).collect()
}

fn failed(pipeline: &Pipeline, figure: &Figure, problem: StageError) -> PipelineError {
    PipelineError::Step { step: format!("figure '{}' of {}", figure.name, pipeline.dataset_name(figure.from)), problem }
}

fn measured_by(column: &str, measure: MeasureName) -> Expr {
    match measure {
        MeasureName::Sum => col(column).sum(),
        MeasureName::Mean => col(column).mean(),
        MeasureName::Min => col(column).min(),
        MeasureName::Max => col(column).max(),
    }
}

fn number(value: Option<AnyValue<'_>>) -> Option<f64> {
    value.filter(|value| !value.is_null())?.cast(&DataType::Float64).extract::<f64>().filter(|x| x.is_finite())
}

#[expect(clippy::cast_precision_loss, reason = "a number of rows")]
fn float(rows: u64) -> f64 {
    rows as f64
}
