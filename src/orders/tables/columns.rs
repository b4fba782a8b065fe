//! The columns of a frame, one after the other, from the cells of some rows.

use polars::prelude::*;

use crate::operator::StageError;
use crate::orders::{recognising::fields::Order, rows::cells::Cells};

/// Columns being made of the cells of these rows.
pub struct Columns<'c, 'a> {
    cells: &'c Cells<'a>,
    /// The rows, by their places among the cells.
    rows: &'c [u32],
    made: Vec<Column>,
}

impl<'c, 'a> Columns<'c, 'a> {
    /// No columns yet.
    pub fn new(cells: &'c Cells<'a>, rows: &'c [u32]) -> Self {
        Self { cells, rows, made: Vec::new() }
    }

    /// The columns to come are of these rows, which are as many.
    pub fn of_rows(&mut self, rows: &'c [u32]) {
        self.rows = rows;
    }

    /// Adds a column of texts: the first of these fields that a row has, else the default.
    pub fn text(&mut self, name: &str, fields: &[Order], default: Option<&str>) {
        let known: Vec<&[&[u8]]> =
            fields.iter().map(|field| self.cells.texts(*field)).filter(|texts| !texts.is_empty()).collect();
        let rows = self.rows;
        let at = |texts: &[&'a [u8]], place: usize| {
            let row = rows.get(place).map_or(usize::MAX, |row| *row as usize);
            texts.get(row).copied().unwrap_or_default()
        };
        match known.as_slice() {
            [] => self.same_text(name, default),
            [only] => self.texts(name, default, |place| at(only, place)),
            several => self.texts(name, default, |place| {
                several.iter().map(|texts| at(texts, place)).find(|text| !text.is_empty()).unwrap_or_default()
            }),
        }
    }

    /// Adds a column of one text, or of none.
    pub fn same_text(&mut self, name: &str, text: Option<&str>) {
        let value = text.map_or(AnyValue::Null, |text| AnyValue::StringOwned(text.into()));
        self.scalar(name, Scalar::new(DataType::String, value));
    }

    /// Adds a column of one number.
    pub fn same_float(&mut self, name: &str, number: f64) {
        self.scalar(name, Scalar::new(DataType::Float64, AnyValue::Float64(number)));
    }

    /// Adds a column of texts by place; an empty one stands for the default. Bytes that are no UTF-8 are replaced.
    pub fn texts<'t>(&mut self, name: &str, default: Option<&str>, at: impl Fn(usize) -> &'t [u8]) {
        let count = self.rows.len();
        let first = if count == 0 { &[] } else { at(0) };
        if (1..count).all(|place| at(place) == first) {
            let text = String::from_utf8_lossy(first);
            return self.same_text(name, if first.is_empty() { default } else { Some(&text) });
        }
        let mut builder = StringChunkedBuilder::new(name.into(), count);
        for place in 0..count {
            match (at(place), default) {
                (b"", None) => builder.append_null(),
                (b"", Some(default)) => builder.append_value(default),
                // SAFETY: ASCII is UTF-8. To look for that alone is faster than the whole check.
                (text, _) if text.is_ascii() => builder.append_value(unsafe { std::str::from_utf8_unchecked(text) }),
                (text, _) => builder.append_value(String::from_utf8_lossy(text)),
            }
        }
        self.made.push(builder.finish().into_column());
    }

    /// Adds a column of whole numbers.
    pub fn int(&mut self, name: &str, field: Order, default: Option<i64>) {
        if !self.cells.has(field) {
            let value = default.map_or(AnyValue::Null, AnyValue::Int64);
            return self.scalar(name, Scalar::new(DataType::Int64, value));
        }
        let values = self.rows.iter().map(|row| self.cells.number(field, *row as usize).or(default));
        let column = Int64Chunked::from_iter_options(name.into(), values);
        self.made.push(column.into_column());
    }

    /// Adds a column of truth values.
    pub fn truth(&mut self, name: &str, field: Order, default: Option<bool>) {
        if !self.cells.has(field) {
            let value = default.map_or(AnyValue::Null, AnyValue::Boolean);
            return self.scalar(name, Scalar::new(DataType::Boolean, value));
        }
        self.truths(name, |row, cells| cells.truth(field, row).or(default));
    }

    /// Adds a column of truth values, each from its row.
    pub fn truths(&mut self, name: &str, of: impl Fn(usize, &Cells<'a>) -> Option<bool>) {
        let values = self.rows.iter().map(|row| of(*row as usize, self.cells));
        let column = BooleanChunked::from_iter_options(name.into(), values);
        self.made.push(column.into_column());
    }

    /// Adds a column of truth values: true where `is_true` says so, a place each, else from the row.
    pub fn truths_with(&mut self, name: &str, is_true: Vec<bool>, of: impl Fn(usize, &Cells<'a>) -> bool) {
        let values = is_true.iter().zip(self.rows).map(|(is_true, row)| *is_true || of(*row as usize, self.cells));
        let column: BooleanChunked = values.map(Some).collect();
        self.made.push(column.with_name(name.into()).into_column());
    }

    /// Adds a column of these numbers.
    pub fn ints(&mut self, name: &str, values: Vec<i64>) {
        if values.iter().all(|value| *value == 0) {
            return self.scalar(name, Scalar::new(DataType::Int64, AnyValue::Int64(0)));
        }
        self.made.push(Int64Chunked::from_vec(name.into(), values).into_column());
    }

    /// Adds a column of these instants, in microseconds.
    ///
    /// # Errors
    /// When Polars refuses them.
    pub fn times(&mut self, name: &str, values: Vec<i64>) -> Result<(), StageError> {
        let column = Int64Chunked::from_vec(name.into(), values).into_column();
        self.made.push(column.cast(&DataType::Datetime(TimeUnit::Microseconds, None))?);
        Ok(())
    }

    fn scalar(&mut self, name: &str, scalar: Scalar) {
        self.made.push(Column::new_scalar(name.into(), scalar, self.rows.len()));
    }

    /// The frame.
    ///
    /// # Errors
    /// When the columns differ in length.
    pub fn finish(self) -> Result<DataFrame, StageError> {
        Ok(DataFrame::new(self.rows.len(), self.made)?)
    }
}
