//! Co-visitation of one shop's items: which are in orders together, and which keep the same company. Works on slices.

mod company;
mod matrix;
mod row;
mod similar;
#[cfg(test)]
mod tests;
mod top;
mod vectors;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(test)]
use matrix::Bounded;
pub use matrix::CoOrders;
pub use row::Row;
pub use similar::{Candidates, Measured, Similar, SimilarItems};
pub use vectors::Vectors;

/// What two items' orders in common weigh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Their number.
    #[default]
    Raw,
    /// Their number over the one to be expected if the items had nothing to do with each other.
    Lift,
    /// The natural logarithm of the lift, that of 0.001 for less.
    Pmi,
}

/// The least lift of which the logarithm is taken.
const LEAST_LIFT: f64 = 0.001;

impl Weight {
    /// The weight of orders in common, from the orders of each and of all; `together` is above 0.
    fn of(self, together: f64, one: f64, other: f64, all: f64) -> f64 {
        let lift = || together * all / (one * other);
        match self {
            Self::Raw => together,
            Self::Lift => lift(),
            Self::Pmi => lift().max(LEAST_LIFT).ln(),
        }
    }
}
