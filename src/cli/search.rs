//! `nightloom search`: asks a search index.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::{
    catalog::query_vector,
    io::index::{self, Found, Search, SearchMode},
    pipeline::PipelineError,
    report::table::Table,
};

/// Search an index by words and by what they mean.
///
/// Any text is a query. A word that no product has is mended: words of titles a letter or two away are looked for too.
/// The condition is one of SQL on the index's columns, and narrows before the best are chosen.
///
/// Examples:
///   nightloom search "leather belt" --index out/search.db
///   nightloom search "usb c 1234-56" --where "price < 100 AND available" --shop shop.example
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The words.
    query: String,
    /// The search index.
    #[arg(long, env = "SEARCH_INDEX", default_value = "out/search.db")]
    index: PathBuf,
    /// A condition on the columns of products.
    #[arg(long = "where", value_name = "CONDITION")]
    filter: Option<String>,
    /// Only products of this namespace.
    #[arg(long)]
    shop: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    top: u32,
    /// What is asked.
    #[arg(long, value_enum, default_value_t = Mode::Hybrid)]
    mode: Mode,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is asked.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// Words and vectors.
    Hybrid,
    /// Words alone.
    Words,
    /// Vectors alone.
    Vectors,
}

/// Searches and prints.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let dimensions = index::dimensions(&arguments.index)?;
    let told = |problem| PipelineError::Io { what: "search".to_owned(), problem };
    let mends = index::mends(&arguments.index, &arguments.query, arguments.shop.as_deref()).map_err(told)?;
    // The vector is that of what was meant: the letters of a typo lead it elsewhere.
    let meant = mends.applied(&arguments.query);
    let vector = dimensions.map(|dimensions| query_vector(&meant, dimensions));
    let search = Search {
        query: &arguments.query,
        vector: vector.as_deref(),
        namespace: arguments.shop.as_deref(),
        filter: arguments.filter.as_deref(),
        top: usize::try_from(arguments.top).unwrap_or(10),
        mode: match arguments.mode {
            Mode::Hybrid => SearchMode::Hybrid,
            Mode::Words => SearchMode::Words,
            Mode::Vectors => SearchMode::Vectors,
        },
    };
    let found = index::search(&arguments.index, &search).map_err(told)?;
    if arguments.json {
        let found: Vec<_> = found.iter().map(as_json).collect();
        let mended: BTreeMap<&str, &[String]> = mends.all().collect();
        let json = json!({ "query": arguments.query, "mended": mended, "found": found });
        println!("{}", serde_json::to_string_pretty(&json)?);
        return Ok(ExitCode::SUCCESS);
    }
    for (part, words) in mends.all() {
        println!("No product has '{part}': also looked for {}", words.join(", "));
    }
    if found.is_empty() {
        println!("Nothing found.");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["Score", "Id", "Title", "Price"]);
    table.right(&[0, 3]);
    for found in &found {
        let price = found.metadata.get("price").and_then(serde_json::Value::as_f64);
        let price = price.map_or_else(String::new, |price| format!("{price:.2}"));
        table.row(vec![format!("{:.3}", found.score), found.id.clone(), found.title.clone(), price]);
    }
    print!("{table}");
    Ok(ExitCode::SUCCESS)
}

fn as_json(found: &Found) -> serde_json::Value {
    let Found { namespace, id, title, score, words, vectors, metadata } = found;
    json!({
        "namespace": namespace, "id": id, "title": title, "score": score, "words": words, "vectors": vectors,
        "metadata": metadata,
    })
}
