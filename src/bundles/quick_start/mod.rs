//! The first bundles of a shop, within a second: pairs of what sells most (sections 6 and 11.4).

mod allocation;
mod company;
mod pairs;
#[cfg(test)]
mod sample_shop;
mod top;

pub use allocation::{Allocation, Mix, allocated, total};
pub use pairs::{Pair, item_score, pairs, scarce};
pub use top::top;
