//! `nightloom schedule`: when pipelines are due, and running those that are.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    arguments::{PipelineArguments, PlanArguments, WorkspaceArguments, parse_memory},
    run::{Resume, Work},
};
use crate::{
    pipeline::{
        PipelineError,
        file::{Schedule, document::read_file},
        registry::Registry,
        run::Writes,
    },
    report::table::Table,
    schedule::{Brand, Claim, Due, Job, Kind, Record, ScheduleTable, Started, one_a_brand},
};

/// Another process works on a brand.
const BUSY: u8 = 3;

/// See when pipelines are due, and run those that are.
///
/// A pipeline file says when in its table [schedule], or in several, [schedules.NAME]:
///
///   [schedule]
///   cron = "0 2 * * *"          minute, hour, day, month, weekday; or "30m"
///   zone = "Europe/Berlin"
///   kind = "full"
///   jobs = [{ namespace = "a.example", catalog = "a.json" }]
///
/// What was missed is run once. On the night when clocks skip an hour, a named time in it comes just after; on the
/// night when they have it twice, it comes the first time.
///
/// Examples:
///   nightloom schedule list
///   nightloom schedule run-due pipelines/catalog-sync.toml pipelines/resync.toml
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Show all jobs: when each began last, and when it is due.
    List(List),
    /// Run each job that is due, one of each brand: full ones first, then those of higher priority, then those due earlier.
    RunDue(RunDue),
}

#[derive(Args)]
struct Which {
    /// Pipeline files, or folders of them.
    #[arg(default_value = "pipelines")]
    pipelines: Vec<PathBuf>,
    #[command(flatten)]
    workspace: WorkspaceArguments,
    /// What is taken for now, to try a schedule: 2026-03-29T01:00:00Z.
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    which: Which,
}

#[derive(Args)]
struct RunDue {
    #[command(flatten)]
    which: Which,
    /// How many steps of a job may run at a time.
    #[arg(long, short, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Memory that each job should stay within.
    #[arg(long, default_value = "4GiB", value_parser = parse_memory)]
    memory: u64,
    /// Say what would be run, and run nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Does what the verb says.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.verb {
        Verb::List(arguments) => list(arguments),
        Verb::RunDue(arguments) => run_due(arguments),
    }
}

/// The jobs of one workspace.
#[derive(Default)]
struct Place {
    jobs: Vec<Job>,
    /// How each is run, in the order of the jobs.
    runs: Vec<PipelineArguments>,
    /// How each is written.
    lines: Vec<(String, String)>,
}

impl Which {
    fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(Timestamp::now)
    }

    /// The jobs of all pipelines by workspace.
    fn places(&self) -> anyhow::Result<BTreeMap<PathBuf, Place>> {
        let registry = Registry::standard();
        let mut places: BTreeMap<PathBuf, Place> = BTreeMap::new();
        for path in self.files()? {
            let place = places.entry(self.workspace.state_folder(&path)).or_default();
            self.add(&path, &registry, place)?;
        }
        if places.values().all(|place| place.jobs.is_empty()) {
            return Err(PipelineError::Usage {
                problem: "no pipeline here has a schedule".to_owned(),
                mend: "add a table [schedule] with cron = \"0 2 * * *\" to a pipeline file".to_owned(),
            }
            .into());
        }
        Ok(places)
    }

    /// The files that are named, and of folders those that have a schedule.
    fn files(&self) -> anyhow::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for path in &self.pipelines {
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let entries = std::fs::read_dir(path).with_context(|| format!("{}", path.display()))?;
            let mut inside: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            inside.sort();
            for file in inside.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "toml")) {
                if has_schedule(&file)? {
                    files.push(file);
                }
            }
        }
        Ok(files)
    }

    fn add(&self, path: &Path, registry: &Registry, place: &mut Place) -> anyhow::Result<()> {
        let with = |sets: Vec<String>| PipelineArguments {
            pipeline: path.to_owned(),
            sets,
            workspace: WorkspaceArguments { workspace: self.workspace.workspace.clone() },
        };
        for (name, sets) in read_jobs(path)? {
            let pipeline = with(sets.clone()).read(registry)?;
            let brand = Brand(pipeline.scope.clone().unwrap_or_else(|| pipeline.name.clone()));
            let name = name.map_or_else(|| pipeline.name.clone(), |name| format!("{}.{name}", pipeline.name));
            for schedule in pipeline.upkeep.schedules.into_iter().filter(|schedule| schedule.name == name) {
                let Schedule { name, table, line } = schedule;
                place.jobs.push(Job { name, brand: brand.clone(), kind: table.kind, priority: table.priority, line });
                place.runs.push(with(sets.clone()));
                place.lines.push((table.cron, table.zone));
            }
        }
        Ok(())
    }
}

/// Whether a file has a table `schedule` or `schedules`.
fn has_schedule(path: &Path) -> anyhow::Result<bool> {
    let document = read_file(path, &path.display().to_string()).map_err(PipelineError::from)?.to_json();
    Ok(document.get("schedule").is_some() || document.get("schedules").is_some())
}

/// The jobs of a file: the name of the schedule, unless it is the only one, and the job's variables.
fn read_jobs(path: &Path) -> anyhow::Result<Vec<(Option<String>, Vec<String>)>> {
    let document = read_file(path, &path.display().to_string()).map_err(PipelineError::from)?.to_json();
    let several = document.get("schedules").and_then(serde_json::Value::as_object);
    let several = several.into_iter().flatten().map(|(name, table)| (Some(name.clone()), table));
    let tables = document.get("schedule").map(|table| (None, table)).into_iter().chain(several);
    // What is wrong with a table is told with its line when the pipeline is read.
    let sets = |table: &serde_json::Value| {
        serde_json::from_value::<ScheduleTable>(table.clone()).map_or_else(|_| vec![Vec::new()], |table| table.sets())
    };
    Ok(tables.flat_map(|(name, table)| sets(table).into_iter().map(move |sets| (name.clone(), sets))).collect())
}

fn records_folder(state_folder: &Path) -> PathBuf {
    state_folder.join("schedules")
}

fn records(place: &Place, state_folder: &Path) -> anyhow::Result<BTreeMap<Brand, Record>> {
    let mut records = BTreeMap::new();
    for job in &place.jobs {
        if !records.contains_key(&job.brand) {
            records.insert(job.brand.clone(), Record::read(&records_folder(state_folder), &job.brand)?);
        }
    }
    Ok(records)
}

/// A job as it is listed.
#[derive(Serialize)]
struct Listed {
    job: String,
    brand: String,
    kind: Kind,
    cron: String,
    zone: String,
    last_start: Option<Timestamp>,
    last_status: Option<String>,
    /// When it comes round next, or did and was missed.
    next: Option<Timestamp>,
    /// How many times it came round since; 0 if it is not due.
    missed: u64,
}

fn list(arguments: &List) -> anyhow::Result<ExitCode> {
    let now = arguments.which.now();
    let mut listed = Vec::new();
    for (state_folder, place) in arguments.which.places()? {
        let records = records(&place, &state_folder)?;
        let none = Record::default();
        for (job, (cron, zone)) in place.jobs.iter().zip(&place.lines) {
            let record = records.get(&job.brand).unwrap_or(&none);
            let started = record.jobs.get(&job.name);
            listed.push(Listed {
                job: job.name.clone(),
                brand: job.brand.to_string(),
                kind: job.kind,
                cron: cron.clone(),
                zone: zone.clone(),
                last_start: started.map(|started| started.at),
                last_status: started.map(|started| started.status.clone()),
                next: job.next(record, now),
                missed: job.missed(record, now).map_or(0, |(_, missed)| missed),
            });
        }
    }
    if arguments.which.json {
        println!("{}", serde_json::to_string_pretty(&listed)?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["Job", "Brand", "Line", "Zone", "Last", "Next"]);
    let minute = |time: Option<Timestamp>| time.map_or_else(String::new, |at| at.strftime("%m-%d %H:%MZ").to_string());
    for job in listed {
        let next = if job.missed > 0 { format!("due ({})", job.missed) } else { minute(job.next) };
        let last = format!("{} {}", minute(job.last_start), job.last_status.unwrap_or_default());
        table.row(vec![job.job, job.brand, job.cron, job.zone, last.trim().to_owned(), next]);
    }
    print!("{table}");
    Ok(ExitCode::SUCCESS)
}

/// What became of a due job.
#[derive(Serialize)]
struct Ran {
    job: String,
    brand: String,
    slot: Timestamp,
    missed: u64,
    /// `done`, `failed`, …; `busy` while another process works on the brand; `due` of a dry run.
    status: String,
    run_id: Option<String>,
    problem: Option<String>,
}

fn run_due(arguments: &RunDue) -> anyhow::Result<ExitCode> {
    let now = arguments.which.now();
    let mut all = Vec::new();
    'places: for (state_folder, place) in arguments.which.places()? {
        for due in one_a_brand(&place.jobs, &records(&place, &state_folder)?, now) {
            let Some(ran) = run_one(arguments, &place, &state_folder, due, now)? else { continue };
            if !arguments.which.json {
                tell(&ran);
            }
            let is_stopped = ran.status == "interrupted";
            all.push(ran);
            if is_stopped {
                break 'places;
            }
        }
    }
    if arguments.which.json {
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else if all.is_empty() {
        println!("Nothing is due.");
    }
    let has = |status: &str| all.iter().any(|ran| ran.status == status);
    Ok(match () {
        () if has("interrupted") => ExitCode::from(130),
        () if has("failed") => ExitCode::FAILURE,
        () if has("busy") => ExitCode::from(BUSY),
        () => ExitCode::SUCCESS,
    })
}

fn tell(ran: &Ran) {
    let missed = if ran.missed > 1 { format!(", {} times missed", ran.missed) } else { String::new() };
    let run = ran.run_id.as_ref().map_or_else(String::new, |run| format!(" (run {run})"));
    println!("{} of {}: {}{run}, due {}{missed}", ran.job, ran.brand, ran.status, ran.slot);
    if let Some(problem) = &ran.problem {
        println!("  {problem}");
    }
}

/// Runs a due job, unless another process has run it meanwhile.
fn run_one(
    arguments: &RunDue,
    place: &Place,
    state_folder: &Path,
    due: Due,
    now: Timestamp,
) -> anyhow::Result<Option<Ran>> {
    let (Some(job), Some(run)) = (place.jobs.get(due.job), place.runs.get(due.job)) else { bail!("no such job") };
    let (slot, missed) = (due.slot, due.missed);
    let ran = |status: &str, run_id: Option<String>, problem: Option<String>| {
        let (job, brand) = (job.name.clone(), job.brand.to_string());
        Ok(Some(Ran { job, brand, slot, missed, status: status.to_owned(), run_id, problem }))
    };
    if arguments.dry_run {
        return ran("due", None, None);
    }
    let folder = records_folder(state_folder);
    let Some(claim) = Claim::take(&folder, &job.brand)? else { return ran("busy", None, None) };
    if job.missed(&Record::read(&folder, &job.brand)?, now).is_none() {
        return Ok(None);
    }
    let work = Work {
        pipeline: run,
        plan: PlanArguments::default().options(state_folder)?,
        resume: Resume::No,
        jobs: usize::from(arguments.jobs),
        memory_bytes: arguments.memory,
        wait: Duration::ZERO,
        time_limit: None,
        log_format: None,
        writes: Writes::Sinks,
    };
    let performed = match work.perform() {
        Ok(performed) => performed,
        // Somebody runs it by hand: it is due still.
        Err(error) if matches!(error.downcast_ref(), Some(PipelineError::Locked { .. })) => {
            return ran("busy", None, Some(first_line(&error.to_string())));
        }
        Err(error) => {
            let started = Started { at: now, slot, kind: job.kind, status: "failed".to_owned(), run_id: None };
            claim.note(&folder, &job.brand, &job.name, started)?;
            return ran("failed", None, Some(first_line(&error.to_string())));
        }
    };
    let outcome = performed.outcome;
    let (status, run_id) = (outcome.status().to_owned(), Some(outcome.run_id.clone()));
    // What somebody stopped is due still, as after a kill.
    if status != "interrupted" {
        let started = Started { at: now, slot, kind: job.kind, status: status.clone(), run_id: run_id.clone() };
        claim.note(&folder, &job.brand, &job.name, started)?;
    }
    ran(&status, run_id, outcome.problem.map(|problem| first_line(&problem.to_string())))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
