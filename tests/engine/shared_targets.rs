//! Two runs that write one file, and tables that others refer to or that have rules of their own.

use std::{
    fs::{self, File},
    process::{Child, Stdio},
};

use super::shop::dump;
use crate::support::{Finished, Place};

const PIPELINE: &str = r#"
name = "shared"
scope = "${vars.shop}"

[vars]
shop = { default = "none" }

[sources.rows]
csv = "${vars.shop}.csv"

[sinks.file]
from = "rows"
csv = "out/shared.csv"

[sinks.parquet]
from = "rows"
parquet = "out/shared.parquet"
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("p.toml", PIPELINE);
    for shop in ["one", "two"] {
        place.write(&format!("{shop}.csv"), format!("shop\n{}", format!("{shop}\n").repeat(30_000)));
    }
    place
}

fn start(place: &Place, shop: &str) -> Child {
    let shop = format!("vars.shop={shop}");
    let mut command = place.command(["run", "p.toml", "--full-refresh", "--set", &shop]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a run")
}

fn end(run: Child) -> Finished {
    Finished::from(run.wait_with_output().expect("an end"))
}

#[test]
fn of_two_runs_that_write_one_file_it_is_the_one_s_or_the_other_s_in_a_hundred_rounds() {
    let place = place();
    for round in 0..100 {
        let both = [start(&place, "one"), start(&place, "two")];
        for run in both {
            end(run).expect_success();
        }
        let content = place.read("out/shared.csv");
        let whole = ["one", "two"].map(|shop| place.read(&format!("{shop}.csv")));
        assert!(whole.contains(&content), "round {round}: {} bytes of both", content.len());
        let left: Vec<_> = fs::read_dir(place.path("out")).expect("a folder").flatten().collect();
        assert_eq!(left.len(), 2, "round {round}: {left:?}");
    }
}

#[test]
fn a_run_that_waits_in_vain_for_a_file_is_told_who_writes_it_and_has_written_nothing() {
    let place = place();
    place.write("out/.shared.csv.lock", "pipeline 'other', process 7, since noon");
    let lock = File::open(place.path("out/.shared.csv.lock")).expect("the lock");
    lock.lock().expect("the lock");
    let patience = ["--set", "vars.shop=one", "--set", "sinks.file.busy_timeout=0.2"];
    let failed = place.run(&patience);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    for words in
        ["out/shared.csv", "written by pipeline 'other', process 7, since noon", "busy_timeout", "nothing was written"]
    {
        assert!(failed.stderr.contains(words), "{words}: {}", failed.stderr);
    }
    assert!(!place.path("out/shared.csv").exists() && !place.path("out/shared.parquet").exists());
    drop(lock);
    place.run(&patience).expect_success();
    assert_eq!(place.read("out/shared.csv"), place.read("one.csv"));
}

#[test]
fn two_sinks_that_would_overwrite_each_other_are_refused() {
    let table = |name: &str, mode: &str, table: &str| {
        format!("[sinks.{name}]\nfrom = \"rows\"\nsqlite = \"x.db\"\ntable = \"{table}\"\nmode = \"{mode}\"\n")
    };
    let file = |name: &str, path: &str| format!("[sinks.{name}]\nfrom = \"rows\"\nndjson = \"{path}\"\n");
    for (sinks, words) in [
        (table("a", "replace", "t") + &table("b", "append", "T"), "'a' and 'b' would overwrite each other's table"),
        (file("a", "x.out") + &file("b", "deep/../x.out"), "'a' and 'b' would overwrite each other's file"),
        (table("a", "append", "t") + &file("b", "x.db"), "'a' and 'b' would overwrite each other's file"),
    ] {
        let place = Place::new();
        place.write("rows.csv", "id\n1\n");
        place.write("p.toml", format!("name = \"p\"\n[sources.rows]\ncsv = \"rows.csv\"\n{sinks}"));
        let refused = place.nightloom(["check", "p.toml"]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
}

/// A pipeline that writes `rows.csv` to the table `t` of `shop.db`, and to a file.
fn table(mode: &str, schema: &str) -> Place {
    let place = Place::new();
    place.write("rows.csv", "id,v\n1,a\n2,b\n");
    place.write(
        "p.toml",
        format!(
            "name = \"p\"\n[sources.rows]\ncsv = \"rows.csv\"\ntypes = {{ id = \"int\", v = \"text\" }}\n\
             [sinks.t]\nfrom = \"rows\"\nsqlite = \"shop.db\"\ntable = \"t\"\n{mode}\n"
        ),
    );
    place.sql("shop.db", schema);
    place
}

#[test]
fn a_table_that_others_refer_to_is_replaced_and_they_keep_their_rows() {
    let place = table(
        "mode = \"replace\"",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'old'), (2, 'old');
         CREATE TABLE cascades (t INTEGER REFERENCES t (id) ON DELETE CASCADE); INSERT INTO cascades VALUES (1), (2);
         CREATE TABLE refers (t INTEGER REFERENCES t (id)); INSERT INTO refers VALUES (2);",
    );
    place.run(&[]).expect_success();
    assert_eq!(place.query("shop.db", "SELECT * FROM t"), ["1|a", "2|b"]);
    assert_eq!(place.query("shop.db", "SELECT * FROM cascades"), ["1", "2"]);
    // A row that is referred to and would be gone: nothing is written, and who is to blame is named.
    place.write("rows.csv", "id,v\n1,a\n");
    let before = dump(&place.path("shop.db"));
    let failed = place.run(&[]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    for words in ["table 'cascades': 1 row would refer to no row of 't'", "nothing was written"] {
        assert!(failed.stderr.contains(words), "{words}: {}", failed.stderr);
    }
    assert_eq!(dump(&place.path("shop.db")), before);
}

#[test]
fn a_table_that_was_dropped_is_made_and_written_again() {
    for mode in ["mode = \"replace\"", "mode = \"append\"", "mode = \"upsert\"\nkeys = [\"id\"]"] {
        let place = table(mode, "CREATE TABLE other (x)");
        place.run(&[]).expect_success();
        place.assert_fresh(mode);
        place.sql("shop.db", "DROP TABLE t");
        assert_eq!(place.plan(&[])["t"].0, "to write", "{mode}");
        assert_eq!(place.run_states(&[])["t"], "written", "{mode}");
        assert_eq!(place.query("shop.db", "SELECT * FROM t"), ["1|a", "2|b"], "{mode}");
        place.assert_fresh(mode);
    }
}

#[test]
fn rows_that_a_trigger_left_out_or_changed_elsewhere_are_told() {
    let place = table(
        "mode = \"replace\"",
        "CREATE TABLE t (id INTEGER, v TEXT); CREATE TABLE seen (id);
         CREATE TRIGGER skip BEFORE INSERT ON t WHEN NEW.id = 2 BEGIN SELECT RAISE(IGNORE); END;
         CREATE TRIGGER note AFTER INSERT ON t BEGIN INSERT INTO seen VALUES (NEW.id); END;",
    );
    let done = place.run(&[]).expect_success();
    for words in ["1 row was left out by a trigger or constraint of the table", "1 row was changed beside by triggers"]
    {
        assert!(
            done.stdout.contains(words) && done.stderr.contains(words),
            "{words}: {}\n{}",
            done.stdout,
            done.stderr
        );
    }
    let noted = place.query(".nightloom/journal.db", "SELECT rows_in, rows_out FROM steps WHERE kind = 'sink'");
    assert_eq!(noted, ["2|1"]);
}

#[test]
fn what_the_database_would_refuse_is_refused_before_any_work() {
    for (schema, change, words) in [
        (
            "CREATE TABLE t (id TEXT, v INTEGER) STRICT",
            "",
            "its column 'v' is INTEGER, but the dataset's column 'v' is text",
        ),
        ("CREATE TABLE x (x)", "sinks.t.table=sqlite_master", "is SQLite's own"),
        ("CREATE TABLE x (x)", "sinks.t.table=\"a\\u0000b\"", "NUL"),
        ("CREATE TABLE x (x)", "sinks.t.sqlite=\"a\\u0000b\"", "a path cannot have a NUL"),
        (
            "CREATE TABLE t (id, v); CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO gone VALUES (1); END",
            "",
            "no such table: main.gone",
        ),
    ] {
        let place = table("mode = \"append\"", schema);
        let arguments =
            if change.is_empty() { vec!["check", "p.toml"] } else { vec!["check", "p.toml", "--set", change] };
        let refused = place.nightloom(arguments);
        assert_eq!(refused.code, Some(2), "{words}: {}\n{}", refused.stdout, refused.stderr);
        assert!(refused.stderr.contains(words), "{words}: {}", refused.stderr);
    }
}
