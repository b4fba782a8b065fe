//! Catalogs kept in step with an index: what changed, what is written of it, in which order.

mod diff;
mod digest;
mod embed;
mod fields;
mod json;
mod listing;
mod observe;
mod parts;
mod price;
mod product_id;
mod sync;
#[cfg(test)]
mod testing;
mod validity;

pub use embed::query_vector;

use crate::operator::OperatorKind;

/// The operators of this room.
pub fn operators() -> Vec<OperatorKind> {
    vec![
        OperatorKind::of::<diff::DiffCatalog>(),
        OperatorKind::of::<embed::EmbedProducts>(),
        OperatorKind::of::<observe::ObserveCatalog>(),
        OperatorKind::of::<sync::SyncIndex>(),
    ]
}
