//! Times `ingest-shop` beside Polars' CSV reader, which is given the types and checks nothing, on the same file.
//!
//! `cargo bench --bench ingest -- [LINES …]`; default 1,000,000 and 5,000,000 order lines, of eight columns with global ids and as
//! Shopify's admin exports them: 79 columns, of which most cells are blank. Both read from a file into frames with all threads, by
//! turns; the best of five is shown, and the least time of all cores beside it.

#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the room")]
#[path = "../src/delimited/mod.rs"]
mod delimited;
#[allow(dead_code, unused_imports, reason = "a benchmark is no run of steps")]
#[path = "../src/pipeline/memory.rs"]
mod memory;
#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the contract")]
#[path = "../src/operator/mod.rs"]
mod operator;
#[allow(dead_code, unused_imports, reason = "a benchmark uses a part of the room")]
#[path = "../src/orders/mod.rs"]
mod orders;

use std::{
    error::Error,
    fs::File,
    io::{BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::Instant,
};

use nightloom_flags as flags;
use operator::{Frames, Scratch, StageContext, StageError, Storage};
use polars::prelude::*;
use rand::{Rng, SeedableRng};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;

/// Files of the machine; outputs are kept in memory.
#[derive(Default)]
struct Kept(Mutex<Vec<(String, DataFrame)>>);

impl Storage for Kept {
    fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, StageError> {
        match File::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(StageError::Storage { problem: error.to_string() }),
        }
    }

    fn parquet(&self, path: &str) -> Result<LazyFrame, StageError> {
        Ok(LazyFrame::scan_parquet(path.into(), ScanArgsParquet::default())?)
    }

    fn scratch(&self) -> Result<Box<dyn Scratch>, StageError> {
        match tempfile::tempfile() {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(StageError::Storage { problem: error.to_string() }),
        }
    }

    fn write(&self, port: &str, rows: DataFrame) -> Result<(), StageError> {
        if let Ok(mut kept) = self.0.lock() {
            kept.push((port.to_owned(), rows));
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    memory::keep_freed_memory();
    let given: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if given.is_empty() { vec![1_000_000, 5_000_000] } else { given };
    let folder = tempfile::tempdir()?;
    println!("| export | lines | MB | read_csv s | its cores s | ingest-shop s | its cores s | ratio | lines kept |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for lines in sizes {
        let plain = folder.path().join("orders.csv");
        write_orders(&plain, lines)?;
        measure("eight columns", &plain, plain_schema(), lines)?;
        std::fs::remove_file(&plain)?;
        let wide = write_shopify(folder.path(), lines)?;
        measure("Shopify's", &wide, shopify_schema(&wide)?, lines)?;
        std::fs::remove_file(&wide)?;
    }
    Ok(())
}

/// Measures one file, and prints its row of the table.
fn measure(name: &str, path: &Path, schema: Schema, lines: u64) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::metadata(path)?.len();
    let (mut theirs, mut ours, mut kept) = (Best::default(), Best::default(), 0);
    let schema = Arc::new(schema);
    for _ in 0..ROUNDS {
        let frame = theirs.of(|| read_csv(path, schema.clone()))?;
        assert_eq!(frame.height() as u64, lines);
        drop(frame);
        kept = ours.of(|| ingest(path, bytes))?;
    }
    let ratio = theirs.wall / ours.wall;
    println!(
        "| {name} | {lines} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {ratio:.2} | {kept} |",
        bytes / 1_000_000,
        theirs.wall,
        theirs.cores,
        ours.wall,
        ours.cores
    );
    Ok(())
}

/// The least seconds of some rounds.
struct Best {
    wall: f64,
    /// Of all cores, those of the kernel included.
    cores: f64,
}

impl Default for Best {
    fn default() -> Self {
        Self { wall: f64::MAX, cores: f64::MAX }
    }
}

impl Best {
    fn of<T, E>(&mut self, round: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let (start, cores) = (Instant::now(), cores());
        let made = round()?;
        self.wall = self.wall.min(start.elapsed().as_secs_f64());
        self.cores = self.cores.min(self::cores() - cores);
        Ok(made)
    }
}

/// Seconds that all cores spent on this process.
fn cores() -> f64 {
    // SAFETY: the structure is plain numbers, for which zeros are values; the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Orders of one to eight lines in the layout of a small export.
fn write_orders(path: &Path, lines: u64) -> Result<(), Box<dyn Error>> {
    let mut dice = rand_pcg::Pcg64Mcg::seed_from_u64(1);
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(file, "orderId,lineItemId,variantId,sku,createdAt,lineItemQuantity,originalUnitPrice,currency")?;
    let (mut order, mut left) = (1_000_000_u64, 0);
    for line in 0..lines {
        if left == 0 {
            order += 1;
            left = dice.random_range(1..=8);
        }
        left -= 1;
        let variant = dice.random_range(0..5_000_u32);
        let (day, second) = (order / 2_000 % 28 + 1, order % 60);
        writeln!(
            file,
            "gid://shopify/Order/{order},gid://shopify/LineItem/{},gid://shopify/ProductVariant/{},SKU-{variant:06},\
             2025-01-{day:02}T12:00:{second:02}Z,{},{}.{:02},USD",
            10_000_000 + line,
            7_000_000 + variant,
            dice.random_range(1..4_u32),
            variant % 90 + 5,
            variant % 100
        )?;
    }
    Ok(file.flush()?)
}

/// Orders as the sample writes them in Shopify's layout.
fn write_shopify(folder: &Path, lines: u64) -> Result<PathBuf, Box<dyn Error>> {
    let world = folder.join("world");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nightloom"));
    command.args(["sample", "orders", "--profile", "shopify", "--shops", "1", "--lines", &lines.to_string(), "--out"]);
    if !command.arg(&world).output()?.status.success() {
        return Err("no orders were made".into());
    }
    let made = std::fs::read_dir(&world)?.filter_map(|entry| Some(entry.ok()?.path().join("orders_export_1.csv")));
    let made = made.into_iter().find(|path| path.is_file()).ok_or("no orders were made")?;
    let path = folder.join("orders_export_1.csv");
    std::fs::rename(made, &path)?;
    std::fs::remove_dir_all(&world)?;
    Ok(path)
}

fn plain_schema() -> Schema {
    let mut schema = Schema::default();
    for name in ["orderId", "lineItemId", "variantId", "sku", "createdAt"] {
        schema.insert(name.into(), DataType::String);
    }
    schema.insert("lineItemQuantity".into(), DataType::Int64);
    schema.insert("originalUnitPrice".into(), DataType::Float64);
    schema.insert("currency".into(), DataType::String);
    schema
}

/// The columns of the file's header: numbers where it has numbers, else texts.
fn shopify_schema(path: &Path) -> Result<Schema, Box<dyn Error>> {
    let mut header = String::new();
    BufReader::new(File::open(path)?).read_line(&mut header)?;
    let kind = |name: &str| match name {
        "Lineitem quantity" | "Id" => DataType::Int64,
        "Subtotal"
        | "Shipping"
        | "Taxes"
        | "Total"
        | "Discount Amount"
        | "Lineitem price"
        | "Lineitem compare at price"
        | "Refunded Amount"
        | "Outstanding Balance"
        | "Lineitem discount" => DataType::Float64,
        _ => DataType::String,
    };
    Ok(header.trim_end().split(',').map(|name| Field::new(name.into(), kind(name))).collect())
}

fn read_csv(path: &Path, schema: SchemaRef) -> PolarsResult<DataFrame> {
    let options = CsvReadOptions::default().with_has_header(true).with_schema(Some(schema));
    options.try_into_reader_with_file_path(Some(path.to_owned()))?.finish()
}

/// The profiles that are shipped, in the order of their files.
fn profiles() -> Result<Vec<toml::Value>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/rules/exports");
    let mut paths = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    paths.iter().map(|path| Ok(toml::from_str(&std::fs::read_to_string(path)?)?)).collect()
}

fn ingest(path: &Path, bytes: u64) -> Result<usize, Box<dyn Error>> {
    let columns: toml::Value = toml::from_str(include_str!("../pipelines/rules/shop-columns.toml"))?;
    let params = serde_json::json!({ "columns": columns, "profiles": profiles()?, "default_shop": "bench" });
    let kind = orders::operators().into_iter().find(|kind| kind.name == "ingest-shop").ok_or("no ingest-shop")?;
    let bound = (kind.bind)(params).map_err(|error| format!("{error:?}"))?;
    let storage = Arc::new(Kept::default());
    let context = StageContext { memory_bytes: 4 << 30, ..StageContext::alone(storage.clone()) };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let path = path.to_string_lossy().into_owned();
    let files = df!("path" => [path], "name" => [name], "bytes" => [bytes as i64])?;
    bound.run(Frames::new().with("files", files), &context)?;
    let kept = storage.0.lock().map_err(|_| "a thread ended unexpectedly")?;
    Ok(kept.iter().filter(|(port, _)| port == "order_lines").map(|(_, rows)| rows.height()).sum())
}
