//! The made-up shops as four systems export them: the same rules, with the same titles, whichever is read.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Output,
};

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Place, project};

/// A rule as people read it: the shop, the names on both sides, and how many orders hold each side and both.
type Rule = (String, Vec<String>, Vec<String>, [i64; 3]);

/// Makes the demo's shops as `profile` exports them and runs the baskets pipeline on them.
fn run(place: &Place, profile: &str) -> Output {
    let size = ["--lines", "6000", "--shops", "3", "--seed", "1"];
    place
        .nightloom([&["sample", "orders", "--profile", profile, "--out", profile][..], &size].concat())
        .expect_success();
    let pipeline = project().join("pipelines/baskets.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str(), "--verbose".as_ref()]);
    for setting in [format!("shop_data={profile}"), format!("db={profile}.db"), format!("out={profile}-out")] {
        command.args(["--set", &format!("vars.{setting}")]);
    }
    let output = command.args(["--workspace", &format!("{profile}-workspace")]).output().expect("a run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The name of each item: its product's title and what tells it from its siblings.
fn names(database: &Connection) -> BTreeMap<(String, String), String> {
    let query =
        "SELECT shop_id, variant_id, product_title || ' / ' || COALESCE(variant_title, '-') FROM item_snapshots";
    let mut query = database.prepare(query).expect("a table");
    let row = |row: &rusqlite::Row<'_>| Ok(((row.get(0)?, row.get(1)?), row.get(2)?));
    query.query_map([], row).expect("rows").map(|row| row.expect("texts")).collect()
}

fn rules(database: &Connection) -> BTreeSet<Rule> {
    let names = names(database);
    let query = "SELECT shop_id, antecedent, consequent, antecedent_count, consequent_count, support_count
                 FROM association_rules";
    let mut query = database.prepare(query).expect("a table");
    let row =
        |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, [row.get(3)?, row.get(4)?, row.get(5)?]));
    let rows: Vec<(String, String, String, [i64; 3])> =
        query.query_map([], row).expect("rows").map(|row| row.expect("a rule")).collect();
    let side = |shop: &str, json: &str| {
        let json: Value = serde_json::from_str(json).expect("JSON");
        let items =
            json["items"].as_array().expect("items").iter().map(|item| item.as_str().expect("a text").to_owned());
        let mut named: Vec<String> = items
            .map(|item| {
                names.get(&(shop.to_owned(), item.clone())).cloned().unwrap_or(format!("{item} without a name"))
            })
            .collect();
        named.sort();
        named
    };
    rows.into_iter()
        .map(|(shop, antecedent, consequent, counts)| {
            (shop.clone(), side(&shop, &antecedent), side(&shop, &consequent), counts)
        })
        .collect()
}

/// The lines of the report on rules.
fn report(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().skip_while(|line| *line != "Bought together more often than chance");
    lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_demos_shops_give_the_same_rules_and_titles_in_four_profiles() {
    let place = Place::new();
    let made = |profile: &str| {
        let output = run(&place, profile);
        let database = Connection::open(place.path(&format!("{profile}.db"))).expect("a database");
        (rules(&database), report(&output))
    };
    let (wanted, shown) = made("nightloom");
    assert!(wanted.len() > 100 && shown.len() > 10, "{} rules, {shown:?}", wanted.len());
    for profile in ["shopify", "shopify-without-skus", "tiendanube"] {
        let (found, report) = made(profile);
        let missing: Vec<&Rule> = wanted.difference(&found).take(3).collect();
        let others: Vec<&Rule> = found.difference(&wanted).take(3).collect();
        assert!(
            found == wanted,
            "{profile}: of {} rules {} are not there: {missing:?}; others: {others:?}",
            wanted.len(),
            wanted.difference(&found).count()
        );
        assert_eq!(report, shown, "{profile}");
    }
}
