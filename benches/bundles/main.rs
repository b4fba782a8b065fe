//! The pipelines of bundles as whole processes on made-up shops: time and memory.
//!
//! ```text
//! cargo bench --bench bundles -- [--runs 5] [--only quick-100] [--folder DIR]
//! ```

#[path = "../linking/process.rs"]
mod process;
#[path = "../linking/report.rs"]
mod report;
mod shops;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use process::{Measured, measure, median};
use report::Figure;
use shops::Shops;

/// One case: which pipeline on which shops, and what it may take.
struct Case {
    name: &'static str,
    what: &'static str,
    pipeline: &'static str,
    shops: Shops,
    seconds: f64,
    target: &'static str,
    /// The most memory, where there is a limit.
    gibibytes: Option<f64>,
}

const fn shops(shops: u32, orders: u32, products: u32) -> Shops {
    Shops { shops, orders, products }
}

const CASES: [Case; 5] = [
    Case {
        name: "quick-100",
        what: "quick start, 100 orders",
        pipeline: "bundles-quickstart.toml",
        shops: shops(1, 100, 60),
        seconds: 0.1,
        target: "≤ 0.1 s",
        gibibytes: None,
    },
    Case {
        name: "quick-10000",
        what: "quick start, 10,000 orders",
        pipeline: "bundles-quickstart.toml",
        shops: shops(1, 10_000, 400),
        seconds: 1.0,
        target: "≤ 1 s",
        gibibytes: None,
    },
    Case {
        name: "full-450",
        what: "all phases, 450 orders",
        pipeline: "bundles.toml",
        shops: shops(1, 450, 45),
        seconds: 1.0,
        target: "≤ 1 s",
        gibibytes: None,
    },
    Case {
        name: "full-100000",
        what: "all phases, 100,000 orders of 5,000 products",
        pipeline: "bundles.toml",
        shops: shops(1, 100_000, 5_000),
        seconds: 20.0,
        target: "≤ 20 s",
        gibibytes: None,
    },
    Case {
        name: "full-2000-shops",
        what: "all phases, 2,000 shops of 500 orders",
        pipeline: "bundles.toml",
        shops: shops(2_000, 500, 120),
        seconds: 60.0,
        target: "≤ 60 s",
        gibibytes: Some(2.0),
    },
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
    let runs: usize = argument("--runs")?.unwrap_or(5);
    let only: Option<String> = argument("--only")?;
    let folder: PathBuf = argument("--folder")?.unwrap_or(Path::new(env!("CARGO_TARGET_TMPDIR")).join("bundles"));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut figures = Vec::new();
    for case in CASES.iter().filter(|case| only.as_deref().is_none_or(|only| only == case.name)) {
        let data = case.shops.write(&folder)?;
        let mut measured: Vec<Measured> = Vec::new();
        for _ in 0..runs {
            measured.push(once(case, &data, &folder)?);
        }
        let Some(found) = median(measured) else { continue };
        let (seconds, gibibytes) = (found.wall.as_secs_f64(), found.peak as f64 / f64::from(1 << 30));
        figures.push(Figure::against(case.what, format!("{seconds:.2} s"), case.target, seconds <= case.seconds));
        let memory = format!("{gibibytes:.2} GiB");
        figures.push(match case.gibibytes {
            Some(most) => Figure::against("its peak memory", memory, "≤ 2 GiB", gibibytes <= most),
            None => Figure::plain("its peak memory", memory),
        });
        eprintln!("{}: {seconds:.2} s, {gibibytes:.2} GiB", case.name);
    }
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let title = "Bundles: from CSV exports to priced, explained bundles in SQLite and Parquet";
    let section = report::section(title, &format!("{cores} cores, medians of {runs}, whole processes"), &figures);
    println!("{section}");
    if only.is_none() { report::keep("bundles", &section) } else { Ok(()) }
}

/// One run in a workspace of its own.
fn once(case: &Case, data: &Path, folder: &Path) -> Result<Measured, String> {
    let workspace = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
    command.arg("run").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines").join(case.pipeline));
    command.arg("--workspace").arg(workspace.path()).args(["--as-of", "2026-03-01"]);
    command.arg("--set").arg(format!("vars.shop_data={}", data.display()));
    command.arg("--set").arg(format!("vars.db={}", workspace.path().join("bundles.db").display()));
    command.arg("--set").arg(format!("vars.out={}", workspace.path().join("out").display()));
    measure(&mut command, &folder.join("log"))
}

/// The value after `name`.
fn argument<T: std::str::FromStr>(name: &str) -> Result<Option<T>, String> {
    let arguments: Vec<String> = std::env::args().collect();
    let Some(place) = arguments.iter().position(|argument| argument == name) else { return Ok(None) };
    let value = arguments.get(place + 1).ok_or(format!("{name} needs a value"))?;
    value.parse().map(Some).map_err(|_| format!("{name}: '{value}' cannot be used"))
}
