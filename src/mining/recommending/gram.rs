//! What the orders that hold two items weigh together, for all pairs of items.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    super::covisitation::{CoOrders, Row},
    orders::Orders,
    pairs::{Pairs, Part},
};

/// Weighted counts of items and of pairs of items.
pub struct Gram {
    /// By item, what the orders that hold it weigh.
    pub own: Vec<f64>,
    /// By item, what the orders that hold another as well weigh.
    pub pairs: Pairs,
    /// The most others of an item that are kept.
    most: usize,
    /// Of few items the pairs as a table too, row by row, in which a pair is looked up at once.
    table: Option<Vec<f32>>,
}

/// So many items have a table, of 4 MiB at most.
const IN_TABLE: usize = 1 << 10;

impl Gram {
    /// Counts orders. Of an order of more than `max_basket` items those that are in most orders count. Of each item the `most` others
    /// are kept that are heaviest for how much they weigh themselves (s / √own, ties by number), so that memory stays bounded.
    pub fn count(orders: Orders, item_count: usize, max_basket: usize, most: usize) -> Self {
        let Orders { offsets, items, weights } = orders;
        let weight = |order: usize| weights.get(order).copied().unwrap_or_default();
        let co_orders = CoOrders::new(offsets, items, item_count, max_basket, Some(&weight));
        let own: Vec<f64> = (0..item_count as u32).map(|item| co_orders.item_weight(item)).collect();
        let parts: Vec<Part> = co_orders
            .shares()
            .into_par_iter()
            .map_init(|| Row::new(&co_orders), |row, items| part(&co_orders, &own, most, items, row))
            .collect();
        let pairs = Pairs::of_parts(parts.iter());
        let table = (item_count <= IN_TABLE.min(most)).then(|| table(&pairs, item_count));
        Self { own, pairs, most, table }
    }

    /// How many items there may be.
    pub fn item_count(&self) -> usize {
        self.own.len()
    }

    /// What an item's orders weigh.
    #[inline]
    pub fn own(&self, item: u32) -> f64 {
        self.own.get(item as usize).copied().unwrap_or_default()
    }

    /// What the orders with both weigh; 0 where neither kept the other.
    #[inline]
    pub fn together(&self, one: u32, other: u32) -> f32 {
        if let Some(table) = &self.table {
            return table.get(one as usize * self.item_count() + other as usize).copied().unwrap_or_default();
        }
        match self.look_up(one, other) {
            Ok(weight) => weight,
            Err(is_whole) if is_whole => 0.0,
            Err(_) => self.look_up(other, one).unwrap_or_default(),
        }
    }

    /// The weight in a row, or whether the row has all that there is. In a row that lacks few items the place is nearly known.
    fn look_up(&self, item: u32, other: u32) -> Result<f32, bool> {
        let (others, weights) = self.pairs.row(item);
        let missing = self.item_count() - others.len().min(self.item_count());
        let start = (other as usize).saturating_sub(missing).min(others.len());
        let end = (other as usize + 1).min(others.len());
        let found = others.get(start..end).unwrap_or_default().binary_search(&other);
        found.ok().and_then(|place| weights.get(start + place).copied()).ok_or(others.len() < self.most)
    }
}

fn table(pairs: &Pairs, item_count: usize) -> Vec<f32> {
    let mut table = vec![0.0; item_count * item_count];
    for (item, row) in (0..).zip(table.chunks_exact_mut(item_count.max(1))) {
        pairs.each(item).for_each(|(other, weight)| row[other as usize] = weight);
    }
    table
}

fn part(orders: &CoOrders, own: &[f64], most: usize, items: Range<u32>, row: &mut Row) -> Part {
    let mut part = Part::default();
    let mut found: Vec<(u32, f32)> = Vec::new();
    for item in items {
        row.fill(orders, item);
        found.clear();
        row.each(|other, together| found.push((other, row.weight(other, together) as f32)));
        if found.len() > most {
            let key = |(other, weight): &(u32, f32)| f64::from(*weight) / own[*other as usize].sqrt();
            found.select_nth_unstable_by(most, |one, other| key(other).total_cmp(&key(one)).then(one.0.cmp(&other.0)));
            found.truncate(most);
        }
        found.sort_unstable_by_key(|(other, _)| *other);
        part.found.extend_from_slice(&found);
        part.ends.push(part.found.len());
    }
    part
}
