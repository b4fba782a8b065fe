//! How many bundles of each type a quick start makes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the places of a quick start are shared (`quick_start.mix`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mix {
    /// As many pairs as there are; free places are filled with quantities, then with rewards.
    #[default]
    FbtFirst,
    /// By [`allocated`].
    Allocated,
}

/// Bundles of each type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Pairs.
    pub fbt: usize,
    /// Rewards.
    pub bogo: usize,
    /// Quantities.
    pub volume: usize,
}

/// How many bundles a catalog of so many products is given, before they are cut to what is published.
pub fn total(products: usize) -> usize {
    match products {
        ..50 => 10,
        50..100 => 12,
        100..200 => 14,
        200..500 => 16,
        500..1000 => 18,
        _ => 20,
    }
}

/// Places of each type.
const RESERVED: usize = 2;

/// Shares places among the types (section 11.4): two each, the rest by what sells. `sold` says how many items are slow and
/// how many fast, and is `None` where nothing was sold; `orders` are those of several items.
pub fn allocated(places: usize, sold: Option<(usize, usize)>, orders: usize) -> Allocation {
    let rest = places.saturating_sub(3 * RESERVED);
    let tenths = |number: usize| rest * number / 10;
    let (fbt, bogo) = match sold {
        None => (rest / 2, (rest - rest / 2) / 2),
        Some((slow, fast)) if 2 * slow > 3 * fast => (tenths(4), tenths(4)),
        Some((slow, fast)) if 2 * fast > 3 * slow => (tenths(4), rest - 2 * tenths(4)),
        _ if orders >= 10 => (tenths(6), tenths(2)),
        _ => (tenths(5), tenths(3)),
    };
    Allocation { fbt: RESERVED + fbt, bogo: RESERVED + bogo, volume: RESERVED + rest - fbt - bogo }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sells_decides_which_types_are_made() {
        let shared = |sold, orders| {
            let Allocation { fbt, bogo, volume } = allocated(16, sold, orders);
            (fbt, bogo, volume)
        };
        assert_eq!(shared(None, 0), (7, 4, 5));
        assert_eq!(shared(Some((16, 10)), 99), (6, 6, 4));
        assert_eq!(shared(Some((10, 16)), 99), (6, 4, 6));
        assert_eq!(shared(Some((11, 13)), 99), (8, 4, 4));
        assert_eq!(shared(Some((11, 13)), 9), (7, 5, 4));
        assert_eq!(allocated(3, None, 0), Allocation { fbt: 2, bogo: 2, volume: 2 });
        assert_eq!([49, 50, 100, 200, 500, 1000].map(total), [10, 12, 14, 16, 18, 20]);
    }
}
