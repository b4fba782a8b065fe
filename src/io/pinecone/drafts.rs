//! Operations of a dataset as records: what is known of them before the index was asked.

use std::{collections::BTreeMap, path::Path};

use polars::prelude::DataFrame;
use rusqlite::types::Value as Cell;
use serde_json::{Map, Value, json};

use super::super::{
    IoError,
    index::{Doing as IndexDoing, MetadataColumn, Operation as IndexOperation, Operations},
};
use crate::{
    batch_journal::{Confirmed, Doing, Operation},
    operator::ColumnKind,
    pinecone::{MARK, Record, sparse_of, trimmed},
};

/// Counts up when records of the same product are others.
const SCHEMA_VERSION: i64 = 1;

/// What is cut of metadata that is too long, in this order.
const EXPENDABLE: [&str; 3] = ["search_keywords", "text", "title"];

/// Which vectors are sent, and where to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Vectors {
    /// Sparse ones beside the dense ones.
    pub beside: bool,
    /// Sparse ones in an index of their own.
    pub apart: bool,
}

/// The operations of a batch of rows.
///
/// # Errors
/// When a column has another type, or an operation is none that is known.
pub fn operations(
    place: &Path,
    frame: &DataFrame,
    metadata: &[MetadataColumn],
    vectors: Vectors,
) -> Result<Vec<Operation>, IoError> {
    let refused = |error| IoError::frame(place, error);
    let rows = Operations::of(frame, metadata).map_err(refused)?;
    let one =
        |row| -> Result<Operation, IoError> { Ok(operation(&rows.get(row).map_err(refused)?, metadata, vectors)) };
    (0..rows.len()).map(one).collect()
}

fn operation(row: &IndexOperation<'_>, metadata: &[MetadataColumn], vectors: Vectors) -> Operation {
    let after = Confirmed {
        content_hash: row.content_hash.to_owned(),
        index_hash: row.index_hash.to_owned(),
        text_hash: row.text_hash.to_owned(),
        digest: row.digest,
        hash_version: row.hash_version,
        fields: row.fields.to_owned(),
        digests: row.digests.to_vec(),
    };
    let doing = match row.doing {
        IndexDoing::Delete => Doing::Delete,
        IndexDoing::Upsert => Doing::Upsert,
    };
    let drafts = if doing == Doing::Upsert { drafts(row, metadata, vectors) } else { Vec::new() };
    Operation { namespace: row.namespace.to_owned(), id: row.id.to_owned(), doing, after, drafts }
}

/// The record for the index, and for that of sparse vectors.
fn drafts(row: &IndexOperation<'_>, metadata: &[MetadataColumn], vectors: Vectors) -> Vec<Value> {
    let shown = trimmed(shown(row, metadata), &EXPENDABLE);
    let sparse = if vectors.beside || vectors.apart { sparse_of(row.title, row.text) } else { None };
    let record = |values: Vec<f32>, sparse_values| Record {
        id: row.id.to_owned(),
        values,
        sparse_values,
        metadata: shown.clone(),
    };
    let dense = record(row.vector.clone().unwrap_or_default(), sparse.clone().filter(|_| vectors.beside));
    let apart = vectors.apart.then(|| record(Vec::new(), sparse));
    std::iter::once(dense).chain(apart).map(|record| json!(record)).collect()
}

/// What is shown of a product: typed values, so that the index can filter by them.
fn shown(row: &IndexOperation<'_>, metadata: &[MetadataColumn]) -> Map<String, Value> {
    let mut shown = Map::new();
    for (column, cell) in metadata.iter().zip(&row.metadata) {
        match cell {
            Cell::Text(text) if column.name == "labels" => shown.extend(labels(text)),
            cell => drop(shown.insert(column.name.clone(), value(column, cell))),
        }
    }
    let own = [
        ("title", json!(row.title)),
        ("text", json!(row.text)),
        ("content_hash", json!(row.content_hash)),
        (MARK, json!(row.index_hash)),
        ("schema_version", json!(SCHEMA_VERSION)),
    ];
    shown.extend(own.map(|(key, value)| (key.to_owned(), value)));
    shown
}

/// Lines `kind=label` as a list a kind, under a name that no other value has.
fn labels(text: &str) -> BTreeMap<String, Value> {
    let mut lists: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (kind, label) in text.lines().filter_map(|line| line.split_once('=')) {
        lists.entry(format!("label_{kind}")).or_default().push(label);
    }
    lists.into_iter().map(|(kind, labels)| (kind, json!(labels))).collect()
}

/// A cell as a value.
fn value(column: &MetadataColumn, cell: &Cell) -> Value {
    match cell {
        Cell::Integer(number) if column.kind == ColumnKind::Bool => json!(*number != 0),
        Cell::Integer(number) => json!(number),
        Cell::Real(number) => json!(number),
        Cell::Text(text) => json!(text),
        Cell::Null | Cell::Blob(_) => Value::Null,
    }
}
