//! Support as a parameter: a share of a shop's orders, or chosen for each shop.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    baskets::count_of_share,
    chance::{ChanceOrders, least_telling_count},
};
use crate::operator::ParamError;

/// The share above which a set is frequent in any shop: where the support is chosen, none is chosen above it.
pub const USUAL_SHARE: f64 = 0.02;

/// How many of a shop's orders must hold a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written", into = "Written")]
#[schemars(with = "Written")]
pub enum Support {
    /// Chosen for each shop.
    #[default]
    Auto,
    /// A share of its orders.
    Share(f64),
}

/// A support as it is written: a share from 0 to 1, or "auto".
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    /// The share.
    Share(f64),
    /// "auto", or the share as a text.
    Text(String),
}

impl TryFrom<Written> for Support {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Share(share) => Ok(Self::Share(share)),
            Written::Text(text) if ["auto", ""].contains(&text.trim()) => Ok(Self::Auto),
            Written::Text(text) => match text.trim().parse() {
                Ok(share) => Ok(Self::Share(share)),
                Err(_) => Err(format!("'{text}' is neither a share from 0 to 1 nor \"auto\"")),
            },
        }
    }
}

impl From<Support> for Written {
    fn from(support: Support) -> Self {
        match support {
            Support::Auto => Self::Text("auto".to_owned()),
            Support::Share(share) => Self::Share(share),
        }
    }
}

/// The count that a shop's sets must reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeastCount {
    /// The orders that must hold a set.
    pub count: u32,
    /// The count of [`USUAL_SHARE`], where the support is chosen.
    pub usual: Option<u32>,
}

impl Support {
    /// Refuses a share that is none.
    ///
    /// # Errors
    /// When it is not from 0 to 1.
    pub fn check(self) -> Result<(), ParamError> {
        match self {
            Self::Auto => Ok(()),
            Self::Share(share) => ParamError::unless_between("support", share, 0.0, 1.0),
        }
    }

    /// The count of a shop of so many orders, at least `min_count`; `item_counts` are the orders of each item.
    pub fn least_count(self, orders: usize, chance: ChanceOrders, item_counts: &[u32], min_count: u32) -> LeastCount {
        match self {
            Self::Share(share) => LeastCount { count: count_of_share(share, orders).max(min_count), usual: None },
            Self::Auto => {
                let usual = count_of_share(USUAL_SHARE, orders).max(min_count);
                let count = least_telling_count(item_counts, chance, usual).max(min_count);
                LeastCount { count, usual: Some(usual) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_support_is_a_number_or_auto_also_as_a_text() {
        let read = |json: &str| serde_json::from_str::<Support>(json).map_err(|error| error.to_string());
        assert_eq!(read("0.02"), Ok(Support::Share(0.02)));
        assert_eq!(read("1"), Ok(Support::Share(1.0)));
        assert_eq!(read("\"0.001\""), Ok(Support::Share(0.001)));
        assert_eq!((read("\"auto\""), read("\"\"")), (Ok(Support::Auto), Ok(Support::Auto)));
        assert!(read("\"much\"").is_err_and(|problem| problem.contains("nor \"auto\"")));
        assert!(Support::Share(2.0).check().is_err() && Support::Auto.check().is_ok());
        for support in [Support::Auto, Support::Share(0.02)] {
            let written = serde_json::to_string(&support).unwrap();
            assert_eq!(read(&written), Ok(support), "{written}");
        }
    }

    #[test]
    fn what_is_chosen_is_at_most_the_usual_share() {
        let count = |orders: usize, items: Vec<u32>| {
            Support::Auto.least_count(orders, ChanceOrders::alike(orders as u32), &items, 1)
        };
        assert_eq!(count(40, vec![3; 30]), LeastCount { count: 1, usual: Some(1) });
        assert_eq!(count(1_600, vec![10; 80]), LeastCount { count: 2, usual: Some(32) });
        assert_eq!(count(1_000, vec![400; 30]), LeastCount { count: 20, usual: Some(20) });
        let given = Support::Share(0.02).least_count(1_000, ChanceOrders::alike(1_000), &[], 30);
        assert_eq!(given, LeastCount { count: 30, usual: None });
    }
}
