//! What is told is true: of a full disk, a damaged or read-only workspace, long answers, a night that was left out.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};

use serde_json::Value as Json;

use super::sinks::bound_by_permissions;
use crate::support::{Finished, Place};

const PIPELINE: &str = r#"
name = "told"

[sources.rows]
csv = "rows.csv"

[sinks.table]
from = "rows"
sqlite = "shop.db"
table = "t"

[sinks.file]
from = "rows"
csv = "out/rows.csv"
"#;

fn place() -> Place {
    let place = Place::new();
    place.write("p.toml", PIPELINE);
    place.write("rows.csv", "n\n1\n2\n");
    place
}

/// A run on whose disk nothing can be written from a point on.
fn full_at(place: &Place, point: &str) -> Finished {
    let mut command = place.command(["run", "p.toml"]);
    Finished::from(command.env("NIGHTLOOM_FAILPOINT", format!("full@{point}")).output().expect("a run"))
}

#[test]
fn a_disk_that_is_full_at_a_file_keeps_the_database_back_and_what_was_written_before_is_named() {
    let place = place();
    let failed = full_at(&place, "commit-after-intents");
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(failed.stderr.contains("nothing was written") && !place.path("shop.db").exists(), "{}", failed.stderr);
    // From here on the database is written, and so it is told.
    let failed = full_at(&place, "commit-database-done");
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    let told =
        failed.stderr.contains("written before: ") && failed.stderr.contains("shop.db; the next run writes the rest");
    assert!(told && !failed.stderr.contains("nothing was"), "{}", failed.stderr);
    assert_eq!(place.query("shop.db", "SELECT * FROM t"), ["1", "2"]);
    assert!(!place.path("out/rows.csv").exists());
    place.run(&[]).expect_success();
    assert_eq!(place.read("out/rows.csv"), "n\n1\n2\n");
    place.assert_fresh("after the full disk");
}

#[test]
fn a_damaged_journal_says_what_may_be_moved_away_and_that_is_as_good_as_removing_it() {
    let place = place();
    place.run(&[]).expect_success();
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(place.path(&format!(".nightloom/journal.db{ending}")));
    }
    place.write(".nightloom/journal.db", "this is no database, whatever it is called. ".repeat(300));
    for command in ["run", "plan", "status"] {
        let failed = place.nightloom([command, "p.toml"]);
        assert_eq!(failed.code, Some(1), "{command}: {}", failed.stderr);
        for words in [".nightloom/journal.db: the journal is damaged", "move it away"] {
            assert!(failed.stderr.contains(words), "{command}: {}", failed.stderr);
        }
    }
    fs::rename(place.path(".nightloom/journal.db"), place.path("moved")).expect("a rename");
    let did = place.run_states(&[]);
    assert_eq!((did["rows"].as_str(), did.get("table")), ("fresh", None), "{did:?}");
    assert_eq!(place.query("shop.db", "SELECT * FROM t"), ["1", "2"]);
    place.assert_fresh("a new journal");
}

/// Makes a folder and all in it read-only, or writable again.
fn set_writable(folder: &std::path::Path, is_writable: bool) {
    let mode = |file: u32| Permissions::from_mode(if is_writable { file | 0o200 } else { file });
    if is_writable {
        fs::set_permissions(folder, mode(0o555)).expect("permissions");
    }
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            set_writable(&entry.path(), is_writable);
        } else {
            fs::set_permissions(entry.path(), mode(0o444)).expect("permissions");
        }
    }
    fs::set_permissions(folder, mode(0o555)).expect("permissions");
}

#[test]
fn plan_and_status_answer_from_a_workspace_that_cannot_be_written() {
    let place = place();
    place.run(&[]).expect_success();
    let plan = place.plan(&[]);
    set_writable(&place.path(".nightloom"), false);
    let ask = |command: &[&str]| {
        let mut command = place.command(command);
        bound_by_permissions(&mut command);
        Finished::from(command.output().expect("a run"))
    };
    let (planned, status, run) =
        (ask(&["plan", "p.toml", "--json"]), ask(&["status", "p.toml", "--json"]), ask(&["run", "p.toml"]));
    set_writable(&place.path(".nightloom"), true);
    assert_eq!(planned.code, Some(0), "{}", planned.stderr);
    assert_eq!(place.plan(&[]), plan);
    let planned: Json = serde_json::from_str(&planned.stdout).expect("JSON");
    let states: Vec<_> = planned.as_array().expect("rows").iter().map(|row| row["state"].as_str()).collect();
    assert_eq!(states, [Some("fresh"), Some("written"), Some("written")]);
    assert_eq!(status.code, Some(0), "{}", status.stderr);
    let status: Json = serde_json::from_str(&status.stdout).expect("JSON");
    assert_eq!(status["runs"][0]["status"], "done");
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("workspace.lock"), "{}", run.stderr);
}

#[test]
fn an_answer_of_verify_is_at_most_a_screen_and_whole_as_json() {
    let place = Place::new();
    place.sql(
        "x.db",
        "CREATE TABLE t (n INTEGER, text TEXT); WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000)
         INSERT INTO t SELECT n, hex(zeroblob(200)) FROM c; UPDATE t SET text = hex(zeroblob(50000)) WHERE n < 3",
    );
    place.write(
        "p.toml",
        "name = \"v\"\n[sources.t]\nsqlite = \"x.db\"\ntable = \"t\"\n[verify.all]\nsqlite = \"x.db\"\nquery = \"SELECT * FROM t\"\n\
         expect = { rows = [0, 0], accepted = { text = [\"a\"] }, unique = [\"n\"] }\n",
    );
    let failed = place.nightloom(["verify", "p.toml"]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    let lines = failed.stdout.lines().count();
    assert!(lines <= 30 && failed.stdout.chars().count() < 24 * 80 + 600, "{lines} lines");
    assert!(
        failed.stdout.contains(" rows more\n") && failed.stdout.contains("5000 rows, expected 0 to 0"),
        "{}",
        failed.stdout
    );
    let whole: Json = serde_json::from_str(&place.nightloom(["verify", "p.toml", "--json"]).stdout).expect("JSON");
    assert_eq!(whole[0]["rows"].as_array().expect("rows").len(), 5000);
}

#[test]
fn status_says_when_no_run_came_for_longer_than_usual() {
    let place = place();
    place.run(&[]).expect_success();
    let status = |expected: bool| {
        let said = place.nightloom(["status", "p.toml"]).expect_success().stdout;
        assert_eq!(said.contains("No run of 'told' for "), expected, "{said}");
        said
    };
    status(false);
    let night = |days: i32| {
        let insert = "INSERT INTO runs (run_id, pipeline, status, as_of, seed, started_at, pid) SELECT";
        let at = format!("strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-{days} days', '-3 hours')");
        place.sql(".nightloom/journal.db", &format!("{insert} 'r{days}', 'told', 'done', '', 0, {at}, 1"));
    };
    (1..6).for_each(night);
    status(false);
    place.sql(".nightloom/journal.db", "DELETE FROM runs WHERE run_id NOT LIKE 'r%'");
    let said = status(true);
    assert!(said.contains("for 1 d 3 h; usually there is one within 1 d."), "{said}");
    let json: Json = serde_json::from_str(&place.nightloom(["status", "p.toml", "--json"]).stdout).expect("JSON");
    assert_eq!(json["overdue"][0]["usual_seconds"], 86_400);
}

#[test]
fn a_variable_is_a_value_of_a_query_whatever_it_holds() {
    let place = Place::new();
    place.sql(
        "x.db",
        "CREATE TABLE t (n INTEGER, name TEXT); INSERT INTO t VALUES (1, 'O''Brien'), (2, 'Ada'), (-3, 'back\\slash')",
    );
    place.write(
        "p.toml",
        "name = \"v\"\n[vars]\nwho = { default = \"O'Brien\" }\nbelow = { default = 0 }\n\
         [sources.t]\nsqlite = \"x.db\"\nquery = \"SELECT * FROM t WHERE name = ${sql:vars.who} OR n <-${sql:vars.below} ORDER BY n\"\n\
         [stages.s]\noperator = \"sql\"\ninputs = { t = \"t\" }\n\
         params = { query = \"SELECT n, ${sql:vars.who} AS who FROM t WHERE name = ${sql:vars.who} ORDER BY n\" }\n\
         [sinks.s]\nfrom = \"s\"\ncsv = \"s.csv\"\n",
    );
    for (who, expected) in [
        ("O'Brien", "n,who\n1,O'Brien\n"),
        ("Ada", "n,who\n2,Ada\n"),
        ("' OR 1=1 --", "n,who\n"),
        ("back\\slash", "n,who\n-3,back\\slash\n"),
        ("\\' OR 1=1 --", "n,who\n"),
    ] {
        place.run(&["--set", &format!("vars.who={who}"), "--set", "vars.below=-3"]).expect_success();
        assert_eq!(place.read("s.csv"), expected, "{who}");
    }
}

#[test]
fn rules_of_sets_that_lack_their_parts_are_refused_before_any_work() {
    let place = Place::new();
    place.write("lines.csv", "shop_id,order_id,item_id\na,1,x\na,1,y\na,2,x\na,2,y\n");
    for (target, code) in [("all", 0), ("closed", 2), ("maximal", 2)] {
        place.write(
            "p.toml",
            format!(
                "name = \"r\"\n[sources.lines]\ncsv = \"lines.csv\"\n\
                 types = {{ shop_id = \"text\", order_id = \"text\", item_id = \"text\" }}\n\
                 [stages.sets]\noperator = \"mine-itemsets\"\ninputs = {{ lines = \"lines\" }}\nparams = {{ target = \"{target}\" }}\n\
                 [stages.rules]\noperator = \"mine-rules\"\ninputs = {{ itemsets = \"sets.itemsets\", shops = \"sets.shops\" }}\n"
            ),
        );
        for command in ["check", "run"] {
            let said = place.nightloom([command, "p.toml"]);
            assert_eq!(said.code, Some(code), "{command} {target}: {}", said.stderr);
            let words = [format!("rules cannot be made of {target} itemsets"), "p.toml:11".to_owned()];
            assert!(code == 0 || words.iter().all(|words| said.stderr.contains(words)), "{target}: {}", said.stderr);
        }
    }
}

/// Two stages that could run side by side.
const TWO_STAGES: &str = r#"
name = "two"

[sources.rows]
csv = "rows.csv"

[stages.a]
operator = "sql"
inputs = { r = "rows" }
params = { query = "SELECT n FROM r ORDER BY n" }

[stages.b]
operator = "sql"
inputs = { r = "rows" }
params = { query = "SELECT n + 1 AS n FROM r ORDER BY n" }
"#;

/// The starts and ends of the stages of a run, in order.
fn order_of(place: &Place, arguments: &[&str]) -> String {
    let run = place.run(&[&["--force", "--log-format", "json"], arguments].concat()).expect_success();
    let events = run.stderr.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let marks = events.filter(|event| event["kind"] == "stage" || event["step"]["kind"] == "stage").map(|event| {
        match event["event"].as_str() {
            Some("step_started") => format!("+{}", event["step"].as_str().unwrap_or_default()),
            _ => "-".to_owned(),
        }
    });
    marks.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_step_is_reckoned_to_need_the_memory_that_it_needed_the_night_before() {
    let place = place();
    place.write("p.toml", TWO_STAGES);
    let side_by_side = order_of(&place, &[]);
    assert!(side_by_side.starts_with("+a +b"), "{side_by_side}");
    let journal = ".nightloom/journal.db";
    let needs = "SELECT COUNT(*) FROM steps WHERE needed_memory_bytes > 0 AND ran_alone IS NOT NULL";
    assert_eq!(place.query(journal, needs), ["3"]);
    place.sql(journal, "UPDATE steps SET needed_memory_bytes = 3000000000, ran_alone = 1 WHERE step = 'b'");
    let one_by_one = order_of(&place, &[]);
    assert!(one_by_one.starts_with("+a - +b"), "{one_by_one}");
    // It needed little when it ran alone.
    assert!(order_of(&place, &[]).starts_with("+a +b"));
}
