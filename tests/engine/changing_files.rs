//! Files that change: other content is seen whatever its size and time, and a file that changes under a run fails it.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Stdio},
    time::{Duration, UNIX_EPOCH},
};

use super::shop::wait_until;
use crate::support::{Finished, Place, project};

/// A time that all files of a test have.
fn set_time(path: &Path) {
    let file = File::options().write(true).open(path).expect("a file");
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_772_323_200)).expect("a time");
}

fn place(source: &str) -> Place {
    let place = Place::new();
    place.write(
        "p.toml",
        format!("name = \"p\"\n[sources.rows]\n{source}\n[sinks.out]\nfrom = \"rows\"\ncsv = \"rows.out\"\n"),
    );
    place
}

#[test]
fn other_content_of_the_same_size_and_time_is_read() {
    // Of a small file the hash is known, of a large one only what the file system says.
    for rows in [1, 20_000] {
        for (source, first, second) in [
            ("csv", "n\n15\n", "n\n17\n"),
            ("ndjson", "{\"n\":15}\n", "{\"n\":17}\n"),
            ("json", "[{\"n\":15}]", "[{\"n\":17}]"),
        ] {
            for is_renamed in [true, false] {
                let place = place(&format!("{source} = \"x\""));
                let put = |text: &str| {
                    let filler = if source == "json" { " " } else { "\n" }.repeat(rows * 4);
                    place.write(if is_renamed { "new" } else { "x" }, format!("{text}{filler}"));
                    if is_renamed {
                        set_time(&place.path("new"));
                        fs::rename(place.path("new"), place.path("x")).expect("a rename");
                    } else {
                        set_time(&place.path("x"));
                    }
                };
                put(first);
                place.run(&[]).expect_success();
                assert_eq!(place.plan(&[])["rows"], ("fresh".to_owned(), "by size, times and inode".to_owned()));
                put(second);
                let why = format!("{source} {rows} {is_renamed}");
                assert_eq!(place.plan(&[])["rows"].0, "stale", "{why}");
                place.run(&[]).expect_success();
                assert_eq!(place.read("rows.out"), "n\n17\n", "{why}");
            }
        }
    }
}

#[test]
fn a_database_changed_behind_its_time_is_read_in_each_journal_mode() {
    for mode in ["wal", "delete", "truncate"] {
        let place = place("sqlite = \"x.db\"\ntable = \"t\"");
        let empty_log = "PRAGMA wal_checkpoint(TRUNCATE);";
        place.sql(
            "x.db",
            &format!(
                "PRAGMA journal_mode = {mode}; CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (15); {empty_log}"
            ),
        );
        set_time(&place.path("x.db"));
        place.run(&[]).expect_success();
        place.assert_fresh(mode);
        place.sql("x.db", &format!("UPDATE t SET n = 17; {empty_log}"));
        set_time(&place.path("x.db"));
        place.run(&[]).expect_success();
        assert_eq!(place.read("rows.out"), "n\n17\n", "{mode}");
        place.assert_fresh(mode);
    }
}

#[test]
fn a_small_file_that_was_only_touched_is_fresh_by_its_content_and_the_plan_says_so() {
    let place = place("csv = \"x\"");
    place.write("x", "n\n15\n");
    place.run(&[]).expect_success();
    set_time(&place.path("x"));
    let by_content = ("fresh".to_owned(), "by content: times or inodes are others".to_owned());
    assert_eq!(place.plan(&[])["rows"], by_content);
    assert_eq!(place.run_states(&[])["rows"], "fresh");
    assert_eq!(place.plan(&[])["rows"].1, "by size, times and inode", "the new signs are noted");
}

#[test]
fn a_sinks_file_that_somebody_wrote_over_is_written_again() {
    let place = place("csv = \"x\"");
    place.write("x", "n\n15\n");
    place.run(&[]).expect_success();
    let time = fs::metadata(place.path("rows.out")).and_then(|found| found.modified()).expect("a time");
    place.write("rows.out", "n\n99\n");
    File::options().write(true).open(place.path("rows.out")).and_then(|file| file.set_modified(time)).expect("a time");
    assert_eq!(place.run_states(&[])["out"], "written");
    assert_eq!(place.read("rows.out"), "n\n15\n");
}

/// Starts a run that stops at a point, and waits until it has.
fn stopped_at(place: &Place, point: &str, arguments: &[&str]) -> Child {
    let mut command = place.command(["run", "p.toml"].iter().chain(arguments));
    let run = command.env("NIGHTLOOM_FAILPOINT", format!("stop@{point}")).stdout(Stdio::null()).stderr(Stdio::piped());
    let run = run.spawn().expect("a run");
    let status = format!("/proc/{}/stat", run.id());
    wait_until(|| fs::read_to_string(&status).is_ok_and(|text| text.contains(") T ")));
    run
}

fn go_on(run: Child) -> Finished {
    let pid = libc::pid_t::try_from(run.id()).expect("a process id");
    // SAFETY: sends a signal to our own child, which was not waited for yet.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGCONT) }, 0);
    Finished::from(run.wait_with_output().expect("an end"))
}

#[test]
fn a_source_whose_file_changes_between_listing_and_reading_fails_and_makes_no_checkpoint() {
    for (source, content, added) in
        [("csv = \"x\"", "n\n1\n", "2"), ("ndjson = \"x\"", "{\"n\":1}\n", "{\"n\":"), ("files = \"x\"", "n\n1\n", "2")]
    {
        for is_small in [true, false] {
            let place = place(source);
            let content = if is_small { content.to_owned() } else { content.to_owned() + &"\n".repeat(100_000) };
            place.write("x", &content);
            let run = stopped_at(&place, "source-listed", &[]);
            place.write("x", format!("{content}{added}"));
            let failed = go_on(run);
            assert_eq!(failed.code, Some(1), "{source}: {}", failed.stderr);
            let words = "source 'rows': ";
            let told = failed.stderr.contains(words) && failed.stderr.contains("/x: changed after it was listed");
            assert!(told && !failed.stderr.contains("panicked"), "{source}: {}", failed.stderr);
            assert!(place.checkpoints("p", "rows").iter().all(|path| path.ends_with(".unfinished")), "{source}");
            assert!(!place.path("rows.out").exists());
            place.run(&[]).expect_success();
        }
    }
}

#[test]
fn files_that_come_while_a_source_is_read_are_read_too() {
    let place = place("csv = \"days/*.csv\"");
    place.write("days/1.csv", "n\n1\n");
    let run = stopped_at(&place, "source-listed", &[]);
    place.write("days/2.csv", "n\n2\n");
    go_on(run).expect_success();
    assert_eq!(place.read("rows.out"), "n\n1\n2\n");
    place.assert_fresh("both were read");
}

const ORDERS: &str = "order_id,created_at,sku,quantity,price\n1,2026-02-03,A,1,20.00\n";

/// The pipeline of the baskets, whose stage `ingest` opens files by itself.
fn exports() -> Place {
    let place = Place::new();
    let baskets = project().join("pipelines/baskets.toml");
    place.write(
        "p.toml",
        format!(
            "name = \"p\"\ninclude = [\"{}\"]\n[sinks.lines]\nfrom = \"order_lines\"\nndjson = \"lines.out\"\n",
            baskets.display()
        ),
    );
    place.write("exports/north/orders.csv", ORDERS);
    place.write("exports/south/orders.csv", ORDERS);
    place
}

const TO_INGEST: [&str; 8] =
    ["--select", "+ingest", "--set", "vars.shop_data=exports", "--set", "vars.db=b.db", "--set", "vars.out=out"];

#[test]
fn a_stage_whose_file_is_another_than_the_one_listed_fails_with_words() {
    let other = ORDERS.replace(",A,", ",B,");
    type Change<'a> = (&'a str, &'a dyn Fn(&Place));
    let changes: [Change<'_>; 4] = [
        ("appended", &|place| place.write("exports/north/orders.csv", format!("{ORDERS}2,2026-02-03,C,1,2"))),
        ("in place", &|place| place.write("exports/north/orders.csv", &other)),
        ("renamed", &|place| {
            place.write("new.csv", &other);
            fs::rename(place.path("new.csv"), place.path("exports/north/orders.csv")).expect("a rename");
        }),
        ("removed", &|place| fs::remove_file(place.path("exports/north/orders.csv")).expect("a removal")),
    ];
    for (what, change) in changes {
        let place = exports();
        // The source is the first step, the stage the second.
        let run = stopped_at(&place, "step-begin:2", &TO_INGEST);
        change(&place);
        let failed = go_on(run);
        assert_eq!(failed.code, Some(1), "{what}: {}", failed.stderr);
        for words in ["stage 'ingest': ", "north/orders.csv: changed after it was listed"] {
            assert!(failed.stderr.contains(words), "{what}: {}", failed.stderr);
        }
        assert!(place.checkpoints("p", "ingest").iter().all(|path| path.ends_with(".unfinished")), "{what}");
        assert!(!place.path("lines.out").exists(), "{what}");
        place.write("exports/north/orders.csv", ORDERS);
        place.run(&TO_INGEST).expect_success();
        assert_eq!(place.read("lines.out").lines().filter(|line| line.contains("\"A\"")).count(), 2, "{what}");
    }
}
