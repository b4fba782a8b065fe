//! What is to be done with one product.

use serde_json::Value;

use super::state::Confirmed;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It is taken out.
    Delete,
    /// It is written, or written anew.
    Upsert,
}

impl Doing {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Upsert => "upsert",
        }
    }
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The product's namespace.
    pub namespace: String,
    /// Its id.
    pub id: String,
    /// What is done.
    pub doing: Doing,
    /// What is confirmed of it once it is done; its `index_hash` is the mark of the record.
    pub after: Confirmed,
    /// The record for each index, as far as it is known; none for a delete.
    pub drafts: Vec<Value>,
}
