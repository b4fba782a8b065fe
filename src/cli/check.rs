//! `nightloom check`: finds what is wrong with a pipeline file, without any work.

use std::process::ExitCode;

use clap::Args;

use super::arguments::PipelineArguments;
use crate::pipeline::{check, registry::Registry};

/// Find what is wrong with a pipeline file, without any work.
///
/// Names, parameters, columns and their types, and that sinks can be written.
///
/// Example: nightloom check pipelines/linking.toml
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
}

/// Checks the file.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let pipeline = arguments.pipeline.read(&Registry::standard())?;
    check::check(&pipeline, &|_| true)?;
    let sources = pipeline.steps.iter().filter(|step| step.is_source()).count();
    println!(
        "{}: pipeline '{}' is right. Sources: {sources}, stages: {}, sinks: {}.",
        pipeline.file.display(),
        pipeline.name,
        pipeline.steps.len() - sources,
        pipeline.sinks.len()
    );
    Ok(ExitCode::SUCCESS)
}
