//! The linking pipeline as whole processes beside its peers; prints its tables and keeps them in docs/benchmarks.md.
//!
//! ```text
//! cargo bench --bench linking -- [--only 20k|100k|1m|fresh|growth|crowd] [--python PATH] [--original-runs N]
//!                                [--beside NIGHTLOOM]
//! ```
//! `--beside` names another build of the program, with its folder `pipelines` beside it: `crowd` measures it too.
//! The original's scripts are taken out of the shared design document beside the project; the afternoon peer needs
//! Python with Polars and rapidfuzz. What is missing is reported as skipped, with the way to install it.

mod cases;
mod machine;
mod peers;
mod process;
mod report;
mod steps;
mod worlds;

use std::{path::PathBuf, process::ExitCode};

/// What the command line asks for.
struct Options {
    only: Option<String>,
    python: PathBuf,
    original_runs: usize,
    beside: Option<PathBuf>,
}

fn main() -> ExitCode {
    match options().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, String> {
    let mut options = Options { only: None, python: PathBuf::from("python3"), original_runs: 5, beside: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--only" => options.only = Some(value()?),
            "--beside" => options.beside = Some(value()?.into()),
            "--python" => options.python = value()?.into(),
            "--original-runs" => {
                options.original_runs = value()?.parse().map_err(|_| "--original-runs needs a number".to_owned())?;
            }
            // Cargo adds it.
            "--bench" => {}
            other => {
                return Err(format!("{other} is not an option; there are --only, --python, --original-runs, --beside"));
            }
        }
    }
    if let Some(only) = &options.only
        && !cases::CASES.iter().any(|case| case.name == only)
    {
        let names: Vec<&str> = cases::CASES.iter().map(|case| case.name).collect();
        return Err(format!("no case is called {only}; there are {}", names.join(", ")));
    }
    Ok(options)
}

fn run(options: Options) -> Result<(), String> {
    let bench = cases::Bench::new(peers::Peers::new(options.python), options.original_runs.max(1), options.beside)?;
    let machine = machine::description(bench.peers());
    println!("{machine}\n");
    for case in cases::CASES.iter().filter(|case| options.only.as_deref().is_none_or(|only| only == case.name)) {
        let figures = (case.measure)(&bench)?;
        let section = report::section(case.title, &machine, &figures);
        println!("{section}");
        report::keep(case.name, &section)?;
    }
    Ok(())
}
