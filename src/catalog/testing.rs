//! What the tests of this room share: files and outputs in memory.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
    sync::{Arc, Mutex},
};

use polars::prelude::*;

use crate::operator::{Scratch, StageContext, StageError, Storage};

/// Files and outputs in memory.
#[derive(Default)]
pub struct Memory {
    files: BTreeMap<String, Vec<u8>>,
    /// What a stage wrote.
    pub outputs: Mutex<BTreeMap<String, DataFrame>>,
}

impl Memory {
    /// Storage that holds these files.
    pub fn of(files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
        Self { files, ..Self::default() }
    }

    /// The files as a source lists them.
    pub fn listed(&self) -> LazyFrame {
        let names: Vec<&str> = self.files.keys().map(String::as_str).collect();
        let bytes: Vec<i64> = self.files.values().map(|bytes| bytes.len() as i64).collect();
        df!("path" => &names, "name" => &names, "bytes" => &bytes, "content" => &names).unwrap().lazy()
    }
}

impl Storage for Memory {
    fn open(&self, path: &str) -> Result<Box<dyn Read + Send>, StageError> {
        match self.files.get(path) {
            Some(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
            None => Err(StageError::Storage { problem: format!("{path}: no such file") }),
        }
    }

    fn parquet(&self, path: &str) -> Result<LazyFrame, StageError> {
        let bytes = self.files.get(path).cloned().unwrap_or_default();
        Ok(ParquetReader::new(Cursor::new(bytes)).finish()?.lazy())
    }

    fn scratch(&self) -> Result<Box<dyn Scratch>, StageError> {
        Ok(Box::new(Cursor::new(Vec::new())))
    }

    fn write(&self, port: &str, rows: DataFrame) -> Result<(), StageError> {
        let mut outputs = self.outputs.lock().unwrap();
        match outputs.get_mut(port) {
            Some(table) => table.vstack_mut_owned(rows).map(drop)?,
            None => drop(outputs.insert(port.to_owned(), rows)),
        }
        Ok(())
    }
}

/// A context with this storage.
pub fn context(storage: Arc<Memory>) -> StageContext {
    StageContext { as_of: "2026-03-01T04:30:00Z".parse().unwrap(), ..StageContext::alone(storage) }
}
