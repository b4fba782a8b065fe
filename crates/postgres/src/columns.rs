//! Rows as columns: plain vectors, with a bit a row that says whether it has a value.

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 64-bit integers.
    Int,
    /// 64-bit floats.
    Float,
    /// True or false.
    Bool,
    /// Days since 1970-01-01.
    Date,
    /// Microseconds since 1970-01-01T00:00Z.
    Timestamp,
    /// Text.
    Text,
    /// Lists of texts.
    Texts,
    /// JSON, as text; only written.
    Json,
    /// Bytes; only written.
    Bytes,
    /// Lists of 32-bit floats; only written.
    Floats,
}

/// Bits, the first in the lowest place of the first byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    /// Eight a byte.
    pub bytes: Vec<u8>,
    /// How many.
    pub len: usize,
}

impl Bits {
    /// As many ones.
    fn ones(len: usize) -> Self {
        let mut bytes = vec![0xff; len.div_ceil(8)];
        if let (Some(last), true) = (bytes.last_mut(), !len.is_multiple_of(8)) {
            *last = (1 << (len % 8)) - 1;
        }
        Self { bytes, len }
    }

    /// Adds a bit.
    #[inline]
    pub fn push(&mut self, bit: bool) {
        let place = self.len % 8;
        match self.bytes.last_mut() {
            Some(last) if place != 0 => *last |= u8::from(bit) << place,
            _ => self.bytes.push(u8::from(bit)),
        }
        self.len += 1;
    }

    /// The bit at a place; none beyond the end.
    pub fn get(&self, at: usize) -> Option<bool> {
        let byte = self.bytes.get(at / 8).filter(|_| at < self.len)?;
        Some(byte >> (at % 8) & 1 == 1)
    }
}

/// Which rows have a value. While all have, nothing is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    bits: Option<Bits>,
    len: usize,
}

impl Validity {
    #[inline]
    pub(crate) fn push(&mut self, is_value: bool) {
        match &mut self.bits {
            Some(bits) => bits.push(is_value),
            None if is_value => {}
            None => {
                let mut bits = Bits::ones(self.len);
                bits.push(false);
                self.bits = Some(bits);
            }
        }
        self.len += 1;
    }

    /// A bit a row; none where all have a value.
    pub fn into_bits(self) -> Option<Bits> {
        self.bits
    }

    /// Whether a row has a value.
    pub fn is_value(&self, row: usize) -> bool {
        self.bits.as_ref().is_none_or(|bits| bits.get(row) == Some(true))
    }
}

/// Texts one after another: the i-th lies between `offsets[i]` and `offsets[i + 1]`. They are UTF-8 if the server keeps its
/// word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// One more than there are texts; the first is 0.
    pub offsets: Vec<i64>,
    /// All bytes.
    pub bytes: Vec<u8>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { offsets: vec![0], bytes: Vec::new() }
    }
}

impl Texts {
    #[inline]
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.end();
    }

    /// Ends the text whose bytes were added.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.offsets.push(i64::try_from(self.bytes.len()).unwrap_or(i64::MAX));
    }

    /// The bytes of a text.
    pub fn get(&self, at: usize) -> Option<&[u8]> {
        let from = usize::try_from(*self.offsets.get(at)?).ok()?;
        let to = usize::try_from(*self.offsets.get(at + 1)?).ok()?;
        self.bytes.get(from..to)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The values of a column; where a row has none there is a zero, an empty text or an empty list.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Integers.
    Int(Vec<i64>),
    /// Floats.
    Float(Vec<f64>),
    /// Truth values.
    Bool(Bits),
    /// Days since 1970.
    Date(Vec<i32>),
    /// Microseconds since 1970.
    Timestamp(Vec<i64>),
    /// Texts.
    Text(Texts),
    /// Lists of texts: the i-th has the texts between `offsets[i]` and `offsets[i + 1]`.
    Texts {
        /// One more than there are lists; the first is 0.
        offsets: Vec<i64>,
        /// The texts of all lists.
        texts: Texts,
        /// Which of them are null.
        valid: Validity,
    },
}

/// A column of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its values.
    pub values: Values,
    /// Which rows have one.
    pub valid: Validity,
}

/// Some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// How many.
    pub rows: usize,
    /// In the order of the query.
    pub columns: Vec<Column>,
    /// Values that cannot be used; there is a null in the place of each.
    pub rejected: Vec<Rejected>,
}

/// A value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its row in the batch, from 0.
    pub row: usize,
    /// Its column.
    pub column: usize,
    /// The value as text.
    pub value: String,
    /// Why not.
    pub reason: &'static str,
}
