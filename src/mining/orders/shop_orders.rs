//! The orders of one shop as flat slices.

use super::super::itemsets::Transactions;

/// The orders of one shop. An item's number is the place of its text among the shop's items in byte order, so that
/// equal orders have equal numbers in whatever order their lines came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShopOrders {
    /// The shop; `None` where the lines name none.
    pub shop: Option<String>,
    /// The orders, those that were too small as well.
    pub all_orders: u32,
    /// Where each order starts in `items`, and the end of the last.
    pub offsets: Vec<u32>,
    /// The items of all orders, within an order ascending and each once.
    pub items: Vec<u32>,
    /// When each order was made, in seconds since 1970, [`NO_TIME`] where unknown; empty unless asked for.
    pub times: Vec<u32>,
    /// The items' texts, by number.
    pub names: Names,
}

/// The time of an order of which none is known.
pub const NO_TIME: u32 = u32::MAX;

/// Texts in one piece of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    text: String,
    ends: Vec<usize>,
}

impl ShopOrders {
    /// How many orders are large enough to count.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// How many items the shop's lines name, those of small orders as well.
    pub fn item_count(&self) -> usize {
        self.names.len()
    }

    /// An item's text.
    pub fn name(&self, item: u32) -> &str {
        self.names.get(item)
    }

    /// The orders as the kernels take them.
    pub fn transactions(&self) -> Transactions<'_> {
        Transactions { offsets: &self.offsets, items: &self.items }
    }
}

impl Names {
    /// Adds a text; its number is [`Names::len`] before.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of a number.
    pub fn get(&self, number: u32) -> &str {
        let end = |place: usize| self.ends.get(place).copied().unwrap_or_default();
        let start = (number as usize).checked_sub(1).map_or(0, end);
        self.text.get(start..end(number as usize)).unwrap_or_default()
    }
}
