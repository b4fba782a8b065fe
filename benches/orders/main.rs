//! The baskets pipeline as a whole process on generated exports: time, memory, and whether the planted bundles are found.
//!
//! ```text
//! cargo bench --bench orders -- [--lines 100000000] [--shops 1000] [--folder DIR] [--keep-world]
//! ```
//! A hundred million lines need some 40 GB of room in the folder, which is the target folder's unless given.

mod planted;
#[allow(dead_code, reason = "one run of so much data has no median")]
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

use process::measure;
use report::Figure;

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
    let lines: u64 = argument("--lines")?.unwrap_or(100_000_000);
    let shops: u64 = argument("--shops")?.unwrap_or(1_000);
    let folder: PathBuf = argument("--folder")?.unwrap_or(Path::new(env!("CARGO_TARGET_TMPDIR")).join("orders"));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let world = folder.join(format!("world-{lines}-{shops}"));
    let mut figures = Vec::new();
    if !world.exists() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
        command.args(["sample", "orders", "--lines", &lines.to_string(), "--shops", &shops.to_string(), "--out"]);
        let made = measure(command.arg(&world), &folder.join("log"))?;
        figures.push(Figure::plain("making the exports", format!("{:.0} s", made.wall.as_secs_f64())));
    }
    let workspace = tempfile::tempdir_in(&folder).map_err(|error| error.to_string())?;
    let out = workspace.path().join("out");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
    command.arg("run").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/baskets.toml"));
    command.arg("--workspace").arg(workspace.path()).args(["--as-of", "2026-03-01", "--set", "vars.support=0.001"]);
    command.arg("--set").arg(format!("vars.shop_data={}", world.display()));
    command.arg("--set").arg(format!("vars.db={}", workspace.path().join("baskets.db").display()));
    command.arg("--set").arg(format!("vars.out={}", out.display()));
    let ran = measure(&mut command, &folder.join("log"))?;
    let (seconds, gibibytes) = (ran.wall.as_secs_f64(), ran.peak as f64 / f64::from(1 << 30));
    figures.push(Figure::against(
        "ingest, enrich, mine at 0.1 %, co-visit, all sinks",
        format!("{seconds:.0} s"),
        "≤ 600 s",
        seconds <= 600.0,
    ));
    figures.extend(steps::figures(workspace.path())?);
    figures.push(Figure::against("peak memory", format!("{gibibytes:.2} GiB"), "≤ 4 GiB", gibibytes <= 4.0));
    figures.extend(planted::figures(&world, &out)?);
    if !std::env::args().any(|argument| argument == "--keep-world") {
        std::fs::remove_dir_all(&world).map_err(|error| format!("{}: {error}", world.display()))?;
    }
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let title = format!("{lines} order lines of {shops} shops, from their CSV exports to SQLite and Parquet");
    let section = report::section(&title, &format!("{cores} cores"), &figures);
    println!("{section}");
    report::keep("orders", &section)
}

/// The value after `name`.
fn argument<T: std::str::FromStr>(name: &str) -> Result<Option<T>, String> {
    let arguments: Vec<String> = std::env::args().collect();
    let Some(place) = arguments.iter().position(|argument| argument == name) else { return Ok(None) };
    let value = arguments.get(place + 1).ok_or(format!("{name} needs a value"))?;
    value.parse().map(Some).map_err(|_| format!("{name}: '{value}' cannot be used"))
}
