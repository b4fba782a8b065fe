//! How a shop's exports are written, and what writes its orders.

use std::io;

use super::super::{baskets::Order, catalog::Shop};

/// How a shop's exports are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Camel case and global ids, no customers.
    GlobalIds,
    /// Snake case and plain ids.
    Snake,
    /// Words with spaces, US dates, plain ids.
    Spaced,
}

impl Manner {
    /// The manner of a shop; those with plain ids are more common.
    pub fn of(number: u32) -> Self {
        [Self::GlobalIds, Self::Snake, Self::Snake, Self::Spaced][number as usize % 4]
    }
}

/// Ids of a shop's orders begin here.
pub const FIRST_ORDER: u64 = 1_000_000;

/// The writer of a shop's orders.
pub trait OrderExport {
    /// Writes an order's lines.
    fn write(&mut self, shop: &Shop, order: &Order) -> io::Result<()>;

    /// The rows written so far, without the header.
    fn rows(&self) -> u64;

    /// Writes what is held back.
    fn finish(&mut self) -> io::Result<()>;
}
