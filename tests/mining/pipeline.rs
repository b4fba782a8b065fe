//! The baskets pipeline as it is shipped, on made-up exports.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::{Place, project};

fn run(place: &Place) -> String {
    let pipeline = project().join("pipelines/baskets.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    for setting in ["vars.shop_data=shops", "vars.db=baskets.db", "vars.out=out", "vars.support=0.005"] {
        command.args(["--set", setting]);
    }
    let output = command.args(["--workspace", ".", "--as-of", "2026-03-01"]).output().expect("a run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn planted_bundles_are_found_in_the_exports_and_a_second_run_is_fresh() {
    let place = Place::new();
    place.nightloom(["sample", "orders", "--lines", "12000", "--shops", "4", "--out", "shops"]).expect_success();
    run(&place);
    let database = rusqlite::Connection::open(place.path("baskets.db")).expect("a database");
    let mut query = database.prepare("SELECT shop_id, items FROM itemsets").expect("a table");
    let pair = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let found: HashSet<(String, String)> =
        query.query_map([], pair).expect("rows").map(|row| row.expect("a row")).collect();
    let planted = std::fs::read_to_string(place.path("shops/true_bundles.ndjson")).expect("bundles");
    let planted: Vec<Value> = planted.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let often = planted.iter().filter(|bundle| bundle["orders"].as_u64() >= Some(12));
    let missed: Vec<&Value> = often
        .clone()
        .filter(|bundle| {
            let shop = bundle["shop_id"].as_str().expect("a shop").to_owned();
            !found.contains(&(shop, bundle["items"].to_string()))
        })
        .collect();
    assert!(often.count() >= 10 && missed.is_empty(), "{missed:?}");
    assert!(run(&place).contains("fresh; nothing to do"));
}

#[test]
fn an_order_that_is_exported_again_replaces_all_its_lines() {
    let place = Place::new();
    let header = "order_id,line_item_id,variant_id,created_at,quantity,unit_price\n";
    let line = |order: u32, line: u32, variant: &str| format!("{order},{line},{variant},2026-01-0{order},1,5.00\n");
    std::fs::create_dir_all(place.path("shops/one")).expect("a folder");
    let first = format!("{header}{}{}{}{}", line(1, 1, "a"), line(1, 2, "b"), line(2, 3, "a"), line(2, 4, "b"));
    std::fs::write(place.path("shops/one/orders-1.csv"), first).expect("a file");
    run(&place);
    let pairs = || -> i64 {
        let database = rusqlite::Connection::open(place.path("baskets.db")).expect("a database");
        database.query_row("SELECT COUNT(*) FROM itemsets WHERE size = 2", [], |row| row.get(0)).expect("a number")
    };
    assert_eq!(pairs(), 1);
    std::fs::write(place.path("shops/one/orders-2.csv"), format!("{header}{}", line(2, 3, "a"))).expect("a file");
    run(&place);
    assert_eq!(pairs(), 0, "b was taken out of the second order: the pair is left in one");
}
