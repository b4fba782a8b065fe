//! What the engine lends a stage beside its frames: files to read, scratch files, outputs written batch by batch.

use std::{
    collections::BTreeMap,
    io::Read,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use polars::prelude::{DataFrame, LazyFrame};

use super::{
    checkpoint::{CheckpointStore, file_name},
    conform::{fits, words},
    failpoint::Failpoint,
    file::{Pipeline, Step, StepKind},
};
use crate::{
    io::{self, IoError, ParquetBatches, Signs, SourceSpec, checkpoint_file},
    operator::{Column, ColumnKind, OutputPort, PortSchema, Scratch, StageError, Storage},
};

/// The files that the pipeline's sources list, with the signs they had then.
pub struct ListedFiles {
    store: CheckpointStore,
    sources: Vec<String>,
    signs: OnceLock<BTreeMap<PathBuf, Signs>>,
}

impl ListedFiles {
    /// Those of all sources of files, looked up when a stage opens the first.
    pub fn of(pipeline: &Pipeline, store: &CheckpointStore) -> Self {
        let lists = |step: &&Step| matches!(step.kind, StepKind::Source { spec: SourceSpec::Files { .. }, .. });
        let sources = pipeline.steps.iter().filter(lists).map(|step| step.name.clone()).collect();
        Self { store: store.clone(), sources, signs: OnceLock::new() }
    }

    /// The signs of a file when it was listed; `None` for one that no source lists.
    fn signs_of(&self, path: &Path) -> Option<&Signs> {
        let all = || {
            let latest = self.sources.iter().filter_map(|source| self.store.latest(source)?.source);
            latest.flat_map(|state| state.files).map(|file| (file.path, file.signs)).collect()
        };
        self.signs.get_or_init(all).get(path)
    }
}

/// The storage of one stage: its checkpoint's unfinished folder.
pub struct StageStorage {
    folder: PathBuf,
    declared: Vec<OutputPort>,
    footer: Vec<(String, String)>,
    listed: ListedFiles,
    /// The files that the stage opened, with the signs of the content it was to read.
    opened: Mutex<BTreeMap<PathBuf, Signs>>,
    written: Mutex<BTreeMap<String, ParquetBatches>>,
    /// Where a test may kill the process.
    failpoint: Failpoint,
}

impl StageStorage {
    /// Storage for a stage with these outputs; `folder` is where its checkpoint is made.
    pub fn new(
        folder: &Path,
        declared: &[OutputPort],
        footer: &[(String, String)],
        listed: ListedFiles,
        failpoint: Failpoint,
    ) -> Self {
        Self {
            folder: folder.to_owned(),
            declared: declared.to_vec(),
            footer: footer.to_vec(),
            listed,
            opened: Mutex::default(),
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

    /// Looks whether every file that was opened is still what it was when it was listed.
    ///
    /// # Errors
    /// [`IoError::Changed`] with the first that is not.
    pub fn check_unchanged(&self) -> Result<(), IoError> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        match opened.iter().find(|(path, signs)| Signs::of(path).ok().as_ref() != Some(signs)) {
            Some((path, _)) => Err(IoError::Changed { path: path.clone() }),
            None => Ok(()),
        }
    }

    /// Notes a file that is about to be read.
    fn note_opened(&self, path: &Path) -> Result<(), IoError> {
        let signs = match self.listed.signs_of(path) {
            Some(signs) => signs.clone(),
            None => Signs::of(path)?,
        };
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), signs);
        Ok(())
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
        self.note_opened(Path::new(path)).map_err(refused)?;
        io::open(Path::new(path)).map_err(refused)
    }

    fn parquet(&self, path: &str) -> Result<LazyFrame, StageError> {
        self.note_opened(Path::new(path)).map_err(refused)?;
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
        let listed = ListedFiles { store: CheckpointStore::at(folder), sources: Vec::new(), signs: OnceLock::new() };
        let ports = [OutputPort::new("ids", "Ids.", &[("id", ColumnKind::Int)])];
        StageStorage::new(folder, &ports, &[], listed, Failpoint::none())
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
    fn a_file_that_changes_after_it_was_opened_is_named_and_one_that_does_not_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(folder.path());
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        for path in &paths {
            std::fs::write(path, "x").unwrap();
            storage.open(path.to_str().unwrap()).unwrap();
        }
        storage.check_unchanged().unwrap();
        std::fs::write(&paths[1], "xy").unwrap();
        let error = storage.check_unchanged().unwrap_err().to_string();
        assert!(error.contains("/b: changed after it was listed"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = storage(folder.path()).open("/nowhere/orders.csv").err().unwrap().to_string();
        assert!(error.contains("/nowhere/orders.csv"), "{error}");
    }
}
