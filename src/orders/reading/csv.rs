//! CSV as blocks of whole records, and records as cells: what one thread reads, several parse.
//!
//! Records end with `\n` (or `\r\n`), or with `\r` in a file whose first record does. A cell is quoted when it begins with
//! a quote; a quote in the midst of a cell is a character like others.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr3, memrchr};

/// Bytes handed to a thread at a time.
pub const BLOCK_BYTES: usize = 4 << 20;

/// A record longer than this is taken for a quote that is never closed.
pub const MAX_RECORD_BYTES: usize = 256 << 20;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Why a file cannot be taken apart.
#[derive(Debug)]
pub enum CsvProblem {
    /// The system's refusal.
    Read(io::Error),
    /// A quoted cell is never closed.
    Unclosed,
    /// A record is longer than [`MAX_RECORD_BYTES`].
    TooLong,
}

/// A file as blocks of whole records.
pub struct Blocks {
    input: Box<dyn Read + Send>,
    /// Bytes read and not yet given out; they begin with a record.
    held: Vec<u8>,
    block_bytes: usize,
    terminator: Option<u8>,
    at_start: bool,
    at_end: bool,
}

impl Blocks {
    /// Blocks of about `block_bytes` each.
    pub fn new(input: Box<dyn Read + Send>, block_bytes: usize) -> Self {
        Self { input, held: Vec::new(), block_bytes, terminator: None, at_start: true, at_end: false }
    }

    /// What ends a record, known once the first block was given out.
    pub fn terminator(&self) -> u8 {
        self.terminator.unwrap_or(b'\n')
    }

    /// The next block; `None` at the end.
    ///
    /// # Errors
    /// See [`CsvProblem`].
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, CsvProblem> {
        let mut ends = RecordEnds::default();
        let mut wanted = self.block_bytes;
        loop {
            self.fill(wanted)?;
            if self.terminator.is_none() {
                self.terminator = find_terminator(&self.held, self.at_end);
            }
            let Some(terminator) = self.terminator else {
                if self.held.len() > MAX_RECORD_BYTES {
                    return Err(CsvProblem::TooLong);
                }
                wanted = self.held.len() * 2 + 1;
                continue;
            };
            ends.scan(&self.held, terminator, self.at_end);
            if self.at_end {
                let unclosed = ends.inside;
                return match std::mem::take(&mut self.held) {
                    _ if unclosed => Err(CsvProblem::Unclosed),
                    rest if rest.is_empty() => Ok(None),
                    rest => Ok(Some(rest)),
                };
            }
            if let Some(end) = ends.last {
                let rest = self.held.get(end..).unwrap_or_default().to_vec();
                self.held.truncate(end);
                return Ok(Some(std::mem::replace(&mut self.held, rest)));
            }
            if self.held.len() > MAX_RECORD_BYTES {
                return Err(CsvProblem::TooLong);
            }
            wanted = self.held.len() * 2;
        }
    }

    /// Reads until `wanted` bytes are held, or the file ends.
    fn fill(&mut self, wanted: usize) -> Result<(), CsvProblem> {
        if self.at_end || self.held.len() >= wanted {
            return Ok(());
        }
        self.held.reserve(wanted - self.held.len());
        let missing = (wanted - self.held.len()) as u64;
        let read = self.input.by_ref().take(missing).read_to_end(&mut self.held).map_err(CsvProblem::Read)?;
        self.at_end = (read as u64) < missing;
        if std::mem::take(&mut self.at_start) && self.held.starts_with(BOM) {
            self.held.drain(..BOM.len());
        }
        Ok(())
    }
}

/// What ends the first record: `\r` if one comes before any `\n` and not just before it. `None` if more must be read to
/// tell.
fn find_terminator(bytes: &[u8], is_end: bool) -> Option<u8> {
    let first = |terminator| {
        let mut ends = RecordEnds::default();
        ends.scan(bytes, terminator, is_end);
        ends.first
    };
    match (first(b'\r'), first(b'\n')) {
        (Some(end), _) if end == bytes.len() && !is_end => None,
        (Some(end), Some(other)) if other <= end + 1 => Some(b'\n'),
        (Some(_), _) => Some(b'\r'),
        (None, Some(_)) => Some(b'\n'),
        (None, None) => is_end.then_some(b'\n'),
    }
}

/// Looks for the ends of records outside of quotes; goes on where it stopped when more bytes have come.
#[derive(Default)]
struct RecordEnds {
    /// Where to go on.
    at: usize,
    inside: bool,
    /// Just after the first and the last terminator outside of quotes.
    first: Option<usize>,
    last: Option<usize>,
}

impl RecordEnds {
    fn scan(&mut self, bytes: &[u8], terminator: u8, is_end: bool) {
        while let Some(found) = memchr(b'"', bytes.get(self.at..).unwrap_or_default()) {
            let quote = self.at + found;
            if self.inside {
                match bytes.get(quote + 1) {
                    Some(b'"') => self.at = quote + 2,
                    None if !is_end => {
                        self.at = quote;
                        return;
                    }
                    _ => {
                        self.inside = false;
                        self.at = quote + 1;
                    }
                }
                continue;
            }
            self.note(bytes, quote, terminator);
            let opens = match quote.checked_sub(1).and_then(|before| bytes.get(before)) {
                None => true,
                Some(before) => *before == b',' || *before == terminator,
            };
            self.inside = opens;
            self.at = quote + 1;
        }
        if !self.inside {
            self.note(bytes, bytes.len(), terminator);
        }
        self.at = bytes.len();
    }

    /// Notes the terminators between where the scan stands and `until`, all of them outside of quotes.
    fn note(&mut self, bytes: &[u8], until: usize, terminator: u8) {
        let outside = bytes.get(self.at..until).unwrap_or_default();
        if let Some(found) = memrchr(terminator, outside) {
            self.last = Some(self.at + found + 1);
            if self.first.is_none() {
                self.first = memchr(terminator, outside).map(|found| self.at + found + 1);
            }
        }
    }
}

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
    terminator: u8,
    at: usize,
    lines: u32,
    /// The line of the record within its block, from 0.
    pub line: u32,
    /// Its cells.
    pub cells: Vec<Cell>,
    /// Where the cells end, if they are known, and how many a record has.
    given: Option<(&'a [u32], usize)>,
}

impl<'a> Records<'a> {
    /// The records of a block.
    pub fn new(bytes: &'a [u8], terminator: u8) -> Self {
        Self { bytes, terminator, at: 0, lines: 0, line: 0, cells: Vec::new(), given: None }
    }

    /// Rows whose cells are known; each is a line.
    pub fn of(cells: &'a Cells) -> Self {
        Self { given: Some((&cells.ends, cells.width.max(1))), ..Self::new(&cells.bytes, b'\n') }
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
        let mut start = self.at;
        let mut form = Form::Simple;
        let mut at = start;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let Some(found) = memchr3(b',', self.terminator, b'"', rest) else {
                self.push(start, self.bytes.len(), form);
                self.at = self.bytes.len();
                return;
            };
            let place = at + found;
            at = place + 1;
            match self.bytes.get(place) {
                Some(b'"') if place == start => {
                    at = self.close(at, &mut form);
                    // Only a cell that is a quoted text and nothing else is taken as it stands.
                    let after = self.bytes.get(at..).unwrap_or_default();
                    let ends = match after {
                        [b'\r', next, ..] => [b'\r', *next].contains(&self.terminator),
                        [next, ..] => [b',', b'\r', self.terminator].contains(next),
                        [] => true,
                    };
                    if !ends {
                        form = Form::Rough;
                    }
                }
                Some(b'"') => {}
                Some(b',') => {
                    self.push(start, place, form);
                    start = at;
                    form = Form::Simple;
                }
                _ => {
                    self.push(start, place, form);
                    self.at = at;
                    self.lines += 1;
                    return;
                }
            }
        }
    }

    /// Finds the end of a quoted text that begins at `from`: just after its closing quote.
    fn close(&mut self, from: usize, form: &mut Form) -> usize {
        let mut at = from;
        loop {
            let Some(found) = memchr(b'"', self.bytes.get(at..).unwrap_or_default()) else {
                at = self.bytes.len();
                break;
            };
            at += found + 1;
            if self.bytes.get(at) != Some(&b'"') {
                break;
            }
            *form = Form::Rough;
            at += 1;
        }
        self.lines += memchr_iter(self.terminator, self.bytes.get(from..at).unwrap_or_default()).count() as u32;
        at
    }

    fn push(&mut self, start: usize, end: usize, form: Form) {
        self.cells.push(Cell { start: start as u32, end: end as u32, form });
    }

    /// The bytes of a cell, unquoted and trimmed; `room` holds them where quotes had to be resolved. Empty beyond the last.
    pub fn cell<'r>(&'r self, place: usize, room: &'r mut Vec<u8>) -> &'r [u8] {
        let Some(cell) = self.cells.get(place) else { return &[] };
        let raw = self.bytes.get(cell.start as usize..cell.end as usize).unwrap_or_default();
        // Most cells are neither quoted nor padded.
        if let [first, .., last] = raw
            && *first > b' '
            && *last > b' '
            && (*first != b'"' || cell.form == Form::Given)
        {
            return raw;
        }
        match (cell.form, raw.trim_ascii()) {
            (Form::Rough, _) => {
                resolve(raw, room);
                room.trim_ascii()
            }
            (Form::Simple, [b'"', inner @ .., b'"']) => inner.trim_ascii(),
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

/// A quoted text, and what may follow it, without its quotes.
fn resolve(raw: &[u8], room: &mut Vec<u8>) {
    room.clear();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What ends the first record: `\n`, or `\r` that no `\n` follows.
    fn obvious_end(text: &str) -> char {
        let (mut inside, mut fresh) = (false, true);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if inside && chars.next_if_eq(&'"').is_some() => {}
                '"' if inside => inside = false,
                '"' if fresh => inside = true,
                '\r' if !inside && chars.peek() != Some(&'\n') => return '\r',
                '\r' | '\n' if !inside => return '\n',
                _ => {}
            }
            fresh = !inside && c == ',';
        }
        '\n'
    }

    /// A cell without what surrounds it; between spaces, quotes may be left.
    fn obvious_cell(cell: &mut String, was_quoted: &mut bool) -> String {
        let (cell, was_quoted) = (std::mem::take(cell), std::mem::take(was_quoted));
        let trimmed = cell.trim();
        let inner = trimmed.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match inner.filter(|_| !was_quoted) {
            Some(inner) => inner.trim().to_owned(),
            None => trimmed.to_owned(),
        }
    }

    /// One character at a time: the terminator ends a record outside of quotes, a quote opens at the begin of a cell.
    fn obvious(text: &str) -> Vec<Vec<String>> {
        let end = obvious_end(text);
        let mut records = Vec::new();
        let (mut cells, mut cell, mut was_quoted) = (Vec::new(), String::new(), false);
        let (mut inside, mut fresh) = (false, true);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if inside && chars.next_if_eq(&'"').is_some() => cell.push('"'),
                '"' if inside => inside = false,
                '"' if fresh => (inside, was_quoted) = (true, true),
                ',' if !inside => cells.push(obvious_cell(&mut cell, &mut was_quoted)),
                c if c == end && !inside => {
                    cells.push(obvious_cell(&mut cell, &mut was_quoted));
                    records.push(std::mem::take(&mut cells));
                }
                c => cell.push(c),
            }
            fresh = !inside && (c == ',' || c == end);
        }
        if !cell.is_empty() || !cells.is_empty() || !fresh {
            cells.push(obvious_cell(&mut cell, &mut was_quoted));
            records.push(cells);
        }
        records
    }

    fn read(text: &str, block: usize) -> Option<Vec<(u64, Vec<String>)>> {
        let mut blocks = Blocks::new(Box::new(io::Cursor::new(text.as_bytes().to_vec())), block);
        let mut found = Vec::new();
        let mut line = 1;
        while let Some(bytes) = blocks.next().ok()? {
            let mut records = Records::new(&bytes, blocks.terminator());
            while records.advance() {
                let mut room = Vec::new();
                let cells = (0..records.cells.len())
                    .map(|place| String::from_utf8_lossy(records.cell(place, &mut room)).into_owned());
                let cells = cells.collect();
                found.push((line + u64::from(records.line), cells));
            }
            line += memchr_iter(blocks.terminator(), &bytes).count() as u64;
        }
        Some(found)
    }

    proptest! {
        #[test]
        fn records_are_those_of_an_obvious_reader_in_blocks_of_any_size(text in "[ab,\"\r\n]{0,60}", block in 1..40_usize) {
            let whole = read(&text, 1 << 20);
            prop_assert_eq!(&read(&text, block), &whole, "blocks make no difference");
            if let Some(whole) = whole {
                let expected: Vec<_> = obvious(&text).into_iter().filter(|cells| cells != &[""]).collect();
                let found: Vec<_> = whole.into_iter().map(|(_, cells)| cells).filter(|cells| cells != &[""]).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn records_that_end_with_a_carriage_return_are_parted_at_the_end_of_any_block() {
        for length in [(1 << 20) - 3, (1 << 20) - 2, (1 << 20) - 1, 1 << 20, (1 << 20) + 1] {
            let header = "h".repeat(length);
            for ends in ["\r", "\r\n", "\n"] {
                let text = format!("{header}{ends}\"a{ends}b\"{ends}c{ends}");
                let found: Vec<_> = read(&text, 1 << 20).unwrap().into_iter().map(|(_, cells)| cells).collect();
                assert_eq!(found, [[header.clone()], [format!("a{ends}b")], ["c".to_owned()]], "{length} {ends:?}");
            }
        }
    }

    #[test]
    fn a_record_knows_its_line() {
        let found = read("h\n\n\"a\nb\"\nc\n", 4).unwrap();
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3, 5]);
    }
}
