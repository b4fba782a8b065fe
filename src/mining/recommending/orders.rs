//! Orders that measures are learnt from, with what each weighs.

use super::super::itemsets::Transactions;

/// Orders as flat slices: the items of order `t` are `items[offsets[t]..offsets[t + 1]]`, ascending, each once.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// Where each order starts, and the end of the last.
    pub offsets: Vec<u32>,
    /// The items of all.
    pub items: Vec<u32>,
    /// What each order weighs.
    pub weights: Vec<f32>,
}

impl Orders {
    /// The orders of these numbers, in this order; each weighs what `weight` says of its number and its length.
    pub fn of(all: Transactions<'_>, numbers: &[u32], weight: impl Fn(usize, usize) -> f32) -> Self {
        let mut orders = Self { offsets: vec![0], ..Self::default() };
        for number in numbers {
            let items = order(all, *number);
            orders.items.extend_from_slice(items);
            orders.offsets.push(orders.items.len() as u32);
            orders.weights.push(weight(*number as usize, items.len()));
        }
        orders
    }

    /// How many orders hold each item.
    pub fn item_counts(&self, item_count: usize) -> Vec<u32> {
        let mut counts = vec![0; item_count];
        for item in &self.items {
            counts.get_mut(*item as usize).into_iter().for_each(|count| *count += 1);
        }
        counts
    }
}

/// The items of an order.
pub fn order(all: Transactions<'_>, number: u32) -> &[u32] {
    let Some([start, end]) = all.offsets.get(number as usize..).and_then(<[u32]>::first_chunk) else { return &[] };
    all.items.get(*start as usize..*end as usize).unwrap_or_default()
}
