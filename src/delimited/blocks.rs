//! A file as blocks of whole records in UTF-8, following quotes alone: what one thread reads, several take apart.
//!
//! Records end with `\n` (or `\r\n`), or with `\r` in a file whose first record does. A cell is quoted when it begins with
//! a quote, or with `="`; a quote in the midst of a cell is a character like others.

use std::io::{self, Cursor, Read};

use memchr::memrchr;

use super::{
    dialect::{DELIMITERS, Dialect, find_delimiter, named_delimiter, title},
    encoding::{Decoding, Encoding, is_windows_1252},
    record_ends::{RecordEnds, find_terminator},
    wrapping,
};

/// Bytes handed to a thread at a time.
pub const BLOCK_BYTES: usize = 4 << 20;

/// A record longer than this is taken for a quote that is never closed.
pub const MAX_RECORD_BYTES: usize = 256 << 20;

/// Bytes by which the dialect of a file is told.
const SAMPLE_BYTES: usize = 64 << 10;

/// Bytes, from the first that is beyond ASCII, by which the encoding is told.
const ENCODING_BYTES: usize = 256 << 10;

/// Why a file cannot be taken apart.
#[derive(Debug)]
pub enum Problem {
    /// The system's refusal.
    Read(io::Error),
    /// A record is longer than [`MAX_RECORD_BYTES`].
    TooLong,
}

/// How much to hold next of a record that is longer than `held`: no more than tells that it is too long.
fn twice(held: usize) -> usize {
    (held * 2 + 1).min(MAX_RECORD_BYTES + 1)
}

/// A file as blocks of whole records.
pub struct Blocks {
    input: Box<dyn Read + Send>,
    /// Bytes read and not yet given out; they begin with a record.
    held: Vec<u8>,
    block_bytes: usize,
    dialect: Dialect,
    /// Whether the dialect is to be found from the bytes.
    finds_dialect: bool,
    terminator: Option<u8>,
    at_start: bool,
    at_end: bool,
    /// Whether all bytes so far are ASCII, of which every encoding makes the same.
    is_encoding_open: bool,
}

impl Blocks {
    /// Blocks of about `block_bytes` each of a file whose dialect is found from its bytes.
    pub fn new(input: Box<dyn Read + Send>, block_bytes: usize) -> Self {
        Self {
            input,
            held: Vec::new(),
            block_bytes,
            dialect: Dialect::default(),
            finds_dialect: true,
            terminator: None,
            at_start: true,
            at_end: false,
            is_encoding_open: false,
        }
    }

    /// Blocks of a file with this delimiter, its bytes as they are but for the byte order mark of UTF-8.
    pub fn of_delimiter(input: Box<dyn Read + Send>, block_bytes: usize, delimiter: u8) -> Self {
        let dialect = Dialect { delimiter, ..Dialect::default() };
        Self { dialect, finds_dialect: false, ..Self::new(input, block_bytes) }
    }

    /// What ends a record, known once the first block was given out.
    pub fn terminator(&self) -> u8 {
        self.terminator.unwrap_or(b'\n')
    }

    /// How the file is written as far as it was read: the encoding is that of the bytes so far.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The next block; `None` at the end. Only the last may end within quotes that are never closed.
    ///
    /// # Errors
    /// See [`Problem`].
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        if std::mem::take(&mut self.at_start) {
            self.begin()?;
        }
        let mut ends = RecordEnds::new(self.dialect.delimiter);
        let mut wanted = self.block_bytes;
        loop {
            self.fill(wanted)?;
            if self.terminator.is_none() {
                self.terminator = find_terminator(&self.held, self.dialect.delimiter, self.at_end);
            }
            let Some(terminator) = self.terminator else {
                if self.held.len() > MAX_RECORD_BYTES {
                    return Err(Problem::TooLong);
                }
                wanted = twice(self.held.len());
                continue;
            };
            ends.scan(&self.held, terminator, self.at_end);
            if self.at_end {
                let rest = std::mem::take(&mut self.held);
                return Ok((!rest.is_empty()).then_some(rest));
            }
            if let Some(end) = ends.last {
                let rest = self.held.get(end..).unwrap_or_default().to_vec();
                self.held.truncate(end);
                return Ok(Some(std::mem::replace(&mut self.held, rest)));
            }
            if self.held.len() > MAX_RECORD_BYTES {
                return Err(Problem::TooLong);
            }
            wanted = twice(self.held.len());
        }
    }

    /// Takes off the byte order mark, and finds the dialect from what comes first.
    fn begin(&mut self) -> Result<(), Problem> {
        self.fill(SAMPLE_BYTES)?;
        match Encoding::of_mark(&self.held) {
            Some((Encoding::Utf8, mark)) => drop(self.held.drain(..mark)),
            _ if !self.finds_dialect => {}
            Some((encoding, mark)) => {
                self.held.drain(..mark);
                self.decode_from(0, encoding);
            }
            None => {
                self.is_encoding_open = true;
                self.settle_encoding(0)?;
            }
        }
        if !self.finds_dialect {
            return Ok(());
        }
        self.fill(SAMPLE_BYTES)?;
        if let Some(wrapping) = wrapping::find(self.sample(), &DELIMITERS) {
            self.dialect.is_wrapped = true;
            let input = self.unread(0);
            self.input = Box::new(wrapping.undo(input));
            self.fill(SAMPLE_BYTES)?;
        }
        if let Some((delimiter, line)) = named_delimiter(&self.held) {
            self.dialect.delimiter = delimiter;
            self.dialect.lines_before = 1;
            self.held.drain(..line);
        } else {
            if let Some((bytes, lines)) = title(self.sample()) {
                self.dialect.lines_before = lines;
                self.held.drain(..bytes);
            }
            self.dialect.delimiter = find_delimiter(self.sample(), self.at_end);
        }
        Ok(())
    }

    /// The whole lines among the first bytes; all of them where there is none.
    fn sample(&self) -> &[u8] {
        let sample = self.held.get(..SAMPLE_BYTES).unwrap_or(&self.held);
        let is_all = self.at_end && sample.len() == self.held.len();
        match memrchr(b'\n', sample).or_else(|| memrchr(b'\r', sample)) {
            Some(last) if !is_all => sample.get(..=last).unwrap_or(sample),
            _ => sample,
        }
    }

    /// Takes back what was read from a place on, to be read again in another way.
    fn unread(&mut self, from: usize) -> Box<dyn Read + Send> {
        let rest = self.held.split_off(from);
        self.at_end = false;
        let input = std::mem::replace(&mut self.input, Box::new(io::empty()));
        Box::new(Cursor::new(rest).chain(input))
    }

    /// Reads on in this encoding from a place of what is held.
    fn decode_from(&mut self, from: usize, encoding: Encoding) {
        self.dialect.encoding = encoding;
        self.is_encoding_open = false;
        let input = self.unread(from);
        self.input = Box::new(Decoding::new(input, encoding));
    }

    /// Reads until `wanted` bytes are held, or the file ends.
    fn fill(&mut self, wanted: usize) -> Result<(), Problem> {
        while !self.at_end && self.held.len() < wanted {
            let from = self.held.len();
            self.read_on(wanted)?;
            self.settle_encoding(from)?;
        }
        Ok(())
    }

    /// Tells the encoding from what follows the first byte beyond ASCII, if there is one from a place on.
    fn settle_encoding(&mut self, from: usize) -> Result<(), Problem> {
        let new = self.held.get(from..).unwrap_or_default();
        if !self.is_encoding_open || new.is_ascii() {
            return Ok(());
        }
        let first = from + new.iter().position(|byte| !byte.is_ascii()).unwrap_or_default();
        self.read_on(first + ENCODING_BYTES)?;
        self.is_encoding_open = false;
        let telling = self.held.get(first..).unwrap_or_default();
        let telling = telling.get(..ENCODING_BYTES).unwrap_or(telling);
        if is_windows_1252(telling, self.at_end && first + telling.len() == self.held.len()) {
            self.decode_from(first, Encoding::Windows1252);
        }
        Ok(())
    }

    /// Reads until `wanted` bytes are held, or the file ends.
    fn read_on(&mut self, wanted: usize) -> Result<(), Problem> {
        let Some(missing) = wanted.checked_sub(self.held.len()).filter(|missing| *missing > 0 && !self.at_end) else {
            return Ok(());
        };
        self.held.reserve(missing);
        let missing = missing as u64;
        let read = self.input.by_ref().take(missing).read_to_end(&mut self.held).map_err(Problem::Read)?;
        self.at_end = (read as u64) < missing;
        Ok(())
    }
}
