//! Where the time of a run went, step by step, from the results that the program leaves beside its journal.

use std::path::Path;

use serde_json::Value;

use crate::report::Figure;

/// The steps of the newest run in `workspace` that took at least a hundredth of its time, the longest first.
pub fn figures(workspace: &Path) -> Result<Vec<Figure>, String> {
    let runs = workspace.join(".nightloom/runs");
    let failed = |error: std::io::Error| format!("{}: {error}", runs.display());
    let folders = std::fs::read_dir(&runs).map_err(failed)?;
    let newest = folders.flatten().map(|entry| entry.path()).max().ok_or(format!("no run in {}", runs.display()))?;
    let text = std::fs::read_to_string(newest.join("run_results.json")).map_err(failed)?;
    let results: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", newest.display()))?;
    let total = results["seconds"].as_f64().unwrap_or_default();
    let mut steps: Vec<(f64, String)> = results["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|step| {
            let name = format!("{} {}", step["kind"].as_str().unwrap_or("?"), step["step"].as_str().unwrap_or("?"));
            (step["seconds"].as_f64().unwrap_or_default(), name)
        })
        .filter(|(seconds, _)| *seconds >= total / 100.0)
        .collect();
    steps.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let figure = |(seconds, name): (f64, String)| Figure::plain(format!("of which {name}"), format!("{seconds:.2} s"));
    Ok(steps.into_iter().map(figure).collect())
}
