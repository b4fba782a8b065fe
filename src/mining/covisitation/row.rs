//! One row of the product of orders and items: how often an item is in an order with each other.

use super::CoOrders;

/// A row, with memory for every item; filled and emptied again for one item after another.
pub struct Row {
    counts: Vec<u32>,
    sums: Vec<f64>,
    /// The items that are in it, then room; not kept up in a row that is mostly full.
    touched: Vec<u32>,
    filled: usize,
    full: bool,
}

impl Row {
    /// An empty row.
    pub fn new(orders: &CoOrders) -> Self {
        let items = orders.item_count();
        let sums = if orders.is_weighted() { vec![0.0; items] } else { Vec::new() };
        Self { counts: vec![0; items], sums, touched: vec![0; items + 1], filled: 0, full: false }
    }

    /// Empties the row and counts an item's company.
    pub fn fill(&mut self, orders: &CoOrders, item: u32) {
        self.clear();
        self.full = orders.companions(item) > self.counts.len();
        if orders.is_weighted() {
            orders.each_companion(item, |other, weight| {
                self.count(other);
                if let Some(sum) = self.sums.get_mut(other as usize) {
                    *sum += f64::from(weight);
                }
            });
        } else if self.full {
            orders.each_companion(item, |other, _| {
                if let Some(count) = self.counts.get_mut(other as usize) {
                    *count += 1;
                }
            });
        } else {
            orders.each_companion(item, |other, _| self.count(other));
        }
    }

    /// Calls `take` with each item that is in an order with the row's item, it too, in no order, and how many orders
    /// hold both.
    #[inline]
    pub fn each(&self, mut take: impl FnMut(u32, u32)) {
        if self.full {
            for (other, count) in (0..).zip(&self.counts) {
                if *count > 0 {
                    take(other, *count);
                }
            }
        } else {
            let touched = self.touched.get(..self.filled).unwrap_or_default();
            touched.iter().for_each(|other| take(*other, self.together(*other)));
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
        let (Some(count), Some(place)) = (self.counts.get_mut(other as usize), self.touched.get_mut(self.filled))
        else {
            return;
        };
        *place = other;
        self.filled += usize::from(*count == 0);
        *count += 1;
    }

    fn clear(&mut self) {
        if self.full {
            self.counts.fill(0);
            self.sums.fill(0.0);
        }
        for other in self.touched.get(..self.filled).unwrap_or_default() {
            if let Some(count) = self.counts.get_mut(*other as usize) {
                *count = 0;
            }
            if let Some(sum) = self.sums.get_mut(*other as usize) {
                *sum = 0.0;
            }
        }
        self.filled = 0;
    }
}
