//! A catalog and its search index through the binary: monitor, sync, refusals, kills, search.

mod bad_input;
mod models;
mod pinecone;
mod queries;
mod schedule;
mod shop;
mod snapshots;
mod told;
mod watch;

use std::{fs, path::PathBuf};

use serde_json::Value;

use self::shop::{FIRST, Shop};
use crate::support::shared;

#[test]
fn monitor_and_sync_apart_give_what_sync_alone_gives_and_a_second_sync_writes_nothing() {
    let (one, other) = (Shop::new(FIRST), Shop::new(FIRST));
    let seen = one.json("monitor");
    assert_eq!(seen["added"], serde_json::json!(["a", "b", "c"]));
    assert!(!one.0.path("search.db").exists());
    assert_eq!((one.sync(), other.sync()), ([3, 0, 0, 0], [3, 0, 0, 0]));
    let changed = FIRST.replace("$30.00", "$25.00").replace("\"id\": \"b\"", "\"id\": \"d\"");
    one.write(&changed);
    other.write(&changed);
    let seen = one.json("monitor");
    assert_eq!(seen["modified"], serde_json::json!([{ "id": "a", "fields": ["price"], "class": "P2 price" }]));
    assert_eq!((&seen["added"], &seen["deleted"]), (&serde_json::json!(["d"]), &serde_json::json!(["b"])));
    assert_eq!((one.sync(), other.sync()), ([1, 1, 1, 0], [1, 1, 1, 0]));
    assert_eq!(one.indexed(), other.indexed());
    assert_eq!(one.sync(), [0, 0, 0, 0]);
    assert_eq!(one.json("monitor")["modified"], serde_json::json!([]));
    // Deleted and there again.
    one.write(FIRST);
    assert_eq!(one.sync(), [1, 1, 1, 0]);
    assert_eq!(one.indexed().len(), 3);
}

#[test]
fn a_full_sync_takes_out_what_the_catalog_lacks_and_writes_nothing_else() {
    let shop = Shop::new(FIRST);
    shop.sync();
    shop.0.nightloom(["catalog", "status", "--index", "search.db"]).expect_success();
    let orphan = "INSERT INTO products SELECT 99, namespace, 'orphan', title, text, content_hash, index_hash, text_hash, digest_a, \
                  digest_b, hash_version, layout, digests, generation, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL FROM products LIMIT 1";
    rusqlite::Connection::open(shop.0.path("search.db")).expect("a database").execute_batch(orphan).expect(orphan);
    let finished = shop.verb("sync", &["--full", "--json"]).expect_success();
    let run: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(
        (&run["run"]["deleted"], &run["run"]["skipped"], &run["run"]["updated"]),
        (&1.into(), &3.into(), &0.into())
    );
    assert_eq!(shop.indexed().len(), 3);
    let forced = shop.verb("sync", &["--force", "--json"]).expect_success();
    let run: Value = serde_json::from_str(&forced.stdout).expect("JSON");
    assert_eq!(run["run"]["updated"], 3);
    shop.0.nightloom(["catalog", "verify", "--index", "search.db"]).expect_success();
}

#[test]
fn what_is_damaged_is_refused_with_exit_code_3_and_nothing_is_lost() {
    let shop = Shop::new(FIRST);
    shop.sync();
    let before = shop.indexed();
    for damaged in
        ["[]", "{\"products\": []}", "[{\"id\": \"a\"", "{\"id\": 1}", "nonsense", "[{\"name\": 7, \"price\": -1}]"]
    {
        shop.write(damaged);
        for verb in ["monitor", "sync"] {
            let finished = shop.verb(verb, &[]);
            assert_eq!(finished.code, Some(3), "{verb} {damaged}: {}\n{}", finished.stdout, finished.stderr);
        }
        assert_eq!(shop.indexed(), before, "{damaged}");
    }
    shop.write("[]");
    shop.verb("sync", &["--allow-mass-delete"]).expect_success();
    assert!(shop.indexed().is_empty());
    let none = shop.0.nightloom(["catalog", "status", "--index", "none.db"]);
    assert_eq!(none.code, Some(1));
}

#[test]
fn an_eleventh_sync_within_an_hour_waits_and_its_changes_stay_owed() {
    let shop = Shop::new(FIRST);
    for price in 1..=10 {
        shop.write(&FIRST.replace("$30.00", &format!("${price}.00")));
        shop.verb("sync", &[]).expect_success();
    }
    shop.write(&FIRST.replace("$30.00", "$99.00"));
    let refused = shop.verb("sync", &[]);
    assert_eq!(refused.code, Some(4), "{}", refused.stderr);
    assert_eq!(shop.json("monitor")["modified"][0]["id"], "a");
    shop.verb("sync", &["--most-per-hour", "0"]).expect_success();
    assert!(shop.indexed()[0].contains("99"), "{:?}", shop.indexed());
}

#[test]
fn a_sync_killed_at_any_point_is_finished_by_the_next() {
    let undisturbed = Shop::new(FIRST);
    undisturbed.sync();
    let changed = FIRST.replace("$30.00", "$25.00").replace("\"id\": \"b\"", "\"id\": \"d\"");
    undisturbed.write(&changed);
    undisturbed.sync();
    for point in [
        "step-end",
        "commit-before-intents",
        "commit-after-intents",
        "index-begun",
        "index-group",
        "index-before-commit",
        "index-after-commit",
        "commit-database-done",
        "commit-own-write-noted",
        "commit-before-end",
    ] {
        let shop = Shop::new(FIRST);
        shop.sync();
        shop.write(&changed);
        let killed = shop.command("sync", &[]).env("NIGHTLOOM_FAILPOINT", point).output().expect("starts");
        assert_ne!(killed.status.code(), Some(0), "{point} was passed");
        shop.verb("sync", &[]).expect_success();
        assert_eq!(shop.indexed(), undisturbed.indexed(), "{point}");
        assert_eq!(shop.sync(), [0, 0, 0, 0], "{point}");
        shop.0.nightloom(["catalog", "verify", "--index", "search.db"]).expect_success();
    }
}

#[test]
fn a_spoilt_product_leaves_the_others_and_exit_code_2_and_is_written_when_asked() {
    let shop = Shop::new(FIRST);
    shop.sync();
    let database = || rusqlite::Connection::open(shop.0.path("search.db")).expect("a database");
    database()
        .execute_batch(
            "CREATE TRIGGER t BEFORE UPDATE ON products WHEN new.id = 'b' BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .expect("a trigger");
    shop.write(&FIRST.replace("9.5", "8.5").replace("$30.00", "$25.00"));
    assert_eq!(shop.verb("sync", &[]).code, Some(2));
    assert!(shop.indexed()[0].contains("25") && shop.indexed()[1].contains("9.5"), "{:?}", shop.indexed());
    database().execute_batch("DROP TRIGGER t").expect("no trigger");
    assert_eq!(shop.verb("sync", &[]).code, Some(2), "its time has not come");
    shop.0.nightloom(["catalog", "retry-failed", "--index", "search.db"]).expect_success();
    shop.verb("sync", &[]).expect_success();
    assert!(shop.indexed()[1].contains("8.5"), "{:?}", shop.indexed());
    let status = shop.0.nightloom(["catalog", "status", "--index", "search.db", "--json"]).expect_success();
    let status: Value = serde_json::from_str(&status.stdout).expect("JSON");
    assert_eq!(status["failed"], serde_json::json!([]));
    // And taken back.
    let run = status["runs"][0]["run_id"].as_str().expect("a run").to_owned();
    shop.0.nightloom(["catalog", "rollback", "--run", &run, "--index", "search.db"]).expect_success();
    assert!(shop.indexed()[1].contains("9.5"), "{:?}", shop.indexed());
}

#[test]
fn ten_thousand_unchanged_products_are_looked_at_within_two_seconds_and_nothing_is_written() {
    let products: Vec<String> = (0..10_000)
        .map(|number| format!(r#"{{"id": "p{number}", "name": "Product {number}", "price": {}.5}}"#, number % 500))
        .collect();
    let shop = Shop::new(&format!("[{}]", products.join(",\n")));
    assert_eq!(shop.sync(), [10_000, 0, 0, 0]);
    let seen = shop.json("monitor");
    for kind in ["added", "modified", "deleted"] {
        assert_eq!(seen[kind], serde_json::json!([]), "{kind}");
    }
    let journal = rusqlite::Connection::open(shop.0.path("work/.nightloom/journal.db")).expect("a journal");
    let took = "SELECT seconds FROM steps WHERE step = 'changes' ORDER BY rowid DESC LIMIT 1";
    let seconds: f64 = journal.query_row(took, [], |row| row.get(0)).expect(took);
    assert!(seconds <= 2.0, "{seconds} s");
    assert_eq!(shop.sync(), [0, 0, 0, 0]);
}

#[test]
fn a_person_finds_products_by_words_codes_and_conditions() {
    let shop = Shop::new(FIRST);
    shop.sync();
    for query in ["\"", "AND", "AC/DC", "t-shirt", "24\"", "title:x", "", "NEAR("] {
        shop.search(query, &[]);
    }
    assert_eq!(shop.search("ab1234 56", &[])[0], "a");
    assert_eq!(shop.search("lether belt", &[])[0], "a");
    assert_eq!(shop.search("cotton", &["--shop", "shop.example"])[0], "c");
    let mut cheap = shop.search("belt cable", &["--where", "price < 12"]);
    cheap.sort();
    assert_eq!(cheap, ["b"]);
    let wrong = shop.0.nightloom(["search", "belt", "--index", "search.db", "--where", "prize < 1"]);
    assert!(wrong.code != Some(0) && wrong.stderr.contains("price"), "{}", wrong.stderr);
}

/// The two snapshots of a resale shop, keyed by their links.
fn snapshots() -> Option<[PathBuf; 2]> {
    let found = ["vestiaire_2023-03-17", "vestiaire_2023-03-24"].map(|start| shared("data/catalog", start));
    let [Some(first), Some(second)] = found else {
        eprintln!("skipped: ../shared/data/catalog is not there");
        return None;
    };
    Some([first, second])
}

#[test]
fn the_two_snapshots_of_a_real_shop_differ_as_they_are_known_to() {
    let Some([first, second]) = snapshots() else { return };
    let shop = Shop::new("");
    let sync = |path: &PathBuf, verb: &str| {
        fs::copy(path, shop.0.path("catalog.csv.gz")).expect("a copy");
        let more = [
            "--json",
            "--allow-mass-delete",
            "--set",
            "vars.catalog=\"catalog.csv.gz\"",
            "--set",
            "stages.changes.params.id_fields=[\"link\"]",
        ];
        let finished = shop.verb(verb, &more).expect_success();
        serde_json::from_str::<Value>(&finished.stdout).expect("JSON")
    };
    assert_eq!(sync(&first, "sync")["run"]["added"], 5_200);
    let changes = sync(&second, "monitor");
    let count = |kind: &str| changes[kind].as_array().map_or(0, Vec::len);
    assert_eq!((count("added"), count("deleted")), (2_082, 2_083));
    let modified = changes["modified"].as_array().expect("a list");
    let prices: Vec<&Value> = modified
        .iter()
        .filter(|change| change["fields"].as_array().is_some_and(|fields| fields.contains(&"price".into())))
        .collect();
    assert_eq!(prices.len(), 1_320);
    assert!(prices.iter().all(|change| change["class"] == "P2 price"));
    let run = sync(&second, "sync")["run"].clone();
    assert_eq!((&run["added"], &run["deleted"], &run["failed"]), (&2_082.into(), &2_083.into(), &0.into()));
    assert_eq!(shop.indexed().len(), 5_199);
}
