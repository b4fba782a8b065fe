//! Measures recommendations on later baskets, one of whose items is hidden, beside what is counted and `implicit`.
//!
//! ```text
//! cargo bench --bench recommendations -- [--python PYTHON] [--only groceries]
//! ```
//! On the public baskets in `../shared/data/baskets`: online_retail up to and from November 2011, the first and the last fifth of retail.dat and
//! groceries.csv. With `--python` it runs `benches/peers/recommendations_implicit.py` on the same baskets and questions, and keeps the
//! table in docs/benchmarks.md. Takes about two minutes.

#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the kernel")]
#[path = "../../src/mining"]
mod mining {
    pub mod covisitation;
    pub mod itemsets;
    pub mod recommending;
}
mod baskets;
#[allow(dead_code, reason = "every figure here has a target")]
#[path = "../linking/report.rs"]
mod report;

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use baskets::{Baskets, Split};
use mining::{
    covisitation::{Candidates, CoOrders, Measured, Similar, Vectors, Weight},
    itemsets::Transactions,
    recommending::{Figures, Learned, Learning, Pairs, Questions, best, leave_out},
};
use report::Figure;

/// Answers that are looked at.
const ANSWERS: usize = 10;

/// As `build-covisitation` learns by default.
const LEARNING: Learning = Learning {
    companions: 32,
    length_exponent: 1.0,
    most_orders: 200_000,
    most_questions: 2_000,
    max_basket: 500,
    cut_off: ANSWERS,
    listed: 20,
};

/// As `build-covisitation` finds similar items by default.
const SIMILAR: Similar = Similar {
    most: 20,
    candidates: Candidates::Together,
    max_hub: 4_096,
    cosine_share: 0.6,
    full_orders: 10,
    min_cosine: 0.1,
    min_orders: 2,
};

/// Ours is at least so many times the best of the others.
const GOAL: f64 = 1.05;

type Failure = Box<dyn Error>;

/// Hit rate and NDCG of a measure.
struct Row {
    with: String,
    hit_rate: f64,
    ndcg: f64,
    seconds: f64,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().position(|word| word == name).and_then(|at| arguments.get(at + 1));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recommendations");
    fs::create_dir_all(&folder)?;
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/baskets");
    let (mut figures, mut table) = (Vec::new(), String::new());
    let mut say = |text: String| {
        println!("{text}");
        table.push_str(&text);
        table.push('\n');
    };
    say("| baskets | learnt from | items | questions | with | hit rate@10 | NDCG@10 | CPU seconds |".to_owned());
    say("|---|---:|---:|---:|---|---:|---:|---:|".to_owned());
    for data in baskets::ALL.iter().filter(|data| value("--only").is_none_or(|only| only == data.name)) {
        let path = shared.join(data.file);
        if !path.is_file() {
            println!("{}: skipped, there is no {}", data.name, path.display());
            continue;
        }
        figures.extend(compare(data.name, &data.split(&path)?, &folder, value("--python"), &mut say)?);
    }
    fs::remove_dir_all(&folder)?;
    let versions = value("--python").map_or(Ok(String::new()), |python| versions(python))?;
    let words = format!(
        "Of each later basket of two or more items one is hidden, and looked for among the ten best for the others; one that is new \
         is missed by all{versions}. implicit's answers are cleaned: without the basket's own items, and without those that it fills up \
         with. CPU seconds are those of learning.\n\n{table}"
    );
    let section = report::section("Recommendations", words.trim_end(), &figures);
    println!("\n{section}");
    if value("--python").is_none() || value("--only").is_some() || figures.len() < 12 {
        println!("docs/benchmarks.md is left as it is: not all was measured.");
        return Ok(());
    }
    Ok(report::keep("recommendations", &section)?)
}

/// Prints the rows of a data set, and says how ours stand beside the best of the others.
fn compare(
    name: &str,
    split: &Split,
    folder: &Path,
    python: Option<&String>,
    say: &mut impl FnMut(String),
) -> Result<Vec<Figure>, Failure> {
    let questions = Questions::of(split.later.all(), &split.later.numbers(), 1);
    let mut row = |row: &Row| {
        let Row { with, hit_rate, ndcg, seconds } = row;
        let (baskets, items, questions) = (split.older.numbers().len(), split.item_count, questions.len());
        say(format!(
            "| {name} | {baskets} | {items} | {questions} | {with} | {hit_rate:.4} | {ndcg:.4} | {seconds:.2} |"
        ));
    };
    let ours = ours(split, &questions);
    ours.iter().for_each(&mut row);
    let Some(python) = python else { return Ok(Vec::new()) };
    let path = folder.join(name);
    write(&path, split, &questions)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/recommendations_implicit.py");
    let items = split.item_count.to_string();
    let printed = run(Command::new(python).arg(script).arg(&path).args([&items, &ANSWERS.to_string()]))?;
    let theirs: Vec<Row> = printed.lines().map(parse).collect::<Result<_, _>>()?;
    theirs.iter().for_each(&mut row);
    let best = |figure: fn(&Row) -> f64| {
        theirs.iter().max_by(|one, other| figure(one).total_cmp(&figure(other))).ok_or("the peers say nothing")
    };
    let mut figures = Vec::new();
    for (what, figure) in [("hit rate", (|row| row.hit_rate) as fn(&Row) -> f64), ("NDCG", |row| row.ndcg)] {
        let other = best(figure)?;
        for ours in &ours {
            let times = figure(ours) / figure(other);
            let what = format!("{name}: {what}, {} beside {}", ours.with, other.with);
            figures.push(Figure::against(what, format!("{times:.3}"), "≥ 1.05", times >= GOAL));
        }
    }
    Ok(figures)
}

/// The model, and the similar items alone.
fn ours(split: &Split, questions: &Questions) -> Vec<Row> {
    let start = cpu_seconds();
    let learned = LEARNING.learn(split.learnt.all(), &split.learnt.numbers(), split.item_count, &|_| 1.0);
    let seconds = cpu_seconds() - start;
    let start = cpu_seconds();
    let listed = listed(split, &learned);
    let listing = cpu_seconds() - start;
    let row = |with: &str, figures: Figures, seconds: f64| Row {
        with: with.to_owned(),
        hit_rate: figures.hit_rate().unwrap_or_default(),
        ndcg: figures.ndcg().unwrap_or_default(),
        seconds,
    };
    let model = ask(questions, split.item_count, |basket, scores| learned.model.score(basket, scores));
    let similar = ask(questions, split.item_count, |basket, scores| {
        scores.fill(0.0);
        listed.add_to(basket, scores);
        scores.iter_mut().filter(|score| **score == 0.0).for_each(|score| *score = f64::NEG_INFINITY);
        leave_out(basket, scores);
    });
    vec![row("nightloom recommend", model, seconds), row("nightloom similar_items", similar, seconds + listing)]
}

fn ask(questions: &Questions, item_count: usize, score: impl Fn(&[u32], &mut [f64])) -> Figures {
    let mut figures = Figures::default();
    let mut scores = vec![0.0; item_count];
    for question in 0..questions.len() {
        let (basket, hidden) = questions.get(question);
        score(basket, &mut scores);
        let place = best(&scores, ANSWERS).into_iter().position(|(item, _)| item == hidden);
        figures.add(place.map(|place| place + 1));
    }
    figures
}

/// What `similar_items` would say.
fn listed(split: &Split, learned: &Learned) -> Pairs {
    let Transactions { offsets, items } = split.learnt.all();
    let co_orders = CoOrders::new(offsets.to_vec(), items.to_vec(), split.item_count, LEARNING.max_basket, None);
    let vectors = Vectors::build(&co_orders, Weight::Raw, 50);
    let pairs = &learned.model.pairs;
    let measured = Measured {
        starts: &pairs.starts,
        others: &pairs.others,
        weights: &pairs.weights,
        shares: &learned.shares,
        prior: learned.listed_prior,
    };
    let similar = SIMILAR.find(&co_orders, &vectors, &vec![true; split.item_count], Some(measured));
    let weights = similar.scores.iter().map(|score| *score as f32).collect();
    Pairs { starts: similar.offsets, others: similar.items, weights }
}

/// Writes what a peer reads: files of 32-bit numbers.
fn write(path: &Path, split: &Split, questions: &Questions) -> std::io::Result<()> {
    let mut asked = Baskets::default();
    let mut hidden = Vec::new();
    for question in 0..questions.len() {
        let (basket, item) = questions.get(question);
        asked.push(basket);
        hidden.push(item);
    }
    let file = |numbers: &[u32], extension: &str| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        fs::write(with_extension(path, extension), bytes)
    };
    let (older, asked) = (split.older.all(), asked.all());
    file(older.offsets, "older.offsets")?;
    file(older.items, "older.items")?;
    file(asked.offsets, "asked.offsets")?;
    file(asked.items, "asked.items")?;
    file(&hidden, "hidden")
}

fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

/// Reads `name;hit rate;NDCG;seconds`.
fn parse(line: &str) -> Result<Row, Failure> {
    let [with, hit_rate, ndcg, seconds] = line.split(';').collect::<Vec<_>>()[..] else {
        return Err(format!("not three figures: {line}").into());
    };
    Ok(Row { with: with.to_owned(), hit_rate: hit_rate.parse()?, ndcg: ndcg.parse()?, seconds: seconds.parse()? })
}

/// What this process has used.
fn cpu_seconds() -> f64 {
    // SAFETY: zeros are a valid value of this structure of numbers, and the call only fills it in.
    let used = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut used);
        used
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(used.ru_utime) + seconds(used.ru_stime)
}

/// What the peers are.
fn versions(python: &str) -> Result<String, Failure> {
    let program = "import platform, numpy, scipy, implicit\n\
                   names = [(module.__name__, module.__version__) for module in (numpy, scipy, implicit)]\n\
                   print('Python ', platform.python_version(), *(f', {name} {version}' for name, version in names), sep='')";
    Ok(format!("; peers: {}", run(Command::new(python).args(["-c", program]))?.trim()))
}

fn run(command: &mut Command) -> Result<String, Failure> {
    let done = command.output()?;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}
