//! Catalog ↔ product links: finding them, learning from them, and the lifecycle of the products.

mod address;
mod classify_lifecycle;
mod columns;
mod evaluate_links;
mod first_rows;
pub mod fuzzy;
mod instant;
mod learn_images;
mod learn_prices;
mod learn_retailers;
mod link_products;
mod match_catalogs;
mod method;
mod no_code;
mod plain_title;
mod price;
mod range_min;
mod report;
pub mod similarity;
#[cfg(test)]
mod testing;
mod url;

use crate::operator::OperatorKind;

/// The operators of this room.
pub fn operators() -> Vec<OperatorKind> {
    vec![
        OperatorKind::of::<link_products::LinkProducts>(),
        OperatorKind::of::<learn_retailers::LearnRetailers>(),
        OperatorKind::of::<learn_images::LearnImages>(),
        OperatorKind::of::<learn_prices::LearnPrices>(),
        OperatorKind::of::<classify_lifecycle::ClassifyLifecycle>(),
        OperatorKind::of::<evaluate_links::EvaluateLinks>(),
        OperatorKind::of::<match_catalogs::MatchCatalogs>(),
    ]
}
