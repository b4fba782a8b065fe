//! Which columns name the orders and the items of a file, and rows that leave the order's name to the row above: told from the
//! first rows.

use std::collections::HashMap;

use crate::orders::{
    reading::{content::Content, refusing::broken},
    recognising::{fields::Order, layout::Layout},
};

/// Rows that are looked at.
const ROWS: usize = 20_000;

/// Has one column name the SKUs, the best that any row fills: codes of two columns are not of one kind. And one column name
/// the orders, the best that all rows fill, where it tells the same orders apart as the best that some
/// fill; else the latter. Where rows leave it blank and say no date either, they go on with the order above.
pub fn settle(layout: &mut Layout, content: &Content) {
    let is_of_skus = |(field, columns): &&mut (usize, Vec<usize>)| *field == Order::Sku.place() && columns.len() > 1;
    if let Some((_, columns)) = layout.fields.iter_mut().find(is_of_skus) {
        let rows = first_rows(content, columns);
        let best = rows.iter().position(|cells| cells.iter().any(|cell| !cell.is_empty())).unwrap_or_default();
        *columns = columns.get(best).copied().into_iter().collect();
    }
    let id = Order::OrderId.place();
    let Some((_, candidates)) = layout.fields.first().filter(|(field, _)| *field == id).cloned() else { return };
    let rows = first_rows(content, &candidates);
    let count = rows.first().map_or(0, Vec::len);
    let filled =
        |place: &usize| rows.get(*place).map_or(0, |cells| cells.iter().filter(|cell| !cell.is_empty()).count());
    let places = || 0..candidates.len();
    let Some(best) = places().find(|place| filled(place) > 0) else { return };
    let is_whole = |place: &usize| filled(place) == count;
    let is_alike = |place: &usize| match (rows.get(best), rows.get(*place)) {
        (Some(best), Some(other)) => tell_the_same(best, other),
        _ => false,
    };
    let chosen = if is_whole(&best) { best } else { places().filter(is_whole).find(is_alike).unwrap_or(best) };
    let Some(column) = candidates.get(chosen).copied() else { return };
    if let Some((_, columns)) = layout.fields.first_mut() {
        *columns = vec![column];
    }
    if let Some(name) = layout.may_name.take().filter(|name| *name != column)
        && let (Some(orders), Some(names)) = (rows.get(chosen), candidates.iter().position(|known| *known == name))
        && rows.get(names).is_some_and(|names| differ_within(orders, names))
    {
        layout.fields.push((Order::LineName.place(), vec![name]));
        layout.fields.sort_unstable_by_key(|(field, _)| *field);
        layout.line_name.push(name);
    }
    layout.continues_orders = !is_whole(&chosen) && says_orders_once(layout, content, column);
}

/// The cells of these columns in the first rows.
fn first_rows(content: &Content, columns: &[usize]) -> Vec<Vec<Vec<u8>>> {
    let mut found = vec![Vec::new(); columns.len()];
    let mut records = content.records();
    let mut room = Vec::new();
    for _ in 0..ROWS {
        if !records.advance() {
            break;
        }
        for (cells, column) in found.iter_mut().zip(columns) {
            cells.push(records.cell(*column, &mut room).to_vec());
        }
    }
    found
}

/// Whether two columns tell the same rows apart, as far as both are filled.
fn tell_the_same(best: &[Vec<u8>], other: &[Vec<u8>]) -> bool {
    let (mut forth, mut back) = (HashMap::new(), HashMap::new());
    let mut both = best.iter().zip(other).filter(|(one, other)| !one.is_empty() && !other.is_empty());
    both.all(|(one, other)| *forth.entry(one).or_insert(other) == other && *back.entry(other).or_insert(one) == one)
}

/// Whether the names of most orders of several rows differ: they are those of items.
fn differ_within(orders: &[Vec<u8>], names: &[Vec<u8>]) -> bool {
    let mut seen: HashMap<&[u8], (&[u8], usize, bool)> = HashMap::new();
    for (order, name) in orders.iter().zip(names) {
        let known = seen.entry(order).or_insert((name, 0, false));
        known.1 += 1;
        known.2 |= known.0 != name.as_slice();
    }
    let several = || seen.values().filter(|(_, rows, _)| *rows > 1);
    several().filter(|(.., differ)| *differ).count() * 2 > several().count()
}

/// Whether no row without an order's name has a date, and the first row has a name.
fn says_orders_once(layout: &Layout, content: &Content, column: usize) -> bool {
    let Some(dates) = layout.date_columns() else { return false };
    let columns: Vec<usize> = std::iter::once(column).chain(dates.iter().copied()).collect();
    let rows = first_rows(content, &columns);
    let Some((ids, dates)) = rows.split_first() else { return false };
    let is_blank = |row: usize| ids.get(row).is_some_and(Vec::is_empty);
    let has_date = |row: usize| dates.iter().any(|cells| cells.get(row).is_some_and(|cell| !cell.is_empty()));
    !ids.is_empty() && !is_blank(0) && (0..ids.len()).all(|row| !is_blank(row) || !has_date(row))
}

/// The order's name that is in force after these rows, if they are of a file that leaves names to the row above; `before` is
/// that before them.
pub fn in_force(layout: &Layout, content: &Content, before: Vec<u8>) -> Vec<u8> {
    let column = layout.fields.first().and_then(|(_, columns)| columns.first());
    let Some(column) = column.filter(|_| layout.continues_orders) else { return before };
    let mut last = before;
    let reach = layout.reach();
    let mut records = content.records();
    let mut room = Vec::new();
    while records.advance() {
        // Whose rows follow one that cannot be read, nobody knows.
        if broken(&records, content, reach).is_some() {
            last.clear();
            continue;
        }
        let cell = records.cell(*column, &mut room);
        if !cell.is_empty() {
            last.clear();
            last.extend_from_slice(cell);
        }
    }
    last
}
