//! Whether what looks like one record of many lines is many records, made one by a stray quote.

use memchr::memchr;

use super::shape::{Fault, Shape};

/// Lines that are looked at.
const LINES: usize = 64;

/// Records this wide are told by their width and one column of numbers; narrower ones by two.
const WIDE: usize = 8;

/// Whether the lines of a record are records themselves, each with as many cells as the header. A text of several lines
/// may look like that by chance: so their cells must be of the same kind too, numbers where there are numbers.
pub fn holds_records(record: &[u8], shape: Shape, fault: Option<Fault>) -> bool {
    let record = record.strip_suffix(&[shape.terminator]).unwrap_or(record);
    let mut lines = record.split(|byte| *byte == shape.terminator);
    let Some(first) = lines.next().map(|line| cells(line, shape)) else { return false };
    if first.len() != shape.width {
        return false;
    }
    let mut matches = 0;
    let mut count = 0;
    for line in lines.take(LINES).filter(|line| !line.trim_ascii().is_empty()) {
        let line = cells(line, shape);
        let numbers = if line.len() == shape.width { numbers_of_both(&first, &line) } else { None };
        match numbers {
            Some(numbers) => matches = if count == 0 { numbers } else { numbers.min(matches) },
            // Where the quotes are wrong in any case, one line after the first is enough: others may have quotes of their own.
            None if count > 0 && fault.is_some() => break,
            None => return false,
        }
        count += 1;
    }
    count > 0 && matches >= if shape.width >= WIDE { 1 } else { 2 }
}

/// The cells of a line, where a quoted one ends in it; a quote that does not is a character.
pub(super) fn cells(line: &[u8], shape: Shape) -> Vec<&[u8]> {
    let mut found = Vec::with_capacity(shape.width);
    let mut rest = Some(line);
    while let Some(text) = rest {
        let end = match text.strip_prefix(b"\"").and_then(|inner| closing(inner, shape.delimiter)) {
            Some(end) => Some(end + 1).filter(|end| *end < text.len()),
            None => memchr(shape.delimiter, text),
        };
        let Some(end) = end else {
            found.push(text);
            break;
        };
        found.push(text.get(..end).unwrap_or_default());
        rest = text.get(end + 1..);
    }
    found
}

/// Just after the quote that closes a cell.
fn closing(inner: &[u8], delimiter: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr(b'"', inner.get(at..)?)? + 1;
        match inner.get(at) {
            Some(b'"') => at += 1,
            None | Some(b'\r') => return Some(at),
            Some(next) if *next == delimiter => return Some(at),
            Some(_) => return None,
        }
    }
}

/// In how many columns two lines both have numbers; `None` if one has a number where the other has words.
fn numbers_of_both(first: &[&[u8]], other: &[&[u8]]) -> Option<usize> {
    let mut both = 0;
    for (one, two) in first.iter().zip(other) {
        match (Kind::of(one), Kind::of(two)) {
            (Kind::Number, Kind::Number) => both += 1,
            (Kind::Number, Kind::Words) | (Kind::Words, Kind::Number) => return None,
            _ => {}
        }
    }
    Some(both)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A number, a date, a time.
    Number,
    /// No digit in it.
    Words,
    /// Empty, of both, or with a quote that may be the stray one.
    Other,
}

impl Kind {
    fn of(cell: &[u8]) -> Self {
        let cell = cell.trim_ascii();
        let inner = cell.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(cell);
        let has_digit = inner.iter().any(u8::is_ascii_digit);
        if inner.is_empty() || inner.contains(&b'"') {
            return Self::Other;
        }
        let is_of_numbers = |byte: &u8| byte.is_ascii_digit() || b"+-.,:/ TZ#$%'".contains(byte);
        match has_digit {
            true if inner.iter().all(is_of_numbers) => Self::Number,
            true => Self::Other,
            false => Self::Words,
        }
    }
}
