//! Rows by partition: in memory while there is room, in scratch files beyond.

use std::io::{Read, Seek, SeekFrom, Write};

use crate::operator::{Scratch, StageError, Storage};
use crate::orders::rows::row::Row;

/// Bytes of input that make a partition. What a partition needs in memory, its columns included, is some five times that;
/// each thread has one at a time.
const PARTITION_BYTES: u64 = 32 << 20;

/// Many enough for 8 GiB; beyond that partitions grow.
const MAX_PARTITIONS: u64 = 256;

/// Bytes written to a scratch file at a time.
const WRITE_BYTES: usize = 1 << 20;

/// How many partitions rows are parted into: from the bytes of the files alone, so that results do not depend on the
/// machine.
pub fn count(input_bytes: u64) -> usize {
    usize::try_from(input_bytes.div_ceil(PARTITION_BYTES).clamp(1, MAX_PARTITIONS)).unwrap_or(1)
}

/// The rows of a kind of file.
pub struct Partitions {
    parts: Vec<Part>,
    /// Bytes that may be held in memory before all of them go to scratch files.
    room: usize,
    held: usize,
}

/// The rows of a partition, before they are needed.
#[derive(Default)]
pub struct Part {
    /// What came last, a chunk a block.
    chunks: Vec<Vec<u8>>,
    file: Option<Box<dyn Scratch>>,
    file_bytes: usize,
}

impl Partitions {
    /// Empty partitions; with more than one, at most `room` bytes and a block are held in memory.
    pub fn new(count: usize, room: usize) -> Self {
        Self { parts: (0..count).map(|_| Part::default()).collect(), room, held: 0 }
    }

    /// Adds the rows of a block, one buffer a partition.
    ///
    /// # Errors
    /// When a scratch file cannot be written.
    pub fn add(&mut self, rows: Vec<Vec<u8>>, storage: &dyn Storage) -> Result<(), StageError> {
        for (part, rows) in self.parts.iter_mut().zip(rows) {
            if !rows.is_empty() {
                self.held += rows.capacity();
                part.chunks.push(rows);
            }
        }
        if self.held > self.room && self.parts.len() > 1 {
            self.held = 0;
            let mut together = Vec::new();
            self.parts.iter_mut().try_for_each(|part| part.flush(storage, &mut together))?;
        }
        Ok(())
    }

    /// Shows the rows of each partition, one partition in memory at a time.
    ///
    /// # Errors
    /// When a scratch file cannot be read.
    pub fn look(&mut self, mut at: impl FnMut(&Rows)) -> Result<(), StageError> {
        self.parts.iter_mut().try_for_each(|part| part.look(&mut at))
    }

    /// The partitions, in their order.
    pub fn into_parts(self) -> Vec<Part> {
        self.parts
    }
}

impl Part {
    /// Moves all rows to the scratch file.
    fn flush(&mut self, storage: &dyn Storage, together: &mut Vec<u8>) -> Result<(), StageError> {
        if self.chunks.is_empty() {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(storage.scratch()?),
        };
        together.clear();
        for chunk in self.chunks.drain(..) {
            self.file_bytes += chunk.len();
            together.extend_from_slice(&chunk);
            if together.len() >= WRITE_BYTES {
                file.write_all(together).map_err(refused)?;
                together.clear();
            }
        }
        file.write_all(together).map_err(refused)
    }

    /// Takes the rows into memory, in the order in which they were added.
    ///
    /// # Errors
    /// When the scratch file cannot be read.
    pub fn into_rows(mut self) -> Result<Rows, StageError> {
        if let Some(written) = self.written()? {
            self.chunks.insert(0, written);
        }
        Ok(Rows::of(self.chunks))
    }

    fn look(&mut self, at: &mut impl FnMut(&Rows)) -> Result<(), StageError> {
        let written = self.written()?;
        let is_written = written.is_some();
        let rows = Rows::of(written.into_iter().chain(std::mem::take(&mut self.chunks)).collect());
        at(&rows);
        self.chunks = rows.chunks.into_iter().skip(usize::from(is_written)).collect();
        Ok(())
    }

    /// What the scratch file holds.
    fn written(&mut self) -> Result<Option<Vec<u8>>, StageError> {
        let Some(file) = &mut self.file else { return Ok(None) };
        let mut bytes = Vec::with_capacity(self.file_bytes);
        file.seek(SeekFrom::Start(0)).map_err(refused)?;
        file.take(self.file_bytes as u64).read_to_end(&mut bytes).map_err(refused)?;
        Ok(Some(bytes))
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
    fn of(chunks: Vec<Vec<u8>>) -> Self {
        let mut places = Vec::new();
        for (number, chunk) in (0_u64..).zip(&chunks) {
            let mut place = 0;
            while let Some((_, end)) = Row::at(chunk, place) {
                places.push(number << 32 | place as u64);
                place = end;
            }
        }
        Self { chunks, places }
    }

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
