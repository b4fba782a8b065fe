//! What the engine's tests share: writing small files and databases, and reading plans, runs and tables back.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, types::Value};
use serde_json::Value as Json;

use crate::support::{Finished, Place, rows};

/// State and reasons of each step and sink.
pub type Plan = BTreeMap<String, (String, String)>;

impl Place {
    /// Writes a file of the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect(name);
    }

    /// Reads a text file of the folder.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs statements on a database of the folder, which is made if it is not there.
    #[track_caller]
    pub fn sql(&self, database: &str, statements: &str) {
        let connection = Connection::open(self.path(database)).expect(database);
        connection.execute_batch(statements).expect(statements);
    }

    /// All rows of a query, a text each.
    #[track_caller]
    pub fn query(&self, database: &str, query: &str) -> Vec<String> {
        rows(&self.path(database), query)
            .iter()
            .map(|row| row.iter().map(shown).collect::<Vec<_>>().join("|"))
            .collect()
    }

    /// `nightloom run p.toml …`.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.nightloom(["run", "p.toml"].iter().chain(arguments))
    }

    /// What each step and sink came to in a run that succeeds.
    #[track_caller]
    pub fn run_states(&self, arguments: &[&str]) -> BTreeMap<String, String> {
        let finished = self.nightloom(["run", "p.toml", "--json"].iter().chain(arguments)).expect_success();
        let results: Json = serde_json::from_str(&finished.stdout).expect("JSON");
        let rows = results["steps"].as_array().expect("steps").iter();
        rows.map(|row| (text(&row["step"]), text(&row["status"]))).collect()
    }

    /// State and reasons of each step and sink in the plan.
    #[track_caller]
    pub fn plan(&self, arguments: &[&str]) -> Plan {
        let finished = self.nightloom(["plan", "p.toml", "--json"].iter().chain(arguments)).expect_success();
        let rows: Json = serde_json::from_str(&finished.stdout).expect("JSON");
        let rows = rows.as_array().expect("rows").iter();
        rows.map(|row| {
            let reasons: Vec<_> = row["reasons"].as_array().expect("reasons").iter().map(text).collect();
            (text(&row["name"]), (text(&row["state"]), reasons.join("; ")))
        })
        .collect()
    }

    /// Asserts that the plan has nothing to do.
    #[track_caller]
    pub fn assert_fresh(&self, why: &str) {
        let plan = self.plan(&[]);
        assert!(plan.values().all(|(state, _)| ["fresh", "written"].contains(&state.as_str())), "{why}: {plan:#?}");
    }

    /// The folders of a step's checkpoints, the newest of which is in use.
    pub fn checkpoints(&self, pipeline: &str, step: &str) -> Vec<std::path::PathBuf> {
        let folder = self.path(".nightloom/checkpoints").join(pipeline).join(step);
        let mut found: Vec<_> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.is_dir())
            .collect();
        found.sort();
        found
    }
}

/// Waits until something holds, for at most ten seconds.
#[track_caller]
pub fn wait_until(holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(10), "waited in vain");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a run has decided what it writes: all is read and done by then.
#[track_caller]
pub fn wait_until_committing(place: &Place) {
    wait_until_committing_in(place, "");
}

/// The same with a workspace of the folder.
#[track_caller]
pub fn wait_until_committing_in(place: &Place, workspace: &str) {
    let journal = &format!("{workspace}{}.nightloom/journal.db", if workspace.is_empty() { "" } else { "/" });
    wait_until(|| {
        place.path(journal).exists()
            && !place.query(journal, "SELECT name FROM sqlite_master WHERE name = 'commits'").is_empty()
            && !place.query(journal, "SELECT run_id FROM commits").is_empty()
    });
}

/// A JSON text as it is.
pub fn text(value: &Json) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => value.to_string(),
        Value::Text(value) => value.clone(),
        Value::Blob(value) => format!("{value:?}"),
    }
}

/// Definitions and rows of all tables of a database, apart from the runs named in the ledger.
pub fn dump(database: &Path) -> String {
    let mut text = String::new();
    let Some(name) = database.file_name().filter(|_| database.exists()) else { return "missing".to_owned() };
    let schema = rows(database, "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name");
    for table in schema {
        let (Value::Text(table), Value::Text(sql)) = (&table[0], &table[1]) else { continue };
        let _ = writeln!(text, "{}: {sql}", name.display());
        let query = match table.as_str() {
            "_nightloom_ledger" => "SELECT owner, batch, mode, rows FROM _nightloom_ledger ORDER BY 1, 2".to_owned(),
            other => format!("SELECT * FROM \"{other}\" ORDER BY rowid"),
        };
        for row in rows(database, &query) {
            let _ = writeln!(text, "  {}", row.iter().map(shown).collect::<Vec<_>>().join("|"));
        }
    }
    text
}

/// Copies a folder with the times of its files, which tell whether a source changed.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("a copy");
            let modified = entry.metadata().and_then(|found| found.modified()).expect("a time");
            File::options().write(true).open(&target).and_then(|file| file.set_modified(modified)).expect("a time");
        }
    }
}
