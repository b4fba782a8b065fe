//! The small tables that lines are linked with: the shop's items with their attributes, and its SKUs.

use std::collections::HashSet;

use polars::prelude::*;
use unicode_normalization::UnicodeNormalization;

use super::{
    lines::{NO_SKU, Traits},
    links::{Item, Links},
    made::MadeItems,
    shops::Shops,
};
use crate::operator::StageError;
use crate::orders::tables::meaning::{DEFAULT_TITLE, UNKNOWN_TITLE};

/// What lines are linked with.
pub struct Items {
    /// One row an item to be shown and recommended: the effective catalog row with stock, of the variants table and of what
    /// the catalog has beside. In the order of its key: shop_id, variant_id.
    pub all: DataFrame,
    /// The number of each row's shop; `None` without one.
    pub shops: Vec<Option<u32>>,
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
    pub fn new(
        variants: LazyFrame,
        catalog: LazyFrame,
        inventory: LazyFrame,
        shops: &mut Shops,
    ) -> Result<Self, StageError> {
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
        all.rechunk_mut();
        let names = all.column("shop_id")?.str()?;
        let numbers = shops.numbers(names);
        let item_shops = names.iter().zip(numbers).map(|(name, number)| name.map(|_| number)).collect();
        Ok(Self { all, shops: item_shops })
    }

    /// Finds items. Lines are linked with those of the variants table; those that the catalog alone has are shown and their
    /// sales are counted. In a shop without a variants table the catalog stands for it.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn links(&self) -> Result<Links<'_>, StageError> {
        let text = |name: &str| self.all.column(name).and_then(|column| column.str());
        let variants = text("variant_id")?;
        let numbers = variants.cast(&DataType::Int64)?;
        let cells = variants.iter().zip(text("sku")?.iter()).zip(text("product_id")?.iter());
        let titles = text("product_title")?.iter().zip(text("variant_title")?.iter());
        let rows = cells.zip(numbers.i64()?.iter()).zip(self.all.column("in_variants")?.bool()?.iter());
        let rows = rows.zip((0..).zip(&self.shops)).zip(titles);
        let in_tables = self.all.column("in_variants")?.bool()?.iter().zip(&self.shops);
        let with_variants: HashSet<u32> =
            in_tables.filter(|(is_in, _)| *is_in == Some(true)).filter_map(|(_, shop)| *shop).collect();
        let known = rows.filter_map(|((((ids, number), in_variants), (row, shop)), (title, variant_title))| {
            let ((variant, sku), product) = ids;
            let title = title.filter(|title| *title != UNKNOWN_TITLE);
            let variant_title = variant_title.filter(|title| *title != DEFAULT_TITLE);
            let (Some(variant), Some(shop)) = (variant, *shop) else { return None };
            let in_variants = in_variants == Some(true) || !with_variants.contains(&shop);
            let number = number.unwrap_or(i64::MAX);
            Some(Item { shop, variant, number, sku, product, title, variant_title, in_variants, row })
        });
        Ok(Links::new(known.collect()))
    }

    /// The items with those that lines made after them.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn with_made(mut self, made: &MadeItems, shops: &Shops) -> Result<Self, StageError> {
        if made.len() > 0 {
            self.all.vstack_mut_owned(made.frame(&self.all, shops)?)?;
            self.all.rechunk_mut();
            self.shops.extend(made.shops());
        }
        Ok(self)
    }

    /// What a line's judgement takes from each item.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn traits(&self) -> Result<Vec<Traits>, StageError> {
        let int = |name: &str| self.all.column(name).and_then(|column| column.i64());
        let truth = |name: &str| self.all.column(name).and_then(|column| column.bool());
        let lists = int("compare_at_price_cents")?.iter().zip(int("price_cents")?.iter());
        let levels = int("inventory_available")?.iter();
        let flags = truth("in_catalog")?.iter().zip(truth("is_gift_card")?.iter());
        let traits =
            lists.zip(levels).zip(flags).map(|(((compare_at, price), levels), (in_catalog, is_gift_card))| Traits {
                list_cents: compare_at.or(price),
                compare_at_cents: compare_at,
                has_levels: levels.is_some(),
                in_catalog: in_catalog == Some(true),
                is_gift_card: is_gift_card == Some(true),
            });
        Ok(traits.collect())
    }
}

/// The effective row: the catalog's values, else the variant's; SKU and inventory item, which rows are linked by, are the
/// variant's, else the catalog's. What a file did not say stands as a default in its table; it hides no value that the other
/// one has.
fn effective() -> Vec<Expr> {
    let or = |name: &str| coalesce(&[col(format!("{name}_in_catalog")), col(name)]).alias(name);
    let said = |name: &str, default: Expr| when(col(name).eq(default)).then(lit(NULL)).otherwise(col(name));
    let or_said = |name: &str, default: Expr| {
        let catalog = format!("{name}_in_catalog");
        coalesce(&[said(&catalog, default.clone()), said(name, default), col(catalog.as_str()), col(name)]).alias(name)
    };
    let real_sku = |name: &str| when(col(name).str().starts_with(lit(NO_SKU))).then(lit(NULL)).otherwise(col(name));
    vec![
        col("shop_id"),
        col("variant_id"),
        or("product_id"),
        coalesce(&[
            said("product_title", lit(UNKNOWN_TITLE)),
            said("variant_title", lit(DEFAULT_TITLE)),
            col("product_title"),
            col("variant_title"),
        ])
        .alias("product_title"),
        or_said("variant_title", lit(DEFAULT_TITLE)),
        col("product_type"),
        coalesce(&[col("product_status"), lit("active")]).alias("product_status"),
        col("vendor"),
        col("tags").fill_null(lit("")),
        coalesce(&[real_sku("sku"), real_sku("sku_in_catalog")]).alias("sku"),
        or_said("price_cents", lit(0_i64)),
        or("compare_at_price_cents"),
        col("unit_cost_cents"),
        col("inventory_item_id"),
        or("inventory_item_created_at"),
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
            .or(col("is_gift_card").fill_null(false))
            .alias("is_gift_card"),
        col("in_catalog").not().alias("synthetic"),
        lit(false).alias("from_lines"),
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
