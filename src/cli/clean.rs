//! `nightloom clean`: removes checkpoints that the newest runs did not use.

use std::{collections::BTreeSet, fs, process::ExitCode};

use anyhow::Context;
use clap::Args;

use super::arguments::PipelineArguments;
use crate::{
    pipeline::{
        checkpoint::{CheckpointStore, state_key},
        journal::Journal,
        lock::WorkspaceLock,
        registry::Registry,
    },
    report::table::bytes,
};

/// Remove checkpoints that the newest runs did not use.
///
/// Example: nightloom clean pipelines/nightly.toml --keep 7
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// How many of the newest runs keep their checkpoints.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
}

/// Removes the checkpoints.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let pipeline = arguments.pipeline.read(&Registry::standard())?;
    let state_folder = arguments.pipeline.state_folder();
    let _lock = WorkspaceLock::take(&state_folder, pipeline.scope.as_deref(), "nightloom clean")?;
    let journal = Journal::open(&state_folder)?;
    let store = CheckpointStore::new(&state_folder, &pipeline);
    let key = state_key(&pipeline.name, pipeline.scope.as_deref());
    let mut used: BTreeSet<(String, String)> =
        journal.fingerprints_of_newest(&key, arguments.keep)?.into_iter().collect();
    let pending = journal.pending_commit(&key)?.map(|(_, intents)| intents).unwrap_or_default();
    used.extend(pending.into_iter().map(|intent| (intent.step, intent.fingerprint)));
    // The newest checkpoint of a step stays, whichever run made it: single stages take their inputs from it.
    for step in &pipeline.steps {
        used.extend(store.latest(&step.name).map(|latest| (step.name.clone(), latest.fingerprint.short().to_owned())));
    }
    let (count, size) =
        store.remove_except(&|step, fingerprint| used.contains(&(step.to_owned(), fingerprint.to_owned())))?;
    let newest = usize::try_from(arguments.keep).unwrap_or(usize::MAX);
    for old in journal.runs(Some(&key), u32::MAX)?.iter().skip(newest) {
        let folder = state_folder.join("runs").join(&old.run_id);
        if folder.is_dir() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
    }
    println!("Removed {count} checkpoints, {}.", bytes(size));
    Ok(ExitCode::SUCCESS)
}
