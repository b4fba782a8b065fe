//! Arguments that the verbs of a catalog share, and the run that they come to.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::Args;

use crate::{
    cli::{
        arguments::{PipelineArguments, PlanArguments, WorkspaceArguments, parse_memory},
        run::{Performed, Resume, Work},
    },
    operator::StageError,
    pipeline::{PipelineError, run::Writes},
};

/// Too many syncs within an hour.
pub const RATE_LIMITED: u8 = 4;
/// The catalog was refused.
pub const REFUSED: u8 = 3;
/// Some products failed.
pub const PARTIAL: u8 = 2;

/// Which catalog, and how it is read.
#[derive(Args)]
pub struct CatalogArguments {
    /// The shop: the namespace of its products in the index, for example its domain.
    pub shop: String,
    /// The catalog: JSON, NDJSON, CSV or Parquet.
    pub catalog: PathBuf,
    #[command(flatten)]
    pub index: IndexArguments,
    /// The pipeline whose stages are run.
    #[arg(long, default_value = "pipelines/catalog-sync.toml")]
    pub pipeline: PathBuf,
    /// Override a key of the pipeline: --set stages.changes.params.id_fields=["link"].
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    #[command(flatten)]
    pub workspace: WorkspaceArguments,
    /// Let more products be deleted than the guard allows.
    #[arg(long)]
    pub allow_mass_delete: bool,
    /// Compare products by the hash of the original, of the whole product.
    #[arg(long)]
    pub hash_compat: bool,
    /// Memory to stay within.
    #[arg(long, default_value = "4GiB", value_parser = parse_memory)]
    pub memory: u64,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which index.
#[derive(Args)]
pub struct IndexArguments {
    /// The search index, one SQLite file.
    #[arg(long, env = "SEARCH_INDEX", default_value = "out/search.db")]
    pub index: PathBuf,
}

impl CatalogArguments {
    /// A pipeline with the settings that the arguments come to.
    pub fn pipeline(&self, pipeline: PathBuf, more: &[&str]) -> anyhow::Result<PipelineArguments> {
        let absolute = |path: &PathBuf| std::path::absolute(path).with_context(|| format!("{}", path.display()));
        let text = |path: PathBuf| serde_json::to_string(&path.to_string_lossy()).unwrap_or_default();
        let mut sets = vec![
            format!("vars.namespace={}", serde_json::to_string(&self.shop)?),
            format!("vars.catalog={}", text(absolute(&self.catalog)?)),
            format!("vars.index={}", text(absolute(&self.index.index)?)),
        ];
        if self.allow_mass_delete {
            sets.push("stages.changes.params.allow_mass_delete=true".to_owned());
        }
        if self.hash_compat {
            sets.push("stages.changes.params.hash=\"original\"".to_owned());
        }
        sets.extend(more.iter().map(|set| (*set).to_owned()));
        sets.extend(self.sets.iter().cloned());
        let workspace = WorkspaceArguments { workspace: self.workspace.workspace.clone() };
        Ok(PipelineArguments { pipeline, sets, workspace })
    }

    /// Runs steps of a pipeline.
    pub fn run(&self, pipeline: PathBuf, steps: Steps) -> anyhow::Result<Performed> {
        self.run_as(pipeline, steps, None)
    }

    /// Runs steps of a pipeline under an id that somebody was promised.
    pub fn run_as(&self, pipeline: PathBuf, steps: Steps, run_id: Option<String>) -> anyhow::Result<Performed> {
        let arguments = self.pipeline(pipeline, steps.sets)?;
        let plan = PlanArguments {
            select: steps.select.iter().map(|step| (*step).to_owned()).collect(),
            force: steps.again == Again::Stages,
            full_refresh: steps.again == Again::All,
            ..PlanArguments::default()
        };
        let work = Work {
            pipeline: &arguments,
            plan: plan.options(&arguments.state_folder())?,
            resume: Resume::No,
            jobs: 2,
            memory_bytes: self.memory,
            wait: Duration::ZERO,
            time_limit: None,
            log_format: None,
            writes: steps.writes,
        };
        work.perform_as(run_id)
    }
}

/// Which steps are run.
pub struct Steps {
    /// As `--select` has them; all if empty.
    pub select: &'static [&'static str],
    /// Whether sinks are written.
    pub writes: Writes,
    /// Which of them are done although they are fresh.
    pub again: Again,
    /// Settings of the pipeline.
    pub sets: &'static [&'static str],
}

/// Which steps are done although they are fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// None: a sync of the same catalog has nothing to do.
    None,
    /// The stages: what the index confirmed meanwhile is looked at.
    Stages,
    /// All, and what is the same is written too.
    All,
}

/// The error of a run as the verbs tell it: a catalog that cannot be understood is refused.
pub fn failed(problem: PipelineError) -> anyhow::Result<ExitCode> {
    let is_refused = matches!(&problem, PipelineError::Step { problem: StageError::Input { .. }, .. });
    if !is_refused {
        return Err(problem.into());
    }
    eprintln!("error: {problem}");
    Ok(ExitCode::from(REFUSED))
}
