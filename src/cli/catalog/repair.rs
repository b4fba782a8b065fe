//! `nightloom catalog retry-failed`, `rollback` and `verify`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde_json::json;

use super::{arguments::IndexArguments, elsewhere::Elsewhere};
use crate::{
    cli::arguments::{PipelineArguments, WorkspaceArguments},
    io::{Difference, Noting, index},
};

/// The pipeline of an index elsewhere.
#[derive(Args)]
pub struct PipelineOfIndex {
    /// The pipeline that writes the index; needed for one elsewhere, whose journal --index names.
    #[arg(long)]
    pipeline: Option<PathBuf>,
    /// Override a key of the pipeline: --set vars.host=….
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

impl PipelineOfIndex {
    fn elsewhere(&self, index: &IndexArguments) -> anyhow::Result<Option<Elsewhere>> {
        let Some(pipeline) = &self.pipeline else { return Ok(None) };
        let path = std::path::absolute(&index.index)?;
        let mut sets = vec![format!("vars.index={}", serde_json::to_string(&path.to_string_lossy())?)];
        sets.extend(self.sets.iter().cloned());
        let workspace = WorkspaceArguments { workspace: None };
        Elsewhere::of(&PipelineArguments { pipeline: pipeline.clone(), sets, workspace }, &index.index)
    }
}

/// Make every failed product due at the next sync, those that were given up too.
///
/// Example: nightloom catalog retry-failed --index out/search.db
#[derive(Args)]
pub struct RetryArguments {
    #[command(flatten)]
    index: IndexArguments,
}

/// Take back what a sync wrote. The next sync writes it again, unless the catalog is another by then.
///
/// Example: nightloom catalog rollback --run 20260301T040000Z-4711 --index out/search.db
#[derive(Args)]
pub struct RollbackArguments {
    #[command(flatten)]
    index: IndexArguments,
    #[command(flatten)]
    pipeline: PipelineOfIndex,
    /// The run; `status` shows the last ones.
    #[arg(long)]
    run: String,
}

/// Look whether all parts of an index agree. Exit code 1 if they do not.
///
/// Example: nightloom catalog verify --index out/search.db
#[derive(Args)]
pub struct VerifyArguments {
    #[command(flatten)]
    index: IndexArguments,
    #[command(flatten)]
    pipeline: PipelineOfIndex,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Makes failed products due.
pub fn retry(arguments: &RetryArguments) -> anyhow::Result<ExitCode> {
    let due = index::retry_failed(&arguments.index.index)?;
    println!("{due} failed products are due at the next sync.");
    Ok(ExitCode::SUCCESS)
}

/// Takes a run back.
pub fn rollback(arguments: &RollbackArguments) -> anyhow::Result<ExitCode> {
    let taken = match arguments.pipeline.elsewhere(&arguments.index)? {
        Some(elsewhere) => elsewhere.rollback(&arguments.run)?,
        None => index::rollback(&arguments.index.index, &arguments.run)?,
    };
    match taken {
        Some(products) => {
            println!("{products} products are as they were before the run {}.", arguments.run);
            Ok(ExitCode::SUCCESS)
        }
        None => {
            eprintln!(
                "error: nothing is kept of a run {}; `nightloom catalog status` shows the last ones",
                arguments.run
            );
            Ok(ExitCode::from(1))
        }
    }
}

/// Looks at the parts of an index.
pub fn verify(arguments: &VerifyArguments) -> anyhow::Result<ExitCode> {
    if let Some(elsewhere) = arguments.pipeline.elsewhere(&arguments.index)? {
        return compared(&elsewhere.compare(None, Noting::Nothing)?, arguments.json);
    }
    let verified = index::verify(&arguments.index.index)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&json!(verified))?);
    } else {
        println!("Products: {}", verified.products);
        println!("Products without words: {}", verified.without_words);
        println!("Words of no product: {}", verified.orphaned_words);
        println!("Vectors of no product: {}", verified.orphaned_vectors);
        verified.damage.iter().for_each(|line| println!("Damage: {line}"));
    }
    if verified.is_whole() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("the parts of the index do not agree; `nightloom catalog sync --force` into a new file makes it anew");
    Ok(ExitCode::from(1))
}

/// Tells how an index elsewhere and what it confirmed differ.
fn compared(differences: &[(String, Difference)], as_json: bool) -> anyhow::Result<ExitCode> {
    if as_json {
        let all: serde_json::Map<String, serde_json::Value> =
            differences.iter().map(|(namespace, difference)| (namespace.clone(), json!(difference))).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        for (namespace, difference) in differences {
            println!("Products of {namespace} as confirmed: {}", difference.same);
            for (what, ids) in [
                ("Others than confirmed", &difference.other),
                ("Gone", &difference.missing),
                ("Unknown", &difference.unknown),
            ] {
                println!("{what}: {}", ids.len());
            }
        }
    }
    if differences.iter().all(|(_, difference)| difference.is_none()) {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("the index is not what it confirmed; `nightloom catalog sync --full` brings it in step");
    Ok(ExitCode::from(1))
}
