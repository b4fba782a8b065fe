//! `nightloom catalog status`: what an index says of itself.

use std::process::ExitCode;

use clap::Args;

use super::{arguments::IndexArguments, budget::Budget, monitor::last_sync};
use crate::{
    io::index::{self, IndexStatus},
    report::table::Table,
};

/// Show how many products an index has, its last syncs, and what failed. Exit code 1 if there is no index yet.
///
/// Example: nightloom catalog status --index out/search.db
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    index: IndexArguments,
    /// Syncs within an hour that write something, of which it is told how many are left; 0 for any number.
    #[arg(long, default_value_t = 10)]
    most_per_hour: u32,
    /// How many syncs.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the status.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Some(status) = index::status(&arguments.index.index, arguments.runs)? else {
        eprintln!("{}: no index yet; `nightloom catalog sync` makes it", arguments.index.index.display());
        return Ok(ExitCode::from(1));
    };
    let budget = Budget { index: arguments.index.index.clone(), most_per_hour: arguments.most_per_hour };
    if arguments.json {
        let mut json = serde_json::to_value(&status)?;
        json["next_sync_in_seconds"] = budget.wait().unwrap_or_default().into();
        println!("{}", serde_json::to_string_pretty(&json)?);
    } else {
        print(&status);
        if let Some(seconds) = budget.wait() {
            println!("The next sync may begin in {seconds} s: {} wrote within an hour.", arguments.most_per_hour);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(status: &IndexStatus) {
    println!("Last sync: {}\nSyncs: {}", last_sync(Some(status)), status.sync_count);
    for (namespace, products) in &status.products {
        println!("Products of {namespace}: {products}");
    }
    println!("Vectors: {}", status.vectors);
    if !status.runs.is_empty() {
        let mut table = Table::new(&["Run", "Status", "Added", "Updated", "Deleted", "Failed", "ms"]);
        table.right(&[2, 3, 4, 5, 6]);
        for run in &status.runs {
            let numbers = [run.added, run.updated, run.deleted, run.failed + run.deferred, run.milliseconds];
            let mut cells = vec![run.run_id.clone(), run.status.clone()];
            cells.extend(numbers.map(|number| number.to_string()));
            table.row(cells);
        }
        print!("\n{table}");
    }
    for item in &status.failed {
        let next = match item.next_retry_at.map(jiff::Timestamp::from_second) {
            Some(Ok(time)) => format!("next try {time}"),
            _ => "given up; `nightloom catalog retry-failed` tries it again".to_owned(),
        };
        println!("Failed: {} {} ({} tries, {next}): {}", item.operation, item.id, item.attempts, item.last_error);
    }
}
