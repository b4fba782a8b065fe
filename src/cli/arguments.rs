//! Arguments that several commands share, and what they come to.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use clap::Args;
use jiff::{Timestamp, civil, tz::TimeZone};

use crate::pipeline::{
    Pipeline, PipelineError, file::Overrides, flags_file, plan::PlanOptions, registry::Registry, select::Selection,
};

/// Which pipeline, with which settings, in which workspace.
#[derive(Args)]
pub struct PipelineArguments {
    /// The pipeline file.
    pub pipeline: PathBuf,
    /// Override a key of the file: --set vars.db=shop.db, --set stages.link.params.measure=indel.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    #[command(flatten)]
    pub workspace: WorkspaceArguments,
}

/// Where journal, checkpoints and locks live.
#[derive(Args)]
pub struct WorkspaceArguments {
    /// The folder that holds .nightloom (journal, checkpoints, locks) [default: the pipeline file's project].
    #[arg(long, value_name = "DIR", env = "NIGHTLOOM_WORKSPACE")]
    pub workspace: Option<PathBuf>,
}

/// Which steps, and whether they are done even if they are fresh.
#[derive(Args, Default)]
pub struct PlanArguments {
    /// Steps to do: names, name+, +name, tag:name; commas join what must all hold [default: all].
    #[arg(long, short, value_name = "STEPS")]
    pub select: Vec<String>,
    /// Steps to leave out, in the same words.
    #[arg(long, value_name = "STEPS")]
    pub exclude: Vec<String>,
    /// This step and all that come after it; short for --select STEP+.
    #[arg(long, value_name = "STEP", conflicts_with = "select")]
    pub from: Option<String>,
    /// This step alone, its inputs from checkpoints; short for --select STEP.
    #[arg(long, value_name = "STEP", conflicts_with_all = ["select", "from"])]
    pub only: Option<String>,
    /// A selection that comes out empty is no error: for generated commands.
    #[arg(long)]
    pub allow_empty: bool,
    /// Do the selected stages even if they are fresh.
    #[arg(long)]
    pub force: bool,
    /// Read all sources, do all stages and write all sinks again; appended rows are never appended twice.
    #[arg(long)]
    pub full_refresh: bool,
    /// The instant the run is about: a date or an ISO 8601 time [default: the start of today, UTC].
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// The seed of all randomness.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

impl PipelineArguments {
    /// Reads the pipeline file.
    pub fn read(&self, registry: &Registry) -> anyhow::Result<Pipeline> {
        let folder = std::env::current_dir().context("cannot tell the current folder")?;
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let overrides = Overrides { sets: &self.sets, environment: &environment, folder: &folder };
        Ok(Pipeline::read(&self.pipeline, &overrides, registry).map_err(PipelineError::from)?)
    }

    /// The folder of journal, checkpoints and locks.
    pub fn state_folder(&self) -> PathBuf {
        self.workspace.state_folder(&self.pipeline)
    }
}

impl WorkspaceArguments {
    /// The state folder: in the workspace that is given, or beside the folder `pipelines` that the file is in.
    pub fn state_folder(&self, pipeline: &Path) -> PathBuf {
        let beside = || {
            let file = std::path::absolute(pipeline).unwrap_or_else(|_| pipeline.to_path_buf());
            let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
            let full = folder.canonicalize().unwrap_or(folder);
            let project = full.ancestors().find(|part| part.file_name().is_some_and(|name| name == "pipelines"));
            project.and_then(Path::parent).map_or(full.clone(), Path::to_path_buf)
        };
        self.workspace.clone().unwrap_or_else(beside).join(".nightloom")
    }
}

impl PlanArguments {
    /// The options of a plan in a workspace.
    pub fn options(&self, state_folder: &Path) -> anyhow::Result<PlanOptions> {
        let mut select = self.select.clone();
        select.extend(self.from.iter().map(|step| format!("{step}+")));
        select.extend(self.only.iter().cloned());
        Ok(PlanOptions {
            selection: Selection { select, exclude: self.exclude.clone(), allow_empty: self.allow_empty },
            force: self.force,
            full_refresh: self.full_refresh,
            as_of: self.as_of.as_deref().map_or_else(start_of_today, parse_time)?,
            seed: self.seed,
            flags: Arc::new(flags_file::read(state_folder)?),
        })
    }
}

/// The start of today in UTC: a second run of the same day is about the same instant.
fn start_of_today() -> anyhow::Result<Timestamp> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).start_of_day();
    Ok(today.context("the clock shows no day")?.timestamp())
}

fn parse_time(text: &str) -> anyhow::Result<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let usage = |_| PipelineError::Usage {
        problem: format!("--as-of '{text}' is no date and no time"),
        mend: "for example --as-of 2026-03-01 or --as-of 2026-03-01T04:00:00Z".to_owned(),
    };
    let date: civil::Date = text.parse().map_err(usage)?;
    Ok(date.to_zoned(TimeZone::UTC).map_err(usage)?.timestamp())
}

/// Reads `4GiB`, `512MiB`, `2G` or a number of bytes.
pub fn parse_memory(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        other => return Err(format!("unknown unit '{other}'; use KiB, MiB or GiB")),
    };
    let count: u64 = digits.trim().parse().map_err(|_| "not a number; for example 4GiB".to_owned())?;
    count.checked_mul(unit).filter(|bytes| *bytes > 0).ok_or_else(|| "out of range; for example 4GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_with_and_without_a_unit() {
        assert_eq!(parse_memory("4GiB"), Ok(4 << 30));
        assert_eq!(parse_memory("512m"), Ok(512 << 20));
        assert!(parse_memory("4 parsecs").is_err());
        assert!(parse_memory("0").is_err());
    }

    #[test]
    fn a_date_is_its_first_instant_in_utc() {
        assert_eq!(parse_time("2026-03-01").unwrap().to_string(), "2026-03-01T00:00:00Z");
        assert!(parse_time("yesterday").is_err());
    }
}
