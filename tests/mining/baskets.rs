//! From order lines to tables: rules and similar items, through the binary.

use std::path::Path;

use rusqlite::types::Value;

use crate::support::{Finished, Place, rows, shared};

/// Lines from a CSV file, as a shop exports them, to tables that a shop front reads.
const PIPELINE: &str = r#"
name = "baskets"

[sources.export]
csv = "lines.csv"

[stages.lines]
operator = "sql"
inputs   = { export = "export" }
params   = { query = "SELECT 'one' AS shop_id, \"orderId\" AS order_id, sku AS item_id FROM export" }

[stages.itemsets]
operator = "mine-itemsets"
inputs   = { lines = "lines" }
outputs  = { itemsets = "itemsets", shops = "basket_shops", rejected = "rejected_lines" }
params   = { support = 0.02, max_size = 3 }

[stages.rules]
operator = "mine-rules"
inputs   = { itemsets = "itemsets", shops = "basket_shops" }
outputs  = { rules = "association_rules", shops = "rule_counts", rejected = "rejected_sets" }

[stages.covisitation]
operator = "build-covisitation"
inputs   = { lines = "lines" }
outputs  = { covisitation = "covisitation", similar_items = "similar_items", shops = "covisitation_shops", rejected = "rejected_covisitation" }
params   = { weight = "lift", similar = 100, rank_by = "blend" }

[sinks.association_rules]
from   = "association_rules"
sqlite = "shop.db"
table  = "association_rules"
mode   = "replace"

[sinks.similar_items]
from   = "similar_items"
sqlite = "shop.db"
table  = "similar_items"
mode   = "replace"

[sinks.itemsets]
from   = "itemsets"
sqlite = "shop.db"
table  = "itemsets"
mode   = "replace"

[sinks.covisitation]
from   = "covisitation"
parquet = "covisitation.parquet"
"#;

fn pipeline(place: &Place) -> &'static str {
    place.write("baskets.toml", PIPELINE);
    "baskets.toml"
}

fn run(place: &Place, more: &[&str]) -> Finished {
    place.nightloom([&["run", pipeline(place)], more].concat())
}

fn texts(database: &Path, query: &str) -> Vec<Vec<String>> {
    let text = |value: Value| match value {
        Value::Text(text) => text,
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    rows(database, query).into_iter().map(|row| row.into_iter().map(text).collect()).collect()
}

#[test]
fn rules_and_similar_items_reach_their_tables_and_leave_them_when_there_are_none() {
    let place = Place::new();
    let mut lines = String::from("orderId,sku\n");
    for order in 0..30 {
        lines += &format!("{order},tea\n{order},{}\n", if order < 20 { "biscuit" } else { "milk" });
    }
    place.write("lines.csv", &lines);
    run(&place, &[]).expect_success();
    let database = place.path("shop.db");
    let rules = texts(
        &database,
        "SELECT antecedent, consequent, support_count, support, confidence, lift FROM association_rules ORDER BY id",
    );
    let side = |item: &str| format!("{{\"items\":[\"{item}\"]}}");
    assert_eq!(rules[0], [side("biscuit"), side("tea"), "20".into(), "0.666667".into(), "1".into(), "1".into()]);
    assert_eq!(rules.len(), 4, "{rules:?}");
    let similar = texts(&database, "SELECT item_id, similar_item, rank, score, orders_together FROM similar_items");
    assert_eq!(similar[0], ["biscuit", "tea", "1", "0.4", "20"], "{similar:?}");

    place.write("lines.csv", "orderId,sku\n1,tea\n2,milk\n");
    run(&place, &[]).expect_success();
    for table in ["association_rules", "similar_items", "itemsets"] {
        assert_eq!(texts(&database, &format!("SELECT count(*) FROM {table}")), [["0"]], "{table} is as it was");
    }
}

#[test]
fn the_known_figures_of_a_small_shop_come_out() {
    let place = Place::new();
    let Some(orders) = shared("data/shop", "store_SET_SYNTH1_orders") else {
        eprintln!("skipped: there is no ../shared/data/shop/store_SET_SYNTH1_orders.csv");
        return;
    };
    std::fs::copy(orders, place.path("lines.csv")).expect("copied");
    run(&place, &[]).expect_success();
    let database = place.path("shop.db");
    let sizes = texts(&database, "SELECT size, count(*) FROM itemsets GROUP BY size ORDER BY size");
    assert_eq!(sizes, [["1", "38"], ["2", "17"]]);
    let kept = "SELECT count(*) FROM association_rules WHERE ";
    for (condition, count) in [
        ("1", "34"),
        ("support >= 0.02 AND confidence >= 0.18 AND lift >= 1.1", "34"),
        ("support >= 0.05 AND confidence >= 0.3 AND lift >= 1.2", "0"),
    ] {
        assert_eq!(texts(&database, &format!("{kept}{condition}")), [[count]], "{condition}");
    }
    for (one, other, figures) in [
        ("0026", "0061", ["12", "0.026667", "0.571429", "5.714286"]),
        ("0024", "0060", ["17", "0.037778", "0.566667", "5.543478"]),
        ("0056", "0028", ["14", "0.031111", "0.424242", "3.409091"]),
        ("0056", "0029", ["18", "0.04", "0.545455", "4.545455"]),
        ("0023", "0038", ["9", "0.02", "0.6", "6.136364"]),
    ] {
        let query = format!(
            "SELECT support_count, support, confidence, lift FROM association_rules
             WHERE antecedent LIKE '%-{one}\"]}}' AND consequent LIKE '%-{other}\"]}}'"
        );
        assert_eq!(texts(&database, &query), [figures], "{one} → {other}");
    }
}

/// The score of each pair of items that is similar, once.
const PAIRS: &str = "FROM similar_items WHERE item_id < similar_item";

#[test]
fn the_known_cosines_of_a_small_shop_come_out() {
    let place = Place::new();
    let Some(orders) = shared("data/shop", "store_SET_SYNTH1_orders") else {
        eprintln!("skipped: there is no ../shared/data/shop/store_SET_SYNTH1_orders.csv");
        return;
    };
    std::fs::copy(orders, place.path("lines.csv")).expect("copied");
    run(&place, &[]).expect_success();
    let database = place.path("shop.db");
    assert_eq!(texts(&database, &format!("SELECT count(*) {PAIRS}")), [["208"]]);
    let best = format!(
        "SELECT item_id, similar_item, orders_together, cosine, score {PAIRS} ORDER BY score DESC, cosine DESC LIMIT 5"
    );
    let found: Vec<Vec<String>> = texts(&database, &best)
        .into_iter()
        .map(|mut row| {
            row[0] = row[0][row[0].len() - 4..].to_owned();
            row[1] = row[1][row[1].len() - 4..].to_owned();
            row
        })
        .collect();
    let expected = [
        ["0059", "0028", "16", "0.617697", "0.770618"],
        ["0030", "0047", "4", "0.843402", "0.666041"],
        ["0061", "0026", "12", "0.229979", "0.537987"],
        ["0057", "0028", "14", "0.210374", "0.526224"],
        ["0058", "0028", "12", "0.210373", "0.526224"],
    ];
    assert_eq!(found, expected);
    let ranks = "SELECT substr(similar_item, -4) FROM similar_items
                 WHERE item_id LIKE '%-0028' AND substr(similar_item, -4) IN ('0057', '0058') ORDER BY rank";
    assert_eq!(texts(&database, ranks), [["0057"], ["0058"]], "equal as shown, the larger exact score first");
    run(&place, &["--set", "stages.covisitation.params.weight=raw"]).expect_success();
    assert_eq!(texts(&database, &format!("SELECT count(*) {PAIRS}")), [["237"]]);
    let best = format!("SELECT orders_together, cosine, score {PAIRS} ORDER BY score DESC LIMIT 1");
    assert_eq!(texts(&database, &best), [["1", "0.649687", "0.429812"]]);
}
