//! `nightloom itemsets`: the frequent itemsets of a file of transactions.

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::AtomicBool,
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use polars::prelude::{IntoLazy, col, cols};

use crate::{
    io::{CsvOptions, ReadWatch, SourceSpec, checkpoint_file::write_parquet},
    mining::{Baskets, Search, Target, count_of_share, read_baskets, sets_frame},
    operator::Silent,
};

/// Find the items that are often bought together.
///
/// Prints a line a set, 'items (count)', or writes Parquet. What it read and found is told on standard error.
///
/// Example: nightloom itemsets baskets.dat.gz --format fimi --support 0.01 --target closed
#[derive(Args)]
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
    #[arg(long, value_name = "K")]
    max_size: Option<usize>,
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

/// Reads, mines, prints or writes.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let baskets = read(arguments)?;
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
        println!("{}", baskets.count(search));
        return Ok(ExitCode::SUCCESS);
    }
    let sets = baskets.mine(search);
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

fn read(arguments: &Arguments) -> anyhow::Result<Baskets> {
    let glob = glob::Pattern::escape(&arguments.file.to_string_lossy());
    let source = match arguments.format {
        Format::Fimi => return Ok(Baskets::from_lines(&read_text(&arguments.file)?)?),
        Format::Csv => SourceSpec::Csv { glob, options: CsvOptions::default() },
        Format::Parquet => SourceSpec::Parquet { glob },
    };
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
    let shown = || path.display().to_string();
    let mut file = File::open(path).with_context(shown)?;
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).with_context(shown)?;
    } else {
        file.read_to_string(&mut text).with_context(shown)?;
    }
    Ok(text)
}
