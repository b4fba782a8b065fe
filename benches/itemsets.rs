//! Times the itemset kernel, one thread, listing and counting, on the FIMI data sets in `../shared/data/baskets`.
//!
//! `cargo bench --bench itemsets -- --peer PYTHON` runs `benches/peers/itemsets_pyfim.py` with that Python (which has
//! pyfim) on the same rows and prints its times beside ours.

#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the kernel")]
#[path = "../src/mining"]
mod mining {
    pub mod itemsets;
}

use std::{
    error::Error,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use mining::itemsets::{Search, Target, Transactions};

/// Data set and minimum supports in percent.
const ROWS: &[(&str, &[f64])] =
    &[("retail", &[0.1, 0.02, 0.01]), ("T10I4D100K", &[0.1, 0.05, 0.01]), ("chess", &[60.0, 50.0, 45.0])];
const ROUNDS: usize = 5;

struct Baskets {
    offsets: Vec<u32>,
    items: Vec<u32>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let peer = arguments.iter().position(|argument| argument == "--peer").and_then(|at| arguments.get(at + 1));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/baskets");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    println!("| data | support % | sets | list s | count s | pyfim list s | pyfim count s |");
    println!("|---|---|---|---|---|---|---|");
    for (name, supports) in ROWS {
        let packed = folder.join(format!("{name}.dat.gz"));
        if !packed.is_file() {
            println!("{name}: skipped, there is no {}", packed.display());
            continue;
        }
        let text = unpack(&packed)?;
        let baskets = parse(&text)?;
        let plain = std::env::temp_dir().join(format!("nightloom-itemsets-{}-{name}.dat", std::process::id()));
        if peer.is_some() {
            fs::write(&plain, &text)?;
        }
        for percent in *supports {
            let min_count = (percent / 100.0 * (baskets.offsets.len() - 1) as f64).ceil() as u32;
            let theirs = match peer {
                Some(python) => measure_peer(python, &plain, min_count)?,
                None => "| |".to_owned(),
            };
            let ours = pool.install(|| measure(&baskets, min_count));
            println!("| {name} | {percent} | {ours} {theirs}");
        }
        if peer.is_some() {
            fs::remove_file(&plain)?;
        }
    }
    Ok(())
}

/// Medians of listing and of counting.
fn measure(baskets: &Baskets, min_count: u32) -> String {
    let transactions = Transactions { offsets: &baskets.offsets, items: &baskets.items };
    let search = Search { target: Target::All, min_count, max_size: None };
    let mut sets = 0;
    let list = median(|| sets = search.list(transactions).counts.len() as u64);
    let mut counted = 0;
    let count = median(|| counted = search.count(transactions));
    assert_eq!(sets, counted, "both ways find as many");
    format!("{sets} | {list:.3} | {count:.3} |")
}

fn median(mut work: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[ROUNDS / 2]
}

fn measure_peer(python: &str, file: &Path, min_count: u32) -> Result<String, Box<dyn Error>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/itemsets_pyfim.py");
    let done = Command::new(python).arg(script).arg(file).arg(min_count.to_string()).output()?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into());
    }
    let figures = String::from_utf8(done.stdout)?;
    let fields: Vec<&str> = figures.split_whitespace().collect();
    match fields.as_slice() {
        [_, list, count] => Ok(format!("{list} | {count} |")),
        _ => Err(format!("the peer printed '{figures}'").into()),
    }
}

fn unpack(path: &PathBuf) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
    Ok(text)
}

fn parse(text: &str) -> Result<Baskets, Box<dyn Error>> {
    let mut baskets = Baskets { offsets: vec![0], items: Vec::new() };
    for line in text.lines() {
        for item in line.split_ascii_whitespace() {
            baskets.items.push(item.parse()?);
        }
        baskets.offsets.push(u32::try_from(baskets.items.len())?);
    }
    Ok(baskets)
}
