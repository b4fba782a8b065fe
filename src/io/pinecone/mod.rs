//! An index of Pinecone as a kind of sink: operations become records, which go through a journal of batches.

mod drafts;
mod reach;
mod target;

pub(super) use target::open_sink;
