//! How a file of delimited text is written: found from its first bytes, told in words.

pub use super::encoding::Encoding;
use super::{
    record_ends::find_terminator,
    records::{Records, Shape},
};

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Between cells.
    pub delimiter: u8,
    /// How bytes spell text.
    pub encoding: Encoding,
    /// Whether each line is one quoted cell that holds the record.
    pub is_wrapped: bool,
    /// How many lines stand before the header: one that says what the delimiter is, `sep=;`, or a title.
    pub lines_before: u32,
}

impl Default for Dialect {
    /// CSV in the narrow sense: commas and UTF-8.
    fn default() -> Self {
        Self { delimiter: b',', encoding: Encoding::Utf8, is_wrapped: false, lines_before: 0 }
    }
}

/// The delimiters that are looked for; of equals the first.
pub const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Records that are looked at.
const RECORDS: usize = 200;

impl Dialect {
    /// The delimiter's name.
    pub fn delimiter_name(&self) -> String {
        match self.delimiter {
            b',' => "comma".to_owned(),
            b';' => "semicolon".to_owned(),
            b'\t' => "tab".to_owned(),
            b'|' => "pipe".to_owned(),
            other => format!("'{}'", char::from(other)),
        }
    }

    /// In words: `semicolon, Windows-1252`.
    pub fn words(&self) -> String {
        let wrapped = if self.is_wrapped { ", rows quoted as a whole" } else { "" };
        format!("{}, {}{wrapped}", self.delimiter_name(), self.encoding.name())
    }
}

/// The delimiter that a first line `sep=;` names, and the bytes of that line.
pub fn named_delimiter(sample: &[u8]) -> Option<(u8, usize)> {
    let end = sample.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    let line = sample.get(..end)?;
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (key, named) = line.split_at_checked(4)?;
    let [delimiter] = named else { return None };
    let is_named = key.eq_ignore_ascii_case(b"sep=") && delimiter.is_ascii() && *delimiter != b'"';
    let end = end + if sample.get(end..end + 2) == Some(b"\r\n") { 2 } else { 1 };
    is_named.then_some((*delimiter, end))
}

/// Lines among which the header is looked for.
const TITLE_LINES: usize = 30;

/// The bytes and lines that stand before the header as a title: lines of no more than two cells, by whatever delimiter,
/// before one of four or more that are words, which another of at least half as many cells follows.
pub fn title(sample: &[u8]) -> Option<(usize, u32)> {
    let lines: Vec<&[u8]> = sample.split_inclusive(|byte| *byte == b'\n').take(TITLE_LINES).collect();
    let is_title = |line: &[u8]| DELIMITERS.into_iter().all(|delimiter| filled(line, delimiter) <= 2);
    let count = lines.iter().take_while(|line| is_title(line)).count();
    let (before, rest) = lines.split_at_checked(count)?;
    let (header, rows) = rest.split_first()?;
    let is_header = |delimiter: u8| {
        let cells = filled(header, delimiter);
        cells >= 4 && are_words(header, delimiter) && rows.iter().any(|row| filled(row, delimiter) * 2 >= cells)
    };
    let says_something = before.iter().any(|line| !line.trim_ascii().is_empty());
    let is_found = says_something && DELIMITERS.into_iter().any(is_header);
    is_found.then_some((before.iter().map(|line| line.len()).sum(), count as u32))
}

/// How many cells of a line say something.
fn filled(line: &[u8], delimiter: u8) -> usize {
    let mut records = Records::new(line, Shape { delimiter, terminator: b'\n', width: 0 });
    if records.advance() { records.filled() } else { 0 }
}

/// Whether the filled cells of a line are words, as those of a header are.
fn are_words(line: &[u8], delimiter: u8) -> bool {
    let mut records = Records::new(line, Shape { delimiter, terminator: b'\n', width: 0 });
    records.advance();
    let mut room = Vec::new();
    let is_word = |place: usize| {
        let cell = records.cell(place, &mut room);
        cell.is_empty()
            || (!cell.contains(&b'@') && cell.iter().filter(|byte| byte.is_ascii_digit()).count() * 2 < cell.len())
    };
    (0..records.cells.len()).all(is_word)
}

/// The delimiter by which the records of a sample have as many cells as the first, which has two at least: that of the
/// most cells where several do equally well. A comma where there is none.
pub fn find_delimiter(sample: &[u8], is_end: bool) -> u8 {
    let found: Vec<(u8, usize, f64)> = DELIMITERS
        .into_iter()
        .filter_map(|delimiter| {
            let (width, alike) = measure(sample, delimiter, is_end)?;
            (width > 1).then_some((delimiter, width, alike))
        })
        .collect();
    let best = found.iter().map(|(_, _, alike)| *alike).fold(0.0, f64::max);
    let mut chosen = (b',', 0);
    for (delimiter, width, alike) in found {
        // Broken records are few; a character of the text parts each record otherwise.
        if alike >= 0.9 * best && width > chosen.1 {
            chosen = (delimiter, width);
        }
    }
    chosen.0
}

/// The cells of the first record, and the share of the others that have as many.
fn measure(sample: &[u8], delimiter: u8, is_end: bool) -> Option<(usize, f64)> {
    let terminator = find_terminator(sample, delimiter, true)?;
    let whole = match memchr::memrchr(terminator, sample) {
        Some(last) if !is_end => sample.get(..=last)?,
        _ => sample,
    };
    let mut records = Records::new(whole, Shape { delimiter, terminator, width: 0 });
    let mut width = None;
    let (mut count, mut alike) = (0_usize, 0_usize);
    while count < RECORDS && records.advance() {
        let filled = records.filled();
        match width {
            None => width = Some(filled),
            // Empty cells at the end may be left out, or be too many.
            Some(width) => {
                count += 1;
                alike += usize::from(filled <= width && 2 * records.cells.len() > width);
            }
        }
    }
    let share = if count == 0 { 1.0 } else { alike as f64 / count as f64 };
    Some((width?, share))
}
