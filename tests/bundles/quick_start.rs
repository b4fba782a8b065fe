//! The first bundles of a shop.

use super::{database, run, sample_shops, texts, write};
use crate::{bundles::number, support::Place};

/// Four products as those of a sample shop: 8 orders of a with b, 5 of a with c, 4 of b with d, 3 of c with d, four of one item.
fn sample_shop(place: &Place) {
    sample_shop_with(place, "");
}

/// The same with more order lines.
fn sample_shop_with(place: &Place, more: &str) {
    let pairs = [(8, ["a", "b"]), (5, ["a", "c"]), (4, ["b", "d"]), (3, ["c", "d"])];
    let mut orders: Vec<Vec<&str>> =
        pairs.iter().flat_map(|(times, pair)| std::iter::repeat_n(pair.to_vec(), *times)).collect();
    orders.extend([vec!["a"], vec!["a"], vec!["b"], vec!["d"]]);
    let prices = [("a", "40.00", 30), ("b", "50.00", 30), ("c", "10.00", 30), ("d", "25.00", 30)];
    let mut lines = "order_id,variant_id,created_at,quantity,unit_price\n".to_owned();
    for (order, items) in orders.iter().enumerate() {
        items.iter().for_each(|item| lines += &format!("{order},{item},2025-09-01,1,1.00\n"));
    }
    lines += more;
    let mut catalog =
        "product_id,variant_id,product_title,price,inventory_item_id,product_status,available_total\n".to_owned();
    prices.iter().for_each(|(item, price, stock)| {
        catalog += &format!("p{item},{item},Product {item},{price},i{item},active,{stock}\n")
    });
    write(place, "main", &[("orders.csv", &lines), ("catalog.csv", &catalog)]);
}

#[test]
fn the_pairs_of_the_sample_shop_have_their_prices_and_confidences() {
    let place = Place::new();
    sample_shop(&place);
    run(&place, "bundles-quickstart.toml", &["vars.epsilon=0"]);
    let pairs =
        "SELECT items || ' ' || original_cents || ' ' || bundle_cents || ' ' || confidence FROM bundle_recommendations
                 WHERE bundle_type = 'FBT' ORDER BY original_cents DESC";
    assert_eq!(
        texts(&database(&place), pairs),
        [
            r#"["b","a"] 9000 7699 0.58"#,
            r#"["d","b"] 7500 6399 0.54"#,
            r#"["c","a"] 5000 4295 0.55"#,
            r#"["c","d"] 3500 2995 0.53"#,
        ]
    );
    let reference = "SELECT DISTINCT discount_reference FROM bundle_recommendations";
    assert_eq!(texts(&database(&place), reference), ["__quick_start__"]);
    assert!(number(&database(&place), "SELECT COUNT(*) FROM bundle_recommendations") <= 10);
}

#[test]
fn a_large_shop_gets_no_quick_start_and_the_full_run_replaces_it() {
    let place = Place::new();
    sample_shop(&place);
    let printed = run(&place, "bundles-quickstart.toml", &["vars.below_orders=10", "vars.below_products=2"]);
    assert!(printed.contains("it is large enough for a full run"), "{printed}");
    run(&place, "bundles-quickstart.toml", &[]);
    run(&place, "bundles.toml", &[]);
    let quick = "SELECT COUNT(*) FROM bundle_recommendations WHERE discount_reference IS NOT NULL";
    assert_eq!(number(&database(&place), quick), 0);
}

#[test]
fn a_quick_start_leaves_the_bundles_of_other_shops_alone_and_comes_once() {
    let place = Place::new();
    sample_shops(&place, 1_500, 1);
    run(&place, "bundles.toml", &[]);
    let of_others = "SELECT id || bundle_cents FROM bundle_recommendations WHERE shop_id <> 'main' ORDER BY 1";
    let before = texts(&database(&place), of_others);
    assert!(!before.is_empty());
    sample_shop(&place);
    run(&place, "bundles-quickstart.toml", &[]);
    let of_new = "SELECT COUNT(*) FROM bundle_recommendations WHERE shop_id = 'main'";
    let new = number(&database(&place), of_new);
    assert!((4..=10).contains(&new), "{new}");
    assert_eq!(texts(&database(&place), of_others), before);
    // New orders: what is there stays until the full run.
    sample_shop_with(&place, "5,a,2025-09-02,1,1.00\n5,d,2025-09-02,1,1.00\n");
    let printed = run(&place, "bundles-quickstart.toml", &[]);
    assert!(printed.contains("it has bundles already"), "{printed}");
    assert_eq!(number(&database(&place), of_new), new);
}
