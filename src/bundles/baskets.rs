//! Orders as sorted runs of distinct items.

use super::items::Item;

/// The orders of a shop: those of order `o` are from `offsets[o]` to `offsets[o + 1]`.
#[derive(Clone, Copy, Debug)]
pub struct Baskets<'a> {
    /// Where each order starts, and the end of the last.
    pub offsets: &'a [usize],
    /// The items of each order, ascending, each once.
    pub items: &'a [Item],
}

impl<'a> Baskets<'a> {
    /// The orders, one after the other.
    pub fn iter(self) -> impl Iterator<Item = &'a [Item]> {
        self.offsets.windows(2).map(move |bounds| &self.items[bounds[0]..bounds[1]])
    }

    /// How many hold two items or more.
    pub fn of_several(self) -> usize {
        self.iter().filter(|items| items.len() > 1).count()
    }
}

#[cfg(test)]
pub mod testing {
    //! Orders for tests.

    use super::*;

    /// Orders that own their items.
    #[derive(Debug, Default)]
    pub struct Orders {
        offsets: Vec<usize>,
        items: Vec<Item>,
    }

    impl Orders {
        /// Of orders in any order of items.
        pub fn of(orders: &[Vec<u32>]) -> Self {
            let mut made = Self { offsets: vec![0], items: Vec::new() };
            for order in orders {
                let mut items = order.clone();
                items.sort_unstable();
                items.dedup();
                made.items.extend(items.into_iter().map(Item));
                made.offsets.push(made.items.len());
            }
            made
        }

        /// The orders.
        pub fn baskets(&self) -> Baskets<'_> {
            Baskets { offsets: &self.offsets, items: &self.items }
        }
    }
}
