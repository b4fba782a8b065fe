//! How far the lines of each shop could be linked.

use polars::prelude::*;

use super::{items::Items, snapshots::six_decimals};
use crate::operator::{ColumnKind, StageError};

use ColumnKind::{Bool, Float, Int, Text, Timestamp};

/// One row a shop.
pub const METRICS: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("as_of", Timestamp),
    ("total_order_lines", Int),
    ("resolved_variants", Int),
    ("linked_by_sku", Int),
    ("linked_by_name", Int),
    ("ambiguous", Int),
    ("unresolved", Int),
    ("unresolved_skus", Text),
    ("missing_inventory", Int),
    ("enriched_lines", Int),
    ("basket_lines", Int),
    ("variant_count", Int),
    ("catalog_count", Int),
    ("missing_catalog_variants", Int),
    ("catalog_coverage_ratio", Float),
    ("blocked_no_variants_or_catalog", Bool),
];

/// The metrics of all shops. `lines` has the sums by shop, `samples` the first unresolved SKUs of some shops, `times` when
/// each is judged.
///
/// # Errors
/// When a join fails.
pub fn metrics(
    items: &Items,
    lines: DataFrame,
    samples: Vec<(String, String)>,
    times: DataFrame,
) -> Result<DataFrame, StageError> {
    let count = |name: &str, condition: Expr| condition.cast(DataType::Int64).sum().alias(name);
    let of_items = items.all.clone().lazy().group_by([col("shop_id")]).agg([
        count("variant_count", col("in_variants")),
        count("catalog_count", col("in_catalog")),
        count("missing_catalog_variants", col("in_variants").and(col("in_catalog").not())),
    ]);
    let (shops, skus): (Vec<String>, Vec<String>) = samples.into_iter().unzip();
    let samples = df!("shop_id" => shops, "unresolved_skus" => skus)?.lazy();
    let key = || [col("shop_id")];
    let outer = |left: LazyFrame, right: LazyFrame| {
        let join = left.join_builder().with(right).left_on(key()).right_on(key());
        join.how(JoinType::Full).coalesce(JoinCoalesce::CoalesceColumns).finish()
    };
    let numbers = METRICS.iter().filter(|(_, kind)| *kind == Int).map(|(name, _)| col(*name).fill_null(lit(0_i64)));
    let all = outer(lines.lazy(), of_items)
        .join(samples, key(), key(), JoinType::Left.into())
        .join(times.lazy(), key(), key(), JoinType::Left.into())
        .with_columns(numbers.collect::<Vec<_>>());
    let ratio = col("catalog_count").cast(DataType::Float64) / col("variant_count").cast(DataType::Float64);
    let empty = |name: &str| col(name).eq(lit(0));
    let all = all
        .with_columns([
            when(col("variant_count").gt(lit(0)))
                .then(six_decimals(ratio))
                .otherwise(lit(NULL))
                .alias("catalog_coverage_ratio"),
            empty("total_order_lines")
                .or(empty("variant_count"))
                .or(empty("catalog_count"))
                .alias("blocked_no_variants_or_catalog"),
            col("unresolved_skus").fill_null(lit("[]")),
        ])
        .sort(["shop_id"], SortMultipleOptions::default())
        .select(METRICS.iter().map(|(name, _)| col(*name)).collect::<Vec<_>>());
    Ok(all.collect()?)
}
