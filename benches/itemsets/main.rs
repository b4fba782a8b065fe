//! Times the itemset kernel on data in memory, on the public baskets in `../shared/data/baskets`, beside its peers.
//!
//! ```text
//! cargo bench --bench itemsets -- [--peer PYTHON] [--mlxtend] [--only retail]
//! ```
//! runs the scripts in `benches/peers` with that Python on the same rows (`pip install pyfim mlxtend pandas`);
//! `--mlxtend` adds mlxtend, `--only` does one data set, or `long`. Each row is printed when it is done. A run of all
//! rows with both peers takes some minutes and keeps its tables in docs/benchmarks.md. No process gets more than
//! 6 GiB.

mod baskets;
mod measured;
mod peers;
#[allow(dead_code, reason = "every figure here has a target")]
#[path = "../linking/report.rs"]
mod report;

#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the kernel")]
#[path = "../../src/mining"]
mod mining {
    pub mod itemsets;
}

use std::{
    error::Error,
    io::{self, Write},
    time::Instant,
};

use baskets::Baskets;
use measured::{Line, LongBaskets};
use mining::itemsets::{Limits, Search, Stopped, Target};
use peers::{Peers, Times};
use report::Figure;

/// A row: data set, minimum support in percent, and the most items of a set.
type Row = (&'static str, f64, Option<usize>);

/// Without a size limit online_retail has far more sets at 0.1 % than any memory holds: invoices of hundreds of items.
const ROWS: [Row; 11] = [
    ("retail", 0.1, None),
    ("retail", 0.02, None),
    ("retail", 0.01, None),
    ("T10I4D100K", 0.1, None),
    ("T10I4D100K", 0.05, None),
    ("T10I4D100K", 0.01, None),
    ("chess", 60.0, None),
    ("chess", 50.0, None),
    ("chess", 45.0, None),
    ("online_retail", 0.3, None),
    ("online_retail", 0.1, Some(3)),
];
const TARGETS: [(&str, Target); 3] = [("all", Target::All), ("closed", Target::Closed), ("maximal", Target::Maximal)];
const ROUNDS: usize = 5;
const MOST_MEMORY: u64 = 6 << 30;

fn main() -> Result<(), Box<dyn Error>> {
    limit_memory()?;
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).cloned()
    };
    let only = value("--only");
    let peers = Peers { python: value("--peer"), with_mlxtend: arguments.iter().any(|word| word == "--mlxtend") };
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let mut lines = Vec::new();
    let mut table = printed(measured::HEAD)?;
    for row in ROWS.iter().filter(|row| wanted(row.0)) {
        let Some(baskets) = Baskets::read(row.0)? else {
            eprintln!("{}: skipped, there is no such file in ../shared/data/baskets", row.0);
            continue;
        };
        for line in measure(*row, &baskets, &peers)? {
            table += &printed(&line.to_string())?;
            lines.push(line);
        }
    }
    let mut long_table = String::new();
    let mut long = Vec::new();
    if wanted("long") {
        println!();
        long_table = printed(measured::LONG_HEAD)?;
        for (min_count, max_size) in [(1000, None), (100, None), (31, None), (20, Some(4)), (10, Some(4))] {
            long.push(long_baskets(min_count, max_size)?);
            long_table += &printed(&long.last().map_or_else(String::new, LongBaskets::to_string))?;
        }
    }
    let figures: Vec<Figure> = measured::figures(&lines).into_iter().chain(measured::long_figure(&long)).collect();
    let words = format!("{}\n\n{table}\n{}\n\n{long_table}", about(&peers)?, measured::LONG_WORDS);
    let section = report::section("Frequent itemsets", words.trim_end(), &figures);
    let whole = only.is_none() && peers.python.is_some() && peers.with_mlxtend;
    if !whole || lines.len() != ROWS.iter().map(|row| targets(row.2).count()).sum::<usize>() {
        println!("\n{section}\ndocs/benchmarks.md is left as it is: not all was measured.");
        return Ok(());
    }
    Ok(report::keep("itemsets", &section)?)
}

/// Ends processes that want too much, not the machine: the peers inherit the limit.
fn limit_memory() -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: MOST_MEMORY, rlim_max: MOST_MEMORY };
    // SAFETY: the call reads one structure of numbers.
    let done = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Prints lines at once, and returns them.
fn printed(lines: &str) -> io::Result<String> {
    println!("{lines}");
    io::stdout().flush()?;
    Ok(format!("{lines}\n"))
}

fn about(peers: &Peers) -> Result<String, Box<dyn Error>> {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    Ok(format!(
        "{cores} cores{}; seconds, medians of {ROUNDS}; transactions in memory, one thread unless said. *List* makes the \
         sets: flat arrays here, Python lists in pyfim (report `a`), a table in mlxtend, of which one round is measured. \
         *Count* makes none: report `#` of pyfim.",
        peers.versions()?
    ))
}

/// What is looked for in a row. Which sets up to a size are closed or maximal is known only when all sets are.
fn targets(max_size: Option<usize>) -> impl Iterator<Item = (&'static str, Target)> {
    TARGETS.into_iter().filter(move |(_, target)| max_size.is_none() || *target == Target::All)
}

/// All, closed and maximal sets of a row.
fn measure(row: Row, baskets: &Baskets, peers: &Peers) -> Result<Vec<Line>, Box<dyn Error>> {
    let (name, percent, max_size) = row;
    let min_count = (percent / 100.0 * baskets.len() as f64 * (1.0 - 4.0 * f64::EPSILON)).ceil() as u32;
    let size = max_size.map_or_else(String::new, |most| format!(", up to {most} items"));
    let mut lines = Vec::new();
    for (target_name, target) in targets(max_size) {
        let search = Search { target, min_count, max_size };
        let label = format!("{name} {percent} %{size}");
        let [one, two] = [times(baskets, search, 1)?, times(baskets, search, 2)?];
        lines.push(Line { label, target: target_name, one, two, pyfim: None, mlxtend: None });
    }
    let folder = tempfile::tempdir()?;
    let rows = peers.write(baskets, folder.path())?;
    let found = peers.pyfim(&rows, min_count, max_size)?;
    for (line, theirs) in lines.iter_mut().zip(found) {
        if line.one.sets != theirs.sets {
            return Err(format!("{} {}: {} sets, pyfim {}", line.label, line.target, line.one.sets, theirs.sets).into());
        }
        line.pyfim = Some(theirs);
    }
    if let Some(all) = lines.first_mut() {
        all.mlxtend = peers.mlxtend(&rows, min_count, max_size, all.one.list)?;
    }
    Ok(lines)
}

/// Medians of listing and of counting.
fn times(baskets: &Baskets, search: Search, threads: usize) -> Result<Times, Box<dyn Error>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let (mut list, mut count) = (Vec::new(), Vec::new());
    let mut sets = 0;
    for _ in 0..ROUNDS {
        let (seconds, listed) = timed(&pool, || search.list_within(baskets.transactions(), Limits::default()))?;
        list.push(seconds);
        let listed = listed.counts.len() as u64;
        let seconds;
        (seconds, sets) = timed(&pool, || search.count_within(baskets.transactions(), Limits::default()))?;
        count.push(seconds);
        if listed != sets {
            return Err(format!("{listed} sets listed, {sets} counted").into());
        }
    }
    Ok(Times { sets, list: median(list), count: median(count) })
}

fn timed<T: Send>(
    pool: &rayon::ThreadPool,
    work: impl FnOnce() -> Result<T, Stopped> + Send,
) -> Result<(f64, T), Stopped> {
    let start = Instant::now();
    let found = pool.install(work)?;
    Ok((start.elapsed().as_secs_f64(), found))
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// 100,000 baskets of 2 to 10 items, and the same with 30 of 50 to 500 among them, in turn.
fn long_baskets(min_count: u32, max_size: Option<usize>) -> Result<LongBaskets, Box<dyn Error>> {
    let both = [Baskets::made(100_000, 0), Baskets::made(100_000, 30)];
    let search = Search { target: Target::All, min_count, max_size };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let mut seconds = [Vec::new(), Vec::new()];
    let mut sets = [0, 0];
    for _ in 0..3 * ROUNDS {
        for ((baskets, seconds), sets) in both.iter().zip(&mut seconds).zip(&mut sets) {
            let (taken, found) = timed(&pool, || search.list_within(baskets.transactions(), Limits::default()))?;
            seconds.push(taken);
            *sets = found.counts.len();
        }
    }
    Ok(LongBaskets { min_count, max_size, sets, seconds: seconds.map(median) })
}
