//! Binary COPY into columns (<https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format").

use super::{
    columns::{Batch, Bits, Column, Kind, Rejected, Texts, Validity, Values},
    numeric::Numeric,
};

/// The bytes that a binary COPY begins with.
pub(crate) const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL counts from.
pub(crate) const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
pub(crate) const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// How a column's values are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// int2, int4, int8, oid.
    Int,
    /// float4, float8.
    Float,
    /// bool.
    Bool,
    /// date.
    Date,
    /// timestamp (taken as UTC) and timestamptz.
    Timestamp,
    /// text and its kin, enums, json.
    Text,
    /// jsonb: a version, and its text.
    Jsonb,
    /// uuid: sixteen bytes.
    Uuid,
    /// numeric, as the text of its digits.
    NumericText,
    /// numeric without decimal places.
    NumericInt,
    /// numeric, in hundredths.
    NumericCents,
    /// An array of texts.
    Texts,
}

impl Wire {
    /// What becomes of the values.
    pub fn kind(self) -> Kind {
        match self {
            Self::Int | Self::NumericInt | Self::NumericCents => Kind::Int,
            Self::Float => Kind::Float,
            Self::Bool => Kind::Bool,
            Self::Date => Kind::Date,
            Self::Timestamp => Kind::Timestamp,
            Self::Text | Self::Jsonb | Self::Uuid | Self::NumericText => Kind::Text,
            Self::Texts => Kind::Texts,
        }
    }

    fn values(self) -> Values {
        match self.kind() {
            Kind::Int => Values::Int(Vec::new()),
            Kind::Float => Values::Float(Vec::new()),
            Kind::Bool => Values::Bool(Bits::default()),
            Kind::Date => Values::Date(Vec::new()),
            Kind::Timestamp => Values::Timestamp(Vec::new()),
            Kind::Text | Kind::Json | Kind::Bytes | Kind::Floats => Values::Text(Texts::default()),
            Kind::Texts => Values::Texts { offsets: vec![0], texts: Texts::default(), valid: Validity::default() },
        }
    }
}

/// Why a value was not taken.
enum Problem {
    /// The value cannot be used.
    Value(&'static str),
    /// It is not sent as its type is.
    Form,
}

/// Takes the messages of a binary COPY, batch after batch.
pub struct Decoder {
    wires: Vec<Wire>,
    columns: Vec<Column>,
    rows: usize,
    rejected: Vec<Rejected>,
    /// Rows with a value that was rejected.
    bad: usize,
    state: State,
    /// The beginning of what a message broke off.
    rest: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Rows,
    Ended,
}

/// What a stretch of bytes holds.
enum Taken {
    /// So many bytes of it were whole.
    Bytes(usize),
    /// Its end is missing.
    Unfinished,
}

impl Decoder {
    /// For columns that are sent so.
    pub fn new(wires: &[Wire]) -> Self {
        let mut decoder = Self {
            wires: wires.to_vec(),
            columns: Vec::new(),
            rows: 0,
            rejected: Vec::new(),
            bad: 0,
            state: State::Header,
            rest: Vec::new(),
        };
        decoder.columns = decoder.empty();
        decoder
    }

    fn empty(&self) -> Vec<Column> {
        self.wires.iter().map(|wire| Column { values: wire.values(), valid: Validity::default() }).collect()
    }

    /// Rows since the last batch was taken.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Those of them without a value that was rejected.
    pub fn usable(&self) -> usize {
        self.rows - self.bad
    }

    /// Whether the end of the rows was seen.
    pub fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// The rows so far; the next batch is begun.
    pub fn take(&mut self) -> Batch {
        let next = self.empty();
        self.bad = 0;
        Batch {
            rows: std::mem::take(&mut self.rows),
            columns: std::mem::replace(&mut self.columns, next),
            rejected: std::mem::take(&mut self.rejected),
        }
    }

    /// Takes a message. A row may begin in one message and end in another.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn push(&mut self, message: &[u8]) -> Result<(), &'static str> {
        if self.rest.is_empty() {
            let taken = self.take_whole(message)?;
            self.rest.extend_from_slice(message.get(taken..).unwrap_or_default());
            return Ok(());
        }
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(message);
        let taken = self.take_whole(&all)?;
        all.drain(..taken);
        self.rest = all;
        Ok(())
    }

    /// Takes all rows that are whole; how many bytes they had.
    fn take_whole(&mut self, bytes: &[u8]) -> Result<usize, &'static str> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let taken = match self.state {
                State::Header => self.header(rest)?,
                State::Rows => self.row(rest)?,
                State::Ended => return Err("bytes come after the end of the rows"),
            };
            match taken {
                Taken::Bytes(count) => at += count,
                Taken::Unfinished => break,
            }
        }
        Ok(at)
    }

    fn header(&mut self, bytes: &[u8]) -> Result<Taken, &'static str> {
        let (Some(signature), Some(flags), Some(length)) = (bytes.get(..11), u32_at(bytes, 11), u32_at(bytes, 15))
        else {
            return Ok(Taken::Unfinished);
        };
        if signature != SIGNATURE || flags & 0xffff_0000 != 0 {
            return Err("a binary COPY does not begin as one does");
        }
        let end = 19 + length as usize;
        if bytes.len() < end {
            return Ok(Taken::Unfinished);
        }
        self.state = State::Rows;
        Ok(Taken::Bytes(end))
    }

    /// Takes a row. One that breaks off is taken out again, to come back with its end.
    fn row(&mut self, bytes: &[u8]) -> Result<Taken, &'static str> {
        let Some((count, mut rest)) = bytes.split_first_chunk::<2>() else { return Ok(Taken::Unfinished) };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            self.state = State::Ended;
            return Ok(Taken::Bytes(2));
        }
        if usize::try_from(count) != Ok(self.columns.len()) {
            return Err("a row has another number of columns than the query");
        }
        if !is_whole(rest, self.columns.len()) {
            return Ok(Taken::Unfinished);
        }
        for (place, column) in self.columns.iter_mut().enumerate() {
            let Some((length, after)) = rest.split_first_chunk::<4>() else { return Ok(Taken::Unfinished) };
            rest = after;
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
                column.push_null();
                continue;
            };
            let Some((value, after)) = rest.split_at_checked(length) else { return Ok(Taken::Unfinished) };
            rest = after;
            let wire = self.wires.get(place).copied().unwrap_or(Wire::Text);
            match column.push(wire, value) {
                Ok(()) => {}
                Err(Problem::Value(reason)) => {
                    column.push_null();
                    let value = shown(wire, value);
                    self.rejected.push(Rejected { row: self.rows, column: place, value, reason });
                }
                Err(Problem::Form) => return Err("a value is not sent as its type is"),
            }
        }
        self.bad += usize::from(self.rejected.last().is_some_and(|rejected| rejected.row == self.rows));
        self.rows += 1;
        Ok(Taken::Bytes(bytes.len() - rest.len()))
    }
}

/// Whether a row's values are all there.
#[inline]
fn is_whole(mut rest: &[u8], columns: usize) -> bool {
    for _ in 0..columns {
        let Some((length, after)) = rest.split_first_chunk::<4>() else { return false };
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or_default();
        let Some(after) = after.get(length..) else { return false };
        rest = after;
    }
    true
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

fn integer(value: &[u8]) -> Result<i64, Problem> {
    Ok(match value {
        [a, b, c, d, e, f, g, h] => i64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
        [a, b, c, d] => i64::from(i32::from_be_bytes([*a, *b, *c, *d])),
        [a, b] => i64::from(i16::from_be_bytes([*a, *b])),
        _ => return Err(Problem::Form),
    })
}

fn numeric(value: &[u8]) -> Result<Numeric<'_>, Problem> {
    Numeric::new(value).ok_or(Problem::Form)
}

fn instant(value: &[u8]) -> Result<i64, Problem> {
    match i64::from_be_bytes(value.try_into().map_err(|_| Problem::Form)?) {
        i64::MAX | i64::MIN => Err(Problem::Value("infinity is no instant")),
        value => value.checked_add(EPOCH_MICROSECONDS).ok_or(Problem::Value("too far away")),
    }
}

fn day(value: &[u8]) -> Result<i32, Problem> {
    match i32::from_be_bytes(value.try_into().map_err(|_| Problem::Form)?) {
        i32::MAX | i32::MIN => Err(Problem::Value("infinity is no date")),
        value => value.checked_add(EPOCH_DAYS).ok_or(Problem::Value("too far away")),
    }
}

impl Column {
    #[inline]
    fn push(&mut self, wire: Wire, value: &[u8]) -> Result<(), Problem> {
        match (&mut self.values, wire) {
            (Values::Int(values), Wire::NumericInt) => {
                values.push(numeric(value)?.scaled(0).map_err(Problem::Value)?);
            }
            (Values::Int(values), Wire::NumericCents) => {
                values.push(numeric(value)?.scaled(2).map_err(Problem::Value)?);
            }
            (Values::Int(values), _) => values.push(integer(value)?),
            (Values::Float(values), _) => values.push(match value {
                [a, b, c, d] => f64::from(f32::from_be_bytes([*a, *b, *c, *d])),
                value => f64::from_be_bytes(value.try_into().map_err(|_| Problem::Form)?),
            }),
            (Values::Bool(bits), _) => bits.push(value != [0]),
            (Values::Date(values), _) => values.push(day(value)?),
            (Values::Timestamp(values), _) => values.push(instant(value)?),
            (Values::Text(texts), Wire::Jsonb) => match value.split_first() {
                Some((1, text)) => texts.push(text),
                _ => return Err(Problem::Form),
            },
            (Values::Text(texts), Wire::Uuid) => {
                uuid(value.try_into().map_err(|_| Problem::Form)?, &mut texts.bytes);
                texts.end();
            }
            (Values::Text(texts), Wire::NumericText) => {
                numeric(value)?.write(&mut texts.bytes);
                texts.end();
            }
            (Values::Text(texts), _) => texts.push(value),
            (Values::Texts { offsets, texts, valid }, _) => {
                let array = array(value)?;
                for text in &array {
                    texts.push(text.unwrap_or_default());
                    valid.push(text.is_some());
                }
                offsets.push(i64::try_from(texts.len()).unwrap_or(i64::MAX));
            }
        }
        self.valid.push(true);
        Ok(())
    }

    fn push_null(&mut self) {
        match &mut self.values {
            Values::Int(values) | Values::Timestamp(values) => values.push(0),
            Values::Float(values) => values.push(0.0),
            Values::Bool(bits) => bits.push(false),
            Values::Date(values) => values.push(0),
            Values::Text(texts) => texts.push(&[]),
            Values::Texts { offsets, .. } => offsets.push(offsets.last().copied().unwrap_or_default()),
        }
        self.valid.push(false);
    }
}

/// The texts of an array of one dimension.
fn array(value: &[u8]) -> Result<Vec<Option<&[u8]>>, Problem> {
    let dimensions = u32_at(value, 0).ok_or(Problem::Form)?;
    if dimensions == 0 {
        return Ok(Vec::new());
    }
    if dimensions > 1 {
        return Err(Problem::Value("an array of several dimensions"));
    }
    let count = u32_at(value, 12).ok_or(Problem::Form)?;
    let mut rest = value.get(20..).ok_or(Problem::Form)?;
    let mut texts = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>().ok_or(Problem::Form)?;
        rest = after;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            texts.push(None);
            continue;
        };
        let (text, after) = rest.split_at_checked(length).ok_or(Problem::Form)?;
        rest = after;
        texts.push(Some(text));
    }
    Ok(texts)
}

/// `0f8fad5b-d9cb-469f-a165-70867728950e`.
fn uuid(value: &[u8; 16], out: &mut Vec<u8>) {
    for (place, byte) in value.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        for half in [byte >> 4, byte & 15] {
            out.push(if half < 10 { b'0' + half } else { b'a' + half - 10 });
        }
    }
}

/// A value that was refused, for people.
fn shown(wire: Wire, value: &[u8]) -> String {
    match (wire, value.first()) {
        (Wire::Date | Wire::Timestamp, Some(first)) => if *first < 128 { "infinity" } else { "-infinity" }.to_owned(),
        (Wire::NumericInt | Wire::NumericCents, _) => {
            let mut out = Vec::new();
            if let Some(numeric) = Numeric::new(value) {
                numeric.write(&mut out);
            }
            String::from_utf8_lossy(&out).into_owned()
        }
        _ => String::new(),
    }
}
