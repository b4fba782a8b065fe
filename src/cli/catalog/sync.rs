//! `nightloom catalog sync`: brings an index in step with a catalog.

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use serde_json::json;

use super::{
    arguments::{Again, CatalogArguments, PARTIAL, RATE_LIMITED, REFUSED, Steps, failed, texts},
    elsewhere::Elsewhere,
};
use crate::{
    io::{
        Noting,
        index::{self, SyncRun},
    },
    pipeline::run::Writes,
};

/// Seconds in which syncs are counted.
const WINDOW: i64 = 3_600;

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
    if let Some(wait) = too_many(arguments)? {
        eprintln!(
            "{} syncs wrote within an hour; the next may begin in {wait} s. The changes stay owed.",
            arguments.most_per_hour
        );
        return Ok(ExitCode::from(RATE_LIMITED));
    }
    let is_full = arguments.full || arguments.force;
    let elsewhere = Elsewhere::of(&catalog.pipeline(catalog.pipeline.clone(), &[])?, &catalog.index.index)?;
    // An index elsewhere is looked at by itself: what it lacks or has beyond is then a change like others.
    let sets: &'static [&'static str] = if elsewhere.is_some() && arguments.force { &EVERYTHING } else { &[] };
    if let Some(elsewhere) = elsewhere.as_ref().filter(|_| is_full) {
        let noting = if arguments.dry_run { Noting::Nothing } else { Noting::Found };
        elsewhere.compare(Some(&catalog.shop), noting)?;
    }
    let pipeline = if is_full && elsewhere.is_none() { &arguments.full_pipeline } else { &catalog.pipeline };
    let writes = if arguments.dry_run { Writes::Nothing } else { Writes::Sinks };
    let again = match (arguments.force, arguments.dry_run) {
        (true, _) => Again::All,
        (false, true) => Again::Stages,
        (false, false) => Again::None,
    };
    let performed = catalog.run(pipeline.clone(), Steps { select: &[], writes, again, sets })?;
    let refusals = performed.dataset("refusals")?;
    let run_id = performed.outcome.run_id;
    if let Some(problem) = performed.outcome.problem {
        return failed(problem);
    }
    let reasons = refusals.map(|refusals| texts(&refusals, "reason")).transpose()?.unwrap_or_default();
    let status = index::recent(&catalog.index.index, 1)?.unwrap_or_default();
    let run = status.runs.into_iter().find(|run| run.run_id == run_id);
    report(catalog, run.as_ref(), &reasons, started.elapsed().as_secs_f64(), status.sync_count)?;
    Ok(match run {
        _ if !reasons.is_empty() => ExitCode::from(REFUSED),
        Some(run) if run.failed + run.deferred > 0 => ExitCode::from(PARTIAL),
        // A run that had nothing to write leaves what failed before as it is.
        None if !status.failed.is_empty() && !arguments.dry_run => ExitCode::from(PARTIAL),
        _ => ExitCode::SUCCESS,
    })
}

/// Seconds until the next sync may begin, if too many wrote within the last hour.
fn too_many(arguments: &Arguments) -> anyhow::Result<Option<i64>> {
    let most = arguments.most_per_hour;
    if most == 0 || arguments.dry_run {
        return Ok(None);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let runs = index::recent(&arguments.catalog.index.index, most)?.unwrap_or_default().runs;
    let recent: Vec<&SyncRun> =
        runs.iter().filter(|run| run.started_at > now - WINDOW && run.started_at <= now).collect();
    let is_full = recent.len() >= usize::try_from(most).unwrap_or(usize::MAX);
    Ok(recent.last().filter(|_| is_full).map(|first| first.started_at + WINDOW - now))
}

fn report(
    catalog: &CatalogArguments,
    run: Option<&SyncRun>,
    refused: &[String],
    seconds: f64,
    sync_count: i64,
) -> anyhow::Result<()> {
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
        match run {
            None => println!("Nothing to write."),
            Some(run) => println!(
                "Added {}, updated {}, deleted {}, skipped {}, failed {}, waiting {} (run {})",
                run.added, run.updated, run.deleted, run.skipped, run.failed, run.deferred, run.run_id
            ),
        }
        println!("Duration: {seconds:.2} s\nSyncs: {sync_count}");
    }
    for reason in refused {
        eprintln!("refused: {reason}");
    }
    Ok(())
}
