//! `nightloom catalog monitor`: what changed in a catalog since the index was written.

use std::process::ExitCode;

use clap::Args;
use polars::prelude::DataFrame;
use serde_json::json;

use super::arguments::{Again, CatalogArguments, REFUSED, Steps, failed};
use crate::{
    cli::datasets::{sum, texts},
    io::index::IndexStatus,
    pipeline::{PipelineError, run::Writes},
};

/// Ids of a type that are shown.
const SHOWN: usize = 10;

/// Say what changed in a catalog since the index was written. Nothing is written.
///
/// Example: nightloom catalog monitor shop.example catalog.json --index out/search.db
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    catalog: CatalogArguments,
}

/// A change as it is shown.
pub struct Change {
    /// Its product.
    pub id: String,
    /// added, modified or deleted.
    pub change: String,
    /// Its class.
    pub class: String,
    /// What changed.
    pub fields: Vec<String>,
}

/// The changes of a dataset.
pub fn changes_of(frame: &DataFrame) -> anyhow::Result<Vec<Change>> {
    let (ids, changes) = (texts(frame, "id")?, texts(frame, "change")?);
    let (classes, fields) = (texts(frame, "class")?, texts(frame, "fields")?);
    let each = ids.into_iter().zip(changes).zip(classes.into_iter().zip(fields));
    let split = |fields: String| fields.split(',').filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect();
    Ok(each.map(|((id, change), (class, fields))| Change { id, change, class, fields: split(fields) }).collect())
}

/// What a look at a catalog found.
pub struct Looked {
    /// The changes, the most urgent first.
    pub changes: Vec<Change>,
    /// Why the catalog was refused; empty if it was not.
    pub refused: Vec<String>,
    /// Products of the catalog.
    pub products: i64,
}

/// Looks for changes; nothing is written. The inner error is the run's own.
pub fn look(catalog: &CatalogArguments) -> anyhow::Result<Result<Looked, PipelineError>> {
    let steps = Steps { select: &["+changes"], writes: Writes::Nothing, again: Again::Stages, sets: &[] };
    let performed = catalog.run(catalog.pipeline.clone(), steps)?;
    let datasets = ["changes", "refusals", "summary"].map(|name| performed.dataset(name));
    if let Some(problem) = performed.outcome.problem {
        return Ok(Err(problem));
    }
    let [Some(changes), Some(refusals), Some(summary)] = datasets.map(|dataset| dataset.ok().flatten()) else {
        anyhow::bail!(
            "the pipeline has no datasets 'changes', 'refusals' and 'summary'; see pipelines/catalog-sync.toml"
        );
    };
    let (changes, refused) = (changes_of(&changes)?, texts(&refusals, "reason")?);
    Ok(Ok(Looked { changes, refused, products: sum(&summary, "products")? }))
}

/// Prints the changes.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let catalog = &arguments.catalog;
    let Looked { changes, refused, products } = match look(catalog)? {
        Ok(looked) => looked,
        Err(problem) => return failed(problem),
    };
    if catalog.json {
        println!("{}", serde_json::to_string_pretty(&as_json(&changes, &refused))?);
    } else {
        print(catalog, &changes, products);
    }
    for reason in &refused {
        eprintln!("refused: {reason}");
    }
    Ok(if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

fn as_json(changes: &[Change], refused: &[String]) -> serde_json::Value {
    let ids = |kind: &str| -> Vec<&String> {
        changes.iter().filter(|change| change.change == kind).map(|change| &change.id).collect()
    };
    let modified: Vec<_> = changes
        .iter()
        .filter(|change| change.change == "modified")
        .map(|change| json!({ "id": change.id, "fields": change.fields, "class": change.class }))
        .collect();
    json!({ "added": ids("added"), "modified": modified, "deleted": ids("deleted"), "refused": refused })
}

fn print(catalog: &CatalogArguments, changes: &[Change], products: i64) {
    println!("Catalog: {}", catalog.catalog.display());
    println!("Shop: {}", catalog.shop);
    println!("{}", "-".repeat(60));
    println!("Changes: {}", changes.len());
    for kind in ["added", "modified", "deleted"] {
        let of_kind: Vec<&Change> = changes.iter().filter(|change| change.change == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        println!("\n{kind}: {}", of_kind.len());
        for change in of_kind.iter().take(SHOWN) {
            println!("  {}", change.id);
            if !change.fields.is_empty() {
                println!("    {}: {}", change.class, change.fields.join(", "));
            }
        }
        if of_kind.len() > SHOWN {
            println!("  and {} more", of_kind.len() - SHOWN);
        }
    }
    println!("\nProducts: {products}");
    let status = crate::io::index::status(&catalog.index.index, 1).ok().flatten();
    println!("Last sync: {}", last_sync(status.as_ref()));
    println!("Syncs: {}", status.map_or(0, |status| status.sync_count));
}

/// When an index was written last.
pub fn last_sync(status: Option<&IndexStatus>) -> String {
    let last = status.and_then(|status| status.runs.first());
    let time = last.and_then(|run| jiff::Timestamp::from_second(run.started_at).ok());
    time.map_or_else(|| "Never".to_owned(), |time| time.to_string())
}
