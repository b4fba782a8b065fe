//! Rows and files that say the same thing twice.

use super::super::testing::*;

const HEADER: &str = "order_id,line_item_id,sku,created_at,quantity,unit_price\n";

#[test]
fn the_last_file_replaces_an_order_with_all_its_lines() {
    let first = format!("{HEADER}1,11,a,2025-01-02,1,1\n1,12,b,2025-01-02,1,1\n2,21,a,2025-01-02,1,1\n");
    let second = format!("{HEADER}1,11,a,2025-01-05,4,1\n");
    let outputs = ingest(&operator(), &[("1.csv", &first), ("2.csv", &second)]);
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "sku", "quantity", "created_at"]),
        ["1 | a | 4 | 2025-01-05T00:00:00Z", "2 | a | 1 | 2025-01-02T00:00:00Z"]
    );
    assert_eq!(
        outputs.rows("rejected", &["file", "line", "reason", "field", "value"]),
        ["1.csv | 2 | duplicate | order_id | 1", "1.csv | 3 | duplicate | order_id | 1"]
    );
    assert_eq!(outputs.rows("files", &["rows", "accepted", "rejected"]), ["3 | 1 | 2", "1 | 1 | 0"]);
}

#[test]
fn the_last_row_of_a_line_item_counts_at_the_place_of_the_first() {
    let text = format!("{HEADER}1,11,a,2025-01-02,1,1\n1,12,b,2025-01-02,1,1\n1,11,c,2025-01-02,5,2\n");
    let outputs = ingest(&operator(), &[("1.csv", &text)]);
    assert_eq!(outputs.rows("order_lines", &["line_item_id", "sku", "quantity"]), ["11 | c | 5", "12 | b | 1"]);
    assert_eq!(outputs.rows("rejected", &["line", "field", "value"]), ["2 | line_item_id | 11"]);
}

#[test]
fn lines_without_an_id_are_added_up_if_sku_and_price_are_the_same() {
    let text = format!(
        "{HEADER}1,,a,2025-01-02,1,1.50\n1,,a,2025-01-02,2,1.50\n1,,a,2025-01-02,1,1.40\n2,,a,2025-01-02,1,1.50\n"
    );
    let outputs = ingest(&operator(), &[("1.csv", &text)]);
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "sku", "quantity", "unit_price_cents", "line_total_cents"]),
        ["1 | a | 3 | 150 | 450", "1 | a | 1 | 140 | 140", "2 | a | 1 | 150 | 150"]
    );
    assert_eq!(outputs.rows("rejected", &["line", "field"]), ["3 | sku"]);
}

#[test]
fn lines_of_two_variants_are_two_whatever_their_sku_and_one_that_names_none_is_of_the_first() {
    let lines = |rows: &[&str]| {
        let rows: Vec<String> = rows.iter().map(|variant| format!("1,{variant},a,2025-01-02,1,1.50\n")).collect();
        let text = format!("order_id,variant_id,sku,created_at,quantity,unit_price\n{}", rows.concat());
        ingest(&operator(), &[("1.csv", &text)]).rows("order_lines", &["variant_id", "quantity"])
    };
    assert_eq!(lines(&["7", "8", "7", "8", "8"]), ["7 | 2", "8 | 3"]);
    assert_eq!(lines(&["7", "8", ""]), ["7 | 2", "8 | 1"]);
    assert_eq!(lines(&["", "7", "8", "", "7"]), ["7 | 4", "8 | 1"]);
    assert_eq!(lines(&["", ""]), ["- | 2"]);
    let many: Vec<String> = (0..200).map(|row| (row % 100).to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let expected: Vec<String> = (0..100).map(|variant| format!("{variant} | 2")).collect();
    assert_eq!(lines(&many), expected);
}

#[test]
fn orders_of_two_shops_with_the_same_number_are_two() {
    let text =
        "shop,order_id,sku,created_at,quantity,unit_price\nNorth ,1,a,2025-01-02,1,1\nsouth,1,a,2025-01-02,1,1\n";
    let outputs = ingest(&operator(), &[("1.csv", text)]);
    assert_eq!(outputs.rows("orders", &["shop_id", "order_id"]), ["north | 1", "south | 1"]);
}

#[test]
fn an_order_with_five_thousand_lines_keeps_them_all() {
    let mut text = HEADER.to_owned();
    (0..5_000).for_each(|line| text += &format!("1,,sku-{line},2025-01-02,1,1\n"));
    let outputs = ingest(&operator(), &[("1.csv", &text)]);
    assert_eq!(outputs.rows("orders", &["basket_line_count", "basket_value_cents"]), ["5000 | 500000"]);
    assert_eq!(outputs.frame("order_lines").height(), 5_000);
}

#[test]
fn of_variants_and_catalog_rows_the_last_counts() {
    let variants =
        "product_id,variant_id,variant_title,price,inventory_item_id\n1,2,Old,3,4\n1,3,Other,3,5\n1,2,New,9,4\n";
    let outputs = ingest(&operator(), &[("v.csv", variants)]);
    assert_eq!(
        outputs.rows("variants", &["variant_id", "variant_title", "price_cents"]),
        ["2 | New | 900", "3 | Other | 300"]
    );
    let header = "product_id,variant_id,product_title,price,inventory_item_id,product_status\n";
    let catalog = format!("{header}1,2,Old,3,4,active\n1,3,Other,3,5,active\n1,2,Between,9,4,draft\n");
    let later = format!("{header}1,2,New,7,4,archived\n");
    let outputs = ingest(&operator(), &[("1.csv", &catalog), ("2.csv", &later)]);
    assert_eq!(
        outputs.rows("catalog", &["variant_id", "product_title", "price_cents", "product_status"]),
        ["2 | New | 700 | archived", "3 | Other | 300 | active"]
    );
    assert_eq!(
        outputs.rows("rejected", &["file", "line", "reason", "value"]),
        ["1.csv | 2 | duplicate | 2", "1.csv | 4 | duplicate | 2"]
    );
}
