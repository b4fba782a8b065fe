//! The generated databases, made once and kept under the target folder until the generator changes.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use rand::{SeedableRng, seq::IndexedRandom};
use rand_pcg::Pcg64Mcg;

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

impl Worlds {
    /// The database of a shop with one price and titles of one template, `rows` on either side; each catalog row has its product.
    pub fn crowd(&self, rows: u64) -> Result<PathBuf, String> {
        let path = self.folder.join(format!("crowd-{rows}.db"));
        if !path.exists() {
            let failed = |error: rusqlite::Error| format!("{}: {error}", path.display());
            let unfinished = path.with_extension("unfinished");
            drop(std::fs::remove_file(&unfinished));
            let mut database = rusqlite::Connection::open(&unfinished).map_err(failed)?;
            write_crowd(&mut database, rows).map_err(failed)?;
            drop(database);
            std::fs::rename(&unfinished, &path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(path)
    }
}

fn write_crowd(database: &mut rusqlite::Connection, rows: u64) -> rusqlite::Result<()> {
    const WORDS: [&[&str]; 4] = [
        &["Floral", "Plain", "Striped", "Dotted", "Checked"],
        &["Midi", "Mini", "Maxi"],
        &["Dress", "Skirt", "Tunic"],
        &["Navy", "Black", "Sage", "Rust", "Plum", "Teal"],
    ];
    let mut random = Pcg64Mcg::seed_from_u64(3);
    let transaction = database.transaction()?;
    transaction.execute_batch(include_str!("../../src/sample/tables.sql"))?;
    transaction.execute_batch(include_str!("../../pipelines/tables/linking.sql"))?;
    {
        let mut product = transaction.prepare(
            "INSERT INTO products (id, url, retailer, title, price) VALUES (?1, 'https://one.example/p/' || ?1, 'one', ?2, 9.99)",
        )?;
        let mut row = transaction.prepare(
            "INSERT INTO catalog_products (id, catalog_url, retailer, title, price)
             VALUES (?1, 'https://one.example/c/' || ?1, 'one', ?2, 9.99)",
        )?;
        for n in 0..i64::try_from(rows).unwrap_or(i64::MAX) {
            let words: Vec<&str> = WORDS.iter().filter_map(|words| words.choose(&mut random).copied()).collect();
            let title = format!("{} size {} style {n:06}", words.join(" "), n % 23 + 2);
            product.execute(rusqlite::params![n + 1, title])?;
            row.execute(rusqlite::params![n + 1, title.replace("style", "Style no.")])?;
        }
    }
    transaction.commit()
}
