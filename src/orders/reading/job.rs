//! What the threads that parse are given, and what they give back.

use std::sync::Arc;

use crate::orders::{
    reading::content::Content,
    recognising::{
        fields::{Kind, Reason},
        layout::Layout,
    },
    values::facts::Facts,
};

/// What rows mean beside what their columns say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// What the headers say.
    Headers,
    /// An invoice whose number begins with C is a cancellation; a stock code that does not begin with five digits is a
    /// fee or a voucher.
    OnlineRetail,
    /// A line is an order, its words are SKUs.
    Fimi,
}

/// A block of a file to be parsed.
pub struct Job {
    /// Its number in the run.
    pub block: u32,
    /// Its file.
    pub file: u32,
    /// The line of the file it begins with, from 1.
    pub first_line: u64,
    /// What it holds.
    pub content: Content,
    /// Where its columns go.
    pub layout: Arc<Layout>,
    /// In a file whose rows may leave the order's name to the row above: the cell that names the order of the first.
    pub order: Option<Vec<u8>>,
}

/// A row that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The block it was in.
    pub block: u32,
    /// Its line in the block, from 0.
    pub line: u32,
    /// Why.
    pub reason: Reason,
    /// The field that is wrong.
    pub field: &'static str,
    /// What it holds.
    pub value: String,
}

/// A block that was parsed.
pub struct Parsed {
    /// Its number in the run.
    pub block: u32,
    /// Its file.
    pub file: u32,
    /// What kind of rows it has.
    pub kind: Kind,
    /// Its rows by partition.
    pub parts: Vec<Vec<u8>>,
    /// The rows that are not used.
    pub rejects: Vec<Reject>,
    /// What was noticed.
    pub facts: Facts,
}
