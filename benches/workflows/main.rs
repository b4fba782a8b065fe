//! The workflow pipeline as a whole process beside the original's row-at-a-time persistence.
//!
//! ```text
//! cargo bench --bench workflows -- [--large]
//! ```
//! `--large` also measures ten times the rows. The original's functions are taken out of the shared design document
//! beside the project; where it or python3 is missing, that figure is left out with a word.

#[path = "../linking/process.rs"]
mod process;
#[path = "../linking/report.rs"]
mod report;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use process::{Measured, measure, median};
use report::Figure;

const MILLION: u64 = 1_000_000;

/// Rows that the original is given: enough for its rate, which does not grow with them.
const ORIGINAL_ROWS: u64 = 2_000;

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
    let million = pipeline(&folder, MILLION, 3)?;
    let seconds = million.wall.as_secs_f64();
    let mut figures = vec![
        Figure::against("1,000,000 workflows, cold, all stages", format!("{seconds:.2} s"), "≤ 8 s", seconds <= 8.0),
        memory("its peak memory", &million, "≤ 2 GiB", 2.0),
    ];
    match original(&folder)? {
        Err(reason) => figures.push(Figure::plain("the original's persistence", reason)),
        Ok(rate) => {
            let times = MILLION as f64 / seconds / rate;
            figures.push(Figure::plain("the original's persistence", format!("{rate:.0} workflows a second")));
            figures.push(Figure::against("times faster a workflow", format!("{times:.0}"), "≥ 500", times >= 500.0));
        }
    }
    if std::env::args().any(|argument| argument == "--large") {
        let large = pipeline(&folder, 10 * MILLION, 1)?;
        let ratio = large.wall.as_secs_f64() / seconds;
        figures.push(Figure::plain("10,000,000 workflows", format!("{:.1} s", large.wall.as_secs_f64())));
        figures.push(Figure::against("times the time", format!("{ratio:.1}"), "≤ 12", ratio <= 12.0));
        figures.push(memory("its peak memory", &large, "≤ 4 GiB", 4.0));
    }
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let section = report::section("Workflow patterns", &format!("{cores} cores"), &figures);
    println!("{section}");
    report::keep("workflows", &section)
}

fn memory(what: &str, measured: &Measured, target: &'static str, most: f64) -> Figure {
    let gibibytes = measured.peak as f64 / f64::from(1 << 30);
    Figure::against(what, format!("{gibibytes:.2} GiB"), target, gibibytes <= most)
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

fn pipeline(folder: &Path, rows: u64, times: usize) -> Result<Measured, String> {
    let mut runs = Vec::with_capacity(times);
    for _ in 0..times {
        let database = history(folder, rows)?;
        let workspace = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
        command.arg("run").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/workflows.toml"));
        command.arg("--workspace").arg(workspace.path());
        command.arg("--set").arg(format!("vars.workflow_db={}", database.display()));
        command.arg("--set").arg(format!("vars.out={}", workspace.path().join("out").display()));
        runs.push(measure(&mut command, &folder.join("log"))?);
    }
    median(runs).ok_or("no runs were asked for".to_owned())
}

/// Workflows a second of the original; the inner error says why it is left out.
fn original(folder: &Path) -> Result<Result<f64, String>, String> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = std::fs::read_dir(project.join("../shared/seeds")).into_iter().flatten().flatten();
    let document = seeds
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("002_")));
    let Some(document) = document else { return Ok(Err("skipped: its document is not there".to_owned())) };
    let database = history(folder, ORIGINAL_ROWS)?;
    rusqlite::Connection::open(&database)
        .and_then(|connection| {
            connection.execute_batch(
                "UPDATE workflow_history SET error_count = COALESCE(error_count, 0),
                 total_tokens = COALESCE(total_tokens, 0), actual_cost_total = COALESCE(actual_cost_total, 0.0)",
            )
        })
        .map_err(|error| format!("{}: {error}", database.display()))?;
    let script = project.join("tests/workflows/original.py");
    let output = Command::new("python3").arg(script).arg(document).arg(&database).output();
    let Ok(output) = output else { return Ok(Err("skipped: python3 is not installed".to_owned())) };
    let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    printed.parse().map(Ok).map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())
}
