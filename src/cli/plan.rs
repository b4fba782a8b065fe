//! `nightloom plan`: what a run would do, and why.

use std::{fmt::Write, process::ExitCode};

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
    report::table::{Table, count},
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
    /// Print a line for each step and sink, the fresh ones too.
    #[arg(long, short)]
    verbose: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How much of a plan is told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// What a run would do; what it would not do in a line.
    Brief,
    /// All of it.
    Whole,
    /// All of it, for machines.
    Json,
}

/// Makes and prints the plan.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let telling = match (arguments.json, arguments.verbose) {
        (true, _) => Telling::Json,
        (false, true) => Telling::Whole,
        (false, false) => Telling::Brief,
    };
    print_plan(&arguments.pipeline, &arguments.plan, telling)
}

/// Makes and prints the plan; `run --dry-run` is the same.
pub fn print_plan(pipeline: &PipelineArguments, plan: &PlanArguments, telling: Telling) -> anyhow::Result<ExitCode> {
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
    match telling {
        Telling::Json => {
            println!("{}", serde_json::to_string_pretty(&rows)?);
            return Ok(ExitCode::SUCCESS);
        }
        Telling::Whole => println!("{}", table(rows.iter())),
        Telling::Brief => print!("{}", brief(&rows)),
    }
    println!(
        "{}",
        if plan.is_fresh() { "All is fresh: a run has nothing to do." } else { "A run would do what is not fresh." }
    );
    Ok(ExitCode::SUCCESS)
}

/// Rows of a plan that are told one by one.
const ROWS: usize = 24;
/// Lines that they may take.
const LINES: usize = 32;

/// What a run would do and why, then what it would not do, in a line a state.
fn brief(rows: &[PlanRow]) -> String {
    let is_idle = |row: &&PlanRow| matches!(row.state, "fresh" | "written" | "not selected");
    let busy: Vec<&PlanRow> = rows.iter().filter(|row| !is_idle(row)).collect();
    let mut shown = busy.len().min(ROWS);
    let mut text = String::new();
    while shown > 0 {
        text = table(busy.iter().take(shown).copied()).to_string();
        if text.lines().count() <= LINES {
            break;
        }
        shown -= 1;
    }
    if busy.len() > shown {
        let _ = writeln!(text, "… and {} more: --verbose shows them", count((busy.len() - shown) as u64));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    for state in ["fresh", "written", "not selected"] {
        let names: Vec<&str> = rows.iter().filter(|row| row.state == state).map(|row| row.name.as_str()).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "{}", in_one_line(&format!("{} {state}:", count(names.len() as u64)), &names));
        }
    }
    text
}

/// A heading with as many names as fit into a line, and how many do not.
fn in_one_line(heading: &str, names: &[&str]) -> String {
    let width = |text: &str| text.chars().count();
    let mut line = heading.to_owned();
    for (index, name) in names.iter().enumerate() {
        let left = names.len() - index;
        let rest = if left > 1 { format!(" … and {} more", count(left as u64 - 1)) } else { String::new() };
        let next = format!("{line}{} {name}", if index == 0 { "" } else { "," });
        if width(&next) + width(&rest) > 80 {
            return format!("{line} … and {} more", count(left as u64));
        }
        line = next;
    }
    line
}

fn table<'a>(rows: impl Iterator<Item = &'a PlanRow>) -> Table {
    let mut table = Table::new(&["", "step", "state", "why"]);
    for row in rows {
        table.row(vec![row.kind.to_owned(), row.name.clone(), row.state.to_owned(), row.reasons.join("; ")]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, state: &'static str) -> PlanRow {
        PlanRow { kind: "stage", name: name.into(), state, reasons: vec!["never run".into()], fingerprint: None }
    }

    #[test]
    fn the_fresh_are_one_line_and_the_stale_a_line_each() {
        let mut rows: Vec<PlanRow> = (0..60).map(|at| row(&format!("step_{at}"), "fresh")).collect();
        rows.push(row("link", "stale"));
        let text = brief(&rows);
        assert!(
            text.contains("link") && text.contains("60 fresh: step_0, step_1") && text.contains("… and "),
            "{text}"
        );
        assert!(text.lines().count() < 6 && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn many_stale_steps_are_cut_with_their_number() {
        let rows: Vec<PlanRow> = (0..90).map(|at| row(&format!("step_{at}"), "new")).collect();
        let text = brief(&rows);
        assert!(text.contains("… and 66 more: --verbose shows them") && text.lines().count() < 40, "{text}");
    }
}
