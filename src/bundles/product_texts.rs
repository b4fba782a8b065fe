//! What is told of an item to those who make vectors of texts.

use polars::prelude::StringChunked;

use super::products::Products;
use crate::{
    embedding::ProductText,
    operator::{ColumnKind, Columns, StageError},
};

/// The columns of products that are told.
pub const TOLD: Columns = &[
    ("title", ColumnKind::Text),
    ("category", ColumnKind::Text),
    ("vendor", ColumnKind::Text),
    ("tags", ColumnKind::Text),
    ("description", ColumnKind::Text),
];

/// The texts of all items, by their rows.
pub struct ProductTexts {
    titles: StringChunked,
    categories: StringChunked,
    vendors: StringChunked,
    tags: StringChunked,
    descriptions: StringChunked,
}

impl ProductTexts {
    /// The texts of products.
    ///
    /// # Errors
    /// When a column of [`TOLD`] is missing.
    pub fn of(products: &Products) -> Result<Self, StageError> {
        Ok(Self {
            titles: products.texts("title")?,
            categories: products.texts("category")?,
            vendors: products.texts("vendor")?,
            tags: products.texts("tags")?,
            descriptions: products.texts("description")?,
        })
    }

    /// The text of a row.
    pub fn text(&self, row: usize) -> String {
        let told = ProductText {
            title: self.titles.get(row).unwrap_or_default(),
            category: self.categories.get(row).unwrap_or_default(),
            vendor: self.vendors.get(row).unwrap_or_default(),
            description: self.descriptions.get(row).unwrap_or_default(),
            tags: self.tags.get(row).unwrap_or_default(),
            ..ProductText::default()
        };
        told.text()
    }
}
