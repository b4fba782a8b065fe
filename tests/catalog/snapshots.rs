//! What a catalog shows from night to night goes on into price history and images of linking.

use rusqlite::types::Value;

use super::shop::Shop;
use crate::support::{Place, project, rows};

fn run(place: &Place, pipeline: &str, night: &str) {
    let pipeline = project().join("pipelines").join(pipeline).display().to_string();
    let sets = ["vars.db=\"shop.db\"", "vars.out=\"out\""];
    let mut arguments = vec!["run", &pipeline, "--workspace", "work", "--as-of", night];
    sets.iter().for_each(|set| arguments.extend(["--set", *set]));
    place.nightloom(arguments).expect_success();
}

fn catalog(price: f64) -> String {
    format!(
        r#"[{{"id": "a", "name": "Red leather belt", "url": "https://shop.example/p/red-leather-belt", "price": {price},
             "images": ["https://cdn.example/red-1.jpg", "https://cdn.example/red-2.jpg"]}},
            {{"id": "b", "name": "Blue cable", "url": "https://shop.example/p/blue-cable", "price": 9.5}}]"#
    )
}

#[test]
fn prices_and_images_of_synced_catalogs_are_learned_from() {
    let shop = Shop::new("[]");
    let night = |number: usize, price: f64| {
        shop.write(&catalog(price));
        let pipeline = project().join("pipelines/catalog-snapshots.toml").display().to_string();
        let night = format!("2026-03-0{number}");
        let index = [
            "vars.namespace=\"shop.example\"",
            "vars.catalog=\"catalog.json\"",
            "vars.index=\"search.db\"",
            "vars.db=\"shop.db\"",
        ];
        let mut arguments = vec!["run", &pipeline, "--workspace", "work", "--as-of", &night];
        index.iter().for_each(|set| arguments.extend(["--set", *set]));
        shop.0.nightloom(arguments).expect_success();
    };
    for (number, price) in [(1, 30.0), (2, 30.0), (3, 24.0), (4, 24.0), (5, 27.0)] {
        night(number, price);
    }
    let seen = rows(
        &shop.0.path("shop.db"),
        "SELECT product_code, price, substr(discovered_date, 1, 10) FROM catalog_products ORDER BY id",
    );
    let of =
        |code: &str, price: f64, day: &str| vec![Value::Text(code.into()), Value::Real(price), Value::Text(day.into())];
    let expected = [
        of("a", 30.0, "2026-03-01"),
        of("b", 9.5, "2026-03-01"),
        of("a", 24.0, "2026-03-03"),
        of("a", 27.0, "2026-03-05"),
    ];
    assert_eq!(seen, expected, "only what was new or had changed is a row");
    run(&shop.0, "prices.toml", "2026-03-06");
    let history = rows(&shop.0.path("shop.db"), "SELECT count(*) FROM price_history");
    assert_eq!(history, [[Value::Integer(2)]], "two changes");
    // Linking finds the product of the page, and what their images have in common.
    rusqlite::Connection::open(shop.0.path("shop.db"))
        .expect("a database")
        .execute_batch(
            "CREATE TABLE products (id INTEGER PRIMARY KEY, url TEXT, retailer TEXT, title TEXT, price REAL, product_code TEXT,
               image_urls TEXT, source TEXT, shopify_status TEXT, modesty_status TEXT, assessment_status TEXT, stock_status TEXT,
               description TEXT, lifecycle_stage TEXT, data_completeness TEXT);
             INSERT INTO products (id, url, retailer, title, price, image_urls) VALUES
               (1, 'https://shop.example/p/red-leather-belt', 'shop.example', 'Red leather belt', 27.0,
                '[\"https://cdn.example/red-1.jpg\", \"https://cdn.example/red-2.jpg\"]');",
        )
        .expect("products");
    run(&shop.0, "linking.toml", "2026-03-06");
    let patterns =
        rows(&shop.0.path("shop.db"), "SELECT retailer, comparable_pairs, mean_jaccard FROM retailer_image_patterns");
    assert_eq!(patterns, [[Value::Text("shop.example".into()), Value::Integer(3), Value::Real(1.0)]]);
}
