//! Bundles: baskets become priced, ranked and explained offers.

mod best;
mod bundle_type;
mod candidate;
mod candidate_rows;
mod company;
mod deduplication;
mod earnings;
mod flag_products;
mod generate_candidates;
mod items;
mod list_column;
mod money;
mod objective;
mod pairs;
mod portfolio;
mod pricing;
mod products;
mod ranking;
mod speed;
mod waves;

use crate::operator::OperatorKind;

/// The operators of this room.
pub fn operators() -> Vec<OperatorKind> {
    vec![
        OperatorKind::of::<flag_products::FlagProducts>(),
        OperatorKind::of::<generate_candidates::GenerateCandidates>(),
    ]
}
