//! Mining of transactions: which items are often bought together.

mod baskets;
mod itemsets;
mod mine_itemsets;

pub use baskets::{Baskets, count_of_share};
pub use itemsets::{Limits, Search, Target};
pub use mine_itemsets::{read_baskets, sets_frame};

use crate::operator::OperatorKind;

/// The operators of this room.
pub fn operators() -> Vec<OperatorKind> {
    vec![OperatorKind::of::<mine_itemsets::MineItemsets>()]
}
