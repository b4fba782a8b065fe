//! Rows as a binary COPY.

use super::{
    columns::{Column, Values},
    decode::{EPOCH_DAYS, EPOCH_MICROSECONDS, SIGNATURE},
};

/// A column's cells on their way to a server. The types they are sent in are those of [`super::staged_type`].
pub trait Cells {
    /// Appends the cell of a row, with its length in front.
    fn put(&self, row: usize, out: &mut Vec<u8>);
    /// Whether the cell is null, so that it finds no row as a key.
    fn is_null(&self, row: usize) -> bool;
}

/// Begins a COPY.
pub(crate) fn begin(out: &mut Vec<u8>) {
    out.extend_from_slice(SIGNATURE);
    out.extend_from_slice(&[0; 8]);
}

/// Ends it.
pub(crate) fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i16).to_be_bytes());
}

/// Appends a row: its number, then its cells.
pub(crate) fn row(number: i64, row: usize, columns: &[Box<dyn Cells + '_>], out: &mut Vec<u8>) {
    let count = i16::try_from(columns.len() + 1).unwrap_or(i16::MAX);
    out.extend_from_slice(&count.to_be_bytes());
    put_int(Some(number), out);
    for column in columns {
        column.put(row, out);
    }
}

/// Appends a null.
#[inline]
pub fn put_null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i32).to_be_bytes());
}

#[inline]
fn put<const N: usize>(bytes: Option<[u8; N]>, out: &mut Vec<u8>) {
    match bytes {
        None => put_null(out),
        Some(bytes) => {
            out.extend_from_slice(&(N as u32).to_be_bytes());
            out.extend_from_slice(&bytes);
        }
    }
}

/// Appends a bigint.
#[inline]
pub fn put_int(value: Option<i64>, out: &mut Vec<u8>) {
    put(value.map(i64::to_be_bytes), out);
}

/// Appends a double precision. What is not a number is null, as it is in SQLite.
#[inline]
pub fn put_float(value: Option<f64>, out: &mut Vec<u8>) {
    put(value.filter(|value| !value.is_nan()).map(f64::to_be_bytes), out);
}

/// Appends a boolean.
#[inline]
pub fn put_bool(value: Option<bool>, out: &mut Vec<u8>) {
    put(value.map(|value| [u8::from(value)]), out);
}

/// Appends a date, from days since 1970.
#[inline]
pub fn put_date(value: Option<i32>, out: &mut Vec<u8>) {
    put(value.map(|value| value.saturating_sub(EPOCH_DAYS).to_be_bytes()), out);
}

/// Appends a timestamptz, from microseconds since 1970.
#[inline]
pub fn put_timestamp(value: Option<i64>, out: &mut Vec<u8>) {
    put(value.map(|value| value.saturating_sub(EPOCH_MICROSECONDS).to_be_bytes()), out);
}

/// Appends a text. PostgreSQL's texts have no NUL: it is left out.
#[inline]
pub fn put_text(value: Option<&str>, out: &mut Vec<u8>) {
    put_bytes(value, &[], out);
}

/// Appends a jsonb, from its text.
#[inline]
pub fn put_json(value: Option<&str>, out: &mut Vec<u8>) {
    put_bytes(value, &[1], out);
}

#[inline]
fn put_bytes(value: Option<&str>, before: &[u8], out: &mut Vec<u8>) {
    let Some(text) = value else { return put_null(out) };
    let place = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(before);
    if text.as_bytes().contains(&0) {
        out.extend(text.bytes().filter(|byte| *byte != 0));
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    let length = u32::try_from(out.len() - place - 4).unwrap_or(u32::MAX);
    if let Some(head) = out.get_mut(place..place + 4) {
        head.copy_from_slice(&length.to_be_bytes());
    }
}

/// Appends a bytea.
#[inline]
pub fn put_bytea(value: Option<&[u8]>, out: &mut Vec<u8>) {
    let Some(bytes) = value else { return put_null(out) };
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// The number of the type real among PostgreSQL's.
const REAL: u32 = 700;

/// Appends a real[] of one dimension.
pub fn put_floats(value: Option<&[f32]>, out: &mut Vec<u8>) {
    let Some(values) = value else { return put_null(out) };
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&count.saturating_mul(8).saturating_add(20).to_be_bytes());
    // One dimension, no nulls, the type, how many, counted from 1.
    for head in [1, 0, REAL, count, 1] {
        out.extend_from_slice(&head.to_be_bytes());
    }
    for value in values {
        out.extend_from_slice(&4_u32.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// Columns that were read can be written, but for lists, which become nulls.
impl Cells for &Column {
    fn put(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return put_null(out);
        }
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        match &self.values {
            Values::Int(values) => put_int(values.get(row).copied(), out),
            Values::Float(values) => put_float(values.get(row).copied(), out),
            Values::Bool(bits) => put_bool(bits.get(row), out),
            Values::Date(values) => put_date(values.get(row).copied(), out),
            Values::Timestamp(values) => put_timestamp(values.get(row).copied(), out),
            Values::Text(texts) => match std::str::from_utf8(texts.get(row).unwrap_or_default()) {
                Ok(text) => put_text(Some(text), out),
                Err(_) => put_text(Some(&text(texts.get(row))), out),
            },
            Values::Texts { .. } => put_null(out),
        }
    }

    fn is_null(&self, row: usize) -> bool {
        !self.valid.is_value(row)
    }
}
