//! What every test through the binary needs: a temporary folder, the program in it, and the shared data if present.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use rusqlite::{Connection, types::Value};
use tempfile::TempDir;

/// A temporary folder in which the built program runs; removed at the end.
pub struct Place(TempDir);

impl Place {
    /// A new, empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// The path of `name` in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program with its arguments, to be started in the folder.
    pub fn command<I: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
        command.args(arguments).current_dir(self.0.path()).stdin(Stdio::null());
        for name in ["PRODUCTS_DB", "WORKFLOW_DB", "OUT", "NIGHTLOOM_WORKSPACE", "NIGHTLOOM_FAILPOINT"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the program in the folder.
    pub fn nightloom<I: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Finished {
        Finished::from(self.command(arguments).output().expect("the program starts"))
    }
}

/// What a finished run of the program left.
pub struct Finished {
    /// Exit code; `None` when it was killed.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Finished {
    /// Panics with the program's own words unless it ended with exit code 0.
    #[track_caller]
    pub fn expect_success(self) -> Self {
        assert_eq!(self.code, Some(0), "the program failed\n{}\n{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The project's folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first file of the shared folder beside the project whose name in `folder` starts with `start`; says so if absent.
pub fn shared(folder: &str, start: &str) -> Option<PathBuf> {
    let folder = project().join("../shared").join(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(&folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)))
        .collect();
    found.sort();
    found.into_iter().next()
}

/// All rows of a query.
pub fn rows(database: &Path, query: &str) -> Vec<Vec<Value>> {
    let database = Connection::open(database).expect("a database");
    let mut statement = database.prepare(query).expect(query);
    let columns = statement.column_count();
    let rows = statement
        .query_map([], |row| (0..columns).map(|column| row.get(column)).collect::<Result<Vec<Value>, _>>())
        .expect(query);
    rows.collect::<Result<_, _>>().expect(query)
}
