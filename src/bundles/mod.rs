//! Bundles: baskets become priced, ranked and explained offers.

mod baskets;
mod bundle_type;
mod candidate;
mod deduplication;
mod drop_reason;
mod earnings;
mod explanation;
mod items;
mod money;
mod objective;
mod portfolio;
mod pricing;
mod quick_start;
mod ranking;
mod speed;
mod waves;
