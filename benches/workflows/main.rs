//! The workflow pipeline as a whole process beside the original's row-at-a-time persistence.
//!
//! ```text
//! cargo bench --bench workflows -- [--rows N] [--large]
//! ```
//! Measures a million workflows, or N: then nothing is kept in docs/benchmarks.md. `--large` also measures ten times as
//! many. The original's functions are taken out of the shared design document beside the project; where it or python3 is
//! missing, its figures are left out with a word. It is measured with its database as it opens it, so that each of its commits
//! waits for the disk, and without that wait, which shows what its way of working costs alone.

#[path = "../linking/process.rs"]
mod process;
#[path = "../linking/report.rs"]
mod report;
#[path = "../linking/steps.rs"]
mod steps;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use process::{Measured, measure, median};
use report::Figure;

const MILLION: u64 = 1_000_000;

/// Times that each figure is measured; the median counts.
const TIMES: usize = 3;

/// The original with some settings and a history of some size.
struct Original {
    what: &'static str,
    settings: &'static str,
    workflows: u64,
    times: usize,
}

/// Its rate falls with the size of the history, since it reads a pattern's workflows again for each new one: 200 are in
/// its favour, and a million would take it days. 20,000 show the way.
const ORIGINAL: [Original; 4] = [
    Original { what: "200 workflows, its own settings", settings: "--as-printed", workflows: 200, times: TIMES },
    Original { what: "2,000, synchronous = OFF", settings: "--no-wait", workflows: 2_000, times: TIMES },
    Original { what: "20,000, its own settings", settings: "--as-printed", workflows: 20_000, times: 1 },
    Original { what: "20,000, synchronous = OFF", settings: "--no-wait", workflows: 20_000, times: 1 },
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("workflows");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let asked = rows_asked_for()?;
    let rows = asked.unwrap_or(MILLION);
    let (measured, steps) = pipeline(&folder, rows, TIMES)?;
    let seconds = measured.wall.as_secs_f64();
    let what = format!("{} workflows, cold, all stages", grouped(rows));
    let mut figures = match asked {
        None => vec![Figure::against(what, format!("{seconds:.2} s"), "≤ 8 s", seconds <= 8.0)],
        Some(_) => vec![Figure::plain(what, format!("{seconds:.2} s"))],
    };
    figures.push(memory("its peak memory", &measured, "≤ 2 GiB", 2.0));
    figures.extend(steps);
    let rate = rows as f64 / seconds;
    figures
        .push(Figure::plain("nightloom, from database to both tables", format!("{} a second", grouped(rate as u64))));
    for original in &ORIGINAL {
        figures.extend(beside_the_original(&folder, rate, original)?);
    }
    if std::env::args().any(|argument| argument == "--large") {
        let (large, steps) = pipeline(&folder, 10 * rows, 1)?;
        let ratio = large.wall.as_secs_f64() / seconds;
        figures.push(Figure::plain(
            format!("{} workflows", grouped(10 * rows)),
            format!("{:.1} s", large.wall.as_secs_f64()),
        ));
        figures.push(Figure::against("times the time", format!("{ratio:.1}"), "≤ 12", ratio <= 12.0));
        figures.push(memory("its peak memory", &large, "≤ 4 GiB", 4.0));
        figures.extend(steps);
    }
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let section = report::section("Workflow patterns", &format!("{cores} cores"), &figures);
    println!("{section}");
    std::fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if asked.is_some() { Ok(()) } else { report::keep("workflows", &section) }
}

fn rows_asked_for() -> Result<Option<u64>, String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--rows").skip(1);
    let parsed = arguments.next().map(|rows| rows.parse().map_err(|_| format!("--rows {rows}: not a number")));
    parsed.transpose()
}

fn memory(what: &str, measured: &Measured, target: &'static str, most: f64) -> Figure {
    let gibibytes = measured.peak as f64 / f64::from(1 << 30);
    Figure::against(what, format!("{gibibytes:.2} GiB"), target, gibibytes <= most)
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

/// The original's rate, the median of some runs, and how many times faster `rate` is.
fn beside_the_original(folder: &Path, rate: f64, original: &Original) -> Result<Vec<Figure>, String> {
    let what = format!("the original's persistence: {}", original.what);
    let mut rates = Vec::with_capacity(original.times);
    for _ in 0..original.times {
        match original.rate(folder)? {
            Err(reason) => return Ok(vec![Figure::plain(what, reason)]),
            Ok(measured) => rates.push(measured),
        }
    }
    rates.sort_by(f64::total_cmp);
    let theirs = rates.get(original.times / 2).copied().unwrap_or_default();
    let times = rate / theirs;
    let factor = match original.settings {
        "--as-printed" => Figure::against("times faster a workflow", format!("{times:.0}"), "≥ 500", times >= 500.0),
        _ => Figure::plain("times faster a workflow than that", format!("{times:.0}")),
    };
    Ok(vec![Figure::plain(what, format!("{theirs:.0} a second")), factor])
}

/// A fresh history of `rows`.
fn history(folder: &Path, rows: u64) -> Result<PathBuf, String> {
    let path = folder.join(format!("history-{rows}.db"));
    if path.exists() {
        std::fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
    command.args(["sample", "workflows", "--rows", &rows.to_string(), "--out"]).arg(&path);
    measure(&mut command, &folder.join("log"))?;
    Ok(path)
}

/// The median run of the pipeline over a fresh history, and where the time of the last one went.
fn pipeline(folder: &Path, rows: u64, times: usize) -> Result<(Measured, Vec<Figure>), String> {
    let mut runs = Vec::with_capacity(times);
    let mut steps = Vec::new();
    for _ in 0..times {
        let database = history(folder, rows)?;
        let workspace = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
        command.arg("run").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/workflows.toml"));
        command.arg("--workspace").arg(workspace.path());
        command.arg("--set").arg(format!("vars.db={}", database.display()));
        command.arg("--set").arg(format!("vars.out={}", workspace.path().join("out").display()));
        runs.push(measure(&mut command, &folder.join("log"))?);
        steps = steps::figures(workspace.path())?;
        std::fs::remove_file(&database).map_err(|error| format!("{}: {error}", database.display()))?;
    }
    Ok((median(runs).ok_or("no runs were asked for".to_owned())?, steps))
}

impl Original {
    /// Workflows a second; the inner error says why it is left out.
    fn rate(&self, folder: &Path) -> Result<Result<f64, String>, String> {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let seeds = std::fs::read_dir(project.join("../shared/seeds")).into_iter().flatten().flatten();
        let document = seeds
            .map(|entry| entry.path())
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("002_")));
        let Some(document) = document else { return Ok(Err("skipped: its document is not there".to_owned())) };
        let database = history(folder, self.workflows)?;
        rusqlite::Connection::open(&database)
            .and_then(|connection| {
                connection.execute_batch(
                    "UPDATE workflow_history SET error_count = COALESCE(error_count, 0),
                 total_tokens = COALESCE(total_tokens, 0), actual_cost_total = COALESCE(actual_cost_total, 0.0)",
                )
            })
            .map_err(|error| format!("{}: {error}", database.display()))?;
        let script = project.join("tests/workflows/original.py");
        let output = Command::new("python3").arg(script).arg(document).arg(&database).arg(self.settings).output();
        let Ok(output) = output else { return Ok(Err("skipped: python3 is not installed".to_owned())) };
        let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        printed.parse().map(Ok).map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
