//! Variants, inventory levels and the catalog as tables: one row a key, the last that was read.

use std::collections::{HashMap, HashSet};

use polars::prelude::DataFrame;

use crate::operator::{ColumnKind, StageError};
use crate::orders::{
    reading::{intake::FileRead, job::Reject, refusing::shown},
    recognising::fields::{Catalog, Kind, Reason, Variant},
    rows::partitions::Rows,
    settling::group::{Known, reject},
    tables::{
        levels::levels,
        listed::Listed,
        meaning::{DEFAULT_TITLE, Kept, Meaning, UNKNOWN_TITLE, compare_at, of_shop, push_id},
        table::Table,
    },
};

use ColumnKind::{Bool, Int, Text, Timestamp};

/// One row a variant.
pub const VARIANTS: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("variant_id", Text),
    ("variant_gid", Text),
    ("product_id", Text),
    ("product_gid", Text),
    ("variant_title", Text),
    ("sku", Text),
    ("price_cents", Int),
    ("compare_at_price_cents", Int),
    ("unit_cost_cents", Int),
    ("inventory_item_id", Text),
    ("inventory_item_gid", Text),
    ("inventory_item_created_at", Timestamp),
    ("image_url", Text),
];

/// One row an inventory item and location.
pub const INVENTORY: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("inventory_item_id", Text),
    ("inventory_item_gid", Text),
    ("location_id", Text),
    ("location_gid", Text),
    ("available", Int),
    ("updated_at", Timestamp),
];

/// One row a variant with its product.
pub const CATALOG: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("variant_id", Text),
    ("variant_gid", Text),
    ("product_id", Text),
    ("product_gid", Text),
    ("product_title", Text),
    ("variant_title", Text),
    ("product_type", Text),
    ("product_status", Text),
    ("vendor", Text),
    ("tags", Text),
    ("sku", Text),
    ("price_cents", Int),
    ("compare_at_price_cents", Int),
    ("inventory_item_id", Text),
    ("inventory_item_gid", Text),
    ("inventory_item_created_at", Timestamp),
    ("available_total", Int),
    ("product_created_at", Timestamp),
    ("product_published_at", Timestamp),
    ("last_inventory_update", Timestamp),
    ("description", Text),
    ("image_url", Text),
    ("is_gift_card", Bool),
];

/// Rows of variants, of the catalog, of levels and of lists of products.
#[derive(Default)]
pub struct ShopRows {
    /// Of variants.
    pub variants: Rows,
    /// Of the joined catalog.
    pub catalog: Rows,
    /// Of inventory levels.
    pub inventory: Rows,
    /// Of lists of products.
    pub products: Rows,
}

/// The tables, and what was left out.
pub struct ShopTables {
    /// Rows of [`VARIANTS`].
    pub variants: DataFrame,
    /// Rows of [`INVENTORY`].
    pub inventory: DataFrame,
    /// Rows of [`CATALOG`].
    pub catalog: DataFrame,
    /// Rows that were left out.
    pub rejects: Vec<Reject>,
}

/// The tables: a row a key, in the order in which keys first appear. Lists of products give variants and catalog what
/// other files do not.
///
/// # Errors
/// When a table cannot be made.
pub fn tables(rows: &ShopRows, files: &[FileRead], known: Known<'_>) -> Result<ShopTables, StageError> {
    let mut rejects = Vec::new();
    let variants = keep(Kind::Variants, &rows.variants, known, &mut rejects);
    let catalog = keep(Kind::CatalogJoined, &rows.catalog, known, &mut rejects);
    let listed = Listed::of(&rows.products, files, known, [&variants, &catalog], &mut rejects);
    let levels = levels(&rows.inventory, known, &listed, &mut rejects);
    let mut table = Table::new(VARIANTS, variants.len() + listed.variants.len());
    for kept in &variants {
        begin(&mut table, kept.shop, known);
        push_variant(&mut table, &Meaning::of(Kind::Variants, kept.row, known));
        table.end_row();
    }
    let are_there: HashSet<(u32, &[u8])> = variants.iter().map(|kept| (kept.shop, kept.row.first_text())).collect();
    for variant in listed.variants.iter().filter(|variant| !are_there.contains(&variant.key())) {
        begin(&mut table, variant.shop, known);
        listed.push_variant(&mut table, variant);
        table.end_row();
    }
    let variants = table.finish()?;
    let mut table = Table::new(CATALOG, catalog.len() + listed.variants.len());
    for kept in &catalog {
        begin(&mut table, kept.shop, known);
        push_catalog(&mut table, &Meaning::of(Kind::CatalogJoined, kept.row, known));
        table.end_row();
    }
    let are_there: HashSet<(u32, &[u8])> = catalog.iter().map(|kept| (kept.shop, kept.row.first_text())).collect();
    let with_levels: HashSet<(u32, &[u8])> = levels.iter().map(|level| (level.shop, level.item.as_ref())).collect();
    for variant in listed.variants.iter().filter(|variant| !are_there.contains(&variant.key())) {
        begin(&mut table, variant.shop, known);
        listed.push_catalog(&mut table, variant, &with_levels);
        table.end_row();
    }
    let catalog = table.finish()?;
    let mut table = Table::new(INVENTORY, levels.len());
    for level in &levels {
        begin(&mut table, level.shop, known);
        push_id(&mut table, "InventoryItem", Some(&level.item));
        push_id(&mut table, "Location", Some(level.location));
        table.int(Some(level.available));
        table.int(level.updated_at);
        table.end_row();
    }
    Ok(ShopTables { variants, inventory: table.finish()?, catalog, rejects })
}

fn begin(table: &mut Table, shop: u32, known: Known<'_>) {
    table.text(Some(known.settled.shop_name(shop).as_bytes()));
}

/// The rows of a kind that count, a row a key: the last. The key is the first field.
fn keep<'a>(kind: Kind, rows: &'a Rows, known: Known<'_>, rejects: &mut Vec<Reject>) -> Vec<Kept<'a>> {
    let mut kept: Vec<Kept<'a>> = Vec::with_capacity(rows.len());
    let mut places: HashMap<(u32, &[u8]), usize> = HashMap::with_capacity(rows.len());
    let field = kind.fields().first().map_or("", |field| field.name);
    for row in (0..rows.len()).filter_map(|number| rows.get(number)) {
        let Some(shop) = of_shop(row, known, rejects) else { continue };
        let new = Kept { row, shop };
        match places.get(&(shop, row.first_text())).and_then(|place| kept.get_mut(*place)) {
            None => {
                places.insert((shop, row.first_text()), kept.len());
                kept.push(new);
            }
            Some(old) => {
                let left_out = std::mem::replace(old, new).row;
                rejects.push(reject(left_out, Reason::Duplicate, field, shown(left_out.first_text())));
            }
        }
    }
    kept
}

fn push_variant(table: &mut Table, row: &Meaning<'_>) {
    let text = |field: Variant| row.text(field.place());
    let number = |field: Variant| row.number(field.place());
    push_id(table, "ProductVariant", text(Variant::VariantId));
    push_id(table, "Product", text(Variant::ProductId));
    table.text_or(text(Variant::VariantTitle), "Variant");
    table.text(text(Variant::Sku));
    table.int(Some(number(Variant::Price).unwrap_or(0)));
    table.int(compare_at(number(Variant::CompareAtPrice)));
    table.int(number(Variant::UnitCost));
    push_id(table, "InventoryItem", text(Variant::InventoryItemId));
    table.int(row.number(Variant::InventoryItemCreatedAt.place()));
    table.text(text(Variant::ImageUrl));
}

fn push_catalog(table: &mut Table, row: &Meaning<'_>) {
    let text = |field: Catalog| row.text(field.place());
    let number = |field: Catalog| row.number(field.place());
    let time = |field: Catalog| row.number(field.place());
    push_id(table, "ProductVariant", text(Catalog::VariantId));
    push_id(table, "Product", text(Catalog::ProductId));
    table.text_or(text(Catalog::ProductTitle), UNKNOWN_TITLE);
    table.text_or(text(Catalog::VariantTitle), DEFAULT_TITLE);
    table.text(text(Catalog::ProductType));
    table.text(text(Catalog::ProductStatus));
    table.text(text(Catalog::Vendor));
    table.text_or(text(Catalog::Tags), "");
    table.text(text(Catalog::Sku));
    table.int(Some(number(Catalog::Price).unwrap_or(0)));
    table.int(compare_at(number(Catalog::CompareAtPrice)));
    push_id(table, "InventoryItem", text(Catalog::InventoryItemId));
    table.int(time(Catalog::InventoryItemCreatedAt));
    table.int(number(Catalog::AvailableTotal).filter(|total| *total != -1));
    table.int(time(Catalog::ProductCreatedAt));
    table.int(time(Catalog::ProductPublishedAt));
    table.int(time(Catalog::LastInventoryUpdate));
    table.text(text(Catalog::Description));
    table.text(text(Catalog::ImageUrl));
    table.truth(None);
}
