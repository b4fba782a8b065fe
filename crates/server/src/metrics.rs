//! Figures of runs (section 11.8), from the journal.

use jiff::Timestamp;
use rusqlite::Row;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{app::App, caller::Caller, failure::Failure, journal::Run};

/// Runs that figures are of.
const RUNS: usize = 100;

/// A share of good runs below which something is wrong.
const GOOD: f64 = 0.95;

/// Figures of runs. Times are in milliseconds.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    total_runs: usize,
    successful_runs: usize,
    failed_runs: usize,
    /// Runs that work now.
    running: usize,
    mean_ms: Option<f64>,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
    success_rate: Option<f64>,
    /// What is to be looked at.
    alerts: Vec<String>,
}

/// Figures of the newest runs.
///
/// # Errors
/// When the journal cannot be read.
pub fn of_runs(app: &App) -> Result<Metrics, Failure> {
    let runs = app.journal.runs(None, RUNS)?;
    let is_good = |run: &&Run| matches!(run.status.as_str(), "done" | "timed_out_partial");
    let (successful, running) = (runs.iter().filter(is_good).count(), runs.iter().filter(|run| !run.is_over()).count());
    let failed = runs.len() - successful - running;
    let mut taken: Vec<f64> = runs.iter().filter_map(milliseconds).collect();
    taken.sort_by(f64::total_cmp);
    let mean = (!taken.is_empty()).then(|| taken.iter().sum::<f64>() / taken.len() as f64);
    let over = successful + failed;
    let success_rate = (over > 0).then(|| successful as f64 / over as f64);
    let is_bad = success_rate.is_some_and(|rate| rate < GOOD);
    Ok(Metrics {
        total_runs: runs.len(),
        successful_runs: successful,
        failed_runs: failed,
        running,
        mean_ms: mean,
        p50_ms: percentile(&taken, 0.5),
        p95_ms: percentile(&taken, 0.95),
        p99_ms: percentile(&taken, 0.99),
        max_ms: taken.last().copied(),
        success_rate,
        alerts: if is_bad { vec![format!("{failed} of {over} runs failed")] } else { Vec::new() },
    })
}

fn milliseconds(run: &Run) -> Option<f64> {
    let (start, end): (Timestamp, Timestamp) = (run.started_at.parse().ok()?, run.ended_at.as_ref()?.parse().ok()?);
    Some(end.duration_since(start).as_secs_f64() * 1_000.0)
}

/// By linear interpolation at p · (n − 1).
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share * last as f64;
    let (low, high) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(low + (high - low) * place.fract())
}

/// The steps of the last run that is over.
///
/// # Errors
/// When the journal cannot be read.
pub fn phases(app: &App) -> Result<Json, Failure> {
    let runs = app.journal.runs(None, RUNS)?;
    let Some(run) = runs.into_iter().find(Run::is_over) else { return Ok(json!({ "phases": [] })) };
    let steps = app.journal.steps(&run.run_id)?;
    let phase = |step: &super::journal::Step| {
        json!({
            "name": step.step, "kind": step.kind, "status": step.status, "duration_ms": step.seconds * 1_000.0, "input": step.rows_in,
            "output": step.rows_out, "dropped": step.rejected, "memory_bytes": step.peak_memory_bytes,
        })
    };
    Ok(json!({ "run_id": run.run_id, "status": run.status, "phases": steps.iter().map(phase).collect::<Vec<_>>() }))
}

/// What was not published of each shop that the caller sees: the table `bundle_shops` of `pipelines/bundles.toml`.
///
/// # Errors
/// When the database cannot be read.
pub fn drops(app: &App, caller: &Caller) -> Result<Json, Failure> {
    let rows = app.results.read(|connection| {
        if !nightloom_review::exists(connection, "bundle_shops")? {
            return Ok(Vec::new());
        }
        let mut statement = connection.prepare_cached(
            "SELECT COALESCE(shop_id, ''), bundles, dropped, drop_reasons, why FROM bundle_shops ORDER BY 1",
        )?;
        let rows = statement.query_map([], drop_of)?;
        Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
    })?;
    let seen: Vec<Json> = rows.into_iter().filter(|(shop, _)| caller.sees(shop)).map(|(_, row)| row).collect();
    Ok(json!({ "shops": seen }))
}

fn drop_of(row: &Row) -> rusqlite::Result<(String, Json)> {
    let shop: String = row.get(0)?;
    let reasons: Option<String> = row.get(3)?;
    let reasons: Json = reasons.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let record = json!({
        "shopId": shop, "bundles": row.get::<_, Option<i64>>(1)?, "dropped": row.get::<_, Option<i64>>(2)?, "dropReasons": reasons,
        "why": row.get::<_, Option<String>>(4)?,
    });
    Ok((shop, record))
}
