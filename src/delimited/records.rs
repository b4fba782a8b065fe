//! Records as cells: how a block is taken apart, and what is wrong with a record that is broken.

use memchr::{memchr, memchr_iter};

pub use super::shape::{Fault, Shape};
use super::{marks::Marks, repair};

/// A cell of a record: where it is in the block.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    start: u32,
    end: u32,
    form: Form,
}

/// How a cell is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// As it is meant.
    Given,
    /// Perhaps between quotes, and else as it is meant.
    Simple,
    /// Quotes inside must be resolved.
    Rough,
}

/// Rows that are not CSV: their cells one after another, a byte after each, and where each ends.
#[derive(Default)]
pub struct Cells {
    /// The cells.
    pub bytes: Vec<u8>,
    /// The end of each.
    pub ends: Vec<u32>,
    /// Cells of a row.
    pub width: usize,
}

/// The cells of the record that was read last, and where its block is.
pub struct Records<'a> {
    bytes: &'a [u8],
    shape: Shape,
    marks: Marks,
    at: usize,
    lines: u32,
    /// The line of the record within its block, from 0.
    pub line: u32,
    /// Its cells.
    pub cells: Vec<Cell>,
    /// Why it is broken, if it is.
    pub fault: Option<Fault>,
    /// Where the cells end, if they are known, and how many a record has.
    given: Option<(&'a [u32], usize)>,
    /// The end of a broken record whose lines are read as records.
    until: Option<usize>,
}

impl<'a> Records<'a> {
    /// The records of a block.
    pub fn new(bytes: &'a [u8], shape: Shape) -> Self {
        let cells = Vec::with_capacity(shape.width);
        let marks = Marks::of(shape);
        Self { bytes, shape, marks, at: 0, lines: 0, line: 0, cells, fault: None, given: None, until: None }
    }

    /// Rows whose cells are known; each is a line.
    pub fn of(cells: &'a Cells) -> Self {
        let shape = Shape { delimiter: b',', terminator: b'\n', width: 0 };
        Self { given: Some((&cells.ends, cells.width.max(1))), ..Self::new(&cells.bytes, shape) }
    }

    /// Reads the next record; false at the end. Empty lines are none.
    pub fn advance(&mut self) -> bool {
        if let Some((ends, width)) = self.given {
            return self.advance_given(ends, width);
        }
        loop {
            if self.at >= self.bytes.len() {
                return false;
            }
            self.line = self.lines;
            self.cells.clear();
            self.fault = None;
            self.read();
            let is_empty = match self.cells.as_slice() {
                [only] => matches!(self.bytes.get(only.start as usize..only.end as usize), None | Some([] | [b'\r'])),
                _ => false,
            };
            if !is_empty {
                return true;
            }
        }
    }

    fn advance_given(&mut self, ends: &'a [u32], width: usize) -> bool {
        let Some((row, rest)) = ends.split_at_checked(width) else { return false };
        self.given = Some((rest, width));
        self.line = self.lines;
        self.lines += 1;
        self.cells.clear();
        for end in row {
            self.push(self.at, *end as usize, Form::Given);
            self.at = *end as usize + 1;
        }
        true
    }

    fn read(&mut self) {
        let begin = self.at;
        let lines = self.lines;
        let bytes = match self.until {
            Some(until) => self.bytes.get(..until).unwrap_or(self.bytes),
            None => self.bytes,
        };
        let Shape { delimiter, terminator, width } = self.shape;
        let mut start = begin;
        let mut form = Form::Simple;
        let mut at = start;
        loop {
            let Some(place) = self.marks.next(self.bytes, at).filter(|place| *place < bytes.len()) else {
                self.push(start, bytes.len(), form);
                self.at = bytes.len();
                break;
            };
            at = place + 1;
            match bytes.get(place) {
                Some(b'"') if place == start || (place == start + 1 && bytes.get(start) == Some(&b'=')) => {
                    at = self.close(bytes, at, &mut form);
                    if place > start {
                        form = Form::Rough;
                    }
                    // Only a cell that is a quoted text and nothing else is taken as it stands.
                    let after = bytes.get(at..).unwrap_or_default();
                    if !ends_cell(after, self.shape) {
                        form = Form::Rough;
                        let blank = after.iter().take_while(|byte| **byte == b' ').count();
                        if blank == 0 || !ends_cell(after.get(blank..).unwrap_or_default(), self.shape) {
                            self.fault.get_or_insert(Fault::TextAfterQuote);
                        }
                    }
                }
                Some(b'"') => {}
                Some(byte) if *byte == delimiter => {
                    self.push(start, place, form);
                    start = at;
                    form = Form::Simple;
                }
                _ => {
                    self.push(start, place, form);
                    self.at = at;
                    self.lines += 1;
                    break;
                }
            }
        }
        if width > 0 && self.cells.len() > width && self.filled() > width {
            self.fault.get_or_insert(Fault::TooManyCells(self.filled()));
        }
        let spans = self.lines > lines + 1 || (self.lines > lines && bytes.get(self.at - 1) != Some(&terminator));
        if width > 0 && (spans || matches!(self.fault, Some(Fault::Unclosed | Fault::StrayQuote))) {
            self.mend(bytes, begin, lines);
        }
        if self.until.is_some_and(|until| self.at >= until) {
            self.until = None;
        }
    }

    /// Reads the lines of a record as records where a stray quote has made them one. The first is broken.
    #[cold]
    fn mend(&mut self, bytes: &[u8], begin: usize, lines: u32) {
        let record = bytes.get(begin..self.at).unwrap_or_default();
        if !repair::holds_records(record, self.shape, self.fault) {
            return;
        }
        self.fault = Some(Fault::StrayQuote);
        // The record's end is where the next begins, whatever its lines are: blocks are cut there.
        self.until.get_or_insert(self.at);
        let first = memchr(self.shape.terminator, record).map_or(record.len(), |end| end + 1);
        self.at = begin + first;
        self.lines = lines + 1;
        self.cells.clear();
        self.push(begin, begin + first - 1, Form::Simple);
    }

    /// Finds the end of a quoted text that begins at `from`: just after its closing quote.
    fn close(&mut self, bytes: &[u8], from: usize, form: &mut Form) -> usize {
        let mut at = from;
        loop {
            let Some(found) = memchr(b'"', bytes.get(at..).unwrap_or_default()) else {
                at = bytes.len();
                self.fault = Some(if self.until.is_some() { Fault::StrayQuote } else { Fault::Unclosed });
                break;
            };
            at += found + 1;
            if bytes.get(at) != Some(&b'"') {
                break;
            }
            *form = Form::Rough;
            at += 1;
        }
        self.lines += memchr_iter(self.shape.terminator, bytes.get(from..at).unwrap_or_default()).count() as u32;
        at
    }

    fn push(&mut self, start: usize, end: usize, form: Form) {
        self.cells.push(Cell { start: start as u32, end: end as u32, form });
    }

    /// How many cells there are up to the last that is not empty.
    pub fn filled(&self) -> usize {
        let is_filled = |cell: &Cell| {
            let raw = self.bytes.get(cell.start as usize..cell.end as usize).unwrap_or_default().trim_ascii();
            !matches!(raw, b"" | b"\"\"")
        };
        self.cells.iter().rposition(is_filled).map_or(0, |last| last + 1)
    }

    /// The bytes of a cell, unquoted and trimmed, without the `="…"` that keeps spreadsheets from reading a number;
    /// `room` holds them where quotes had to be resolved. Empty beyond the last.
    pub fn cell<'r>(&'r self, place: usize, room: &'r mut Vec<u8>) -> &'r [u8] {
        let Some(cell) = self.cells.get(place) else { return &[] };
        let raw = self.bytes.get(cell.start as usize..cell.end as usize).unwrap_or_default();
        // Most cells are neither quoted nor padded.
        let is_plain = |first: u8, last: u8| first > b' ' && last > b' ' && first != b'"' && first != b'=';
        match raw {
            [] => return raw,
            [only] if is_plain(*only, *only) => return raw,
            [first, .., last] if is_plain(*first, *last) => return raw,
            _ => {}
        }
        let text = match (cell.form, raw.trim_ascii()) {
            (Form::Given, plain) => return plain,
            (Form::Rough, _) => {
                resolve(raw, room);
                room.trim_ascii()
            }
            (Form::Simple, [b'"', inner @ .., b'"']) => inner.trim_ascii(),
            (Form::Simple, plain) => plain,
        };
        match text {
            [b'=', b'"', inner @ .., b'"'] => inner.trim_ascii(),
            text => text,
        }
    }

    /// The bytes of a cell as they are meant, padded or not; `room` holds them where quotes had to be resolved.
    pub fn field<'r>(&'r self, place: usize, room: &'r mut Vec<u8>) -> &'r [u8] {
        let Some(cell) = self.cells.get(place) else { return &[] };
        let mut raw = self.bytes.get(cell.start as usize..cell.end as usize).unwrap_or_default();
        if place + 1 == self.cells.len() && self.shape.terminator == b'\n' {
            raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        }
        match (cell.form, raw) {
            (Form::Rough, _) => {
                resolve(raw, room);
                room
            }
            (Form::Simple, [b'"', inner @ .., b'"']) => inner,
            (_, plain) => plain,
        }
    }

    /// The bytes of the record, quotes and all.
    pub fn shown(&self) -> &'a [u8] {
        match (self.cells.first(), self.cells.last()) {
            (Some(first), Some(last)) => self.bytes.get(first.start as usize..last.end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// Whether a cell ends before these bytes.
fn ends_cell(after: &[u8], shape: Shape) -> bool {
    match after {
        [b'\r', next, ..] => [b'\r', *next].contains(&shape.terminator),
        [next, ..] => [shape.delimiter, b'\r', shape.terminator].contains(next),
        [] => true,
    }
}

/// A quoted text, and what may stand before and after it, without its quotes.
fn resolve(raw: &[u8], room: &mut Vec<u8>) {
    room.clear();
    // What stands before a quoted text is an equals sign: its quotes stay.
    if raw.starts_with(b"=") {
        room.extend_from_slice(raw);
        return;
    }
    let mut bytes = raw.strip_prefix(b"\"").unwrap_or(raw).iter().peekable();
    let mut inside = true;
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if inside && bytes.next_if(|next| **next == b'"').is_some() => room.push(b'"'),
            b'"' if inside => inside = false,
            byte => room.push(*byte),
        }
    }
}
