//! The tables of an index.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::super::sqlite::quote;
use crate::operator::ColumnKind;

/// The version of the layout.
pub const VERSION: i64 = 1;

/// Slots that the vectors of a namespace come in: more read faster, and waste more for small namespaces.
const CHUNK: usize = 256;

/// The columns of a product that every index has.
pub const FIXED: [&str; 14] = [
    "key",
    "namespace",
    "id",
    "title",
    "text",
    "content_hash",
    "index_hash",
    "text_hash",
    "digest_a",
    "digest_b",
    "hash_version",
    "layout",
    "digests",
    "generation",
];

/// A typed column by which products are filtered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataColumn {
    /// Its name, in the dataset and in the index.
    pub name: String,
    /// Its type.
    pub kind: ColumnKind,
}

impl MetadataColumn {
    fn declared(&self) -> &'static str {
        match self.kind {
            ColumnKind::Int | ColumnKind::Bool => "INTEGER",
            ColumnKind::Float => "REAL",
            _ => "TEXT",
        }
    }
}

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS index_settings (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS field_layouts (layout INTEGER PRIMARY KEY, fields TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS products (
  key INTEGER PRIMARY KEY, namespace TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
  content_hash TEXT NOT NULL, index_hash TEXT NOT NULL, text_hash TEXT NOT NULL,
  digest_a INTEGER NOT NULL, digest_b INTEGER NOT NULL, hash_version INTEGER NOT NULL,
  layout INTEGER NOT NULL, digests BLOB NOT NULL, generation INTEGER NOT NULL,
  UNIQUE (namespace, id));
CREATE INDEX IF NOT EXISTS products_by_generation ON products (generation);
CREATE TABLE IF NOT EXISTS gone (namespace TEXT NOT NULL, id TEXT NOT NULL, generation INTEGER NOT NULL,
  PRIMARY KEY (namespace, id)) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(title, text, codes, scope, content='', contentless_delete=1,
  tokenize='unicode61 remove_diacritics 2');
CREATE TABLE IF NOT EXISTS title_words (word TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS failed_items (namespace TEXT NOT NULL, id TEXT NOT NULL, operation TEXT NOT NULL,
  attempts INTEGER NOT NULL, first_error_at INTEGER NOT NULL, next_retry_at INTEGER, last_error TEXT NOT NULL,
  owner TEXT NOT NULL, last_run TEXT NOT NULL,
  PRIMARY KEY (namespace, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sync_runs (number INTEGER PRIMARY KEY, run_id TEXT NOT NULL, owner TEXT NOT NULL,
  started_at INTEGER NOT NULL, milliseconds INTEGER NOT NULL, added INTEGER NOT NULL, updated INTEGER NOT NULL,
  deleted INTEGER NOT NULL, skipped INTEGER NOT NULL, failed INTEGER NOT NULL, deferred INTEGER NOT NULL,
  status TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _nightloom_ledger (owner TEXT NOT NULL, batch TEXT NOT NULL, run_id TEXT NOT NULL,
  mode TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (owner, batch)) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS state_since AS
  SELECT namespace, id, 0 AS deleted, digest_a, digest_b, hash_version, content_hash, index_hash, text_hash, fields,
    hex(digests) AS digests
  FROM products JOIN field_layouts USING (layout)
  WHERE generation > (SELECT value FROM index_settings WHERE name = 'snapshot')
  UNION ALL
  SELECT namespace, id, 1, 0, 0, 0, '', '', '', '', ''
  FROM gone WHERE generation > (SELECT value FROM index_settings WHERE name = 'snapshot');
CREATE VIEW IF NOT EXISTS state AS
  SELECT namespace, id, digest_a, digest_b, hash_version, content_hash, index_hash, text_hash, fields,
    hex(digests) AS digests
  FROM products JOIN field_layouts USING (layout);
";

/// Makes what is missing. The names of metadata columns are checked before.
pub fn create(connection: &Connection, metadata: &[MetadataColumn]) -> Result<()> {
    connection.execute_batch(TABLES)?;
    for (name, value) in [("version", VERSION), ("generation", 0), ("snapshot", 0)] {
        connection.execute("INSERT OR IGNORE INTO index_settings VALUES (?1, ?2)", params![name, value])?;
    }
    let there = columns(connection, "products")?;
    for column in metadata.iter().filter(|column| !there.iter().any(|name| name.eq_ignore_ascii_case(&column.name))) {
        let sql = format!("ALTER TABLE products ADD COLUMN {} {}", quote(&column.name), column.declared());
        connection.execute_batch(&sql)?;
    }
    let all = columns(connection, "products")?;
    let kept: Vec<String> = all.iter().map(|name| quote(name)).collect();
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS undo_images (run_id TEXT NOT NULL, number INTEGER NOT NULL, was_there INTEGER NOT NULL, \
         {}, vector, PRIMARY KEY (run_id, number)) WITHOUT ROWID",
        kept.join(", ")
    ))?;
    let there = columns(connection, "undo_images")?;
    for name in all.iter().filter(|name| !there.contains(name)) {
        connection.execute_batch(&format!("ALTER TABLE undo_images ADD COLUMN {}", quote(name)))?;
    }
    Ok(())
}

/// Makes the table of vectors, which have one length.
pub fn create_vectors(connection: &Connection, dimensions: usize) -> Result<()> {
    connection.execute_batch(&format!(
        "CREATE VIRTUAL TABLE vectors USING vec0(key INTEGER PRIMARY KEY, namespace TEXT PARTITION KEY, \
         vector FLOAT[{dimensions}], chunk_size={CHUNK})"
    ))?;
    set_setting(connection, "dimensions", i64::try_from(dimensions).unwrap_or_default())
}

/// The names of a table's columns.
pub fn columns(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

/// A number among the settings.
pub fn setting(connection: &Connection, name: &str) -> Result<Option<i64>> {
    let sql = "SELECT value FROM index_settings WHERE name = ?1";
    connection.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()
}

/// Sets a number among the settings.
pub fn set_setting(connection: &Connection, name: &str, value: i64) -> Result<()> {
    let sql = "INSERT INTO index_settings VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute(params![name, value]).map(drop)
}

/// Whether a database is an index.
pub fn is_index(connection: &Connection) -> Result<bool> {
    connection.prepare("SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND name = 'index_settings'")?.exists([])
}
