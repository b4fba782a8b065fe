//! Orders: shops' exports into typed tables, and their lines enriched for mining.

mod enrich;
mod ingest;
mod reading;
mod recognising;
mod rows;
mod settling;
mod tables;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod values;

use crate::operator::OperatorKind;

/// The operators of this room.
pub fn operators() -> Vec<OperatorKind> {
    vec![OperatorKind::of::<ingest::IngestShop>(), OperatorKind::of::<enrich::EnrichOrders>()]
}
