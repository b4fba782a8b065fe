//! The tables of a journal. Those that a search index in a file has too are named and read alike.

pub(crate) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS index_settings (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT OR IGNORE INTO index_settings VALUES ('journal', 1);
CREATE TABLE IF NOT EXISTS field_layouts (layout INTEGER PRIMARY KEY, fields TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS products (
  namespace TEXT NOT NULL, id TEXT NOT NULL, content_hash TEXT NOT NULL, index_hash TEXT NOT NULL,
  text_hash TEXT NOT NULL, digest_a INTEGER NOT NULL, digest_b INTEGER NOT NULL, hash_version INTEGER NOT NULL,
  layout INTEGER NOT NULL, digests BLOB NOT NULL, PRIMARY KEY (namespace, id)) WITHOUT ROWID;
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
CREATE TABLE IF NOT EXISTS batches (number INTEGER PRIMARY KEY, run_id TEXT NOT NULL, namespace TEXT NOT NULL,
  phase TEXT NOT NULL CHECK (phase IN ('planned', 'applied', 'verified', 'undoing', 'rolled_back')));
CREATE TABLE IF NOT EXISTS batch_items (batch INTEGER NOT NULL, place INTEGER NOT NULL, id TEXT NOT NULL,
  stamp TEXT, before TEXT, after TEXT, images TEXT NOT NULL, PRIMARY KEY (batch, place)) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS state AS
  SELECT namespace, id, digest_a, digest_b, hash_version, content_hash, index_hash, text_hash, fields,
    hex(digests) AS digests
  FROM products JOIN field_layouts USING (layout);
CREATE VIEW IF NOT EXISTS state_since AS
  SELECT namespace, id, 0 AS deleted, digest_a, digest_b, hash_version, content_hash, index_hash, text_hash, fields,
    hex(digests) AS digests
  FROM products JOIN field_layouts USING (layout);
";

/// Of so many runs the images of what was there are kept.
pub(crate) const KEPT_RUNS: i64 = 10;
