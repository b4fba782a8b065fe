//! The command line: one file a command, each with its arguments, its call and what it prints.

mod analytics;
mod arguments;
mod bundles;
mod catalog;
mod check;
mod clean;
mod completions;
mod datasets;
mod exports;
mod flags;
mod graph;
mod itemsets;
mod lineage;
mod notify;
mod operators;
mod overdue;
mod plan;
mod progress;
mod provenance;
mod recommend;
mod report;
mod run;
mod sample;
mod schedule;
mod schema;
mod search;
mod serve;
mod status;
mod token;
mod told;
mod verify;

use std::{io::IsTerminal, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};

use crate::pipeline::PipelineError;

/// A nightly batch pipeline for online shops.
///
/// A pipeline file says what is read, done and written. `plan` says what a run would do and why; `run` does it.
/// What is fresh is not done again.
#[derive(Parser)]
#[command(name = "nightloom", version, max_term_width = 80, after_help = EXAMPLES)]
struct Nightloom {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  nightloom sample shop --rows 2000 --out data/demo/products.db
  nightloom plan pipelines/linking.toml
  nightloom run pipelines/linking.toml --set vars.db=/srv/shop/products.db
  nightloom run pipelines/linking.toml --select link+ --force

Exit codes: 0 done, 1 a stage or an expectation failed, 2 usage or pipeline file,
3 another run holds the workspace, 4 the time was up and a part was written,
130 interrupted. `nightloom catalog --help` has its own.";

#[derive(Subcommand)]
enum Command {
    Plan(plan::Arguments),
    Run(run::Arguments),
    Report(report::Arguments),
    Status(status::Arguments),
    Graph(graph::Arguments),
    Check(check::Arguments),
    Verify(verify::Arguments),
    Clean(clean::Arguments),
    Provenance(provenance::Arguments),
    Operators(operators::Arguments),
    Schema(schema::Arguments),
    Sample(sample::Arguments),
    Itemsets(itemsets::Arguments),
    Bundles(bundles::Arguments),
    Analytics(analytics::Arguments),
    Recommend(recommend::Arguments),
    Exports(exports::Arguments),
    Catalog(catalog::Arguments),
    Search(search::Arguments),
    Schedule(schedule::Arguments),
    Serve(serve::Arguments),
    Token(token::Arguments),
    Flags(flags::Arguments),
    Completions(completions::Arguments),
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    set_signals();
    let result = match Nightloom::parse().command {
        Command::Plan(arguments) => plan::main(&arguments),
        Command::Run(arguments) => run::main(&arguments),
        Command::Report(arguments) => report::main(&arguments),
        Command::Status(arguments) => status::main(&arguments),
        Command::Graph(arguments) => graph::main(&arguments),
        Command::Check(arguments) => check::main(&arguments),
        Command::Verify(arguments) => verify::main(&arguments),
        Command::Clean(arguments) => clean::main(&arguments),
        Command::Provenance(arguments) => provenance::main(&arguments),
        Command::Operators(arguments) => operators::main(&arguments),
        Command::Schema(arguments) => schema::main(&arguments),
        Command::Sample(arguments) => sample::main(&arguments),
        Command::Itemsets(arguments) => itemsets::main(&arguments),
        Command::Bundles(arguments) => bundles::main(&arguments),
        Command::Analytics(arguments) => analytics::main(&arguments),
        Command::Recommend(arguments) => recommend::main(&arguments),
        Command::Exports(arguments) => exports::main(&arguments),
        Command::Catalog(arguments) => catalog::main(&arguments),
        Command::Search(arguments) => search::main(&arguments),
        Command::Schedule(arguments) => schedule::main(&arguments),
        Command::Serve(arguments) => serve::main(&arguments),
        Command::Token(arguments) => token::main(&arguments),
        Command::Flags(arguments) => flags::main(&arguments),
        Command::Completions(arguments) => completions::main(&arguments, Nightloom::command()),
    };
    match result {
        Ok(code) => code,
        Err(error) => report_error(&error),
    }
}

/// `nightloom plan … | head` ends like other programs do, without a panic of `println!`; a limit on the size of files
/// is an error of the write that meets it, which can be told, rather than the end of the process.
fn set_signals() {
    // SAFETY: sets signals before any thread was started.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
    }
}

/// An error and what led to it; many say that themselves.
fn in_words(error: &anyhow::Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

fn report_error(error: &anyhow::Error) -> ExitCode {
    let Some(pipeline_error) = error.downcast_ref::<PipelineError>() else {
        eprintln!("error: {}", in_words(error));
        return ExitCode::from(1);
    };
    match pipeline_error {
        PipelineError::File(diagnostic) => eprintln!("{}", diagnostic.render(std::io::stderr().is_terminal())),
        PipelineError::Io { what, problem } => eprintln!("error: {what}: {problem}"),
        other => eprintln!("error: {other}"),
    }
    ExitCode::from(pipeline_error.exit_code())
}
