//! Bundles of shared data, where it is there, and of made-up shops: what holds of every bundle.

use std::path::Path;

use rusqlite::types::Value;
use serde_json::Value as Json;

use super::{database, number, run, texts};
use crate::support::{Place, project, rows};

/// Checks what holds of every bundle of a database.
#[track_caller]
fn check(database: &Path) {
    for (wrong, query) in [
        (
            "a price that does not add up",
            "SELECT COUNT(*) FROM bundle_recommendations WHERE original_cents - discount_cents <> bundle_cents OR bundle_cents <= 0",
        ),
        (
            "a figure outside of its bounds",
            "SELECT COUNT(*) FROM bundle_recommendations WHERE NOT (confidence BETWEEN 0 AND 1 AND ranking_score BETWEEN 0 AND 1 AND support BETWEEN 0 AND 1 AND lift >= 1)",
        ),
        (
            "a place that is no place",
            "SELECT COUNT(*) FROM (SELECT 1 FROM bundle_recommendations GROUP BY shop_id HAVING COUNT(DISTINCT rank_position) <> COUNT(*) OR MAX(rank_position) <> COUNT(*))",
        ),
        (
            "a better one behind a worse one",
            "SELECT COUNT(*) FROM bundle_recommendations a JOIN bundle_recommendations b ON a.shop_id = b.shop_id AND b.rank_position = a.rank_position + 1 AND b.ranking_score > a.ranking_score",
        ),
        (
            "a bundle that is there twice",
            "SELECT COUNT(*) FROM (SELECT 1 FROM bundle_recommendations GROUP BY shop_id, dedupe_hash HAVING COUNT(*) > 1)",
        ),
        (
            "an item that cannot be bought",
            "SELECT COUNT(*) FROM bundle_recommendations r, json_each(r.items) i JOIN catalog_snapshot s ON s.shop_id = r.shop_id AND s.item_id = i.value WHERE s.exclusion IS NOT NULL",
        ),
    ] {
        assert_eq!(number(database, query), 0, "{wrong}: {query}");
    }
    let records = rows(database, "SELECT pricing, products, objective, bundle_cents FROM bundle_recommendations");
    for row in &records {
        let [Value::Text(pricing), Value::Text(products), Value::Text(objective), Value::Integer(cents)] =
            row.as_slice()
        else {
            panic!("{row:?}");
        };
        let (pricing, products): (Json, Json) =
            (serde_json::from_str(pricing).expect("JSON"), serde_json::from_str(products).expect("JSON"));
        let cents_of = |value: &Json| (value.as_f64().expect("a number") * 100.0).round() as i64;
        let details = pricing["product_details"].as_array().expect("details");
        let sum: i64 = details.iter().map(|detail| cents_of(&detail["discounted_price"])).sum();
        assert_eq!(sum, *cents, "the lines add up to the cent: {pricing}");
        let (least, most) = (&pricing["objective_caps"]["min"], &pricing["objective_caps"]["max"]);
        let (least, most) = (least.as_f64().expect("a number"), most.as_f64().expect("a number"));
        let given: Vec<f64> = match pricing["volume_tiers"].as_array() {
            Some(tiers) => tiers.iter().skip(1).map(|tier| tier["value"].as_f64().expect("a number")).collect(),
            None => vec![pricing["total_discount_pct"].as_f64().expect("a number")],
        };
        assert!(given.iter().all(|pct| (least - 1e-6..=most + 1e-6).contains(pct)), "{objective}: {pricing}");
        assert!(!products["items"].as_array().expect("items").is_empty(), "{products}");
    }
}

#[test]
fn bundles_of_made_up_shops_keep_their_promises_and_a_second_run_is_fresh() {
    let place = Place::new();
    place.nightloom(["sample", "orders", "--lines", "6000", "--shops", "4", "--out", "shops"]).expect_success();
    run(&place, "bundles.toml", &[]);
    check(&database(&place));
    let shops = number(&database(&place), "SELECT COUNT(DISTINCT shop_id) FROM bundle_recommendations");
    assert_eq!(shops, 4);
    for table in [
        "orders",
        "order_lines",
        "products",
        "variants",
        "inventory_levels",
        "catalog_snapshot",
        "csv_uploads",
        "generation_progress",
        "shop_sync_status",
        "association_rules",
    ] {
        assert!(number(&database(&place), &format!("SELECT COUNT(*) FROM {table}")) > 0, "{table} is empty");
        assert!(place.path(&format!("out/{table}.parquet")).exists(), "{table}.parquet");
    }
    assert!(run(&place, "bundles.toml", &[]).contains("fresh; nothing to do"));
    let ids =
        texts(&database(&place), "SELECT id || rank_position || bundle_cents FROM bundle_recommendations ORDER BY 1");
    let other = Place::new();
    other.nightloom(["sample", "orders", "--lines", "6000", "--shops", "4", "--out", "shops"]).expect_success();
    run(&other, "bundles.toml", &[]);
    let again =
        texts(&database(&other), "SELECT id || rank_position || bundle_cents FROM bundle_recommendations ORDER BY 1");
    assert_eq!(ids, again, "two runs are equal");
}

#[test]
fn portfolios_may_be_chosen_by_what_they_earn_or_by_pareto() {
    let place = Place::new();
    place.nightloom(["sample", "orders", "--lines", "3000", "--shops", "2", "--out", "shops"]).expect_success();
    run(&place, "bundles.toml", &["vars.portfolio=expected_margin"]);
    check(&database(&place));
    run(&place, "bundles.toml", &["vars.pricing=bandit"]);
    check(&database(&place));
}

#[test]
fn bundles_of_the_shared_shop_keep_their_promises() {
    let data = project().join("../shared/data/shop");
    if !data.exists() {
        eprintln!("skipped: there is no {}", data.display());
        return;
    }
    let place = Place::new();
    run(&place, "bundles.toml", &[&format!("vars.shop_data={}", data.display())]);
    check(&database(&place));
    assert!(number(&database(&place), "SELECT COUNT(*) FROM bundle_recommendations") >= 30);
    let rule = "SELECT COUNT(*) FROM bundle_recommendations WHERE bundle_type = 'FBT' AND sources LIKE '%apriori%' AND lift > 5";
    assert!(number(&database(&place), rule) > 0, "the strongest rules are bundles");
}

#[test]
fn bundles_of_a_gift_shop_are_of_things_that_are_bought_together() {
    let data = project().join("../shared/data/baskets/online_retail.csv.gz");
    if !data.exists() {
        eprintln!("skipped: there is no {}", data.display());
        return;
    }
    let place = Place::new();
    std::fs::create_dir_all(place.path("shops/gifts")).expect("a folder");
    std::fs::copy(&data, place.path("shops/gifts/online_retail.csv.gz")).expect("a copy");
    run(&place, "bundles.toml", &[]);
    check(&database(&place));
    let strong =
        "SELECT COUNT(*) FROM bundle_recommendations WHERE bundle_type = 'FBT' AND confidence >= 0.5 AND lift >= 3";
    assert!(number(&database(&place), strong) >= 10);
    let named = "SELECT COUNT(*) FROM bundle_recommendations, json_each(products, '$.items') AS item WHERE item.value ->> 'name' = item.value ->> 'sku'";
    assert_eq!(number(&database(&place), named), 0, "every item has its name");
}
