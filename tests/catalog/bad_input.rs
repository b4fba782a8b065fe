//! Catalogs and queries as nobody should make them: nothing is lost, and what can be used is used.

use serde_json::{Value, json};

use super::shop::{FIRST, Shop};
use crate::support::rows;

/// The reasons in the quarantine of the last run, sorted.
fn quarantine(shop: &Shop) -> Vec<String> {
    let finished = shop.0.nightloom([
        "run",
        &crate::support::project().join("pipelines/catalog-sync.toml").display().to_string(),
        "--json",
        "--workspace",
        "work",
        "--set",
        "vars.namespace=shop.example",
        "--set",
        "vars.catalog=catalog.json",
        "--set",
        "vars.index=search.db",
        "--force",
    ]);
    let results: Value = serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", finished.stdout, finished.stderr));
    let reports = results["reports"].as_array().expect("reports");
    let report = reports.iter().find(|report| report["dataset"] == "quarantine").expect("a quarantine");
    let rows = report["rows"].as_array().expect("rows").iter();
    let mut reasons: Vec<String> = rows.map(|row| row["reason"].as_str().expect("a reason").to_owned()).collect();
    reasons.sort();
    reasons
}

/// Forty good products and these beside them: few enough bad ones that the catalog is not refused.
fn with(bad: &[Value]) -> String {
    let good = (0..40).map(|number| json!({ "id": format!("good{number}"), "name": "Good" }));
    serde_json::to_string(&good.chain(bad.iter().cloned()).collect::<Vec<_>>()).expect("JSON")
}

#[test]
fn of_products_with_one_id_the_first_counts_and_the_others_are_in_the_quarantine() {
    let shop = Shop::new(&with(&[json!({ "id": "a", "name": "First" }), json!({ "id": "a", "name": "Second" })]));
    assert_eq!(shop.sync()[0], 41);
    let titles = rows(&shop.0.path("search.db"), "SELECT title FROM products WHERE id = 'a'");
    assert_eq!(titles, [[rusqlite::types::Value::Text("First".to_owned())]]);
    assert_eq!(quarantine(&shop), ["duplicate id"]);
}

#[test]
fn ids_that_are_too_long_or_hold_control_characters_are_in_the_quarantine_and_not_deleted() {
    let long = "x".repeat(600);
    let shop = Shop::new(&with(&[json!({ "id": "kept", "name": "Kept" })]));
    assert_eq!(shop.sync()[0], 41);
    for bad in [long.as_str(), "tab\tid", "nul\u{0}id", "bell\u{7}"] {
        shop.write(&with(&[json!({ "id": bad, "name": "Bad" }), json!({ "id": "kept", "name": "Kept" })]));
        assert_eq!(shop.sync(), [0, 0, 0, 0], "{bad:?}");
        assert_eq!(quarantine(&shop).len(), 1, "{bad:?}");
        assert_eq!(shop.indexed().len(), 41);
    }
    shop.write(&with(&[
        json!({ "id": "x".repeat(512), "name": "Just right" }),
        json!({ "id": "kept", "name": "Kept" }),
    ]));
    assert_eq!(shop.sync(), [1, 0, 0, 0]);
}

#[test]
fn a_product_that_cannot_be_used_any_more_stays_as_it_was() {
    let shop = Shop::new(&with(&[json!({ "id": "a", "name": "Belt", "price": 5 })]));
    shop.sync();
    shop.write(&with(&[json!({ "id": "a", "name": "Belt", "price": "a lot" })]));
    assert_eq!(shop.sync(), [0, 0, 0, 0]);
    assert_eq!(shop.json("monitor")["deleted"], json!([]));
    assert!(shop.indexed().iter().any(|row| row.contains("Belt 5")), "{:?}", shop.indexed());
}

#[test]
fn metadata_of_41_kilobytes_is_kept_whole() {
    let brand = "b".repeat(41 * 1_024);
    let labels: Vec<String> = (0..4_000).map(|number| format!("label{number}")).collect();
    let shop =
        Shop::new(&with(&[json!({ "id": "a", "name": "Belt", "brand": brand, "product_labels": { "use": labels } })]));
    assert_eq!(shop.sync()[0], 41);
    let sizes =
        rows(&shop.0.path("search.db"), "SELECT length(brand), length(labels) > 41000 FROM products WHERE id = 'a'");
    assert_eq!(sizes, [[rusqlite::types::Value::Integer(41 * 1_024), rusqlite::types::Value::Integer(1)]]);
    assert_eq!(shop.search("belt", &["--mode", "words"]), ["a"]);
    assert_eq!(shop.sync(), [0, 0, 0, 0]);
}

#[test]
fn vectors_of_another_length_are_refused_and_the_state_does_not_advance() {
    let shop = Shop::new(FIRST);
    shop.sync();
    let before = shop.indexed();
    shop.write(&FIRST.replace("Red leather belt", "Brown leather belt"));
    let finished = shop.verb("sync", &["--set", "stages.items.params.dimensions=64"]);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    assert!(finished.stderr.contains("256 numbers") && finished.stderr.contains("64"), "{}", finished.stderr);
    assert_eq!(shop.indexed(), before);
    assert_eq!(shop.sync(), [0, 1, 0, 0], "it is owed still");
}

#[test]
fn a_catalog_that_is_cut_off_anywhere_is_refused_or_a_whole_smaller_one() {
    let shop = Shop::new(FIRST);
    shop.sync();
    let before = shop.indexed();
    for end in (1..FIRST.len() - 1).step_by(29) {
        let Some(cut) = FIRST.get(..end) else { continue };
        shop.write(cut);
        let finished = shop.verb("sync", &[]);
        assert_eq!(finished.code, Some(3), "{end}: {}\n{}", finished.stdout, finished.stderr);
        assert_eq!(shop.indexed(), before, "{end}");
    }
}

#[test]
fn no_query_is_an_error() {
    let shop = Shop::new(FIRST);
    shop.sync();
    for query in
        ["\"", "AND", "AC/DC", "t-shirt", "24\"", "title:x", "", " ", "NEAR(", "^", "a*b", "'; DROP TABLE products; --"]
    {
        for mode in ["hybrid", "words", "vectors"] {
            shop.search(query, &["--mode", mode]);
        }
    }
    assert_eq!(shop.search("24\"", &[])[0], "c");
    assert_eq!(shop.search("t-shirt", &[])[0], "c");
}
