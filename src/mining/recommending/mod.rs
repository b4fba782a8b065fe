//! Which items to recommend to a basket: weights of pairs learnt from orders, by a measure that later orders chose. Works on slices.

mod cholesky;
mod choose;
mod counted;
mod gram;
mod judge;
mod learning;
mod linear;
mod model;
mod orders;
mod pairs;
#[cfg(test)]
mod tests;
mod trial;

pub use choose::Learned;
pub use counted::Counted;
pub use gram::Gram;
pub use learning::Learning;
pub use model::{Model, best, leave_out};
pub use orders::Orders;
pub use pairs::Pairs;
pub use trial::{Figures, Questions, UNKNOWN};
