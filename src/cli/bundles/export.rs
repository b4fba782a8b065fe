//! `nightloom bundles export`: bundles and recommendations for other programs.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::asked::{Database, usage};
use crate::review::{self, Query, ReviewError};

/// Export what a shop has, in the forms of docs/bundles.md and schemas/.
///
/// Examples:
///   nightloom bundles export bundles --shop north --out north-bundles.json
///   nightloom bundles export recommendations --shop north --csv
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// What is exported.
    #[arg(value_enum)]
    what: What,
    #[command(flatten)]
    database: Database,
    /// The shop.
    #[arg(long)]
    shop: String,
    /// Recommendations as CSV.
    #[arg(long)]
    csv: bool,
    /// The file that is written [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// Active bundles, as JSON for the shop's app.
    Bundles,
    /// All recommendations.
    Recommendations,
}

/// Exports.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let connection = arguments.database.open()?;
    let now = Timestamp::now().to_string();
    let shop = &arguments.shop;
    let text = match arguments.what {
        What::Bundles => json(review::bundles(&connection, shop, &now))?,
        What::Recommendations if arguments.csv => {
            let query = Query { shop: Some(shop.clone()), ..Query::default() };
            review::recommendations_csv(&review::list(&connection, &query).map_err(usage)?)
        }
        What::Recommendations => json(review::recommendations(&connection, shop, &now))?,
    };
    write(arguments.out.as_ref(), &text)?;
    Ok(ExitCode::SUCCESS)
}

fn json<T: Serialize>(exported: Result<T, ReviewError>) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&exported.map_err(usage)?)? + "\n")
}

/// Writes a whole file or nothing of it, or prints.
pub fn write(path: Option<&PathBuf>, text: &str) -> anyhow::Result<()> {
    let Some(path) = path else {
        print!("{text}");
        return Ok(());
    };
    let cannot = || format!("cannot write {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder).with_context(cannot)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).with_context(cannot)?;
    file.persist(path).with_context(cannot)?;
    Ok(())
}
