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
fn exports_are_read_in_any_case_and_format_and_what_was_not_used_is_told() {
    let place = Place::new();
    let header = "order_id,variant_id,created_at,quantity,unit_price\n";
    let lines = |order: u32| {
        let line = |variant: &str| format!("{order},{variant},2026-01-02,1,5.00\n");
        format!("{header}{}{}", line("a"), line("b"))
    };
    let files = [
        ("shops/one/ORDERS.CSV", lines(1)),
        ("shops/one/notes.txt", "not asked for".to_owned()),
        ("in/o.csv", lines(2)),
        (
            "to-parquet.toml",
            "name = 'to-parquet'\n[sources.rows]\ncsv = 'in/o.csv'\n[sinks.rows]\nfrom = 'rows'\nparquet = 'shops/one/More.Parquet'\n"
                .to_owned(),
        ),
    ];
    for folder in ["shops/one", "in"] {
        std::fs::create_dir_all(place.path(folder)).expect("a folder");
    }
    for (name, text) in files {
        std::fs::write(place.path(name), text).expect("a file");
    }
    place.nightloom(["run", "to-parquet.toml"]).expect_success();
    let packed = zstd::encode_all(lines(3).as_bytes(), 1).expect("bytes");
    std::fs::write(place.path("shops/one/Last.Csv.ZST"), packed).expect("a file");
    let told = run(&place);
    assert!(!told.contains("Files that were not used"), "{told}");
    let database = rusqlite::Connection::open(place.path("baskets.db")).expect("a database");
    let orders = "SELECT support_count FROM itemsets WHERE size = 2";
    let orders: i64 = database.query_row(orders, [], |row| row.get(0)).expect("a number");
    assert_eq!(orders, 3, "of three files");
    for (name, text) in [("login.csv", "<!DOCTYPE html>"), ("other.csv", "a,b\n1,2\n"), ("o.csv.bak", "x")] {
        std::fs::write(place.path("shops/one").join(name), text).expect("a file");
    }
    let told = run(&place);
    let report = told.split("Files that were not used").nth(1).expect("a report");
    let report: String = report.lines().take(30).flat_map(|line| [line, "\n"]).collect();
    for words in ["one/login.csv", "failed", "HTML", "one/other.csv", "no kind", "one/o.csv.bak", "ignored"] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert!(report.lines().all(|line| line.chars().count() <= 80), "{report}");
    assert!(place.path("out/ingested_files.parquet").exists() && place.path("out/lines_left_out.parquet").exists());
}

#[test]
fn all_rules_of_a_small_shop_reach_the_table_and_the_report_shows_those_that_are_hardly_luck() {
    let place = Place::new();
    let pairs = [(8, ["a", "b"]), (5, ["a", "c"]), (4, ["b", "d"]), (3, ["c", "d"])];
    let orders = pairs.iter().flat_map(|(times, pair)| std::iter::repeat_n(pair, *times));
    let mut lines = String::from("order_id,line_item_id,variant_id,created_at,quantity,unit_price\n");
    for (order, items) in orders.enumerate() {
        items.iter().for_each(|item| lines += &format!("{order},{order}-{item},{item},2026-01-05,1,5.00\n"));
    }
    std::fs::create_dir_all(place.path("shops/main")).expect("a folder");
    std::fs::write(place.path("shops/main/orders.csv"), lines).expect("a file");
    let printed = run(&place);
    let database = rusqlite::Connection::open(place.path("baskets.db")).expect("a database");
    let rules = "SELECT COUNT(*), MIN(q_value) > 0.7 FROM association_rules";
    let found: (i64, bool) = database.query_row(rules, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("rules");
    assert_eq!(found, (8, true));
    let report = printed.lines().skip_while(|line| *line != "Bought together more often than chance").nth(1);
    assert!(report.is_some_and(|line| !line.contains("main")), "{printed}");
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
    let orders_of_pair = || -> i64 {
        let database = rusqlite::Connection::open(place.path("baskets.db")).expect("a database");
        database.query_row("SELECT support_count FROM itemsets WHERE size = 2", [], |row| row.get(0)).expect("a number")
    };
    assert_eq!(orders_of_pair(), 2);
    std::fs::write(place.path("shops/one/orders-2.csv"), format!("{header}{}", line(2, 3, "a"))).expect("a file");
    run(&place);
    assert_eq!(orders_of_pair(), 1, "b was taken out of the second order: the pair is left in one");
}

#[test]
fn a_tiny_shop_with_a_very_long_order_does_not_stop_the_others() {
    let place = Place::new();
    let line = |order: u32, item: &str| format!("{order},{item},2026-01-02,1,5.00\n");
    let header = "order_id,variant_id,created_at,quantity,unit_price\n";
    let long: String = (0..500).map(|item| line(1, &item.to_string())).collect();
    let short: String = (1..=3).flat_map(|order| ["a", "b"].map(|item| line(order, item))).collect();
    for (shop, lines) in [("long", long), ("short", short)] {
        std::fs::create_dir_all(place.path(&format!("shops/{shop}"))).expect("a folder");
        std::fs::write(place.path(&format!("shops/{shop}/orders.csv")), format!("{header}{lines}")).expect("a file");
    }
    run(&place);
    let database = rusqlite::Connection::open(place.path("baskets.db")).expect("a database");
    let sets = "SELECT group_concat(DISTINCT shop_id) || ' ' || COUNT(*) FROM itemsets";
    assert_eq!(database.query_row(sets, [], |row| row.get::<_, String>(0)), Ok("short 3".to_owned()));
}
