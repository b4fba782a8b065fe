//! Orders and their lines as tables, with the defaults of what the files left out.

use std::{
    collections::BTreeMap,
    iter::Enumerate,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, channel},
    },
    thread,
    vec::IntoIter,
};

use polars::prelude::DataFrame;
use rayon::prelude::*;

use crate::operator::{ColumnKind, StageError};
use crate::orders::{
    reading::job::Reject,
    recognising::{fields::Order, left_out::LeftOut},
    rows::{
        cells::Cells,
        partitions::{Part, Partitions, Rows},
        row::Row,
    },
    settling::{
        group::{Group, Groups, Known, group},
        line::sku,
        lines::{Lines, OrderLines},
    },
    tables::columns::Columns,
};

use ColumnKind::{Bool, Float, Int, Text, Timestamp};

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
    ("left_out", Text),
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
    ("returned_quantity", Int),
    ("unit_cost_cents", Int),
    ("created_at", Timestamp),
    ("customer", Text),
    ("is_gift_card", Bool),
    ("is_product", Bool),
    ("is_cancelled", Bool),
    ("left_out", Text),
    ("requires_shipping", Bool),
    ("taxable", Bool),
    ("image_url", Text),
    ("weight_kg", Float),
    ("hist_views", Int),
    ("hist_adds", Int),
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

/// Makes the pieces of all partitions with several threads, and gives them one by one in the order of the partitions.
///
/// # Errors
/// What `give` refuses, or when a table cannot be made.
pub fn for_each_piece(
    orders: Partitions,
    known: Known<'_>,
    mut give: impl FnMut(Piece) -> Result<(), StageError>,
) -> Result<(), StageError> {
    let parts = Mutex::new(orders.into_parts().into_iter().enumerate());
    let threads = rayon::current_num_threads().max(1);
    let (send_ticket, tickets) = channel();
    let tickets = Mutex::new(tickets);
    let (send, made) = channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (send, tickets, parts) = (send.clone(), &tickets, &parts);
            scope.spawn(move || {
                while let Some((number, part)) = next_part(tickets, parts) {
                    let make = || part.into_rows().and_then(|rows| pieces(&rows, known));
                    if send.send((number, catch_unwind(AssertUnwindSafe(make)))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        // A partition may be begun for each that was given away, so that only some of them are in memory. Whatever ends
        // this closure takes the tickets' sender with it, and so ends the threads.
        let send_ticket = send_ticket;
        let allow = |count: usize| (0..count).all(|_| send_ticket.send(()).is_ok());
        allow(threads + 1);
        let mut early = BTreeMap::new();
        let mut wanted = 0;
        for (number, made) in made {
            early.insert(number, made.unwrap_or_else(|panic| resume_unwind(panic)));
            while let Some(pieces) = early.remove(&wanted) {
                wanted += 1;
                pieces?.into_iter().try_for_each(&mut give)?;
                allow(1);
            }
        }
        Ok(())
    })
}

/// Takes a ticket, and then the next partition.
fn next_part(tickets: &Mutex<Receiver<()>>, parts: &Mutex<Enumerate<IntoIter<Part>>>) -> Option<(usize, Part)> {
    tickets.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()?;
    parts.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// The orders of a partition, in pieces of bounded size.
fn pieces(rows: &Rows, known: Known<'_>) -> Result<Vec<Piece>, StageError> {
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
    let members = part.iter().flat_map(|order| groups.members(order));
    let members: Vec<Row<'_>> = members.filter_map(|member| rows.get(*member as usize)).collect();
    let mut cells = Cells::of(&members, groups.fields, |row| known.meaning(row));
    let mut lines = Lines::with_room(members.len());
    let mut at = 0;
    for order in part {
        let end = at + groups.members(order).len();
        lines.add(&mut cells, at..end, order.shop, known);
        at = end;
    }
    let rejects = std::mem::take(&mut lines.rejects);
    Ok(Piece { orders: orders(&cells, &lines, known)?, lines: order_lines(&cells, lines, known)?, rejects })
}

fn orders(cells: &Cells<'_>, lines: &Lines, known: Known<'_>) -> Result<DataFrame, StageError> {
    let headers: Vec<u32> = lines.orders.iter().map(|order| order.header).collect();
    let shop = |place: usize| lines.orders.get(place).map_or(0, |order| order.shop);
    let each = |of: &dyn Fn(&OrderLines) -> i64| lines.orders.iter().map(of).collect::<Vec<_>>();
    let sum = |column: &[i64], order: &OrderLines| {
        let values = column.get(order.lines.clone()).unwrap_or_default();
        values.iter().fold(0, |sum: i64, value| sum.saturating_add(*value))
    };
    let mut table = Columns::new(cells, &headers);
    table.texts("shop_id", Some(""), |place| known.settled.shop_name(shop(place)).as_bytes());
    table.text("order_id", &[Order::OrderId], None);
    table.times("created_at", each(&|order| order.created_at))?;
    table.text("customer_id", &[Order::CustomerId], None);
    table.text("customer_email", &[Order::CustomerEmail], None);
    table.text("customer_country", &[Order::CustomerCountry], Some("US"));
    table.text("province", &[Order::Province], None);
    table.text("city", &[Order::City], None);
    table.text("clv_band", &[Order::ClvBand], Some("medium"));
    table.text("channel", &[Order::Channel], Some("online"));
    table.text("device", &[Order::Device], Some("desktop"));
    table.texts("currency", None, |place| {
        let row = headers.get(place).map_or(usize::MAX, |row| *row as usize);
        let most = || known.settled.currency.get(&shop(place)).map_or(b"USD".as_slice(), |currency| currency);
        cells.text(Order::Currency, row).unwrap_or_else(most)
    });
    table.text("financial_status", &[Order::FinancialStatus], None);
    table.text("fulfillment_status", &[Order::FulfillmentStatus], None);
    table.int("subtotal_cents", Order::Subtotal, None);
    table.int("shipping_cents", Order::Shipping, None);
    table.int("taxes_cents", Order::Taxes, None);
    table.int("total_cents", Order::Total, None);
    table.int("discount_cents", Order::Discount, Some(0));
    table.text("discount_code", &[Order::DiscountCode], Some(""));
    table.truth("returned", Order::Returned, Some(false));
    is_cancelled(&mut table, lines.orders.iter().map(|order| order.left_out.is_some()).collect());
    if lines.orders.iter().all(|order| order.left_out.is_none()) {
        table.same_text("left_out", None);
    } else {
        let reason = |place: usize| lines.orders.get(place).and_then(|order| order.left_out);
        table.texts("left_out", None, |place| reason(place).map_or(b"", |reason| reason.code().as_bytes()));
    }
    table.ints("basket_item_count", each(&|order| sum(&lines.quantity, order)));
    table.ints("basket_line_count", each(&|order| order.lines.len() as i64));
    table.ints("basket_value_cents", each(&|order| sum(&lines.total, order)));
    table.finish()
}

fn order_lines(cells: &Cells<'_>, lines: Lines, known: Known<'_>) -> Result<DataFrame, StageError> {
    let reasons = reasons(cells, &lines);
    let Lines { orders, rows, quantity, unit_price, total, discount, returned, .. } = lines;
    let mut order_of: Vec<u32> = Vec::with_capacity(rows.len());
    let mut headers: Vec<u32> = Vec::with_capacity(rows.len());
    let mut created_at: Vec<i64> = Vec::with_capacity(rows.len());
    for (number, order) in (0_u32..).zip(&orders) {
        order_of.resize(order.lines.end, number);
        headers.resize(order.lines.end, order.header);
        created_at.resize(order.lines.end, order.created_at);
    }
    let shop =
        |place: usize| order_of.get(place).and_then(|order| orders.get(*order as usize)).map_or(0, |order| order.shop);
    let mut table = Columns::new(cells, &rows);
    table.texts("shop_id", Some(""), |place| known.settled.shop_name(shop(place)).as_bytes());
    table.text("order_id", &[Order::OrderId], None);
    table.text("line_item_id", &[Order::LineItemId], None);
    table.text("variant_id", &[Order::VariantId], None);
    table.text("product_id", &[Order::ProductId], None);
    if rows.iter().all(|row| cells.text(Order::Sku, *row as usize).is_some()) {
        table.text("sku", &[Order::Sku], None);
    } else {
        let made: Vec<_> =
            rows.iter().enumerate().map(|(at, row)| sku(cells, *row as usize, shop(at), known.settled)).collect();
        table.texts("sku", None, |place| made.get(place).and_then(Option::as_deref).unwrap_or_default());
    }
    table.text("name", &[Order::LineName, Order::ProductTitle], Some("unspecified"));
    table.text("product_title", &[Order::ProductTitle], None);
    table.text("variant_title", &[Order::VariantTitle], None);
    table.text("brand", &[Order::Vendor], Some("unspecified"));
    table.text("category", &[Order::ProductType], Some("general"));
    table.text("subcategory", &[Order::Subcategory, Order::ProductType], Some("general"));
    table.text("color", &[Order::Color], Some("unspecified"));
    table.text("material", &[Order::Material], Some("unspecified"));
    table.text("tags", &[Order::Tags], Some(""));
    table.ints("quantity", quantity);
    table.ints("unit_price_cents", unit_price);
    table.ints("line_total_cents", total);
    table.ints("line_discount_cents", discount);
    table.ints("returned_quantity", returned);
    table.int("unit_cost_cents", Order::UnitCost, None);
    table.times("created_at", created_at)?;
    table.of_rows(&headers);
    table.text("customer", &[Order::CustomerId, Order::CustomerEmail], None);
    table.of_rows(&rows);
    if cells.has(Order::ProductType) {
        table.truths("is_gift_card", |row, cells| {
            let by_type = cells.text(Order::ProductType, row).is_some_and(is_gift_card_type);
            Some(cells.truth(Order::IsGiftCard, row).unwrap_or(false) || by_type)
        });
    } else {
        table.truth("is_gift_card", Order::IsGiftCard, Some(false));
    }
    table.truth("is_product", Order::IsProduct, Some(true));
    table.of_rows(&headers);
    let of_line =
        order_of.iter().map(|order| orders.get(*order as usize).is_some_and(|order| order.left_out.is_some()));
    is_cancelled(&mut table, of_line.collect());
    table.of_rows(&rows);
    if reasons.is_empty() {
        table.same_text("left_out", None);
    } else {
        let reason = |place: usize| reasons.get(place).copied().flatten();
        table.texts("left_out", None, |place| reason(place).map_or(b"", |reason| reason.code().as_bytes()));
    }
    table.truth("requires_shipping", Order::RequiresShipping, None);
    table.truth("taxable", Order::Taxable, None);
    table.text("image_url", &[Order::ImageUrl], None);
    // No export says these; readers of the table know the columns.
    table.same_float("weight_kg", 0.0);
    table.ints("hist_views", vec![0; rows.len()]);
    table.ints("hist_adds", vec![0; rows.len()]);
    table.finish()
}

/// Adds the column `is_cancelled` of the rows that the table is of: those whose order is no purchase, and those that say so.
fn is_cancelled(table: &mut Columns<'_, '_>, is_left_out: Vec<bool>) {
    if is_left_out.contains(&true) {
        table.truths_with("is_cancelled", is_left_out, |row, cells| {
            cells.truth(Order::IsCancelled, row).unwrap_or(false)
        });
    } else {
        table.truth("is_cancelled", Order::IsCancelled, Some(false));
    }
}

/// Why each line is not to be mined: its order is no purchase, it is no item, or it was given back whole; empty if all are.
fn reasons(cells: &Cells<'_>, lines: &Lines) -> Vec<Option<LeftOut>> {
    let has_orders = lines.orders.iter().any(|order| order.left_out.is_some());
    let has_returns = lines.returned.iter().any(|returned| *returned != 0);
    if !has_orders && !has_returns && !cells.has(Order::LineLeftOut) {
        return Vec::new();
    }
    let mut reasons = Vec::with_capacity(lines.rows.len());
    for order in &lines.orders {
        for at in order.lines.clone() {
            let row = lines.rows.get(at).map_or(usize::MAX, |row| *row as usize);
            let own = || cells.number(Order::LineLeftOut, row).and_then(LeftOut::of);
            let (quantity, returned) = (lines.quantity.get(at).copied(), lines.returned.get(at).copied().unwrap_or(0));
            let is_back = returned != 0 && quantity.is_some_and(|quantity| quantity <= returned.max(0));
            let back = || is_back.then_some(LeftOut::Returned);
            reasons.push(order.left_out.or_else(own).or_else(back));
        }
    }
    reasons
}

fn is_gift_card_type(product_type: &[u8]) -> bool {
    product_type.windows(b"gift card".len()).any(|window| window.eq_ignore_ascii_case(b"gift card"))
}
