//! Orders: shops' exports into typed tables, and their lines enriched for mining.

mod cells;
mod columns;
mod csv;
mod enrich;
mod facts;
mod fields;
mod group;
mod headers;
mod ingest;
mod intake;
mod lines;
mod order_tables;
mod outcome;
mod parquet;
mod parse;
mod partitions;
mod rejections;
mod rows;
mod settle;
mod shop_tables;
mod table;
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
