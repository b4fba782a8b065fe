//! The original scripts and the pipeline in compatibility mode leave equal databases behind, row for row.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use rusqlite::types::Value;

use super::random_shop;
use crate::support::{Place, project, rows, shared};

/// Databases compared; the first has no rows at all, the second no catalog rows.
const DATABASES: u64 = 54;

/// Everything the scripts write, except the time of the measurement.
const COMPARED: [(&str, &str); 3] = [
    (
        "links",
        "SELECT id, linked_product_url, link_method, link_confidence, catalog_url, retailer, title, price, product_code
         FROM catalog_products ORDER BY id",
    ),
    (
        "patterns",
        "SELECT retailer, url_stability_score, sample_size, product_code_stable, path_stable, image_urls_consistent,
                best_dedup_method, dedup_confidence_threshold, url_changes_detected, code_changes_detected,
                image_url_changes_detected, notes FROM retailer_url_patterns ORDER BY retailer",
    ),
    ("lifecycle", "SELECT id, url, lifecycle_stage, data_completeness FROM products ORDER BY id"),
];

const METHODS: [&str; 5] = ["exact_url", "normalized_url", "product_code", "exact_title_price", "fuzzy_title_price"];

#[test]
fn compatibility_mode_leaves_the_database_the_original_scripts_leave() {
    let Some(document) = shared("seeds", "000_") else {
        eprintln!("skipped: the document with the original scripts is not beside the project");
        return;
    };
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: python3 is not installed");
        return;
    }
    let place = Place::new();
    let mut pairs = Vec::new();
    for number in 0..DATABASES {
        let (theirs, ours) = (place.path(&format!("theirs-{number}.db")), place.path(&format!("ours-{number}.db")));
        random_shop::write(&theirs, number);
        std::fs::copy(&theirs, &ours).expect("a copy");
        pairs.push((theirs, ours));
    }
    run_original(&document, &pairs);
    assert_every_method_occurs(&pairs);
    for (theirs, ours) in &pairs {
        run_pipeline(&place, ours);
        let differences = differences(theirs, ours);
        assert!(differences.is_empty(), "{} (theirs, then ours):\n{differences}", ours.display());
    }
}

/// Runs the original scripts over all databases, in two processes.
fn run_original(document: &Path, pairs: &[(PathBuf, PathBuf)]) {
    thread::scope(|scope| {
        for start in 0..2 {
            let databases = pairs.iter().skip(start).step_by(2).map(|(theirs, _)| theirs);
            scope.spawn(move || {
                let output = Command::new("python3")
                    .arg(project().join("benches/peers/original.py"))
                    .arg(document)
                    .arg("both")
                    .args(databases)
                    .output()
                    .expect("python3 starts");
                let printed = String::from_utf8_lossy(&output.stdout);
                assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
                for line in printed.lines() {
                    let result: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
                    assert!(result["linking_error"].is_null() && result["lifecycle_error"].is_null(), "{line}");
                }
            });
        }
    });
}

/// A comparison says little unless each level of the cascade had something to do.
fn assert_every_method_occurs(pairs: &[(PathBuf, PathBuf)]) {
    for method in METHODS {
        let query = format!(
            "SELECT COUNT(*) FROM catalog_products WHERE link_method = '{method}'
             AND linked_product_url <> 'https://www.shop.example/earlier'"
        );
        let count: i64 = pairs
            .iter()
            .map(|(theirs, _)| match rows(theirs, &query)[0][0] {
                Value::Integer(count) => count,
                _ => 0,
            })
            .sum();
        eprintln!("{method}: {count} links by the original");
        assert!(count > 100, "only {count} links by {method}");
    }
}

fn run_pipeline(place: &Place, database: &Path) {
    let name = database.file_stem().expect("a name").to_string_lossy();
    let workspace = place.path(&format!("{name}-workspace"));
    place
        .nightloom([
            "run".to_owned(),
            project().join("pipelines/linking.toml").display().to_string(),
            "--set".to_owned(),
            format!("vars.db={}", database.display()),
            "--set".to_owned(),
            format!("vars.out={}", place.path(&format!("{name}-out")).display()),
            "--set".to_owned(),
            "vars.original_quirks=true".to_owned(),
            "--workspace".to_owned(),
            workspace.display().to_string(),
        ])
        .expect_success();
}

/// The first few differing rows of each compared table, theirs above ours; empty when all are equal.
fn differences(theirs: &Path, ours: &Path) -> String {
    let mut text = String::new();
    for (name, query) in COMPARED {
        let (theirs, ours) = (rows(theirs, query), rows(ours, query));
        if theirs.len() != ours.len() {
            let _ = writeln!(text, "{name}: {} rows, {} rows", theirs.len(), ours.len());
        }
        let differing = theirs.iter().zip(&ours).filter(|(a, b)| !a.iter().zip(*b).all(|(a, b)| same(a, b)));
        for (a, b) in differing.take(5) {
            let _ = writeln!(text, "{name}:\n  {a:?}\n  {b:?}");
        }
    }
    text
}

/// Equal, numbers to 1e-9.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Real(a), Value::Real(b)) => (a - b).abs() <= 1e-9,
        _ => a == b,
    }
}

#[test]
fn the_comparison_notices_a_single_changed_row() {
    let place = Place::new();
    let (theirs, ours) = (place.path("theirs.db"), place.path("ours.db"));
    random_shop::write(&theirs, 2);
    std::fs::copy(&theirs, &ours).expect("a copy");
    assert_eq!(differences(&theirs, &ours), "");
    let database = rusqlite::Connection::open(&ours).expect("a database");
    database
        .execute_batch(
            "UPDATE products SET data_completeness = 'changed' WHERE id = (SELECT MAX(id) FROM products);
             UPDATE catalog_products SET link_confidence = 0.5 WHERE id = (SELECT MIN(id) FROM catalog_products);",
        )
        .expect("two updates");
    let text = differences(&theirs, &ours);
    assert!(text.contains("links:") && text.contains("lifecycle:"), "{text}");
}
