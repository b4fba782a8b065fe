//! The index over HTTP against one that keeps the documented limits.

use std::{sync::Arc, time::Duration};

use nightloom_http::{
    Auth, Backoff, Client, HttpError, Key, Settings, SystemClock,
    testing::{Fault, Stub},
};
use serde_json::json;

use super::{
    Index, Record, SparseValues, settings,
    testing::{FakeIndex, KEY, Kind},
};

fn reached(stub: &Stub, key: &str) -> Index<Client> {
    let backoff = Backoff { first: Duration::from_millis(1), ..Backoff::default() };
    let settings = Settings { backoff, ..settings(&stub.url(), Key::new(key).unwrap()) };
    Index::new(Client::new(settings, Arc::new(SystemClock::default()), Arc::default()).unwrap())
}

fn record(id: &str) -> Record {
    let metadata = json!({ "title": id, "price": 1.5, "available": true, "labels": ["a", "b"] });
    let sparse_values = Some(SparseValues { indices: vec![3, 4_000_000_000], values: vec![0.5, 1.0] });
    Record {
        id: id.to_owned(),
        values: vec![0.25, -1.0, 0.125],
        sparse_values,
        metadata: metadata.as_object().unwrap().clone(),
    }
}

#[test]
fn what_is_written_is_fetched_listed_counted_and_taken_out() {
    let fake = FakeIndex::new(Kind { dimension: Some(3), delay: 0 });
    let stub = fake.serve();
    let index = reached(&stub, KEY);
    let names = ["a", "ü b/c?&=+%41", "z"];
    index.upsert("shop.example", &names.map(record)).unwrap();
    let found = index.fetch("shop.example", &["z", "none", names[1]]).unwrap();
    assert_eq!(found.into_values().collect::<Vec<_>>(), [record("z"), record(names[1])]);
    assert_eq!(index.list("shop.example").unwrap(), ["a", "z", names[1]]);
    assert!(index.list("other").unwrap().is_empty());
    let stats = index.stats().unwrap();
    assert_eq!((stats.dimension, stats.total_vector_count), (Some(3), 3));
    assert_eq!(stats.namespaces["shop.example"].vector_count, 3);
    index.delete("shop.example", &[names[1], "none"]).unwrap();
    index.delete("never.written", &["a"]).unwrap();
    assert_eq!(index.list("shop.example").unwrap(), ["a", "z"]);
    let asked = stub.asked();
    assert_eq!(asked[0].header("x-pinecone-api-version"), Some("2025-04"));
    assert_eq!(asked[0].path, "/vectors/upsert");
}

#[test]
fn many_records_and_ids_keep_the_limits_of_a_request() {
    let fake = FakeIndex::new(Kind { dimension: Some(3), delay: 0 });
    let stub = fake.serve();
    let index = reached(&stub, KEY);
    let ids: Vec<String> = (0..2_345).map(|number| format!("{number:04}{}", "x".repeat(300))).collect();
    let mut records: Vec<Record> = ids.iter().map(|id| record(id)).collect();
    records[7].metadata.insert("text".to_owned(), json!("y".repeat(39_000)));
    index.upsert("n", &records).unwrap();
    assert_eq!(index.list("n").unwrap(), ids);
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(index.fetch("n", &all).unwrap().len(), 2_345);
    index.delete("n", &all).unwrap();
    assert!(fake.records("n").is_empty());
    assert!(stub.asked().iter().all(|asked| asked.query.len() < 8_000 && asked.bytes <= 2 << 20));
}

#[test]
fn refusals_have_their_kind_and_faults_that_pass_are_lived_through() {
    let fake = FakeIndex::new(Kind { dimension: Some(4), delay: 0 });
    let stub = fake.serve();
    let error = reached(&stub, KEY).upsert("n", &[record("a")]).unwrap_err();
    assert!(error.is_of_content(), "{error}");
    assert!(error.to_string().contains("Vector dimension 3 does not match the dimension of the index 4"), "{error}");
    let error = reached(&stub, "pc-wrong").stats().unwrap_err();
    assert!(matches!(error, HttpError::Auth { .. }) && !error.to_string().contains("pc-wrong"), "{error}");
    for fault in [Fault::rate_limited(Some("0")), Fault::DoneButFailed(503), Fault::Cut, Fault::BrokenJson] {
        stub.next([Some(fault)]);
        let record = Record { values: vec![1.0; 4], ..record("b") };
        reached(&stub, KEY).upsert("n", std::slice::from_ref(&record)).unwrap();
        assert_eq!(fake.records("n")["b"], record);
    }
}

#[test]
fn a_host_without_a_scheme_is_asked_over_tls() {
    let made = settings("shop-abc.svc.pinecone.io", Key::new("k").unwrap());
    assert_eq!(made.base_url, "https://shop-abc.svc.pinecone.io");
    assert!(matches!(made.auth, Auth::Header("api-key", _)));
}
