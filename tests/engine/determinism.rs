//! The same in, the same out: whatever the threads, the time and the order of events.

use std::{collections::BTreeMap, fs, path::Path};

use crate::support::{Place, project};

/// Grouping, joining and sorting over enough rows for several threads, with several stages side by side.
const PIPELINE: &str = r#"
name = "same"

[sources.orders]
csv = "orders.csv"
types = { price = "float" }

[stages.totals]
operator = "sql"
inputs = { o = "orders" }
params = { query = "SELECT customer, SUM(cents) AS total, ROUND(AVG(price), 10) AS mean, COUNT(*) AS n FROM o GROUP BY customer ORDER BY customer" }

[stages.days]
operator = "sql"
inputs = { o = "orders" }
params = { query = "SELECT day, COUNT(DISTINCT customer) AS n, MAX(price) AS top FROM o GROUP BY day ORDER BY day" }

[stages.rich]
operator = "sql"
inputs = { o = "orders", t = "totals" }
params = { query = "SELECT o.id, o.customer, o.cents / t.mean AS share FROM o JOIN t ON o.customer = t.customer ORDER BY o.id" }

[sinks.rich]
from = "rich"
parquet = "rich.parquet"

[sinks.totals]
from = "totals"
csv = "totals.csv"

[sinks.days]
from = "days"
sqlite = "shop.db"
table = "days"
"#;

fn write(place: &Place) {
    let mut orders = "id,customer,day,price,cents\n".to_owned();
    for id in 0..60_000_u64 {
        let mixed = id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let (euros, cents) = (mixed % 400, mixed % 100);
        orders += &format!("{id},c{},{},{euros}.{cents:02},{}\n", mixed % 997, mixed % 31, euros * 100 + cents);
    }
    place.write("orders.csv", orders);
    place.write("p.toml", PIPELINE);
}

/// The short fingerprint and the content of each step's checkpoint, and the bytes of the files.
fn made(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for step in ["orders", "totals", "days", "rich"] {
        for folder in place.checkpoints("same", step) {
            let manifest: serde_json::Value =
                serde_json::from_slice(&fs::read(folder.join("manifest.json")).expect("a manifest")).expect("JSON");
            let name = format!("{step} {}", folder.file_name().expect("a name").display());
            found.insert(name, manifest["outputs"][0]["content"].to_string().into_bytes());
        }
    }
    found.insert("totals.csv".to_owned(), fs::read(place.path("totals.csv")).expect("a file"));
    found.insert("days".to_owned(), place.query("shop.db", "SELECT * FROM days").join("\n").into_bytes());
    found
}

#[test]
fn jobs_and_threads_do_not_change_a_byte() {
    let mut results = Vec::new();
    for (jobs, threads) in [("1", "1"), ("2", "2"), ("4", "7")] {
        let place = Place::new();
        write(&place);
        let run = place
            .command(["run", "p.toml", "--jobs", jobs])
            .env("POLARS_MAX_THREADS", threads)
            .output()
            .expect("a run");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        results.push(made(&place));
    }
    assert_eq!(results[0].len(), 6);
    for other in &results[1..] {
        assert!(&results[0] == other, "{:?}\n{:?}", results[0].keys(), other.keys());
    }
}

#[test]
fn as_of_and_seed_are_noted_and_change_nothing_of_steps_that_do_not_use_them() {
    let place = Place::new();
    place.write("p.toml", "name = \"t\"\n[sources.x]\ncsv = \"x.csv\"\n[stages.s]\noperator = \"sql\"\ninputs = { x = \"x\" }\nparams = { query = \"SELECT * FROM x\" }\n");
    place.write("x.csv", "id\n1\n");
    place.run(&["--as-of", "2026-03-01", "--seed", "7"]).expect_success();
    let noted = place.query(".nightloom/journal.db", "SELECT as_of, seed FROM runs");
    assert_eq!(noted, ["2026-03-01T00:00:00Z|7"]);
    let did = place.run_states(&["--as-of", "2026-04-01T12:00:00Z", "--seed", "8"]);
    assert!(did.values().all(|status| status == "fresh"), "{did:?}");
}

/// No source file of the rooms whose results count asks the clock, the environment or a seedless generator.
#[test]
fn operators_ask_neither_clock_nor_environment() {
    let mut folders = ["linking", "mining", "bundles", "workflows", "catalog", "operator"]
        .map(|room| project().join("src").join(room))
        .to_vec();
    let forbidden = [
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "env::var",
        "rand::rng(",
        "thread_rng",
        "from_os_rng",
    ];
    let mut read = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|ending| ending == "rs") {
                read += 1;
                assert_pure(&entry.path(), &forbidden);
            }
        }
    }
    assert!(read > 5, "the source was not found");
}

fn assert_pure(path: &Path, forbidden: &[&str]) {
    let source = fs::read_to_string(path).expect("the source");
    let tests = source.find("#[cfg(test)]").unwrap_or(source.len());
    for word in forbidden {
        let found = source.find(word).is_some_and(|at| at < tests) && !path.ends_with("tests.rs");
        assert!(!found, "{} uses {word}", path.display());
    }
}
