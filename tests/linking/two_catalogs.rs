//! Two made catalogs with other spellings, linked by their words.

use std::fs;

use rusqlite::types::Value;

use crate::support::{Place, project, rows};

const BRANDS: [&str; 4] = ["Northwind", "Halvorsen", "Casa Lume", "Brightly"];
const KINDS: [[&str; 2]; 10] = [
    ["walnut coffee table", "Coffee table, walnut"],
    ["brass floor lamp", "Floor lamp in brass"],
    ["linen duvet cover", "Duvet cover linen"],
    ["ceramic dinner plate", "Dinner plate, ceramic"],
    ["velvet armchair", "Armchair velvet"],
    ["oak bookshelf", "Bookshelf of oak"],
    ["wool throw blanket", "Throw blanket (wool)"],
    ["steel chef knife", "Chef's knife steel"],
    ["cotton bath towel", "Bath towel - cotton"],
    ["glass water carafe", "Water carafe glass"],
];
const LINES: [&str; 10] = ["Oslo", "Bergen", "Malmo", "Turku", "Aarhus", "Visby", "Lund", "Narvik", "Vaasa", "Odense"];

/// Forty products as two shops spell them; the second shop lacks every third. The true pairs.
fn write_catalogs(place: &Place) -> Vec<Vec<Value>> {
    let head = "id,title,code,brand,price,description\n";
    let (mut left, mut right, mut truth) = (head.to_owned(), head.to_owned(), Vec::new());
    for (shop, brand) in BRANDS.iter().enumerate() {
        for (kind, [ours, theirs]) in KINDS.iter().enumerate() {
            let (number, line) = (shop * KINDS.len() + kind, LINES[(kind * 3 + shop * 7) % LINES.len()]);
            let price = 20.0 + number as f64 * 7.5;
            left += &format!("l{number:02},{brand} {line} {ours},,{brand},{price:.2},\n");
            if number % 3 != 2 {
                let line = line.to_uppercase();
                right += &format!("r{number:02},\"{theirs} {line} by {brand}\",,{brand},{:.2},\n", price + 1.0);
                truth.push(vec![Value::Text(format!("l{number:02}")), Value::Text(format!("r{number:02}"))]);
            }
        }
    }
    fs::write(place.path("left.csv"), left).expect("a file");
    fs::write(place.path("right.csv"), right).expect("a file");
    truth
}

#[test]
fn products_that_two_shops_spell_differently_are_linked_and_those_of_one_shop_are_not() {
    let place = Place::new();
    let truth = write_catalogs(&place);
    let mut arguments = vec!["run".to_owned(), project().join("pipelines/catalog-match.toml").display().to_string()];
    for (name, value) in [("left", "left.csv"), ("right", "right.csv"), ("db", "links.db"), ("out", "out")] {
        arguments.extend(["--set".to_owned(), format!("vars.{name}={}", place.path(value).display())]);
    }
    arguments.extend(["--workspace".to_owned(), place.path("workspace").display().to_string()]);
    place.nightloom(arguments).expect_success();
    let database = place.path("links.db");
    assert_eq!(rows(&database, "SELECT left_id, right_id FROM catalog_links ORDER BY rowid"), truth);
    let explained = "SELECT COUNT(*) FROM catalog_links WHERE probability < 0.5
                     OR (SELECT SUM(value ->> 'log_odds') FROM json_each(explanation)) <= 0";
    assert_eq!(rows(&database, explained), [[Value::Integer(0)]]);
    assert!(place.path("out/catalog_links.parquet").exists());
}
