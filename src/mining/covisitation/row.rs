//! One row of the product of orders and items: how often an item is in an order with each other.

use super::CoOrders;

/// A row, with memory for every item; filled and emptied again for one item after another.
pub struct Row {
    item: u32,
    counts: Vec<u32>,
    sums: Vec<f64>,
    /// The items that are in it, then room; not kept up in a row that is mostly full.
    touched: Vec<u32>,
    filled: usize,
    full: bool,
}

/// Counters of a full row that are looked at together.
const TOGETHER: usize = 32;

impl Row {
    /// An empty row.
    pub fn new(orders: &CoOrders) -> Self {
        let items = orders.item_count();
        let sums = if orders.company.is_weighted() { vec![0.0; items] } else { Vec::new() };
        Self { item: 0, counts: vec![0; items], sums, touched: vec![0; items + 1], filled: 0, full: false }
    }

    /// Empties the row and counts an item's company.
    pub fn fill(&mut self, orders: &CoOrders, item: u32) {
        self.clear();
        self.item = item;
        let company = &orders.company;
        self.full = company.len(item) > self.counts.len();
        if company.is_weighted() {
            for (items, weight) in company.long_orders(item).zip(company.weights(item)) {
                for other in items {
                    self.count(*other);
                    self.sums[*other as usize] += f64::from(*weight);
                }
            }
        } else if self.full {
            let counts = self.counts.as_mut_slice();
            let mut count = |other: &u32| counts[*other as usize] += 1;
            company.others(item).iter().for_each(&mut count);
            company.long_orders(item).for_each(|items| items.iter().for_each(&mut count));
        } else {
            company.others(item).iter().for_each(|other| self.count(*other));
            company.long_orders(item).for_each(|items| items.iter().for_each(|other| self.count(*other)));
        }
        // It is in its own long orders, and no company of its own.
        if let Some(own) = self.counts.get_mut(item as usize) {
            *own = 0;
        }
    }

    /// Calls `take` with each other item that is in an order with the row's item, in no order, and how many orders hold
    /// both.
    #[inline]
    pub fn each(&self, mut take: impl FnMut(u32, u32)) {
        self.each_from(1, |other, count| {
            take(other, count);
            1
        });
    }

    /// The same, of those of `least` orders or more, at least 1; `take` returns how many are asked of the next.
    #[inline]
    pub fn each_from(&self, mut least: u32, mut take: impl FnMut(u32, u32) -> u32) {
        if !self.full {
            for other in &self.touched[..self.filled] {
                let count = self.counts[*other as usize];
                if count >= least {
                    least = take(*other, count).max(1);
                }
            }
            return;
        }
        for (first, counts) in (0..).step_by(TOGETHER).zip(self.counts.chunks(TOGETHER)) {
            // Most are below: to look at all of them at once is faster than one after another.
            if counts.iter().fold(0, |most, count| most.max(*count)) < least {
                continue;
            }
            for (other, count) in (first..).zip(counts) {
                if *count >= least {
                    least = take(other, *count).max(1);
                }
            }
        }
    }

    /// How many other items are in it.
    pub fn len(&self) -> usize {
        if self.full {
            self.counts.iter().filter(|count| **count > 0).count()
        } else {
            let touched = &self.touched[..self.filled];
            touched.len() - usize::from(touched.contains(&self.item))
        }
    }

    /// How many orders hold both.
    #[inline]
    pub fn together(&self, other: u32) -> u32 {
        self.counts.get(other as usize).copied().unwrap_or_default()
    }

    /// What the orders that hold both weigh together, where `together` do.
    #[inline]
    pub fn weight(&self, other: u32, together: u32) -> f64 {
        self.sums.get(other as usize).copied().unwrap_or_else(|| f64::from(together))
    }

    /// Writing down an item each time, and stepping on only the first time, needs no branch.
    #[inline]
    fn count(&mut self, other: u32) {
        let count = &mut self.counts[other as usize];
        self.touched[self.filled] = other;
        self.filled += usize::from(*count == 0);
        *count += 1;
    }

    fn clear(&mut self) {
        if self.full {
            self.counts.fill(0);
            self.sums.fill(0.0);
        }
        for other in &self.touched[..self.filled] {
            self.counts[*other as usize] = 0;
            if let Some(sum) = self.sums.get_mut(*other as usize) {
                *sum = 0.0;
            }
        }
        self.filled = 0;
    }
}
