//! A Parquet file that is written while its rows are still being made: row groups are encoded by a few threads and
//! written in order, so that only some of them are in memory.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use polars::{
    io::parquet::write::{BatchedWriter, get_encodings},
    prelude::{
        ArrowSchema, CompatLevel, DataFrame, KeyValueMetadata, ParquetWriteOptions, PolarsError, PolarsResult, Schema,
        SchemaExt,
    },
};
use polars_parquet::{
    read::ParquetError,
    write::{
        CompressedPage, Compressor, Encoding, FileWriter, SchemaDescriptor, Version, WriteOptions, array_to_columns,
        to_parquet_schema,
    },
};

use super::{IoError, checkpoint_file::write_options};

/// More threads would wait for the one that makes the rows.
const MOST_ENCODERS: usize = 4;

/// An encoded row group: how many rows, and the pages of each column.
type Encoded = (u64, Vec<Vec<CompressedPage>>);

/// Makes row groups of frames.
struct Encoder {
    arrow: ArrowSchema,
    level: CompatLevel,
    columns: SchemaDescriptor,
    encodings: Vec<Vec<Encoding>>,
    options: WriteOptions,
}

/// A file being written.
pub(super) struct RowGroups {
    path: PathBuf,
    /// Gone when a thread has stopped.
    batches: SyncSender<(usize, DataFrame)>,
    writer: JoinHandle<PolarsResult<usize>>,
    file: File,
    groups: usize,
}

impl RowGroups {
    /// Begins a file with the columns of `schema` and key/value pairs for its footer.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(super) fn begin(path: &Path, schema: &Schema, metadata: &[(String, String)]) -> Result<Self, IoError> {
        let refused = |error| IoError::frame(path, error);
        let file = File::create(path).map_err(|error| IoError::file(path, "write", error))?;
        let writing = file.try_clone().map_err(|error| IoError::file(path, "write", error))?;
        let options = write_options(metadata).map_err(refused)?;
        let encoder = Arc::new(Encoder::new(&options, schema).map_err(refused)?);
        let writer = encoder.writer(writing, options.key_value_metadata);
        let (batches, waiting) = sync_channel(1);
        let waiting = Arc::new(Mutex::new(waiting));
        let encoders = thread::available_parallelism().map_or(1, usize::from).min(MOST_ENCODERS);
        let (encoded, ready) = sync_channel(encoders);
        for _ in 0..encoders {
            let (encoder, waiting, encoded) = (encoder.clone(), waiting.clone(), encoded.clone());
            thread::spawn(move || {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((place, batch)) = next else { break };
                    if encoded.send((place, encoder.encode(batch))).is_err() {
                        break;
                    }
                }
            });
        }
        let writer = thread::spawn(move || write_in_order(writer, &ready));
        Ok(Self { path: path.to_owned(), batches, writer, file, groups: 0 })
    }

    /// Adds a row group with the columns of the file.
    ///
    /// # Errors
    /// When the file cannot be written; that may be told by a later call.
    pub(super) fn write(mut self, rows: DataFrame) -> Result<Self, IoError> {
        match self.batches.send((self.groups, rows)) {
            Ok(()) => {
                self.groups += 1;
                Ok(self)
            }
            Err(_) => match self.finish() {
                Err(error) => Err(error),
                Ok(()) => Err(IoError::Interrupted),
            },
        }
    }

    /// Ends the file and flushes it to disk.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn finish(self) -> Result<(), IoError> {
        drop(self.batches);
        let written = self.writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let refused = |error| IoError::frame(&self.path, error);
        if written.map_err(refused)? != self.groups {
            return Err(refused(PolarsError::ComputeError("a row group was lost; please report this".into())));
        }
        self.file.sync_all().map_err(|error| IoError::file(&self.path, "write", error))
    }
}

impl Encoder {
    /// Encodes as the streaming engine does, so that the bytes are the same.
    fn new(options: &ParquetWriteOptions, schema: &Schema) -> PolarsResult<Self> {
        let level = options.compat_level();
        let arrow = schema.to_arrow(level);
        Ok(Self {
            columns: to_parquet_schema(&arrow)?,
            encodings: get_encodings(&arrow).to_vec(),
            arrow,
            level,
            options: WriteOptions {
                statistics: options.statistics,
                compression: options.compression.into(),
                version: Version::V1,
                data_page_size: options.data_page_size,
            },
        })
    }

    fn writer(&self, file: File, metadata: Option<KeyValueMetadata>) -> BatchedWriter<File> {
        let (arrow, columns) = (self.arrow.clone(), self.columns.clone());
        let writer = FileWriter::new_with_parquet_schema(file, arrow, columns, self.options);
        BatchedWriter::new(Mutex::new(writer), get_encodings(&self.arrow), self.options, false, metadata)
    }

    fn encode(&self, mut batch: DataFrame) -> PolarsResult<Encoded> {
        batch.rechunk_mut();
        let rows = batch.height() as u64;
        let mut columns = Vec::with_capacity(batch.width());
        for chunk in batch.iter_chunks(self.level, false) {
            for ((array, kind), encoding) in chunk.columns().iter().zip(self.columns.fields()).zip(&self.encodings) {
                for pages in array_to_columns(array, kind.clone(), self.options, encoding)? {
                    let pages = pages.map(|page| {
                        page.map_err(|error: PolarsError| ParquetError::FeatureNotSupported(error.to_string()))
                    });
                    let compressed = Compressor::new_from_vec(pages, self.options.compression, Vec::new());
                    columns.push(compressed.collect::<Result<Vec<_>, ParquetError>>()?);
                }
            }
        }
        Ok((rows, columns))
    }
}

/// Writes row groups in the order of their places. Returns how many there were.
fn write_in_order(
    mut writer: BatchedWriter<File>,
    ready: &Receiver<(usize, PolarsResult<Encoded>)>,
) -> PolarsResult<usize> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (place, group) in ready {
        early.insert(place, group?);
        while let Some((rows, columns)) = early.remove(&next) {
            writer.write_row_group(rows, &columns)?;
            next += 1;
        }
    }
    writer.finish()?;
    Ok(next)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use polars::prelude::IntoLazy;

    use super::{
        super::{checkpoint_file::*, testing::numbered},
        *,
    };

    #[test]
    fn a_file_written_while_its_rows_are_made_is_the_file_of_the_rows_held_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let footer = [("run".to_owned(), "7".to_owned())];
        let rows_of_a_group = ROW_GROUP_ROWS as i64;
        let mut file = RowGroups::begin(&one, numbered(0, 0).schema(), &footer).unwrap();
        let last = 3 * rows_of_a_group + 6_784;
        for (from, to) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
            file = file.write(numbered(from * rows_of_a_group, (to * rows_of_a_group).min(last))).unwrap();
        }
        file.finish().unwrap();
        write_parquet(&two, numbered(0, last).lazy(), &footer).unwrap();
        assert!(fs::read(&one).unwrap() == fs::read(&two).unwrap());
    }
}
