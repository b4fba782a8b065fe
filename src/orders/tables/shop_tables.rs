//! Variants, inventory levels and the catalog as tables: one row a key, the last that was read.

use std::collections::HashMap;

use polars::prelude::DataFrame;

use crate::operator::{ColumnKind, StageError};
use crate::orders::{
    reading::parse::{Reject, shown},
    recognising::fields::{Catalog, Field, Inventory, Kind, Reason, Variant},
    rows::{
        partitions::Rows,
        row::{Row, Values},
    },
    settling::group::{Known, MONTH_OVER_12, reject},
    tables::table::Table,
    values::{currencies::Digits, ids::without_fraction, spelling::Columns},
};

use ColumnKind::{Int, Text, Timestamp};

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
];

/// The columns of a kind's table.
pub fn columns(kind: Kind) -> &'static [(&'static str, ColumnKind)] {
    match kind {
        Kind::Orders => crate::orders::tables::order_tables::ORDERS,
        Kind::Variants => VARIANTS,
        Kind::InventoryLevels => INVENTORY,
        Kind::CatalogJoined => CATALOG,
    }
}

/// A row that counts until a later one of its key comes.
struct Kept<'a> {
    row: Row<'a>,
    shop: u32,
    updated_at: Option<i64>,
}

/// A row of a kind, with what it means.
struct Meaning<'a> {
    kind: Kind,
    values: Values<'a>,
    columns: Columns,
    digits: Digits,
}

impl<'a> Meaning<'a> {
    fn of(kind: Kind, row: Row<'a>, known: Known<'_>) -> Self {
        let (columns, digits) = known.meaning(row);
        Self { kind, values: row.decode(kind.fields()), columns, digits }
    }

    fn text(&self, field: usize) -> Option<&'a [u8]> {
        let text = self.values.text(field)?;
        let is_float = self.columns.floats >> field & 1 == 1;
        Some(if is_float { without_fraction(text).unwrap_or(text) } else { text })
    }

    /// A number or an instant.
    fn number(&self, field: usize) -> Option<i64> {
        let kind = self.kind.fields().get(field)?.kind;
        self.columns.value(field, kind, self.values.number(field)?, self.digits)
    }
}

/// The table of a kind, a row a key in the order in which keys first appear, and what was left out.
///
/// # Errors
/// When the table cannot be made.
pub fn table(kind: Kind, rows: &Rows, known: Known<'_>) -> Result<(DataFrame, Vec<Reject>), StageError> {
    let mut rejects = Vec::new();
    let mut kept: Vec<Kept<'_>> = Vec::with_capacity(rows.len());
    let mut places: HashMap<(u32, &[u8], &[u8]), usize> = HashMap::with_capacity(rows.len());
    for row in (0..rows.len()).filter_map(|number| rows.get(number)) {
        let file = known.file(row);
        if known.settled.files.get(file as usize).is_none_or(|file| file.problem.is_some()) {
            continue;
        }
        let Some(shop) = known.settled.shop(file, row.head().shop) else {
            rejects.push(reject(row, Reason::MissingShop, "shop", String::new()));
            continue;
        };
        let meaning = Meaning::of(kind, row, known);
        let needed = kind.needed_time().filter(|field| meaning.values.number(*field).is_some());
        if let Some(field) = needed.filter(|field| meaning.number(*field).is_none()) {
            let name = kind.fields().get(field).map_or("", |field| field.name);
            rejects.push(reject(row, Reason::BadDate, name, MONTH_OVER_12.to_owned()));
            continue;
        }
        let is_level = kind == Kind::InventoryLevels;
        let location = if is_level { location(&meaning) } else { b"" };
        let updated_at = if is_level { meaning.number(Inventory::UpdatedAt.place()) } else { None };
        let new = Kept { row, shop, updated_at };
        let key = (shop, row.first_text(), location);
        match places.get(&key).and_then(|place| kept.get_mut(*place)) {
            None => {
                places.insert(key, kept.len());
                kept.push(new);
            }
            Some(old) => {
                let left_out = if new.updated_at < old.updated_at { new.row } else { std::mem::replace(old, new).row };
                let field = kind.fields().first().map_or("", |field: &Field| field.name);
                rejects.push(reject(left_out, Reason::Duplicate, field, shown(left_out.first_text())));
            }
        }
    }
    let mut table = Table::new(columns(kind), kept.len());
    for row in &kept {
        table.text(Some(known.settled.shop_name(row.shop).as_bytes()));
        let meaning = Meaning::of(kind, row.row, known);
        match kind {
            Kind::Variants => push_variant(&mut table, &meaning),
            Kind::InventoryLevels => push_inventory(&mut table, &meaning),
            _ => push_catalog(&mut table, &meaning),
        }
        table.end_row();
    }
    Ok((table.finish()?, rejects))
}

fn push_id(table: &mut Table, kind: &str, id: Option<&[u8]>) {
    table.text(id);
    table.gid(kind, id);
}

/// A price to compare with is none when it is nothing.
fn compare_at(cents: Option<i64>) -> Option<i64> {
    cents.filter(|cents| *cents != 0)
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

/// Where a level is; without a column for it, all are at one location.
fn location<'a>(row: &Meaning<'a>) -> &'a [u8] {
    row.text(Inventory::LocationId.place()).unwrap_or(b"default")
}

fn push_inventory(table: &mut Table, row: &Meaning<'_>) {
    push_id(table, "InventoryItem", row.text(Inventory::InventoryItemId.place()));
    push_id(table, "Location", Some(location(row)));
    table.int(Some(row.number(Inventory::Available.place()).unwrap_or(0)));
    table.int(row.number(Inventory::UpdatedAt.place()));
}

/// The title of a product whose file has none.
pub const UNKNOWN_TITLE: &str = "Unknown Product";

/// The title of a catalog's variant whose file has none.
pub const DEFAULT_TITLE: &str = "Default Title";

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
}
