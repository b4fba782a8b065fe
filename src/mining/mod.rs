//! Mining of transactions: which items are often bought together.

mod baskets;
mod build_covisitation;
mod chance;
mod covisitation;
mod decimal;
mod evaluate_recommendations;
mod items;
mod itemsets;
mod mine_itemsets;
mod mine_rules;
mod model_table;
mod orders;
mod recommend_baskets;
mod recommending;
mod rules;
mod significance;
mod support;
#[cfg(test)]
mod testing;

pub use baskets::{Baskets, count_of_share};
pub use covisitation::{CoOrders, Vectors, Weight};
pub use decimal::rounded;
pub use items::is_off_sale;
pub use itemsets::{Itemsets, Limits, Search, Target};
pub use mine_itemsets::{read_baskets, sets_frame};
pub use model_table::{Answer, ShopModels};
pub use orders::{DATED_LINES_PORT, LINES_PORT, NO_CUSTOMER, NO_TIME, ShopOrders, Wanted, read_lines};

use crate::operator::OperatorKind;

/// The operators of this room.
pub fn operators() -> Vec<OperatorKind> {
    vec![
        OperatorKind::of::<mine_itemsets::MineItemsets>(),
        OperatorKind::of::<mine_rules::MineRules>(),
        OperatorKind::of::<build_covisitation::BuildCovisitation>(),
        OperatorKind::of::<recommend_baskets::RecommendBaskets>(),
        OperatorKind::of::<evaluate_recommendations::EvaluateRecommendations>(),
    ]
}
