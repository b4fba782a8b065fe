//! An index of Pinecone through the binary, against one on this machine that keeps the documented limits.

use std::{collections::BTreeMap, fs};

use nightloom_http::testing::{Fault, Stub};
use nightloom_pinecone::{
    Record,
    testing::{FakeIndex, KEY, Kind, Mishap},
};
use serde_json::{Value, json};

use super::shop::FIRST;
use crate::support::{Finished, Place, project, rows};

struct Shop {
    place: Place,
    dense: FakeIndex,
    sparse: FakeIndex,
    /// Where the indexes are reached.
    stubs: [Stub; 2],
    has_sparse: bool,
    key: &'static str,
}

impl Shop {
    fn new(dimension: usize, has_sparse: bool) -> Self {
        let dense = FakeIndex::new(Kind { dimension: Some(dimension), delay: 3 });
        let sparse = FakeIndex::new(Kind { dimension: None, delay: 3 });
        let stubs = [dense.serve(), sparse.serve()];
        let shop = Self { place: Place::new(), dense, sparse, stubs, has_sparse, key: KEY };
        shop.write(FIRST);
        shop
    }

    fn write(&self, catalog: &str) {
        fs::write(self.place.path("catalog.json"), catalog).expect("a file");
    }

    /// The settings that reach the indexes; a request is tried again at once.
    fn sets(&self) -> Vec<String> {
        let sparse =
            if self.has_sparse { format!(", sparse_host = \"{}\"", self.stubs[1].url()) } else { String::new() };
        let host = self.stubs[0].url();
        let more = "retry_seconds = 0.001, patience = 2.0";
        vec![format!("sinks.index.pinecone={{ host = \"{host}\", journal = \"${{vars.index}}\"{sparse}, {more} }}")]
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let pipeline = project().join("pipelines/catalog-pinecone.toml").display().to_string();
        let mut all: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        all.extend(["--index".to_owned(), "pinecone.db".to_owned()]);
        if !["status", "retry-failed"].contains(&arguments[1]) {
            all.extend(["--pipeline".to_owned(), pipeline]);
            self.sets().into_iter().for_each(|set| all.extend(["--set".to_owned(), set]));
        }
        let mut command = self.place.command(all);
        command.env("PINECONE_API_KEY", self.key).env("NIGHTLOOM_WORKSPACE", self.place.path("work"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        Finished::from(self.command(arguments).output().expect("the program starts"))
    }

    fn sync(&self, more: &[&str]) -> Finished {
        let arguments = [&["catalog", "sync", "shop.example", "catalog.json", "--json", "--most-per-hour", "0"], more];
        self.run(&arguments.concat())
    }

    /// Added, updated, deleted, failed by a sync.
    #[track_caller]
    fn done(&self, more: &[&str]) -> [i64; 4] {
        let finished = self.sync(more);
        let json: Value = serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", finished.stdout, finished.stderr));
        ["added", "updated", "deleted", "failed"].map(|name| json["run"][name].as_i64().unwrap_or_default())
    }

    fn held(&self, index: &FakeIndex) -> Vec<String> {
        let shown =
            |(id, record): (String, Record)| format!("{id} {}", record.metadata["title"].as_str().unwrap_or("?"));
        index.records("shop.example").into_iter().map(shown).collect()
    }

    /// What counts as confirmed.
    fn confirmed(&self) -> usize {
        if !self.place.path("pinecone.db").exists() {
            return 0;
        }
        rows(&self.place.path("pinecone.db"), "SELECT id FROM state").len()
    }
}

const CHEAPER: &str = r#"{"products": [
  {"id": "a", "name": "Red leather belt AB-1234/56", "price": "$20.00", "in_stock": true},
  {"id": "c", "name": "Green t-shirt 24\"", "price": 15, "description": "Soft cotton"},
  {"id": "d", "name": "Yellow hat", "price": 5, "product_labels": {"use": ["sun", "rain"]}}]}"#;

#[test]
fn an_index_elsewhere_follows_the_catalog_and_the_same_again_writes_nothing() {
    let shop = Shop::new(256, true);
    assert_eq!(shop.done(&[]), [3, 0, 0, 0]);
    assert_eq!(shop.held(&shop.dense), ["a Red leather belt AB-1234/56", "b Blue USB-C cable", "c Green t-shirt 24\""]);
    assert_eq!(shop.held(&shop.dense), shop.held(&shop.sparse));
    let first = shop.dense.records("shop.example")["a"].clone();
    assert_eq!(
        (first.values.len(), &first.metadata["price"], &first.metadata["available"]),
        (256, &json!(30.0), &json!(true))
    );
    shop.dense.take_writes();
    assert_eq!(shop.done(&[]), [0; 4]);
    shop.write(CHEAPER);
    assert_eq!(shop.done(&[]), [1, 1, 1, 0]);
    assert_eq!(shop.dense.take_writes(), ["b", "a", "d"], "the deletion first, then the price, then what is new");
    let cheaper = shop.dense.records("shop.example")["a"].clone();
    assert_eq!((&cheaper.metadata["price"], cheaper.values.len()), (&json!(20.0), 256));
    assert_eq!(shop.dense.records("shop.example")["d"].metadata["label_use"], json!(["rain", "sun"]));
    // Stock is no part of the text, whose vector is kept.
    shop.write(&CHEAPER.replace("\"in_stock\": true", "\"in_stock\": false"));
    assert_eq!(shop.done(&[]), [0, 1, 0, 0]);
    let sold = shop.dense.records("shop.example")["a"].clone();
    assert_eq!((&sold.metadata["available"], sold.values), (&json!(false), cheaper.values));
    let status = shop.run(&["catalog", "status"]).expect_success();
    assert!(status.stdout.contains("Products of shop.example: 3"), "{}", status.stdout);
    shop.run(&["catalog", "verify"]).expect_success();
}

#[test]
fn a_wrong_key_no_key_and_no_network_lose_nothing_and_end_with_1() {
    let mut shop = Shop::new(256, false);
    shop.key = "pc-wrong-key";
    let wrong = shop.sync(&[]);
    assert_eq!(wrong.code, Some(1), "{}", wrong.stderr);
    assert!(
        wrong.stderr.contains("refuses the key (401)") && wrong.stderr.contains("PINECONE_API_KEY"),
        "{}",
        wrong.stderr
    );
    assert!(!format!("{}{}", wrong.stdout, wrong.stderr).contains("pc-wrong-key"));
    shop.key = "";
    let none = shop.sync(&[]);
    assert_eq!(none.code, Some(1));
    assert!(none.stderr.contains("set the environment variable PINECONE_API_KEY"), "{}", none.stderr);
    shop.key = KEY;
    let (here, gone) = (shop.stubs[0].url(), Stub::start(|_| unreachable!()).url());
    let sets = shop.sets();
    let mut command = shop.command(&["catalog", "sync", "shop.example", "catalog.json"]);
    command.args(["--set", &sets[0].replace(&here, &gone)]);
    let gone = Finished::from(command.output().expect("the program starts"));
    assert_eq!(gone.code, Some(1), "{}", gone.stderr);
    assert!(gone.stderr.contains("cannot be reached"), "{}", gone.stderr);
    assert_eq!((shop.confirmed(), shop.held(&shop.dense).len()), (0, 0));
    assert_eq!(shop.done(&[]), [3, 0, 0, 0]);
}

#[test]
fn an_index_of_another_dimension_is_told_before_anything_is_sent() {
    let shop = Shop::new(1_536, false);
    let finished = shop.sync(&[]);
    assert_eq!(finished.code, Some(1));
    let told = "its vectors have 1536 numbers, those to be written 256";
    assert!(finished.stderr.contains(told), "{}", finished.stderr);
    assert_eq!((shop.confirmed(), shop.held(&shop.dense).len()), (0, 0));
}

#[test]
fn a_product_that_is_refused_waits_and_the_others_are_written() {
    let shop = Shop::new(256, false);
    shop.dense.poison(Some("b"));
    let finished = shop.sync(&[]);
    assert_eq!(finished.code, Some(2), "{}", finished.stderr);
    assert_eq!(shop.held(&shop.dense).len(), 2);
    assert_eq!(shop.confirmed(), 2);
    let status = shop.run(&["catalog", "status"]).expect_success();
    assert!(status.stdout.contains("Failed: upsert b (1 tries"), "{}", status.stdout);
    assert_eq!(shop.sync(&[]).code, Some(2), "it still waits");
    shop.dense.poison(None);
    shop.run(&["catalog", "retry-failed"]).expect_success();
    assert_eq!(shop.done(&[]), [1, 0, 0, 0]);
    assert_eq!(shop.sync(&[]).code, Some(0));
}

#[test]
fn faults_that_pass_are_lived_through_and_a_sparse_index_that_fails_leaves_both_as_before() {
    let shop = Shop::new(256, true);
    let faults = [Fault::rate_limited(Some("0")), Fault::server_error(503), Fault::Cut, Fault::BrokenJson];
    shop.stubs[0].next(faults.into_iter().flat_map(|fault| [Some(fault), None]));
    assert_eq!(shop.done(&[]), [3, 0, 0, 0]);
    let before = shop.held(&shop.dense);
    shop.write(CHEAPER);
    shop.sparse.plan([Mishap::Fails; 40]);
    let failed = shop.sync(&[]);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
    assert!(failed.stderr.contains("the sparse index"), "{}", failed.stderr);
    assert_eq!((shop.held(&shop.dense), shop.held(&shop.sparse)), (before.clone(), before));
    shop.sparse.poison(None);
    shop.run(&["catalog", "retry-failed"]).expect_success();
    assert_eq!(shop.sync(&[]).code, Some(0));
    assert_eq!(shop.held(&shop.dense), ["a Red leather belt AB-1234/56", "c Green t-shirt 24\"", "d Yellow hat"]);
    assert_eq!(shop.held(&shop.dense), shop.held(&shop.sparse));
}

#[test]
fn a_full_sync_takes_out_what_nobody_knows_and_writes_what_is_gone() {
    let shop = Shop::new(256, false);
    assert_eq!(shop.done(&[]), [3, 0, 0, 0]);
    shop.dense.put("shop.example", Record { id: "orphan".to_owned(), values: vec![1.0; 256], ..Record::default() });
    shop.dense.take("shop.example", "a");
    assert_eq!(shop.run(&["catalog", "verify"]).code, Some(1));
    assert_eq!(shop.done(&[]), [0; 4], "the journal does not know yet");
    assert_eq!(shop.done(&["--full"]), [1, 0, 1, 0]);
    assert_eq!(shop.held(&shop.dense).len(), 3);
    shop.run(&["catalog", "verify"]).expect_success();
    shop.dense.take_writes();
    assert_eq!(shop.done(&["--full"]), [0; 4]);
    assert!(shop.dense.take_writes().is_empty());
    assert_eq!(shop.done(&["--force"]), [0, 3, 0, 0]);
}

#[test]
fn metadata_that_is_too_long_is_cut_at_the_text() {
    let shop = Shop::new(256, true);
    let descriptor = "long words ".repeat(6_000);
    let products =
        json!({ "products": [{ "id": "long", "name": "A long story", "price": 3, "descriptor": descriptor }] });
    shop.write(&products.to_string());
    assert_eq!(shop.done(&[]), [1, 0, 0, 0]);
    let record = shop.dense.records("shop.example")["long"].clone();
    let bytes = serde_json::to_vec(&record.metadata).expect("JSON").len();
    assert!((30_000..=40 << 10).contains(&bytes), "{bytes}");
    assert_eq!((&record.metadata["title"], &record.metadata["price"]), (&json!("A long story"), &json!(3.0)));
}

#[test]
fn a_sync_is_taken_back_elsewhere_too() {
    let shop = Shop::new(256, false);
    shop.done(&[]);
    let before: BTreeMap<String, Record> = shop.dense.records("shop.example");
    shop.write(CHEAPER);
    let finished = shop.sync(&[]).expect_success();
    let json: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    let run = json["run"]["run_id"].as_str().expect("a run").to_owned();
    let taken = shop.run(&["catalog", "rollback", "--run", &run]).expect_success();
    assert!(taken.stdout.starts_with("3 products are as they were"), "{}", taken.stdout);
    assert_eq!(shop.dense.records("shop.example"), before);
    assert_eq!(shop.run(&["catalog", "rollback", "--run", &run]).code, Some(1));
    assert_eq!(shop.done(&[]), [1, 1, 1, 0]);
}

#[test]
fn a_sync_that_is_killed_anywhere_is_ended_by_the_next() {
    for point in
        ["batch-planned", "batch-sent", "batch-applied", "batch-seen", "batch-verified", "commit-database-done"]
    {
        let shop = Shop::new(256, true);
        shop.done(&[]);
        shop.write(CHEAPER);
        let mut command = shop.command(&["catalog", "sync", "shop.example", "catalog.json"]);
        let killed = command.env("NIGHTLOOM_FAILPOINT", point).output().expect("the program starts");
        assert_eq!(killed.status.code(), None, "{point}: {}", String::from_utf8_lossy(&killed.stderr));
        shop.sync(&[]).expect_success();
        let held = shop.held(&shop.dense);
        assert_eq!(held, ["a Red leather belt AB-1234/56", "c Green t-shirt 24\"", "d Yellow hat"], "{point}");
        assert_eq!((held, shop.confirmed()), (shop.held(&shop.sparse), 3), "{point}");
        shop.dense.take_writes();
        assert_eq!(shop.done(&["--full"]), [0; 4], "{point}");
        assert!(shop.dense.take_writes().is_empty(), "{point}");
    }
}
