//! Bundles: baskets become priced, ranked and explained offers.

mod bundle_type;
mod candidate;
mod items;
mod money;
mod objective;
mod pricing;
mod speed;
