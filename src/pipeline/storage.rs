//! What the engine lends a stage beside its frames: files to read, scratch files, outputs written batch by batch.

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use polars::prelude::{DataFrame, LazyFrame};

use super::{
    checkpoint::file_name,
    conform::{fits, words},
    failpoint::Failpoint,
};
use crate::{
    io::{self, IoError, ParquetBatches, checkpoint_file},
    operator::{Column, ColumnKind, OutputPort, PortSchema, Scratch, StageError, Storage},
};

/// The storage of one stage: its checkpoint's unfinished folder.
pub struct StageStorage {
    folder: PathBuf,
    declared: Vec<OutputPort>,
    footer: Vec<(String, String)>,
    written: Mutex<BTreeMap<String, ParquetBatches>>,
    /// Where a test may kill the process.
    failpoint: Failpoint,
}

impl StageStorage {
    /// Storage for a stage with these outputs; `folder` is where its checkpoint is made.
    pub fn new(folder: &Path, declared: &[OutputPort], footer: &[(String, String)], failpoint: Failpoint) -> Self {
        Self {
            folder: folder.to_owned(),
            declared: declared.to_vec(),
            footer: footer.to_vec(),
            written: Mutex::default(),
            failpoint,
        }
    }

    /// Ends the outputs that were written batch by batch; their rows by port.
    ///
    /// # Errors
    /// When a file cannot be ended.
    pub fn finish(&self) -> Result<BTreeMap<String, u64>, StageError> {
        let written = std::mem::take(&mut *self.outputs());
        written.into_iter().map(|(port, file)| Ok((port, file.finish().map_err(refused)?))).collect()
    }

    fn outputs(&self) -> MutexGuard<'_, BTreeMap<String, ParquetBatches>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, port: &str, rows: &DataFrame) -> Result<ParquetBatches, StageError> {
        let made: PortSchema = rows
            .schema()
            .iter()
            .map(|(name, data_type)| Column::new(name.as_str(), ColumnKind::of(data_type)))
            .collect();
        let declared = self.declared.iter().find(|declared| declared.name == port);
        let Some(declared) = declared.filter(|declared| fits(&made, &declared.columns)) else {
            let columns = declared.map_or_else(|| "no such output".to_owned(), |declared| words(&declared.columns));
            let problem = format!(
                "output '{port}' has {}, but declares {columns}; this is a defect of the operator",
                words(&made)
            );
            return Err(StageError::Storage { problem });
        };
        let path = self.folder.join(file_name(&declared.name));
        ParquetBatches::begin(path, rows.schema(), &self.footer).map_err(refused)
    }
}

fn refused(problem: IoError) -> StageError {
    StageError::Storage { problem: problem.to_string() }
}

impl Storage for StageStorage {
    fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, StageError> {
        io::open(Path::new(path)).map_err(refused)
    }

    fn parquet(&self, path: &str) -> Result<LazyFrame, StageError> {
        // A damaged file is told before its rows are asked for.
        checkpoint_file::footer_start(Path::new(path)).map_err(refused)?;
        checkpoint_file::scan_parquet(Path::new(path)).map_err(refused)
    }

    fn scratch(&self) -> Result<Box<dyn Scratch>, StageError> {
        // The file has no name: it is gone with its last handle, however the process ends.
        let file = tempfile::tempfile_in(&self.folder).map_err(|error| StageError::Storage {
            problem: format!("{}: cannot make a scratch file: {error}; free some space", self.folder.display()),
        })?;
        Ok(Box::new(file))
    }

    fn write(&self, port: &str, rows: DataFrame) -> Result<(), StageError> {
        let mut outputs = self.outputs();
        let mut file = match outputs.remove(port) {
            Some(file) => file,
            None => self.begin(port, &rows)?,
        };
        let written = file.write(rows).map_err(refused);
        outputs.insert(port.to_owned(), file);
        self.failpoint.pass("stage-batch-written");
        written
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};

    use polars::prelude::df;

    use super::*;

    fn storage(folder: &Path) -> StageStorage {
        StageStorage::new(folder, &[OutputPort::new("ids", "Ids.", &[("id", ColumnKind::Int)])], &[], Failpoint::none())
    }

    #[test]
    fn an_output_is_written_in_batches_and_only_with_its_declared_columns() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(folder.path());
        storage.write("ids", df!("id" => [1_i64, 2]).unwrap()).unwrap();
        storage.write("ids", df!("id" => [3_i64]).unwrap()).unwrap();
        let other = storage.write("others", df!("id" => [3_i64]).unwrap()).unwrap_err().to_string();
        assert!(other.contains("no such output"), "{other}");
        assert_eq!(storage.finish().unwrap(), BTreeMap::from([("ids".to_owned(), 3)]));
        let wrong = storage.write("ids", df!("id" => ["a"]).unwrap()).unwrap_err().to_string();
        assert!(wrong.contains("has id text, but declares id integer"), "{wrong}");
    }

    #[test]
    fn a_scratch_file_has_no_name_and_gives_back_what_it_got() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(folder.path());
        let mut scratch = storage.scratch().unwrap();
        scratch.write_all(b"rows").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        scratch.seek(SeekFrom::Start(0)).unwrap();
        let mut back = String::new();
        scratch.read_to_string(&mut back).unwrap();
        assert_eq!(back, "rows");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = storage(folder.path()).open("/nowhere/orders.csv").err().unwrap().to_string();
        assert!(error.contains("/nowhere/orders.csv"), "{error}");
    }
}
