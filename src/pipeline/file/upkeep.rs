//! What a pipeline file says of its own runs: when they are due, what is told of them, where their figures go.

use std::path::PathBuf;

use super::{
    diagnostic::{Diagnostic, suggest},
    document::Node,
    endpoints::normalise,
    model::PipelineFile,
    steps::{Schedule, Step, Upkeep},
};
use crate::{alerts::AlertTable, schedule::ScheduleTable};

/// Reads the tables `schedule`, `schedules`, `alerts` and `metrics`.
///
/// # Errors
/// A line, a zone or a threshold that cannot be, at its place; a dataset that nothing makes.
pub fn upkeep(document: &Node, file: &PipelineFile, steps: &[Step]) -> Result<Upkeep, Diagnostic> {
    let mut schedules = Vec::new();
    if let Some(table) = &file.schedule {
        schedules.push(schedule(document, &["schedule"], file.name.clone(), table)?);
    }
    for (name, table) in &file.schedules {
        schedules.push(schedule(document, &["schedules", name], format!("{}.{name}", file.name), table)?);
    }
    let alerts = file.alerts.clone().map(|table| alerts(document, table, steps)).transpose()?;
    let metrics = file.metrics.as_ref().map(|table| path(document, &["metrics", "file"], &table.file));
    Ok(Upkeep { schedules, alerts, metrics })
}

fn schedule(document: &Node, place: &[&str], name: String, table: &ScheduleTable) -> Result<Schedule, Diagnostic> {
    let line = table.line().map_err(|error| {
        let words = error.to_string();
        let (problem, mend) = words.split_once("\n  ").unwrap_or((&words, ""));
        let wrong = Diagnostic::new(problem, &document.locate(place), "of this schedule");
        if mend.is_empty() { wrong } else { wrong.mend(mend) }
    })?;
    Ok(Schedule { name, table: table.clone(), line })
}

fn alerts(document: &Node, mut table: AlertTable, steps: &[Step]) -> Result<AlertTable, Diagnostic> {
    if let Err((key, needs)) = table.check() {
        let problem = format!("alerts.{key} needs {needs}");
        return Err(Diagnostic::new(problem, &document.locate(&["alerts", key]), "cannot be"));
    }
    let known = || steps.iter().flat_map(|step| step.outputs.iter().map(|output| output.dataset.as_str()));
    for (key, dataset) in [("changes", &table.changes), ("refusals", &table.refusals), ("summary", &table.summary)] {
        if let Some(dataset) = dataset.as_ref().filter(|dataset| !known().any(|name| name == dataset.as_str())) {
            let at = document.locate(&["alerts", key]);
            return Err(Diagnostic::new(format!("nothing makes the dataset '{dataset}'"), &at, "wanted here")
                .mend(suggest(dataset, known().collect::<Vec<_>>())));
        }
    }
    table.index = table.index.map(|written| path(document, &["alerts", "index"], &written).display().to_string());
    Ok(table)
}

/// A path against the folder of the text that it was written in.
fn path(document: &Node, place: &[&str], written: &str) -> PathBuf {
    normalise(&document.locate(place).origin.folder.join(written))
}
