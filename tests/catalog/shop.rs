//! A shop for tests: a catalog, an index and a workspace in a folder of its own.

use std::fs;

use serde_json::Value;

use crate::support::{Finished, Place, project, rows};

pub const FIRST: &str = r#"{"products": [
  {"id": "a", "name": "Red leather belt AB-1234/56", "price": "$30.00", "in_stock": true},
  {"id": "b", "name": "Blue USB-C cable", "price": 9.5},
  {"id": "c", "name": "Green t-shirt 24\"", "price": 15, "description": "Soft cotton"}]}"#;

/// A shop with a catalog, an index and a workspace in a folder of its own.
pub struct Shop(pub Place);

impl Shop {
    pub fn new(catalog: &str) -> Self {
        let shop = Self(Place::new());
        shop.write(catalog);
        shop
    }

    pub fn write(&self, catalog: &str) {
        fs::write(self.0.path("catalog.json"), catalog).expect("a file");
    }

    pub fn verb(&self, verb: &str, more: &[&str]) -> Finished {
        Finished::from(self.command(verb, more).output().expect("the program starts"))
    }

    pub fn command(&self, verb: &str, more: &[&str]) -> std::process::Command {
        let pipelines = project().join("pipelines");
        let pipeline = pipelines.join("catalog-sync.toml").display().to_string();
        let full = pipelines.join("resync.toml").display().to_string();
        let workspace = self.0.path("work").display().to_string();
        let mut arguments = vec![
            "catalog",
            verb,
            "shop.example",
            "catalog.json",
            "--index",
            "search.db",
            "--pipeline",
            &pipeline,
            "--workspace",
            &workspace,
        ];
        if verb == "sync" {
            arguments.extend(["--full-pipeline", &full]);
        }
        arguments.extend(more);
        self.0.command(arguments)
    }

    pub fn json(&self, verb: &str) -> Value {
        let finished = self.verb(verb, &["--json"]);
        serde_json::from_str(&finished.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", finished.stdout, finished.stderr))
    }

    /// Added, updated, deleted, skipped by a sync.
    pub fn sync(&self) -> [i64; 4] {
        let run = self.json("sync")["run"].clone();
        ["added", "updated", "deleted", "skipped"].map(|name| run[name].as_i64().unwrap_or_default())
    }

    pub fn indexed(&self) -> Vec<String> {
        let all = rows(
            &self.0.path("search.db"),
            "SELECT id || ' ' || title || ' ' || ifnull(price, '-') FROM products ORDER BY id",
        );
        all.into_iter().map(|row| format!("{:?}", row[0])).collect()
    }

    pub fn search(&self, words: &str, more: &[&str]) -> Vec<String> {
        let mut arguments = vec!["search", words, "--index", "search.db", "--json"];
        arguments.extend(more);
        let finished = self.0.nightloom(arguments).expect_success();
        let json: Value = serde_json::from_str(&finished.stdout).expect("JSON");
        json["found"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|found| found["id"].as_str().expect("an id").to_owned())
            .collect()
    }
}
