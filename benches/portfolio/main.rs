//! Times NSGA-II over portfolios of bundles, and compares time and hypervolume with pymoo's on the same problem.
//!
//! ```text
//! cargo bench --bench portfolio -- [--python PYTHON]
//! ```
//! With `--python` it runs `benches/peers/portfolio_pymoo.py`, and keeps the table in docs/benchmarks.md.

#[path = "../../src/bundles"]
#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the kernel")]
mod bundles {
    pub mod portfolio {
        pub mod nsga2;
        mod sorting;
    }
}
#[path = "../../src/dice.rs"]
#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of it")]
mod dice;
#[path = "../linking/report.rs"]
mod report;

use std::{error::Error, fs, path::Path, process::Command, time::Instant};

use bundles::portfolio::nsga2::Nsga2;
use dice::Dice;
use report::Figure;
use serde_json::{Value as Json, json};

/// Bundles to choose among, goals, and the bundles of a portfolio.
const BUNDLES: usize = 200;
const GOALS: usize = 3;
const SIZE: usize = 100;
const ROUNDS: usize = 5;

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let python = arguments.iter().position(|word| word == "--python").and_then(|at| arguments.get(at + 1));
    let mut dice = Dice::new(7, 0);
    let goals: Vec<Vec<f64>> =
        (0..BUNDLES).map(|_| (0..GOALS).map(|_| f64::from(dice.below(1000)) / 1000.0).collect()).collect();
    let nsga2 = Nsga2::of_size(SIZE);
    let mut seconds = Vec::new();
    let mut front = Vec::new();
    for round in 0..ROUNDS {
        let begun = Instant::now();
        front = nsga2.front(&goals, &mut Dice::new(round as u64, 1));
        seconds.push(begun.elapsed().as_secs_f64());
    }
    let ours = median(seconds);
    let within = ours <= 0.2;
    let mut figures =
        vec![Figure::against("NSGA-II, population 50, 10 generations, 200 bundles", shown(ours), "≤ 0.2 s", within)];
    if let Some(python) = python {
        let values: Vec<&Vec<f64>> = front.iter().map(|subset| &subset.values).collect();
        let problem = json!({
            "goals": goals, "size": SIZE, "population": nsga2.population, "generations": nsga2.generations,
            "crossover": nsga2.crossover, "mutation": nsga2.mutation, "rounds": ROUNDS, "front": values,
        });
        figures.extend(beside_pymoo(python, &problem, ours)?);
    }
    let section = report::section("Portfolios by NSGA-II", &format!("medians of {ROUNDS}, one thread"), &figures);
    println!("{section}");
    if python.is_some() {
        report::keep("portfolio", &section)?;
    }
    Ok(())
}

fn beside_pymoo(python: &str, problem: &Json, ours: f64) -> Result<Vec<Figure>, Failure> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("portfolio.json");
    fs::write(&path, problem.to_string())?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/portfolio_pymoo.py");
    let output = Command::new(python).arg(script).arg(&path).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let found: Json = serde_json::from_slice(&output.stdout)?;
    let number = |value: &Json| value.as_f64().ok_or("pymoo's answer has no number");
    let rounds = found["seconds"].as_array().ok_or("pymoo's answer has no seconds")?;
    let theirs = median(rounds.iter().map(number).collect::<Result<_, _>>()?);
    let (volume, of_ours) = (number(&found["hypervolume"])?, number(&found["hypervolume_of_ours"])?);
    Ok(vec![
        Figure::plain("the same by pymoo's NSGA2", shown(theirs)),
        Figure::against("times as fast", format!("{:.0}", theirs / ours), "≥ 20", theirs / ours >= 20.0),
        Figure::plain("hypervolume of pymoo's front", format!("{volume:.4}")),
        Figure::against("hypervolume of ours", format!("{of_ours:.4}"), "no smaller", of_ours >= volume),
    ])
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn shown(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1000.0)
}
