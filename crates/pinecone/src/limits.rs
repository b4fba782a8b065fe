//! The documented limits, and what is done about records that are beyond them.

use serde_json::{Map, Value};
use thiserror::Error;

use super::record::Record;

/// Records of an upsert.
pub const MOST_UPSERTS: usize = 1_000;
/// Bytes of a request.
pub const MOST_REQUEST_BYTES: usize = 2 << 20;
/// Ids of a delete or a fetch.
pub const MOST_DELETES: usize = 1_000;
/// Bytes of a record's metadata.
pub const MOST_METADATA_BYTES: usize = 40 << 10;
/// Bytes of an id.
pub const MOST_ID_BYTES: usize = 512;
/// Values of a sparse vector.
pub const MOST_SPARSE_VALUES: usize = 1_000;

/// Records of a batch, and its bytes: below the limits, so that a batch that fails is soon written again.
pub const BATCH_RECORDS: usize = 92;
/// See [`BATCH_RECORDS`].
pub const BATCH_BYTES: usize = 1_800_000;

/// Metadata is trimmed to so many bytes.
const TRIMMED_BYTES: usize = 36 << 10;

/// What a record is beyond.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Limit {
    /// Its id.
    #[error("the id has {bytes} bytes; an id has 1 to {MOST_ID_BYTES}")]
    Id {
        /// How long it is.
        bytes: usize,
    },
    /// Its metadata.
    #[error("the metadata has {bytes} bytes; {MOST_METADATA_BYTES} are the most")]
    Metadata {
        /// How long it is.
        bytes: usize,
    },
    /// A value of its metadata.
    #[error("the metadata '{key}' is neither a text, a number, a truth value nor a list of texts")]
    Value {
        /// Its key.
        key: String,
    },
    /// Its dense vector.
    #[error("the vector has no direction, or a value that is no number")]
    Vector,
    /// Its sparse vector.
    #[error(
        "the sparse vector has {count} values; {MOST_SPARSE_VALUES} are the most, and each has a dimension of its own"
    )]
    Sparse {
        /// How many it has.
        count: usize,
    },
    /// It has neither vector.
    #[error("the record has no vector")]
    Nothing,
    /// The whole of it.
    #[error("the record has {bytes} bytes; {MOST_REQUEST_BYTES} are the most")]
    Record {
        /// How long it is.
        bytes: usize,
    },
}

/// Looks whether a record can be sent.
///
/// # Errors
/// The first limit that it is beyond.
pub fn checked(record: &Record) -> Result<(), Limit> {
    let id = record.id.len();
    if id == 0 || id > MOST_ID_BYTES {
        return Err(Limit::Id { bytes: id });
    }
    if let Some((key, _)) = record.metadata.iter().find(|(_, value)| !is_metadata(value)) {
        return Err(Limit::Value { key: key.clone() });
    }
    let bytes = metadata_bytes(&record.metadata);
    if bytes > MOST_METADATA_BYTES {
        return Err(Limit::Metadata { bytes });
    }
    let has_direction = record.values.iter().any(|value| *value != 0.0);
    let has_odd = record.values.iter().any(|value| !value.is_finite());
    if !record.values.is_empty() && (has_odd || !has_direction) {
        return Err(Limit::Vector);
    }
    if let Some(sparse) = &record.sparse_values {
        let count = sparse.values.len();
        let ascends = sparse.indices.windows(2).all(|pair| matches!(pair, [one, other] if one < other));
        let is_finite = sparse.values.iter().all(|value| value.is_finite());
        if count == 0 || count > MOST_SPARSE_VALUES || count != sparse.indices.len() || !ascends || !is_finite {
            return Err(Limit::Sparse { count });
        }
    } else if record.values.is_empty() {
        return Err(Limit::Nothing);
    }
    let bytes = record.bytes();
    // The rest of the request takes some bytes too.
    if bytes + 1_024 > MOST_REQUEST_BYTES { Err(Limit::Record { bytes }) } else { Ok(()) }
}

/// Whether a value may stand in metadata: nothing nested, and no null.
fn is_metadata(value: &Value) -> bool {
    match value {
        Value::String(_) | Value::Bool(_) | Value::Number(_) => true,
        Value::Array(items) => items.iter().all(Value::is_string),
        Value::Null | Value::Object(_) => false,
    }
}

fn metadata_bytes(metadata: &Map<String, Value>) -> usize {
    serde_json::to_vec(metadata).map_or(usize::MAX, |bytes| bytes.len())
}

/// Metadata without nulls. Where it is too long, texts under `expendable` keys are cut, in that order, and taken out if that
/// is not enough.
pub fn trimmed(mut metadata: Map<String, Value>, expendable: &[&str]) -> Map<String, Value> {
    metadata.retain(|_, value| !value.is_null());
    for key in expendable {
        let excess = metadata_bytes(&metadata).saturating_sub(TRIMMED_BYTES);
        if excess == 0 {
            break;
        }
        let kept = match metadata.get(*key) {
            Some(Value::String(text)) => shortened(text, excess),
            Some(_) => None,
            None => continue,
        };
        match kept {
            Some(text) => metadata.insert((*key).to_owned(), Value::String(text)),
            None => metadata.remove(*key),
        };
    }
    metadata
}

/// A text whose JSON is at least `excess` bytes shorter; `None` if nothing is left.
fn shortened(text: &str, excess: usize) -> Option<String> {
    let written = |letter: char| serde_json::to_string(&letter.to_string()).map_or(0, |json| json.len() - 2);
    let all: usize = text.chars().map(written).sum();
    let mut left = all.checked_sub(excess)?;
    let kept: String = text
        .chars()
        .take_while(|letter| {
            let fits = written(*letter) <= left;
            left = left.saturating_sub(written(*letter));
            fits
        })
        .collect();
    let kept = kept.trim_end();
    (!kept.is_empty()).then(|| kept.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::SparseValues;

    fn record() -> Record {
        Record { id: "a".to_owned(), values: vec![1.0, 0.0], ..Record::default() }
    }

    fn with(key: &str, value: Value) -> Record {
        let mut record = record();
        record.metadata.insert(key.to_owned(), value);
        record
    }

    #[test]
    fn records_beyond_a_limit_are_told_which() {
        let sparse = |indices: Vec<u32>, values: Vec<f32>| Record {
            sparse_values: Some(SparseValues { indices, values }),
            ..record()
        };
        assert_eq!(checked(&record()), Ok(()));
        assert_eq!(checked(&Record { id: "i".repeat(512), ..record() }), Ok(()));
        assert_eq!(checked(&Record { id: "i".repeat(600), ..record() }), Err(Limit::Id { bytes: 600 }));
        assert_eq!(checked(&Record { id: String::new(), ..record() }), Err(Limit::Id { bytes: 0 }));
        assert_eq!(checked(&with("k", Value::Null)), Err(Limit::Value { key: "k".to_owned() }));
        assert_eq!(checked(&with("k", json!({ "a": 1 }))), Err(Limit::Value { key: "k".to_owned() }));
        assert_eq!(checked(&with("k", json!([1]))), Err(Limit::Value { key: "k".to_owned() }));
        assert_eq!(checked(&with("k", json!(["a", "b"]))), Ok(()));
        let long = checked(&with("k", json!("x".repeat(41 << 10))));
        assert_eq!(long, Err(Limit::Metadata { bytes: (41 << 10) + 8 }));
        assert_eq!(checked(&Record { values: vec![0.0; 2], ..record() }), Err(Limit::Vector));
        assert_eq!(checked(&Record { values: vec![f32::NAN, 1.0], ..record() }), Err(Limit::Vector));
        assert_eq!(checked(&Record { values: Vec::new(), ..record() }), Err(Limit::Nothing));
        assert_eq!(checked(&sparse(vec![1, 5], vec![1.0, 2.0])), Ok(()));
        assert_eq!(checked(&sparse(vec![5, 1], vec![1.0, 2.0])), Err(Limit::Sparse { count: 2 }));
        assert_eq!(checked(&sparse((0..1001).collect(), vec![1.0; 1001])), Err(Limit::Sparse { count: 1001 }));
        let huge = Record { values: vec![0.123_456_79; 200_000], ..record() };
        assert!(matches!(checked(&huge), Err(Limit::Record { .. })));
    }

    #[test]
    fn nulls_are_left_out_and_what_is_too_long_is_cut_in_order() {
        let metadata = |description: usize, text: usize| {
            let json = json!({ "price": 1.5, "none": null, "description": "\"".repeat(description), "text": "é".repeat(text) });
            json.as_object().unwrap().clone()
        };
        let small = trimmed(metadata(5, 5), &["text", "description"]);
        assert_eq!(small.len(), 3);
        let cut = trimmed(metadata(5_000, 20_000), &["text", "description"]);
        assert!(metadata_bytes(&cut) <= TRIMMED_BYTES && metadata_bytes(&cut) > TRIMMED_BYTES - 10);
        assert_eq!(cut["description"].as_str().unwrap().len(), 5_000);
        let both = trimmed(metadata(30_000, 20_000), &["text", "description"]);
        assert!(!both.contains_key("text") && metadata_bytes(&both) <= TRIMMED_BYTES);
    }
}
