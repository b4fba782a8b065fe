//! An index of products in PostgreSQL with the extension vector.

#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use std::path::PathBuf;

use nightloom_postgres::{
    Cells, DatasetColumn, Kind, OPERATION_COLUMNS, Put, Result, Rows, Server, Session, VectorSink, Work, Write, apply,
    put_bytea, put_float, put_floats, put_int, put_text,
};
use nightloom_postgres_server::Server as TestServer;

/// A server with the extension: that of `PGVECTOR_BIN`, else the one installed if it has it.
fn server() -> Option<TestServer> {
    let given = std::env::var_os("PGVECTOR_BIN").map(PathBuf::from);
    let server = match given {
        Some(programs) => TestServer::start_from(&programs, &[]),
        None => TestServer::start(&[])?,
    };
    let sql = "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'";
    if server.sql("postgres", sql) == "0" {
        eprintln!("skipped: the server has no extension vector; name one that has it in PGVECTOR_BIN");
        return None;
    }
    Some(server)
}

/// What is done, an id, a title whose text is the hash too, a vector, a price.
type Operation = (&'static str, &'static str, &'static str, Option<Vec<f32>>, f64);

struct Operations(Vec<Operation>);

struct Cell<'a>(&'a Operations, String);

impl Cells for Cell<'_> {
    fn put(&self, row: usize, out: &mut Vec<u8>) {
        let (operation, id, title, vector, price) = &self.0.0[row];
        match self.1.as_str() {
            "operation" => put_text(Some(operation), out),
            "id" => put_text(Some(id), out),
            "namespace" => put_text(Some("shop"), out),
            "digest_a" | "digest_b" | "hash_version" => put_int(Some(title.len() as i64), out),
            "digests" => put_bytea(Some(&[0xab, 0x01]), out),
            "vector" => put_floats(vector.as_deref(), out),
            "price" => put_float(Some(*price), out),
            "index_hash" => put_text(Some(&format!("{title} {price}")), out),
            _ => put_text(Some(title), out),
        }
    }

    fn is_null(&self, _: usize) -> bool {
        false
    }
}

impl Rows for Operations {
    fn columns(&self) -> Result<Vec<DatasetColumn>> {
        let fixed = OPERATION_COLUMNS.iter().map(|(name, kind)| ((*name).to_owned(), *kind));
        let all = fixed.chain([("price".to_owned(), Kind::Float)]);
        Ok(all.map(|(name, kind)| DatasetColumn { name, kind: Some(kind) }).collect())
    }

    fn each(&self, names: &[&str], put: &mut Put<'_>) -> Result<()> {
        let cells: Vec<Box<dyn Cells + '_>> =
            names.iter().map(|name| Box::new(Cell(self, (*name).to_owned())) as Box<dyn Cells + '_>).collect();
        put(self.0.len(), &cells)
    }
}

fn sync(to: &Server, batch: &str, operations: Vec<Operation>) -> Result<nightloom_postgres::Landed> {
    let sink = VectorSink { table: "products".to_owned(), metadata: vec!["price".to_owned()] };
    let rows = Operations(operations);
    let writes = [Write { work: &sink, owner: "sync@shop.index", batch, run_id: "r", rows: &rows, again: false }];
    let shops = ["shop".to_owned()];
    let control = nightloom_postgres::Control {
        ready: &|| Ok(()),
        fail: &|_| (),
        step: &|_| Ok(()),
        patience: std::time::Duration::from_secs(20),
        shops: &shops,
    };
    Ok(apply(to, &writes, &control)?.landed[0].clone())
}

#[test]
fn operations_become_rows_with_vectors_once_and_what_is_the_same_is_not_written() {
    let Some(server) = server() else { return };
    let to = Server::new(&server.url("postgres")).unwrap();
    let sink = VectorSink { table: "products".to_owned(), metadata: vec!["price".to_owned()] };
    sink.check(&Session::open(&to).unwrap()).unwrap();
    let (up, east) = (vec![0.0, 1.0], vec![1.0, 0.0]);
    let first = vec![
        ("upsert", "a", "lamp", Some(up.clone()), 1.5),
        ("upsert", "b", "chair", Some(east.clone()), 2.0),
        ("upsert", "c", "rug", Some(vec![f32::NAN, 0.0]), 3.0),
        ("upsert", "d", "pot", Some(vec![0.0, 0.0]), 3.0),
        ("delete", "z", "", None, 0.0),
    ];
    let landed = sync(&to, "1", first.clone()).unwrap();
    assert_eq!((landed.rows, landed.failed, landed.left_out), (Some(5), 2, 1));
    let all = || server.sql("postgres", "SELECT id, title, vector, price FROM products ORDER BY id").replace('\n', " ");
    assert_eq!(all(), "a|lamp|[0,1]|1.5 b|chair|[1,0]|2");
    // What failed is owed: the ledger does not have the batch, and the next run carries it out.
    let session = Session::open(&to).unwrap();
    assert!(!sink.holds(&session, "sync@shop.index", "1").unwrap());
    let mended: Vec<Operation> = first
        .iter()
        .cloned()
        .map(|(o, id, t, v, p)| (o, id, t, if p == 3.0 { Some(up.clone()) } else { v }, p))
        .collect();
    let landed = sync(&to, "1", mended).unwrap();
    assert_eq!((landed.rows, landed.failed, landed.left_out), (Some(5), 0, 3));
    assert!(sink.holds(&session, "sync@shop.index", "1").unwrap());
    // A new price with the same text keeps the vector; another text without one has none.
    let second =
        vec![("upsert", "a", "lamp", None, 9.0), ("upsert", "b", "stool", None, 2.0), ("delete", "c", "", None, 0.0)];
    assert_eq!(sync(&to, "2", second.clone()).unwrap().left_out, 0);
    assert_eq!(all(), "a|lamp|[0,1]|9 b|stool||2 d|pot|[0,1]|3");
    assert_eq!(sync(&to, "2", second).unwrap().rows, None);
    let error = sync(&to, "3", vec![("upsert", "a", "x", Some(vec![1.0, 2.0, 3.0]), 1.0)]).unwrap_err().to_string();
    assert!(error.contains("its vectors have 2 numbers, those to be written 3"), "{error}");
    let state = server.sql("postgres", "SELECT id, index_hash, digests FROM products_state ORDER BY id LIMIT 1");
    assert_eq!(state, "a|lamp 9|AB01");
    let nearest =
        "SET enable_seqscan = off; SELECT id FROM products WHERE price < 5 ORDER BY vector <=> '[0.1,1]' LIMIT 1";
    assert_eq!(server.sql("postgres", nearest), "d");
}

#[test]
fn a_server_without_the_extension_and_a_table_that_is_no_index_are_refused() {
    let Some(plain) = TestServer::start(&[]) else { return };
    let sink = VectorSink { table: "products".to_owned(), metadata: Vec::new() };
    let check =
        |server: &TestServer| sink.check(&Session::open(&Server::new(&server.url("postgres")).unwrap()).unwrap());
    if plain.sql("postgres", "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'") == "0" {
        assert!(check(&plain).unwrap_err().to_string().contains("no extension 'vector'"));
    }
    let Some(server) = server() else { return };
    server.sql("postgres", "CREATE TABLE products (id int)");
    assert!(check(&server).unwrap_err().to_string().contains("is no index"));
}

/// A product of the catalog that is synced: its title and its price.
type Catalog = std::collections::BTreeMap<&'static str, (&'static str, u8)>;

#[test]
fn a_hundred_sequences_of_changes_cuts_and_repeats_converge_to_the_catalog() {
    use proptest::{prelude::*, test_runner::TestRunner};

    let Some(server) = server() else { return };
    let proxy = support::Proxy::before(server.socket());
    let to = Server::new(&proxy.url("postgres")).unwrap();
    let direct = Session::open(&Server::new(&server.url("postgres")).unwrap()).unwrap();
    let ids = proptest::sample::select(vec!["a", "b", "c", "d", "e"]);
    let change = (ids, proptest::option::of((proptest::sample::select(vec!["lamp", "chair", "rug"]), 0..3_u8)));
    let night = (proptest::collection::vec(change, 0..5), proptest::option::weighted(0.3, 0..4_000_i64), any::<bool>());
    let nights = proptest::collection::vec(night, 1..4);
    let mut config = ProptestConfig::with_cases(100);
    config.failure_persistence = None;
    let batches = std::sync::atomic::AtomicUsize::new(0);
    TestRunner::new(config)
        .run(&nights, |nights| {
            direct.run("begin anew", "DROP VIEW IF EXISTS products_state; DROP TABLE IF EXISTS products").unwrap();
            let (mut indexed, mut catalog) = (Catalog::new(), Catalog::new());
            for (changes, cut, is_repeated) in nights {
                for (id, product) in changes {
                    match product {
                        Some(product) => catalog.insert(id, product),
                        None => catalog.remove(id),
                    };
                }
                let gone = indexed.keys().filter(|id| !catalog.contains_key(**id));
                let mut operations: Vec<Operation> = gone.map(|id| ("delete", *id, "", None, 0.0)).collect();
                for (id, (title, price)) in catalog.iter().filter(|(id, product)| indexed.get(*id) != Some(*product)) {
                    let vector = vec![title.len() as f32, f32::from(*price) + 1.0];
                    operations.push(("upsert", *id, *title, Some(vector), f64::from(*price)));
                }
                let batch = batches.fetch_add(1, std::sync::atomic::Ordering::SeqCst).to_string();
                proxy.left.store(cut.map_or(i64::MAX, |cut| cut + 300), std::sync::atomic::Ordering::SeqCst);
                let landed = sync(&to, &batch, operations.clone()).unwrap();
                proxy.left.store(i64::MAX, std::sync::atomic::Ordering::SeqCst);
                // What the state says differs is written; a cut connection may have written it before.
                prop_assert!(landed.rows.is_none() || landed.left_out == 0, "{landed:?}");
                if is_repeated {
                    prop_assert_eq!(sync(&to, &batch, operations).unwrap().rows, None);
                }
                indexed = catalog.clone();
                let found =
                    server.sql("postgres", "SELECT id, title, price FROM products ORDER BY id").replace('\n', " ");
                let line = |(id, (title, price)): (&&str, &(&str, u8))| format!("{id}|{title}|{price}");
                prop_assert_eq!(found, catalog.iter().map(line).collect::<Vec<_>>().join(" "));
            }
            Ok(())
        })
        .unwrap();
}
