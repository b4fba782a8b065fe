//! The shop's items as they stand at an instant: stock, velocity and what they are good for.

use polars::prelude::*;

use super::{
    items::Items,
    sales::{DAY, Sold},
    shops::{Shops, instants},
};
use crate::operator::{ColumnKind, StageError};

use ColumnKind::{Bool, Float, Int, Text, Timestamp};

/// One row an item. Money is cents; `velocity` is units a day.
pub const SNAPSHOTS: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("variant_id", Text),
    ("product_id", Text),
    ("product_title", Text),
    ("variant_title", Text),
    ("product_type", Text),
    ("tags", Text),
    ("product_status", Text),
    ("vendor", Text),
    ("product_created_at", Timestamp),
    ("product_published_at", Timestamp),
    ("sku", Text),
    ("price_cents", Int),
    ("compare_at_price_cents", Int),
    ("unit_cost_cents", Int),
    ("inventory_item_id", Text),
    ("inventory_item_created_at", Timestamp),
    ("available_total", Int),
    ("last_inventory_update", Timestamp),
    ("is_slow_mover", Bool),
    ("is_new_launch", Bool),
    ("is_seasonal", Bool),
    ("is_high_margin", Bool),
    ("is_gift_card", Bool),
    ("velocity", Float),
    ("units_60_days", Int),
    ("units_90_days", Int),
    ("units", Int),
    ("revenue_cents", Int),
    ("sales_180_days", Int),
    ("discount_cents_180_days", Int),
    ("listed_cents_180_days", Int),
    ("sales_90_days", Int),
    ("discount_cents_90_days", Int),
    ("listed_cents_90_days", Int),
    ("synthetic", Bool),
    ("from_lines", Bool),
    ("image_url", Text),
    ("description", Text),
    ("as_of", Timestamp),
];

/// Words in a title or tag that make an item seasonal.
const SEASONAL: &str = "holiday|festive|gift|christmas|halloween|valentine|summer|winter|black friday|seasonal";

/// The snapshot of all items. `sold` has a place for each of them.
///
/// # Errors
/// When an expression fails.
pub fn snapshots(items: &Items, sold: &[Sold], shops: &Shops) -> Result<DataFrame, StageError> {
    let sum =
        |name: &str, number: fn(&Sold) -> i64| Column::new(name.into(), sold.iter().map(number).collect::<Vec<i64>>());
    let instant = |name: &str, at: fn(&Shops, u32) -> Option<i64>| {
        instants(name, items.shops.iter().map(|shop| shop.and_then(|shop| at(shops, shop))))
    };
    let facts = [
        sum("units_60_days", |sold| sold.units_60_days),
        sum("units_90_days", |sold| sold.units_90_days),
        sum("off_cents_180_days", |sold| sold.off_cents_180_days),
        sum("list_cents_180_days", |sold| sold.list_cents_180_days),
        sum("sales_180_days", |sold| sold.sales_180_days),
        sum("discount_cents_180_days", |sold| sold.discount_cents_180_days),
        sum("listed_cents_180_days", |sold| sold.listed_cents_180_days),
        sum("sales_90_days", |sold| sold.sales_90_days),
        sum("discount_cents_90_days", |sold| sold.discount_cents_90_days),
        sum("listed_cents_90_days", |sold| sold.listed_cents_90_days),
        sum("units", |sold| sold.units),
        sum("revenue_cents", |sold| sold.revenue_cents),
        Column::new("cost_in_lines_cents".into(), sold.iter().map(|sold| sold.cost_cents).collect::<Vec<_>>()),
        instant("first_order_at", Shops::first_order_at)?,
        instant("as_of", Shops::as_of)?,
    ];
    let frame = items
        .all
        .hstack(&facts)?
        .lazy()
        .with_columns([
            velocity().alias("velocity"),
            coalesce(&[col("unit_cost_cents"), col("cost_in_lines_cents")]).alias("unit_cost_cents"),
        ])
        .with_columns([
            is_slow_mover().alias("is_slow_mover"),
            is_new_launch().alias("is_new_launch"),
            is_seasonal().alias("is_seasonal"),
            is_high_margin().alias("is_high_margin"),
        ])
        .select(SNAPSHOTS.iter().map(|(name, _)| col(*name)).collect::<Vec<_>>())
        .sort(["shop_id", "variant_id"], SortMultipleOptions::default().with_maintain_order(true));
    Ok(frame.collect()?)
}

fn days(from: &str, to: &str) -> Expr {
    (col(to) - col(from)).dt().total_microseconds(false).cast(DataType::Float64) / lit(DAY as f64)
}

/// Units a day of the last 60 days, or of the days since the first order if those are fewer; of one day at least.
fn velocity() -> Expr {
    let observed = days("first_order_at", "as_of").fill_null(lit(60.0)).clip(lit(1.0), lit(60.0));
    let exact = col("units_60_days").cast(DataType::Float64) / observed;
    six_decimals(exact)
}

/// A ratio as it is stored.
pub fn six_decimals(ratio: Expr) -> Expr {
    // Polars would multiply by a millionth, which is no float, where it is to divide by a million.
    ratio.round(6, RoundMode::HalfAwayFromZero)
}

/// It sells slowly and there is enough of it, or did not sell in 90 days and is there. Stock that is not tracked counts as
/// there.
fn is_slow_mover() -> Expr {
    let stock = || col("available_total");
    let slow = col("velocity").lt(lit(0.1)).and(stock().is_null().or(stock().gt(lit(10))));
    let unsold = col("units_90_days").eq(lit(0)).and(stock().is_null().or(stock().neq(lit(0))));
    slow.or(unsold).fill_null(false)
}

/// Its product is younger than 30 days.
fn is_new_launch() -> Expr {
    let age = || days("product_created_at", "as_of");
    age().gt_eq(lit(0.0)).and(age().lt(lit(30.0))).fill_null(false)
}

fn is_seasonal() -> Expr {
    let text = concat_str([col("product_title"), col("tags")], " ", true);
    text.str().to_lowercase().str().contains(lit(SEASONAL), true).fill_null(false)
}

/// With a known cost: 40 % of the price or more is margin. Else: it was hardly discounted in 180 days. Without sales: its
/// price is hardly below the one to compare with.
fn is_high_margin() -> Expr {
    let float = |name: &str| col(name).cast(DataType::Float64);
    let by_cost = (float("price_cents") - float("unit_cost_cents")) / float("price_cents");
    let by_discount = float("off_cents_180_days") / float("list_cents_180_days");
    let gap = (float("compare_at_price_cents") - float("price_cents")) / float("compare_at_price_cents");
    when(col("unit_cost_cents").is_not_null().and(col("price_cents").gt(lit(0))))
        .then(by_cost.gt_eq(lit(0.4)))
        .when(col("sales_180_days").gt(lit(0)))
        .then(by_discount.fill_nan(lit(0.0)).lt(lit(0.05)))
        .otherwise(col("compare_at_price_cents").is_null().or(gap.lt(lit(0.05))))
        .fill_null(false)
}
