//! Many rows taken apart at once: a column a field, in the order of the rows.

use std::collections::BTreeMap;

use crate::orders::{
    recognising::fields::{Field, Order},
    rows::row::{Row, Value},
    values::{currencies::Digits, doubt::if_sure, ids::without_fraction, spelling::Columns},
};

/// The values of order lines by field.
pub struct Cells<'a> {
    /// The bits of the fields that a row has.
    present: Vec<u64>,
    /// Where a row was: its block, and its line in the block.
    places: Vec<(u32, u32)>,
    columns: Vec<Column<'a>>,
    /// The fields that any row has, a bit each.
    fields: u64,
    /// The rows with dates that are none, for their columns have the day first, and their fields, a bit each.
    misread: BTreeMap<usize, u64>,
}

enum Column<'a> {
    /// No row has the field.
    Absent,
    /// Texts; an empty one is none.
    Texts(Vec<&'a [u8]>),
    /// Numbers, 0 where there is none.
    Numbers(Vec<i64>),
}

impl<'a> Cells<'a> {
    /// Takes rows apart that have no fields beside `fields`, a bit each; `of_row` tells how the columns of a row's file are
    /// read, and how many digits its money has.
    pub fn of(rows: &[Row<'a>], fields: u64, of_row: impl Fn(Row<'a>) -> (Columns, Digits)) -> Self {
        let column = |(place, field): (usize, &Field)| match fields >> place & 1 {
            0 => Column::Absent,
            _ if field.kind.is_text() => Column::Texts(vec![&[]; rows.len()]),
            _ => Column::Numbers(vec![0; rows.len()]),
        };
        let mut columns: Vec<Column<'a>> = Order::FIELDS.iter().enumerate().map(column).collect();
        let mut unclear: Vec<(usize, usize, i64)> = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            row.each(Order::TEXTS, |field, value| match (columns.get_mut(field), value) {
                (Some(Column::Texts(texts)), Value::Text(text)) => put(texts, number, text),
                (Some(Column::Numbers(numbers)), Value::Number(stored)) => {
                    put(numbers, number, stored >> 2);
                    if if_sure(stored).is_none() {
                        unclear.push((number, field, stored));
                    }
                }
                _ => {}
            });
        }
        let place = |row: &Row<'_>| (row.head().block, row.head().line);
        let mut cells = Self {
            present: rows.iter().map(|row| row.present()).collect(),
            places: rows.iter().map(place).collect(),
            columns,
            fields,
            misread: BTreeMap::new(),
        };
        for (number, field, stored) in unclear {
            if let Some(row) = rows.get(number) {
                cells.decide(number, field, stored, of_row(*row));
            }
        }
        cells.mend_codes(rows, of_row);
        cells
    }

    /// Decides on a number or date that may be meant in two ways.
    fn decide(&mut self, row: usize, field: usize, stored: i64, (columns, digits): (Columns, Digits)) {
        let Some(kind) = Order::FIELDS.get(field).map(|field| field.kind) else { return };
        match (columns.value(field, kind, stored, digits), self.columns.get_mut(field)) {
            (Some(value), Some(Column::Numbers(numbers))) => put(numbers, row, value),
            _ => {
                *self.misread.entry(row).or_default() |= 1 << field;
                let present = self.present(row) & !(1 << field);
                put(&mut self.present, row, present);
            }
        }
    }

    /// Takes the fractions off codes that were made floats.
    fn mend_codes(&mut self, rows: &[Row<'a>], of_row: impl Fn(Row<'a>) -> (Columns, Digits)) {
        let field = Order::Sku.place();
        let Some(Column::Texts(texts)) = self.columns.get_mut(field) else { return };
        for (text, row) in texts.iter_mut().zip(rows) {
            if let Some(whole) = without_fraction(text)
                && of_row(*row).0.floats >> field & 1 == 1
            {
                *text = whole;
            }
        }
    }

    /// The fields that a row has, a bit each.
    #[inline]
    pub fn present(&self, row: usize) -> u64 {
        self.present.get(row).copied().unwrap_or_default()
    }

    /// Whether a row has a date of a field that is none, for the column has the day first.
    pub fn is_misread(&self, field: Order, row: usize) -> bool {
        !self.misread.is_empty() && self.misread.get(&row).is_some_and(|fields| fields >> field.place() & 1 == 1)
    }

    /// Which of these fields, a bit each, a row has not though others may.
    #[inline]
    pub fn lacks(&self, row: usize, fields: u64) -> u64 {
        fields & self.fields & !self.present(row)
    }

    /// Gives a row the values of another that it has not, of these fields, a bit each.
    pub fn lend(&mut self, from: usize, to: usize, fields: u64) {
        let mut left = fields & self.present(from) & !self.present(to);
        if let Some(present) = self.present.get_mut(to) {
            *present |= left;
        }
        while left != 0 {
            match self.columns.get_mut(left.trailing_zeros() as usize) {
                Some(Column::Texts(texts)) => copy(texts, from, to),
                Some(Column::Numbers(numbers)) => copy(numbers, from, to),
                None | Some(Column::Absent) => {}
            }
            left &= left - 1;
        }
    }

    /// Whether some rows say something else than others of one of these fields, a bit each: the first row of either that
    /// has it.
    pub fn differ(&self, rows: &[usize], others: &[usize], fields: u64) -> bool {
        let first = |rows: &[usize], bit: u64| rows.iter().copied().find(|row| self.present(*row) & bit != 0);
        let is_other = |field: usize| {
            let bit = 1 << field;
            let (Some(row), Some(other)) = (first(rows, bit), first(others, bit)) else { return false };
            match self.columns.get(field) {
                Some(Column::Texts(texts)) => texts.get(row) != texts.get(other),
                Some(Column::Numbers(numbers)) => numbers.get(row) != numbers.get(other),
                None | Some(Column::Absent) => false,
            }
        };
        (0..Order::FIELDS.len()).any(|field| fields >> field & 1 == 1 && is_other(field))
    }

    /// Whether any row has the field.
    pub fn has(&self, field: Order) -> bool {
        !matches!(self.columns.get(field.place()), None | Some(Column::Absent))
    }

    /// The texts of a field, empty where there is none; none at all if no row has one.
    pub fn texts(&self, field: Order) -> &[&'a [u8]] {
        match self.columns.get(field.place()) {
            Some(Column::Texts(texts)) => texts,
            _ => &[],
        }
    }

    /// A text.
    #[inline]
    pub fn text(&self, field: Order, row: usize) -> Option<&'a [u8]> {
        self.texts(field).get(row).copied().filter(|text| !text.is_empty())
    }

    /// A number, or an instant.
    #[inline]
    pub fn number(&self, field: Order, row: usize) -> Option<i64> {
        match self.columns.get(field.place()) {
            Some(Column::Numbers(numbers)) if self.present.get(row)? >> field.place() & 1 == 1 => {
                numbers.get(row).copied()
            }
            _ => None,
        }
    }

    /// A truth value.
    #[inline]
    pub fn truth(&self, field: Order, row: usize) -> Option<bool> {
        Some(self.number(field, row)? != 0)
    }

    /// The block a row was in, and its line there.
    #[inline]
    pub fn place(&self, row: usize) -> (u32, u32) {
        self.places.get(row).copied().unwrap_or_default()
    }
}

fn copy<T: Copy>(column: &mut [T], from: usize, to: usize) {
    if let Some(value) = column.get(from).copied() {
        put(column, to, value);
    }
}

#[inline]
fn put<T>(column: &mut [T], row: usize, value: T) {
    if let Some(slot) = column.get_mut(row) {
        *slot = value;
    }
}
