//! What reading a source gives: its usable rows, held or spilled, and the rejected ones.

use std::path::Path;

use polars::prelude::{DataFrame, LazyFrame};

/// What a source gave.
pub struct SourceRead {
    /// The usable rows.
    pub frame: LazyFrame,
    /// The others: row (1-based position in the source), column, value, reason. See [`super::rejected_schema`].
    pub rejected: DataFrame,
}

/// The usable rows of a source.
pub enum SourceRows {
    /// As a frame.
    Held(Box<LazyFrame>),
    /// In the file that was offered: they would have needed much memory.
    Spilled {
        /// How many.
        rows: u64,
    },
}

/// A Parquet file for the rows of a source that are too many to be held, with key/value pairs for its footer.
#[derive(Clone, Copy)]
pub struct Spill<'a> {
    /// The file.
    pub path: &'a Path,
    /// The pairs.
    pub footer: &'a [(String, String)],
}
