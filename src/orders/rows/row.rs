//! Rows in a compact form of bytes: made by the threads that parse, kept in memory or scratch files, read by those that
//! group.
//!
//! A row is its length, where it comes from, its shop, the hash of its key, a bit for each field that has a value, and
//! the values in the order of the fields: texts with their length, numbers as zigzag varints.

use crate::orders::recognising::fields::Field;

/// The shop of a row that names none.
pub const NO_SHOP: u32 = u32::MAX;

const HEAD_BYTES: usize = 32;
const PRESENT_AT: usize = 24;
const LONGEST_VARINT: usize = 10;

/// The fixed part of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The block of the file it was in.
    pub block: u32,
    /// Its line in the block, from 0.
    pub line: u32,
    /// The number of its shop.
    pub shop: u32,
    /// The hash of its key.
    pub hash: u64,
}

/// A row being written at the end of a buffer.
pub struct RowWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    present: u64,
}

impl<'a> RowWriter<'a> {
    /// Begins a row.
    pub fn begin(out: &'a mut Vec<u8>, head: Head) -> Self {
        let start = out.len();
        let mut fixed = [0; HEAD_BYTES];
        let words = [(4, head.block), (8, head.line), (12, head.shop)];
        for (at, word) in words {
            fixed[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        fixed[16..24].copy_from_slice(&head.hash.to_le_bytes());
        out.extend_from_slice(&fixed);
        Self { out, start, present: 0 }
    }

    /// Adds a text; fields come in their order.
    pub fn text(&mut self, field: usize, text: &[u8]) {
        self.present |= 1 << field;
        varint(self.out, text.len() as u64);
        self.out.extend_from_slice(text);
    }

    /// Adds a number; fields come in their order.
    pub fn number(&mut self, field: usize, value: i64) {
        self.present |= 1 << field;
        varint(self.out, ((value << 1) ^ (value >> 63)) as u64);
    }

    /// Ends the row.
    pub fn end(self) {
        let length = (self.out.len() - self.start) as u32;
        if let Some(place) = self.out.get_mut(self.start..self.start + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        let present = self.start + PRESENT_AT;
        if let Some(place) = self.out.get_mut(present..present + 8) {
            place.copy_from_slice(&self.present.to_le_bytes());
        }
    }

    /// Takes the row back.
    pub fn drop_row(self) {
        self.out.truncate(self.start);
    }
}

#[inline]
fn varint(out: &mut Vec<u8>, mut value: u64) {
    if value < 0x80 {
        return out.push(value as u8);
    }
    let mut room = [0; LONGEST_VARINT];
    let mut length = 0;
    for slot in &mut room {
        length += 1;
        if value < 0x80 {
            *slot = value as u8;
            break;
        }
        *slot = value as u8 | 0x80;
        value >>= 7;
    }
    out.extend_from_slice(room.get(..length).unwrap_or_default());
}

#[inline]
fn unzigzag(raw: u64) -> i64 {
    (raw >> 1) as i64 ^ -((raw & 1) as i64)
}

#[inline]
fn read_varint(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut value, mut shift) = (0, 0);
    while let Some(byte) = bytes.get(*at) {
        *at += 1;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 || shift >= 63 {
            break;
        }
        shift += 7;
    }
    value
}

/// A value of a row.
pub enum Value<'a> {
    /// Of a field that is kept as a text.
    Text(&'a [u8]),
    /// Of any other.
    Number(i64),
}

/// A row in a buffer.
#[derive(Clone, Copy)]
pub struct Row<'a>(&'a [u8]);

impl<'a> Row<'a> {
    /// The row at a place of a buffer, and where the next begins.
    pub fn at(bytes: &'a [u8], place: usize) -> Option<(Self, usize)> {
        let length = u32::from_le_bytes(*bytes.get(place..)?.first_chunk()?) as usize;
        let row = bytes.get(place..place + length).filter(|row| row.len() >= HEAD_BYTES)?;
        Some((Self(row), place + length))
    }

    fn word(self, at: usize) -> u32 {
        self.0.get(at..).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }

    fn long(self, at: usize) -> u64 {
        self.0.get(at..).and_then(|bytes| bytes.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
    }

    /// The fixed part.
    pub fn head(self) -> Head {
        Head { block: self.word(4), line: self.word(8), shop: self.word(12), hash: self.long(16) }
    }

    /// The first value, which must be a text.
    pub fn first_text(self) -> &'a [u8] {
        let mut at = HEAD_BYTES;
        let length = read_varint(self.0, &mut at) as usize;
        self.0.get(at..at + length).unwrap_or_default()
    }

    /// A bit for each field that has a value.
    pub fn present(self) -> u64 {
        self.long(PRESENT_AT)
    }

    /// Gives each value with its field, in the order of the fields; `texts` has a bit for each field that is a text.
    #[inline]
    pub fn each(self, texts: u64, mut give: impl FnMut(usize, Value<'a>)) {
        let mut at = HEAD_BYTES;
        let mut left = self.present();
        while left != 0 {
            let field = left.trailing_zeros() as usize;
            left &= left - 1;
            let raw = read_varint(self.0, &mut at);
            if texts >> field & 1 == 1 {
                let end = at + raw as usize;
                give(field, Value::Text(self.0.get(at..end).unwrap_or_default()));
                at = end;
            } else {
                give(field, Value::Number(unzigzag(raw)));
            }
        }
    }

    /// Finds all values.
    pub fn decode(self, fields: &[Field]) -> Values<'a> {
        let present = self.present();
        let mut slots = Vec::with_capacity(present.count_ones() as usize);
        let mut at = HEAD_BYTES;
        let mut left = present;
        while left != 0 {
            let field = left.trailing_zeros() as usize;
            left &= left - 1;
            let raw = read_varint(self.0, &mut at);
            if fields.get(field).is_some_and(|field| field.kind.is_text()) {
                slots.push(Slot { start: at as u32, value: raw as i64 });
                at += raw as usize;
            } else {
                slots.push(Slot { start: 0, value: unzigzag(raw) });
            }
        }
        Values { bytes: self.0, present, slots }
    }
}

#[derive(Clone, Copy)]
struct Slot {
    start: u32,
    /// A number, or the length of a text.
    value: i64,
}

/// The values of a row.
#[derive(Clone)]
pub struct Values<'a> {
    bytes: &'a [u8],
    present: u64,
    /// One for each field that has a value, in the order of the fields.
    slots: Vec<Slot>,
}

impl<'a> Values<'a> {
    fn slot(&self, field: usize) -> Option<Slot> {
        if self.present >> field & 1 == 0 {
            return None;
        }
        let before = (self.present & ((1 << field) - 1)).count_ones();
        self.slots.get(before as usize).copied()
    }

    /// Whether the row has a value of the field.
    pub fn has(&self, field: usize) -> bool {
        self.present >> field & 1 == 1
    }

    /// A text.
    pub fn text(&self, field: usize) -> Option<&'a [u8]> {
        let slot = self.slot(field)?;
        let start = slot.start as usize;
        self.bytes.get(start..start + slot.value as usize)
    }

    /// A number.
    pub fn number(&self, field: usize) -> Option<i64> {
        Some(self.slot(field)?.value)
    }
}

/// A hash of some bytes that is the same everywhere.
pub fn hash(bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = bytes.len() as u64 ^ 0x2545_F491_4F6C_DD1D;
    let mut mix = |word: u64| {
        state = (state ^ word).wrapping_mul(MULTIPLIER);
        state ^= state >> 32;
    };
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        mix(chunk.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)));
    }
    let mut last = [0; 8];
    for (slot, byte) in last.iter_mut().zip(chunks.remainder()) {
        *slot = *byte;
    }
    mix(u64::from_le_bytes(last));
    mix(0);
    state
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::orders::recognising::fields::Order;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            texts in proptest::collection::vec(proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)), 3),
            numbers in proptest::collection::vec(proptest::option::of(any::<i64>()), 3),
        ) {
            let head = Head { block: 7, line: 9, shop: 3, hash: 0x1234_5678_9ABC_DEF0 };
            let mut bytes = vec![1, 2, 3];
            let mut row = RowWriter::begin(&mut bytes, head);
            let (text_fields, number_fields) = ([Order::OrderId, Order::LineItemId, Order::Sku], [Order::CreatedAt, Order::Quantity, Order::UnitPrice]);
            if let Some(text) = &texts[0] { row.text(text_fields[0].place(), text) }
            for (field, value) in number_fields.iter().zip(&numbers) {
                if let Some(value) = value { row.number(field.place(), *value) }
            }
            for (field, text) in text_fields.iter().zip(&texts).skip(1) {
                if let Some(text) = text { row.text(field.place(), text) }
            }
            row.end();
            let (row, end) = Row::at(&bytes, 3).unwrap();
            prop_assert_eq!(end, bytes.len());
            prop_assert_eq!(row.head(), head);
            let values = row.decode(Order::FIELDS);
            for (field, text) in text_fields.iter().zip(&texts) {
                prop_assert_eq!(values.text(field.place()), text.as_deref());
            }
            for (field, value) in number_fields.iter().zip(&numbers) {
                prop_assert_eq!(values.number(field.place()), *value);
            }
            let mut given = Vec::new();
            row.each(Order::TEXTS, |field, value| {
                given.push(match value {
                    Value::Text(text) => (field, values.text(field) == Some(text)),
                    Value::Number(number) => (field, values.number(field) == Some(number)),
                });
            });
            prop_assert!(given.iter().all(|(_, same)| *same), "one by one they are the same: {:?}", given);
            prop_assert_eq!(given.len() as u32, row.present().count_ones());
            prop_assert!(Row::at(&bytes, end).is_none());
        }
    }
}
