//! The pipelines of bundles as they are shipped, through the binary.

mod bad_input;
mod deciding;
mod kill;
mod models;
mod quick_start;
mod records;
mod samples;

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rusqlite::types::Value;

use crate::support::{Finished, Place, project, rows};

/// A run of a pipeline on the folder `shops`.
fn command(place: &Place, pipeline: &str, settings: &[&str]) -> Command {
    let pipeline = project().join("pipelines").join(pipeline);
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    for setting in ["vars.shop_data=shops", "vars.db=bundles.db", "vars.out=out"].iter().chain(settings) {
        command.args(["--set", setting]);
    }
    command.args(["--workspace", ".", "--as-of", "2026-03-01"]);
    command
}

/// Runs a pipeline on the folder `shops`; returns what it printed.
fn run(place: &Place, pipeline: &str, settings: &[&str]) -> String {
    let output = command(place, pipeline, settings).output().expect("a run");
    let (printed, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}\n{told}");
    printed.into_owned()
}

/// Writes a shop's files.
fn write(place: &Place, shop: &str, files: &[(&str, &str)]) {
    let folder = place.path("shops").join(shop);
    fs::create_dir_all(&folder).expect("a folder");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a file");
    }
}

fn database(place: &Place) -> std::path::PathBuf {
    place.path("bundles.db")
}

/// The one number of a query.
fn number(database: &Path, query: &str) -> i64 {
    match rows(database, query).first().and_then(|row| row.first()) {
        Some(Value::Integer(number)) => *number,
        other => panic!("{query}: {other:?}"),
    }
}

/// The texts of a query's first column.
fn texts(database: &Path, query: &str) -> Vec<String> {
    let text = |row: &Vec<Value>| match row.first() {
        Some(Value::Text(text)) => text.clone(),
        other => format!("{other:?}"),
    };
    rows(database, query).iter().map(text).collect()
}

/// Made-up shops in the folder `shops`.
fn sample_shops(place: &Place, lines: u32, shops: u32) {
    let (lines, shops) = (lines.to_string(), shops.to_string());
    place.nightloom(["sample", "orders", "--lines", &lines, "--shops", &shops, "--out", "shops"]).expect_success();
}

/// A place with the same files.
fn copy_of(base: &Place) -> Place {
    let place = Place::new();
    copy_folder(&base.path(""), &place.path(""));
    place
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// Every row of every table, but for the engine's own.
fn tables(database: &Path) -> Vec<(String, Vec<Vec<Value>>)> {
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' \
                 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let of_table = |name: String| {
        let all = rows(database, &format!("SELECT * FROM \"{name}\" ORDER BY rowid"));
        (name, all)
    };
    texts(database, names).into_iter().map(of_table).collect()
}

/// The tables that are not what they should be.
fn differing(place: &Place, wanted: &[(String, Vec<Vec<Value>>)]) -> Vec<String> {
    let found = tables(&database(place));
    let names = |tables: &[(String, Vec<Vec<Value>>)]| tables.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&found), names(wanted));
    let pairs = found.iter().zip(wanted);
    pairs.filter(|(found, wanted)| found.1 != wanted.1).map(|(found, _)| found.0.clone()).collect()
}

/// Starts a run that stops itself at a point, and waits until it has.
fn stopped_at(mut command: Command, point: &str) -> Child {
    command.env("NIGHTLOOM_FAILPOINT", format!("stop@{point}")).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut run = command.spawn().expect("a run");
    let status = format!("/proc/{}/stat", run.id());
    let started = Instant::now();
    while !fs::read_to_string(&status).is_ok_and(|text| text.contains(") T ")) {
        assert!(run.try_wait().expect("a status").is_none(), "the run ended without a stop");
        assert!(started.elapsed() < Duration::from_secs(120), "the run does not stop");
        thread::sleep(Duration::from_millis(20));
    }
    run
}

fn go_on(run: Child) -> Finished {
    let pid = libc::pid_t::try_from(run.id()).expect("a process id");
    // SAFETY: sends a signal to our own child, which was not waited for yet.
    assert_eq!(unsafe { libc::kill(pid, libc::SIGCONT) }, 0);
    Finished::from(run.wait_with_output().expect("an end"))
}
