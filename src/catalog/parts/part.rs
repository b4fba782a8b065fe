//! One part of a catalog.

use std::sync::Arc;

use polars::prelude::DataFrame;

use super::{
    super::{
        digest::ProductDigest,
        json::{Omitted, Value, canonical, sha256_hex},
        product_id::NoId,
    },
    columns::FieldColumns,
    row::value_of_row,
};

/// How products are read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The fields that may hold the id, in order.
    pub id_fields: Vec<String>,
    /// The field that holds the namespace; `None` where all products are of one.
    pub namespace_field: Option<String>,
    /// Fields that do not count.
    pub omitted: Vec<String>,
    /// Whether products are compared by the hash of the original, of the whole product.
    pub original_hash: bool,
}

/// Products, by row.
#[derive(Debug)]
pub enum Products<'a> {
    /// As they were parsed.
    Parsed(Vec<Value<'a>>),
    /// As rows of a frame.
    Rows(Arc<DataFrame>),
}

/// A part of a catalog.
#[derive(Debug)]
pub struct Part<'a> {
    /// The id of each product.
    pub ids: Vec<Result<String, NoId>>,
    /// The namespace of each product, where they are of several.
    pub namespaces: Option<Vec<Option<String>>>,
    /// What each product is compared by.
    pub digests: Vec<ProductDigest>,
    /// The digests of the fields.
    pub fields: FieldColumns,
    /// The products.
    pub products: Products<'a>,
}

impl Part<'_> {
    /// A product as an object; null fields of a row are left out.
    pub fn product(&self, row: usize) -> Value<'_> {
        match &self.products {
            Products::Parsed(products) => products.get(row).cloned().unwrap_or(Value::Null),
            Products::Rows(frame) => value_of_row(frame, row),
        }
    }

    /// Puts the hash of the original in the place of the sums of fields.
    pub fn hash_as_original(&mut self) {
        let digests = (0..self.ids.len()).map(|row| of_hash(&original_hash(&self.product(row)))).collect();
        self.digests = digests;
    }
}

/// The hash of the original: of the whole product, volatile fields included.
pub fn original_hash(product: &Value<'_>) -> String {
    sha256_hex(&canonical(product, Omitted::default()))
}

/// The first 128 bits of a hash in hexadecimal digits.
pub fn of_hash(hash: &str) -> ProductDigest {
    let lane = |from: usize| u64::from_str_radix(hash.get(from..from + 16).unwrap_or_default(), 16).unwrap_or_default();
    ProductDigest(lane(0), lane(16))
}
