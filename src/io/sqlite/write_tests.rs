//! Tests of SQLite sinks: modes, the ledger, checks, refusals.

use std::{cell::RefCell, fs, path::PathBuf, sync::atomic::AtomicBool};

use polars::prelude::{DataFrame, DataType, IntoLazy, TimeUnit, df};
use tempfile::TempDir;

use super::{
    apply::{SqliteApplied, SqliteWrite, apply_sqlite},
    ledger::ledger_holds,
    sink::{SinkMode, SqliteSink},
    *,
};
use crate::{
    io::{Applying, FileState, ReadWatch},
    operator::{Column, ColumnKind, PortSchema, Silent},
};

const PATIENCE: Duration = Duration::from_millis(50);

fn database(sql: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    (folder, path)
}

fn pairs(names: &[(&str, &str)]) -> Vec<ColumnPair> {
    let pair = |(table, dataset): &(&str, &str)| ColumnPair { table: (*table).into(), dataset: (*dataset).into() };
    names.iter().map(pair).collect()
}

fn sink(mode: SinkMode, keys: &[(&str, &str)]) -> SqliteSink {
    SqliteSink {
        table: "t".into(),
        mode,
        keys: pairs(keys),
        columns: None,
        add_columns: false,
        definitions: None,
        insert_only: Vec::new(),
    }
}

fn apply(path: &Path, sink: &SqliteSink, batch: &str, frame: &DataFrame) -> Result<SqliteApplied, IoError> {
    let write = SqliteWrite { sink, owner: "p.s", batch, run_id: "r", frame: frame.clone().lazy(), again: false };
    let watch = ReadWatch { progress: &Silent, cancelled: &AtomicBool::new(false) };
    apply_sqlite(path, &[write], PATIENCE, &applying(&|_| (), &watch))
}

fn applying<'a>(fail: &'a dyn Fn(&str), watch: &'a ReadWatch<'a>) -> Applying<'a> {
    Applying { ready: &|| Ok(()), fail, watch }
}

fn rows(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let width = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let value = |place| match row.get_ref(place).unwrap() {
            rusqlite::types::ValueRef::Null => "-".to_owned(),
            rusqlite::types::ValueRef::Integer(value) => value.to_string(),
            rusqlite::types::ValueRef::Real(value) => format!("{value:?}"),
            other => other.as_str().unwrap().to_owned(),
        };
        Ok((0..width).map(value).collect::<Vec<_>>().join("|"))
    };
    statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

fn schema(columns: &[(&str, ColumnKind)]) -> PortSchema {
    columns.iter().map(|(name, kind)| Column::new(name, *kind)).collect()
}

#[test]
fn a_missing_database_and_table_are_made_from_the_dataset() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/x.db");
    let at = df!("at" => [1_500_000_i64])
        .unwrap()
        .column("at")
        .unwrap()
        .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
        .unwrap();
    let day = df!("day" => [1_i32]).unwrap().column("day").unwrap().cast(&DataType::Date).unwrap();
    let mut frame = df!("id" => [7_i64], "x" => [f64::NAN], "ok" => [true], "name" => ["n"]).unwrap();
    frame.with_column(at).unwrap();
    frame.with_column(day).unwrap();
    let applied = apply(&path, &sink(SinkMode::Upsert, &[("id", "id")]), "b", &frame).unwrap();
    assert_eq!(applied.rows, [Some(1)]);
    assert_eq!(rows(&path, "SELECT * FROM t"), ["7|-|1|n|1970-01-01T00:00:01.5Z|1970-01-02"]);
    let sql = rows(&path, "SELECT name, type, pk FROM pragma_table_info('t')");
    assert_eq!(sql, ["id|INTEGER|1", "x|REAL|0", "ok|INTEGER|0", "name|TEXT|0", "at|TEXT|0", "day|TEXT|0"]);
}

#[test]
fn each_mode_changes_the_table_as_it_says() {
    let frame = df!("id" => [3_i64, 1], "v" => ["three", "one"]).unwrap();
    let key = [("id", "id")];
    for (mode, keys, expected, unmatched) in [
        (SinkMode::Replace, &key[..0], vec!["1|one", "3|three"], 0),
        (SinkMode::Append, &key[..0], vec![], 0),
        (SinkMode::Upsert, &key[..], vec!["1|one", "2|b", "3|three"], 0),
        (SinkMode::Update, &key[..], vec!["1|one", "2|b"], 1),
    ] {
        let (_folder, path) =
            database("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b')");
        let applied = apply(&path, &sink(mode, keys), "b", &frame);
        if mode == SinkMode::Append {
            let error = applied.unwrap_err().to_string();
            assert!(error.contains("row 2 is refused") && error.contains("UNIQUE"), "{error}");
            assert_eq!(rows(&path, "SELECT * FROM t"), ["1|a", "2|b"]);
            continue;
        }
        assert_eq!(applied.unwrap().unmatched, [unmatched], "{mode:?}");
        assert_eq!(rows(&path, "SELECT * FROM t ORDER BY id"), expected, "{mode:?}");
    }
}

#[test]
fn an_update_by_columns_without_an_index_gives_the_same_as_with_one() {
    let mut results = Vec::new();
    for index in ["", "CREATE INDEX i ON t (url)"] {
        let (_folder, path) = database(&format!(
            "CREATE TABLE t (url TEXT, shop INT, v REAL, w TEXT); {index};
             INSERT INTO t VALUES ('a', 1, 1, 'x'), ('a', 2, 1, 'x'), ('b', 1, NULL, 'x'), ('a', 1, 5, 'x');"
        ));
        let frame =
            df!("u" => ["a", "b", "c", "a"], "s" => [1_i64, 1, 1, 1], "v" => [Some(9.0), None, Some(1.0), Some(2.0)])
                .unwrap();
        let applied = apply(&path, &sink(SinkMode::Update, &[("url", "u"), ("shop", "s")]), "b", &frame).unwrap();
        assert_eq!((applied.rows, applied.unmatched), (vec![Some(4)], vec![1]));
        results.push(rows(&path, "SELECT * FROM t ORDER BY rowid"));
    }
    assert_eq!(results[0], ["a|1|2.0|x", "a|2|1.0|x", "b|1|-|x", "a|1|2.0|x"]);
    assert_eq!(results[0], results[1]);
}

#[test]
fn a_batch_is_applied_once_and_an_older_one_may_come_again() {
    let (_folder, path) = database("CREATE TABLE t (id INTEGER)");
    let frame = df!("id" => [1_i64]).unwrap();
    let append = sink(SinkMode::Append, &[]);
    assert_eq!(apply(&path, &append, "1", &frame).unwrap().rows, [Some(1)]);
    assert_eq!(apply(&path, &append, "2", &frame).unwrap().rows, [Some(1)]);
    assert_eq!(apply(&path, &append, "1", &frame).unwrap().rows, [None]);
    assert_eq!(rows(&path, "SELECT count(*) FROM t"), ["2"]);
    assert!(ledger_holds(&path, &append, "p.s", "1").unwrap());
    let replace = sink(SinkMode::Replace, &[]);
    for (batch, expected) in [("3", Some(1)), ("3", None), ("4", Some(1)), ("3", Some(1))] {
        assert_eq!(apply(&path, &replace, batch, &frame).unwrap().rows, [expected]);
    }
    assert!(!ledger_holds(&path, &replace, "p.s", "4").unwrap());
    assert!(!ledger_holds(Path::new("/nowhere/x.db"), &replace, "p.s", "4").unwrap());
}

#[test]
fn a_failure_before_the_commit_changes_nothing() {
    let (_folder, path) = database("CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1)");
    let names = RefCell::new(Vec::new());
    let cancelled = AtomicBool::new(false);
    let sink = sink(SinkMode::Replace, &[]);
    let frame = df!("id" => [2_i64]).unwrap().lazy();
    let write = SqliteWrite { sink: &sink, owner: "o", batch: "b", run_id: "r", frame, again: false };
    let fail = |name: &str| {
        names.borrow_mut().push(name.to_owned());
        cancelled.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let watch = ReadWatch { progress: &Silent, cancelled: &cancelled };
    assert!(matches!(apply_sqlite(&path, &[write], PATIENCE, &applying(&fail, &watch)), Err(IoError::Interrupted)));
    assert_eq!(names.into_inner(), ["sqlite-begun", "sqlite-batch"]);
    assert_eq!(rows(&path, "SELECT * FROM t"), ["1"]);
    assert!(!ledger_holds(&path, &sink, "o", "b").unwrap());
}

#[test]
fn an_upsert_leaves_the_columns_alone_that_it_writes_only_once() {
    let (_folder, path) = database("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, status TEXT)");
    let once = SqliteSink { insert_only: vec!["Status".into()], ..sink(SinkMode::Upsert, &[("id", "id")]) };
    apply(&path, &once, "a", &df!("id" => [1_i64], "n" => [1_i64], "status" => ["new"]).unwrap()).unwrap();
    Connection::open(&path).unwrap().execute_batch("UPDATE t SET status = 'done'").unwrap();
    let rows_now = df!("id" => [1_i64, 2], "n" => [5_i64, 6], "status" => ["new", "new"]).unwrap();
    apply(&path, &once, "b", &rows_now).unwrap();
    assert_eq!(rows(&path, "SELECT id || n || status FROM t ORDER BY id"), ["15done", "26new"]);
    let unknown = SqliteSink { insert_only: vec!["stat".into()], ..sink(SinkMode::Upsert, &[("id", "id")]) };
    let error = apply(&path, &unknown, "c", &rows_now).unwrap_err().to_string();
    assert!(error.contains("insert_only names the column 'stat'") && error.contains("status"), "{error}");
}

#[test]
fn the_journal_mode_stays_and_the_state_is_the_one_found_later() {
    for mode in ["delete", "wal"] {
        let (_folder, path) = database(&format!("PRAGMA journal_mode = {mode}; CREATE TABLE t (id INTEGER);"));
        let applied = apply(&path, &sink(SinkMode::Append, &[]), "b", &df!("id" => [1_i64]).unwrap()).unwrap();
        assert!(applied.undisturbed, "{mode}");
        assert_ne!(applied.before, applied.after);
        assert_eq!(FileState::of_sqlite(&path).unwrap(), applied.after, "{mode}");
        assert_eq!(rows(&path, "PRAGMA journal_mode"), [mode]);
    }
}

#[test]
fn another_writer_is_noticed() {
    let (_folder, path) = database("CREATE TABLE t (id INTEGER)");
    let sink = sink(SinkMode::Append, &[]);
    let frame = df!("id" => [1_i64]).unwrap().lazy();
    let write = SqliteWrite { sink: &sink, owner: "o", batch: "b", run_id: "r", frame, again: false };
    let fail = |name: &str| {
        if name == "sqlite-after-commit" {
            Connection::open(&path).unwrap().execute_batch("INSERT INTO t VALUES (5)").unwrap();
        }
    };
    let watch = ReadWatch { progress: &Silent, cancelled: &AtomicBool::new(false) };
    assert!(!apply_sqlite(&path, &[write], PATIENCE, &applying(&fail, &watch)).unwrap().undisturbed);
}

#[test]
fn a_locked_database_is_waited_for_and_then_a_clear_error() {
    let (_folder, path) = database("CREATE TABLE t (id INTEGER)");
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error =
        apply(&path, &sink(SinkMode::Append, &[]), "b", &df!("id" => [1_i64]).unwrap()).unwrap_err().to_string();
    assert!(error.contains("locked by another process"), "{error}");
}

#[test]
fn checks_name_what_is_wrong_and_the_mend() {
    let (_folder, path) = database(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, title TEXT, must TEXT NOT NULL, twice AS (id * 2)); CREATE VIEW w AS SELECT 1;",
    );
    let dataset = schema(&[("id", ColumnKind::Int), ("titel", ColumnKind::Text), ("new", ColumnKind::Float)]);
    let key = [("id", "id")];
    let check = |sink: SqliteSink| sink.check(&path, &dataset, PATIENCE).map_err(|error| error.to_string());
    let says = |sink: SqliteSink, words: &[&str]| {
        let text = check(sink).unwrap_err();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    };
    says(sink(SinkMode::Update, &key), &["columns 'titel', 'new'", "add_columns = true", "did you mean 'title'?"]);
    says(sink(SinkMode::Update, &[]), &["'update' needs keys"]);
    says(sink(SinkMode::Append, &key), &["'append' has no use for keys"]);
    says(
        SqliteSink { columns: Some(pairs(&[("title", "title")])), ..sink(SinkMode::Update, &key) },
        &["the dataset has no column 'title'", "did you mean 'titel'?"],
    );
    says(
        SqliteSink { columns: Some(pairs(&[("title", "titel")])), ..sink(SinkMode::Upsert, &key) },
        &["'must' must not be null"],
    );
    says(
        SqliteSink { columns: Some(pairs(&[("must", "titel")])), ..sink(SinkMode::Upsert, &[("title", "titel")]) },
        &["no primary key or unique index has just the key column title"],
    );
    says(
        SqliteSink { columns: Some(pairs(&[("twice", "id")])), ..sink(SinkMode::Update, &[("id", "id")]) },
        &["'twice' is generated"],
    );
    says(SqliteSink { table: "w".into(), ..sink(SinkMode::Replace, &[]) }, &["a view"]);
    says(SqliteSink { table: "none".into(), ..sink(SinkMode::Update, &key) }, &["no such table"]);
    assert_eq!(check(SqliteSink { add_columns: true, ..sink(SinkMode::Update, &key) }), Ok(()));
    assert_eq!(check(SqliteSink { table: "fresh".into(), ..sink(SinkMode::Upsert, &key) }), Ok(()));
    assert!(rows(&path, "SELECT name FROM sqlite_schema WHERE name = 'fresh'").is_empty());
}

#[test]
fn columns_are_added_when_asked_for() {
    let (_folder, path) = database("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
    let sink = SqliteSink { add_columns: true, ..sink(SinkMode::Update, &[("id", "id")]) };
    apply(&path, &sink, "b", &df!("id" => [1_i64], "x" => [0.5]).unwrap()).unwrap();
    assert_eq!(rows(&path, "SELECT * FROM t"), ["1|0.5"]);
}

#[test]
fn a_null_key_is_refused_by_upsert() {
    let (_folder, path) = database("CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT)");
    let frame = df!("id" => [Some("a"), None], "v" => ["x", "y"]).unwrap();
    let error = apply(&path, &sink(SinkMode::Upsert, &[("id", "id")]), "b", &frame).unwrap_err().to_string();
    assert!(error.contains("a row's key is null"), "{error}");
    assert!(rows(&path, "SELECT * FROM t").is_empty());
}

#[test]
fn a_read_only_database_is_refused_before_any_work() {
    let (_folder, path) = database("CREATE TABLE t (id INTEGER)");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    if fs::OpenOptions::new().append(true).open(&path).is_ok() {
        eprintln!("skipped: this user may write read-only files");
        return;
    }
    let dataset = schema(&[("id", ColumnKind::Int)]);
    let error = sink(SinkMode::Append, &[]).check(&path, &dataset, PATIENCE).unwrap_err().to_string();
    assert!(error.contains("cannot be written"), "{error}");
}

#[test]
fn a_replace_is_repeated_when_asked_and_an_append_never() {
    let (_folder, path) = database("CREATE TABLE t (id INTEGER)");
    let frame = df!("id" => [1i64, 2]).unwrap();
    for (mode, expected) in [(SinkMode::Append, None), (SinkMode::Replace, Some(2))] {
        let sink = sink(mode, &[]);
        apply(&path, &sink, "b", &frame).unwrap();
        let write = SqliteWrite {
            sink: &sink,
            owner: "p.s",
            batch: "b",
            run_id: "r",
            frame: frame.clone().lazy(),
            again: true,
        };
        let watch = ReadWatch { progress: &Silent, cancelled: &AtomicBool::new(false) };
        let applied = apply_sqlite(&path, &[write], PATIENCE, &applying(&|_| (), &watch)).unwrap();
        assert_eq!(applied.rows, [expected]);
        Connection::open(&path).unwrap().execute("DELETE FROM _nightloom_ledger", []).unwrap();
    }
}

#[test]
fn a_replaced_table_keeps_those_that_refer_to_it() {
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b');
        CREATE TABLE c (t INTEGER REFERENCES t ON DELETE CASCADE); INSERT INTO c VALUES (1), (2);
        CREATE TABLE n (t INTEGER REFERENCES t ON DELETE SET NULL); INSERT INTO n VALUES (1), (NULL);
        CREATE TABLE p (t INTEGER REFERENCES t); INSERT INTO p VALUES (2);
        PRAGMA foreign_keys = OFF; CREATE TABLE other (x INTEGER REFERENCES nowhere (y)); INSERT INTO other VALUES (7);";
    let others = "SELECT 'c', t FROM c UNION ALL SELECT 'n', t FROM n UNION ALL SELECT 'p', t FROM p";
    for (mode, key) in [(SinkMode::Replace, &[][..]), (SinkMode::Upsert, &[("id", "id")])] {
        let (_folder, path) = database(schema);
        let frame = df!("id" => [1_i64, 2, 3], "v" => ["A", "B", "C"]).unwrap();
        apply(&path, &sink(mode, key), "b", &frame).unwrap();
        assert_eq!(rows(&path, "SELECT * FROM t ORDER BY id"), ["1|A", "2|B", "3|C"]);
        assert_eq!(rows(&path, others), ["c|1", "c|2", "n|1", "n|-", "p|2"]);
    }
    let (_folder, path) = database(schema);
    let error = apply(&path, &sink(SinkMode::Replace, &[]), "b", &df!("id" => [2_i64], "v" => ["B"]).unwrap());
    let error = error.unwrap_err().to_string();
    for words in ["table 'c': 1 row would refer to no row of 't'", "rowid 1", "keep the rows of 't'"] {
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(rows(&path, "SELECT * FROM t"), ["1|a", "2|b"]);
    assert_eq!(rows(&path, others).len(), 5);
}

#[test]
fn rows_that_refer_to_nothing_are_refused_but_those_that_did_before_may_stay() {
    let (_folder, path) = database(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);
         CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p); PRAGMA foreign_keys = OFF;
         INSERT INTO t VALUES (1, 9);",
    );
    let upsert = sink(SinkMode::Upsert, &[("id", "id")]);
    apply(&path, &upsert, "b", &df!("id" => [2_i64], "p" => [1_i64]).unwrap()).unwrap();
    let error =
        apply(&path, &upsert, "c", &df!("id" => [3_i64, 4], "p" => [8_i64, 8]).unwrap()).unwrap_err().to_string();
    assert!(error.contains("2 rows would refer to no row of 'p'"), "{error}");
    assert_eq!(rows(&path, "SELECT * FROM t"), ["1|9", "2|1"]);
}

#[test]
fn a_table_that_was_dropped_or_emptied_is_written_again() {
    let frame = df!("id" => [1_i64], "v" => ["a"]).unwrap();
    let key = [("id", "id")];
    for (mode, keys, when_emptied) in [
        (SinkMode::Replace, &key[..0], Some(1)),
        (SinkMode::Append, &key[..0], None),
        (SinkMode::Upsert, &key[..], Some(1)),
    ] {
        let (_folder, path) = database("CREATE TABLE x (y)");
        let sink = sink(mode, keys);
        let is_held = || ledger_holds(&path, &sink, "p.s", "b").unwrap();
        assert!(!is_held());
        apply(&path, &sink, "b", &frame).unwrap();
        assert!(is_held());
        assert_eq!(apply(&path, &sink, "b", &frame).unwrap().rows, [None]);
        Connection::open(&path).unwrap().execute_batch("DROP TABLE t").unwrap();
        assert!(!is_held(), "{mode:?}");
        assert_eq!(apply(&path, &sink, "b", &frame).unwrap().rows, [Some(1)], "{mode:?}");
        Connection::open(&path).unwrap().execute_batch("DELETE FROM t").unwrap();
        assert_eq!(is_held(), when_emptied.is_none(), "{mode:?}");
        assert_eq!(apply(&path, &sink, "b", &frame).unwrap().rows, [when_emptied], "{mode:?}");
    }
}

#[test]
fn rows_that_triggers_and_constraints_leave_out_are_counted() {
    let frame = df!("id" => [1_i64, 2, 3, 4], "v" => ["a", "b", "b", "no"]).unwrap();
    let (plain, key) = (&[][..], &[("id", "id")][..]);
    let before = |event: &str| {
        format!("CREATE TRIGGER g BEFORE {event} ON t WHEN NEW.v = 'no' BEGIN SELECT RAISE(IGNORE); END;")
    };
    let after = "CREATE TRIGGER g AFTER INSERT ON t WHEN NEW.v = 'no' BEGIN DELETE FROM t WHERE id = NEW.id; END;";
    for (definition, trigger, mode, keys, expected) in [
        ("id INTEGER, v TEXT", before("INSERT"), SinkMode::Replace, plain, 1),
        ("id INTEGER, v TEXT", before("INSERT"), SinkMode::Append, plain, 1),
        ("id INTEGER, v TEXT", after.to_owned(), SinkMode::Append, plain, 1),
        ("id INTEGER, v TEXT UNIQUE ON CONFLICT IGNORE", String::new(), SinkMode::Replace, plain, 1),
        ("id INTEGER, v TEXT UNIQUE ON CONFLICT REPLACE", String::new(), SinkMode::Append, plain, 1),
        ("id INTEGER PRIMARY KEY, v TEXT", before("INSERT"), SinkMode::Upsert, key, 1),
        ("id INTEGER PRIMARY KEY, v TEXT", after.to_owned(), SinkMode::Upsert, key, 1),
        ("id INTEGER PRIMARY KEY, v TEXT", before("UPDATE"), SinkMode::Update, key, 1),
        ("id INTEGER, v TEXT", before("UPDATE"), SinkMode::Update, key, 1),
        ("id INTEGER PRIMARY KEY, v TEXT", String::new(), SinkMode::Upsert, key, 0),
    ] {
        let rows = if mode == SinkMode::Update { "INSERT INTO t VALUES (1, ''), (2, 'b'), (4, '');" } else { "" };
        let (_folder, path) = database(&format!("CREATE TABLE t ({definition}); {rows} {trigger}"));
        for batch in ["b", "c"] {
            let applied = apply(&path, &sink(mode, keys), batch, &frame).unwrap();
            let appended_before = mode == SinkMode::Append && batch == "c";
            if !(appended_before && definition.contains("CONFLICT")) {
                assert_eq!(applied.left_out, [expected], "{definition} {trigger} {mode:?} {batch}");
            }
            assert_eq!(applied.unmatched, [u64::from(mode == SinkMode::Update)], "{definition} {mode:?}");
        }
    }
}

#[test]
fn rows_that_a_trigger_changes_elsewhere_are_counted() {
    let (_folder, path) = database(
        "CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (7), (8); CREATE TABLE c (t); INSERT INTO c VALUES (7), (8), (9);
         CREATE TRIGGER g AFTER DELETE ON t BEGIN DELETE FROM c WHERE t = OLD.id; END;",
    );
    let applied = apply(&path, &sink(SinkMode::Replace, &[]), "b", &df!("id" => [7_i64]).unwrap()).unwrap();
    assert_eq!((applied.by_triggers, applied.left_out), (vec![2], vec![0]));
    assert_eq!(rows(&path, "SELECT * FROM c"), ["9"]);
}

#[test]
fn what_sqlite_would_refuse_at_the_commit_is_refused_before() {
    let columns = schema(&[("id", ColumnKind::Int), ("v", ColumnKind::Text), ("x", ColumnKind::Float)]);
    let strict = "CREATE TABLE t (id INTEGER, v TEXT, x REAL, i INT, b BLOB, a ANY) STRICT";
    let check = |sql: &str, change: &dyn Fn(&mut SqliteSink)| {
        let (_folder, path) = database(sql);
        let mut sink = sink(SinkMode::Append, &[]);
        change(&mut sink);
        sink.check(&path, &columns, PATIENCE).map_err(|error| error.to_string())
    };
    let only = |pairs_of: &'static [(&'static str, &'static str)]| {
        move |sink: &mut SqliteSink| sink.columns = Some(pairs(pairs_of))
    };
    let named = |name: &'static str| move |sink: &mut SqliteSink| sink.table = name.to_owned();
    for fine in [&[("id", "id"), ("v", "v"), ("x", "x")][..], &[("v", "id"), ("x", "id"), ("a", "v")], &[("v", "x")]] {
        check(strict, &|sink| sink.columns = Some(pairs(fine))).unwrap();
    }
    for (sql, change, words) in [
        (
            strict,
            &only(&[("id", "v")]) as &dyn Fn(&mut SqliteSink),
            "its column 'id' is INTEGER, but the dataset's column 'v' is text",
        ),
        (strict, &only(&[("i", "x")]), "'i' is INT"),
        (strict, &only(&[("x", "v")]), "'x' is REAL"),
        (strict, &only(&[("b", "v")]), "'b' is BLOB"),
        ("CREATE TABLE t (x)", &named("sqlite_master"), "is SQLite's own"),
        ("CREATE TABLE t (x)", &named("SQLITE_sequence"), "is SQLite's own"),
        ("CREATE TABLE t (x)", &named("sqlite_mine"), "is SQLite's own"),
        ("CREATE TABLE t (x)", &named("_nightloom_ledger"), "is nightloom's own"),
        ("CREATE TABLE t (x)", &named("a\0b"), "has a NUL"),
        ("CREATE TABLE t (x)", &named(""), "is empty"),
        ("CREATE TABLE x (x)", &only(&[("a\0b", "v")]), "has a NUL"),
        (
            "CREATE TABLE t (id, v, x); CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO gone VALUES (NEW.id); END",
            &only(&[("id", "id")]),
            "no such table: main.gone",
        ),
        (
            "CREATE TABLE t (id, v, x); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT mine(NEW.id); END",
            &only(&[("id", "id")]),
            "no such function: mine",
        ),
    ] {
        let error = check(sql, change).unwrap_err();
        assert!(error.contains(words), "{words}: {error}");
    }
}
