//! A sink is applied once, and only what passed is written.

use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::Command,
    time::Instant,
};

use rusqlite::Connection;

use super::shop::dump;
use crate::support::{Finished, Place};

/// A pipeline that writes `rows.csv` to the table `t` of `shop.db`.
fn place(sink: &str, rows: &str) -> Place {
    let place = Place::new();
    place.write("rows.csv", rows);
    place.write(
        "p.toml",
        format!(
            "name = \"sinks\"\n[sources.rows]\ncsv = \"rows.csv\"\ntypes = {{ id = \"int\", v = \"text\", n = \"float\" }}\n\
             [sinks.t]\nfrom = \"rows\"\nsqlite = \"shop.db\"\ntable = \"t\"\n{sink}\n"
        ),
    );
    place
}

fn table(place: &Place) -> Vec<String> {
    place.query("shop.db", "SELECT * FROM t ORDER BY id, v")
}

const MORNING: &str = "id,v,n\n1,a,1.5\n2,b,\n";
const EVENING: &str = "id,v,n\n2,B,2\n3,c,3\n";

#[test]
fn each_mode_meets_the_rows_that_are_there_in_its_way() {
    for (mode, expected) in [
        ("replace", &["2|B|2", "3|c|3"][..]),
        ("append", &["1|a|1.5", "2|B|2", "2|b|-", "3|c|3"]),
        ("upsert", &["1|a|1.5", "2|B|2", "3|c|3"]),
        ("update", &["1|a|1.5", "2|B|2"]),
    ] {
        let keys = if ["upsert", "update"].contains(&mode) { "keys = [\"id\"]" } else { "" };
        let place = place(&format!("mode = \"{mode}\"\n{keys}"), MORNING);
        place.sql("shop.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT, n REAL)");
        if mode == "append" {
            place.sql("shop.db", "DROP TABLE t; CREATE TABLE t (id INTEGER, v TEXT, n REAL)");
        }
        if mode == "update" {
            place.sql("shop.db", "INSERT INTO t (id) VALUES (1), (2)");
        }
        place.run(&[]).expect_success();
        assert_eq!(table(&place), ["1|a|1.5", "2|b|-"], "{mode}");
        place.write("rows.csv", EVENING);
        place.run(&[]).expect_success();
        assert_eq!(table(&place), expected, "{mode}");
        // A replay does nothing, be it of one run or of all.
        for arguments in [&[][..], &["--force"], &["--full-refresh"]] {
            place.run(arguments).expect_success();
            assert_eq!(table(&place), expected, "{mode} {arguments:?}");
        }
    }
}

#[test]
fn what_was_appended_is_not_appended_again_even_without_the_workspace() {
    let place = place("mode = \"append\"", MORNING);
    place.run(&[]).expect_success();
    fs::remove_dir_all(place.path(".nightloom")).expect("a folder");
    place.run(&[]).expect_success();
    assert_eq!(table(&place), ["1|a|1.5", "2|b|-"]);
    assert_eq!(place.query("shop.db", "SELECT owner, mode, rows FROM _nightloom_ledger"), ["sinks.t|append|2"]);
}

#[test]
fn what_was_appended_is_not_appended_again_from_another_folder_or_for_another_expectation() {
    let place = place("mode = \"append\"", MORNING);
    place.run(&[]).expect_success();
    for folder in ["/", "."] {
        let file = place.path("p.toml");
        let mut command = place.command(["run".as_ref(), file.as_os_str()]);
        command.current_dir(place.path(folder));
        assert!(command.output().expect("a run").status.success());
        assert_eq!(table(&place).len(), 2, "{folder}");
    }
    place.run(&["--set", "sources.rows.expect.rows=[0, 9]"]).expect_success();
    assert_eq!(table(&place).len(), 2);
}

#[test]
fn a_plan_makes_nothing() {
    let place = place("", MORNING);
    place.nightloom(["plan", "p.toml"]).expect_success();
    place.nightloom(["status", "p.toml"]).expect_success();
    assert!(!place.path(".nightloom").exists());
}

#[test]
fn a_replaced_table_follows_when_an_earlier_output_comes_back() {
    let place = place("mode = \"replace\"", MORNING);
    for rows in [MORNING, EVENING, MORNING] {
        place.write("rows.csv", rows);
        place.run(&[]).expect_success();
    }
    assert_eq!(table(&place), ["1|a|1.5", "2|b|-"]);
}

#[test]
fn a_missing_database_and_table_are_made_with_the_types_and_keys_of_the_dataset() {
    let place = place("mode = \"upsert\"\nkeys = [\"id\"]", MORNING);
    place.run(&[]).expect_success();
    let columns = place.query("shop.db", "SELECT name, type, pk FROM pragma_table_info('t')");
    assert_eq!(columns, ["id|INTEGER|1", "v|TEXT|0", "n|REAL|0"]);
}

#[test]
fn missing_columns_are_all_named_or_added() {
    let shop = place("", MORNING);
    shop.sql("shop.db", "CREATE TABLE t (id INTEGER, other TEXT)");
    let before = dump(&shop.path("shop.db"));
    let failed = shop.run(&[]);
    assert_eq!(failed.code, Some(2), "{}", failed.stderr);
    for words in ["p.toml:5:", "'v', 'n'", "add_columns = true"] {
        assert!(failed.stderr.contains(words), "{}", failed.stderr);
    }
    assert_eq!(dump(&shop.path("shop.db")), before);
    assert!(!shop.path(".nightloom/checkpoints").exists(), "found before any work");

    let shop = place("add_columns = true", MORNING);
    shop.sql("shop.db", "CREATE TABLE t (id INTEGER, other TEXT)");
    shop.run(&[]).expect_success();
    assert_eq!(table(&shop), ["1|-|a|1.5", "2|-|b|-"]);
}

#[test]
fn a_locked_database_is_waited_for_and_then_a_clear_error() {
    let place = place("busy_timeout = 0.3", MORNING);
    place.sql("shop.db", "CREATE TABLE t (id INTEGER, v TEXT, n REAL)");
    let holder = Connection::open(place.path("shop.db")).expect("a database");
    holder.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let started = Instant::now();
    let failed = place.run(&[]);
    assert!(started.elapsed().as_secs_f64() >= 0.3);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    for words in ["shop.db", "locked by another process for longer than 0.3 s", "busy_timeout"] {
        assert!(failed.stderr.contains(words), "{}", failed.stderr);
    }
    holder.execute_batch("ROLLBACK").expect("the lock back");
    place.run(&[]).expect_success();
    assert_eq!(table(&place).len(), 2);

    // A lock that is given back in time is only waited for.
    place.write("rows.csv", EVENING);
    holder.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let run = place.command(["run", "p.toml", "--set", "sinks.t.busy_timeout=20"]).spawn().expect("a run");
    std::thread::sleep(std::time::Duration::from_millis(400));
    holder.execute_batch("COMMIT").expect("the lock back");
    assert!(run.wait_with_output().expect("an end").status.success());
    assert_eq!(table(&place), ["2|B|2", "3|c|3"]);
}

/// Takes the right to pass over permissions from a program that root starts.
pub fn bound_by_permissions(command: &mut Command) {
    const CAP_DAC_OVERRIDE: libc::c_ulong = 1;
    // SAFETY: a single system call between fork and exec; it fails without harm where the caller is not root.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
            Ok(())
        });
    }
}

#[test]
fn a_database_that_is_read_only_is_told_before_any_work() {
    let place = place("", MORNING);
    place.sql("shop.db", "CREATE TABLE t (id INTEGER, v TEXT, n REAL)");
    fs::set_permissions(place.path("shop.db"), Permissions::from_mode(0o444)).expect("permissions");
    let mut command = place.command(["run", "p.toml"]);
    bound_by_permissions(&mut command);
    let failed = Finished::from(command.output().expect("a run"));
    assert_eq!(failed.code, Some(2), "{}", failed.stderr);
    assert!(failed.stderr.contains("cannot be written") && failed.stderr.contains("shop.db"), "{}", failed.stderr);
    assert!(!place.path(".nightloom/checkpoints").exists());
}

#[test]
fn a_database_that_is_no_database_is_told() {
    let place = place("", MORNING);
    place.write("shop.db", "this is a text of more than a hundred bytes, and so it is no database at all. ".repeat(20));
    let failed = place.run(&[]);
    assert_eq!(failed.code, Some(2), "{}", failed.stderr);
    assert!(failed.stderr.contains("shop.db") && failed.stderr.contains("not a database"), "{}", failed.stderr);
}

#[test]
fn the_journal_mode_of_a_database_is_left_as_found() {
    for mode in ["wal", "delete", "truncate"] {
        let place = place("", MORNING);
        place.sql("shop.db", &format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (id INTEGER, v TEXT, n REAL)"));
        let before = place.query("shop.db", "PRAGMA journal_mode");
        place.run(&[]).expect_success();
        assert_eq!(place.query("shop.db", "PRAGMA journal_mode"), before, "{mode}");
        assert_eq!(table(&place).len(), 2, "{mode}");
        place.assert_fresh(mode);
    }
}

/// Two stages with a sink each; the later one fails.
fn two_stages(rest: &str) -> Place {
    let place = Place::new();
    place.write("rows.csv", MORNING);
    place.write(
        "p.toml",
        format!(
            r#"
name = "two"

[sources.rows]
csv = "rows.csv"
types = {{ id = "int", v = "text", n = "float" }}

[stages.good]
operator = "sql"
inputs = {{ r = "rows" }}
params = {{ query = "SELECT id, v FROM r ORDER BY id" }}

[stages.bad]
operator = "sql"
inputs = {{ r = "good" }}
params = {{ query = "SELECT id, CAST(v AS BIGINT) AS v FROM r ORDER BY id" }}

[sinks.good]
from = "good"
sqlite = "shop.db"
table = "t"

[sinks.good_file]
from = "good"
csv = "good.csv"

[sinks.bad]
from = "bad"
csv = "bad.csv"
{rest}
"#
        ),
    );
    place
}

const CURED: &str = "stages.bad.params.query=\"SELECT id, v FROM r ORDER BY id\"";

#[track_caller]
fn assert_nothing_written(place: &Place) {
    for name in ["shop.db", "good.csv", "bad.csv"] {
        assert!(!place.path(name).exists(), "{name} is there");
    }
}

#[test]
fn no_sink_is_written_when_a_stage_fails() {
    let place = two_stages("");
    let failed = place.run(&["--json"]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(failed.stderr.contains("stage 'bad' failed") || failed.stderr.contains("'bad'"), "{}", failed.stderr);
    assert_nothing_written(&place);
    // The next run takes up what was done.
    let did = place.run_states(&["--set", CURED]);
    assert_eq!(did["good_file"], "written");
    assert_eq!(place.query("shop.db", "SELECT * FROM t"), ["1|a", "2|b"]);
    assert_eq!(place.read("bad.csv"), "id,v\n1,a\n2,b\n");
}

#[test]
fn no_sink_is_written_when_an_expectation_is_broken_and_each_is_told_with_rows() {
    let place = two_stages(
        "[stages.bad.expect.bad]\nunique = [\"v\"]\nnot_null = [\"v\"]\naccepted = { v = [\"a\"] }\nbetween = { id = [2, 9] }\n\
         rows = [3, 5]\nrelationships = { id = \"good.id\" }\n",
    );
    let failed = place.run(&["--set", CURED]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    for words in [
        "stage 'bad': expectations are broken",
        "bad: accepted v: 1 row has another value, for example 'b'",
        "bad: between id [2, 9]: 1 row lies outside, for example 1",
        "bad: 2 rows, expected 3 to 5",
    ] {
        assert!(failed.stderr.contains(words), "{words}: {}", failed.stderr);
    }
    assert!(!failed.stderr.contains("unique") && !failed.stderr.contains("relationship"), "{}", failed.stderr);
    assert_nothing_written(&place);
    // Broken again by the next run, which finds no checkpoint of what failed.
    assert_eq!(place.run(&["--set", CURED]).code, Some(1));
    assert_nothing_written(&place);
}

#[test]
fn a_source_whose_rows_are_not_as_expected_stops_the_run() {
    let place = two_stages("[sources.rows.expect]\nnot_null = [\"n\"]\n");
    let failed = place.run(&["--set", CURED]);
    let words = "source 'rows': expectations are broken\n  rows: not_null n: 1 row is null";
    assert!(failed.code == Some(1) && failed.stderr.contains(words), "{}", failed.stderr);
    assert_nothing_written(&place);
    place.write("rows.csv", "id,v,n\n1,a,1\n");
    place.run(&["--set", CURED]).expect_success();
    assert_eq!(place.read("bad.csv"), "id,v\n1,a\n");
}

#[test]
fn a_broken_expectation_of_severity_warn_is_told_and_the_sinks_are_written() {
    let place = two_stages("[stages.bad.expect.bad]\nrows = [3, 5]\nseverity = \"warn\"\n");
    let done = place.run(&["--set", CURED]).expect_success();
    let words = "bad: 2 rows, expected 3 to 5";
    assert!(done.stdout.contains(words) && done.stderr.contains(words), "{}\n{}", done.stdout, done.stderr);
    assert!(place.path("bad.csv").exists() && place.path("shop.db").exists());
}

#[test]
fn a_table_that_refuses_a_row_leaves_the_whole_database_unchanged() {
    let place =
        two_stages("[sinks.strict]\nfrom = \"good\"\nsqlite = \"shop.db\"\ntable = \"strict\"\nmode = \"append\"\n");
    place.sql(
        "shop.db",
        "CREATE TABLE t (id INTEGER, v TEXT); INSERT INTO t VALUES (9, 'old');
         CREATE TABLE strict (id INTEGER, v TEXT CHECK (v <> 'b'))",
    );
    let before = dump(&place.path("shop.db"));
    let failed = place.run(&["--set", CURED]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    for words in ["shop.db", "'strict'", "row 2 is refused", "CHECK"] {
        assert!(failed.stderr.contains(words), "{}", failed.stderr);
    }
    assert_eq!(dump(&place.path("shop.db")), before);
    // What was refused is no debt: a mended stage is written instead.
    let mended = "stages.good.params.query=\"SELECT id, v FROM r WHERE v <> 'b'\"";
    place.run(&["--set", CURED, "--set", mended]).expect_success();
    assert_eq!(place.query("shop.db", "SELECT * FROM strict"), ["1|a"]);
    assert_eq!(place.query("shop.db", "SELECT * FROM t"), ["1|a"]);
}

/// Of two databases one is written and one is not: the second is a debt that the next run pays first.
#[test]
fn a_database_that_stayed_locked_gets_what_it_was_to_get_from_the_next_run() {
    let place = two_stages(
        "[sinks.later]\nfrom = \"good\"\nsqlite = \"shop.db.later\"\ntable = \"t\"\nmode = \"append\"\nbusy_timeout = 0.1\n",
    );
    place.sql("shop.db.later", "CREATE TABLE t (id INTEGER, v TEXT)");
    let holder = Connection::open(place.path("shop.db.later")).expect("a database");
    holder.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let failed = place.run(&["--set", CURED]);
    assert!(failed.code == Some(1) && failed.stderr.contains("locked by another process"), "{}", failed.stderr);
    assert_eq!(place.query("shop.db", "SELECT * FROM t"), ["1|a", "2|b"]);
    holder.execute_batch("ROLLBACK").expect("the lock back");
    // The day goes on; what was decided in the night is written nevertheless, and told.
    place.write("rows.csv", EVENING);
    let (state, why) = place.plan(&["--set", CURED])["later"].clone();
    assert!(state == "to write" && why.starts_with("left unfinished by run 20"), "{state} {why}");
    let next = place.run(&["--set", CURED]).expect_success();
    assert!(next.stderr.contains("finishing the killed run"), "{}", next.stderr);
    assert_eq!(place.query("shop.db.later", "SELECT * FROM t"), ["1|a", "2|b", "2|B", "3|c"]);
    assert_eq!(place.query("shop.db", "SELECT * FROM t"), ["2|B", "3|c"]);
}
