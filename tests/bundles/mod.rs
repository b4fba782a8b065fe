//! The pipelines of bundles as they are shipped, through the binary.

mod bad_input;
mod models;
mod quick_start;
mod samples;

use std::path::Path;

use rusqlite::types::Value;

use crate::support::{Place, project, rows};

/// Runs a pipeline on the folder `shops`; returns what it printed.
fn run(place: &Place, pipeline: &str, settings: &[&str]) -> String {
    let pipeline = project().join("pipelines").join(pipeline);
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    for setting in ["vars.shop_data=shops", "vars.db=bundles.db", "vars.out=out"].iter().chain(settings) {
        command.args(["--set", setting]);
    }
    let output = command.args(["--workspace", ".", "--as-of", "2026-03-01"]).output().expect("a run");
    let (printed, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}\n{told}");
    printed.into_owned()
}

/// Writes a shop's files.
fn write(place: &Place, shop: &str, files: &[(&str, &str)]) {
    let folder = place.path("shops").join(shop);
    std::fs::create_dir_all(&folder).expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("a file");
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
