//! The lines of orders: each order from its last file, without duplicates.

use std::{collections::HashMap, ops::Range};

use crate::orders::{
    reading::{job::Reject, refusing::shown},
    recognising::{
        fields::{Order, Reason},
        left_out::LeftOut,
    },
    rows::cells::Cells,
    settling::{
        group::{Known, MONTH_OVER_12},
        line::{Keys, Line, is_header, is_line, is_of_one_item, is_refused, item_key, known_by, name},
        settle::Settled,
        versions::Versions,
    },
};

/// An order that counts.
pub struct OrderLines {
    /// The number of its shop.
    pub shop: u32,
    /// The row that says what the order says of itself: that of a file of orders, else the first in its last file.
    pub header: u32,
    /// Microseconds since 1970.
    pub created_at: i64,
    /// Why it is no purchase, as one of its rows says.
    pub left_out: Option<LeftOut>,
    /// Its lines.
    pub lines: Range<usize>,
}

/// The lines of some orders, in the order of the orders. Duplicates were put into them; money is cents.
#[derive(Default)]
pub struct Lines {
    /// The orders.
    pub orders: Vec<OrderLines>,
    /// The rows of the lines, by their places among the cells.
    pub rows: Vec<u32>,
    /// How many.
    pub quantity: Vec<i64>,
    /// Of each.
    pub unit_price: Vec<i64>,
    /// Of the line.
    pub total: Vec<i64>,
    /// Taken off.
    pub discount: Vec<i64>,
    /// How many of them were given back.
    pub returned: Vec<i64>,
    /// What was left out.
    pub rejects: Vec<Reject>,
    seen: Seen,
}

impl Lines {
    /// Room for the lines of so many rows.
    pub fn with_room(rows: usize) -> Self {
        let room = || Vec::with_capacity(rows);
        Self {
            rows: Vec::with_capacity(rows),
            quantity: room(),
            unit_price: room(),
            total: room(),
            discount: room(),
            returned: room(),
            ..Self::default()
        }
    }

    /// Adds an order: the rows from `rows.start` on, all of them of one shop and id.
    pub fn add(&mut self, cells: &mut Cells<'_>, rows: Range<usize>, shop: u32, known: Known<'_>) {
        let versions = Versions::of(cells, rows.clone(), shop, known);
        let Some(first) = versions.rows(rows.clone()).find(|row| is_line(cells, *row)) else {
            return self.refuse_misread(cells, rows);
        };
        // What a file of orders says comes before what their lines say; of several the last file's.
        let file = |row: &usize| known.file_of(cells.place(*row).0);
        let header = rows.clone().filter(|row| is_header(cells, *row)).max_by_key(file).unwrap_or(first);
        if cells.lacks(header, Order::OF_ORDER) != 0 {
            versions.rows(rows.clone()).for_each(|row| cells.lend(row, header, Order::OF_ORDER));
        }
        let created = cells.number(Order::CreatedAt, header);
        let currency =
            cells.text(Order::Currency, header).filter(|currency| !known.settled.is_currency_of(shop, currency));
        let begin = self.rows.len();
        let is_alone = rows.len() == 1;
        self.seen.clear();
        for row in rows {
            if is_refused(cells, row) || is_header(cells, row) {
                continue;
            }
            if cells.is_misread(Order::CreatedAt, row) {
                self.refuse(cells, row, Reason::BadDate, "created_at", MONTH_OVER_12.to_owned());
            } else if let Some(currency) = currency {
                self.refuse(cells, row, Reason::OtherCurrency, "currency", shown(currency));
            } else if !versions.has(row) {
                let id = cells.text(Order::OrderId, row).unwrap_or_default();
                self.refuse(cells, row, Reason::Duplicate, "order_id", shown(id));
            } else if created.is_none() {
                self.refuse(cells, row, Reason::BadDate, "created_at", String::new());
            } else if is_alone {
                self.push(Line::of(cells, row));
            } else {
                self.add_line(cells, row, shop, known);
            }
        }
        if let Some(created_at) = created.filter(|_| currency.is_none()) {
            self.give_back(cells, begin);
            let lines = begin..self.rows.len();
            let left_out = cells.number(Order::LeftOut, header).and_then(LeftOut::of);
            self.orders.push(OrderLines { shop, header: header as u32, created_at, left_out, lines });
        }
    }

    /// Refuses the rows of an order without a line that counts.
    fn refuse_misread(&mut self, cells: &Cells<'_>, rows: Range<usize>) {
        for row in rows.filter(|row| !is_refused(cells, *row) && !is_header(cells, *row)) {
            self.refuse(cells, row, Reason::BadDate, "created_at", MONTH_OVER_12.to_owned());
        }
    }

    /// Adds a line of an order of several, or takes it into one that is the same.
    fn add_line(&mut self, cells: &Cells<'_>, row: usize, shop: u32, known: Known<'_>) {
        let line = Line::of(cells, row);
        let keys = Keys::of(cells, line, shop, known.settled);
        let known_as = |key: u64| {
            let at = self.seen.place(key)?;
            self.is_same(cells, at, line, shop, known).then_some(at)
        };
        let own = known_as(keys.own);
        match own.or_else(|| keys.of_sku.and_then(known_as)) {
            Some(at) => {
                self.take_in(cells, at, line, shop, known.settled);
                if own.is_none() {
                    self.seen.add(keys.own, at);
                }
            }
            None => {
                self.seen.add(keys.own, self.rows.len());
                if let Some(key) = keys.of_sku.filter(|key| self.seen.place(*key).is_none()) {
                    self.seen.add(key, self.rows.len());
                }
                self.push(line);
            }
        }
    }

    /// Takes lines of a negative quantity from the others of their item in the order. What no line of the order sold stays
    /// a negative line.
    fn give_back(&mut self, cells: &Cells<'_>, begin: usize) {
        let is_negative = |at: &usize| self.quantity.get(*at).is_some_and(|quantity| *quantity < 0);
        let negative: Vec<usize> = (begin..self.rows.len()).filter(is_negative).collect();
        if negative.is_empty() || negative.len() == self.rows.len() - begin {
            return;
        }
        let mut sold: HashMap<(usize, &[u8]), Vec<usize>> = HashMap::new();
        for at in (begin..self.rows.len()).filter(|at| !is_negative(at)) {
            let row = self.rows.get(at).map_or(usize::MAX, |row| *row as usize);
            for key in known_by(cells, row) {
                sold.entry(key).or_default().push(at);
            }
        }
        for at in negative {
            let row = self.rows.get(at).map_or(usize::MAX, |row| *row as usize);
            let given = self.quantity.get(at).map_or(0, |quantity| quantity.saturating_neg());
            let mut back = given;
            for other in known_by(cells, row).find_map(|key| sold.get(&key)).into_iter().flatten() {
                let of = self.rows.get(*other).map_or(usize::MAX, |row| *row as usize);
                let there = self.quantity.get(*other).copied().unwrap_or(0);
                let Some(returned) = self.returned.get_mut(*other).filter(|_| is_of_one_item(cells, of, row)) else {
                    continue;
                };
                let taken = back.min(there.saturating_sub(*returned)).max(0);
                *returned = returned.saturating_add(taken);
                back -= taken;
            }
            if let Some(returned) = self.returned.get_mut(at) {
                *returned = back - given;
            }
        }
    }

    fn push(&mut self, line: Line) {
        self.rows.push(line.row as u32);
        self.quantity.push(line.quantity);
        self.unit_price.push(line.unit_price);
        self.total.push(line.total);
        self.discount.push(line.discount);
        self.returned.push(line.returned);
    }

    fn refuse(&mut self, cells: &Cells<'_>, row: usize, reason: Reason, field: &'static str, value: String) {
        let (block, line) = cells.place(row);
        self.rejects.push(Reject { block, line, reason, field, value });
    }

    fn is_same(&self, cells: &Cells<'_>, at: usize, line: Line, shop: u32, known: Known<'_>) -> bool {
        let Some(row) = self.rows.get(at).map(|row| *row as usize) else { return false };
        match (cells.text(Order::LineItemId, row), cells.text(Order::LineItemId, line.row)) {
            (Some(id), Some(other)) => id == other,
            (None, None) => {
                let variants = (cells.text(Order::VariantId, row), cells.text(Order::VariantId, line.row));
                self.unit_price.get(at) == Some(&line.unit_price)
                    && !matches!(variants, (Some(variant), Some(other)) if variant != other)
                    && name(cells, row) == name(cells, line.row)
                    && item_key(cells, row, shop, known.settled) == item_key(cells, line.row, shop, known.settled)
            }
            _ => false,
        }
    }

    /// Takes a later line into one of the same key: with a line item id it takes its place, else it is added. A line is of
    /// the first variant that one of its rows names.
    fn take_in(&mut self, cells: &Cells<'_>, at: usize, later: Line, shop: u32, settled: &Settled) {
        if let Some(id) = cells.text(Order::LineItemId, later.row) {
            let earlier = self.rows.get(at).map_or(0, |row| *row as usize);
            self.refuse(cells, earlier, Reason::Duplicate, "line_item_id", shown(id));
            if let Some(row) = self.rows.get_mut(at) {
                *row = later.row as u32;
            }
            self.change(at, later, |_, later| later);
            return;
        }
        let item = item_key(cells, later.row, shop, settled);
        self.refuse(cells, later.row, Reason::Duplicate, "sku", format!("{}: added to the line before", shown(&item)));
        let variant = |row: u32| cells.text(Order::VariantId, row as usize);
        if let Some(row) =
            self.rows.get_mut(at).filter(|row| variant(**row).is_none() && variant(later.row as u32).is_some())
        {
            *row = later.row as u32;
        }
        self.change(at, Line { unit_price: 0, ..later }, i64::saturating_add);
    }

    fn change(&mut self, at: usize, by: Line, how: impl Fn(i64, i64) -> i64) {
        let changes = [
            (&mut self.quantity, by.quantity),
            (&mut self.unit_price, by.unit_price),
            (&mut self.total, by.total),
            (&mut self.discount, by.discount),
            (&mut self.returned, by.returned),
        ];
        for (column, value) in changes {
            if let Some(slot) = column.get_mut(at) {
                *slot = how(*slot, value);
            }
        }
    }
}

/// The keys of an order's lines and where the lines are: most orders have few.
#[derive(Default)]
struct Seen {
    keys: Vec<(u64, usize)>,
    places: HashMap<u64, usize>,
}

/// So many keys are looked through one by one.
const FEW: usize = 16;

impl Seen {
    fn clear(&mut self) {
        self.keys.clear();
        self.places.clear();
    }

    fn place(&self, key: u64) -> Option<usize> {
        if self.keys.len() <= FEW {
            return self.keys.iter().find(|(known, _)| *known == key).map(|(_, at)| *at);
        }
        self.places.get(&key).copied()
    }

    fn add(&mut self, key: u64, at: usize) {
        self.keys.push((key, at));
        if self.keys.len() == FEW + 1 {
            self.places = self.keys.iter().copied().collect();
        } else if self.keys.len() > FEW {
            self.places.insert(key, at);
        }
    }
}
