//! Items by their numbers, and what a shop's catalog, stock and orders say of each.

use super::money::Cents;

/// A variant of a shop, by its number among the shop's variants: dense, from 0, in ascending order of their ids, so that
/// the order of numbers is the order of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item(pub u32);

impl Item {
    /// The place in slices that have an entry an item.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is known of an item when it is asked whether a bundle with it serves an objective (section 2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemFlags {
    /// It hardly sells: `is_slow_mover`.
    pub is_slow_mover: bool,
    /// It earns much: `is_high_margin`.
    pub is_high_margin: bool,
    /// It is in the shop for less than 30 days: `is_new_launch`.
    pub is_new_launch: bool,
    /// Title or tags name a season: `is_seasonal`.
    pub is_seasonal: bool,
}

/// What is known of an item in a run: one entry an item, so that `facts[item.index()]` is the item's.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemFacts {
    /// The product that the variant belongs to, by its number among the shop's products.
    pub product: u32,
    /// The catalog's price; 0 where there is none.
    pub price: Cents,
    /// The price it is compared with, where it is told.
    pub compare_at: Option<Cents>,
    /// What the shop pays for it, where that is known.
    pub cost: Option<Cents>,
    /// Pieces in stock; `None` when nobody counts them.
    pub stock: Option<i64>,
    /// Pieces sold a day.
    pub velocity: f64,
    /// The product type, by its number among the shop's types.
    pub category: Option<u32>,
    /// Whether it may be offered: the status is active and it is no gift card.
    pub is_offered: bool,
    /// What it is good for.
    pub flags: ItemFlags,
}

impl ItemFacts {
    /// Whether a customer can have it: what nobody counts is there.
    pub fn is_in_stock(&self) -> bool {
        self.stock.is_none_or(|stock| stock > 0)
    }

    /// Whether so many pieces can be had.
    pub fn has_stock(&self, least: i64) -> bool {
        self.stock.is_none_or(|stock| stock >= least)
    }
}

#[cfg(test)]
pub mod testing {
    //! Items for tests.

    use super::*;

    /// An item of a product and a type of its own, in stock, at so many cents.
    pub fn item(number: u32, price: i64) -> ItemFacts {
        ItemFacts {
            product: number,
            price: Cents(price),
            compare_at: None,
            cost: None,
            stock: Some(100),
            velocity: 1.0,
            category: Some(number),
            is_offered: true,
            flags: ItemFlags::default(),
        }
    }
}
