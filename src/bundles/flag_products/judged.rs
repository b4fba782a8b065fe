//! What is judged of each item: its price, why it is in no bundle, how fast it sells, which discounts were given.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;

use super::super::products::{OUT_OF_STOCK, ShopRows};
use crate::{mining::is_off_sale, operator::StageError};

/// A placeholder for a SKU begins so.
const NO_SKU: &str = "no-sku-";

/// Why an item is in no bundle.
const NOT_IN_CATALOG: &str = "not_in_catalog";
const GIFT_CARD: &str = "gift_card";
const NO_PRICE: &str = "no_price";
const INACTIVE: &str = "inactive";

/// The discount of a category of which fewer lines than [`LEAST_LINES`] are known, and of a shop without any, in percent.
const CATEGORY_DEFAULT: f64 = 10.0;
const GLOBAL_DEFAULT: f64 = 12.0;
const LEAST_LINES: i64 = 5;

/// What was judged, by row of the items.
pub struct Judged {
    pub prices: Vec<i64>,
    pub exclusions: Vec<Option<&'static str>>,
    pub speeds: Vec<Option<&'static str>>,
    /// The SKU, or the id where there is none.
    pub skus: Vec<String>,
    /// The SKU where no other item of the shop has it, else the id.
    pub keys: Vec<String>,
    /// Percent of the listed prices: of the item in 180 days, of its category and of its shop in 90; null without lines.
    pub history: Vec<Option<f64>>,
    pub category: Vec<Option<f64>>,
    pub global: Vec<f64>,
}

impl Judged {
    /// Judges all items.
    ///
    /// # Errors
    /// When the items lack a column.
    pub fn of(items: &DataFrame, shops: &[ShopRows]) -> Result<Self, StageError> {
        let rows = items.height();
        let mut judged = Self {
            prices: prices(items)?,
            exclusions: Vec::with_capacity(rows),
            speeds: vec![None; rows],
            skus: Vec::with_capacity(rows),
            keys: Vec::with_capacity(rows),
            history: Vec::with_capacity(rows),
            category: Vec::with_capacity(rows),
            global: Vec::with_capacity(rows),
        };
        judged.exclude(items, shops)?;
        judged.clock(items, shops)?;
        judged.name(items, shops)?;
        judged.compare(items, shops)?;
        Ok(judged)
    }

    /// Items that only order lines know of are none of the catalog's, where there is one.
    fn exclude(&mut self, items: &DataFrame, shops: &[ShopRows]) -> Result<(), StageError> {
        let truth = |name: &str| items.column(name).and_then(|column| column.bool());
        let (made, gift_card) = (truth("from_lines")?, truth("is_gift_card")?);
        let (status, stock) = (items.column("product_status")?.str()?, items.column("available_total")?.i64()?);
        for shop in shops {
            let is_made = |row: usize| made.get(row) == Some(true);
            let has_catalog = shop.rows.clone().any(|row| !is_made(row));
            for row in shop.rows.clone() {
                let reason = if has_catalog && is_made(row) {
                    Some(NOT_IN_CATALOG)
                } else if gift_card.get(row) == Some(true) {
                    Some(GIFT_CARD)
                } else if self.prices[row] <= 0 {
                    Some(NO_PRICE)
                } else if status.get(row).is_some_and(is_off_sale) {
                    Some(INACTIVE)
                } else {
                    stock.get(row).filter(|stock| *stock <= 0).map(|_| OUT_OF_STOCK)
                };
                self.exclusions.push(reason);
            }
        }
        Ok(())
    }

    /// Of the items of a shop that sold and have a price, the first quarter by units is slow and the last fast.
    fn clock(&mut self, items: &DataFrame, shops: &[ShopRows]) -> Result<(), StageError> {
        let units = items.column("units")?.i64()?;
        for shop in shops {
            let sold = |row: usize| units.get(row).filter(|units| *units > 0 && self.prices[row] > 0);
            let mut sorted: Vec<i64> = shop.rows.clone().filter_map(sold).collect();
            sorted.sort_unstable();
            let quarter = |quarters: usize| sorted.get((sorted.len() * quarters / 4).saturating_sub(1)).copied();
            let (Some(low), Some(high)) = (quarter(1), quarter(3)) else { continue };
            for row in shop.rows.clone() {
                self.speeds[row] = match sold(row) {
                    Some(units) if units <= low => Some("slow"),
                    Some(units) if units >= high => Some("fast"),
                    _ => None,
                };
            }
        }
        Ok(())
    }

    fn name(&mut self, items: &DataFrame, shops: &[ShopRows]) -> Result<(), StageError> {
        let (ids, skus) = (items.column("variant_id")?.str()?, items.column("sku")?.str()?);
        let real = |row: usize| skus.get(row).filter(|sku| !sku.is_empty() && !sku.starts_with(NO_SKU));
        for shop in shops {
            let mut known: HashMap<&str, u32> = HashMap::new();
            shop.rows.clone().filter_map(real).for_each(|sku| *known.entry(sku).or_default() += 1);
            for row in shop.rows.clone() {
                let id = ids.get(row).unwrap_or_default();
                let sku = real(row);
                let key = sku.filter(|sku| known.get(sku) == Some(&1)).unwrap_or(id);
                self.skus.push(sku.unwrap_or(id).to_owned());
                self.keys.push(key.to_owned());
            }
        }
        Ok(())
    }

    /// Discounts of the past: of the item, of its category, of the shop (section 8.1).
    fn compare(&mut self, items: &DataFrame, shops: &[ShopRows]) -> Result<(), StageError> {
        let int = |name: &str| items.column(name).and_then(|column| column.i64());
        let types = items.column("product_type")?.str()?;
        let (lines, off, listed) =
            (int("sales_180_days")?, int("discount_cents_180_days")?, int("listed_cents_180_days")?);
        let (lines_90, off_90, listed_90) =
            (int("sales_90_days")?, int("discount_cents_90_days")?, int("listed_cents_90_days")?);
        let at = |column: &Int64Chunked, row: usize| column.get(row).unwrap_or_default();
        for shop in shops {
            let mut of_shop = Sums::default();
            let mut of_types: BTreeMap<&str, Sums> = BTreeMap::new();
            for row in shop.rows.clone() {
                let sums = Sums { lines: at(lines_90, row), off: at(off_90, row), listed: at(listed_90, row) };
                of_shop.add(sums);
                if let Some(name) = types.get(row) {
                    of_types.entry(name).or_default().add(sums);
                }
            }
            let global = of_shop.percent().unwrap_or(GLOBAL_DEFAULT);
            for row in shop.rows.clone() {
                let own = Sums { lines: at(lines, row), off: at(off, row), listed: at(listed, row) };
                let of_type = types.get(row).and_then(|name| of_types.get(name));
                let of_type = of_type.map(|sums| {
                    sums.percent().filter(|_| sums.lines >= LEAST_LINES).unwrap_or(CATEGORY_DEFAULT)
                });
                self.history.push(if own.lines > 0 { own.percent().or(Some(0.0)) } else { None });
                self.category.push(of_type);
                self.global.push(global);
            }
        }
        Ok(())
    }
}

/// Lines, what was taken off, and what they would have cost; in cents.
#[derive(Clone, Copy, Default)]
struct Sums {
    lines: i64,
    off: i64,
    listed: i64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.lines = self.lines.saturating_add(other.lines);
        self.off = self.off.saturating_add(other.off);
        self.listed = self.listed.saturating_add(other.listed);
    }

    fn percent(self) -> Option<f64> {
        (self.listed > 0).then(|| 100.0 * self.off as f64 / self.listed as f64)
    }
}

/// The catalog's price, else the mean of its lines, half up; 0 for none.
fn prices(items: &DataFrame) -> Result<Vec<i64>, StageError> {
    let int = |name: &str| items.column(name).and_then(|column| column.i64());
    let (prices, units, revenues) = (int("price_cents")?, int("units")?, int("revenue_cents")?);
    let mean = |row: usize| {
        let (units, revenue) = (units.get(row).unwrap_or_default(), revenues.get(row).unwrap_or_default());
        if units > 0 && revenue > 0 { (revenue + units / 2) / units } else { 0 }
    };
    Ok((0..items.height()).map(|row| prices.get(row).filter(|price| *price > 0).unwrap_or_else(|| mean(row))).collect())
}
