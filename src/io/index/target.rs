//! An index as a kind of sink.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    super::{
        IoError,
        prepared_file::check_folder,
        sinks::{
            Applied, Applying, RefusedSetting, SettingPlaces, SinkTable, SinkTarget, SinkWrite, TransactionSink,
            Writing, refuse, seconds,
        },
    },
    apply::{IndexWrite, apply, holds},
    extension::open_index,
    items::Rewrite,
    operation::missing_column,
    schema,
};
use crate::operator::PortSchema;

/// An index, and how it is written.
struct IndexTarget {
    path: PathBuf,
    metadata: Vec<String>,
    busy_timeout: Duration,
}

/// Reads the settings of an index sink.
///
/// # Errors
/// Settings of other kinds; names of columns that an index has already.
pub(in super::super) fn open_sink(
    table: &SinkTable,
    _: &dyn SettingPlaces,
    path: PathBuf,
) -> Result<Arc<dyn SinkTarget>, RefusedSetting> {
    refuse(
        &[
            ("table", table.table.is_some()),
            ("mode", table.mode.is_some()),
            ("keys", table.keys.is_some()),
            ("columns", table.columns.is_some()),
            ("add_columns", table.add_columns),
            ("insert_only", !table.insert_only.is_empty()),
            ("definitions", table.definitions.is_some()),
            ("nested", table.nested.is_some()),
        ],
        "an index takes operations",
    )?;
    let is_taken = |name: &&String| schema::FIXED.iter().any(|fixed| fixed.eq_ignore_ascii_case(name));
    if let Some(name) = table.metadata.iter().find(is_taken) {
        let problem = format!("an index has a column '{name}' of its own");
        return Err(RefusedSetting::new("metadata", problem, "cannot be used", "give the column another name"));
    }
    let metadata = table.metadata.clone();
    Ok(Arc::new(IndexTarget { path, metadata, busy_timeout: seconds("busy_timeout", table.busy_timeout)? }))
}

impl SinkTarget for IndexTarget {
    fn place(&self) -> &Path {
        &self.path
    }

    fn named_columns(&self) -> Vec<&str> {
        self.metadata.iter().map(String::as_str).collect()
    }

    fn check(&self, dataset: &PortSchema) -> Result<(), IoError> {
        if let Some(missing) = missing_column(dataset, &self.metadata).filter(|_| !dataset.is_empty()) {
            return Err(self.wrong(
                format!("an index takes operations, and the dataset has no column '{missing}'"),
                "write the operations of sync-index",
            ));
        }
        check_folder(self.path.parent().unwrap_or(Path::new("")))?;
        match open_index(&self.path, self.busy_timeout) {
            Err(IoError::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
            Ok(connection) => {
                let refused = |error| IoError::sqlite(&self.path, "cannot read the schema", self.busy_timeout, error);
                let tables = schema::columns(&connection, "products").map_err(refused)?;
                let is_index = schema::is_index(&connection).map_err(refused)?;
                if is_index || tables.is_empty() {
                    return Ok(());
                }
                Err(self.wrong(
                    "the database has a table of that name, and is no index",
                    "give the index a file of its own",
                ))
            }
        }
    }

    fn takes_from(&self, other: &dyn SinkTarget) -> Option<(&'static str, &'static str)> {
        (self.path == other.place()).then_some(("index", "give the index a file of its own, and one sink"))
    }

    fn writing(&self) -> Writing<'_> {
        Writing::Transaction(self)
    }
}

impl IndexTarget {
    fn wrong(&self, problem: impl Into<String>, mend: &str) -> IoError {
        IoError::Table {
            path: self.path.clone(),
            table: "products".to_owned(),
            problem: problem.into(),
            mend: mend.to_owned(),
        }
    }
}

impl TransactionSink for IndexTarget {
    fn holds(&self, owner: &str, batch: &str) -> Result<bool, IoError> {
        let refused = |error| IoError::sqlite(&self.path, "cannot read the ledger", self.busy_timeout, error);
        match open_index(&self.path, self.busy_timeout) {
            Err(IoError::Missing { .. }) => Ok(false),
            Err(error) => Err(error),
            Ok(connection) if schema::is_index(&connection).map_err(refused)? => {
                holds(&connection, owner, batch).map_err(refused)
            }
            Ok(_) => Ok(false),
        }
    }

    fn apply(&self, writes: &[SinkWrite<'_>], applying: &Applying<'_>) -> Result<Applied, IoError> {
        let index = IndexWrite {
            path: &self.path,
            metadata: &self.metadata,
            busy_timeout: self.busy_timeout,
            rewrite: Rewrite::No,
        };
        apply(&index, writes, applying)
    }
}
