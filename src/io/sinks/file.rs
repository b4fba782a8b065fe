//! Files as a kind of sink: Parquet, CSV, NDJSON.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    super::{
        IoError,
        file_sink::{FileFormat, FileSink, Nested},
    },
    settings::{ModeName, NestedName, RefusedSetting, SettingPlaces, SinkTable, refuse, seconds},
    target::{SinkTarget, Writing},
};
use crate::operator::PortSchema;

impl SinkTarget for FileSink {
    fn place(&self) -> &Path {
        &self.path
    }

    fn check(&self, _: &PortSchema) -> Result<(), IoError> {
        FileSink::check(self)
    }

    fn takes_from(&self, other: &dyn SinkTarget) -> Option<(&'static str, &'static str)> {
        (self.path == other.place()).then_some(("file", "let each sink write a file of its own"))
    }

    fn writing(&self) -> Writing<'_> {
        Writing::Replacement(self)
    }
}

type Opened = Result<Arc<dyn SinkTarget>, RefusedSetting>;

pub(super) fn open_parquet(table: &SinkTable, _: &dyn SettingPlaces, path: PathBuf) -> Opened {
    open(table, path, FileFormat::Parquet)
}

pub(super) fn open_csv(table: &SinkTable, _: &dyn SettingPlaces, path: PathBuf) -> Opened {
    refuse(&[("nested", table.nested.is_some())], "there are no lists and records here: they are JSON texts")?;
    open(table, path, FileFormat::Csv)
}

pub(super) fn open_ndjson(table: &SinkTable, _: &dyn SettingPlaces, path: PathBuf) -> Opened {
    open(table, path, FileFormat::Ndjson)
}

fn open(table: &SinkTable, path: PathBuf, format: FileFormat) -> Opened {
    refuse(
        &[
            ("table", table.table.is_some()),
            ("mode", table.mode.is_some_and(|mode| mode != ModeName::Replace)),
            ("keys", table.keys.is_some()),
            ("columns", table.columns.is_some()),
            ("add_columns", table.add_columns),
            ("insert_only", !table.insert_only.is_empty()),
            ("definitions", table.definitions.is_some()),
            ("metadata", !table.metadata.is_empty()),
        ],
        "a file is always replaced as a whole",
    )?;
    let nested = match table.nested {
        Some(NestedName::Json) => Nested::Json,
        Some(NestedName::Native) | None => Nested::Native,
    };
    Ok(Arc::new(FileSink { path, format, nested, busy_timeout: seconds("busy_timeout", table.busy_timeout)? }))
}
