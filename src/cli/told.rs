//! What is told after a run: its figures for Prometheus, and alerts to whoever the pipeline names.
//!
//! A run that was done stays done where nobody can be told: that is a warning, and the next run tells it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use jiff::Timestamp;

use super::datasets::{dataset, sum, texts};
use crate::{
    alerts::{AlertTable, Alerts, CatalogFacts, Facts, Notice, RunFacts, found, prometheus, write_metrics},
    io::index,
    pipeline::{
        Pipeline,
        checkpoint::state_key,
        journal::{Journal, RunRow},
        run::Outcome,
    },
};

/// Runs that are looked at.
const RUNS: u32 = 100;
/// How long whoever is told may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The database of a workspace's alerts.
pub fn alerts_file(state_folder: &Path) -> PathBuf {
    state_folder.join("alerts.db")
}

/// Whether a process is there; a run that is `running` without one was killed.
pub fn is_alive(pid: u32) -> bool {
    PathBuf::from(format!("/proc/{pid}")).exists()
}

/// Tells what the pipeline asks for.
pub fn after(pipeline: &Pipeline, state_folder: &Path, journal: &Journal, outcome: &Outcome) {
    let upkeep = &pipeline.upkeep;
    if upkeep.alerts.is_none() && upkeep.metrics.is_none() {
        return;
    }
    let tell = || -> anyhow::Result<()> {
        let place = Place { pipeline, state_folder, journal, outcome };
        let facts = place.facts()?;
        let alerts = upkeep.alerts.as_ref().map_or_else(Vec::new, |table| found(&facts, table));
        if let Some(file) = &upkeep.metrics {
            write_metrics(file, &prometheus(&facts, &alerts)).with_context(|| format!("{}", file.display()))?;
        }
        match &upkeep.alerts {
            None => Ok(()),
            Some(table) => {
                let repeat = Duration::from_secs_f64(table.repeat_minutes * 60.0);
                let mut kept = Alerts::open(&alerts_file(state_folder))?;
                let notices = kept.settle(&facts.pipeline, &alerts, facts.now, repeat)?;
                for notice in notices {
                    deliver(&notice, table)?;
                    kept.told(&notice, facts.now)?;
                }
                Ok(())
            }
        }
    };
    if let Err(problem) = tell() {
        eprintln!("warning: the run is over, but not all of it could be told: {problem:#}");
    }
}

struct Place<'a> {
    pipeline: &'a Pipeline,
    state_folder: &'a Path,
    journal: &'a Journal,
    outcome: &'a Outcome,
}

impl Place<'_> {
    fn facts(&self) -> anyhow::Result<Facts> {
        let key = state_key(&self.pipeline.name, self.pipeline.scope.as_deref());
        let rows = self.journal.runs(Some(&key), RUNS)?;
        let runs = rows.iter().filter(|row| row.pipeline == key).filter_map(run_facts).collect();
        let ended = self.journal.endings(&key)?;
        let catalog = self.pipeline.upkeep.alerts.as_ref().map(|table| self.catalog(table)).transpose()?.flatten();
        Ok(Facts { pipeline: key, now: Timestamp::now().as_second(), runs, ended, catalog })
    }

    /// What is known of the catalog and the index, where the pipeline names one.
    fn catalog(&self, table: &AlertTable) -> anyhow::Result<Option<CatalogFacts>> {
        let Some(path) = &table.index else { return Ok(None) };
        let mut facts = CatalogFacts::default();
        self.datasets(table, &mut facts)?;
        let Some(recent) = index::recent(Path::new(path), RUNS)? else { return Ok(Some(facts)) };
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let of_run = |run: &index::SyncRun| count(run.added + run.updated + run.deleted);
        if let Some(run) = recent.runs.iter().find(|run| run.run_id == self.outcome.run_id) {
            facts.failed = count(run.failed);
            facts.tried = of_run(run) + count(run.skipped + run.failed);
        }
        let (dead, waiting): (Vec<_>, Vec<_>) = recent.failed.iter().partition(|item| item.next_retry_at.is_none());
        (facts.dead_items, facts.waiting_items) = (dead.len() as u64, waiting.len() as u64);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a run")]
        let write = |run: &index::SyncRun| (run.started_at, run.milliseconds as f64 / 1_000.0, of_run(run));
        facts.writes = recent.runs.iter().map(write).collect();
        facts.since = recent.runs.last().map(|run| run.started_at);
        Ok(Some(facts))
    }

    fn datasets(&self, table: &AlertTable, facts: &mut CatalogFacts) -> anyhow::Result<()> {
        let read = |name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => dataset(self.pipeline, self.state_folder, self.outcome, name),
        };
        let changes = table.changes.as_deref().filter(|name| self.is_made(name)).map(ToOwned::to_owned);
        let kinds = read(&changes)?.map(|frame| texts(&frame, "change")).transpose()?.unwrap_or_default();
        let of_kind = |kind: &str| kinds.iter().filter(|change| *change == kind).count() as u64;
        facts.changes =
            ["added", "modified", "deleted"].iter().map(|kind| ((*kind).to_owned(), of_kind(kind))).collect();
        if let Some(refusals) = read(&table.refusals)? {
            facts.refusals = texts(&refusals, "reason")?;
        }
        if let (Some(summary), Some(index)) = (read(&table.summary)?, &table.index) {
            facts.catalog_products = u64::try_from(sum(&summary, "products")?).ok();
            let shops = texts(&summary, "namespace")?;
            let counts = index::product_counts(Path::new(index))?.unwrap_or_default();
            let of_shops = counts.into_iter().filter(|(shop, _)| shops.contains(shop)).map(|(_, count)| count);
            facts.index_products = u64::try_from(of_shops.sum::<i64>()).ok();
        }
        Ok(())
    }

    /// Whether a dataset was made by this run: one that is fresh tells of changes that were written before.
    fn is_made(&self, dataset: &str) -> bool {
        let makes = |step: &str| {
            let step = self.pipeline.steps.iter().find(|known| known.name == step);
            step.is_some_and(|step| step.outputs.iter().any(|output| output.dataset == dataset))
        };
        self.outcome.rows.iter().any(|row| row.kind != "sink" && row.status != "fresh" && makes(&row.step))
    }
}

/// A run that is over.
fn run_facts(row: &RunRow) -> Option<RunFacts> {
    let instant = |text: &str| text.parse::<Timestamp>().ok();
    let started = instant(&row.started_at)?;
    let (status, seconds) = match row.ended_at.as_deref().and_then(instant) {
        Some(ended) => (row.status.clone(), (ended - started).total(jiff::Unit::Second).ok()?),
        None if is_alive(row.pid) => return None,
        None => ("killed".to_owned(), 0.0),
    };
    let (run_id, problem) = (row.run_id.clone(), row.problem.clone());
    Some(RunFacts { run_id, status, started_at: started.as_second(), seconds, problem })
}

fn deliver(notice: &Notice, table: &AlertTable) -> anyhow::Result<()> {
    eprintln!(
        "alert {}: {} ({})",
        serde_json::to_value(notice.tells)?.as_str().unwrap_or_default(),
        notice.row.message,
        notice.row.kind
    );
    let body = serde_json::to_string(notice)?;
    if let Some(words) = &table.command {
        run_command(words, &body).with_context(|| format!("the command {words:?} of alerts"))?;
    }
    if let Some(address) = &table.webhook {
        post(address, body).with_context(|| format!("the webhook {address} of alerts"))?;
    }
    Ok(())
}

fn run_command(words: &[String], body: &str) -> anyhow::Result<()> {
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    // Who does not read it has been told all the same.
    child.stdin.take().map(|mut pipe| pipe.write_all(body.as_bytes()));
    let end = Instant::now() + PATIENCE;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => bail!("it ended with {status}"),
            None if Instant::now() >= end => {
                child.kill()?;
                child.wait()?;
                bail!("it took longer than {} s", PATIENCE.as_secs());
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn post(address: &str, body: String) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let request = client.post(address).header("content-type", "application/json").body(body);
        request.send().await?.error_for_status()?;
        Ok(())
    })
}
