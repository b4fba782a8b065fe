//! `nightloom status`: the last runs, and each step's state, rows, time and memory.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{
    arguments::WorkspaceArguments,
    overdue,
    told::{alerts_file, is_alive},
};
use crate::{
    alerts::{AlertRow, Alerts},
    pipeline::{
        PipelineError,
        file::document::read_file,
        journal::{Journal, RunRow, StepRow},
    },
    report::table::{Table, bytes, count, seconds},
};

/// Show the last runs, and the steps of the newest.
///
/// Says so when no run began for longer than usual.
///
/// Example: nightloom status pipelines/nightly.toml
#[derive(Args)]
pub struct Arguments {
    /// The pipeline file whose runs are shown [default: pipelines/nightly.toml, or all where it is not there].
    pipeline: Option<PathBuf>,
    #[command(flatten)]
    workspace: WorkspaceArguments,
    /// How many runs.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the runs.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let path = arguments.pipeline.clone().unwrap_or_else(|| PathBuf::from("pipelines/nightly.toml"));
    let state_folder = arguments.workspace.state_folder(&path);
    let journal = Journal::look(&state_folder)?;
    let name = if arguments.pipeline.is_some() || path.exists() { pipeline_name(&path)? } else { None };
    let mut runs = journal.runs(name.as_deref(), arguments.runs)?;
    for run in &mut runs {
        if run.status == "running" && !is_alive(run.pid) {
            "killed".clone_into(&mut run.status);
        }
    }
    let steps = runs.first().map_or_else(|| Ok(Vec::new()), |run| journal.steps(&run.run_id))?;
    let late = overdue::all(&journal.starts(name.as_deref(), overdue::RUNS)?, Timestamp::now());
    let alerts = lasting_alerts(&state_folder, name.as_deref())?;
    if arguments.json {
        let newest: Vec<&StepRow> = steps.iter().collect();
        println!(
            "{}",
            serde_json::to_string_pretty(
                &json!({ "runs": runs, "overdue": late, "alerts": alerts, "steps_of_newest_run": newest })
            )?
        );
        return Ok(ExitCode::SUCCESS);
    }
    if runs.is_empty() {
        println!("There is no run yet. Start one with: nightloom run {}", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", runs_table(&runs));
    for line in overdue::in_lines(&late) {
        println!("{line}");
    }
    for alert in &alerts {
        println!("Alert of '{}' ({}, {}): {}", alert.pipeline, alert.kind, alert.severity, alert.message);
    }
    println!("Steps of the newest run:\n{}", steps_table(&steps));
    Ok(ExitCode::SUCCESS)
}

/// The alerts that last, of a pipeline in all its scopes or of all pipelines.
fn lasting_alerts(state_folder: &Path, name: Option<&str>) -> anyhow::Result<Vec<AlertRow>> {
    let file = alerts_file(state_folder);
    if !file.exists() {
        return Ok(Vec::new());
    }
    let mut alerts = Alerts::open(&file)?.lasting(None)?;
    alerts.retain(|alert| name.is_none_or(|name| alert.pipeline.split('@').next() == Some(name)));
    Ok(alerts)
}

/// The name a pipeline file gives itself.
fn pipeline_name(path: &Path) -> anyhow::Result<Option<String>> {
    let document = read_file(path, &path.display().to_string()).map_err(PipelineError::from)?;
    Ok(document.to_json()["name"].as_str().map(str::to_owned))
}

fn runs_table(runs: &[RunRow]) -> Table {
    let mut table = Table::new(&["started", "pipeline", "status", "ended", "problem"]);
    for run in runs {
        table.row(vec![
            run.started_at.chars().take(19).collect(),
            run.pipeline.clone(),
            run.status.clone(),
            run.ended_at.as_deref().unwrap_or("").chars().skip(11).take(8).collect(),
            run.problem.clone().unwrap_or_default(),
        ]);
    }
    table
}

fn steps_table(steps: &[StepRow]) -> Table {
    let mut table = Table::new(&["", "step", "state", "rows in", "rows out", "rejected", "time", "peak"]);
    table.right(&[3, 4, 5, 6, 7]);
    for step in steps {
        let is_done = step.seconds > 0.0;
        let of_work = |text: String| if is_done { text } else { String::new() };
        table.row(vec![
            step.kind.clone(),
            step.step.clone(),
            step.status.clone(),
            count(step.rows_in),
            count(step.rows_out),
            count(step.rejected),
            of_work(seconds(step.seconds)),
            if step.peak_memory_bytes == 0 { String::new() } else { bytes(step.peak_memory_bytes) },
        ]);
    }
    table
}
