//! Exports in JSON: arrays, wrapped objects, an object a line, GraphQL, bulk operations.

use super::super::testing::*;
use crate::orders::{ingest::IngestShop, recognising::headers::ShopColumns};

/// The columns of the project, and the ways to the values in objects.
fn json_operator() -> IngestShop {
    let mut columns: ShopColumns = shop_columns();
    for (field, names) in [
        ("order_id", vec!["id"]),
        ("sku", vec!["line_items.sku"]),
        ("quantity", vec!["line_items.quantity"]),
        ("unit_price", vec!["line_items.price", "line_items.original_unit_price_set.shop_money.amount"]),
        ("line_item_id", vec!["line_items.id"]),
        ("line_name", vec!["line_items.name", "line_items.title"]),
        ("customer_email", vec!["customer.email"]),
    ] {
        let known = columns.orders.entry(field.to_owned()).or_default();
        known.splice(0..0, names.into_iter().map(str::to_owned));
    }
    IngestShop { columns, ..operator() }
}

fn lines(name: &str, text: &str) -> Vec<String> {
    for block in [1, 1 << 20] {
        let outputs = try_ingest(&json_operator(), &[(name, text.as_bytes())], 1, block).unwrap();
        let rows = outputs.rows("order_lines", &["order_id", "sku", "quantity", "unit_price_cents", "customer"]);
        assert_eq!(outputs.frame("rejected").height(), 0);
        if block > 1 {
            return rows;
        }
    }
    Vec::new()
}

const FIRST: &str = r#"{"id": 1, "created_at": "2026-02-03T10:00:00Z", "customer": {"email": "a@example.test"}, "tax_lines": [{"price": "1.00"}],
    "line_items": [{"id": 11, "sku": "A", "quantity": 2, "price": "19.99"}, {"id": 12, "sku": "B", "quantity": 1, "price": 5.125}]}"#;
const SECOND: &str = r#"{"id": 2, "created_at": "2026-02-04T10:00:00Z", "customer": null, "line_items": [{"id": 21, "sku": "A", "quantity": 1, "price": 19.9}]}"#;

const EXPECTED: [&str; 3] =
    ["1 | A | 2 | 1999 | a@example.test", "1 | B | 1 | 513 | a@example.test", "2 | A | 1 | 1990 | -"];

#[test]
fn objects_are_read_from_arrays_wrappers_and_lines() {
    let one_line = |text: &str| text.replace('\n', " ");
    for (name, text) in [
        ("o.json", format!("[{FIRST}, {SECOND}]")),
        ("o.json", format!("\u{FEFF}{{\"orders\": [{FIRST}, {SECOND}]}}")),
        ("o.json", format!("[{{\"orders\": [{FIRST}]}}, {{\"orders\": [{SECOND}]}}]")),
        ("o.jsonl", format!("{}\n{}\n", one_line(FIRST), one_line(SECOND))),
        ("o.ndjson", format!("{{\"order\": {}}}\n{{\"order\": {}}}", one_line(FIRST), one_line(SECOND))),
    ] {
        assert_eq!(lines(name, &text), EXPECTED, "{text}");
    }
}

#[test]
fn graphql_connections_are_taken_off() {
    let item = |id: u32, sku: &str, quantity: u32, price: &str| {
        format!(
            r#"{{"id": "gid://shopify/LineItem/{id}", "sku": "{sku}", "quantity": {quantity},
                "originalUnitPriceSet": {{"shopMoney": {{"amount": "{price}", "currencyCode": "USD"}}}}}}"#
        )
    };
    let edges = format!(
        r#"{{"data": {{"orders": {{"edges": [
            {{"cursor": "x", "node": {{"id": "gid://shopify/Order/1", "createdAt": "2026-02-03T10:00:00Z", "customer": {{"email": "a@example.test"}},
              "lineItems": {{"edges": [{{"node": {}}}, {{"node": {}}}]}}}}}},
            {{"node": {{"id": "gid://shopify/Order/2", "createdAt": "2026-02-04T10:00:00Z", "lineItems": {{"nodes": [{}], "pageInfo": {{"hasNextPage": false}}}}}}}}
           ], "pageInfo": {{"hasNextPage": false}}}}}}, "extensions": {{"cost": {{"requestedQueryCost": 3}}}}}}"#,
        item(11, "A", 2, "19.99"),
        item(12, "B", 1, "5.13"),
        item(21, "A", 1, "19.90")
    );
    assert_eq!(lines("o.json", &edges), EXPECTED);
}

#[test]
fn the_parts_of_a_bulk_operation_find_the_object_they_belong_to() {
    let line = |id: u32, parent: u32, sku: &str, quantity: u32, price: &str| {
        format!(
            r#"{{"id":"gid://shopify/LineItem/{id}","sku":"{sku}","quantity":{quantity},"originalUnitPriceSet":{{"shopMoney":{{"amount":"{price}"}}}},"__parentId":"gid://shopify/Order/{parent}"}}"#
        )
    };
    let text = [
        r#"{"id":"gid://shopify/Order/1","createdAt":"2026-02-03T10:00:00Z","customer":{"email":"a@example.test"}}"#
            .to_owned(),
        line(11, 1, "A", 2, "19.99"),
        r#"{"id":"gid://shopify/Metafield/5","key":"k","__parentId":"gid://shopify/Order/1"}"#.to_owned(),
        r#"{"id":"gid://shopify/Order/2","createdAt":"2026-02-04T10:00:00Z","customer":null}"#.to_owned(),
        line(12, 1, "B", 1, "5.13"),
        line(21, 2, "A", 1, "19.90"),
    ]
    .join("\n");
    assert_eq!(lines("bulk.jsonl", &text), EXPECTED);
}

#[test]
fn json_that_is_none_or_ends_too_early_says_where() {
    let refused = |text: &str| try_ingest(&json_operator(), &[("o.json", text.as_bytes())], 1, 1 << 20).err().unwrap();
    assert!(refused("").contains("o.json is empty"));
    assert!(refused(&format!("[{FIRST}, ")).contains("ends too early in line 2"));
    assert!(refused("[{\"id\": 1},\n oops]").contains("is no JSON in line 2, column 2"));
    assert!(refused("[{\"who\": 1}]").contains("those of no kind of file"));
}

#[test]
fn the_objects_of_the_rest_interface_are_known_by_their_profiles() {
    let orders = r##"{"orders": [{"id": 450789469, "name": "#1001", "email": "a@example.test", "created_at": "2026-02-03T10:00:00-05:00",
        "currency": "EUR", "financial_status": "paid", "cancelled_at": null, "customer": {"id": 207119551, "email": "a@example.test"},
        "billing_address": {"first_name": "Ann", "country_code": "DE"}, "note_attributes": [{"name": "gift", "value": "yes"}],
        "line_items": [{"id": 466157049, "variant_id": 39072856, "product_id": 632910392, "title": "Mug", "name": "Mug - Blue", "sku": "MUG-B",
                        "quantity": 2, "current_quantity": 1, "price": "9.50", "properties": []}]}]}"##;
    let drafts = r##"{"draft_orders": [{"id": 7, "name": "#D1", "created_at": "2026-02-03T10:00:00Z", "invoice_url": "x", "invoice_sent_at": null,
        "line_items": [{"title": "Mug", "sku": "MUG-B", "quantity": 1, "price": "9.50"}]}]}"##;
    let products = r##"{"products": [{"id": 632910392, "title": "Mug", "handle": "mug", "vendor": "Harbour", "tags": "a, b", "status": "active",
        "options": [{"name": "Color", "values": ["Blue", "Red"]}], "images": [{"src": "https://x/1.jpg"}], "image": {"src": "https://x/1.jpg"},
        "variants": [{"id": 39072856, "product_id": 632910392, "title": "Blue", "option1": "Blue", "price": "9.50", "sku": "MUG-B", "inventory_item_id": 457924702},
                     {"id": 39072857, "product_id": 632910392, "title": "Red", "option1": "Red", "price": "9.50", "sku": "MUG-R", "inventory_item_id": 457924703}]}]}"##;
    let levels = r##"{"inventory_levels": [{"inventory_item_id": 457924702, "location_id": 487838322, "available": 7,
        "updated_at": "2026-02-01T10:00:00Z", "admin_graphql_api_id": "gid://shopify/InventoryLevel/1"}]}"##;
    let items = r##"{"data": {"inventoryItems": {"nodes": [{"id": "gid://shopify/InventoryItem/457924703", "sku": "MUG-R",
        "inventoryLevels": {"edges": [{"node": {"location": {"id": "gid://shopify/Location/487838322", "name": "Shop"}, "updatedAt": "2026-02-01T10:00:00Z",
                                                "quantities": [{"name": "available", "quantity": 3}, {"name": "on_hand", "quantity": 4}]}}]}}]}}}"##;
    let files = [("i.json", items), ("l.json", levels), ("o.json", orders), ("p.json", products), ("d.json", drafts)];
    let outputs = ingest(&operator(), &files);
    let mut profiles = outputs.rows("files", &["profile", "status"]);
    profiles.sort();
    assert_eq!(
        profiles,
        [
            "shopify-draft-orders-json | completed",
            "shopify-inventory-items-json | completed",
            "shopify-inventory-json | completed",
            "shopify-orders-json | completed",
            "shopify-products-json | completed",
        ]
    );
    let lines = outputs.rows("order_lines", &["order_id", "variant_id", "sku", "unit_price_cents", "customer"]);
    assert!(lines.contains(&"#1001 | 39072856 | MUG-B | 950 | 207119551".to_owned()), "{lines:?}");
    assert_eq!(
        outputs.rows("variants", &["variant_id", "sku", "inventory_item_id"]),
        ["39072856 | MUG-B | 457924702", "39072857 | MUG-R | 457924703"]
    );
    let mut levels = outputs.rows("inventory", &["inventory_item_id", "location_id", "available"]);
    levels.sort();
    assert_eq!(levels, ["457924702 | 487838322 | 7", "457924703 | 487838322 | 3"]);
    let personal = outputs.rows("files", &["personal_columns"]).join(", ");
    assert!(["email", "customer.id", "customer.email"].iter().all(|name| personal.contains(name)), "{personal}");
}
