//! Bundles: baskets become priced, ranked and explained offers.

mod baskets;
mod best;
mod bundle_type;
mod candidate;
mod candidate_rows;
mod company;
mod deduplicate_bundles;
mod deduplication;
mod drop_reason;
mod earnings;
mod embed_items;
mod explain_bundles;
mod explanation;
mod explanation_rows;
mod flag_products;
mod generate_candidates;
mod items;
mod list_column;
mod money;
mod objective;
mod optimize_portfolio;
mod pairs;
mod phases;
mod portfolio;
mod price_bundles;
mod price_rows;
mod pricing;
mod product_texts;
mod products;
mod publish_bundles;
mod quick_start;
mod quick_start_bundles;
mod rank_bundles;
mod ranking;
mod reckoning;
mod speed;
mod waves;
#[cfg(test)]
mod whole_tests;

use crate::operator::OperatorKind;

/// The operators of this room.
pub fn operators() -> Vec<OperatorKind> {
    vec![
        OperatorKind::of::<flag_products::FlagProducts>(),
        OperatorKind::of::<embed_items::EmbedItems>(),
        OperatorKind::of::<generate_candidates::GenerateCandidates>(),
        OperatorKind::of::<price_bundles::PriceBundles>(),
        OperatorKind::of::<rank_bundles::RankBundles>(),
        OperatorKind::of::<optimize_portfolio::OptimizePortfolio>(),
        OperatorKind::of::<deduplicate_bundles::DeduplicateBundles>(),
        OperatorKind::of::<explain_bundles::ExplainBundles>(),
        OperatorKind::of::<publish_bundles::PublishBundles>(),
        OperatorKind::of::<quick_start_bundles::QuickStartBundles>(),
    ]
}
