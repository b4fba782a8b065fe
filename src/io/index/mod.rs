//! A search index in one SQLite file: FTS5 for words, sqlite-vec for vectors, typed columns for filters, and beside each
//! product what was confirmed of it, so that changes are found without looking at the index's texts.

mod apply;
mod extension;
mod items;
mod mend;
mod operation;
mod query;
mod repair;
mod schema;
mod search;
mod snapshot;
mod status;
mod target;
#[cfg(test)]
mod tests;
mod words;

pub use mend::mends;
pub(super) use operation::{Doing, Operation, Operations, metadata_columns, missing_column};
pub use repair::{retry_failed, rollback, verify};
pub(super) use schema::MetadataColumn;
pub use search::{Found, Search, SearchMode, dimensions, search};
pub use status::{IndexStatus, SyncRun, product_counts, recent, status};
pub(super) use target::open_sink;
