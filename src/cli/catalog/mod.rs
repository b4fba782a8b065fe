//! `nightloom catalog`: a catalog and its search index, kept in step.

mod arguments;
mod budget;
#[cfg(test)]
mod convergence;
mod elsewhere;
mod monitor;
mod plan;
mod repair;
mod status;
mod sync;
mod watch;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Keep a search index in step with a catalog.
///
/// Each verb runs stages of pipelines/catalog-sync.toml (or the pipeline given), so that `nightloom run` does the same.
///
/// Exit codes: 0 done, 1 failed or no index yet, 2 some products failed, 3 the catalog was refused, 4 too many
/// syncs within an hour, 130 interrupted.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Monitor(monitor::Arguments),
    Sync(sync::Arguments),
    Watch(watch::Arguments),
    Plan(plan::Arguments),
    Status(status::Arguments),
    RetryFailed(repair::RetryArguments),
    Rollback(repair::RollbackArguments),
    Verify(repair::VerifyArguments),
}

/// Does what the verb says.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.verb {
        Verb::Monitor(arguments) => monitor::main(arguments),
        Verb::Sync(arguments) => sync::main(arguments),
        Verb::Watch(arguments) => watch::main(arguments),
        Verb::Plan(arguments) => plan::main(arguments),
        Verb::Status(arguments) => status::main(arguments),
        Verb::RetryFailed(arguments) => repair::retry(arguments),
        Verb::Rollback(arguments) => repair::rollback(arguments),
        Verb::Verify(arguments) => repair::verify(arguments),
    }
}
