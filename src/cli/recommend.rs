//! `nightloom recommend`: what to recommend to a basket.

use std::{path::PathBuf, process::ExitCode, sync::atomic::AtomicBool};

use anyhow::bail;
use clap::Args;
use polars::prelude::{col, lit};
use serde_json::json;

use crate::{
    io::{ReadWatch, SourceSpec},
    mining::{Answer, ShopModels},
    operator::Silent,
    report::table::Table,
};

/// Recommend items to a basket.
///
/// Answers by the model that `baskets.toml` writes for each shop: how much each item of the basket speaks for others, and how
/// popular those are. Items the shop may not sell are never named. Without items it names the most popular ones.
///
/// Examples:
///   nightloom recommend --shop shop-0001 4711 4712
///   nightloom recommend --shop shop-0001 4711 --model /srv/out/recommendation_model.parquet --json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The items in the basket.
    #[arg(value_name = "ITEM")]
    items: Vec<String>,
    /// The shop; may be left out where the model is of one shop.
    #[arg(long, value_name = "SHOP")]
    shop: Option<String>,
    /// The model: the Parquet file of the dataset 'recommendation_model'.
    #[arg(long, value_name = "FILE", default_value = "out/recommendation_model.parquet")]
    model: PathBuf,
    /// How many items to recommend.
    #[arg(long, short = 'k', value_name = "K", default_value_t = 10, value_parser = parse_count)]
    count: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn parse_count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "give a whole number from 1 on".to_owned())
}

/// Shops that an error names.
const NAMED_SHOPS: usize = 5;

/// Reads the model and answers.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let models = read(arguments)?;
    let shops: Vec<&str> = models.shops().collect();
    let shop = match (arguments.shop.as_deref(), &shops[..]) {
        (Some(shop), _) => Some(shop),
        (None, [only]) => Some(*only),
        (None, []) => None,
        (None, _) => bail!("the model is of several shops, {}; name one with --shop", some(&shops)),
    };
    let Some(model) = models.shop(shop) else {
        bail!(
            "{} has no shop {}; run the pipeline for it, or check --shop",
            arguments.model.display(),
            shop.unwrap_or("without a name")
        );
    };
    let answer = model.recommend(arguments.items.iter().map(String::as_str), arguments.count);
    if arguments.json {
        println!("{}", in_json(shop, arguments, &answer));
        return Ok(ExitCode::SUCCESS);
    }
    for item in &answer.unknown {
        eprintln!("the model has never met the item {item}; it says nothing");
    }
    let mut table = Table::new(&["rank", "item", "score"]);
    table.right(&[0, 2]);
    for (rank, (item, score)) in (1..).zip(&answer.items) {
        table.row(vec![rank.to_string(), item.clone(), format!("{score:.4}")]);
    }
    print!("{table}");
    Ok(ExitCode::SUCCESS)
}

fn in_json(shop: Option<&str>, arguments: &Arguments, answer: &Answer) -> serde_json::Value {
    let items: Vec<_> = (1..)
        .zip(&answer.items)
        .map(|(rank, (item, score))| json!({ "rank": rank, "item_id": item, "score": (score * 1e6).round() / 1e6 }))
        .collect();
    json!({ "shop_id": shop, "basket": arguments.items, "unknown_items": answer.unknown, "recommendations": items })
}

/// The first names, and how many more there are.
fn some(shops: &[&str]) -> String {
    let more = shops.len().saturating_sub(NAMED_SHOPS);
    let named = shops.iter().take(NAMED_SHOPS).copied().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}

fn read(arguments: &Arguments) -> anyhow::Result<ShopModels> {
    if !arguments.model.is_file() {
        bail!("there is no {}; run pipelines/baskets.toml, or name the file with --model", arguments.model.display());
    }
    let source = SourceSpec::Parquet { glob: glob::Pattern::escape(&arguments.model.to_string_lossy()) };
    let columns = source.schema()?;
    if !columns.iter().any(|column| column.name == "recommended") {
        bail!("{} is no model: it has no column 'recommended'", arguments.model.display());
    }
    let cancelled = AtomicBool::new(false);
    let mut rows = source.read(&ReadWatch { progress: &Silent, cancelled: &cancelled })?.frame;
    if let Some(shop) = &arguments.shop {
        rows = rows.filter(col("shop_id").eq(lit(shop.clone())));
    }
    Ok(ShopModels::read(rows)?)
}
