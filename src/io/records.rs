//! The records of a CSV file, over the csv-core parser.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// Put after the end of a file: it comes back as the last record, unless a quoted field was never closed.
const END: &[u8] = b"\n\0end\0";

/// Bytes read at a time.
const BUFFER_BYTES: usize = 1 << 18;

/// One record: its fields, unquoted, and where it begins.
#[derive(Default)]
pub(super) struct Record {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    length: usize,
    /// The 1-based line of the file; empty lines before the record may be counted to it.
    pub(super) line: u64,
}

impl Record {
    /// How many fields there are.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// A field, `None` beyond the last.
    pub(super) fn get(&self, place: usize) -> Option<&[u8]> {
        if place >= self.length {
            return None;
        }
        let start = match place.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start..*self.ends.get(place)?)
    }

    /// All fields, one after the other.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.length).map_while(|place| self.get(place))
    }

    fn is_end(&self) -> bool {
        self.length == 1 && self.get(0) == END.get(1..)
    }

    fn is_unclosed(&self) -> bool {
        self.length.checked_sub(1).and_then(|last| self.get(last)).is_some_and(|field| field.ends_with(END))
    }
}

/// What comes next in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A record was read.
    Record,
    /// There are no more.
    End,
    /// The rest of the file is inside a quoted field.
    Unclosed,
}

/// Reads records one after the other. Records end with `\r`, `\n` or both; empty lines are none.
pub(super) struct Records {
    parser: Reader,
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Records {
    pub(super) fn new(input: Box<dyn Read + Send>, delimiter: u8) -> Self {
        Self {
            parser: ReaderBuilder::new().delimiter(delimiter).build(),
            input: Box::new(input.chain(END)),
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
        }
    }

    /// Reads the next record into `record`.
    pub(super) fn read(&mut self, record: &mut Record) -> io::Result<Next> {
        record.line = self.parser.line();
        let (mut bytes, mut fields) = (0, 0);
        loop {
            if self.start == self.end {
                (self.start, self.end) = (0, self.fill()?);
            }
            let input = self.buffer.get(self.start..self.end).unwrap_or_default();
            let output = record.bytes.get_mut(bytes..).unwrap_or_default();
            let ends = record.ends.get_mut(fields..).unwrap_or_default();
            let (result, read, written, ended) = self.parser.read_record(input, output, ends);
            self.start += read;
            bytes += written;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => record.bytes.resize((record.bytes.len() * 2).max(1024), 0),
                ReadRecordResult::OutputEndsFull => record.ends.resize((record.ends.len() * 2).max(16), 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(Next::End),
            }
        }
        record.length = fields;
        Ok(match (record.is_end(), record.is_unclosed()) {
            (true, _) => Next::End,
            (_, true) => Next::Unclosed,
            _ => Next::Record,
        })
    }

    /// Fills the buffer as far as the input goes, so that a byte order mark is never split.
    fn fill(&mut self) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(room) = self.buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.input.read(room) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}
