//! Tests of an index as a sink and of searching it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use polars::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    super::{
        IoError, ReadWatch,
        sinks::{Applied, Applying, ModeName, SettingPlaces, SinkTable, SinkTarget, SinkWrite, Writing},
    },
    extension::add_vectors,
    repair::Verified,
    *,
};
use crate::operator::Silent;

struct Nowhere;

impl SettingPlaces for Nowhere {
    fn path(&self, _: &str, written: &str) -> PathBuf {
        written.into()
    }
}

fn settings(metadata: &[&str]) -> SinkTable {
    let json = serde_json::json!({ "from": "operations", "index": "x", "metadata": metadata });
    serde_json::from_value(json).unwrap()
}

fn target(path: &Path) -> Arc<dyn SinkTarget> {
    open_sink(&settings(&["price", "available"]), &Nowhere, path.to_owned()).unwrap()
}

/// An operation: id, what is done, title, price, vector.
type Row<'a> = (&'a str, &'a str, &'a str, Option<f64>, Option<[f32; 2]>);

fn operations(rows: &[Row<'_>]) -> DataFrame {
    let column =
        |name: &str, of: &dyn Fn(&Row<'_>) -> String| Column::new(name.into(), rows.iter().map(of).collect::<Vec<_>>());
    let mut vectors =
        ListPrimitiveChunkedBuilder::<Float32Type>::new("vector".into(), rows.len(), 2, DataType::Float32);
    for row in rows {
        match row.4 {
            Some(vector) => vectors.append_slice(&vector),
            None => vectors.append_null(),
        }
    }
    let number = |name: &str| Column::new(name.into(), vec![1_i64; rows.len()]);
    let digests = rows.iter().map(|row| row.2.len() as i64).collect::<Vec<_>>();
    let columns = vec![
        column("namespace", &|_| "shop".to_owned()),
        column("id", &|row| row.0.to_owned()),
        column("operation", &|row| row.1.to_owned()),
        column("title", &|row| row.2.to_owned()),
        column("text", &|row| format!("about {}", row.2)),
        column("content_hash", &|row| row.2.to_owned()),
        column("index_hash", &|row| format!("{}{:?}", row.2, row.3)),
        column("text_hash", &|row| row.2.to_owned()),
        Column::new("digest_a".into(), digests),
        number("digest_b"),
        number("hash_version"),
        column("fields", &|_| "id\nname".to_owned()),
        column("digests", &|_| "0123456789abcdef".to_owned()).cast(&DataType::Binary).unwrap(),
        vectors.finish().into_column(),
        Column::new("price".into(), rows.iter().map(|row| row.3).collect::<Vec<_>>()),
        Column::new("available".into(), vec![true; rows.len()]),
    ];
    DataFrame::new(rows.len(), columns).unwrap()
}

fn apply_as(path: &Path, run_id: &str, frame: DataFrame, fail: &dyn Fn(&str)) -> Result<Applied, IoError> {
    let target = target(path);
    let Writing::Transaction(place) = target.writing() else { panic!("an index has transactions") };
    let write = SinkWrite {
        target: target.as_ref(),
        owner: "p.s",
        batch: run_id,
        run_id,
        frame: frame.lazy(),
        json: crate::operator::JsonStyle::Compact,
        again: false,
    };
    let never = AtomicBool::new(false);
    let watch = ReadWatch { progress: &Silent, cancelled: &never };
    place.apply(&[write], &Applying { ready: &|| Ok(()), fail, watch: &watch })
}

fn apply(path: &Path, run_id: &str, rows: &[Row<'_>]) -> SyncRun {
    apply_as(path, run_id, operations(rows), &|_| ()).unwrap();
    status(path, 1).unwrap().unwrap().runs.remove(0)
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.db");
    (folder, path)
}

fn counts(run: &SyncRun) -> [i64; 5] {
    [run.added, run.updated, run.deleted, run.skipped, run.failed]
}

fn ids(path: &Path, search: Search<'_>) -> Vec<String> {
    super::search(path, &search).unwrap().into_iter().map(|found| found.id).collect()
}

fn words<'a>(query: &'a str) -> Search<'a> {
    Search { query, vector: None, namespace: None, filter: None, top: 10, mode: SearchMode::Hybrid }
}

const THREE: [Row<'static>; 3] = [
    ("a", "upsert", "Red leather belt AB-1234/56", Some(30.0), Some([1.0, 0.0])),
    ("b", "upsert", "Blue USB-C cable", Some(9.5), Some([0.0, 2.0])),
    ("c", "upsert", "Red t-shirt 24\"", None, Some([1.0, 1.0])),
];

#[test]
fn what_is_the_same_is_not_written_and_a_price_keeps_its_vector() {
    let (_folder, path) = place();
    assert_eq!(counts(&apply(&path, "1", &THREE)), [3, 0, 0, 0, 0]);
    assert_eq!(counts(&apply(&path, "2", &THREE)), [0, 0, 0, 3, 0]);
    let cheaper = [
        ("a", "upsert", THREE[0].2, Some(20.0), None),
        ("b", "delete", "", None, None),
        ("x", "delete", "", None, None),
    ];
    assert_eq!(counts(&apply(&path, "3", &cheaper)), [0, 1, 1, 1, 0]);
    let nearest = Search { vector: Some(&[1.0, 0.1]), mode: SearchMode::Vectors, ..words("") };
    assert_eq!(ids(&path, nearest), ["a", "c"]);
    assert_eq!(verify(&path).unwrap(), Verified { products: 2, ..Verified::default() });
    assert_eq!(status(&path, 9).unwrap().unwrap().products, [("shop".to_owned(), 2)]);
}

#[test]
fn a_batch_in_the_ledger_is_done_and_another_vector_length_is_refused() {
    let (_folder, path) = place();
    apply(&path, "1", &THREE);
    let again = apply_as(&path, "1", operations(&THREE), &|_| ()).unwrap();
    assert_eq!(again.landed[0].rows, None);
    let mut other = operations(&THREE[..1]);
    let longer = ListChunked::from_iter([Some(Series::new("".into(), [1.0_f32, 2.0, 3.0]))]).with_name("vector".into());
    other.with_column(longer.into_column()).unwrap();
    let error = apply_as(&path, "2", other, &|_| ()).err().unwrap().to_string();
    assert!(error.contains("vectors have 2 numbers, those to be written 3"), "{error}");
    assert_eq!(status(&path, 9).unwrap().unwrap().runs.len(), 1);
}

#[test]
fn an_item_that_cannot_be_written_leaves_the_others_and_is_tried_again_when_it_is_due() {
    let (_folder, path) = place();
    apply(&path, "0", &[("z", "upsert", "First", None, Some([1.0, 0.0]))]);
    let spoil =
        "CREATE TRIGGER spoilt BEFORE INSERT ON products WHEN new.id = 'p7' BEGIN SELECT RAISE(ABORT, 'spoilt'); END";
    Connection::open(&path).unwrap().execute_batch(spoil).unwrap();
    let names: Vec<String> = (0..92).map(|number| format!("p{number}")).collect();
    let rows: Vec<Row<'_>> =
        names.iter().map(|id| (id.as_str(), "upsert", "Some product", None, Some([1.0, 0.5]))).collect();
    assert_eq!(counts(&apply(&path, "1", &rows)), [91, 0, 0, 0, 1]);
    let failed = status(&path, 1).unwrap().unwrap().failed;
    assert_eq!((failed.len(), failed[0].id.as_str(), failed[0].attempts), (1, "p7", 1));
    assert!(failed[0].last_error.contains("spoilt"), "{}", failed[0].last_error);
    assert_eq!(verify(&path).unwrap(), Verified { products: 92, ..Verified::default() });
    // Its time has not come.
    Connection::open(&path).unwrap().execute_batch("DROP TRIGGER spoilt").unwrap();
    let later = apply(&path, "2", &rows);
    assert_eq!((later.skipped, later.deferred, later.status.as_str()), (91, 1, "partial"));
    assert_eq!(retry_failed(&path).unwrap(), 1);
    let last = apply(&path, "3", &rows);
    assert_eq!((last.added, last.skipped, last.status.as_str()), (1, 91, "done"));
    assert!(status(&path, 1).unwrap().unwrap().failed.is_empty());
}

#[test]
fn vectors_without_a_direction_fail_alone() {
    let (_folder, path) = place();
    let rows = [
        ("a", "upsert", "Zero", None, Some([0.0, 0.0])),
        ("b", "upsert", "None", None, Some([f32::NAN, 1.0])),
        ("c", "upsert", "Good", None, Some([0.0, 1.0])),
        ("d", "upsert", "Without", None, None),
    ];
    assert_eq!(counts(&apply(&path, "1", &rows)), [2, 0, 0, 0, 2]);
    assert_eq!(verify(&path).unwrap().products, 2);
}

#[test]
fn a_run_that_is_taken_back_leaves_the_index_as_it_was() {
    let (_folder, path) = place();
    apply(&path, "1", &THREE);
    let everything =
        "SELECT namespace || id || title || index_hash || hex(digests) || ifnull(price, '-') FROM products ORDER BY id";
    let before = rows_of(&path, everything);
    let vectors = rows_of(&path, "SELECT id || hex(vector) FROM products JOIN vectors USING (key) ORDER BY id");
    apply(
        &path,
        "2",
        &[
            ("a", "upsert", "Another title", Some(1.0), Some([0.0, 1.0])),
            ("b", "delete", "", None, None),
            ("d", "upsert", "New", None, Some([1.0, 1.0])),
        ],
    );
    assert_eq!(rollback(&path, "2").unwrap(), Some(3));
    assert_eq!(rows_of(&path, everything), before);
    assert_eq!(rows_of(&path, "SELECT id || hex(vector) FROM products JOIN vectors USING (key) ORDER BY id"), vectors);
    assert_eq!(rollback(&path, "2").unwrap(), None);
    assert_eq!(verify(&path).unwrap(), Verified { products: 3, ..Verified::default() });
    assert_eq!(ids(&path, words("usb c"))[0], "b");
    // What was added is owed to be deleted again from what is remembered elsewhere.
    assert_eq!(rows_of(&path, "SELECT id FROM state_since WHERE deleted = 1"), ["d"]);
}

fn rows_of(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    add_vectors(&connection).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn no_query_is_an_error_and_codes_are_found_with_other_punctuation() {
    let (_folder, path) = place();
    apply(&path, "1", &THREE);
    for query in [
        "\"", "AND", "AC/DC", "t-shirt", "24\"", "title:x", "", " ", "NEAR(", "a*", "(", "^x", "-", "{", "OR NOT", "'",
        "\0", "🙂",
    ] {
        super::search(&path, &words(query)).unwrap_or_else(|error| panic!("{query:?}: {error}"));
    }
    for (query, first) in [
        ("ab1234 56", "a"),
        ("AB 1234-56", "a"),
        ("usb c", "b"),
        ("USBC cable", "b"),
        ("belt red", "a"),
        ("tshirt red", "c"),
        ("24", "c"),
        ("leahter belt", "a"),
    ] {
        assert_eq!(ids(&path, words(query)).first().map(String::as_str), Some(first), "{query}");
    }
}

#[test]
fn words_that_no_product_has_are_mended_within_the_namespace_and_known_ones_are_left_alone() {
    let (_folder, path) = place();
    apply(&path, "1", &THREE);
    let meant = |query: &str, shop: Option<&str>| mends(&path, query, shop).unwrap().applied(query);
    for (query, expected) in [
        ("letaher blet", "leather belt"),
        ("elather belt", "leather belt"),
        ("leather belts", "leather belt"),
        ("tshirt", "t shirt"),
        ("T-shrit", "t shirt"),
        ("red cable", "red cable"),
        ("ab1234 56", "ab1234 56"),
        ("zzzzzz \" - x", "zzzzzz x"),
        ("", ""),
    ] {
        assert_eq!(meant(query, None), expected, "{query}");
        assert_eq!(meant(query, Some("shop")), expected, "{query}");
    }
    assert_eq!(meant("letaher", Some("other")), "letaher", "the other shop has no belt");
    assert_eq!(ids(&path, words("bleu cabel"))[0], "b");
    // Words of products that are gone mend nothing.
    apply(&path, "2", &[("a", "delete", "", None, None)]);
    assert_eq!(meant("letaher", None), "letaher");
}

#[test]
fn a_filter_narrows_before_the_best_are_chosen_and_a_bad_one_is_told() {
    let (_folder, path) = place();
    apply(&path, "1", &THREE);
    let cheap = Search {
        filter: Some("price < 100"),
        vector: Some(&[1.0, 1.0]),
        namespace: Some("shop"),
        ..words("red cable")
    };
    let mut found = ids(&path, cheap);
    found.sort();
    assert_eq!(found, ["a", "b"]);
    assert!(ids(&path, Search { namespace: Some("other"), vector: Some(&[1.0, 1.0]), ..words("red") }).is_empty());
    for filter in ["prize < 100", "1) OR (1", "price < ?", "; DROP TABLE products", ""] {
        let error = super::search(&path, &Search { filter: Some(filter), ..words("red") }).unwrap_err().to_string();
        assert!(error.contains("cannot be used") && error.contains("price"), "{filter}: {error}");
    }
}

#[test]
fn a_place_that_is_no_index_is_refused_before_any_work() {
    let (folder, path) = place();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE products (x)").unwrap();
    assert!(target(&path).check(&Vec::new()).unwrap_err().to_string().contains("is no index"));
    let mut table = settings(&[]);
    table.mode = Some(ModeName::Upsert);
    assert!(open_sink(&table, &Nowhere, path.clone()).is_err());
    assert!(open_sink(&settings(&["Title"]), &Nowhere, path).is_err());
    let none = folder.path().join("none.db");
    assert!(status(&none, 1).unwrap().is_none());
    assert!(matches!(super::search(&none, &words("x")), Err(IoError::Missing { .. })));
    let missing = target(&none).check(&vec![crate::operator::Column::new("id", crate::operator::ColumnKind::Text)]);
    assert!(missing.unwrap_err().to_string().contains("no column 'namespace'"));
    let _ = Duration::ZERO;
}
