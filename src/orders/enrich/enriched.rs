//! Lines with all that is known of their items, for the output `enriched_lines`.

use polars::prelude::*;

use ColumnKind::{Bool, Int, Text, Timestamp as Instant};

use super::{
    lines::NO_SKU,
    links::{By, Link},
};
use crate::operator::{ColumnKind, StageError};

/// The columns of `enriched_lines`.
pub const ENRICHED: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("order_id", Text),
    ("line_item_id", Text),
    ("created_at", Instant),
    ("customer", Text),
    ("variant_id", Text),
    ("linked_by", Text),
    ("ambiguous", Bool),
    ("sku", Text),
    ("item_id", Text),
    ("inventory_item_id", Text),
    ("product_id", Text),
    ("product_title", Text),
    ("product_type", Text),
    ("vendor", Text),
    ("tags", Text),
    ("product_status", Text),
    ("product_created_at", Instant),
    ("product_published_at", Instant),
    ("variant_title", Text),
    ("price_cents", Int),
    ("compare_at_price_cents", Int),
    ("inventory_available", Int),
    ("location_count", Int),
    ("stock_available", Int),
    ("quantity", Int),
    ("unit_price_cents", Int),
    ("line_total_cents", Int),
    ("name", Text),
    ("category", Text),
    ("brand", Text),
    ("is_gift_card", Bool),
    ("is_cancelled", Bool),
];

/// What an item gives its lines.
const OF_ITEM: [&str; 18] = [
    "variant_id",
    "product_id",
    "product_title",
    "product_type",
    "product_status",
    "vendor",
    "tags",
    "sku",
    "price_cents",
    "compare_at_price_cents",
    "inventory_item_id",
    "inventory_available",
    "location_count",
    "available_total",
    "product_created_at",
    "product_published_at",
    "variant_title",
    "is_gift_card",
];

/// A batch of lines with their items' columns. `items` is the table of items, `links` says of each line which is its own.
///
/// # Errors
/// When a column is missing.
pub fn enriched(
    batch: &DataFrame,
    item_ids: Column,
    links: &[Option<Link<'_>>],
    items: &DataFrame,
) -> Result<DataFrame, StageError> {
    let rows: IdxCa = links.iter().map(|link| link.map(|link| link.row)).collect();
    let mut of_item = items.select(OF_ITEM)?.take(&rows)?;
    of_item.set_column_names(&OF_ITEM.map(of_item_name))?;
    let linked_by: StringChunked = links
        .iter()
        .map(|link| {
            link.map(|link| match link.by {
                By::Variant => "variant_id",
                By::Sku => "sku",
                By::Name => "name",
            })
        })
        .collect();
    let ambiguous: BooleanChunked = links.iter().map(|link| Some(link.is_some_and(|link| link.is_ambiguous))).collect();
    let mut found = vec![
        item_ids,
        linked_by.with_name("linked_by".into()).into_column(),
        ambiguous.with_name("ambiguous".into()).into_column(),
    ];
    found.extend(of_item.into_columns());
    let wide = batch.hstack(&found)?.lazy().select(meaning());
    Ok(wide.collect()?)
}

fn of_item_name(name: &str) -> String {
    format!("item_{name}")
}

/// The columns of the output.
fn meaning() -> Vec<Expr> {
    let of_item = |name: &str| col(of_item_name(name));
    let is_real = col("sku").str().starts_with(lit(NO_SKU)).not().and(col("sku").neq(lit("")));
    let real_sku = when(is_real).then(col("sku")).otherwise(lit(NULL));
    let cell = |name: &str| match name {
        "variant_id" | "product_id" | "product_title" | "variant_title" => coalesce(&[of_item(name), col(name)]),
        "sku" => coalesce(&[real_sku.clone(), of_item("sku"), col("sku")]),
        "stock_available" => of_item("available_total"),
        "is_gift_card" => col("is_gift_card").or(of_item("is_gift_card").fill_null(false)),
        _ if OF_ITEM.contains(&name) => of_item(name),
        _ => col(name),
    };
    ENRICHED.iter().map(|(name, _)| cell(name).alias(*name)).collect()
}
