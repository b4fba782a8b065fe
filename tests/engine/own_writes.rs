//! What a pipeline writes into the database that it reads does not make it stale; what others write does.

use rusqlite::Connection;

use super::shop::wait_until_committing;
use crate::support::Place;

const PIPELINE: &str = r#"
name = "loop"

[sources.open]
sqlite = "shop.db"
query = "SELECT id, name FROM items WHERE done IS NULL ORDER BY id"

[sources.all]
sqlite = "shop.db"
query = "SELECT id, name FROM items ORDER BY id"

[stages.marks]
operator = "sql"
inputs = { o = "open" }
params = { query = "SELECT id, UPPER(name) AS done FROM o ORDER BY id" }

[sinks.marks]
from = "marks"
sqlite = "shop.db"
table = "items"
mode = "update"
keys = ["id"]

[sinks.all]
from = "all"
sqlite = "shop.db"
table = "seen"
"#;

fn place(mode: &str) -> Place {
    let place = Place::new();
    place.write("p.toml", PIPELINE);
    place.sql(
        "shop.db",
        &format!(
            "PRAGMA journal_mode = {mode}; CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, done TEXT);
             INSERT INTO items (name) VALUES ('a'), ('b');"
        ),
    );
    place
}

fn items(place: &Place) -> Vec<String> {
    place.query("shop.db", "SELECT * FROM items")
}

#[test]
fn all_is_fresh_after_a_run_that_changed_its_own_source() {
    for mode in ["delete", "wal"] {
        let place = place(mode);
        place.run(&[]).expect_success();
        assert_eq!(items(&place), ["1|a|A", "2|b|B"]);
        place.assert_fresh(mode);
        let did = place.run_states(&[]);
        assert!(did.values().all(|status| status == "fresh"), "{mode}: {did:?}");
    }
}

#[test]
fn what_somebody_else_writes_afterwards_is_read() {
    for mode in ["delete", "wal"] {
        let place = place(mode);
        place.run(&[]).expect_success();
        place.sql("shop.db", "INSERT INTO items (name) VALUES ('c')");
        assert_eq!(place.plan(&[])["open"].0, "stale", "{mode}");
        place.run(&[]).expect_success();
        assert_eq!(items(&place), ["1|a|A", "2|b|B", "3|c|C"], "{mode}");
        assert_eq!(place.query("shop.db", "SELECT COUNT(*) FROM seen"), ["3"], "{mode}");
        place.assert_fresh(mode);
    }
}

/// Somebody holds a write-ahead log open all the while, so that it is never moved into the database.
#[test]
fn a_write_ahead_log_that_others_keep_open_is_followed_too() {
    let place = place("wal");
    let other = Connection::open(place.path("shop.db")).expect("a database");
    other.execute_batch("INSERT INTO items (name) VALUES ('c')").expect("a row");
    place.run(&[]).expect_success();
    assert_eq!(items(&place), ["1|a|A", "2|b|B", "3|c|C"]);
    place.assert_fresh("others connected");
    other.execute_batch("INSERT INTO items (name) VALUES ('d')").expect("a row");
    assert_eq!(place.plan(&[])["open"].0, "stale");
    place.run(&[]).expect_success();
    assert_eq!(items(&place)[3], "4|d|D");
    place.assert_fresh("others connected");
}

/// A stage that takes a while leaves room for somebody else to write between reading and writing.
#[test]
fn what_somebody_else_writes_between_reading_and_writing_is_noticed() {
    for mode in ["delete", "wal"] {
        let place = place(mode);
        let holder = Connection::open(place.path("shop.db")).expect("a database");
        holder.execute_batch("BEGIN IMMEDIATE; INSERT INTO items (name) VALUES ('late')").expect("a row");
        let run = place.command(["run", "p.toml"]).stderr(std::process::Stdio::piped()).spawn().expect("a run");
        // The run reads, then waits for the database to write; the row comes in between.
        wait_until_committing(&place);
        holder.execute_batch("COMMIT").expect("a row");
        let ended = run.wait_with_output().expect("an end");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        drop(holder);
        assert_eq!(items(&place), ["1|a|A", "2|b|B", "3|late|-"], "{mode}: the row was read too early");
        assert_eq!(place.plan(&[])["open"].0, "stale", "{mode}");
        place.run(&[]).expect_success();
        assert_eq!(items(&place)[2], "3|late|LATE", "{mode}");
        place.assert_fresh(mode);
    }
}

const COUNTER: &str = r#"
name = "counter"

[sources.seen]
csv = "seen.csv"

[sources.known]
sqlite = "shop.db"
table = "counts"

[stages.renamed]
operator = "sql"
inputs = { known = "known" }
params = { query = "SELECT name, times AS before FROM known ORDER BY name" }

[stages.counted]
operator = "sql"
inputs = { seen = "seen", renamed = "renamed" }
params = { query = "SELECT seen.name, COALESCE(before, 0) + 1 AS times FROM seen LEFT JOIN renamed USING (name) ORDER BY seen.name" }

[sinks.counts]
from = "counted"
sqlite = "shop.db"
table = "counts"
mode = "upsert"
keys = ["name"]
"#;

/// The table changes by nobody else's hand: only the file of the night is new.
#[test]
fn a_stage_that_is_due_sees_what_the_last_run_wrote() {
    for mode in ["delete", "wal"] {
        let place = Place::new();
        place.write("p.toml", COUNTER);
        place.sql(
            "shop.db",
            &format!("PRAGMA journal_mode = {mode}; CREATE TABLE counts (name TEXT PRIMARY KEY, times INTEGER)"),
        );
        for (night, expected) in [("a\n", "a|1"), ("a\n\n", "a|2"), ("a\nb\n", "a|3,b|1")] {
            place.write("seen.csv", format!("name\n{night}"));
            place.run(&[]).expect_success();
            assert_eq!(place.query("shop.db", "SELECT * FROM counts").join(","), expected, "{mode}");
            place.assert_fresh(mode);
        }
        place.write("seen.csv", "name\nb\n");
        let plan = place.plan(&[]);
        assert_eq!(plan["known"].0, "stale", "{mode}: {plan:?}");
        assert!(plan["known"].1.contains("written by this pipeline since it was read"), "{mode}: {plan:?}");
    }
}

#[test]
fn a_source_that_ignores_own_writes_gives_a_stage_the_same_rows_again() {
    let place = Place::new();
    place.write(
        "p.toml",
        COUNTER.replace(
            "table = \"counts\"\n\n[stages.renamed]",
            "table = \"counts\"\nown_writes = \"ignore\"\n\n[stages.renamed]",
        ),
    );
    place.sql("shop.db", "CREATE TABLE counts (name TEXT PRIMARY KEY, times INTEGER)");
    for (night, expected) in [("a\n", "a|1"), ("a\n\n", "a|1"), ("a\nb\n", "a|1,b|1")] {
        place.write("seen.csv", format!("name\n{night}"));
        place.run(&[]).expect_success();
        assert_eq!(place.query("shop.db", "SELECT * FROM counts").join(","), expected);
    }
    place.sql("shop.db", "UPDATE counts SET times = 7 WHERE name = 'b'");
    place.run(&[]).expect_success();
    assert_eq!(place.query("shop.db", "SELECT * FROM counts").join(","), "a|2,b|8");
}
