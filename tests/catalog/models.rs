//! Vectors of a catalog by models: an OpenAI-compatible endpoint on this machine, and a static model in a folder.

use std::fs;

use nightloom_http::testing::{Answer, Asked, Fault, Stub};
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};

use super::shop::FIRST;
use crate::support::{Finished, Place, project, rows};

const MOST: usize = 12;

/// An endpoint of vectors of 12 numbers: counts of letters.
fn endpoint() -> Stub {
    Stub::start(|asked: &Asked| {
        if asked.header("authorization") != Some("Bearer sk-right") {
            return Answer::of(401, json!({ "error": { "message": "Incorrect API key provided" } }));
        }
        let numbers = |text: &str| {
            let mut numbers = vec![0.5; MOST];
            text.bytes().for_each(|byte| numbers[usize::from(byte) % MOST] += 1.0);
            numbers
        };
        let texts = asked.body["input"].as_array().expect("texts").iter();
        let data: Vec<Value> = texts
            .enumerate()
            .map(|(index, text)| json!({ "index": index, "embedding": numbers(text.as_str().expect("a text")) }))
            .collect();
        Answer::good(json!({ "data": data, "usage": { "total_tokens": 3 } }))
    })
}

struct Shop {
    place: Place,
    stub: Stub,
}

impl Shop {
    fn new() -> Self {
        let shop = Self { place: Place::new(), stub: endpoint() };
        fs::write(shop.place.path("catalog.json"), FIRST).expect("a file");
        shop
    }

    fn sync(&self, key: &str, dimensions: usize, more: &str) -> Finished {
        let pipeline = project().join("pipelines/catalog-sync.toml").display().to_string();
        let service = format!(
            "stages.items.params={{ embedder = \"service\", service = {{ base_url = \"{}\", model = \"letters\", \
             dimensions = {dimensions}, retry_seconds = 0.001{more} }} }}",
            self.stub.url()
        );
        let arguments = [
            "catalog",
            "sync",
            "shop.example",
            "catalog.json",
            "--index",
            "search.db",
            "--pipeline",
            &pipeline,
            "--workspace",
            "work",
            "--set",
            &service,
            "--json",
        ];
        let output = self.place.command(arguments).env("OPENAI_API_KEY", key).output();
        Finished::from(output.expect("the program starts"))
    }

    fn vectors(&self) -> Vec<usize> {
        let path = self.place.path("search.db");
        if !path.exists() {
            return Vec::new();
        }
        let dimensions = rows(&path, "SELECT value FROM index_settings WHERE name = 'dimensions'");
        let vectors = rows(&path, "SELECT count(*) FROM vectors_rowids");
        let number = |cell: &Cell| match cell {
            Cell::Integer(number) => usize::try_from(*number).unwrap_or_default(),
            _ => 0,
        };
        dimensions.iter().chain(&vectors).map(|row| number(&row[0])).collect()
    }
}

#[test]
fn vectors_of_an_endpoint_are_kept_and_faults_are_lived_through() {
    let shop = Shop::new();
    shop.stub.next([Some(Fault::rate_limited(Some("0"))), Some(Fault::server_error(500)), Some(Fault::BrokenJson)]);
    shop.sync("sk-right", MOST, "").expect_success();
    assert_eq!(shop.vectors(), [MOST, 3]);
    assert_eq!(shop.stub.asked().len(), 4);
    // Another index of the same texts: they are in the cache.
    fs::remove_file(shop.place.path("search.db")).expect("a file");
    fs::remove_dir_all(shop.place.path("work/.nightloom/checkpoints")).expect("checkpoints");
    shop.sync("sk-right", MOST, "").expect_success();
    assert_eq!((shop.vectors(), shop.stub.asked().len()), (vec![MOST, 3], 4));
    let kept = rows(&shop.place.path("work/.nightloom/embedding_cache.db"), "SELECT key FROM embedding_cache");
    assert_eq!(kept.len(), 3);
}

#[test]
fn a_wrong_key_another_length_and_an_endpoint_that_is_gone_write_nothing() {
    let shop = Shop::new();
    let wrong = shop.sync("sk-wrong-one", MOST, "");
    assert_eq!(wrong.code, Some(1), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("OPENAI_API_KEY") && !wrong.stderr.contains("sk-wrong-one"), "{}", wrong.stderr);
    let other = shop.sync("sk-right", 9, "");
    assert_eq!(other.code, Some(1));
    assert!(other.stderr.contains("made a vector of 12 numbers where 9 were expected"), "{}", other.stderr);
    shop.stub.fail("embeddings", 100, Fault::Cut);
    let gone = shop.sync("sk-right", MOST, ", retries = 1");
    assert_eq!(gone.code, Some(1));
    assert!(gone.stderr.contains("cannot be reached"), "{}", gone.stderr);
    assert!(shop.vectors().is_empty());
    shop.stub.mend();
    shop.sync("sk-right", MOST, "").expect_success();
    assert_eq!(shop.vectors(), [MOST, 3]);
}

#[test]
fn a_static_model_in_a_folder_makes_vectors_and_another_model_is_seen() {
    let place = Place::new();
    fs::write(place.path("catalog.json"), FIRST).expect("a file");
    fs::create_dir(place.path("model")).expect("a folder");
    let model = |words: &[(&str, &[f32])]| {
        let (tensors, tokenizer) = nightloom_static_embedding::tiny(words);
        fs::write(place.path("model/model.safetensors"), tensors).expect("a file");
        fs::write(place.path("model/tokenizer.json"), tokenizer).expect("a file");
    };
    let text = fs::read_to_string(project().join("pipelines/catalog-sync.toml")).expect("the pipeline");
    let text = text
        .replace(
            "inputs = { products = \"changed_products\" }",
            "inputs = { products = \"changed_products\", model = \"model\" }\nparams = { embedder = \"model\" }",
        )
        .replace("[stages.changes]", "[sources.model]\nfiles = \"model/*\"\n\n[stages.changes]")
        .replace("tables/index-state.sql", &project().join("pipelines/tables/index-state.sql").display().to_string());
    fs::write(place.path("pipeline.toml"), text).expect("a file");
    let sync = || {
        let arguments = [
            "catalog",
            "sync",
            "shop.example",
            "catalog.json",
            "--index",
            "search.db",
            "--pipeline",
            "pipeline.toml",
            "--json",
        ];
        place.nightloom(arguments).expect_success()
    };
    model(&[
        ("[UNK]", &[0.0, 0.0, 0.0]),
        ("red", &[1.0, 0.0, 0.0]),
        ("cable", &[0.0, 1.0, 0.0]),
        ("cotton", &[0.0, 0.0, 1.0]),
    ]);
    sync();
    let dimensions = rows(&place.path("search.db"), "SELECT value FROM index_settings WHERE name = 'dimensions'");
    assert_eq!(dimensions[0][0], Cell::Integer(3));
    let hashes = || rows(&place.path("search.db"), "SELECT text_hash FROM products ORDER BY id");
    let before = hashes();
    model(&[("[UNK]", &[0.0, 0.0, 0.0]), ("red", &[0.0, 0.0, 1.0]), ("cable", &[0.0, 1.0, 0.0])]);
    fs::write(place.path("catalog.json"), FIRST.replace("30.00", "31.00")).expect("a file");
    sync();
    assert_ne!(hashes()[0], before[0], "the changed product is embedded by the new model");
    fs::write(place.path("model/tokenizer.json"), "{").expect("a file");
    fs::write(place.path("catalog.json"), FIRST.replace("30.00", "32.00")).expect("a file");
    let arguments =
        ["catalog", "sync", "shop.example", "catalog.json", "--index", "search.db", "--pipeline", "pipeline.toml"];
    let broken = place.nightloom(arguments);
    assert!(broken.code != Some(0) && broken.stderr.contains("tokenizer.json"), "{}", broken.stderr);
}
