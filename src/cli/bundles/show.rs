//! `nightloom bundles show`: all that is known of a bundle.

use std::{fmt::Write, process::ExitCode};

use clap::Args;
use serde_json::Value as Json;

use super::asked::{Database, amount, usage};
use crate::{
    report::table::Table,
    review::{self, Recommendation},
};

/// Show all that is known of bundles: items and prices, why each was chosen, what it is expected to earn and how sure that
/// is, and what was decided.
///
/// Example: nightloom bundles show 3f2a91c0
#[derive(Args)]
pub struct Arguments {
    /// Ids of recommendations, or what only one id begins with.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    database: Database,
    /// Only of this shop.
    #[arg(long)]
    shop: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints the bundles.
pub fn main(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let connection = arguments.database.open()?;
    let found = review::of_ids(&connection, &arguments.ids, arguments.shop.as_deref()).map_err(usage)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(ExitCode::SUCCESS);
    }
    let shown: Vec<String> = found.iter().map(shown).collect();
    print!("{}", shown.join("\n"));
    Ok(ExitCode::SUCCESS)
}

fn shown(of: &Recommendation) -> String {
    let mut text = format!("{}\n", of.title());
    if let Some(description) = text_of(&of.ai_copy, "description") {
        text += &format!("{description}\n");
    }
    let mut about = Table::new(&["", ""]);
    let mut row = |name: &str, cell: String| {
        if !cell.is_empty() {
            about.row(vec![name.to_owned(), cell]);
        }
    };
    row("id", of.id.clone());
    row("shop", of.shop_id.clone());
    row("type", format!("{}, for {}", of.bundle_type, of.objective));
    row("rank", rank(of));
    row("status", status(of));
    row("price", price(&of.pricing));
    row("terms", terms(&of.pricing));
    row("expected", expected(of));
    row("figures", figures(of));
    row("why", text_of(&of.explanation, "summary").unwrap_or_default().to_owned());
    row("found by", sources(&of.sources));
    text += about.to_string().trim_start_matches('\n');
    text + "\n" + &items(of)
}

fn text_of<'a>(json: &'a Json, key: &str) -> Option<&'a str> {
    json.get(key).and_then(Json::as_str).filter(|text| !text.is_empty())
}

fn number(json: &Json, key: &str) -> f64 {
    json.get(key).and_then(Json::as_f64).unwrap_or_default()
}

fn rank(of: &Recommendation) -> String {
    let place = of.rank_position.map_or_else(|| "none".to_owned(), |rank| rank.to_string());
    format!("{place}, score {:.3}", of.ranking_score)
}

fn status(of: &Recommendation) -> String {
    let mut text = of.status.name().to_owned();
    if let (Some(by), Some(at)) = (&of.decided_by, &of.decided_at) {
        // Writing to a text cannot fail.
        let _ = write!(text, ", decided by {by} at {at}");
    }
    if let Some(note) = &of.note {
        let _ = write!(text, ": {note}");
    }
    if let Some(bundle) = &of.bundle_id {
        let _ = write!(text, "; bundle {bundle}");
    }
    text
}

fn price(pricing: &Json) -> String {
    let currency = text_of(pricing, "currency").unwrap_or_default();
    format!(
        "{:.2} instead of {:.2} {currency}, {:.2} less ({:.1} %)",
        number(pricing, "bundle_price"),
        number(pricing, "original_total"),
        number(pricing, "discount_amount"),
        number(pricing, "total_discount_pct")
    )
}

/// What a customer must do, where it is more than to take all items.
fn terms(pricing: &Json) -> String {
    if let Some(tiers) = pricing.get("volume_tiers").and_then(Json::as_array) {
        let tier = |tier: &Json| format!("from {} {} % off", number(tier, "min_qty"), number(tier, "value"));
        return tiers.iter().filter(|tier| number(tier, "value") > 0.0).map(tier).collect::<Vec<_>>().join(", ");
    }
    let Some(bogo) = pricing.get("bogo_config") else { return String::new() };
    let percent = number(bogo, "discount_percent");
    let how = if percent >= 100.0 { "free".to_owned() } else { format!("at {percent} % off") };
    format!("buy {}, get {} {how}", number(bogo, "buy_qty"), number(bogo, "get_qty"))
}

fn expected(of: &Recommendation) -> String {
    let (Some(mean), Some(low), Some(high)) =
        (of.expected_margin_cents, of.expected_margin_low_cents, of.expected_margin_high_cents)
    else {
        return String::new();
    };
    let currency = text_of(&of.pricing, "currency").unwrap_or_default();
    let mut text =
        format!("{} {currency} more a month, with 90 % chance {} to {}", amount(mean), amount(low), amount(high));
    if let Some(added) = of.added_chance {
        let _ = write!(text, "; adds {:.1} % to the chance of the rest", 100.0 * added);
    }
    if let Some(share) = of.trigger_share.filter(|share| *share < 1.0) {
        let _ = write!(text, "; {:.0} % of the trigger's buyers are left to it by better bundles", 100.0 * share);
    }
    text
}

fn figures(of: &Recommendation) -> String {
    let mut parts = vec![format!("confidence {:.3}", of.confidence)];
    parts.extend(of.lift.map(|lift| format!("lift {lift:.2}")));
    parts.extend(of.support.map(|support| format!("support {support:.4}")));
    parts.join(", ")
}

fn sources(sources: &Json) -> String {
    sources.as_array().into_iter().flatten().filter_map(Json::as_str).collect::<Vec<_>>().join(", ")
}

fn items(of: &Recommendation) -> String {
    let mut table = Table::new(&["item", "sku", "price", "in it"]);
    let none = Vec::new();
    let details = of.pricing.get("product_details").and_then(Json::as_array).unwrap_or(&none);
    for item in of.items() {
        let id = text_of(item, "variant_id");
        let detail = details.iter().find(|detail| text_of(detail, "variant_id") == id);
        table.row(vec![
            text_of(item, "name").unwrap_or_default().to_owned(),
            text_of(item, "sku").unwrap_or_default().to_owned(),
            format!("{:.2}", number(item, "price")),
            detail.map_or_else(String::new, |detail| format!("{:.2}", number(detail, "discounted_price"))),
        ]);
    }
    table.right(&[2, 3]);
    table.to_string()
}
