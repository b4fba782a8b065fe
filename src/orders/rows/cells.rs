//! Many rows taken apart at once: a column a field, in the order of the rows.

use crate::orders::{
    recognising::fields::{Field, Order},
    rows::row::{Row, Value},
};

/// The values of order lines by field.
pub struct Cells<'a> {
    /// The bits of the fields that a row has.
    present: Vec<u64>,
    /// Where a row was: its block, and its line in the block.
    places: Vec<(u32, u32)>,
    columns: Vec<Column<'a>>,
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
    /// Takes rows apart that have no fields beside `fields`, a bit each.
    pub fn of(rows: &[Row<'a>], fields: u64) -> Self {
        let column = |(place, field): (usize, &Field)| match fields >> place & 1 {
            0 => Column::Absent,
            _ if field.kind.is_text() => Column::Texts(vec![&[]; rows.len()]),
            _ => Column::Numbers(vec![0; rows.len()]),
        };
        let mut columns: Vec<Column<'a>> = Order::FIELDS.iter().enumerate().map(column).collect();
        for (number, row) in rows.iter().enumerate() {
            row.each(Order::TEXTS, |field, value| match (columns.get_mut(field), value) {
                (Some(Column::Texts(texts)), Value::Text(text)) => put(texts, number, text),
                (Some(Column::Numbers(numbers)), Value::Number(value)) => put(numbers, number, value),
                _ => {}
            });
        }
        let place = |row: &Row<'_>| (row.head().block, row.head().line);
        Self {
            present: rows.iter().map(|row| row.present()).collect(),
            places: rows.iter().map(place).collect(),
            columns,
        }
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

#[inline]
fn put<T>(column: &mut [T], row: usize, value: T) {
    if let Some(slot) = column.get_mut(row) {
        *slot = value;
    }
}
