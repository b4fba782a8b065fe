//! `nightloom bundles list`: the recommendations of shops, a line each.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value as Json, json};

use super::asked::{Database, StatusArgument, amount, usage};
use crate::{
    report::table::{Table, count},
    review::{self, Query, Recommendation},
};

/// List bundles, by shop and rank.
///
/// `a month` is what a bundle is expected to earn more, in the shop's currency (nightloom bundles show says how sure that is).
///
/// Examples:
///   nightloom bundles list --shop north --status pending
///   nightloom bundles list --type FBT --item mug --json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    database: Database,
    /// Only of this shop.
    #[arg(long)]
    shop: Option<String>,
    /// Only with this status; may be given several times.
    #[arg(long, value_enum)]
    status: Vec<StatusArgument>,
    /// Only of this type: FBT, VOLUME, BOGO, MIX_MATCH, FIXED.
    #[arg(long = "type", value_name = "TYPE")]
    bundle_type: Option<String>,
    /// Only for this objective, such as increase_aov.
    #[arg(long)]
    objective: Option<String>,
    /// Only with an item whose id, SKU or name holds this.
    #[arg(long, value_name = "TEXT")]
    item: Option<String>,
    /// Only with at least this score.
    #[arg(long, value_name = "SCORE")]
    min_score: Option<f64>,
    /// Only with at least this confidence.
    #[arg(long, value_name = "SHARE")]
    min_confidence: Option<f64>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the list.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let connection = arguments.database.open()?;
    let query = Query {
        shop: arguments.shop.clone(),
        status: arguments.status.iter().map(|status| (*status).into()).collect(),
        bundle_type: arguments.bundle_type.as_ref().map(|name| name.to_ascii_uppercase()),
        objective: arguments.objective.clone(),
        item: arguments.item.clone(),
        min_score: arguments.min_score,
        min_confidence: arguments.min_confidence,
        limit: arguments.limit.checked_add(1),
        ..Query::default()
    };
    let mut found = review::list(&connection, &query).map_err(usage)?;
    let is_cut = found.len() > arguments.limit;
    found.truncate(arguments.limit);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&json!({ "recommendations": found, "more": is_cut }))?);
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        println!("There are no such bundles.");
    }
    for of_shop in found.chunk_by(|one, other| one.shop_id == other.shop_id) {
        println!("{}", heading(of_shop));
        println!("{}", table(of_shop));
    }
    if is_cut {
        println!("There are more: --limit {}", arguments.limit.saturating_mul(2));
    }
    Ok(ExitCode::SUCCESS)
}

fn heading(of_shop: &[Recommendation]) -> String {
    let Some(first) = of_shop.first() else { return String::new() };
    let shop = if first.shop_id.is_empty() { "shop without a name" } else { &first.shop_id };
    format!("{shop}: {} {}", count(of_shop.len() as u64), if of_shop.len() == 1 { "bundle" } else { "bundles" })
}

/// Characters of an id that are shown: enough to tell a hundred thousand apart.
const ID: usize = 8;

/// Characters of a title that are shown.
const TITLE: usize = 26;

fn table(of_shop: &[Recommendation]) -> String {
    let mut table = Table::new(&["id", "#", "type", "title", "price", "off", "a month", "status"]);
    for of in of_shop {
        let pricing = |key: &str| of.pricing.get(key).and_then(Json::as_f64);
        table.row(vec![
            of.id.chars().take(ID).collect(),
            of.rank_position.map_or_else(String::new, |rank| rank.to_string()),
            of.bundle_type.clone(),
            cut(of.title(), TITLE),
            pricing("bundle_price").map_or_else(String::new, |price| format!("{price:.2}")),
            of.pricing.get("discount_pct").and_then(Json::as_str).unwrap_or_default().to_owned(),
            of.expected_margin_cents.map_or_else(String::new, amount),
            of.status.name().to_owned(),
        ]);
    }
    table.right(&[1, 4, 5, 6]);
    table.to_string()
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}
