//! Transactions with items as texts, and as the flat slices that the kernel takes.

use std::collections::HashMap;

use super::{
    decimal::Decimal,
    itemsets::{Itemsets, Limits, Search, Stopped, Transactions},
    orders::ShopOrders,
};

/// More items than a 32-bit number counts.
#[derive(Debug, thiserror::Error)]
#[error("more than 4,294,967,295 rows of items; mine a part of them at a time")]
pub struct TooManyItems;

/// Transactions of one shop.
pub struct Baskets {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
    offsets: Vec<u32>,
    items: Vec<u32>,
}

impl Default for Baskets {
    fn default() -> Self {
        Self { names: Vec::new(), numbers: HashMap::new(), offsets: vec![0], items: Vec::new() }
    }
}

impl From<ShopOrders> for Baskets {
    fn from(orders: ShopOrders) -> Self {
        let names = (0..orders.item_count() as u32).map(|item| orders.name(item).to_owned()).collect();
        Self { names, numbers: HashMap::new(), offsets: orders.offsets, items: orders.items }
    }
}

impl Baskets {
    /// Transactions from a text in the format of the FIMI repository: one a line, items with white space between. An
    /// empty line is a transaction without items. Lines end with a line feed, a carriage return, or both.
    ///
    /// # Errors
    /// [`TooManyItems`].
    pub fn from_lines(text: &str) -> Result<Self, TooManyItems> {
        let mut baskets = Self::default();
        for line in lines(text) {
            for item in line.split_ascii_whitespace() {
                baskets.add_item(item);
            }
            baskets.end_transaction(0)?;
        }
        Ok(baskets)
    }

    /// Adds an item to the transaction that is being made.
    pub fn add_item(&mut self, name: &str) {
        let number = if let Some(number) = self.numbers.get(name) {
            *number
        } else {
            let number = self.names.len() as u32;
            self.numbers.insert(name.to_owned(), number);
            self.names.push(name.to_owned());
            number
        };
        self.items.push(number);
    }

    /// Ends the transaction that is being made; one of fewer than `min_items` items is dropped.
    ///
    /// # Errors
    /// [`TooManyItems`].
    pub fn end_transaction(&mut self, min_items: usize) -> Result<(), TooManyItems> {
        let start = self.offsets.last().map_or(0, |end| *end as usize);
        if self.items.len() - start < min_items {
            self.items.truncate(start);
            return Ok(());
        }
        self.offsets.push(u32::try_from(self.items.len()).map_err(|_| TooManyItems)?);
        Ok(())
    }

    /// The number of transactions.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Finds the itemsets as far as limits let it; the items of a set are in the order of their names.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn mine_within(&self, search: Search, limits: Limits<'_>) -> Result<Itemsets, Stopped> {
        let mut order: Vec<u32> = (0..self.names.len() as u32).collect();
        order.sort_unstable_by_key(|number| self.name(*number));
        let mut ranks = vec![0_u32; order.len()];
        for (rank, number) in (0_u32..).zip(&order) {
            if let Some(place) = ranks.get_mut(*number as usize) {
                *place = rank;
            }
        }
        let mut sets = search.list_within(self.transactions(), limits)?;
        let rank = |number: &u32| ranks.get(*number as usize).copied();
        for ends in sets.offsets.windows(2) {
            if let [start, end] = ends
                && let Some(items) = sets.items.get_mut(*start as usize..*end as usize)
            {
                items.sort_unstable_by_key(rank);
            }
        }
        Ok(sets)
    }

    /// The number of itemsets, without making them.
    ///
    /// # Errors
    /// [`Stopped::Cancelled`].
    pub fn count_within(&self, search: Search, limits: Limits<'_>) -> Result<u64, Stopped> {
        search.count_within(self.transactions(), limits)
    }

    /// Leaves out the transactions of more than `most` different items, and says how many they were. A few long ones
    /// can make nearly all of the sets.
    pub fn leave_out_longer(&mut self, most: usize) -> usize {
        let all = self.len();
        let (mut offsets, mut items) = (vec![0], Vec::with_capacity(self.items.len()));
        let mut distinct = Vec::new();
        for transaction in self.transactions().iter() {
            distinct.clear();
            distinct.extend_from_slice(transaction);
            distinct.sort_unstable();
            distinct.dedup();
            if distinct.len() <= most {
                items.extend_from_slice(&distinct);
                offsets.push(items.len() as u32);
            }
        }
        (self.offsets, self.items) = (offsets, items);
        all - self.len()
    }

    fn transactions(&self) -> Transactions<'_> {
        Transactions { offsets: &self.offsets, items: &self.items }
    }

    /// An item's text.
    pub fn name(&self, number: u32) -> &str {
        self.names.get(number as usize).map_or("", String::as_str)
    }
}

/// The lines of a text, whatever ends them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    // What `lines` leaves of a carriage return at the end of the text ends a line and begins none.
    text.lines().flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// The smallest count that is at least a share of `transactions`, and at least 1; exactly: 0.07 of 100 is 7.
pub fn count_of_share(share: f64, transactions: usize) -> u32 {
    let count = Decimal::of(share).times_up(transactions as u64);
    u32::try_from(count).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mining::itemsets::Target;

    #[test]
    fn a_share_is_the_smallest_count_that_reaches_it() {
        for (share, transactions, count) in
            [(0.02, 450, 9), (0.02, 20, 1), (0.07, 100, 7), (0.01, 101, 2), (0.0, 5, 1), (1.0, 3, 3)]
        {
            assert_eq!(count_of_share(share, transactions), count, "{share} of {transactions}");
        }
    }

    #[test]
    fn transactions_of_more_different_items_are_left_out_and_counted() {
        let mut baskets = Baskets::from_lines("a b a b\na b c\n\nc\n").unwrap();
        assert_eq!((baskets.leave_out_longer(2), baskets.len()), (1, 3));
        let sets = baskets
            .mine_within(Search { target: Target::All, min_count: 1, max_size: None }, Limits::default())
            .unwrap();
        assert_eq!(sets.counts, [1; 4], "a, b, both, and c");
    }

    #[test]
    fn a_line_is_a_transaction_and_its_items_come_back_by_name() {
        let baskets = Baskets::from_lines("b a\n\na b c b\n").unwrap();
        assert_eq!(baskets.len(), 3);
        let sets = baskets
            .mine_within(Search { target: Target::Closed, min_count: 1, max_size: None }, Limits::default())
            .unwrap();
        let mut texts: Vec<(Vec<&str>, u32)> =
            sets.iter().map(|(items, count)| (items.iter().map(|item| baskets.name(*item)).collect(), count)).collect();
        texts.sort_unstable();
        assert_eq!(texts, [(vec!["a", "b"], 2), (vec!["a", "b", "c"], 1)]);
    }

    #[test]
    fn lines_may_end_in_three_ways() {
        for text in ["a b\n\nc\n", "a b\r\n\r\nc", "a b\r\rc\r", "a b\r\rc", "a b\n\rc\r\n"] {
            let baskets = Baskets::from_lines(text).unwrap();
            assert_eq!((baskets.offsets.as_slice(), baskets.names.len()), ([0, 2, 2, 3].as_slice(), 3), "{text:?}");
        }
    }
}
