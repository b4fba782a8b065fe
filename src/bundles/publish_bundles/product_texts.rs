//! What is said of the items of bundles.

use polars::prelude::*;

use crate::{bundles::products::Products, operator::StageError};

/// The texts of products by row; empty ones are none.
pub struct ProductTexts {
    ids: StringChunked,
    product_ids: StringChunked,
    skus: StringChunked,
    titles: StringChunked,
    variant_titles: StringChunked,
    categories: StringChunked,
    vendors: StringChunked,
    image_urls: StringChunked,
}

impl ProductTexts {
    /// The texts of a table.
    ///
    /// # Errors
    /// When it lacks one.
    pub fn of(products: &Products) -> Result<Self, StageError> {
        Ok(Self {
            ids: products.texts("item_id")?,
            product_ids: products.texts("product_id")?,
            skus: products.texts("sku")?,
            titles: products.texts("title")?,
            variant_titles: products.texts("variant_title")?,
            categories: products.texts("category")?,
            vendors: products.texts("vendor")?,
            image_urls: products.texts("image_url")?,
        })
    }

    /// The id.
    pub fn id(&self, row: usize) -> &str {
        self.ids.get(row).unwrap_or_default()
    }

    /// The product, or else the item itself.
    pub fn product_id(&self, row: usize) -> &str {
        told(&self.product_ids, row).unwrap_or_else(|| self.id(row))
    }

    /// The SKU, or else the id.
    pub fn sku(&self, row: usize) -> &str {
        told(&self.skus, row).unwrap_or_else(|| self.id(row))
    }

    /// The title; what has none is called as it is ordered.
    pub fn name(&self, row: usize) -> &str {
        told(&self.titles, row).unwrap_or_else(|| self.sku(row))
    }

    /// What tells it from other items of its product.
    pub fn variant_title(&self, row: usize) -> &str {
        told(&self.variant_titles, row).unwrap_or_else(|| self.name(row))
    }

    /// The category.
    pub fn category(&self, row: usize) -> Option<&str> {
        told(&self.categories, row)
    }

    /// The vendor.
    pub fn vendor(&self, row: usize) -> Option<&str> {
        told(&self.vendors, row)
    }

    /// The picture.
    pub fn image_url(&self, row: usize) -> Option<&str> {
        told(&self.image_urls, row)
    }
}

fn told(texts: &StringChunked, row: usize) -> Option<&str> {
    texts.get(row).filter(|text| !text.is_empty())
}
