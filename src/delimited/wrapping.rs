//! Files whose rows are quoted as a whole: each line is one quoted cell with its quotes doubled, as a spreadsheet that
//! parts cells by another character saves them. Lines that need no quotes for that may have none.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter};

use super::{records::Shape, repair};

/// Bytes read at a time.
const RAW_BYTES: usize = 1 << 16;

/// How lines of a sample are quoted, if one of them has within quotes as many cells as the first: two at least, for a file of
/// one column may have all its cells quoted.
pub fn find(sample: &[u8], delimiters: &[u8]) -> Option<Wrapping> {
    let end = line_end(sample);
    let mut lines = sample.split(|byte| *byte == end).map(without_return).filter(|line| !line.is_empty());
    let head = lines.next()?;
    // Most files have no such line.
    let mut wrapped = lines.filter_map(|line| unwrapped(line, delimiters)).peekable();
    let (_, tail) = wrapped.peek()?;
    let wrapping = Wrapping { tail: tail.to_vec(), delimiters: delimiters.to_vec(), end };
    let head = wrapping.line(head);
    let count = |line: &[u8], delimiter: u8| repair::cells(line, Shape { delimiter, terminator: end, width: 0 }).len();
    let widths: Vec<(u8, usize)> = delimiters.iter().map(|delimiter| (*delimiter, count(&head, *delimiter))).collect();
    let (delimiter, width) = widths.into_iter().max_by_key(|(_, width)| *width).filter(|(_, width)| *width > 1)?;
    wrapped.any(|(line, _)| count(&line, delimiter) == width).then_some(wrapping)
}

/// How the lines of a file are quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapping {
    /// What follows the quoted cell.
    tail: Vec<u8>,
    delimiters: Vec<u8>,
    end: u8,
}

impl Wrapping {
    /// A line as it was before.
    fn line(&self, line: &[u8]) -> Vec<u8> {
        match unwrapped(line, &self.delimiters) {
            Some((inner, _)) => inner,
            None => line.strip_suffix(self.tail.as_slice()).unwrap_or(line).to_vec(),
        }
    }

    /// The lines of `input` as they were before.
    pub fn undo(self, input: Box<dyn Read + Send>) -> Unwrapping {
        Unwrapping { input, wrapping: self, raw: Vec::new(), text: Vec::new(), given: 0, at_end: false }
    }
}

/// What ends the lines of a sample.
fn line_end(sample: &[u8]) -> u8 {
    if memchr(b'\n', sample).is_some() { b'\n' } else { b'\r' }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The content of a line that is one quoted cell, its quotes no longer doubled, and the delimiters behind it.
fn unwrapped<'a>(line: &'a [u8], delimiters: &[u8]) -> Option<(Vec<u8>, &'a [u8])> {
    let behind = line.iter().rev().take_while(|byte| delimiters.contains(byte)).count();
    let (quoted, behind) = line.split_at_checked(line.len() - behind)?;
    let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(quote) = memchr(b'"', rest) {
        out.extend_from_slice(rest.get(..=quote)?);
        rest = rest.get(quote + 1..)?.strip_prefix(b"\"")?;
    }
    out.extend_from_slice(rest);
    Some((out, behind))
}

/// A reader of lines without the quotes around them.
pub struct Unwrapping {
    input: Box<dyn Read + Send>,
    wrapping: Wrapping,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    at_end: bool,
}

impl Unwrapping {
    /// Reads on until there are whole lines, and takes them out of their quotes.
    fn advance(&mut self) -> io::Result<()> {
        let read = self.input.by_ref().take(RAW_BYTES as u64).read_to_end(&mut self.raw)?;
        self.at_end = read == 0;
        self.text.clear();
        self.given = 0;
        let mut start = 0;
        for end in memchr_iter(self.wrapping.end, &self.raw) {
            let line = self.raw.get(start..end).unwrap_or_default();
            let plain = without_return(line);
            self.text.extend(self.wrapping.line(plain));
            self.text.extend_from_slice(line.get(plain.len()..).unwrap_or_default());
            self.text.push(self.wrapping.end);
            start = end + 1;
        }
        let rest = self.raw.split_off(start);
        self.raw = rest;
        if self.at_end {
            let rest = std::mem::take(&mut self.raw);
            self.text.extend(self.wrapping.line(without_return(&rest)));
        }
        Ok(())
    }
}

impl Read for Unwrapping {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.at_end {
            self.advance()?;
        }
        let mut rest = self.text.get(self.given..).unwrap_or_default();
        let count = rest.read(out)?;
        self.given += count;
        Ok(count)
    }
}
