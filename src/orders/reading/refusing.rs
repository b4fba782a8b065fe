//! Why a row is not used, in words that show nobody's name or address.

use crate::delimited::records::Records;
use crate::orders::{
    reading::content::{Content, Found, Problem},
    recognising::{
        fields::{Inventory, Kind, Order, Product, Reason, Variant},
        layout::Layout,
    },
};

/// How many characters of a refused value are kept.
const VALUE_LENGTH: usize = 200;

/// What breaks a record. What it holds is not shown: it may be anybody's.
#[inline]
pub fn broken(records: &Records<'_>, content: &Content, reach: usize) -> Option<Problem> {
    let Content::Text { shape, .. } = content else { return None };
    let value = match records.fault {
        None if records.cells.len() >= reach => return None,
        None => format!("{} cells where the header has {}", records.cells.len(), shape.width),
        Some(fault) => fault.words(shape.width),
    };
    Some(Problem { reason: Reason::BrokenRecord, field: "record", value })
}

/// Why a row is not used.
#[inline]
pub fn problem_of(kind: Kind, layout: &Layout, found: Found, records: &Records<'_>) -> Option<Problem> {
    let Some((reason, field)) = missing(kind, layout, found.present) else { return found.problem };
    Some(match found.lost {
        Some((field, value)) => Problem { reason: Reason::LostDigits, field, value },
        None => Problem { reason, field, value: known_cells(records, layout) },
    })
}

/// What a row lacks, and in which field.
fn missing(kind: Kind, layout: &Layout, present: u64) -> Option<(Reason, &'static str)> {
    let has = |field: usize| present >> field & 1 == 1;
    match kind {
        Kind::Orders | Kind::OrderHeaders if !has(Order::OrderId.place()) => Some((Reason::MissingOrderId, "order_id")),
        Kind::Orders
            if ![Order::VariantId, Order::Sku, Order::LineName, Order::ProductTitle]
                .iter()
                .any(|field| has(field.place())) =>
        {
            Some((Reason::MissingItemId, "variant_id"))
        }
        Kind::Variants | Kind::CatalogJoined if !has(Variant::VariantId.place()) => {
            Some((Reason::MissingItemId, "variant_id"))
        }
        Kind::Variants | Kind::CatalogJoined if !has(Variant::ProductId.place()) => {
            Some((Reason::MissingItemId, "product_id"))
        }
        Kind::InventoryLevels
            if ![Inventory::InventoryItemId, Inventory::Handle, Inventory::Sku]
                .iter()
                .any(|field| has(field.place())) =>
        {
            Some((Reason::MissingItemId, "inventory_item_id"))
        }
        Kind::ProductExport
            if ![Product::VariantId, Product::ProductId, Product::Handle, Product::Sku, Product::ProductTitle]
                .iter()
                .any(|field| has(field.place())) =>
        {
            Some((Reason::MissingItemId, "variant_id"))
        }
        Kind::InventoryLevels if !has(Inventory::LocationId.place()) && layout.has(Inventory::LocationId.place()) => {
            Some((Reason::MissingLocation, "location_id"))
        }
        _ => None,
    }
}

/// The first characters of a value that was not understood; not of one that may be an address, from a column beside.
pub fn told(cell: &[u8]) -> String {
    if cell.contains(&b'@') { "(not shown)".to_owned() } else { shown(cell) }
}

/// What a row says in columns that have a meaning and no personal cells.
fn known_cells(records: &Records<'_>, layout: &Layout) -> String {
    let mut words = String::new();
    let mut room = Vec::new();
    for (field, columns) in &layout.fields {
        let Some(field) = layout.kind.fields().get(*field) else { continue };
        let filled = columns.iter().find(|column| !records.cell(**column, &mut room).is_empty());
        let Some(column) = filled.filter(|column| !layout.personal.contains(column)) else { continue };
        let parting = if words.is_empty() { "" } else { ", " };
        words += &format!("{parting}{} {}", field.name, told(records.cell(*column, &mut room)));
    }
    shown(words.as_bytes())
}

/// The first characters of a value.
pub fn shown(bytes: &[u8]) -> String {
    let cut = bytes.get(..VALUE_LENGTH * 4).unwrap_or(bytes);
    String::from_utf8_lossy(cut).chars().take(VALUE_LENGTH).collect()
}
