//! An index of Pinecone over its public REST interface: what a record may be, which requests it takes, what they answer.

#[cfg(test)]
mod convergence_tests;
mod index;
mod limits;
mod record;
mod sparse;
mod target;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
mod transport;

pub use index::{Index, NamespaceStats, Stats, settings};
pub use limits::{
    BATCH_BYTES, BATCH_RECORDS, Limit, MOST_DELETES, MOST_ID_BYTES, MOST_METADATA_BYTES, MOST_REQUEST_BYTES,
    MOST_SPARSE_VALUES, MOST_UPSERTS, checked, trimmed,
};
pub use record::{Record, SparseValues};
pub use sparse::sparse_of;
pub use target::{Kind, MARK, Marked, STAMP};
pub use transport::Transport;
