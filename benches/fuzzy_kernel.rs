//! Times the fuzzy title kernel, one thread, on a crowded shop of its own making.
//!
//! `cargo bench --bench fuzzy_kernel -- --candidates 333000 --queries 20000 --dump DIR` also writes the pairs' two
//! sides and the Indel matches as TSV into DIR, for `benches/peers/rapidfuzz_kernel.py DIR`.

#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the kernel")]
#[path = "../src/linking"]
mod linking {
    pub mod fuzzy;
    pub mod similarity;
}

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    time::Instant,
};

use linking::{
    fuzzy::{Candidates, Control, Outcome, PriceRule, Queries, Settings, TieRule, TitleId, TitleTable, best_matches},
    similarity::{Measure, fold_title},
};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_pcg::Pcg64;

const BRANDS: &[&str] = &[
    "Willem",
    "Self-Portrait",
    "Marais",
    "Anine",
    "Faithfull",
    "Rixo",
    "Ganni",
    "Staud",
    "Reformation",
    "Ulla",
    "Zimmermann",
    "Sézane",
    "Doën",
    "Cult Gaia",
    "Bardot",
    "Free People",
    "Farm Rio",
    "Hill House",
    "Shona Joy",
    "Astr the Label",
];
const STYLES: &[&str] = &[
    "Floral",
    "Satin",
    "Pleated",
    "Ruched",
    "Tiered",
    "Smocked",
    "Embroidered",
    "Lace",
    "Ribbed",
    "Asymmetric",
    "Off Shoulder",
    "Puff Sleeve",
    "Long Sleeve",
    "Halter",
    "V-Neck",
    "Square Neck",
    "Cut Out",
    "Linen",
    "Cotton",
    "Velvet",
    "Crochet",
    "Belted",
    "Draped",
    "Bias",
    "Open Back",
    "Ruffled",
    "Gathered",
    "Printed",
    "Metallic",
    "Sequin",
];
const LENGTHS: &[&str] = &["Mini", "Midi", "Maxi", ""];
const KINDS: &[&str] = &["Dress", "Slip Dress", "Skirt", "Gown", "Jumpsuit", "Top", "Wrap Dress", "Shirt Dress"];
const COLOURS: &[&str] = &[
    "Black",
    "White",
    "Ivory",
    "Navy",
    "Red",
    "Rust",
    "Sage",
    "Olive",
    "Blush",
    "Zebra",
    "Emerald",
    "Cobalt",
    "Lilac",
    "Butter",
    "Chocolate",
    "Stone",
];
const SIZES: &[&str] = &["XS", "S", "M", "L", "XL", "", "", ""];

/// One side of the comparison, in columns.
#[derive(Default)]
struct Side {
    block: Vec<u32>,
    cents: Vec<i64>,
    raw: Vec<String>,
}

impl Side {
    fn push(&mut self, cents: i64, raw: String) {
        self.block.push(0);
        self.cents.push(cents);
        self.raw.push(raw);
    }
}

fn pick<'a>(rng: &mut Pcg64, words: &[&'a str]) -> &'a str {
    words.choose(rng).copied().unwrap_or_default()
}

/// What the variants of one product share.
struct Family {
    name: String,
    kind: &'static str,
    cents: i64,
}

fn family(rng: &mut Pcg64) -> Family {
    let mut words = vec![pick(rng, BRANDS)];
    for _ in 0..rng.random_range(1..=3) {
        words.push(pick(rng, STYLES));
    }
    Family { name: words.join(" "), kind: pick(rng, KINDS), cents: cents(rng) }
}

/// A title of the family: its length, colour and size are the variant's own.
fn variant(rng: &mut Pcg64, family: &Family) -> String {
    let (length, colour, size) = (pick(rng, LENGTHS), pick(rng, COLOURS), pick(rng, SIZES));
    let mut words = vec![&family.name, length, family.kind, "in", colour, size];
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn cents(rng: &mut Pcg64) -> i64 {
    let units = if rng.random_bool(0.7) { 19 + 10 * rng.random_range(0..30) } else { rng.random_range(12..320) };
    let ending = *[99, 99, 99, 99, 99, 99, 0, 0, 95, 50].choose(rng).unwrap_or(&99);
    units * 100 + ending
}

/// A shop's title as another source writes it: a word dropped, added or moved, a letter lost.
fn disturb(rng: &mut Pcg64, raw: &str) -> String {
    let mut words: Vec<String> = raw.split(' ').map(str::to_owned).collect();
    let at = rng.random_range(0..words.len());
    match rng.random_range(0..5) {
        0 => words[at] = words[at].to_uppercase(),
        1 if words.len() > 3 => drop(words.remove(at)),
        2 => words.insert(at, pick(rng, STYLES).to_owned()),
        3 if at > 0 => words.swap(at, at - 1),
        _ => drop(words[at].pop()),
    }
    words.join(" ")
}

fn shop(candidates: usize, queries: usize, seed: u64) -> (Side, Side) {
    let mut rng = Pcg64::seed_from_u64(seed);
    let (mut left, mut right) = (Side::default(), Side::default());
    while right.raw.len() < candidates {
        let family = family(&mut rng);
        for _ in 0..rng.random_range(1..=60).min(candidates - right.raw.len()) {
            right.push(family.cents, variant(&mut rng, &family));
        }
    }
    for _ in 0..queries {
        if rng.random_bool(0.1) {
            let family = family(&mut rng);
            left.push(family.cents, variant(&mut rng, &family));
        } else {
            let at = rng.random_range(0..candidates);
            let raw = disturb(&mut rng, &right.raw[at]);
            left.push(right.cents[at] + rng.random_range(-60..=60), raw);
        }
    }
    (left, right)
}

/// What the command line asks for.
struct Options {
    candidates: usize,
    queries: usize,
    dump: Option<PathBuf>,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options { candidates: 333_000, queries: 20_000, dump: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--candidates" => options.candidates = value()?.parse::<usize>()?.max(1),
            "--queries" => options.queries = value()?.parse()?,
            "--dump" => options.dump = Some(value()?.into()),
            "--bench" => {}
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    Ok(options)
}

/// Interned and in the kernel's columns.
struct Prepared {
    titles: TitleTable,
    query_title: Vec<TitleId>,
    query_price: Vec<f64>,
    title: Vec<TitleId>,
    price: Vec<f64>,
    product: Vec<i64>,
}

fn prepare(left: &Side, right: &Side) -> Prepared {
    let mut titles = TitleTable::new();
    let query_title = left.raw.iter().map(|raw| titles.intern(raw)).collect();
    let title = right.raw.iter().map(|raw| titles.intern(raw)).collect();
    let prices = |side: &Side| side.cents.iter().map(|&cents| cents as f64).collect();
    let product = (0..right.raw.len() as i64).collect();
    Prepared { titles, query_title, query_price: prices(left), title, price: prices(right), product }
}

fn search(left: &Side, right: &Side, prepared: &Prepared, settings: &Settings) -> Result<Outcome, Box<dyn Error>> {
    let candidates =
        Candidates { block: &right.block, title: &prepared.title, price: &prepared.price, product: &prepared.product };
    let queries =
        Queries { block: &left.block, title: &prepared.query_title, price: &prepared.query_price, reach: &[] };
    let control = Control { cancelled: &AtomicBool::new(false), progress: &|_| {} };
    Ok(best_matches(&prepared.titles, &candidates, &queries, settings, control)?)
}

fn print_row(name: &str, near: &str, seconds: f64, outcome: &Outcome) {
    let rows: u64 = outcome.found.iter().map(|found| u64::from(found.in_window)).sum();
    let matches = outcome.found.iter().filter(|found| found.best.is_some_and(|best| best.accepted)).count();
    let counters = outcome.counters;
    let percent = |count: u64| 100.0 * count as f64 / counters.pairs.max(1) as f64;
    println!(
        "{name:<20} {near:<5} {seconds:>8.2} {rows:>14} {:>8.2} {matches:>8} {:>14} {:>7.2} {:>7.2} {:>7.3} {:>7.3}",
        seconds * 1e9 / rows.max(1) as f64,
        counters.pairs,
        percent(counters.by_length),
        percent(counters.by_signature),
        percent(counters.by_subsequence),
        percent(counters.exact),
    );
}

fn dump(folder: &Path, left: &Side, right: &Side, outcome: &Outcome) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    for (name, side) in [("queries.tsv", left), ("candidates.tsv", right)] {
        let mut file = BufWriter::new(File::create(folder.join(name))?);
        for ((block, cents), raw) in side.block.iter().zip(&side.cents).zip(&side.raw) {
            writeln!(file, "{block}\t{cents}\t{}", fold_title(raw))?;
        }
        file.flush()?;
    }
    let mut file = BufWriter::new(File::create(folder.join("matches.tsv"))?);
    for found in &outcome.found {
        let similarity = found.best.filter(|best| best.accepted).map_or(0.0, |best| best.similarity);
        writeln!(file, "{similarity:?}")?;
    }
    file.flush()?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let (left, right) = shop(options.candidates, options.queries, 7);
    let start = Instant::now();
    let prepared = prepare(&left, &right);
    let seconds = start.elapsed().as_secs_f64();
    println!("{} candidates, {} queries; titles folded in {seconds:.2} s", right.raw.len(), left.raw.len());
    println!(
        "{:<20} {:<5} {:>8} {:>14} {:>8} {:>8} {:>14} {:>7} {:>7} {:>7} {:>7}",
        "measure",
        "near",
        "seconds",
        "row pairs",
        "ns/pair",
        "matches",
        "title pairs",
        "len %",
        "sig %",
        "lcs %",
        "exact %"
    );
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    for (name, measure) in [("ratcliff-obershelp", Measure::RatcliffObershelp), ("indel", Measure::Indel)] {
        for (near, report_from) in [("no", None), ("0.80", Some(0.8))] {
            let (price_rule, tie_rule) = (PriceRule::AtMost(99.0), TieRule::NearestPrice);
            let settings = Settings { measure, cutoff: 0.9, report_from, price_rule, tie_rule };
            let start = Instant::now();
            let outcome = pool.install(|| search(&left, &right, &prepared, &settings).map_err(|e| e.to_string()))?;
            print_row(name, near, start.elapsed().as_secs_f64(), &outcome);
            if let (Some(folder), Measure::Indel, None) = (&options.dump, measure, report_from) {
                dump(folder, &left, &right, &outcome)?;
            }
        }
    }
    Ok(())
}
