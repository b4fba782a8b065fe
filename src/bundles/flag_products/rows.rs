//! The rows of the table of products.

use polars::prelude::*;

use super::{
    super::{products::PRODUCTS, speed::Speed},
    counts::ItemCounts,
    judged::Judged,
};
use crate::operator::StageError;

/// The table of products, of items in the same order.
///
/// # Errors
/// When the items lack a column.
pub fn product_rows(items: &DataFrame, counts: &[ItemCounts], judged: &Judged) -> Result<DataFrame, StageError> {
    let count = |of: fn(&ItemCounts) -> i64| Column::new("".into(), counts.iter().map(of).collect::<Vec<_>>());
    let speeds = |of: fn(&Speed) -> bool| Column::new("".into(), judged.speeds.iter().map(of).collect::<Vec<_>>());
    let columns = PRODUCTS.iter().map(|(name, _)| {
        let column = match *name {
            "item_id" => items.column("variant_id")?.clone(),
            "title" => items.column("product_title")?.clone(),
            "category" => items.column("product_type")?.clone(),
            "status" => items.column("product_status")?.clone(),
            "stock" => items.column("available_total")?.clone(),
            "sku" => Column::new("".into(), &judged.skus),
            "hash_key" => Column::new("".into(), &judged.keys),
            "price_cents" => Column::new("".into(), &judged.prices),
            "exclusion" => Column::new("".into(), &judged.exclusions),
            "is_slow_seller" => speeds(|speed| speed.is_slow),
            "is_fast_seller" => speeds(|speed| speed.is_fast),
            "orders" => count(|counts| counts.orders),
            "multi_item_orders" => count(|counts| counts.multi_item_orders),
            "lines" => count(|counts| counts.lines),
            "lines_of_two" => count(|counts| counts.lines_of_two),
            "lines_of_three" => count(|counts| counts.lines_of_three),
            "lines_of_five" => count(|counts| counts.lines_of_five),
            "quantity_p75" => count(|counts| counts.quantity_p75),
            "quantity_p90" => count(|counts| counts.quantity_p90),
            "quantity_max" => count(|counts| counts.quantity_max),
            other => items.column(other)?.clone(),
        };
        Ok(column.with_name((*name).into()))
    });
    Ok(DataFrame::new(items.height(), columns.collect::<PolarsResult<_>>()?)?)
}
