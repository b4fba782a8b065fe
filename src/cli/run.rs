//! `nightloom run`: does what is stale, and writes the results.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use polars::prelude::DataFrame;
use serde::Serialize;
use signal_hook::{consts::TERM_SIGNALS, flag};

use super::{
    arguments::{PipelineArguments, PlanArguments, parse_memory},
    datasets::dataset,
    lineage::{Lineage, Watching},
    notify::notify,
    plan::{Telling, print_plan},
    progress::{self, LogFormat},
    report::{PAGE, html, run_folder, write_page},
    told,
};
use crate::{
    pipeline::{
        Pipeline, PipelineError, check,
        checkpoint::{CheckpointStore, state_key, write_json},
        failpoint::Failpoint,
        file::{Picture, Report},
        journal::{Journal, StepRow},
        lock::{self, WorkspaceLock},
        plan::{PlanOptions, steps_to_do},
        registry::Registry,
        run::{self, Outcome, RunOptions, TIMED_OUT_PARTIAL, Writes},
    },
    report::{
        self,
        morning::{Ending, Morning, brief},
        summary,
    },
};

/// The exit code of a run of which a stage gave a part.
const PARTIAL: u8 = 4;

/// Do what is stale, and write the results.
///
/// Steps whose checkpoint holds are not done again; sinks whose output is written are not written again.
/// A run that was killed is finished by the next one.
///
/// Examples:
///   nightloom run pipelines/nightly.toml
///   nightloom run pipelines/linking.toml --select link+ --set vars.min_confidence=0.9
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    #[command(flatten)]
    plan: PlanArguments,
    /// Finish the last run of this pipeline: its as-of time and seed, and what it left to do.
    #[arg(long, conflicts_with_all = ["as_of", "seed", "force", "full_refresh", "dry_run"])]
    resume: bool,
    /// Print the plan and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// How many steps may run at a time.
    #[arg(long, short, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Memory the run should stay within, for example 4GiB: a step runs beside another only while half
    /// of it is free, and both are reckoned to fit into that half.
    #[arg(long, default_value = "4GiB", value_parser = parse_memory)]
    memory: u64,
    /// Seconds to wait for another run that holds the workspace, or the scope.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    /// Seconds after which stages that can give a part do so: it is published, the run ends with code 4, and --resume does
    /// the rest.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    time_limit: Option<u64>,
    /// How events are written to standard error when it is no terminal; text and json also turn the bars off.
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
    /// Print all reports, and a line a step and sink.
    #[arg(long, short)]
    verbose: bool,
    /// Make no page of the run.
    #[arg(long)]
    no_report: bool,
    /// Print the results of the run as JSON.
    #[arg(long)]
    json: bool,
}

/// The results of a run as written to run_results.json.
#[derive(Serialize)]
struct RunResults<'a> {
    run_id: &'a str,
    pipeline: &'a str,
    status: &'a str,
    problem: Option<String>,
    as_of: String,
    seed: u64,
    /// What was set of flags.
    flags: serde_json::Value,
    seconds: f64,
    peak_memory_bytes: u64,
    steps: &'a [StepRow],
    /// Empty when the run failed, and when it had nothing to do and prints no JSON.
    reports: Vec<ReportRows<'a>>,
}

/// A report of the pipeline as JSON.
#[derive(Serialize)]
struct ReportRows<'a> {
    title: &'a str,
    dataset: &'a str,
    /// How many rows the dataset has, of which `rows` are the first.
    total_rows: u64,
    rows: serde_json::Value,
}

/// Runs the pipeline and prints the summary.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if arguments.dry_run {
        let telling = match (arguments.json, arguments.verbose) {
            (true, _) => Telling::Json,
            (false, true) => Telling::Whole,
            (false, false) => Telling::Brief,
        };
        return print_plan(&arguments.pipeline, &arguments.plan, telling);
    }
    let state_folder = arguments.pipeline.state_folder();
    let work = Work {
        pipeline: &arguments.pipeline,
        plan: arguments.plan.options(&state_folder)?,
        resume: if arguments.resume { Resume::Last } else { Resume::No },
        jobs: usize::from(arguments.jobs),
        memory_bytes: arguments.memory,
        wait: Duration::from_secs(arguments.wait),
        time_limit: arguments.time_limit.map(Duration::from_secs),
        log_format: arguments.log_format,
        writes: Writes::Sinks,
    };
    finish(arguments, work.perform()?)
}

/// A run to be made.
pub struct Work<'a> {
    /// The pipeline.
    pub pipeline: &'a PipelineArguments,
    /// What decides the plan.
    pub plan: PlanOptions,
    /// Whether it goes on with the last run.
    pub resume: Resume,
    /// How many steps may run at a time.
    pub jobs: usize,
    /// Bytes to stay within.
    pub memory_bytes: u64,
    /// How long to wait for another run that holds the workspace, or the scope.
    pub wait: Duration,
    /// The time that stages which can give a part should stay within.
    pub time_limit: Option<Duration>,
    /// How events are written.
    pub log_format: Option<LogFormat>,
    /// Whether sinks are written.
    pub writes: Writes,
}

/// Whether a run goes on with the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// It is of its own instant.
    No,
    /// It is of the last run's instant and seed.
    Last,
}

/// A run that was made.
pub struct Performed {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The folder of its journal and checkpoints.
    pub state_folder: PathBuf,
    /// What the run was told.
    pub options: RunOptions,
    /// What it came to.
    pub outcome: Outcome,
}

impl Work<'_> {
    /// Makes the run, which signals may stop.
    pub fn perform(self) -> anyhow::Result<Performed> {
        self.perform_as(None)
    }

    /// Makes the run under an id that somebody was promised.
    pub fn perform_as(self, run_id: Option<String>) -> anyhow::Result<Performed> {
        let registry = Registry::standard();
        let state_folder = self.pipeline.state_folder();
        let pipeline = self.pipeline.read(&registry)?;
        let needed = steps_to_do(&pipeline, &self.plan.selection)?;
        let schemas = check::check(&pipeline, &|id| needed.contains(&id))?;
        let holder = holder(&pipeline);
        let (scope, cancelled) = (pipeline.scope.as_deref(), stop_on_signals()?);
        let _lock = WorkspaceLock::take_within(&state_folder, scope, &holder, self.wait, &cancelled)?;
        let journal = Journal::open(&state_folder)?;
        let mut plan = self.plan;
        if self.resume == Resume::Last {
            (plan.as_of, plan.seed) = instant_of_last_run(&journal, &pipeline)?;
        }
        let options = RunOptions {
            plan,
            jobs: self.jobs,
            memory_bytes: self.memory_bytes,
            time_limit: self.time_limit,
            holder,
            cancelled,
            failpoint: std::env::var("NIGHTLOOM_FAILPOINT")
                .map_or_else(|_| Failpoint::none(), |text| Failpoint::parse(&text)),
            writes: self.writes,
            run_id,
        };
        let lineage = Lineage::from_environment(&pipeline, &schemas, options.plan.as_of);
        let observer = Watching { lineage: lineage.as_ref(), inner: progress::observer(self.log_format) };
        let outcome = run::run(&pipeline, &state_folder, &journal, &options, &observer)?;
        drop(observer);
        if let Some(lineage) = lineage {
            lineage.finished(&outcome);
        }
        if self.writes == Writes::Sinks {
            told::after(&pipeline, &state_folder, &journal, &outcome);
        }
        Ok(Performed { pipeline, state_folder, options, outcome })
    }
}

impl Performed {
    /// The rows of a dataset that the run made or found fresh; `None` if it did not come to it.
    pub fn dataset(&self, name: &str) -> anyhow::Result<Option<DataFrame>> {
        dataset(&self.pipeline, &self.state_folder, &self.outcome, name)
    }
}

/// The as-of time and the seed of a pipeline's last run.
fn instant_of_last_run(journal: &Journal, pipeline: &Pipeline) -> anyhow::Result<(Timestamp, u64)> {
    let key = state_key(&pipeline.name, pipeline.scope.as_deref());
    let last = journal.instant_of_last(&key)?;
    let last = last.and_then(|(as_of, seed)| Some((as_of.parse().ok()?, seed)));
    Ok(last.ok_or_else(|| PipelineError::Usage {
        problem: format!("there is no run of '{key}' to resume"),
        mend: "run it without --resume".to_owned(),
    })?)
}

fn holder(pipeline: &Pipeline) -> String {
    let key = pipeline.scope.as_deref().map(|scope| format!(", key {}", lock::shop_key(scope))).unwrap_or_default();
    format!(
        "pipeline '{}'{key}, process {}, since {}",
        state_key(&pipeline.name, pipeline.scope.as_deref()),
        std::process::id(),
        Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC")
    )
}

/// The first signal asks the run to stop; a second one ends the process at once.
fn stop_on_signals() -> anyhow::Result<Arc<AtomicBool>> {
    let cancelled = Arc::new(AtomicBool::new(false));
    for signal in TERM_SIGNALS {
        flag::register_conditional_shutdown(*signal, 130, cancelled.clone()).context("cannot listen to signals")?;
        flag::register(*signal, cancelled.clone()).context("cannot listen to signals")?;
    }
    Ok(cancelled)
}

fn finish(arguments: &Arguments, performed: Performed) -> anyhow::Result<ExitCode> {
    let Performed { pipeline, state_folder, options, outcome } = performed;
    let (pipeline, state_folder) = (&pipeline, state_folder.as_path());
    let has_reports = outcome.problem.is_none() && (arguments.json || !outcome.is_idle());
    let reports = if has_reports { read_reports(pipeline, state_folder, &outcome)? } else { Vec::new() };
    let results = RunResults {
        run_id: &outcome.run_id,
        pipeline: &pipeline.name,
        status: outcome.status(),
        problem: outcome.problem.as_ref().map(ToString::to_string),
        as_of: options.plan.as_of.to_string(),
        seed: options.plan.seed,
        flags: options.plan.flags.to_json(),
        seconds: outcome.seconds,
        peak_memory_bytes: outcome.peak_memory_bytes,
        steps: &outcome.rows,
        reports: reports.iter().map(ReadReport::as_json).collect(),
    };
    let folder = run_folder(state_folder, &outcome.run_id);
    let written = fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))
        .and_then(|()| Ok(write_json(&folder.join("run_results.json"), &results)?));
    // Of a run that failed on a full disk the failure is told.
    if outcome.problem.is_none() {
        written?;
    }
    let morning = if outcome.is_idle() { None } else { known(pipeline, state_folder, &outcome) };
    let page = morning.as_ref().filter(|_| !arguments.no_report).and_then(|morning| leave_page(morning, state_folder));
    if let Some(morning) = &morning {
        notify(morning, page.as_ref().map(|page| page.display().to_string()).as_deref());
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&results)?);
    } else if let Some(morning) = morning.as_ref().filter(|_| !arguments.verbose) {
        print!("{}", brief(morning, page.as_deref()));
    } else {
        for report in reports.iter().filter(|report| report.total_rows > 0 || !report.hide_empty) {
            println!("{}", report::dataset::render(report.title, &report.frame, report.total_rows));
        }
        print!("{}", summary::of(&outcome));
    }
    let code = if outcome.status() == TIMED_OUT_PARTIAL { ExitCode::from(PARTIAL) } else { ExitCode::SUCCESS };
    outcome.problem.map_or(Ok(code), |problem| Err(problem.into()))
}

/// What is known of a run that was just made; a journal that cannot be read is told, and takes nothing from the run.
fn known<'a>(pipeline: &'a Pipeline, state_folder: &Path, outcome: &Outcome) -> Option<Morning<'a>> {
    let look = || -> anyhow::Result<Option<Morning<'a>>> {
        let journal = Journal::look(state_folder)?;
        let key = state_key(&pipeline.name, pipeline.scope.as_deref());
        let Some(run) = journal.find_run(&key, Some(&outcome.run_id))? else { return Ok(None) };
        let ending = Ending {
            seconds: outcome.seconds,
            memory_bytes: outcome.peak_memory_bytes,
            problem: outcome.problem.as_ref().map(ToString::to_string),
        };
        let store = CheckpointStore::new(state_folder, pipeline);
        let made = (outcome.manifests.clone(), &outcome.figures);
        Ok(Some(Morning::new(pipeline, (store, &journal), (run, ending), outcome.rows.clone(), made)?))
    };
    look().unwrap_or_else(|problem| {
        eprintln!("warning: there is no summary of the run: {problem:#}");
        None
    })
}

/// Leaves the page in the run's folder, and where the pipeline wants the newest; where it lies for people.
fn leave_page(morning: &Morning<'_>, state_folder: &Path) -> Option<PathBuf> {
    let path = run_folder(state_folder, &morning.run.run_id).join(PAGE);
    let newest = morning.pipeline.report.page.as_ref().map(PathBuf::from);
    let make = || -> anyhow::Result<()> {
        let text = html(morning)?;
        write_page(&path, &text)?;
        newest.as_ref().map_or(Ok(()), |newest| write_page(newest, &text))
    };
    match make() {
        Ok(()) => Some(newest.unwrap_or(path)),
        Err(problem) => {
            eprintln!("warning: there is no page of the run: {problem:#}");
            None
        }
    }
}

/// A report with its first rows.
struct ReadReport<'a> {
    title: &'a str,
    dataset: &'a str,
    total_rows: u64,
    hide_empty: bool,
    frame: DataFrame,
}

impl ReadReport<'_> {
    fn as_json(&self) -> ReportRows<'_> {
        let rows = report::dataset::to_json(&self.frame);
        ReportRows { title: self.title, dataset: self.dataset, total_rows: self.total_rows, rows }
    }
}

/// The reports of the steps that were chosen, as far as they were made.
fn read_reports<'a>(
    pipeline: &'a Pipeline,
    state_folder: &Path,
    outcome: &Outcome,
) -> anyhow::Result<Vec<ReadReport<'a>>> {
    let store = CheckpointStore::new(state_folder, pipeline);
    let mut reports = Vec::new();
    let printed = |report: &&Report| matches!(report.picture, Picture::Table { printed: true, .. });
    for report in pipeline.reports.iter().filter(printed) {
        let step = &pipeline.step(report.from.step).name;
        if !outcome.rows.iter().any(|row| row.step == *step && row.kind != "sink") {
            continue;
        }
        let Some(manifest) = outcome.manifests.get(&report.from.step) else { continue };
        let Some(output) = manifest.outputs.get(report.from.output) else { continue };
        let frame = store.scan(manifest, output)?.limit(report.limit).collect()?;
        let made = pipeline.step(report.from.step).outputs.get(report.from.output);
        let dataset = made.map_or("", |output| output.dataset.as_str());
        let hide_empty = report.hide_empty;
        reports.push(ReadReport { title: &report.title, dataset, total_rows: output.rows, hide_empty, frame });
    }
    Ok(reports)
}
