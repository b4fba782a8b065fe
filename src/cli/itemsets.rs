//! `nightloom itemsets`: the frequent itemsets of a file of transactions.

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::AtomicBool,
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use polars::prelude::{IntoLazy, col, cols};

use crate::{
    io::{CsvOptions, ReadWatch, SourceSpec, checkpoint_file::write_parquet},
    mining::{Baskets, Limits, Search, Target, count_of_share, read_baskets, sets_frame},
    operator::Silent,
};

/// Find the items that are often bought together.
///
/// Prints a line a set, 'items (count)', or writes Parquet. What it read, left out and found is told on standard error.
///
/// Examples:
///   nightloom itemsets baskets.dat.gz --support 0.01 --target closed
///   nightloom itemsets lines.csv --format csv --transaction order_id --item sku --out sets.parquet
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The file.
    file: PathBuf,
    /// fimi: a transaction a line, items with white space between (also .gz); csv, parquet: a row an item.
    #[arg(long, value_enum, default_value_t = Format::Fimi)]
    format: Format,
    /// The share of the transactions that must hold a set, from 0 to 1.
    #[arg(long, default_value_t = 0.01, value_parser = parse_share)]
    support: f64,
    /// Which sets: all frequent ones; those that no longer set equals in its transactions; those in no longer one.
    #[arg(long, value_enum, default_value_t = Sets::All)]
    target: Sets,
    /// The most items of a set.
    #[arg(long, value_name = "K", value_parser = parse_at_least_one)]
    max_size: Option<usize>,
    /// Leave out transactions of more different items: a few long ones can make nearly all of the sets.
    #[arg(long, value_name = "N", value_parser = parse_at_least_one)]
    max_basket: Option<usize>,
    /// Stop when there are more sets than this; in any case when they need more than 4 GiB.
    #[arg(long, value_name = "N", default_value_t = 50_000_000)]
    max_sets: u64,
    /// The column that tells transactions apart (csv, parquet).
    #[arg(long, default_value = "transaction", value_name = "COLUMN")]
    transaction: String,
    /// The column of the items (csv, parquet).
    #[arg(long, default_value = "item", value_name = "COLUMN")]
    item: String,
    /// Print the number of sets only, without making them.
    #[arg(long, conflicts_with = "out")]
    count: bool,
    /// Write Parquet to this file instead of printing.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Fimi,
    Csv,
    Parquet,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sets {
    All,
    Closed,
    Maximal,
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number; for example 0.01".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("out of range; give a share from 0 to 1".to_owned()) }
}

fn parse_at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "give a whole number from 1 on".to_owned())
}

/// The most memory of the found sets.
const MOST_BYTES: u64 = 4 << 30;

/// Reads, mines, prints or writes.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(path) = &arguments.out {
        check_folder(path)?;
    }
    let mut baskets = read(arguments)?;
    if baskets.len() == 0 {
        bail!("{} holds no transactions", arguments.file.display());
    }
    let limits = Limits { max_sets: Some(arguments.max_sets), max_bytes: Some(MOST_BYTES), cancelled: None };
    if let Some(most) = arguments.max_basket {
        let left_out = baskets.leave_out_longer(most);
        eprintln!("{left_out} transactions have more than {most} different items; they are left out");
    }
    let search = Search {
        target: match arguments.target {
            Sets::All => Target::All,
            Sets::Closed => Target::Closed,
            Sets::Maximal => Target::Maximal,
        },
        min_count: count_of_share(arguments.support, baskets.len()),
        max_size: arguments.max_size,
    };
    if arguments.count {
        println!("{}", baskets.count_within(search, limits)?);
        return Ok(ExitCode::SUCCESS);
    }
    let sets = baskets.mine_within(search, limits)?;
    eprintln!("{} transactions; {} sets in {} or more of them", baskets.len(), sets.counts.len(), search.min_count);
    if let Some(path) = &arguments.out {
        let rows = sets_frame(None, &baskets, &sets)?.lazy().drop(cols(["shop_id"]));
        let name = path.file_name().context("--out names no file")?.to_string_lossy();
        let unfinished = path.with_file_name(format!(".{name}.partial"));
        write_parquet(&unfinished, rows, &[])?;
        std::fs::rename(&unfinished, path).with_context(|| format!("cannot write {}", path.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (items, count) in sets.iter() {
        for item in items {
            write!(out, "{} ", baskets.name(*item))?;
        }
        writeln!(out, "({count})")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Refuses a file that could not be written after all the work.
fn check_folder(path: &Path) -> anyhow::Result<()> {
    path.file_name().context("--out names no file")?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::tempfile_in(folder).map(drop).with_context(|| {
        format!("cannot write into {}; make the folder, or choose another with --out", folder.display())
    })
}

/// Refuses a column that is not there before the file is read.
fn check_columns(source: &SourceSpec, arguments: &Arguments) -> anyhow::Result<()> {
    let columns = source.schema()?;
    for (option, name) in [("--transaction", &arguments.transaction), ("--item", &arguments.item)] {
        if !columns.iter().any(|column| column.name == *name) {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            bail!(
                "{} has no column '{name}'; name one with {option}; it has {}",
                arguments.file.display(),
                names.join(", ")
            );
        }
    }
    Ok(())
}

fn read(arguments: &Arguments) -> anyhow::Result<Baskets> {
    let glob = glob::Pattern::escape(&arguments.file.to_string_lossy());
    let source = match arguments.format {
        Format::Fimi => return Ok(Baskets::from_lines(&read_text(&arguments.file)?)?),
        Format::Csv => SourceSpec::Csv { glob, options: CsvOptions::default() },
        Format::Parquet => SourceSpec::Parquet { glob },
    };
    check_columns(&source, arguments)?;
    let cancelled = AtomicBool::new(false);
    let rows = source.read(&ReadWatch { progress: &Silent, cancelled: &cancelled })?;
    let lines =
        rows.frame.select([col(&arguments.transaction).alias("transaction"), col(&arguments.item).alias("item")]);
    let (baskets, left_out) = read_baskets(lines).with_context(|| arguments.file.display().to_string())?;
    let unusable = rows.rejected.height() + left_out;
    if unusable > 0 {
        eprintln!("{unusable} rows lack a transaction or an item, or cannot be read; they are left out");
    }
    Ok(baskets)
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let shown = || format!("cannot read {}; check the path", path.display());
    let mut file = File::open(path).with_context(shown)?;
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::MultiGzDecoder::new(file).read_to_end(&mut bytes).with_context(shown)?;
    } else {
        file.read_to_end(&mut bytes).with_context(shown)?;
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        anyhow::anyhow!("{}, line {line}: not UTF-8; convert the file first", path.display())
    })
}
