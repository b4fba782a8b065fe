//! Any moment may be the last: a killed run is finished by the next, and nothing tells that it was killed.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use super::shop::{copy_folder, dump};
use crate::support::{Place, project};

/// A feedback loop (orders that are not done are read, and set done in the same database), sinks of every mode in three
/// databases, one of which is made, and files of every format.
const PIPELINE: &str = r#"
name = "night"

[sources.open_orders]
sqlite = "shop.db"
query = "SELECT id, customer, cents FROM orders WHERE done IS NULL ORDER BY id"

[sources.customers]
csv = "customers.csv"

[stages.totals]
operator = "sql"
inputs = { o = "open_orders" }
params = { query = "SELECT customer, SUM(cents) AS cents, COUNT(*) AS n FROM o GROUP BY customer ORDER BY customer" }

[stages.named]
operator = "sql"
inputs = { t = "totals", c = "customers" }
params = { query = "SELECT t.customer, c.name, t.cents, t.n FROM t JOIN c ON t.customer = c.customer ORDER BY t.customer" }

[stages.marks]
operator = "sql"
inputs = { o = "open_orders" }
params = { query = "SELECT id, 1 AS done FROM o ORDER BY id" }

[sinks.marks]
from = "marks"
sqlite = "shop.db"
table = "orders"
mode = "update"
keys = ["id"]

[sinks.history]
from = "named"
sqlite = "shop.db"
table = "history"
mode = "append"

[sinks.totals]
from = "totals"
sqlite = "shop.db"
table = "totals"

[sinks.latest]
from = "named"
sqlite = "other.db"
table = "latest"
mode = "upsert"
keys = ["customer"]

[sinks.log]
from = "totals"
sqlite = "new/log.db"
table = "log"
mode = "append"

[sinks.parquet]
from = "named"
parquet = "out/named.parquet"

[sinks.csv]
from = "named"
csv = "out/named.csv"

[sinks.ndjson]
from = "totals"
ndjson = "out/totals.ndjson"
"#;

/// A shop before its first night.
fn first_night(journal_mode: &str) -> Place {
    let place = Place::new();
    place.write("p.toml", PIPELINE);
    place.write("customers.csv", "customer,name\na,Ada\nb,Bo\n");
    place.sql(
        "other.db",
        &format!("PRAGMA journal_mode = {journal_mode}; CREATE TABLE other (x); INSERT INTO other VALUES (1);"),
    );
    place.sql(
        "shop.db",
        &format!(
            "PRAGMA journal_mode = {journal_mode};
             CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, cents INTEGER, done INTEGER);
             INSERT INTO orders (customer, cents) VALUES ('a', 100), ('b', 250), ('a', 1);"
        ),
    );
    place
}

/// The same shop after a whole night and a day of new orders and customers.
fn second_night(journal_mode: &str) -> Place {
    let place = first_night(journal_mode);
    place.run(&[]).expect_success();
    place.sql("shop.db", "INSERT INTO orders (customer, cents) VALUES ('b', 7), ('c', 70), ('c', 700);");
    place.write("customers.csv", "customer,name\na,Ada\nb,Bo\nc,Cy\n");
    place
}

/// Everything that a night leaves behind: all tables and all files.
fn state(place: &Place) -> String {
    let mut text = ["shop.db", "other.db", "new/log.db"].map(|name| dump(&place.path(name))).concat();
    for name in ["out/named.csv", "out/totals.ndjson"] {
        text += &fs::read_to_string(place.path(name)).unwrap_or_else(|_| "missing".to_owned());
    }
    let mut left: Vec<_> =
        fs::read_dir(place.path("out")).into_iter().flatten().flatten().map(|e| e.file_name()).collect();
    left.sort();
    text + &format!("{left:?}\n{:?}", parquet_rows(&place.path("out/named.parquet")))
}

/// The bytes of a Parquet file before its footer, which names the run.
fn parquet_rows(path: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(path).ok()?;
    let tail = bytes.len().checked_sub(8)?;
    let length = u32::from_le_bytes(bytes.get(tail..tail + 4)?.try_into().ok()?) as usize;
    Some(bytes.get(..tail.checked_sub(length)?)?.to_vec())
}

fn copy_of(base: &Place) -> Place {
    let place = Place::new();
    copy_folder(&base.path(""), &place.path(""));
    place
}

/// What an undisturbed run leaves behind.
fn undisturbed(base: &Place) -> String {
    let place = copy_of(base);
    place.run(&[]).expect_success();
    place.assert_fresh("undisturbed");
    state(&place)
}

/// The names of all points at which a run can be killed, from the source, so that a new one is covered by itself.
fn failpoints() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![project().join("src/pipeline"), project().join("src/io")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the source").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let source = fs::read_to_string(entry.path()).expect("the source");
            let calls = ["pass(\"", "fail(\"", "fail)(\""];
            for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
                for (_, rest) in calls.iter().filter_map(|call| line.split_once(call)) {
                    let name = rest.split_once("\")").map_or("", |(name, _)| name);
                    if !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
                        names.insert(name.to_owned());
                    }
                }
            }
        }
    }
    // Only stages that hand over their rows batch by batch pass it: see the kills of an ingest.
    assert!(names.remove("stage-batch-written"), "{names:?}");
    // Only a search index passes these: see the kills of a catalog.
    names.retain(|name| !name.starts_with("index-"));
    assert!(names.len() >= 17 && names.contains("sqlite-batch"), "{names:?}");
    names
}

/// Kills a run at every failpoint, each time it is passed, and hands what the next run leaves to `check`.
fn kill_at_every_failpoint(base: &Place, check: &dyn Fn(&str, &Place)) {
    kill_at(&failpoints(), base, check);
}

fn kill_at(names: &BTreeSet<String>, base: &Place, check: &dyn Fn(&str, &Place)) {
    for name in names {
        for pass in 1.. {
            let at = format!("{name}:{pass}");
            let place = copy_of(base);
            let killed = place.command(["run", "p.toml"]).env("NIGHTLOOM_FAILPOINT", &at).output().expect("a run");
            if killed.status.code() == Some(0) {
                assert!(pass > 1, "'{name}' is never passed");
                break;
            }
            assert_eq!(killed.status.code(), None, "{at}: {}", String::from_utf8_lossy(&killed.stderr));
            if pass == 1 {
                // To look disturbs nothing.
                place.plan(&[]);
            }
            place.run(&[]).expect_success();
            check(&at, &place);
            place.assert_fresh(&at);
        }
    }
}

#[track_caller]
fn assert_same(at: &str, place: &Place, expected: &str) {
    assert!(state(place) == expected, "{at}:\n{}\n--- undisturbed:\n{expected}", state(place));
}

#[test]
fn a_first_run_killed_at_any_failpoint_is_finished_by_the_next() {
    let base = first_night("delete");
    let expected = undisturbed(&base);
    kill_at_every_failpoint(&base, &|at, place| assert_same(at, place, &expected));
}

#[test]
fn a_later_run_killed_at_any_failpoint_is_finished_by_the_next() {
    let base = second_night("delete");
    let expected = undisturbed(&base);
    kill_at_every_failpoint(&base, &|at, place| assert_same(at, place, &expected));
}

/// In WAL mode a run cannot tell its killed forerunner's write from somebody else's, and reads the source again: what is
/// made of the orders that are still open is then made of none. Nothing is lost and nothing is applied twice.
#[test]
fn a_run_on_write_ahead_logs_killed_at_any_failpoint_loses_nothing_and_repeats_nothing() {
    let base = second_night("wal");
    let kept = |place: &Place| {
        let tables = ["orders", "history"].map(|table| place.query("shop.db", &format!("SELECT * FROM {table}")));
        let others = (place.query("other.db", "SELECT * FROM latest"), place.query("new/log.db", "SELECT * FROM log"));
        (tables, others, place.query("shop.db", "PRAGMA journal_mode"))
    };
    let totals = |place: &Place| place.query("shop.db", "SELECT * FROM totals");
    let whole = copy_of(&base);
    whole.run(&[]).expect_success();
    let writing =
        failpoints().into_iter().filter(|name| !name.starts_with("step") && !name.starts_with("checkpoint")).collect();
    kill_at(&writing, &base, &|at, place| {
        assert_eq!(kept(place), kept(&whole), "{at}");
        assert!(totals(place) == totals(&whole) || totals(place).is_empty(), "{at}: {:?}", totals(place));
    });
}

#[test]
fn what_a_killed_run_had_to_write_to_a_sink_that_is_no_more_is_left_out_with_a_warning() {
    let place = first_night("delete");
    let mut command = place.command(["run", "p.toml"]);
    let killed = command.env("NIGHTLOOM_FAILPOINT", "commit-after-intents").output().expect("a run");
    assert_eq!(killed.status.code(), None);
    place.write("p.toml", PIPELINE.replace("[sinks.log]", "[sinks.renamed]"));
    let next = place.run(&[]).expect_success();
    assert!(next.stderr.contains("warning: sink 'log' of the interrupted run"), "{}", next.stderr);
    assert_eq!(place.query("new/log.db", "SELECT * FROM log"), ["a|101|2", "b|250|1"]);
    assert_eq!(place.query("shop.db", "SELECT COUNT(*) FROM history"), ["2"]);
    place.assert_fresh("renamed");
}

/// From a point on nothing can be written, neither to databases and files nor to the journal: the run fails with words, and
/// the next one leaves what an undisturbed one does.
#[test]
fn a_disk_that_is_full_at_any_point_of_a_commit_leaves_nothing_half_written() {
    let base = second_night("delete");
    let expected = undisturbed(&base);
    let places = |start: &[&str]| -> BTreeSet<String> {
        failpoints().into_iter().filter(|name| start.iter().any(|start| name.starts_with(start))).collect()
    };
    for name in places(&["sqlite", "commit", "file"]) {
        for pass in 1.. {
            let at = format!("full@{name}:{pass}");
            let place = copy_of(&base);
            let run = place.command(["run", "p.toml"]).env("NIGHTLOOM_FAILPOINT", &at).output().expect("a run");
            let said = String::from_utf8_lossy(&run.stderr);
            if run.status.code() == Some(0) {
                assert!(pass > 1, "'{name}' is never passed");
                break;
            }
            assert_eq!(run.status.code(), Some(1), "{at}: {said}");
            assert!(!said.contains("panicked"), "{at}: {said}");
            let written =
                [dump(&place.path("shop.db")), dump(&place.path("other.db")), dump(&place.path("new/log.db"))]
                    != [dump(&base.path("shop.db")), dump(&base.path("other.db")), dump(&base.path("new/log.db"))];
            let claims = said.contains("nothing was written");
            assert!(!(written && claims), "{at}: {said}");
            place.run(&[]).expect_success();
            assert_same(&at, &place, &expected);
            place.assert_fresh(&at);
        }
    }
}

/// The same with write-ahead logs: what is in them is committed, even when it cannot be moved into the database.
#[test]
fn a_disk_that_is_full_at_any_point_of_a_commit_to_write_ahead_logs_loses_and_repeats_nothing() {
    let base = second_night("wal");
    let kept = |place: &Place| {
        let tables = ["orders", "history"].map(|table| place.query("shop.db", &format!("SELECT * FROM {table}")));
        (tables, place.query("other.db", "SELECT * FROM latest"), place.query("new/log.db", "SELECT * FROM log"))
    };
    let whole = copy_of(&base);
    whole.run(&[]).expect_success();
    for name in ["sqlite-begun", "sqlite-batch", "sqlite-before-commit", "sqlite-after-commit", "commit-database-done"]
    {
        for pass in 1..=2 {
            let at = format!("full@{name}:{pass}");
            let place = copy_of(&base);
            let run = place.command(["run", "p.toml"]).env("NIGHTLOOM_FAILPOINT", &at).output().expect("a run");
            assert_eq!(run.status.code(), Some(1), "{at}: {}", String::from_utf8_lossy(&run.stderr));
            place.run(&[]).expect_success();
            assert_eq!(kept(&place), kept(&whole), "{at}");
        }
    }
}

/// Starts a run and kills it after a time; whether it was killed rather than done.
fn kill_after(place: &Place, time: Duration) -> bool {
    let mut run = place.command(["run", "p.toml"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
    thread::sleep(time);
    run.kill().expect("a kill");
    run.wait().expect("an end").code().is_none()
}

#[test]
fn runs_killed_after_random_times_are_finished_by_the_next() {
    let base = second_night("delete");
    let expected = undisturbed(&base);
    let started = Instant::now();
    copy_of(&base).run(&[]).expect_success();
    // How long a run takes changes with what else the machine does: kills follow it.
    let mut whole = started.elapsed();
    let mut dice = Pcg64::seed_from_u64(7);
    let (mut killed, mut round) = (0, 0);
    while killed < 30 {
        round += 1;
        assert!(round <= 60, "only {killed} runs were killed in {round} rounds");
        let place = copy_of(&base);
        // Every third shop loses several runs in a row.
        for _ in 0..if round % 3 == 0 { 3 } else { 1 } {
            let was_killed = kill_after(&place, whole.mul_f64(dice.random_range(0.1..1.0)));
            killed += u32::from(was_killed);
            whole = whole.mul_f64(if was_killed { 1.03 } else { 0.85 });
        }
        place.run(&[]).expect_success();
        assert_same(&format!("round {round}"), &place, &expected);
        place.assert_fresh(&format!("round {round}"));
    }
}
