//! Tests of reading SQLite: types, rejected rows, refusals.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use polars::prelude::{DataFrame, DataType, IntoLazy};
use tempfile::TempDir;

use super::*;
use crate::{
    io::{Moments, ReadWatch, SourceRows, SourceSpec, Spill, checkpoint_file},
    operator::{ColumnKind, Silent},
};

const PATIENCE: Duration = Duration::from_millis(50);

fn database(sql: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    (folder, path)
}

fn source(path: &Path, read: SqliteRead) -> SourceSpec {
    SourceSpec::Sqlite(SqliteSource { path: path.to_owned(), read, busy_timeout: PATIENCE, definitions: None })
}

fn collect(source: &SourceSpec) -> Result<(DataFrame, DataFrame), IoError> {
    let read = source.read(&ReadWatch { progress: &Silent, cancelled: &AtomicBool::new(false) })?;
    Ok((read.frame.collect().unwrap(), read.rejected))
}

fn table(path: &Path, name: &str) -> SourceSpec {
    source(path, SqliteRead::Table(name.to_owned()))
}

fn query(path: &Path, sql: &str) -> SourceSpec {
    source(path, SqliteRead::Query(sql.to_owned()))
}

fn refusal(source: &SourceSpec) -> String {
    collect(source).err().unwrap().to_string()
}

#[test]
fn declared_types_are_taken_at_their_word_and_others_are_observed() {
    let (_folder, path) = database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, price REAL, title VARCHAR(20), ok BOOLEAN, at DATETIME, x);
         INSERT INTO t VALUES (2, 3, 'a', 1, '2026-01-01', NULL), (1, 2.5, NULL, 0, NULL, NULL);",
    );
    let kinds: Vec<_> = table(&path, "T").schema().unwrap().iter().map(|column| column.kind).collect();
    use ColumnKind::{Any, Float, Int, Text};
    assert_eq!(kinds, [Int, Float, Text, Any, Any, Any]);
    let (frame, rejected) = collect(&table(&path, "t")).unwrap();
    use DataType::{Float64, Int64, String};
    assert_eq!(frame.dtypes(), [Int64, Float64, String, Int64, String, String]);
    assert_eq!(frame.column("id").unwrap().i64().unwrap().get(0), Some(1));
    assert_eq!(rejected.height(), 0);
    let (frame, _) = collect(&query(&path, "SELECT count(*) AS n, avg(price) AS mean FROM t")).unwrap();
    assert_eq!(frame.dtypes(), [Int64, Float64]);
}

#[test]
fn values_of_another_class_reject_their_rows_with_the_reason() {
    let (_folder, path) = database(
        "CREATE TABLE t (id INTEGER, price REAL, title TEXT);
         INSERT INTO t VALUES (1, 1.0, 'good'), (1.5, 1.0, 'a'), (2, 'dear', 'b'), (3, 1.0, x'00'),
                              (4, 1.0, CAST(x'ff61' AS TEXT)), (5, 9e999, 'infinite');",
    );
    let (frame, rejected) = collect(&table(&path, "t")).unwrap();
    assert_eq!((frame.height(), rejected.height()), (2, 4));
    let reasons: Vec<_> =
        rejected.column("reason").unwrap().str().unwrap().iter().flatten().map(String::from).collect();
    assert!(reasons[0].contains("fraction") && reasons[1].contains("text in a float"), "{reasons:?}");
    assert!(reasons[2].contains("blob") && reasons[3].contains("UTF-8"), "{reasons:?}");
    let rows: Vec<_> = rejected.column("row").unwrap().i64().unwrap().iter().flatten().collect();
    assert_eq!(rows, [2, 3, 4, 5]);
}

#[test]
fn what_cannot_be_read_is_a_clear_error() {
    let (folder, path) = database("CREATE TABLE products (id INTEGER)");
    assert!(refusal(&table(&path, "product")).contains("did you mean 'products'?"));
    assert!(refusal(&query(&path, "DELETE FROM products RETURNING id")).contains("no SELECT"));
    assert!(refusal(&query(&path, "SELECT nme FROM products")).contains("no such column: nme"));
    assert!(refusal(&query(&path, "SELECT id, id FROM products")).contains("'id' twice"));
    let missing = folder.path().join("none.db");
    assert!(refusal(&table(&missing, "t")).contains("none.db: no such file"));
    assert!(!missing.exists());
    let other = folder.path().join("text.db");
    fs::write(&other, "this is no database, but it is long enough to be looked at as one").unwrap();
    assert!(refusal(&table(&other, "t")).contains("not a database"));
}

#[test]
fn a_database_locked_by_a_writer_is_waited_for_and_then_a_clear_error() {
    let (_folder, path) = database("CREATE TABLE t (id INTEGER)");
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(refusal(&table(&path, "t")).contains("locked by another process for longer than 0.05 s"));
}

#[test]
fn the_state_changes_with_every_transaction_and_not_by_reading() {
    for mode in ["DELETE", "WAL"] {
        let (_folder, path) = database(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (id INTEGER);"));
        let source = table(&path, "t");
        let first = source.state().unwrap();
        collect(&source).unwrap();
        assert_eq!(source.state().unwrap(), first, "{mode}");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        assert_ne!(source.state().unwrap(), first, "{mode}");
        assert_eq!(collect(&source).unwrap().0.height(), 1, "{mode}");
    }
}

/// Reads with a file to spill to; gives the bytes of the checkpoint's file either way, whether it was spilled to, and
/// how many rows were rejected.
fn spilled(source: &SourceSpec) -> (Vec<u8>, bool, usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    let watch = ReadWatch { progress: &Silent, cancelled: &AtomicBool::new(false) };
    let (rows, rejected) =
        source.read_or_spill(Spill { path: &path, footer: &[] }, &watch, &Moments::default()).unwrap();
    let is_spilled = match rows {
        SourceRows::Spilled { rows } => checkpoint_file::count_rows(&path).unwrap() == rows,
        SourceRows::Held(frame) => {
            checkpoint_file::write_parquet(&path, *frame, &[]).unwrap();
            false
        }
    };
    (fs::read(&path).unwrap(), is_spilled, rejected.height())
}

fn held(source: &SourceSpec) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    checkpoint_file::write_parquet(&path, collect(source).unwrap().0.lazy(), &[]).unwrap();
    fs::read(&path).unwrap()
}

/// 300,000 rows, of which some have text for the number.
fn many() -> (TempDir, PathBuf) {
    database(
        "CREATE TABLE many (id INTEGER PRIMARY KEY, n INTEGER, name TEXT, any);
         WITH RECURSIVE s (value) AS (VALUES (1) UNION ALL SELECT value + 1 FROM s WHERE value < 300000)
         INSERT INTO many SELECT value, CASE value % 1000 WHEN 7 THEN 'seven' ELSE value * 3 END, 'name ' || value % 977,
         CASE WHEN value > 200000 THEN 0.5 ELSE value END FROM s",
    )
}

#[test]
fn many_rows_go_to_the_file_while_they_are_read_and_are_the_same_bytes_as_when_held() {
    let (_folder, path) = many();
    let source = query(&path, "SELECT id, n, name, id * 2 AS twice FROM many ORDER BY id");
    let (bytes, is_spilled, rejected) = spilled(&source);
    assert!(is_spilled && rejected == 300);
    assert!(bytes == held(&source));
    let few = query(&path, "SELECT id, n, name FROM many WHERE id < 1000");
    let (bytes, is_spilled, rejected) = spilled(&few);
    assert!(!is_spilled && rejected == 1);
    assert!(bytes == held(&few));
}

#[test]
fn a_column_whose_type_only_late_rows_tell_is_read_as_if_all_were_known_from_the_start() {
    let (_folder, path) = many();
    let source = query(&path, "SELECT id, any FROM many ORDER BY id");
    let (bytes, is_spilled, _) = spilled(&source);
    assert!(!is_spilled);
    assert!(bytes == held(&source));
}
