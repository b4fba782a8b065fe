//! `nightloom plan`: what a run would do, and why.

use std::process::ExitCode;

use clap::Args;

use super::arguments::{PipelineArguments, PlanArguments};
use crate::{
    pipeline::{
        check,
        checkpoint::CheckpointStore,
        journal::Journal,
        plan::{self, PlanRow},
        registry::Registry,
    },
    report::table::Table,
};

/// Say what a run would do, and why.
///
/// Of each step: fresh (its checkpoint holds), stale (and what changed), new (never run), waiting (fresh if what it
/// reads comes out equal), or off (by a flag). Nothing is read in full and nothing is written.
///
/// Example: nightloom plan pipelines/linking.toml --set vars.min_confidence=0.9
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    #[command(flatten)]
    plan: PlanArguments,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Makes and prints the plan.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    print_plan(&arguments.pipeline, &arguments.plan, arguments.json)
}

/// Makes and prints the plan; `run --dry-run` is the same.
pub fn print_plan(pipeline: &PipelineArguments, plan: &PlanArguments, json: bool) -> anyhow::Result<ExitCode> {
    let registry = Registry::standard();
    let state_folder = pipeline.state_folder();
    let pipeline = pipeline.read(&registry)?;
    let options = plan.options(&state_folder)?;
    let needed = plan::steps_to_do(&pipeline, &options.selection)?;
    check::check(&pipeline, &|id| needed.contains(&id))?;
    let journal = Journal::look(&state_folder)?;
    let store = CheckpointStore::new(&state_folder, &pipeline);
    let plan = plan::plan(&pipeline, &store, &options, &journal)?;
    let rows = plan.rows(&pipeline);
    if json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", table(&rows));
    println!(
        "{}",
        if plan.is_fresh() { "All is fresh: a run has nothing to do." } else { "A run would do what is not fresh." }
    );
    Ok(ExitCode::SUCCESS)
}

fn table(rows: &[PlanRow]) -> Table {
    let mut table = Table::new(&["", "step", "state", "why"]);
    for row in rows {
        table.row(vec![row.kind.to_owned(), row.name.clone(), row.state.to_owned(), row.reasons.join("; ")]);
    }
    table
}
