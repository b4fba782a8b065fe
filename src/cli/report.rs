//! `nightloom report`: the page of a run.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::Context;
use clap::Args;

use super::arguments::PipelineArguments;
use crate::{
    page,
    pipeline::{
        Pipeline, PipelineError,
        checkpoint::{CheckpointStore, state_key},
        journal::{Journal, RunRow},
        registry::Registry,
    },
    report::morning::{Morning, page_of},
};

/// The file of a run's page in the run's folder.
pub const PAGE: &str = "report.html";
/// How many runs are looked through for the newest that did something.
const RUNS: u32 = 100;

/// Make the page of a run: one HTML file that asks for nothing and needs no script.
///
/// What is unusual, the main figures over 30 nights, the reports of the pipeline as tables and charts, what was rejected,
/// and the steps with their time and memory. Each run leaves one already; docs/report.md says what is in it.
///
/// Examples:
///   nightloom report pipelines/nightly.toml --open
///   nightloom report pipelines/nightly.toml --run 20260301T020000.123456Z-4711 --out night.html
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// The run [default: the newest that had something to do].
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// Where the page goes to; - is standard output [default: beside the run's results].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Open it in the browser.
    #[arg(long)]
    open: bool,
}

/// Makes the page and says where it lies.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let state_folder = arguments.pipeline.state_folder();
    let pipeline = arguments.pipeline.read(&Registry::standard())?;
    let journal = Journal::look(&state_folder)?;
    let run = wanted_run(&pipeline, &journal, arguments.run.as_deref())?;
    let default = run_folder(&state_folder, &run.run_id).join(PAGE);
    let store = CheckpointStore::new(&state_folder, &pipeline);
    let text = html(&Morning::from_journal(&pipeline, store, &journal, run)?)?;
    if arguments.out.as_deref() == Some(Path::new("-")) {
        print!("{text}");
        return Ok(ExitCode::SUCCESS);
    }
    let path = arguments.out.clone().unwrap_or(default);
    write_page(&path, &text)?;
    println!("{}", path.display());
    if arguments.open {
        open(&path)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn wanted_run(pipeline: &Pipeline, journal: &Journal, id: Option<&str>) -> anyhow::Result<RunRow> {
    let key = state_key(&pipeline.name, pipeline.scope.as_deref());
    if id.is_some() {
        let found = journal.find_run(&key, id)?;
        return Ok(found.ok_or_else(|| PipelineError::Usage {
            problem: format!("there is no run '{}' of '{key}'", id.unwrap_or_default()),
            mend: "`nightloom status --json` lists the runs with their names".to_owned(),
        })?);
    }
    for run in journal.runs(Some(&key), RUNS)?.into_iter().filter(|run| run.pipeline == key) {
        if run.status == "failed" || journal.steps(&run.run_id)?.iter().any(|row| row.status != "fresh") {
            return Ok(run);
        }
    }
    Ok(journal.find_run(&key, None)?.ok_or_else(|| PipelineError::Usage {
        problem: format!("there is no run of '{key}' yet"),
        mend: format!("start one with: nightloom run {}", pipeline.file.display()),
    })?)
}

/// The folder of what a run leaves for people.
pub fn run_folder(state_folder: &Path, run_id: &str) -> PathBuf {
    state_folder.join("runs").join(run_id)
}

/// The page of a run as HTML.
pub fn html(morning: &Morning<'_>) -> anyhow::Result<String> {
    Ok(page::html(&page_of(morning)?)?)
}

/// Writes a page, whole or not at all.
pub fn write_page(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || -> anyhow::Result<()> {
        fs::create_dir_all(folder)?;
        // As any file of this process: those who may look into the folder may read the page.
        let open = fs::Permissions::from_mode(0o666);
        let mut draft =
            tempfile::Builder::new().prefix(".report-").suffix(".html").permissions(open).tempfile_in(folder)?;
        std::io::Write::write_all(&mut draft, text.as_bytes())?;
        draft.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Asks the desktop to show a file.
fn open(path: &Path) -> anyhow::Result<()> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let quiet =
        Command::new(program).arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let shown = quiet.with_context(|| format!("{program} is not there: open {} by hand", path.display()))?;
    anyhow::ensure!(shown.success(), "{program} could not open {}: open it by hand", path.display());
    Ok(())
}
