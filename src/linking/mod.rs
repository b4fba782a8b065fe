//! Catalog ↔ product links: finding them, learning from them, and the lifecycle of the products.

mod columns;
mod first_rows;
mod link_products;
mod method;
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
    vec![OperatorKind::of::<link_products::LinkProducts>()]
}
