//! Times co-visitation (counting all pairs, the best 50 of each item) beside SciPy's sparse product and `implicit`.
//!
//! ```text
//! cargo bench --bench covisitation -- [--python PYTHON] [--lines 10000000]
//! ```
//! Works on the orders of `../shared/data/baskets/online_retail.csv.gz`, where that is there, and on generated ones. With
//! `--python` it runs `benches/peers/covisitation_scipy.py` on the same orders and checks that the neighbours are the same.

#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the kernel")]
#[path = "../../src/mining"]
mod mining {
    pub mod covisitation;
}
mod orders;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use mining::covisitation::{CoOrders, Vectors, Weight};
use orders::Orders;

/// The best neighbours of an item.
const MOST: usize = 50;
const ROUNDS: usize = 5;
const THREADS: [usize; 2] = [1, 2];

type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().position(|word| word == name).and_then(|at| arguments.get(at + 1));
    if let Some(path) = value("--measure") {
        let threads = value("--threads").ok_or("--threads is missing")?.parse()?;
        return measure_in_this_process(Path::new(path), threads);
    }
    small_shop()?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("covisitation");
    fs::create_dir_all(&folder)?;
    println!("| orders of | lines | items | with | threads | seconds | CPU seconds | peak MiB |");
    println!("|---|---:|---:|---|---:|---:|---:|---:|");
    let retail = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/baskets/online_retail.csv.gz");
    if retail.is_file() {
        compare("online_retail", &orders::online_retail(&retail)?, &folder, value("--python"))?;
    } else {
        println!("online_retail: skipped, there is no {}", retail.display());
    }
    let lines = value("--lines").map_or(Ok(10_000_000), |text| text.parse())?;
    compare("generated", &orders::generated(lines), &folder, value("--python"))?;
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// A thousand orders of three products, in this thread.
fn small_shop() -> Result<(), Failure> {
    let orders = orders::generated(3_000);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let mut seconds: Vec<f64> = (0..101)
        .map(|_| {
            let (offsets, items) = (orders.offsets.clone(), orders.items.clone());
            let start = Instant::now();
            let vectors = pool.install(|| build(offsets, items, orders.item_count()));
            assert!(vectors.pairs > 0, "there are pairs");
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    let middle = seconds[seconds.len() / 2] * 1_000.0;
    println!("{} orders of {} lines in one thread: {middle:.3} ms\n", orders.offsets.len() - 1, orders.items.len());
    Ok(())
}

fn build(offsets: Vec<u32>, items: Vec<u32>, item_count: usize) -> Vectors {
    Vectors::build(&CoOrders::new(offsets, items, item_count, usize::MAX >> 1, None), Weight::Raw, MOST)
}

/// Prints a row for us with one and with two threads, and for each peer.
fn compare(name: &str, orders: &Orders, folder: &Path, python: Option<&String>) -> Result<(), Failure> {
    let path = folder.join(name);
    orders.write(&path)?;
    let row = |with: &str, threads: &str, figures: &str| {
        let lines = orders.items.len();
        println!("| {name} | {lines} | {} | {with} | {threads} | {figures}", orders.item_count());
    };
    for threads in THREADS {
        let threads = threads.to_string();
        let figures =
            run(Command::new(std::env::current_exe()?).arg("--measure").arg(&path).args(["--threads", &threads]))?;
        row("nightloom", &threads, figures.trim());
    }
    let Some(python) = python else { return Ok(()) };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/covisitation_scipy.py");
    let rounds = ROUNDS.to_string();
    let printed = run(Command::new(python).arg(script).arg(&path).args([&MOST.to_string(), &rounds]))?;
    for line in printed.lines() {
        let (with, rest) = line.split_once(';').ok_or("the peer printed a line without a name")?;
        let (threads, figures) = rest.split_once(';').ok_or("the peer printed a line without threads")?;
        row(with, threads, figures);
    }
    let (ours, theirs) = (fs::read(found(&path, "ours"))?, fs::read(found(&path, "scipy"))?);
    if ours != theirs {
        return Err(format!("{name}: the neighbours differ").into());
    }
    println!("| {name} | | | the same {} neighbours | | | | |", ours.len() / 8);
    Ok(())
}

/// Where neighbours and counts are written, to be compared.
fn found(path: &Path, of: &str) -> PathBuf {
    path.with_extension(format!("{of}.neighbours"))
}

fn run(command: &mut Command) -> Result<String, Failure> {
    let done = command.output()?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// Prints seconds, CPU seconds and the peak memory of this process, orders included.
fn measure_in_this_process(path: &Path, threads: usize) -> Result<(), Failure> {
    let orders = Orders::read(path)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let mut figures = Vec::new();
    let mut last: Option<Vectors> = None;
    for _ in 0..ROUNDS {
        // What the round before made is no part of this round's memory.
        drop(last.take());
        let (offsets, items) = (orders.offsets.clone(), orders.items.clone());
        let (start, before) = (Instant::now(), usage());
        last = Some(pool.install(|| build(offsets, items, orders.item_count())));
        figures.push([start.elapsed().as_secs_f64(), usage().cpu_seconds - before.cpu_seconds]);
    }
    let [seconds, cpu_seconds] = [0, 1].map(|column| {
        let mut column: Vec<f64> = figures.iter().map(|row| row[column]).collect();
        column.sort_by(f64::total_cmp);
        column[ROUNDS / 2]
    });
    println!("{seconds:.3} | {cpu_seconds:.3} | {:.0} |", usage().peak_mib);
    let last = last.unwrap_or_default();
    let pairs = last.neighbours.iter().zip(&last.together);
    let bytes: Vec<u8> = pairs.flat_map(|(item, count)| [item.to_le_bytes(), count.to_le_bytes()].concat()).collect();
    fs::write(found(path, "ours"), bytes)?;
    Ok(())
}

struct Usage {
    cpu_seconds: f64,
    peak_mib: f64,
}

/// What this process has used.
fn usage() -> Usage {
    // SAFETY: zeros are a valid value of this structure of numbers, and the call only fills it in.
    let used = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut used);
        used
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Usage { cpu_seconds: seconds(used.ru_utime) + seconds(used.ru_stime), peak_mib: used.ru_maxrss as f64 / 1024.0 }
}
