//! `nightloom catalog sync`: brings an index in step with a catalog.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use clap::Args;
use serde_json::json;

use super::{
    arguments::{Again, CatalogArguments, PARTIAL, RATE_LIMITED, REFUSED, Steps, failed},
    budget::Budget,
    elsewhere::Elsewhere,
};
use crate::{
    cli::datasets::texts,
    io::{
        Noting,
        index::{self, SyncRun},
    },
    pipeline::{PipelineError, run::Writes},
};

/// What makes the stages give every product.
const EVERYTHING: [&str; 2] = ["stages.changes.params.emit=\"all\"", "stages.items.params.known=\"embed\""];

/// Bring an index in step with a catalog.
///
/// Only what changed since the index was last written is embedded and written. --full looks at every product and
/// takes out what the index has beyond the catalog; --force writes all of it anew.
///
/// Examples:
///   nightloom catalog sync shop.example catalog.json --index out/search.db
///   nightloom catalog sync shop.example catalog.json --full
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    catalog: CatalogArguments,
    /// Look at every product of the catalog and of the index.
    #[arg(long)]
    full: bool,
    /// As --full, and write what is the same too.
    #[arg(long)]
    force: bool,
    /// Say what would be written, and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// The pipeline of a full sync.
    #[arg(long, default_value = "pipelines/resync.toml")]
    full_pipeline: PathBuf,
    /// Syncs within an hour that write something; 0 for any number.
    #[arg(long, default_value_t = 10)]
    most_per_hour: u32,
}

/// Brings the index in step.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let catalog = &arguments.catalog;
    let started = Instant::now();
    let budget = Budget { index: catalog.index.index.clone(), most_per_hour: arguments.most_per_hour };
    if let Some(wait) = budget.wait().filter(|_| !arguments.dry_run) {
        eprintln!(
            "{} syncs wrote within an hour; the next may begin in {wait} s. The changes stay owed.",
            arguments.most_per_hour
        );
        return Ok(ExitCode::from(RATE_LIMITED));
    }
    let is_full = arguments.full || arguments.force;
    // What is wrong with a pipeline is told by its run.
    let elsewhere =
        Elsewhere::of(&catalog.pipeline(catalog.pipeline.clone(), &[])?, &catalog.index.index).ok().flatten();
    // An index elsewhere is looked at by itself: what it lacks or has beyond is then a change like others.
    if let Some(elsewhere) = elsewhere.as_ref().filter(|_| is_full) {
        let noting = if arguments.dry_run { Noting::Nothing } else { Noting::Found };
        elsewhere.compare(Some(&catalog.shop), noting)?;
    }
    let sets: &'static [&'static str] = if elsewhere.is_some() && arguments.force { &EVERYTHING } else { &[] };
    let pipeline = if is_full && elsewhere.is_none() { &arguments.full_pipeline } else { &catalog.pipeline };
    let writes = if arguments.dry_run { Writes::Nothing } else { Writes::Sinks };
    let again = match (arguments.force, arguments.dry_run) {
        (true, _) => Again::All,
        (false, true) => Again::Stages,
        (false, false) => Again::None,
    };
    let synced = match sync(catalog, pipeline, Steps { select: &[], writes, again, sets }, None)? {
        Ok(synced) => synced,
        Err(problem) => return failed(problem),
    };
    report(catalog, &synced, started.elapsed().as_secs_f64())?;
    let owed =
        synced.run.as_ref().map_or(synced.has_failed_items && !arguments.dry_run, |run| run.failed + run.deferred > 0);
    Ok(match owed {
        _ if !synced.refused.is_empty() => ExitCode::from(REFUSED),
        // A run that had nothing to write leaves what failed before as it is.
        true => ExitCode::from(PARTIAL),
        false => ExitCode::SUCCESS,
    })
}

/// What a sync came to.
pub struct Synced {
    /// What it wrote; `None` if there was nothing to write.
    pub run: Option<SyncRun>,
    /// Why the catalog was refused; empty if it was not.
    pub refused: Vec<String>,
    /// Whether products wait for their next try.
    pub has_failed_items: bool,
    /// How many runs wrote in all.
    pub sync_count: i64,
}

/// Runs a sync, under an id that somebody was promised. The inner error is the run's own.
pub fn sync(
    catalog: &CatalogArguments,
    pipeline: &Path,
    steps: Steps,
    run_id: Option<String>,
) -> anyhow::Result<Result<Synced, PipelineError>> {
    let performed = catalog.run_as(pipeline.to_owned(), steps, run_id)?;
    let refusals = performed.dataset("refusals")?;
    let run_id = performed.outcome.run_id;
    if let Some(problem) = performed.outcome.problem {
        return Ok(Err(problem));
    }
    let refused = refusals.map(|refusals| texts(&refusals, "reason")).transpose()?.unwrap_or_default();
    let status = index::recent(&catalog.index.index, 1)?.unwrap_or_default();
    let (has_failed_items, sync_count) = (!status.failed.is_empty(), status.sync_count);
    let run = status.runs.into_iter().find(|run| run.run_id == run_id);
    Ok(Ok(Synced { run, refused, has_failed_items, sync_count }))
}

fn report(catalog: &CatalogArguments, synced: &Synced, seconds: f64) -> anyhow::Result<()> {
    let Synced { run, refused, sync_count, .. } = synced;
    if catalog.json {
        let json = json!({
            "shop": catalog.shop, "catalog": catalog.catalog, "index": catalog.index.index, "seconds": seconds,
            "run": run, "refused": refused, "sync_count": sync_count,
        });
        println!("{}", serde_json::to_string_pretty(&json)?);
    } else {
        println!(
            "Shop: {}\nCatalog: {}\nIndex: {}",
            catalog.shop,
            catalog.catalog.display(),
            catalog.index.index.display()
        );
        println!("{}\nDuration: {seconds:.2} s\nSyncs: {sync_count}", in_words(run.as_ref()));
    }
    for reason in refused {
        eprintln!("refused: {reason}");
    }
    Ok(())
}

/// What a sync wrote.
pub fn in_words(run: Option<&SyncRun>) -> String {
    let Some(run) = run else { return "Nothing to write.".to_owned() };
    format!(
        "Added {}, updated {}, deleted {}, skipped {}, failed {}, waiting {} (run {})",
        run.added, run.updated, run.deleted, run.skipped, run.failed, run.deferred, run.run_id
    )
}
