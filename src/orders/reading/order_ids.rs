//! Which columns name the orders and the items of a file, and rows that leave the order's name to the row above: told from the
//! first rows, however many blocks they are in.

use std::collections::{BTreeSet, HashMap};

use crate::orders::{
    reading::{content::Content, refusing::broken},
    recognising::{fields::Order, headers::fold, layout::Layout},
};

/// Rows that are looked at.
const ROWS: usize = 5_000;

/// The cells of the first rows of a file, in the columns that are to be chosen among.
pub struct FirstRows {
    columns: Vec<usize>,
    cells: Vec<Vec<Vec<u8>>>,
    count: usize,
}

impl FirstRows {
    /// None yet, of a file with this layout.
    pub fn of(layout: &Layout) -> Self {
        let fields = [Order::OrderId, Order::Sku, Order::CreatedAt].map(Order::place);
        let wanted = layout.fields.iter().filter(|(field, _)| fields.contains(field));
        let columns: BTreeSet<usize> = wanted.flat_map(|(_, columns)| columns).copied().collect();
        let cells = columns.iter().map(|_| Vec::new()).collect();
        Self { columns: columns.into_iter().collect(), cells, count: 0 }
    }

    /// Takes rows up to the number that is looked at; false once no more are wanted.
    pub fn add(&mut self, content: &Content) -> bool {
        let mut records = content.records();
        let mut room = Vec::new();
        while self.count < ROWS && records.advance() {
            self.count += 1;
            for (cells, column) in self.cells.iter_mut().zip(&self.columns) {
                cells.push(records.cell(*column, &mut room).to_vec());
            }
        }
        self.count < ROWS
    }

    fn of_column(&self, column: usize) -> &[Vec<u8>] {
        let place = self.columns.iter().position(|known| *known == column);
        place.and_then(|place| self.cells.get(place)).map(Vec::as_slice).unwrap_or_default()
    }

    fn filled(&self, column: usize) -> usize {
        self.of_column(column).iter().filter(|cell| !cell.is_empty()).count()
    }
}

/// Has the columns of one header name the SKUs, those of the best that any row fills: codes of two headers are not of one kind. And one column name
/// the orders, the best that all rows fill, where it tells the same orders apart as the best that some fill; else the latter.
/// Whether rows that leave it blank, and say no date either, go on with the order above.
pub fn settle(layout: &mut Layout, first: &FirstRows, headers: &[String]) -> bool {
    let is_of_skus = |(field, columns): &&mut (usize, Vec<usize>)| *field == Order::Sku.place() && columns.len() > 1;
    if let Some((_, columns)) = layout.fields.iter_mut().find(is_of_skus) {
        let best = columns.iter().copied().find(|column| first.filled(*column) > 0).or(columns.first().copied());
        let header = |column: usize| headers.get(column).map(|header| fold(header));
        columns.retain(|column| best == Some(*column) || best.and_then(header) == header(*column));
    }
    let may_name = layout.may_name.take();
    let of_orders = layout.fields.first().filter(|(field, _)| *field == Order::OrderId.place());
    let Some((_, candidates)) = of_orders.cloned() else { return false };
    let Some(best) = candidates.iter().copied().find(|column| first.filled(*column) > 0) else { return false };
    let is_whole = |column: usize| first.filled(column) == first.count;
    let is_alike = |column: &usize| is_whole(*column) && tell_the_same(first.of_column(best), first.of_column(*column));
    let chosen = if is_whole(best) { best } else { candidates.iter().copied().find(is_alike).unwrap_or(best) };
    if let Some((_, columns)) = layout.fields.first_mut() {
        *columns = vec![chosen];
    }
    if let Some(name) = may_name.filter(|name| *name != chosen)
        && differ_within(first.of_column(chosen), first.of_column(name))
    {
        layout.fields.push((Order::LineName.place(), vec![name]));
        layout.fields.sort_unstable_by_key(|(field, _)| *field);
        layout.line_name.push(name);
    }
    !is_whole(chosen) && says_orders_once(layout, first, chosen)
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
fn says_orders_once(layout: &Layout, first: &FirstRows, column: usize) -> bool {
    let Some(dates) = layout.date_columns() else { return false };
    let ids = first.of_column(column);
    let has_date =
        |row: usize| dates.iter().any(|date| first.of_column(*date).get(row).is_some_and(|cell| !cell.is_empty()));
    let is_sound = |(row, id): (usize, &Vec<u8>)| !id.is_empty() || (row > 0 && !has_date(row));
    ids.iter().enumerate().all(is_sound)
}

/// The order's name that is in force after these rows of a file that leaves names to the row above; `before` is that before
/// them.
pub fn in_force(layout: &Layout, content: &Content, before: Vec<u8>) -> Vec<u8> {
    let column = layout.fields.first().and_then(|(_, columns)| columns.first());
    let Some(column) = column else { return before };
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
