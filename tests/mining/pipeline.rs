//! The baskets pipeline as it is shipped, on made-up exports.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::{Place, project};

fn run(place: &Place) -> String {
    run_with(place, &["vars.support=0.005"])
}

fn run_with(place: &Place, settings: &[&str]) -> String {
    let pipeline = project().join("pipelines/baskets.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str(), "--verbose".as_ref()]);
    for setting in ["vars.shop_data=shops", "vars.db=baskets.db", "vars.out=out"].iter().chain(settings) {
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
        ("shops/one/notes.md", "not asked for".to_owned()),
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

/// Writes a shop's files.
fn write_shop(place: &Place, shop: &str, files: &[(&str, &str)]) {
    std::fs::create_dir_all(place.path(&format!("shops/{shop}"))).expect("a folder");
    for (name, text) in files {
        std::fs::write(place.path(&format!("shops/{shop}/{name}")), text).expect("a file");
    }
}

/// Orders as an export: of each the customer and its items.
fn orders_csv<'a>(orders: impl IntoIterator<Item = (&'a str, Vec<String>)>) -> String {
    let mut text = String::from("order_id,variant_id,created_at,quantity,unit_price,customer_email\n");
    for (number, (customer, items)) in orders.into_iter().enumerate() {
        for item in items {
            text += &format!("{number},{item},2026-01-05,1,5.00,{customer}\n");
        }
    }
    text
}

/// The texts that a query gives.
fn column(place: &Place, query: &str) -> Vec<String> {
    let database = rusqlite::Connection::open(place.path("baskets.db")).expect("a database");
    let mut query = database.prepare(query).expect("a query");
    let rows = query.query_map([], |row| row.get::<_, String>(0)).expect("rows");
    rows.map(|row| row.expect("a text")).collect()
}

/// The lines of a report, with single spaces.
fn report(printed: &str, title: &str) -> Vec<String> {
    let lines = printed.lines().skip_while(|line| *line != title).skip(1).take_while(|line| !line.is_empty());
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

const WITHOUT_RULES: &str = "Shops without a rule, why, and what would change it";

#[test]
fn a_wide_shop_gets_its_pairs_and_no_luck_where_no_support_is_given() {
    let place = Place::new();
    let pair = |number: usize| vec![format!("left-{}", number % 30), format!("right-{}", number % 30)];
    // Each item of the rest is in a few orders, with another one every time.
    let rest = |number: usize| vec![format!("rest-{}", number % 307), format!("rest-{}", number * 31 % 293 + 307)];
    let orders = (0..240).map(pair).chain((0..1_200).map(rest)).map(|items| ("", items));
    write_shop(&place, "wide", &[("orders.csv", &orders_csv(orders))]);
    let printed = run_with(&place, &[]);
    let sides = column(&place, "SELECT antecedent || consequent FROM association_rules WHERE q_value <= 0.05");
    assert_eq!(sides.len(), 60, "thirty pairs, both ways");
    assert!(sides.iter().all(|sides| sides.contains("left-") && sides.contains("right-")), "{sides:?}");
    assert!(report(&printed, WITHOUT_RULES).is_empty(), "{printed}");
}

#[test]
fn a_shop_without_a_rule_says_why_and_what_would_change_it() {
    let place = Place::new();
    let luck = (0..1_000_usize).map(|number| {
        let item = |number: usize| format!("v{}", number % 997);
        ("", vec![item(number * 7), item(number * number + 3)])
    });
    write_shop(&place, "luck", &[("orders.csv", &orders_csv(luck))]);
    write_shop(&place, "single", &[("orders.csv", &orders_csv((0..9).map(|_| ("", vec!["a".to_owned()]))))]);
    let pairs = || (0..40).map(|number| ("", vec![format!("a{}", number % 4), format!("b{}", number % 4)]));
    let archived =
        "product_id,variant_id,product_title,product_status,price,inventory_item_id\np,a0,A,archived,5.00,i\n";
    write_shop(&place, "closed", &[("orders.csv", &orders_csv(pairs())), ("catalog.csv", archived)]);
    let printed = run_with(&place, &[]);
    let told = report(&printed, WITHOUT_RULES).join("\n");
    for words in ["luck 1,000", "single 0", "no order has two items", "closed 40", "all name what cannot be"] {
        assert!(told.contains(words), "{words}: {printed}");
    }
    assert!(printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
}

#[test]
fn what_is_archived_draft_or_gone_is_named_nowhere_unless_all_may_be() {
    let place = Place::new();
    let others = ["archived", "draft", "gone", "here"];
    let orders = (0..200).map(|number| {
        let other = if number % 5 == 4 { format!("x{}", number % 7) } else { others[number % 5].to_owned() };
        ("", vec![if number % 5 == 4 { format!("y{}", number % 3) } else { "item".to_owned() }, other])
    });
    let row = |(variant, status): (&str, &str)| format!("p-{variant},{variant},Title,{status},5.00,i-{variant}\n");
    let known = [("archived", "archived"), ("draft", "draft"), ("here", "active"), ("item", "active")];
    let catalog = "product_id,variant_id,product_title,product_status,price,inventory_item_id\n".to_owned()
        + &known.into_iter().map(row).collect::<String>();
    write_shop(&place, "main", &[("orders.csv", &orders_csv(orders)), ("catalog.csv", &catalog)]);
    let named = |settings: &[&str]| {
        run_with(&place, settings);
        let rules = "SELECT antecedent || consequent FROM association_rules";
        let similar = "SELECT item_id || ' ' || similar_item FROM similar_items";
        [rules, similar].map(|query| column(&place, query))
    };
    for texts in named(&[]) {
        assert!(texts.iter().any(|text| text.contains("here")), "{texts:?}");
        let lost =
            texts.iter().filter(|text| ["archived", "draft", "gone", "x", "y"].iter().any(|item| text.contains(item)));
        assert_eq!(lost.count(), 0, "{texts:?}");
    }
    for texts in named(&["vars.offer=all"]) {
        assert!(others.iter().all(|item| texts.iter().any(|text| text.contains(item))), "{texts:?}");
    }
}

#[test]
fn one_customers_standing_order_makes_no_rule() {
    let place = Place::new();
    let standing: Vec<String> = (0..60).map(|item| format!("bulk-{item}")).collect();
    let small = |number: usize| vec![format!("a{}", number % 20), format!("b{}", number % 20)];
    let customers: Vec<String> = (0..400).map(|number| format!("c{number}@example.com")).collect();
    let orders = customers.iter().enumerate().map(|(number, customer)| (customer.as_str(), small(number)));
    let orders = orders.chain((0..50).map(|_| ("trade@example.com", standing.clone())));
    write_shop(&place, "main", &[("orders.csv", &orders_csv(orders))]);
    run_with(&place, &[]);
    let rules = column(&place, "SELECT antecedent || consequent FROM association_rules");
    assert!(rules.len() == 40 && rules.iter().all(|sides| !sides.contains("bulk")), "{rules:?}");
}

#[test]
fn products_are_mined_where_variants_are_too_many() {
    let place = Place::new();
    let sizes = ["s", "m", "l"];
    let orders = (0..90).map(|number| {
        let variant = |title: &str, size: usize| format!("{title}-{}", sizes[size % 3]);
        let (one, other) = (variant("shirt", number / 3), variant("tie", number));
        ("", if number % 2 == 0 { vec![one, other] } else { vec![format!("lone-{number}"), format!("mate-{number}")] })
    });
    let titles = ["shirt", "tie"].into_iter().flat_map(|title| sizes.map(|size| (title, size)));
    let row = |(title, size): (&str, &str)| {
        format!("{title},{title}-{size},Our {title},{size},active,5.00,i-{title}-{size}\n")
    };
    let catalog = "product_id,variant_id,product_title,variant_title,product_status,price,inventory_item_id\n"
        .to_owned()
        + &titles.map(row).collect::<String>();
    write_shop(&place, "main", &[("orders.csv", &orders_csv(orders)), ("catalog.csv", &catalog)]);
    let printed = run_with(&place, &["vars.level=product"]);
    let rules = "SELECT antecedent || support_count FROM association_rules ORDER BY antecedent";
    assert_eq!(column(&place, rules), ["{\"items\":[\"shirt\"]}45", "{\"items\":[\"tie\"]}45"]);
    assert!(report(&printed, "Bought together more often than chance").concat().contains("Our shirt"), "{printed}");
    assert_eq!(column(&place, "SELECT similar_item FROM similar_items ORDER BY 1"), ["shirt", "tie"]);
}

#[test]
fn rules_of_closed_or_maximal_sets_are_refused_before_any_work() {
    let place = Place::new();
    write_shop(&place, "main", &[("orders.csv", &orders_csv([("", vec!["a".to_owned(), "b".to_owned()])]))]);
    let pipeline = project().join("pipelines/baskets.toml").display().to_string();
    for target in ["closed", "maximal"] {
        let set = format!("stages.itemsets.params.target={target}");
        let checked = place.nightloom(["check", &pipeline, "--set", "vars.shop_data=shops", "--set", &set]);
        assert!(checked.code == Some(2) && checked.stderr.contains("target = \"all\""), "{}", checked.stderr);
    }
}
