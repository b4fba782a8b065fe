//! Catalog rows to products.
pub mod fuzzy;
pub mod similarity;
use crate::operator::OperatorKind;
pub fn operators() -> Vec<OperatorKind> {
    Vec::new()
}
