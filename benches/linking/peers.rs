//! The peers: the original scripts, and the cascade in Python with Polars and rapidfuzz.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use rusqlite::Connection;

/// Python and the document with the original scripts, as far as they are there.
pub struct Peers {
    python: PathBuf,
}

/// A peer that can be run on a database.
#[derive(Clone, Copy)]
pub enum Peer {
    /// The original's linking script.
    Original,
    /// The afternoon's work.
    Afternoon,
}

impl Peers {
    /// Peers that run under this Python.
    pub fn new(python: PathBuf) -> Self {
        Self { python }
    }

    /// The process that links `database`, or why there is none.
    pub fn command(&self, peer: Peer, database: &Path) -> Result<Command, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        let mut command = Command::new(&self.python);
        match peer {
            Peer::Original => {
                if self.version_of("sys").is_none() {
                    return Err("skipped: install python3".to_owned());
                }
                let document = seed_document()
                    .ok_or("skipped: the document with the original scripts is not beside the project".to_owned())?;
                command.arg(folder.join("original.py")).arg(document).arg("linking");
            }
            Peer::Afternoon => {
                if self.version_of("polars").is_none() || self.version_of("rapidfuzz").is_none() {
                    return Err("skipped: pip install polars rapidfuzz numpy, then --python PATH".to_owned());
                }
                command.arg(folder.join("linking_peer.py"));
            }
        }
        command.arg(database);
        Ok(command)
    }

    /// The version of a Python module; of Python itself for `sys`.
    pub fn version_of(&self, module: &str) -> Option<String> {
        let print = match module {
            "sys" => "import sys; print(sys.version.split()[0])".to_owned(),
            _ => format!("import {module}; print({module}.__version__)"),
        };
        let output = Command::new(&self.python).args(["-c", &print]).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

fn seed_document() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seeds");
    let names = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    names.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("000_"))).min()
}

/// The number of catalog rows whose link, method or confidence (to 1e-9) differ between two databases.
pub fn differing_links(ours: &Path, theirs: &Path) -> Result<i64, String> {
    let query = "SELECT COUNT(*) FROM main.catalog_products a JOIN theirs.catalog_products b USING (id)
         WHERE a.linked_product_url IS NOT b.linked_product_url OR a.link_method IS NOT b.link_method
            OR ABS(COALESCE(a.link_confidence, 0) - COALESCE(b.link_confidence, 0)) > 1e-9";
    let compare = || {
        let database = Connection::open(ours)?;
        database.execute("ATTACH ?1 AS theirs", [theirs.to_string_lossy()])?;
        database.query_row(query, [], |row| row.get(0))
    };
    compare().map_err(|error: rusqlite::Error| format!("{}: {error}", ours.display()))
}
