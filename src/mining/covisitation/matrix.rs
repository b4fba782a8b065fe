//! The orders of one shop, ready to be counted.

use std::ops::Range;

use super::company::Company;

/// Into about so many ranges the items are shared out, of which a thread takes one after another.
const SHARES: usize = 256;

/// Others that are counted in a range, unless it is the last: fewer are not worth a thread's looking for them.
const LEAST_WORK: usize = 1 << 12;

/// One shop's orders of two or more items, as they are counted: the company of each item.
pub struct CoOrders {
    /// For each item, the items of its orders.
    pub company: Company,
    /// What the orders of each item weigh together.
    item_weights: Vec<f64>,
    /// What all orders weigh together.
    all: f64,
    /// What was left out.
    pub bounded: Bounded,
}

/// What was left out of large orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounded {
    /// Orders that were too large.
    pub orders: u64,
    /// Items of theirs that were left out.
    pub items: u64,
    /// Pairs of items of one order that were left out.
    pub pairs: u64,
    /// The items of the largest order.
    pub largest: u64,
}

impl CoOrders {
    /// Takes orders as flat slices: those of order `t` are `items[offsets[t]..offsets[t + 1]]`, ascending, each once,
    /// below `item_count`. Of an order with more than `max_basket` items those that are in most orders count (ties by
    /// number). `weight` says what an order weighs; without it all weigh 1.
    pub fn new(
        mut offsets: Vec<u32>,
        mut items: Vec<u32>,
        item_count: usize,
        max_basket: usize,
        weight: Option<&(dyn Fn(usize) -> f32 + Sync)>,
    ) -> Self {
        let bounded = bound(&mut offsets, &mut items, item_count, max_basket.max(2));
        let orders = offsets.len().saturating_sub(1);
        let all = weight.map_or(orders as f64, |weight| (0..orders).map(|order| f64::from(weight(order))).sum());
        let (company, item_weights) = Company::new(&offsets, items, item_count, weight);
        Self { company, item_weights, all, bounded }
    }

    /// How many items there may be.
    pub fn item_count(&self) -> usize {
        self.item_weights.len()
    }

    /// What an item's orders weigh together.
    pub fn item_weight(&self, item: u32) -> f64 {
        self.item_weights.get(item as usize).copied().unwrap_or_default()
    }

    /// What all orders weigh together.
    pub fn all(&self) -> f64 {
        self.all
    }

    /// The items in ranges that are about as much work each, so that threads can share them: few popular ones, many of
    /// the others.
    pub fn shares(&self) -> Vec<Range<u32>> {
        let work: Vec<usize> = (0..self.item_count() as u32).map(|item| self.company.len(item) + 1).collect();
        let enough = (work.iter().sum::<usize>() / SHARES).max(LEAST_WORK);
        let mut shares = Vec::new();
        let (mut start, mut sum) = (0, 0);
        for (end, work) in (1..).zip(work) {
            sum += work;
            if sum >= enough {
                shares.push(start..end);
                (start, sum) = (end, 0);
            }
        }
        shares.push(start..self.item_count() as u32);
        shares
    }
}

/// Leaves out what is too much of large orders.
fn bound(offsets: &mut [u32], items: &mut Vec<u32>, item_count: usize, max_basket: usize) -> Bounded {
    let largest = offsets.windows(2).map(|ends| ends[1] - ends[0]).max().unwrap_or_default();
    let mut bounded = Bounded { largest: u64::from(largest), ..Bounded::default() };
    if largest as usize <= max_basket {
        return bounded;
    }
    let mut popular = vec![0_u32; item_count];
    items.iter().for_each(|item| popular[*item as usize] += 1);
    let (mut from, mut kept) = (0, 0);
    let mut large = Vec::new();
    for offset in offsets.iter_mut().skip(1) {
        let to = *offset as usize;
        if to - from > max_basket {
            large.clear();
            large.extend_from_slice(&items[from..to]);
            bounded.add(large.len() as u64, max_basket as u64);
            large.select_nth_unstable_by_key(max_basket, |item| (std::cmp::Reverse(popular[*item as usize]), *item));
            large.truncate(max_basket);
            large.sort_unstable();
            items[kept..kept + max_basket].copy_from_slice(&large);
            kept += max_basket;
        } else {
            items.copy_within(from..to, kept);
            kept += to - from;
        }
        *offset = kept as u32;
        from = to;
    }
    items.truncate(kept);
    bounded
}

impl Bounded {
    fn add(&mut self, items: u64, kept: u64) {
        let pairs = |items: u64| items * (items - 1) / 2;
        self.orders += 1;
        self.items += items - kept;
        self.pairs += pairs(items) - pairs(kept);
    }
}
