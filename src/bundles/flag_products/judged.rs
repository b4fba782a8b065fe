//! What is judged of each item: its price, why it is in no bundle, how fast it sells.

use polars::prelude::*;

use super::super::{
    deduplication::effective_skus,
    products::{OUT_OF_STOCK, ShopRows},
    speed::{Speed, Speeds},
};
use crate::{mining::is_off_sale, operator::StageError};

/// A placeholder for a SKU begins so.
const NO_SKU: &str = "no-sku-";

/// Why an item is in no bundle.
const NOT_IN_CATALOG: &str = "not_in_catalog";
const GIFT_CARD: &str = "gift_card";
const NO_PRICE: &str = "no_price";
const INACTIVE: &str = "inactive";

/// What was judged, by row of the items.
pub struct Judged {
    pub prices: Vec<i64>,
    pub exclusions: Vec<Option<&'static str>>,
    pub speeds: Vec<Speed>,
    /// The SKU, or the id where there is none.
    pub skus: Vec<String>,
    /// The SKU where no other item of the shop has it, else the id.
    pub keys: Vec<String>,
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
            speeds: Vec::with_capacity(rows),
            skus: Vec::with_capacity(rows),
            keys: Vec::with_capacity(rows),
        };
        judged.exclude(items, shops)?;
        judged.clock(items, shops)?;
        judged.name(items, shops)?;
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

    /// Items without a price are neither slow nor fast.
    fn clock(&mut self, items: &DataFrame, shops: &[ShopRows]) -> Result<(), StageError> {
        let units = items.column("units")?.i64()?;
        let sold = |row: usize| units.get(row).filter(|units| *units > 0 && self.prices[row] > 0);
        let mut speeds = Vec::with_capacity(items.height());
        for shop in shops {
            let units: Vec<u64> = shop.rows.clone().map(|row| sold(row).unwrap_or_default().unsigned_abs()).collect();
            speeds.extend(Speeds::of(&units).of_items);
        }
        self.speeds = speeds;
        Ok(())
    }

    fn name(&mut self, items: &DataFrame, shops: &[ShopRows]) -> Result<(), StageError> {
        let (ids, skus) = (items.column("variant_id")?.str()?, items.column("sku")?.str()?);
        let real = |row: usize| skus.get(row).filter(|sku| !sku.is_empty() && !sku.starts_with(NO_SKU));
        for shop in shops {
            let of_shop: Vec<&str> = shop.rows.clone().map(|row| ids.get(row).unwrap_or_default()).collect();
            let real_skus: Vec<Option<&str>> = shop.rows.clone().map(real).collect();
            self.keys.extend(effective_skus(&real_skus, &of_shop).into_iter().map(str::to_owned));
            self.skus.extend(real_skus.iter().zip(&of_shop).map(|(sku, id)| sku.unwrap_or(id).to_owned()));
        }
        Ok(())
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
