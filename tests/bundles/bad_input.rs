//! Shops of which little or nothing can be made: a reasoned result, and never a failure.

use super::{database, number, run, texts, write};
use crate::support::Place;

const ORDERS: &str = "order_id,variant_id,created_at,quantity,unit_price,currency\n";
const CATALOG: &str = "product_id,variant_id,product_title,price,inventory_item_id,product_status\n";
const STOCK: &str = "inventory_item_id,location_id,available,updated_at\n";

/// Orders of `a` with `b` and of `c` with `d`, so many of each.
fn orders(pairs: usize) -> String {
    let mut lines = ORDERS.to_owned();
    for order in 0..2 * pairs {
        for item in if order % 2 == 0 { ["a", "b"] } else { ["c", "d"] } {
            lines += &format!("{order},{item},2026-01-0{},1,20.00,USD\n", 1 + order % 9);
        }
    }
    lines
}

fn catalog(price: &str, status: &str) -> String {
    let row = |item: &str| format!("p{item},{item},Product {item},{price},i{item},{status}\n");
    CATALOG.to_owned() + &["a", "b", "c", "d"].map(row).concat()
}

fn why(place: &Place, shop: &str) -> String {
    texts(&database(place), &format!("SELECT why FROM bundle_shops WHERE shop_id = '{shop}'")).concat()
}

fn bundles(place: &Place, shop: &str) -> i64 {
    number(&database(place), &format!("SELECT COUNT(*) FROM bundle_recommendations WHERE shop_id = '{shop}'"))
}

#[test]
fn shops_that_cannot_have_bundles_say_why_and_the_others_have_theirs() {
    let place = Place::new();
    write(&place, "good", &[("orders.csv", &orders(20)), ("catalog.csv", &catalog("20.00", "active"))]);
    write(&place, "archived", &[("orders.csv", &orders(20)), ("catalog.csv", &catalog("20.00", "archived"))]);
    write(
        &place,
        "free",
        &[("orders.csv", &orders(20).replace(",20.00,", ",0.00,")), ("catalog.csv", &catalog("0.00", "active"))],
    );
    let none_left = ["a", "b", "c", "d"].map(|item| format!("i{item},l1,0,2026-01-01T00:00:00Z\n")).concat();
    write(
        &place,
        "sold-out",
        &[
            ("orders.csv", &orders(20)),
            ("catalog.csv", &catalog("20.00", "active")),
            ("inventory.csv", &(STOCK.to_owned() + &none_left)),
        ],
    );
    write(&place, "one-order", &[("orders.csv", &format!("{ORDERS}1,a,2026-01-01,1,20.00,USD\n"))]);
    let of_one: String = (0..20).map(|order| format!("{order},a,2026-01-01,{},20.00,USD\n", 1 + order % 3)).collect();
    let alone = catalog("20.00", "active").lines().take(2).map(|line| format!("{line}\n")).collect::<String>();
    write(&place, "one-product", &[("orders.csv", &format!("{ORDERS}{of_one}")), ("catalog.csv", &alone)]);
    write(&place, "no-orders", &[("catalog.csv", &catalog("20.00", "active"))]);
    let mixed = orders(20).replacen("20.00,USD", "20.00,EUR", 3);
    write(&place, "two-currencies", &[("orders.csv", &mixed), ("catalog.csv", &catalog("20.00", "active"))]);
    let printed = run(&place, "bundles.toml", &[]);
    assert!(bundles(&place, "good") > 0 && bundles(&place, "two-currencies") > 0);
    assert_eq!(["archived", "free", "sold-out"].map(|shop| bundles(&place, shop)), [0; 3]);
    assert_eq!(why(&place, "archived"), "all products are archived or drafts");
    assert_eq!(why(&place, "free"), "no product has a price");
    assert_eq!(why(&place, "sold-out"), "all products are sold out");
    assert!(printed.contains("Shops without a bundle") && printed.contains("all products are sold out"), "{printed}");
    assert!(bundles(&place, "one-order") > 0 && bundles(&place, "no-orders") > 0, "quantities of what there is");
    assert_eq!(why(&place, "no-orders"), "no orders: only what the catalog says");
    assert_eq!(why(&place, "one-order"), "no order has two items: quantities and guesses alone");
    let kinds = |shop: &str| {
        let query = "SELECT DISTINCT bundle_type FROM bundle_recommendations WHERE shop_id = ";
        texts(&database(&place), &format!("{query}'{shop}' ORDER BY 1"))
    };
    assert!(kinds("no-orders").contains(&"VOLUME".to_owned()));
    let of_one = kinds("one-product");
    assert!(!of_one.is_empty() && of_one.iter().all(|kind| kind == "VOLUME" || kind == "BOGO"), "{of_one:?}");
    assert_eq!(why(&place, "one-product"), "no order has two items: quantities and guesses alone");
    let currency =
        "SELECT DISTINCT pricing ->> 'currency' FROM bundle_recommendations WHERE shop_id = 'two-currencies'";
    assert_eq!(texts(&database(&place), currency), ["USD"]);
}

#[test]
fn a_run_with_no_order_at_all_goes_on_with_the_catalog() {
    let place = Place::new();
    write(&place, "new", &[("catalog.csv", &catalog("20.00", "active"))]);
    run(&place, "bundles.toml", &[]);
    assert!(bundles(&place, "new") > 0);
    run(&place, "bundles-quickstart.toml", &[]);
    assert!(bundles(&place, "new") > 0);
}
