//! The small tables that lines are linked with: the shop's items with their attributes, and its SKUs.

use polars::prelude::*;
use unicode_normalization::UnicodeNormalization;

use crate::operator::StageError;

/// What lines are linked with.
pub struct Items {
    /// One row a variant of the variants table: the effective catalog row with stock. Key: shop_id, variant_id.
    pub variants: DataFrame,
    /// One row an item to be shown and recommended: `variants`, and what the catalog has beside. Key as before.
    pub all: DataFrame,
    /// SKU → variant: the smallest number, and whether several variants have it. Key: shop_id, sku.
    pub by_sku: DataFrame,
    /// SKU and product → variant. Key: shop_id, sku, product_id.
    pub by_sku_and_product: DataFrame,
}

/// Texts that are compared and shown: one form of each letter.
const NORMALISED: [&str; 4] = ["product_title", "variant_title", "product_type", "vendor"];

const KEYS: [&str; 2] = ["shop_id", "variant_id"];

impl Items {
    /// Joins variants, catalog and inventory. A missing catalog row is made from the variant's: its title, status active,
    /// `synthetic`.
    ///
    /// # Errors
    /// When a join fails.
    pub fn new(variants: LazyFrame, catalog: LazyFrame, inventory: LazyFrame) -> Result<Self, StageError> {
        let keys = KEYS.map(col);
        let stock = inventory
            .group_by([col("shop_id"), col("inventory_item_id")])
            .agg([col("available").sum().alias("stock"), len().cast(DataType::Int64).alias("location_count")]);
        let variants = variants.with_column(lit(true).alias("in_variants"));
        let catalog = catalog.with_column(lit(true).alias("in_catalog"));
        let both = variants
            .join_builder()
            .with(catalog)
            .left_on(keys.clone())
            .right_on(keys.clone())
            .how(JoinType::Full)
            .coalesce(JoinCoalesce::CoalesceColumns)
            .suffix("_in_catalog")
            .finish()
            .with_columns([
                coalesce(&[col("inventory_item_id"), col("inventory_item_id_in_catalog")]).alias("inventory_item_id"),
                col("in_variants").fill_null(false),
                col("in_catalog").fill_null(false),
            ]);
        let both = both
            .join_builder()
            .with(stock)
            .left_on([col("shop_id"), col("inventory_item_id")])
            .right_on([col("shop_id"), col("inventory_item_id")])
            .how(JoinType::Left)
            .finish();
        let mut all = both.select(effective()).sort(KEYS, SortMultipleOptions::default()).collect()?;
        for name in NORMALISED {
            normalise(&mut all, name)?;
        }
        let known = all.clone().lazy().filter(col("in_variants"));
        let skus = known.clone().filter(col("sku").is_not_null()).select([
            col("shop_id"),
            col("sku"),
            col("product_id"),
            col("variant_id"),
            col("variant_id").cast(DataType::Int64).fill_null(i64::MAX).alias("number"),
        ]);
        let smallest = || col("variant_id").sort_by([col("number"), col("variant_id")], SortMultipleOptions::default());
        let by_sku = skus
            .clone()
            .group_by([col("shop_id"), col("sku")])
            .agg([smallest().first().alias("sku_variant"), len().gt(lit(1)).alias("sku_is_shared")])
            .collect()?;
        let by_sku_and_product = skus
            .group_by([col("shop_id"), col("sku"), col("product_id")])
            .agg([smallest().first().alias("product_variant")])
            .collect()?;
        Ok(Self { variants: known.collect()?, all, by_sku, by_sku_and_product })
    }
}

/// The effective row: the catalog's values, else the variant's.
fn effective() -> Vec<Expr> {
    let or = |name: &str| coalesce(&[col(format!("{name}_in_catalog")), col(name)]).alias(name);
    let real_sku = |name: &str| when(col(name).str().starts_with(lit("no-sku-"))).then(lit(NULL)).otherwise(col(name));
    vec![
        col("shop_id"),
        col("variant_id"),
        or("product_id"),
        coalesce(&[col("product_title"), col("variant_title")]).alias("product_title"),
        or("variant_title"),
        col("product_type"),
        coalesce(&[col("product_status"), lit("active")]).alias("product_status"),
        col("vendor"),
        col("tags").fill_null(lit("")),
        coalesce(&[real_sku("sku"), real_sku("sku_in_catalog")]).alias("sku"),
        or("price_cents"),
        coalesce(&[col("compare_at_price_cents"), col("compare_at_price_cents_in_catalog")])
            .alias("compare_at_price_cents"),
        col("unit_cost_cents"),
        col("inventory_item_id"),
        coalesce(&[col("inventory_item_created_at"), col("inventory_item_created_at_in_catalog")])
            .alias("inventory_item_created_at"),
        coalesce(&[col("available_total"), col("stock")]).alias("available_total"),
        col("stock").alias("inventory_available"),
        col("location_count"),
        col("product_created_at"),
        col("product_published_at"),
        col("last_inventory_update"),
        col("description"),
        or("image_url"),
        col("product_type")
            .str()
            .to_lowercase()
            .str()
            .contains_literal(lit("gift card"))
            .fill_null(false)
            .alias("is_gift_card"),
        col("in_catalog").not().alias("synthetic"),
        col("in_variants"),
        col("in_catalog"),
    ]
}

/// Unicode's compatibility form, so that a letter has one spelling.
fn normalise(frame: &mut DataFrame, name: &str) -> Result<(), StageError> {
    let column = frame.column(name)?.str()?;
    if column.iter().flatten().all(str::is_ascii) {
        return Ok(());
    }
    let mut builder = StringChunkedBuilder::new(name.into(), column.len());
    for text in column.iter() {
        match text {
            Some(text) => builder.append_value(text.nfkc().collect::<String>()),
            None => builder.append_null(),
        }
    }
    frame.with_column(builder.finish().into_column())?;
    Ok(())
}
