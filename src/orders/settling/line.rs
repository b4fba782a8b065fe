//! A line of an order: what it holds, what it is found by, what its item is known by.

use std::borrow::Cow;

use crate::orders::{
    recognising::fields::Order,
    rows::{cells::Cells, row::hash},
    settling::settle::Settled,
    values::facts::end_of,
};

/// What a row says of a line.
#[derive(Clone, Copy)]
pub struct Line {
    pub row: usize,
    pub quantity: i64,
    pub unit_price: i64,
    pub total: i64,
    pub discount: i64,
    pub returned: i64,
}

impl Line {
    /// The line of a row.
    pub fn of(cells: &Cells<'_>, row: usize) -> Self {
        let quantity = cells.number(Order::Quantity, row).unwrap_or(1);
        let total = cells.number(Order::LineTotal, row);
        let each = || total.filter(|_| quantity > 0).map(|total| total.div_euclid(quantity));
        let unit_price = cells.number(Order::UnitPrice, row).or_else(each).unwrap_or(0);
        let total = total.unwrap_or_else(|| unit_price.saturating_mul(quantity));
        let discount = cells.number(Order::LineDiscount, row).unwrap_or(0);
        // Exports say what is left, or what came back with or without a sign.
        let left = cells.number(Order::CurrentQuantity, row).map(|left| quantity.saturating_sub(left));
        let back = left.or_else(|| cells.number(Order::ReturnedQuantity, row).map(i64::saturating_abs)).unwrap_or(0);
        Self { row, quantity, unit_price, total, discount, returned: back.clamp(0, quantity.max(0)) }
    }
}

/// Whether a row was refused when it was read, and is kept for what it says of its order.
#[inline]
pub fn is_refused(cells: &Cells<'_>, row: usize) -> bool {
    cells.present(row) >> Order::IsRefused.place() & 1 == 1
}

/// Whether a row is a line that counts, unless another of its order says otherwise.
#[inline]
pub fn is_line(cells: &Cells<'_>, row: usize) -> bool {
    !is_refused(cells, row) && !is_header(cells, row) && !cells.is_misread(Order::CreatedAt, row)
}

/// Whether a row is of a file of orders, whose lines are in others.
#[inline]
pub fn is_header(cells: &Cells<'_>, row: usize) -> bool {
    cells.present(row) >> Order::IsHeader.place() & 1 == 1
}

/// What a line of an order is found by. Lines of which no key is the same are not the same.
pub struct Keys {
    /// The line item's id; else SKU and price, with the variant's id if there is one.
    pub own: u64,
    /// SKU and price alone, of a line with a variant's id.
    pub of_sku: Option<u64>,
}

impl Keys {
    /// The keys of a line.
    pub fn of(cells: &Cells<'_>, line: Line, shop: u32, settled: &Settled) -> Self {
        if let Some(id) = cells.text(Order::LineItemId, line.row) {
            return Self { own: hash(id), of_sku: None };
        }
        let price = (line.unit_price as u64).wrapping_mul(0xA24B_AED4_963E_E407);
        let named = name(cells, line.row).map_or(0, hash).rotate_left(41);
        let of_sku = hash(&item_key(cells, line.row, shop, settled)) ^ price ^ named;
        match cells.text(Order::VariantId, line.row) {
            Some(variant) => Self { own: of_sku ^ hash(variant).rotate_left(23), of_sku: Some(of_sku) },
            None => Self { own: of_sku, of_sku: None },
        }
    }
}

/// What a line calls its item.
pub fn name<'a>(cells: &Cells<'a>, row: usize) -> Option<&'a [u8]> {
    cells.text(Order::LineName, row).or_else(|| cells.text(Order::ProductTitle, row))
}

/// What a line's item is known by, surest first: a field and its text.
pub fn known_by<'a>(cells: &Cells<'a>, row: usize) -> impl Iterator<Item = (usize, &'a [u8])> {
    let of = |field: Order| Some((field.place(), cells.text(field, row)?));
    let named = name(cells, row).map(|name| (Order::LineName.place(), name));
    [of(Order::VariantId), of(Order::Sku), named].into_iter().flatten()
}

/// Whether two lines of an order are of one item: of one variant if both name one, else of one SKU, else of one name.
pub fn is_of_one_item(cells: &Cells<'_>, row: usize, other: usize) -> bool {
    let both = |field: Order| Some((cells.text(field, row)?, cells.text(field, other)?));
    if let Some((one, other)) = both(Order::VariantId) {
        return one == other;
    }
    let names = name(cells, row).zip(name(cells, other));
    match both(Order::Sku) {
        Some((sku, of_other)) => sku == of_other && names.is_none_or(|(name, of_other)| name == of_other),
        None => names.is_some_and(|(name, of_other)| name == of_other),
    }
}

/// What tells the item of a line from others: its SKU, else the one made of its variant's id, else its name.
pub fn item_key<'a>(cells: &Cells<'a>, row: usize, shop: u32, settled: &Settled) -> Cow<'a, [u8]> {
    sku(cells, row, shop, settled).or_else(|| name(cells, row).map(Cow::Borrowed)).unwrap_or_default()
}

/// The SKU of a line, or one made of its variant's id: the end of it, or all of it where several end alike. `None` for a
/// line that has neither.
pub fn sku<'a>(cells: &Cells<'a>, row: usize, shop: u32, settled: &Settled) -> Option<Cow<'a, [u8]>> {
    if let Some(sku) = cells.text(Order::Sku, row) {
        return Some(Cow::Borrowed(sku));
    }
    let variant = cells.text(Order::VariantId, row)?;
    let end = match end_of(variant) {
        Some(end) if !settled.alike.contains(&(shop, hash(end))) => end,
        _ => variant,
    };
    let mut sku = b"no-sku-".to_vec();
    sku.extend_from_slice(end);
    Some(Cow::Owned(sku))
}
