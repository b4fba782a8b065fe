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
    /// The customer of each order as a hash, [`NO_CUSTOMER`] where unknown; empty unless asked for.
    pub customers: Vec<u32>,
    /// The items' texts, by number.
    pub names: Names,
}

/// The time of an order of which none is known.
pub const NO_TIME: u32 = u32::MAX;

/// The customer of an order of which none is known.
pub const NO_CUSTOMER: u32 = 0;

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

    /// The items of an order.
    pub fn order(&self, order: usize) -> &[u32] {
        let Some([start, end]) = self.offsets.get(order..order + 2) else { return &[] };
        self.items.get(*start as usize..*end as usize).unwrap_or_default()
    }

    /// The orders from the oldest to the newest; those of one time, or of none, as they are numbered, those of unknown time first.
    pub fn by_time(&self) -> Vec<u32> {
        let time = |order: u32| self.times.get(order as usize).copied().filter(|time| *time != NO_TIME);
        let mut orders: Vec<u32> = (0..self.len() as u32).collect();
        orders.sort_by_key(|order| time(*order));
        orders
    }

    /// How many orders hold each item.
    pub fn item_counts(&self) -> Vec<u32> {
        let mut counts = vec![0; self.item_count()];
        for item in &self.items {
            counts.get_mut(*item as usize).into_iter().for_each(|count| *count += 1);
        }
        counts
    }

    /// Leaves out the orders of more than `most` different items, and says how many they were. A few long ones can make
    /// nearly all of the itemsets.
    pub fn leave_out_longer(&mut self, most: usize) -> usize {
        let is_long: Vec<bool> = self.transactions().iter().map(|items| items.len() > most).collect();
        self.leave_out(&is_long)
    }

    /// Leaves out the orders that are marked, and says how many they were.
    pub fn leave_out(&mut self, marks: &[bool]) -> usize {
        let before = self.len();
        if !marks.contains(&true) {
            return 0;
        }
        let mut kept = Self { offsets: vec![0], ..Self::default() };
        for (order, _) in marks.iter().enumerate().filter(|(_, is_marked)| !**is_marked) {
            kept.items.extend_from_slice(self.order(order));
            kept.offsets.push(kept.items.len() as u32);
            kept.times.extend(self.times.get(order));
            kept.customers.extend(self.customers.get(order));
        }
        (self.offsets, self.items, self.times, self.customers) = (kept.offsets, kept.items, kept.times, kept.customers);
        before - self.len()
    }

    /// Gives items other texts, such as those of their products: items of one text become one, and orders of fewer than
    /// `min_items` different ones are left out.
    pub fn rename<'a>(&mut self, name: impl Fn(&str) -> Option<&'a str>, min_items: usize) {
        let named: Vec<&str> = (0..self.item_count() as u32)
            .map(|item| name(self.names.get(item)).unwrap_or(self.names.get(item)))
            .collect();
        let mut texts = named.clone();
        texts.sort_unstable();
        texts.dedup();
        let number = |text: &&str| texts.binary_search(text).map_or(0, |place| place as u32);
        let numbers: Vec<u32> = named.iter().map(number).collect();
        let mut names = Names::default();
        texts.iter().for_each(|text| names.push(text));
        let mut kept = Self { offsets: vec![0], ..Self::default() };
        let mut items = Vec::new();
        for order in 0..self.len() {
            items.clear();
            items.extend(self.order(order).iter().filter_map(|item| numbers.get(*item as usize)));
            items.sort_unstable();
            items.dedup();
            if items.len() >= min_items {
                kept.items.extend_from_slice(&items);
                kept.offsets.push(kept.items.len() as u32);
                kept.times.extend(self.times.get(order));
                kept.customers.extend(self.customers.get(order));
            }
        }
        kept.shop = self.shop.take();
        *self = Self { all_orders: self.all_orders, names, ..kept };
    }

    /// Gives items other numbers, which rise with the old ones; what has none is left out, and so are orders of nothing else. The
    /// texts are no more those of the items.
    pub fn renumber(&mut self, numbers: &[Option<u32>]) {
        let mut kept = Self { offsets: vec![0], ..Self::default() };
        for order in 0..self.len() {
            kept.items
                .extend(self.order(order).iter().filter_map(|item| numbers.get(*item as usize).copied().flatten()));
            if kept.items.len() as u32 > kept.offsets.last().copied().unwrap_or_default() {
                kept.offsets.push(kept.items.len() as u32);
                kept.times.extend(self.times.get(order));
                kept.customers.extend(self.customers.get(order));
            }
        }
        kept.shop = self.shop.take();
        *self = Self { all_orders: self.all_orders, ..kept };
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
