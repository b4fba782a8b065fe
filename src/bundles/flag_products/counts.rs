//! How often items were bought, and how many pieces at a time.

use polars::prelude::*;

use super::super::products::ShopRows;
use crate::{mining::ShopOrders, operator::StageError};

/// Lines and orders of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemCounts {
    /// Orders with it.
    pub orders: i64,
    /// Those of two or more different items.
    pub multi_item_orders: i64,
    /// Lines of it that can be mined.
    pub lines: i64,
    /// Those of at least so many pieces.
    pub lines_of_two: i64,
    pub lines_of_three: i64,
    pub lines_of_five: i64,
    /// The pieces of the line three quarters up, nine tenths up, and last, by rising pieces.
    pub quantity_p75: i64,
    pub quantity_p90: i64,
    pub quantity_max: i64,
}

/// Orders of a shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShopCounts {
    pub orders: i64,
    pub multi_item_orders: i64,
    pub lines: i64,
    /// The different items of all orders, summed up, and their squares.
    pub items: i64,
    pub squares: i64,
}

/// The counts of all items, by row, and of all shops.
pub struct LineCounts {
    items: Vec<ItemCounts>,
    shops: Vec<ShopCounts>,
}

impl LineCounts {
    /// Nothing counted yet of so many items and shops.
    pub fn new(items: usize, shops: usize) -> Self {
        Self { items: vec![ItemCounts::default(); items], shops: vec![ShopCounts::default(); shops] }
    }

    /// By row of the items.
    pub fn of_items(&self) -> &[ItemCounts] {
        &self.items
    }

    /// By place of the shops.
    pub fn of_shops(&self) -> &[ShopCounts] {
        &self.shops
    }

    /// Counts orders; both lists are in the order of the shops' names.
    ///
    /// # Errors
    /// When the items lack a column.
    pub fn add_orders(
        &mut self,
        items: &DataFrame,
        shops: &[ShopRows],
        orders: &[ShopOrders],
    ) -> Result<(), StageError> {
        let ids = items.column("variant_id")?.str()?;
        let mut orders = orders.iter().peekable();
        for (place, shop) in shops.iter().enumerate() {
            while orders.next_if(|orders| orders.shop < shop.shop).is_some() {}
            let Some(orders) = orders.next_if(|orders| orders.shop == shop.shop) else { continue };
            let rows = rows_of_names(orders, ids, shop);
            let count = &mut self.shops[place];
            count.orders = i64::from(orders.all_orders);
            for order in orders.transactions().iter() {
                let is_multi = i64::from(order.len() > 1);
                count.multi_item_orders += is_multi;
                count.items += order.len() as i64;
                count.squares += (order.len() * order.len()) as i64;
                for row in order.iter().filter_map(|item| rows[*item as usize]) {
                    self.items[row].orders += 1;
                    self.items[row].multi_item_orders += is_multi;
                }
            }
        }
        Ok(())
    }

    /// Counts pieces.
    ///
    /// # Errors
    /// When the lines cannot be read.
    pub fn add_quantities(
        &mut self,
        items: &DataFrame,
        shops: &[ShopRows],
        lines: LazyFrame,
    ) -> Result<(), StageError> {
        let keys = [col("shop_id"), col("item_id"), col("quantity").fill_null(lit(1_i64))];
        let counted = lines
            .filter(col("item_id").is_not_null())
            .group_by(keys)
            .agg([len().cast(DataType::Int64).alias("lines")])
            .sort(["shop_id", "item_id", "quantity"], SortMultipleOptions::default());
        let counted = counted.collect_with_engine(Engine::Streaming)?.unwrap_single();
        let (names, ids) = (counted.column("shop_id")?.str()?, counted.column("item_id")?.str()?);
        let (quantities, lines) = (counted.column("quantity")?.i64()?, counted.column("lines")?.i64()?);
        let known = items.column("variant_id")?.str()?;
        let mut of_item: Vec<(i64, i64)> = Vec::new();
        let (mut shop, mut row) = (0, 0);
        for at in 0..counted.height() {
            let name = names.get(at);
            while shops.get(shop).is_some_and(|shop| shop.shop.as_deref() < name) {
                shop += 1;
            }
            let Some(rows) = shops.get(shop).filter(|shop| shop.shop.as_deref() == name) else { continue };
            self.shops[shop].lines += lines.get(at).unwrap_or_default();
            row = row.max(rows.rows.start);
            while row < rows.rows.end && known.get(row) < ids.get(at) {
                row += 1;
            }
            if row >= rows.rows.end || known.get(row) != ids.get(at) {
                continue;
            }
            of_item.push((quantities.get(at).unwrap_or(1), lines.get(at).unwrap_or_default()));
            let is_last = at + 1 == counted.height() || ids.get(at + 1) != ids.get(at) || names.get(at + 1) != name;
            if is_last {
                self.items[row].add_lines(&of_item);
                of_item.clear();
            }
        }
        Ok(())
    }
}

/// The row of each of a shop's ordered items; both are in the order of their texts.
fn rows_of_names(orders: &ShopOrders, ids: &StringChunked, shop: &ShopRows) -> Vec<Option<usize>> {
    let mut row = shop.rows.start;
    let find = |item: u32| {
        let name = orders.name(item);
        while row < shop.rows.end && ids.get(row).is_some_and(|id| id < name) {
            row += 1;
        }
        (row < shop.rows.end && ids.get(row) == Some(name)).then_some(row)
    };
    (0..orders.item_count() as u32).map(find).collect()
}

impl ItemCounts {
    /// Adds an item's lines: pieces, rising, with the number of lines of so many.
    fn add_lines(&mut self, quantities: &[(i64, i64)]) {
        let at_least = |pieces: i64| {
            quantities.iter().filter(|(quantity, _)| *quantity >= pieces).map(|(_, lines)| lines).sum::<i64>()
        };
        self.lines = at_least(i64::MIN);
        (self.lines_of_two, self.lines_of_three, self.lines_of_five) = (at_least(2), at_least(3), at_least(5));
        let at = |place: i64| {
            let mut before = 0;
            let found = quantities.iter().find(|(_, lines)| {
                before += lines;
                before > place
            });
            found.or(quantities.last()).map_or(0, |(quantity, _)| *quantity)
        };
        let lines = self.lines;
        (self.quantity_p75, self.quantity_p90) = (at(lines * 3 / 4), at(lines * 9 / 10));
        self.quantity_max = quantities.last().map_or(0, |(quantity, _)| *quantity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_those_of_the_line_at_three_quarters_and_at_nine_tenths() {
        let counts = |quantities: &[(i64, i64)]| {
            let mut counts = ItemCounts::default();
            counts.add_lines(quantities);
            counts
        };
        let found = counts(&[(1, 7), (2, 2), (6, 1)]);
        assert_eq!((found.lines, found.lines_of_two, found.lines_of_three, found.lines_of_five), (10, 3, 1, 1));
        assert_eq!((found.quantity_p75, found.quantity_p90, found.quantity_max), (2, 6, 6));
        let one = counts(&[(3, 1)]);
        assert_eq!((one.quantity_p75, one.quantity_p90, one.quantity_max), (3, 3, 3));
        assert_eq!(counts(&[]), ItemCounts::default());
    }
}
