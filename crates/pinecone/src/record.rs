//! A record as it is sent and fetched.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A record of an index.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its id.
    pub id: String,
    /// Its dense vector; empty in an index of sparse ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<f32>,
    /// Its sparse vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparse_values: Option<SparseValues>,
    /// Values by which records are filtered: texts, numbers, truth values, lists of texts.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
}

/// A sparse vector: `values[i]` in the dimension `indices[i]`, ascending.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SparseValues {
    /// The dimensions.
    pub indices: Vec<u32>,
    /// Their values.
    pub values: Vec<f32>,
}

impl Record {
    /// Bytes of the record as it is sent.
    pub fn bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(usize::MAX, |bytes| bytes.len())
    }
}
