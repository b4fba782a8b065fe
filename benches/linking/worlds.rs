//! The generated databases, made once and kept under the target folder until the generator changes.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::process;

/// A kind of world.
#[derive(Clone, Copy)]
pub enum Prices {
    /// As shops set them.
    Crowded,
    /// Spread evenly.
    Even,
}

/// The folder of worlds.
pub struct Worlds {
    folder: PathBuf,
    generator: String,
}

impl Worlds {
    /// Looks at the generator's sources: a world is named after what made it.
    pub fn new() -> Result<Self, String> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sample");
        let failed = |error: std::io::Error| format!("{}: {error}", sources.display());
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&sources).map_err(failed)? {
            paths.push(entry.map_err(failed)?.path());
        }
        // What makes other worlds has a folder of its own.
        paths.retain(|path| path.is_file());
        paths.sort();
        let mut hash = blake3::Hasher::new();
        for path in paths {
            hash.update(&std::fs::read(path).map_err(failed)?);
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worlds");
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let generator = hash.finalize().to_hex().chars().take(12).collect();
        Ok(Self { folder, generator })
    }

    /// The database of `rows` catalog rows and products, made if it is not there.
    pub fn shop(&self, rows: u64, prices: Prices) -> Result<PathBuf, String> {
        let spread = match prices {
            Prices::Crowded => "crowded",
            Prices::Even => "even",
        };
        let path = self.folder.join(format!("shop-{rows}-{spread}-{}.db", self.generator));
        if !path.exists() {
            eprintln!("making {}", path.display());
            let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
            command.args(["sample", "shop", "--seed", "1", "--prices", spread, "--rows", &rows.to_string(), "--out"]);
            process::measure(command.arg(&path), &self.folder.join("sample.log"))?;
        }
        Ok(path)
    }

    /// A folder that is not there yet, for one run.
    pub fn fresh_folder(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.folder.join(name);
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(failed)?;
        }
        std::fs::create_dir_all(&folder).map_err(failed)?;
        Ok(folder)
    }
}

/// Copies a world into a run's folder, so that it is in the file cache and on the disk before the run begins.
pub fn copy(world: &Path, folder: &Path) -> Result<PathBuf, String> {
    let database = folder.join("products.db");
    std::fs::copy(world, &database)
        .and_then(|_| std::fs::File::open(&database)?.sync_all())
        .map_err(|error| format!("{}: {error}", database.display()))?;
    Ok(database)
}
