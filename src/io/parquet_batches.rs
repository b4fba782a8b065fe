//! A Parquet file that is written batch by batch; its bytes depend on its rows and not on the batches.

use std::{fs::File, io::BufWriter, path::PathBuf};

use polars::{
    io::parquet::write::BatchedWriter,
    prelude::{DataFrame, PolarsError, Schema},
};

use super::{
    IoError,
    checkpoint_file::{ROW_GROUP_ROWS, write_options},
};
use crate::operator::with_own_texts;

/// Fewer rows than this may have been picked from a batch, whose texts would wait with them for the row group to fill.
const FEW_ROWS: usize = ROW_GROUP_ROWS / 8;

/// A footer is written in pieces of a few bytes.
const BUFFER: usize = 1 << 16;

/// A file being written.
pub struct ParquetBatches {
    path: PathBuf,
    file: File,
    writer: BatchedWriter<BufWriter<File>>,
    waiting: DataFrame,
    rows: u64,
}

impl ParquetBatches {
    /// Begins a file with the columns of `schema` and key/value pairs for its footer.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn begin(path: PathBuf, schema: &Schema, metadata: &[(String, String)]) -> Result<Self, IoError> {
        let file = File::create(&path).map_err(|error| IoError::file(&path, "write", error))?;
        let writing = file.try_clone().map_err(|error| IoError::file(&path, "write", error))?;
        let begun = write_options(metadata)
            .and_then(|options| options.to_writer(BufWriter::with_capacity(BUFFER, writing)).batched(schema));
        let writer = begun.map_err(|error| IoError::frame(&path, error))?;
        Ok(Self { waiting: DataFrame::empty_with_schema(schema), path, file, writer, rows: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When their columns are not those of the file, or it cannot be written.
    pub fn write(&mut self, rows: DataFrame) -> Result<(), IoError> {
        self.rows += rows.height() as u64;
        let refused = |error| IoError::frame(&self.path, error);
        let rows = if rows.height() < FEW_ROWS { with_own_texts(rows).map_err(refused)? } else { rows };
        let written = self.waiting.vstack_mut_owned(rows).map(drop).and_then(|()| self.write_whole_groups());
        written.map_err(|error| IoError::frame(&self.path, error))
    }

    fn write_whole_groups(&mut self) -> Result<(), PolarsError> {
        while self.waiting.height() >= ROW_GROUP_ROWS {
            let (group, rest) = self.waiting.split_at(ROW_GROUP_ROWS as i64);
            self.waiting = rest;
            self.write_group(group)?;
        }
        Ok(())
    }

    fn write_group(&mut self, mut group: DataFrame) -> Result<(), PolarsError> {
        group.rechunk_mut();
        self.writer.write_batch(&group)
    }

    /// Ends the file and flushes it to disk. Returns the number of rows.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<u64, IoError> {
        let rest = std::mem::take(&mut self.waiting);
        let written = self.write_group(rest).and_then(|()| self.writer.finish());
        written.map_err(|error| IoError::frame(&self.path, error))?;
        self.file.sync_all().map_err(|error| IoError::file(&self.path, "write", error))?;
        Ok(self.rows)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use polars::prelude::IntoLazy;

    use super::*;
    use crate::io::{checkpoint_file, testing::numbered};

    #[test]
    fn equal_rows_give_equal_bytes_in_whatever_batches_they_come() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, cuts: &[i64]| {
            let path = folder.path().join(name);
            let mut file = ParquetBatches::begin(path.clone(), numbered(0, 0).schema(), &[]).unwrap();
            for ends in cuts.windows(2) {
                file.write(numbered(ends[0], ends[1])).unwrap();
            }
            assert_eq!(file.finish().unwrap(), 300_000);
            path
        };
        let one = write("one", &[0, 300_000]);
        let two = write("two", &[0, 1, 1, 90_000, 131_072, 131_073, 299_999, 300_000]);
        assert!(fs::read(&one).unwrap() == fs::read(&two).unwrap());
        let back = checkpoint_file::scan_parquet(&one).unwrap().collect().unwrap();
        assert!(back.equals_missing(&numbered(0, 300_000).lazy().collect().unwrap()));
    }

    #[test]
    fn a_file_without_rows_has_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none");
        let file = ParquetBatches::begin(path.clone(), numbered(0, 0).schema(), &[("run".to_owned(), "7".to_owned())])
            .unwrap();
        assert_eq!(file.finish().unwrap(), 0);
        assert_eq!(checkpoint_file::scan_parquet(&path).unwrap().collect().unwrap().schema(), numbered(0, 0).schema());
        let pairs = checkpoint_file::read_footer_metadata(&path).unwrap();
        assert!(pairs.contains(&("run".to_owned(), "7".to_owned())), "{pairs:?}");
    }
}
