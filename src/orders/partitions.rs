//! Rows by partition: in memory while there is one, in scratch files when there are more.

use std::io::{Seek, SeekFrom, Write};

use super::rows::Row;
use crate::operator::{Scratch, StageError, Storage};

/// Bytes of input that make a partition. What a partition needs in memory, its columns included, is some five times that;
/// each thread has one at a time.
const PARTITION_BYTES: u64 = 32 << 20;

/// Many enough for 8 GiB; beyond that partitions grow.
const MAX_PARTITIONS: u64 = 256;

/// Bytes of a partition that wait to be written.
const WAITING_BYTES: usize = 1 << 19;

/// How many partitions rows are parted into: from the bytes of the files alone, so that results do not depend on the
/// machine.
pub fn count(input_bytes: u64) -> usize {
    usize::try_from(input_bytes.div_ceil(PARTITION_BYTES).clamp(1, MAX_PARTITIONS)).unwrap_or(1)
}

/// The rows of a kind of file.
pub struct Partitions {
    parts: Vec<Part>,
}

#[derive(Default)]
struct Part {
    chunks: Vec<Vec<u8>>,
    waiting: Vec<u8>,
    file: Option<Box<dyn Scratch>>,
}

impl Partitions {
    /// Empty partitions.
    pub fn new(count: usize) -> Self {
        Self { parts: (0..count).map(|_| Part::default()).collect() }
    }

    /// Adds the rows of a block, one buffer a partition.
    ///
    /// # Errors
    /// When a scratch file cannot be written.
    pub fn add(&mut self, rows: Vec<Vec<u8>>, storage: &dyn Storage) -> Result<(), StageError> {
        if let ([part], [_]) = (self.parts.as_mut_slice(), rows.as_slice()) {
            part.chunks.extend(rows.into_iter().filter(|chunk| !chunk.is_empty()));
            return Ok(());
        }
        for (part, rows) in self.parts.iter_mut().zip(rows) {
            part.waiting.extend_from_slice(&rows);
            if part.waiting.len() >= WAITING_BYTES {
                part.flush(storage)?;
            }
        }
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Takes the rows of a partition into memory, in the order in which they were added.
    ///
    /// # Errors
    /// When a scratch file cannot be read.
    pub fn take(&mut self, number: usize) -> Result<Rows, StageError> {
        match self.parts.get_mut(number) {
            Some(part) => std::mem::take(part).into_rows(),
            None => Ok(Rows::default()),
        }
    }
}

impl Part {
    fn flush(&mut self, storage: &dyn Storage) -> Result<(), StageError> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(storage.scratch()?),
        };
        file.write_all(&self.waiting).map_err(refused)?;
        self.waiting.clear();
        Ok(())
    }

    fn into_rows(mut self) -> Result<Rows, StageError> {
        if let Some(mut file) = self.file.take() {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_end(&mut bytes)).map_err(refused)?;
            self.chunks.push(bytes);
        }
        if !self.waiting.is_empty() {
            self.chunks.push(self.waiting);
        }
        let mut places = Vec::new();
        for (number, chunk) in (0_u64..).zip(&self.chunks) {
            let mut place = 0;
            while let Some((_, end)) = Row::at(chunk, place) {
                places.push(number << 32 | place as u64);
                place = end;
            }
        }
        Ok(Rows { chunks: self.chunks, places })
    }
}

fn refused(error: std::io::Error) -> StageError {
    StageError::Storage { problem: format!("scratch space: {error}; free some space and run again") }
}

/// The rows of a partition in memory.
#[derive(Default)]
pub struct Rows {
    chunks: Vec<Vec<u8>>,
    places: Vec<u64>,
}

impl Rows {
    /// How many.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// A row.
    pub fn get(&self, number: usize) -> Option<Row<'_>> {
        let place = *self.places.get(number)?;
        let chunk = self.chunks.get((place >> 32) as usize)?;
        Row::at(chunk, (place & u64::from(u32::MAX)) as usize).map(|(row, _)| row)
    }
}
