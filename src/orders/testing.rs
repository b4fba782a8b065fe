//! What the tests of this room share: storage in memory, and files given as texts.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
    path::Path,
    sync::{Arc, Mutex},
};

use polars::prelude::*;

use super::ingest::IngestShop;
use crate::operator::{Frames, Operator, Scratch, StageContext, StageError, Storage};
use crate::orders::{
    reading::entry::FileEntry,
    recognising::{headers::ShopColumns, profile::Profile},
};

/// Files and outputs in memory.
#[derive(Default)]
pub struct Memory {
    files: BTreeMap<String, Vec<u8>>,
    outputs: Mutex<BTreeMap<String, DataFrame>>,
}

impl Memory {
    /// Storage that holds these files.
    pub fn of(files: &[(&str, &[u8])]) -> Self {
        let files = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
        Self { files, ..Self::default() }
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
            None => {
                outputs.insert(port.to_owned(), rows);
            }
        }
        Ok(())
    }
}

/// A context with this storage.
pub fn context(storage: Arc<Memory>) -> StageContext {
    StageContext { as_of: "2026-03-01T04:30:00Z".parse().unwrap(), seed: 1, ..StageContext::alone(storage) }
}

/// What a stage wrote.
pub struct Outputs(BTreeMap<String, DataFrame>);

impl Outputs {
    /// The outputs that a stage wrote to storage.
    pub fn of(storage: &Memory) -> Self {
        Self(std::mem::take(&mut *storage.outputs.lock().unwrap()))
    }

    /// An output.
    pub fn frame(&self, port: &str) -> &DataFrame {
        &self.0[port]
    }

    /// The cells of some columns as texts, a row each: nulls are `-`.
    pub fn rows(&self, port: &str, columns: &[&str]) -> Vec<String> {
        rows(self.frame(port), columns)
    }
}

/// The cells of some columns as texts, a row each: nulls are `-`.
pub fn rows(frame: &DataFrame, columns: &[&str]) -> Vec<String> {
    let columns: Vec<Column> = columns
        .iter()
        .map(|name| {
            let column = frame.column(name).unwrap();
            match column.dtype() {
                DataType::Datetime(..) => {
                    let micros = column.cast(&DataType::Int64).unwrap();
                    let texts =
                        micros.i64().unwrap().iter().map(|value| {
                            value.map(|value| jiff::Timestamp::from_microsecond(value).unwrap().to_string())
                        });
                    StringChunked::from_iter_options((*name).into(), texts).into_column()
                }
                _ => column.cast(&DataType::String).unwrap(),
            }
        })
        .collect();
    (0..frame.height())
        .map(|row| {
            let cell = |column: &Column| column.str().unwrap().get(row).unwrap_or("-").to_owned();
            columns.iter().map(cell).collect::<Vec<_>>().join(" | ")
        })
        .collect()
}

/// The columns that the project ships.
pub fn shop_columns() -> ShopColumns {
    toml::from_str(include_str!("../../pipelines/rules/shop-columns.toml")).unwrap()
}

/// The profiles that the project ships, in the order of their files.
pub fn profiles() -> Vec<Profile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/rules/exports");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()).collect()
}

/// An operator with the columns and profiles that the project ships, and a shop for files that name none.
pub fn operator() -> IngestShop {
    let default_shop = Some("s".to_owned());
    IngestShop { columns: shop_columns(), profiles: profiles(), default_shop, ..IngestShop::default() }
}

/// Ingests files in the order given. The memory is that of a block: with small ones, rows of several partitions go to
/// scratch files.
pub fn try_ingest(
    operator: &IngestShop,
    files: &[(&str, &[u8])],
    partitions: usize,
    block: usize,
) -> Result<Outputs, String> {
    let storage = Arc::new(Memory::of(files));
    let entries: Vec<FileEntry> = files
        .iter()
        .map(|(name, _)| FileEntry { path: (*name).to_owned(), name: (*name).to_owned(), gives_rows: true })
        .collect();
    let context = StageContext { memory_bytes: block as u64, ..context(storage.clone()) };
    operator.ingest(&entries, partitions, block, &context).map_err(|error| error.to_string())?;
    Ok(Outputs::of(&storage))
}

/// Runs the operator as a stage does.
pub fn run(operator: &IngestShop, files: &[(&str, &str)]) -> Result<Outputs, String> {
    let stored: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let storage = Arc::new(Memory::of(&stored));
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let bytes: Vec<i64> = files.iter().map(|(_, text)| text.len() as i64).collect();
    let listing = df!("path" => &names, "name" => &names, "bytes" => bytes).unwrap();
    let inputs = Frames::new().with("files", listing);
    operator.run(inputs, &context(storage.clone())).map_err(|error| error.to_string())?;
    Ok(Outputs::of(&storage))
}

/// A frame as a Parquet file.
pub fn parquet(mut frame: DataFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).with_row_group_size(Some(3)).finish(&mut frame).unwrap();
    bytes
}

/// Ingests files that can be used.
pub fn ingest(operator: &IngestShop, files: &[(&str, &str)]) -> Outputs {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    try_ingest(operator, &files, 1, 1 << 20).unwrap()
}

/// The problem of a file that cannot be used.
pub fn refused(name: &str, bytes: &[u8]) -> String {
    try_ingest(&operator(), &[(name, bytes)], 1, 1 << 20).err().expect("the file is refused")
}
