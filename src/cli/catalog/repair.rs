//! `nightloom catalog retry-failed`, `rollback` and `verify`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::arguments::IndexArguments;
use crate::io::index;

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
    match index::rollback(&arguments.index.index, &arguments.run)? {
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
