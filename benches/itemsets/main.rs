//! Times the itemset kernel on data in memory, on the public baskets in `../shared/data/baskets`, beside its peers.
//!
//! `cargo bench --bench itemsets -- --peer PYTHON` runs the scripts in `benches/peers` with that Python on the same rows
//! (`pip install pyfim mlxtend pandas`); `--mlxtend` adds mlxtend, which takes minutes; `--only retail` does one data set.
//! The tables are Markdown.

mod baskets;
mod peers;

#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the kernel")]
#[path = "../../src/mining"]
mod mining {
    pub mod itemsets;
}

use std::{error::Error, time::Instant};

use baskets::Baskets;
use mining::itemsets::{Limits, Search, Stopped, Target};
use peers::{Peers, Times};

/// A row of the tables: data set, minimum support in percent, and the most items of a set.
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
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).cloned()
    };
    let only = value("--only");
    let peers =
        Peers { python: value("--peer"), with_mlxtend: arguments.iter().any(|argument| argument == "--mlxtend") };
    let rows = ROWS.iter().filter(|row| only.as_deref().is_none_or(|name| row.0 == name));
    let measured = rows.map(|row| measure(*row, &peers)).collect::<Result<Vec<_>, _>>()?;
    let measured: Vec<Measured> = measured.into_iter().flatten().collect();
    print_all_sets(&measured);
    print_condensed(&measured);
    if only.is_none_or(|name| name == "long") {
        long_baskets()?;
    }
    Ok(())
}

struct Measured {
    row: Row,
    /// All, closed, maximal.
    ours: [Times; 3],
    /// All sets, two threads.
    two_threads: Times,
    pyfim: Vec<Times>,
    mlxtend: String,
}

fn measure(row: Row, peers: &Peers) -> Result<Option<Measured>, Box<dyn Error>> {
    let (name, percent, max_size) = row;
    let Some(baskets) = Baskets::read(name)? else {
        eprintln!("{name}: skipped, there is no such file in ../shared/data/baskets");
        return Ok(None);
    };
    eprintln!("{name} {percent} %");
    let min_count = (percent / 100.0 * baskets.len() as f64 * (1.0 - 4.0 * f64::EPSILON)).ceil() as u32;
    let (pyfim, mlxtend) = peers.measure(&baskets, min_count, max_size)?;
    let with = |target, threads| times(&baskets, Search { target, min_count, max_size }, threads);
    let ours = [with(Target::All, 1)?, with(Target::Closed, 1)?, with(Target::Maximal, 1)?];
    let two_threads = with(Target::All, 2)?;
    for (ours, theirs) in ours.iter().zip(&pyfim) {
        assert_eq!(ours.sets, theirs.sets, "{name} {percent} %: as many sets as the peer finds");
    }
    Ok(Some(Measured { row, ours, two_threads, pyfim, mlxtend }))
}

/// Medians of listing and of counting.
fn times(baskets: &Baskets, search: Search, threads: usize) -> Result<Times, Box<dyn Error>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let times = pool.install(|| -> Result<Times, Stopped> {
        let (mut list, mut count, mut sets) = (Vec::new(), Vec::new(), 0);
        for _ in 0..ROUNDS {
            let start = Instant::now();
            let listed = search.list_within(baskets.transactions(), Limits::default())?;
            list.push(start.elapsed().as_secs_f64());
            let start = Instant::now();
            sets = search.count_within(baskets.transactions(), Limits::default())?;
            count.push(start.elapsed().as_secs_f64());
            assert_eq!(listed.counts.len() as u64, sets, "both ways find as many");
        }
        Ok(Times { sets, list: median(list), count: median(count) })
    });
    Ok(times?)
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn label((name, percent, max_size): Row) -> String {
    let size = max_size.map_or_else(String::new, |most| format!(", up to {most} items"));
    format!("{name} {percent} %{size}")
}

fn print_all_sets(measured: &[Measured]) {
    println!("## Frequent itemsets, all\n");
    println!("Seconds, medians of {ROUNDS}, data in memory; pyfim is Borgelt's fpgrowth.\n");
    println!(
        "| data, support | sets | list | pyfim list | times faster | count | pyfim count | times faster | list, 2 threads | \
         speed-up | count, 2 threads | speed-up | mlxtend |"
    );
    println!("|---|{}", "---:|".repeat(12));
    for Measured { row, ours: [ours, ..], two_threads: two, pyfim, mlxtend } in measured {
        let (list, count) = match pyfim.first() {
            Some(peer) => (beside(ours.list, peer.list), beside(ours.count, peer.count)),
            None => (format!("{:.4} | |", ours.list), format!("{:.4} | |", ours.count)),
        };
        println!(
            "| {} | {} | {list} | {count} | {:.4} | {:.2} | {:.4} | {:.2} | {mlxtend} |",
            label(*row),
            ours.sets,
            two.list,
            ours.list / two.list,
            two.count,
            ours.count / two.count
        );
    }
}

fn print_condensed(measured: &[Measured]) {
    println!("\n## Closed and maximal itemsets\n");
    println!(
        "| data, support | target | sets | list | pyfim list | times faster | count | pyfim count | times faster |"
    );
    println!("|---|---|{}", "---:|".repeat(7));
    for Measured { row, ours: [_, condensed @ ..], pyfim, .. } in measured {
        for ((target, ours), number) in ["closed", "maximal"].iter().zip(condensed).zip(1..) {
            let (list, count) = match pyfim.get(number) {
                Some(peer) => (beside(ours.list, peer.list), beside(ours.count, peer.count)),
                None => (format!("{:.4} | |", ours.list), format!("{:.4} | |", ours.count)),
            };
            println!("| {} | {target} | {} | {list} | {count} |", label(*row), ours.sets);
        }
    }
}

fn beside(ours: f64, theirs: f64) -> String {
    format!("{ours:.4} | {theirs:.4} | {:.1}", theirs / ours)
}

/// 100,000 baskets of 2 to 10 items, and 30 of 50 to 500 among them.
fn long_baskets() -> Result<(), Box<dyn Error>> {
    let (without, with) = (Baskets::made(100_000, 0), Baskets::made(100_000, 30));
    println!("\n## A few long baskets\n");
    println!("100,000 baskets of 2 to 10 of 2,000 items; with 30 of 50 to 500 items among them.\n");
    println!("| support, most items | sets without | sets with | list without | list with | ratio |");
    println!("|---|{}", "---:|".repeat(5));
    for (min_count, max_size) in [(1000, None), (100, None), (31, None), (20, Some(4)), (10, Some(4))] {
        let search = Search { target: Target::All, min_count, max_size };
        let (before, after) = (times(&without, search, 1)?, times(&with, search, 1)?);
        println!(
            "| {min_count} baskets, {} | {} | {} | {:.4} | {:.4} | {:.2} |",
            max_size.map_or_else(|| "no limit".to_owned(), |most| format!("{most} items")),
            before.sets,
            after.sets,
            before.list,
            after.list,
            after.list / before.list
        );
    }
    Ok(())
}
