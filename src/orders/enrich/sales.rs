//! What sold when: sums by item and by shop, added up batch by batch.

use polars::prelude::*;

use crate::operator::{StageError, with_own_texts};

/// Partial sums that wait to be added up.
const WAITING_ROWS: usize = 1 << 20;

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

/// Sums of all lines so far.
#[derive(Default)]
pub struct Sums {
    items: Waiting,
    shops: Waiting,
}

#[derive(Default)]
struct Waiting {
    parts: Vec<DataFrame>,
    rows: usize,
}

impl Waiting {
    fn add(&mut self, part: DataFrame, keys: &[&str]) -> Result<(), StageError> {
        self.rows += part.height();
        self.parts.push(with_own_texts(part)?);
        if self.rows > WAITING_ROWS {
            let sum = self.sum(keys)?;
            // Half of it may be sums already: the next time comes when as much is added.
            self.rows = sum.as_ref().map_or(0, |sum| sum.height() / 2);
            self.parts.extend(sum);
        }
        Ok(())
    }

    fn sum(&mut self, keys: &[&str]) -> Result<Option<DataFrame>, StageError> {
        let mut parts = std::mem::take(&mut self.parts).into_iter();
        let Some(mut all) = parts.next() else { return Ok(None) };
        for part in parts {
            all.vstack_mut_owned(part)?;
        }
        let names: Vec<String> = all.get_column_names_owned().iter().map(ToString::to_string).collect();
        let sums: Vec<Expr> =
            names.iter().filter(|name| !keys.contains(&name.as_str())).map(|name| col(name.as_str()).sum()).collect();
        Ok(Some(all.lazy().group_by(keys.iter().map(|key| col(*key)).collect::<Vec<_>>()).agg(sums).collect()?))
    }
}

const ITEM: [&str; 2] = ["shop_id", "variant_id"];
const SHOP: [&str; 1] = ["shop_id"];

impl Sums {
    /// Adds enriched lines; they have the columns `as_of` and `linked`.
    ///
    /// # Errors
    /// When a sum fails.
    pub fn add(&mut self, lines: &DataFrame) -> Result<(), StageError> {
        let within = |days: i64| {
            let age = (col("as_of") - col("created_at")).dt().total_microseconds(false);
            age.clone().gt_eq(lit(0)).and(age.lt(lit(days * DAY)))
        };
        let count = |condition: Expr, name: &str| condition.cast(DataType::Int64).sum().alias(name);
        let list = coalesce(&[col("compare_at_price_cents"), col("price_cents")]);
        let off = list.clone() - col("unit_price_cents");
        let off = when(off.clone().gt(lit(0))).then(off).otherwise(lit(0));
        let in_window = |days: i64, value: Expr, name: &str| value.filter(within(days)).sum().alias(name);
        let sold = col("quantity").gt(lit(0)).and(col("is_cancelled").not()).and(col("linked_by").is_not_null());
        let items = lines
            .clone()
            .lazy()
            .filter(sold)
            .group_by(ITEM.map(col))
            .agg([
                in_window(60, col("quantity"), "units_60_days"),
                in_window(90, col("quantity"), "units_90_days"),
                in_window(180, off * col("quantity"), "off_cents_180_days"),
                in_window(180, list * col("quantity"), "list_cents_180_days"),
                count(within(180), "sales_180_days"),
            ])
            .collect()?;
        self.items.add(items, &ITEM)?;
        let linked = || col("linked_by").is_not_null();
        let shops = lines
            .clone()
            .lazy()
            .group_by(SHOP.map(col))
            .agg([
                len().cast(DataType::Int64).alias("total_order_lines"),
                count(linked(), "resolved_variants"),
                count(col("linked_by").eq(lit("sku")).fill_null(false), "linked_by_sku"),
                count(col("ambiguous"), "ambiguous"),
                count(linked().not(), "unresolved"),
                count(linked().and(col("inventory_available").is_null()), "missing_inventory"),
                count(linked().and(col("in_catalog")).fill_null(false), "enriched_lines"),
                count(col("reason").is_null(), "basket_lines"),
            ])
            .collect()?;
        self.shops.add(shops, &SHOP)
    }

    /// Units sold and discounts given, a row an item; `None` without lines.
    ///
    /// # Errors
    /// When a sum fails.
    pub fn items(&mut self) -> Result<Option<DataFrame>, StageError> {
        self.items.sum(&ITEM)
    }

    /// How lines were linked, a row a shop; `None` without lines.
    ///
    /// # Errors
    /// When a sum fails.
    pub fn shops(&mut self) -> Result<Option<DataFrame>, StageError> {
        self.shops.sum(&SHOP)
    }
}
