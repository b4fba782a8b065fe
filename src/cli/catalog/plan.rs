//! `nightloom catalog plan`: what a sync would write.

use std::{collections::BTreeMap, process::ExitCode};

use clap::Args;
use serde_json::json;

use super::arguments::{Again, CatalogArguments, REFUSED, Steps, failed};
use crate::{
    cli::datasets::texts,
    pipeline::run::Writes,
    report::table::{Table, count},
};

/// Say what a sync would write, by class. Nothing is written.
///
/// Example: nightloom catalog plan shop.example catalog.json
#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    catalog: CatalogArguments,
}

/// Prints the operations.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let catalog = &arguments.catalog;
    let steps = Steps { select: &["+operations"], writes: Writes::Nothing, again: Again::Stages, sets: &[] };
    let performed = catalog.run(catalog.pipeline.clone(), steps)?;
    let datasets = ["operations", "refusals"].map(|name| performed.dataset(name));
    if let Some(problem) = performed.outcome.problem {
        return failed(problem);
    }
    let [Some(operations), Some(refusals)] = datasets.map(|dataset| dataset.ok().flatten()) else {
        anyhow::bail!("the pipeline has no datasets 'operations' and 'refusals'; see pipelines/catalog-sync.toml");
    };
    let mut by_class: BTreeMap<(String, String), u64> = BTreeMap::new();
    for pair in texts(&operations, "class")?.into_iter().zip(texts(&operations, "operation")?) {
        *by_class.entry(pair).or_default() += 1;
    }
    let reasons = texts(&refusals, "reason")?;
    if catalog.json {
        let each = by_class.iter();
        let each = each.map(|((class, doing), count)| json!({ "class": class, "operation": doing, "products": count }));
        println!(
            "{}",
            serde_json::to_string_pretty(&json!({ "operations": each.collect::<Vec<_>>(), "refused": reasons }))?
        );
    } else {
        let mut table = Table::new(&["Class", "Operation", "Products"]);
        table.right(&[2]);
        for ((class, doing), products) in &by_class {
            table.row(vec![class.clone(), doing.clone(), count(*products)]);
        }
        print!("{table}");
    }
    for reason in &reasons {
        eprintln!("refused: {reason}");
    }
    Ok(if reasons.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}
