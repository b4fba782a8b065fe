//! An index of many products: full syncs, a sync of fifty changes, and searching, each as a whole process.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::Command,
};

use super::{gibibytes, process::measure};

/// Words that titles and descriptions are made of; the first are the most frequent.
const WORDS: u64 = 8_000;
/// Products that change in the second night.
const CHANGED: u64 = 50;
/// Shops among which they lie.
const SHOPS: u64 = 100;
/// Queries of which the median and the worst are told.
const QUERIES: u64 = 21;

/// Prints what an index of so many products takes.
pub fn run(folder: &Path, products: u64) -> Result<(), String> {
    let place = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
    let bench = Bench { place: place.path().to_owned(), log: folder.join("log"), products };
    bench.write(0)?;
    let (seconds, peak) = bench.sync(&["--full"])?;
    println!("{products}: full sync {seconds:.2} s, {peak:.2} GiB");
    let (seconds, _) = bench.sync(&["--full"])?;
    println!("{products}: full sync of the same {seconds:.2} s");
    bench.write(1)?;
    let (seconds, peak) = bench.sync(&[])?;
    let (detection, after) = bench.seconds()?;
    println!(
        "{products}: sync of {CHANGED} changes {seconds:.2} s, {peak:.2} GiB: detection {detection:.2} s, after it {after:.2} s"
    );
    for (what, more) in [("", &[][..]), (" of one shop of a hundred", &["--shop", "shop7.example"])] {
        let (median, worst) = bench.search(more, query)?;
        println!("{products}: hybrid query{what} {:.0} ms, the slowest {:.0} ms", median * 1e3, worst * 1e3);
    }
    let (median, worst) = bench.search(&["--where", "price < 100"], query)?;
    println!("{products}: hybrid query with a condition {:.0} ms, the slowest {:.0} ms", median * 1e3, worst * 1e3);
    let (median, worst) = bench.search(&[], misspelt)?;
    println!("{products}: hybrid query with a typo {:.0} ms, the slowest {:.0} ms", median * 1e3, worst * 1e3);
    Ok(())
}

struct Bench {
    place: PathBuf,
    log: PathBuf,
    products: u64,
}

impl Bench {
    fn write(&self, night: u64) -> Result<(), String> {
        let write = || -> std::io::Result<()> {
            let mut lines = BufWriter::new(File::create(self.place.join("catalog.ndjson"))?);
            for id in 0..self.products {
                let is_changed = night > 0 && id % (self.products / CHANGED) == 7;
                let cents = 100 + id.wrapping_mul(7_919) % 90_000 + u64::from(is_changed);
                writeln!(
                    lines,
                    r#"{{"id":"P{id:08}","name":"{}","description":"{}","brand":"{}","shop":"shop{}.example","price":{}.{:02},"in_stock":{}}}"#,
                    text(id, 0, 6),
                    text(id, 1, 40),
                    word(id % 500),
                    id % SHOPS,
                    cents / 100,
                    cents % 100,
                    id % 9 != 0
                )?;
            }
            lines.flush()
        };
        write().map_err(|error| format!("writing the catalog: {error}"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
        command.args(arguments).current_dir(&self.place);
        command
    }

    fn sync(&self, more: &[&str]) -> Result<(f64, f64), String> {
        let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
        let (pipeline, full) = (pipelines.join("catalog-sync.toml"), pipelines.join("resync.toml"));
        let mut command = self.command(&["catalog", "sync", "shop.example", "catalog.ndjson", "--index", "search.db"]);
        command
            .arg("--pipeline")
            .arg(pipeline)
            .arg("--full-pipeline")
            .arg(full)
            .args(["--workspace", "work"])
            .args(more);
        let ran = measure(&mut command, &self.log)?;
        Ok((ran.wall.as_secs_f64(), gibibytes(ran.peak)))
    }

    /// Seconds until the changes of the last run were known, and from then to its end.
    fn seconds(&self) -> Result<(f64, f64), String> {
        let refused = |error: rusqlite::Error| format!("the journal: {error}");
        let journal = rusqlite::Connection::open(self.place.join("work/.nightloom/journal.db")).map_err(refused)?;
        let sql = "WITH last AS (SELECT run_id, (julianday(ended_at) - julianday(started_at)) * 86400 AS seconds FROM runs \
                   ORDER BY started_at DESC LIMIT 1) SELECT sum(s.seconds), last.seconds - sum(s.seconds) FROM steps s JOIN last \
                   USING (run_id) WHERE s.kind = 'source' OR s.step = 'changes'";
        journal.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).map_err(refused)
    }

    /// The median and the slowest of several queries.
    fn search(&self, more: &[&str], query: fn(u64) -> String) -> Result<(f64, f64), String> {
        let mut times = Vec::new();
        for number in 0..QUERIES {
            let mut command = self.command(&["search", &query(number * 977 % self.products), "--index", "search.db"]);
            command.args(more);
            times.push(measure(&mut command, &self.log)?.wall.as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        Ok((median, times.last().copied().unwrap_or_default()))
    }
}

/// Three words of a product's title.
fn query(id: u64) -> String {
    let title = text(id, 0, 6);
    title.split(' ').step_by(2).collect::<Vec<_>>().join(" ")
}

/// The same with two letters of the first word exchanged.
fn misspelt(id: u64) -> String {
    let mut letters: Vec<char> = query(id).chars().collect();
    letters.swap(1, 2);
    letters.into_iter().collect()
}

/// Words of a product, the frequent ones more often.
fn text(id: u64, field: u64, count: u64) -> String {
    let mut state = (id * 31 + field).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut words = Vec::new();
    for _ in 0..count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let drawn = (state >> 11) as f64 / (1_u64 << 53) as f64;
        words.push(word((drawn.powi(3) * WORDS as f64) as u64));
    }
    words.join(" ")
}

/// A word of three or four syllables.
fn word(number: u64) -> String {
    const BEGINS: [&str; 20] =
        ["b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "st", "tr"];
    const VOWELS: [&str; 5] = ["a", "e", "i", "o", "u"];
    let mut out = String::new();
    let mut rest = number.wrapping_mul(7_919) % 1_000_000;
    for _ in 0..3 {
        out.push_str(BEGINS[(rest % 20) as usize]);
        rest /= 20;
        out.push_str(VOWELS[(rest % 5) as usize]);
        rest /= 5;
    }
    out
}
