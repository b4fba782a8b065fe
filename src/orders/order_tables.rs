//! Orders and their lines as tables, with the defaults of what the files left out.

use polars::prelude::DataFrame;
use rayon::prelude::*;

use super::{
    fields::Order,
    group::{Group, Groups, Known, Line, group, lines},
    parse::{Reject, resolved_time},
    partitions::Rows,
    rows::Values,
    table::Table,
};
use crate::operator::{ColumnKind, StageError};

use ColumnKind::{Bool, Int, Text, Timestamp};

/// One row an order. Money is cents.
pub const ORDERS: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("order_id", Text),
    ("created_at", Timestamp),
    ("customer_id", Text),
    ("customer_email", Text),
    ("customer_country", Text),
    ("province", Text),
    ("city", Text),
    ("clv_band", Text),
    ("channel", Text),
    ("device", Text),
    ("currency", Text),
    ("financial_status", Text),
    ("fulfillment_status", Text),
    ("subtotal_cents", Int),
    ("shipping_cents", Int),
    ("taxes_cents", Int),
    ("total_cents", Int),
    ("discount_cents", Int),
    ("discount_code", Text),
    ("returned", Bool),
    ("is_cancelled", Bool),
    ("basket_item_count", Int),
    ("basket_line_count", Int),
    ("basket_value_cents", Int),
];

/// One row an order line, an order's lines together. Money is cents.
pub const ORDER_LINES: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("order_id", Text),
    ("line_item_id", Text),
    ("variant_id", Text),
    ("product_id", Text),
    ("sku", Text),
    ("name", Text),
    ("product_title", Text),
    ("variant_title", Text),
    ("brand", Text),
    ("category", Text),
    ("subcategory", Text),
    ("color", Text),
    ("material", Text),
    ("tags", Text),
    ("quantity", Int),
    ("unit_price_cents", Int),
    ("line_total_cents", Int),
    ("line_discount_cents", Int),
    ("unit_cost_cents", Int),
    ("created_at", Timestamp),
    ("customer", Text),
    ("is_gift_card", Bool),
    ("is_product", Bool),
    ("is_cancelled", Bool),
    ("requires_shipping", Bool),
    ("taxable", Bool),
    ("image_url", Text),
];

/// Rows of a table made by one thread.
const PIECE_ROWS: usize = 65_536;

/// A part of the orders.
pub struct Piece {
    /// Rows of [`ORDERS`].
    pub orders: DataFrame,
    /// Rows of [`ORDER_LINES`].
    pub lines: DataFrame,
    /// Rows that were left out.
    pub rejects: Vec<Reject>,
}

/// The orders of a partition, in pieces of bounded size.
///
/// # Errors
/// When a table cannot be made.
pub fn pieces(rows: &Rows, known: Known<'_>) -> Result<Vec<Piece>, StageError> {
    let mut groups = group(rows, known);
    let rejects = std::mem::take(&mut groups.rejects);
    let mut parts: Vec<&[Group]> = Vec::new();
    let mut rest = groups.orders.as_slice();
    while !rest.is_empty() {
        let mut size = 0;
        let end = rest.iter().position(|order| {
            size += groups.members(order).len();
            size >= PIECE_ROWS
        });
        let (part, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        parts.push(part);
        rest = after;
    }
    if parts.is_empty() {
        parts.push(&[]);
    }
    let mut pieces: Vec<Piece> =
        parts.into_par_iter().map(|part| piece(rows, &groups, part, known)).collect::<Result<_, _>>()?;
    if let Some(first) = pieces.first_mut() {
        first.rejects.splice(..0, rejects);
    }
    Ok(pieces)
}

fn piece(rows: &Rows, groups: &Groups, part: &[Group], known: Known<'_>) -> Result<Piece, StageError> {
    let expected: usize = part.iter().map(|order| groups.members(order).len()).sum();
    let (mut orders, mut order_lines) = (Table::new(ORDERS, part.len()), Table::new(ORDER_LINES, expected));
    let mut rejects = Vec::new();
    for order in part {
        let members = groups.members(order);
        let lines = lines(rows, members, order.shop, known, &mut rejects);
        let Some(header) = header(rows, members, known) else { continue };
        let shop = known.settled.shop_name(order.shop);
        let header = Header { shop, created_at: header.1, values: header.0 };
        push_order(&mut orders, &header, order.shop, &lines, known);
        for line in &lines {
            push_line(&mut order_lines, &header, line);
        }
    }
    Ok(Piece { orders: orders.finish()?, lines: order_lines.finish()?, rejects })
}

/// What an order says of itself: the first of its rows in its last file.
struct Header<'a> {
    shop: &'a str,
    created_at: i64,
    values: Values<'a>,
}

fn header<'a>(rows: &'a Rows, members: &[u32], known: Known<'_>) -> Option<(Values<'a>, i64)> {
    let member = |member: &u32| rows.get(*member as usize);
    let last = members.iter().filter_map(member).map(|row| known.file(row)).max()?;
    let row = members.iter().filter_map(member).find(|row| known.file(*row) == last)?;
    let values = row.decode(Order::FIELDS);
    let day_first = known.settled.files.get(last as usize).map_or(0, |file| file.day_first);
    let is_day_first = day_first >> Order::CreatedAt.place() & 1 == 1;
    let created_at = resolved_time(values.number(Order::CreatedAt.place())?, is_day_first)?;
    Some((values, created_at))
}

fn push_order(table: &mut Table, header: &Header<'_>, shop: u32, lines: &[Line<'_>], known: Known<'_>) {
    let text = |field: Order| header.values.text(field.place());
    let cents = |field: Order| header.values.number(field.place());
    let most = known.settled.currency.get(&shop).map(|currency| currency.as_slice());
    table.text(Some(header.shop.as_bytes()));
    table.text(text(Order::OrderId));
    table.int(Some(header.created_at));
    table.text(text(Order::CustomerId));
    table.text(text(Order::CustomerEmail));
    table.text_or(text(Order::CustomerCountry), "US");
    table.text(text(Order::Province));
    table.text(text(Order::City));
    table.text_or(text(Order::ClvBand), "medium");
    table.text_or(text(Order::Channel), "online");
    table.text_or(text(Order::Device), "desktop");
    table.text_or(text(Order::Currency).or(most), "USD");
    table.text(text(Order::FinancialStatus));
    table.text(text(Order::FulfillmentStatus));
    table.int(cents(Order::Subtotal));
    table.int(cents(Order::Shipping));
    table.int(cents(Order::Taxes));
    table.int(cents(Order::Total));
    table.int(Some(cents(Order::Discount).unwrap_or(0)));
    table.text_or(text(Order::DiscountCode), "");
    table.bool(Some(header.values.truth(Order::Returned.place()).unwrap_or(false)));
    table.bool(Some(is_cancelled(&header.values)));
    table.int(Some(lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line.quantity))));
    table.int(Some(lines.len() as i64));
    table.int(Some(lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line.total))));
    table.end_row();
}

fn is_cancelled(values: &Values<'_>) -> bool {
    values.truth(Order::IsCancelled.place()).unwrap_or(false)
}

fn push_line(table: &mut Table, header: &Header<'_>, line: &Line<'_>) {
    let text = |field: Order| line.values.text(field.place());
    let truth = |field: Order| line.values.truth(field.place());
    table.text(Some(header.shop.as_bytes()));
    table.text(text(Order::OrderId));
    table.text(text(Order::LineItemId));
    table.text(text(Order::VariantId));
    table.text(text(Order::ProductId));
    table.text(Some(&line.sku));
    table.text_or(text(Order::LineName).or(text(Order::ProductTitle)), "unspecified");
    table.text(text(Order::ProductTitle));
    table.text(text(Order::VariantTitle));
    table.text_or(text(Order::Vendor), "unspecified");
    table.text_or(text(Order::ProductType), "general");
    table.text_or(text(Order::Subcategory).or(text(Order::ProductType)), "general");
    table.text_or(text(Order::Color), "unspecified");
    table.text_or(text(Order::Material), "unspecified");
    table.text_or(text(Order::Tags), "");
    table.int(Some(line.quantity));
    table.int(Some(line.unit_price));
    table.int(Some(line.total));
    table.int(Some(line.discount));
    table.int(line.values.number(Order::UnitCost.place()));
    table.int(Some(header.created_at));
    let customer = |field: Order| header.values.text(field.place());
    table.text(customer(Order::CustomerId).or(customer(Order::CustomerEmail)));
    let by_type = text(Order::ProductType).is_some_and(is_gift_card_type);
    table.bool(Some(truth(Order::IsGiftCard).unwrap_or(false) || by_type));
    table.bool(Some(truth(Order::IsProduct).unwrap_or(true)));
    table.bool(Some(is_cancelled(&header.values)));
    table.bool(truth(Order::RequiresShipping));
    table.bool(truth(Order::Taxable));
    table.text(text(Order::ImageUrl));
    table.end_row();
}

fn is_gift_card_type(product_type: &[u8]) -> bool {
    product_type.windows(b"gift card".len()).any(|window| window.eq_ignore_ascii_case(b"gift card"))
}
