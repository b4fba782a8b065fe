//! What is to be done with one product, out of the columns of a dataset.

use polars::prelude::{
    BinaryChunked, BooleanChunked, DataFrame, DataType, Float64Chunked, Int64Chunked, ListChunked, PolarsError,
    PolarsResult, StringChunked,
};
use rusqlite::types::Value;

use super::schema::MetadataColumn;
use crate::operator::{ColumnKind, PortSchema};

/// The columns that a dataset of operations must have.
pub const NEEDED: [&str; 14] = [
    "namespace",
    "id",
    "operation",
    "title",
    "text",
    "content_hash",
    "index_hash",
    "text_hash",
    "digest_a",
    "digest_b",
    "hash_version",
    "fields",
    "digests",
    "vector",
];

/// The first column that is missing.
pub fn missing_column(dataset: &PortSchema, metadata: &[String]) -> Option<String> {
    let is_there = |name: &str| dataset.iter().any(|column| column.name == name);
    let needed = NEEDED.iter().copied().chain(metadata.iter().map(String::as_str));
    needed.into_iter().find(|name| !is_there(name)).map(ToOwned::to_owned)
}

/// The typed columns by which products are filtered.
pub fn metadata_columns(dataset: &PortSchema, metadata: &[String]) -> Vec<MetadataColumn> {
    let kind =
        |name: &str| dataset.iter().find(|column| column.name == name).map_or(ColumnKind::Any, |column| column.kind);
    metadata.iter().map(|name| MetadataColumn { name: name.clone(), kind: kind(name) }).collect()
}

/// What is to be done with a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It is gone.
    Delete,
    /// It is written, or written anew.
    Upsert,
}

impl Doing {
    /// The word in datasets and tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Upsert => "upsert",
        }
    }
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation<'a> {
    /// The product's namespace.
    pub namespace: &'a str,
    /// Its id.
    pub id: &'a str,
    /// What is done.
    pub doing: Doing,
    /// Its title.
    pub title: &'a str,
    /// The rest of its words.
    pub text: &'a str,
    /// The hash of the product.
    pub content_hash: &'a str,
    /// The hash of what is written.
    pub index_hash: &'a str,
    /// The hash of the text whose vector is given.
    pub text_hash: &'a str,
    /// What the product is compared by.
    pub digest: (i64, i64),
    /// How that was made.
    pub hash_version: i64,
    /// The names of its fields.
    pub fields: &'a str,
    /// The digests of its fields.
    pub digests: &'a [u8],
    /// The vector as 32-bit floats; `None` keeps the one that is there if its text is the same.
    pub vector: Option<Vec<f32>>,
    /// The values by which it is filtered.
    pub metadata: Vec<Value>,
}

/// The columns of a batch of operations.
pub struct Operations {
    texts: Vec<StringChunked>,
    digests_a: Int64Chunked,
    digests_b: Int64Chunked,
    versions: Int64Chunked,
    digests: BinaryChunked,
    vectors: Option<ListChunked>,
    metadata: Vec<Typed>,
    height: usize,
}

enum Typed {
    Int(Int64Chunked),
    Float(Float64Chunked),
    Bool(BooleanChunked),
    Text(StringChunked),
}

const TEXTS: [&str; 9] =
    ["namespace", "id", "operation", "title", "text", "content_hash", "index_hash", "text_hash", "fields"];

impl Operations {
    /// The columns of a batch.
    ///
    /// # Errors
    /// When one is missing or has another type.
    pub fn of(frame: &DataFrame, metadata: &[MetadataColumn]) -> PolarsResult<Self> {
        let mut frame = frame.clone();
        frame.rechunk_mut();
        let text = |name: &str| frame.column(name)?.cast(&DataType::String)?.str().cloned();
        let number = |name: &str| frame.column(name)?.cast(&DataType::Int64)?.i64().cloned();
        let typed = |column: &MetadataColumn| -> PolarsResult<Typed> {
            let cells = frame.column(&column.name)?;
            Ok(match column.kind {
                ColumnKind::Int => Typed::Int(cells.cast(&DataType::Int64)?.i64()?.clone()),
                ColumnKind::Float => Typed::Float(cells.cast(&DataType::Float64)?.f64()?.clone()),
                ColumnKind::Bool => Typed::Bool(cells.bool()?.clone()),
                _ => Typed::Text(cells.cast(&DataType::String)?.str()?.clone()),
            })
        };
        let vectors = frame.column("vector")?;
        let vectors = match vectors.dtype() {
            DataType::Null => None,
            _ => Some(vectors.cast(&DataType::List(Box::new(DataType::Float32)))?.list()?.clone()),
        };
        Ok(Self {
            texts: TEXTS.iter().map(|name| text(name)).collect::<PolarsResult<_>>()?,
            digests_a: number("digest_a")?,
            digests_b: number("digest_b")?,
            versions: number("hash_version")?,
            digests: frame.column("digests")?.cast(&DataType::Binary)?.binary()?.clone(),
            vectors,
            metadata: metadata.iter().map(typed).collect::<PolarsResult<_>>()?,
            height: frame.height(),
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.height
    }

    /// One of them.
    ///
    /// # Errors
    /// When it is none that is known.
    pub fn get(&self, row: usize) -> PolarsResult<Operation<'_>> {
        let text = |place: usize| self.texts.get(place).and_then(|column| column.get(row)).unwrap_or_default();
        let doing = match text(2) {
            "delete" => Doing::Delete,
            "upsert" => Doing::Upsert,
            other => return Err(PolarsError::ComputeError(format!("no operation is called '{other}'").into())),
        };
        Ok(Operation {
            namespace: text(0),
            id: text(1),
            doing,
            title: text(3),
            text: text(4),
            content_hash: text(5),
            index_hash: text(6),
            text_hash: text(7),
            digest: (self.digests_a.get(row).unwrap_or_default(), self.digests_b.get(row).unwrap_or_default()),
            hash_version: self.versions.get(row).unwrap_or_default(),
            fields: text(8),
            digests: self.digests.get(row).unwrap_or_default(),
            vector: self.vector(row)?,
            metadata: self.metadata.iter().map(|column| column.value(row)).collect(),
        })
    }

    /// The length of the first vector; `None` where there is none.
    pub fn vector_length(&self) -> Option<usize> {
        let vectors = self.vectors.as_ref()?;
        (0..self.height).find_map(|row| vectors.get_as_series(row)).map(|vector| vector.len())
    }

    fn vector(&self, row: usize) -> PolarsResult<Option<Vec<f32>>> {
        let Some(vector) = self.vectors.as_ref().and_then(|vectors| vectors.get_as_series(row)) else {
            return Ok(None);
        };
        Ok(Some(vector.f32()?.iter().map(|value| value.unwrap_or(f32::NAN)).collect()))
    }
}

impl Typed {
    fn value(&self, row: usize) -> Value {
        match self {
            Self::Int(cells) => cells.get(row).map_or(Value::Null, Value::Integer),
            Self::Float(cells) => cells.get(row).filter(|value| value.is_finite()).map_or(Value::Null, Value::Real),
            Self::Bool(cells) => cells.get(row).map_or(Value::Null, |value| Value::Integer(i64::from(value))),
            Self::Text(cells) => cells.get(row).map_or(Value::Null, |text| Value::Text(text.to_owned())),
        }
    }
}
