//! Times co-visitation (counting all pairs, the best 50 of each item) beside SciPy's sparse product and `implicit`.
//!
//! ```text
//! cargo bench --bench covisitation -- [--python PYTHON] [--lines 10000000]
//! ```
//! Works on the orders of `../shared/data/baskets/online_retail.csv.gz`, where that is there, and on generated ones. With
//! `--python` it runs `benches/peers/covisitation_scipy.py` on the same orders, checks that the neighbours are the same, and
//! keeps the table in docs/benchmarks.md. Takes about two minutes.

#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the kernel")]
#[path = "../../src/mining"]
mod mining {
    pub mod covisitation;
}
mod orders;
#[path = "../linking/report.rs"]
mod report;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use mining::covisitation::{CoOrders, Vectors, Weight};
use orders::Orders;
use report::Figure;

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
    let mut figures = vec![small_shop()?];
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("covisitation");
    fs::create_dir_all(&folder)?;
    let mut table = String::new();
    let mut rows = |text: String| {
        println!("{text}");
        table.push_str(&text);
        table.push('\n');
    };
    rows("| orders of | lines | items | with | threads | seconds | CPU seconds | peak MiB |".to_owned());
    rows("|---|---:|---:|---|---:|---:|---:|---:|".to_owned());
    let retail = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/baskets/online_retail.csv.gz");
    if retail.is_file() {
        let orders = orders::online_retail(&retail)?;
        figures.extend(compare("online_retail", &orders, &folder, value("--python"), &mut rows)?);
    } else {
        println!("online_retail: skipped, there is no {}", retail.display());
    }
    let lines = value("--lines").map_or(Ok(10_000_000), |text| text.parse())?;
    figures.extend(compare("generated", &orders::generated(lines), &folder, value("--python"), &mut rows)?);
    fs::remove_dir_all(&folder)?;
    let versions = value("--python").map_or(Ok(String::new()), |python| versions(python))?;
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let words = format!(
        "{cores} cores{versions}; medians of {ROUNDS}. The orders are in memory on both sides: flat arrays here, SciPy's \
         CSR matrix (32-bit counts, 64-bit floats for implicit) there. Each time holds the inversion of orders and \
         items, the counts of all pairs, and the best {MOST} of each item.\n\n{table}"
    );
    let section = report::section("Co-visitation", words.trim_end(), &figures);
    println!("\n{section}");
    if value("--python").is_none() || value("--lines").is_some() || !retail.is_file() {
        println!("docs/benchmarks.md is left as it is: not all was measured.");
        return Ok(());
    }
    Ok(report::keep("covisitation", &section)?)
}

/// A thousand orders of three products, in this thread.
fn small_shop() -> Result<Figure, Failure> {
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
    let what = format!("{} orders of {} lines, one thread", orders.offsets.len() - 1, orders.items.len());
    Ok(Figure::against(what, format!("{middle:.3} ms"), "≤ 1 ms", middle <= 1.0))
}

fn build(offsets: Vec<u32>, items: Vec<u32>, item_count: usize) -> Vectors {
    Vectors::build(&CoOrders::new(offsets, items, item_count, usize::MAX >> 1, None), Weight::Raw, MOST)
}

/// What a program took.
struct Taken {
    with: String,
    threads: usize,
    seconds: f64,
    cpu_seconds: f64,
    peak_mib: f64,
}

impl Taken {
    /// Reads `name;threads;seconds;CPU seconds;peak MiB`.
    fn parse(line: &str) -> Result<Self, Failure> {
        let [with, threads, seconds, cpu_seconds, peak_mib] = line.split(';').collect::<Vec<_>>()[..] else {
            return Err(format!("not five figures: {line}").into());
        };
        Ok(Self {
            with: with.to_owned(),
            threads: threads.parse()?,
            seconds: seconds.parse()?,
            cpu_seconds: cpu_seconds.parse()?,
            peak_mib: peak_mib.parse()?,
        })
    }
}

/// Prints a row for us with one and with two threads, and for each peer.
fn compare(
    name: &str,
    orders: &Orders,
    folder: &Path,
    python: Option<&String>,
    rows: &mut impl FnMut(String),
) -> Result<Vec<Figure>, Failure> {
    let path = folder.join(name);
    orders.write(&path)?;
    let mut row = |taken: &Taken| {
        let Taken { with, threads, seconds, cpu_seconds, peak_mib } = taken;
        let (lines, items) = (orders.items.len(), orders.item_count());
        rows(format!(
            "| {name} | {lines} | {items} | {with} | {threads} | {seconds:.3} | {cpu_seconds:.3} | {peak_mib:.0} |"
        ));
    };
    let mut ours = Vec::new();
    for threads in THREADS {
        let mut command = Command::new(std::env::current_exe()?);
        let printed = run(command.arg("--measure").arg(&path).args(["--threads", &threads.to_string()]))?;
        let taken = Taken::parse(printed.trim())?;
        row(&taken);
        ours.push(taken);
    }
    let [one, two] = &ours[..] else { return Ok(Vec::new()) };
    let gain = one.seconds / two.seconds;
    let peak = one.peak_mib.max(two.peak_mib) / 1024.0;
    let mut figures = vec![
        Figure::against(format!("{name}: peak memory"), format!("{peak:.2} GiB"), "≤ 2 GiB", peak <= 2.0),
        Figure::plain(format!("{name}: two threads, times as fast as one"), format!("{gain:.2}")),
    ];
    let Some(python) = python else { return Ok(figures) };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/covisitation_scipy.py");
    let rounds = ROUNDS.to_string();
    let printed = run(Command::new(python).arg(script).arg(&path).args([&MOST.to_string(), &rounds]))?;
    for line in printed.lines() {
        let theirs = Taken::parse(line)?;
        row(&theirs);
        if let Some(ours) = ours.iter().find(|ours| ours.threads == theirs.threads) {
            let times = theirs.seconds / ours.seconds;
            let threads = if theirs.threads == 1 { "one thread" } else { "two threads" };
            let what = format!("{name}: times faster than {}, {threads}", theirs.with);
            // A product without its selection is no rival, only a part of one.
            figures.push(if theirs.with.ends_with("only") {
                Figure::plain(what, format!("{times:.1}"))
            } else {
                Figure::against(what, format!("{times:.1}"), "≥ 3", times >= 3.0)
            });
        }
    }
    let (ours, theirs) = (fs::read(found(&path, "ours"))?, fs::read(found(&path, "scipy"))?);
    let what = format!("{name}: the same {} neighbours and counts as SciPy's", theirs.len() / 8);
    let same = ours == theirs;
    figures.push(Figure::against(what, if same { "equal" } else { "different" }.to_owned(), "equal", same));
    Ok(figures)
}

/// What the peers are.
fn versions(python: &str) -> Result<String, Failure> {
    let program = "import platform, numpy, scipy, implicit\n\
                   names = [(module.__name__, module.__version__) for module in (numpy, scipy, implicit)]\n\
                   print('Python ', platform.python_version(), *(f', {name} {version}' for name, version in names), sep='')";
    Ok(format!("; peers: {}", run(Command::new(python).args(["-c", program]))?.trim()))
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
    println!("nightloom;{threads};{seconds:.6};{cpu_seconds:.6};{:.0}", usage().peak_mib);
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
