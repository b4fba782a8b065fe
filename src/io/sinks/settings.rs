//! The settings of a sink as they are written, and what is wrong with one.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{ColumnPair, Definitions};

/// A sink: exactly one of database, sqlite, postgres, parquet, csv, ndjson, index, pgvector, pinecone.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinkTable {
    /// The dataset to write.
    pub from: String,
    /// A database: the path of a SQLite database, or the URL of a PostgreSQL server (postgres://…); needs table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// Connection string of a PostgreSQL server, a URL or key=value pairs as libpq takes them; needs table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
    /// Path of a SQLite database; needs table.
    pub sqlite: Option<String>,
    /// Path of a Parquet file.
    pub parquet: Option<String>,
    /// Path of a CSV file.
    pub csv: Option<String>,
    /// Path of a file with a JSON object a line.
    pub ndjson: Option<String>,
    /// Path of a search index, one SQLite file with FTS5 and sqlite-vec; takes the operations of sync-index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Connection string of a PostgreSQL server with the extension vector; takes the operations of sync-index into a table,
    /// default products.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pgvector: Option<String>,
    /// An index of Pinecone; takes the operations of sync-index. Its key is PINECONE_API_KEY.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinecone: Option<PineconeTable>,
    /// Columns of the dataset by which products of an index are filtered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<String>,
    /// Table to write.
    pub table: Option<String>,
    /// How rows meet those that are there; default replace.
    pub mode: Option<ModeName>,
    /// Key columns of upsert and update: names, or table column → dataset column.
    pub keys: Option<ColumnNames>,
    /// Columns to write: names, or table column → dataset column; default all.
    pub columns: Option<ColumnNames>,
    /// Whether columns the table lacks are added to it; default false.
    #[serde(default)]
    pub add_columns: bool,
    /// Columns of the table that an upsert writes only in rows it adds, so that what stands in others stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub insert_only: Vec<String>,
    /// A file of CREATE TABLE statements: a table that the database lacks is made as they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definitions: Option<String>,
    /// How a Parquet or NDJSON file holds lists and records; default native.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nested: Option<NestedName>,
    /// How long to wait for a locked database, or for another run that writes the file, in seconds; default 30.
    pub busy_timeout: Option<f64>,
}

/// An index of Pinecone, and the journal of what it confirmed.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PineconeTable {
    /// Its host, as the console shows it.
    pub host: String,
    /// Path of the journal, a SQLite database: what the index confirmed, batches, failed items.
    pub journal: String,
    /// The host of an index of sparse vectors, made of words, that has the same products.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sparse_host: Option<String>,
    /// Whether records have sparse vectors of words beside the dense ones; the index's metric must be dotproduct.
    #[serde(default)]
    pub sparse_values: bool,
    /// Seconds to wait until the index shows what was written; default 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<f64>,
    /// Seconds before a request is tried again, doubled each time; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_seconds: Option<f64>,
}

/// How a file that has lists and records holds them. SQLite and CSV have none: there they are JSON texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NestedName {
    /// As lists and records.
    Native,
    /// As JSON texts, for readers that take the text apart.
    Json,
}

/// How rows meet those that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModeName {
    /// All rows are replaced.
    #[default]
    Replace,
    /// Rows are added.
    Append,
    /// Rows are inserted, or updated where the keys are there.
    Upsert,
    /// Columns of rows that are there are set.
    Update,
}

/// Columns by the same name on both sides, or table column → dataset column.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ColumnNames {
    /// The same names.
    Same(Vec<String>),
    /// Table column → dataset column.
    Pairs(BTreeMap<String, String>),
}

impl ColumnNames {
    /// The names on both sides.
    pub fn pairs(&self) -> Vec<ColumnPair> {
        match self {
            Self::Same(names) => {
                names.iter().map(|name| ColumnPair { table: name.clone(), dataset: name.clone() }).collect()
            }
            Self::Pairs(names) => names
                .iter()
                .map(|(table, dataset)| ColumnPair { table: table.clone(), dataset: dataset.clone() })
                .collect(),
        }
    }
}

/// A setting that is refused.
#[derive(Debug)]
pub struct RefusedSetting {
    /// Its key; empty for the table as a whole.
    pub key: &'static str,
    /// What is wrong.
    pub problem: String,
    /// A word on the place.
    pub label: String,
    /// What to do about it.
    pub mend: String,
}

impl RefusedSetting {
    /// A refusal of the setting `key`.
    pub fn new(key: &'static str, problem: impl Into<String>, label: &str, mend: impl Into<String>) -> Self {
        Self { key, problem: problem.into(), label: label.to_owned(), mend: mend.into() }
    }
}

/// Where settings are written: relative paths start from there.
pub trait SettingPlaces {
    /// The path that is written under `key`; dots lead into tables.
    fn path(&self, key: &str, written: &str) -> PathBuf;
}

/// What the settings of a table in a database say, whatever the database.
pub(in super::super) struct TableSettings {
    /// The table.
    pub table: String,
    /// How it is changed.
    pub mode: ModeName,
    /// What finds a row.
    pub keys: Vec<ColumnPair>,
}

/// Reads the settings of a table of the database that stands under `key`.
///
/// # Errors
/// No table; a mode without its keys, keys without their mode, settings of other kinds.
pub(in super::super) fn table_settings(table: &SinkTable, key: &'static str) -> Result<TableSettings, RefusedSetting> {
    let Some(name) = table.table.clone() else {
        let mend = "add table = \"…\"";
        return Err(RefusedSetting::new(
            key,
            if key == "sqlite" { "a SQLite sink needs 'table'" } else { "a database's sink needs 'table'" },
            "which table?",
            mend,
        ));
    };
    refuse(&[("metadata", !table.metadata.is_empty())], "only an index has it; name columns in 'columns'")?;
    let mode = table.mode.unwrap_or_default();
    let keys = table.keys.as_ref().map(ColumnNames::pairs).unwrap_or_default();
    let needs_keys = matches!(mode, ModeName::Upsert | ModeName::Update);
    if needs_keys && keys.is_empty() {
        let mend = "add keys = [\"id\"]";
        return Err(RefusedSetting::new("mode", "this mode needs 'keys'", "rows are matched by keys", mend));
    }
    if mode == ModeName::Append {
        refuse(&[("keys", !keys.is_empty())], "only replace, upsert and update have keys")?;
    }
    if mode != ModeName::Upsert {
        refuse(&[("insert_only", !table.insert_only.is_empty())], "only upsert adds rows beside those it changes")?;
    }
    Ok(TableSettings { table: name, mode, keys })
}

/// Refuses the first of `keys` that is given.
pub(in super::super) fn refuse(keys: &[(&'static str, bool)], because: &str) -> Result<(), RefusedSetting> {
    match keys.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((key, _)) => Err(RefusedSetting::new(key, format!("'{key}' means nothing here"), because, "take it out")),
    }
}

/// A time to wait.
///
/// # Errors
/// When it is negative or endless.
pub fn seconds(key: &'static str, seconds: Option<f64>) -> Result<Duration, RefusedSetting> {
    Duration::try_from_secs_f64(seconds.unwrap_or(30.0)).map_err(|_| {
        RefusedSetting::new(key, "a time to wait cannot be negative or endless", "in seconds", "for example 30")
    })
}

/// The definitions in a file.
///
/// # Errors
/// When the file cannot be read, or SQLite refuses a statement.
pub fn definitions_in(path: &Path) -> Result<Definitions, RefusedSetting> {
    let refused = |problem: String, mend: &str| {
        RefusedSetting::new("definitions", format!("{}: {problem}", path.display()), "cannot be used", mend)
    };
    let text = fs::read_to_string(path)
        .map_err(|error| refused(error.to_string(), "name a file of CREATE TABLE statements"))?;
    Definitions::new(text).map_err(|error| refused(error.to_string(), "try the file in the sqlite3 shell"))
}
