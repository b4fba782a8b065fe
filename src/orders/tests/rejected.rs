//! Every reason for which a row is not used.

use super::super::testing::*;
use crate::orders::ingest::IngestShop;

fn reasons(text: &str) -> Vec<String> {
    let operator = IngestShop { max_rejected: 1.0, ..operator() };
    ingest(&operator, &[("f.csv", text)]).rows("rejected", &["line", "reason", "field", "value"])
}

const ORDERS: &str = "order_id,variant_id,sku,created_at,quantity,unit_price\n1,7,a,2025-01-02,1,1\n";

#[test]
fn an_order_line_without_order_item_date_or_price_says_so() {
    assert_eq!(
        reasons(&format!("{ORDERS},7,a,2025-01-02,1,1\n")),
        ["3 | missing_order_id | order_id | created_at 2025-01-02, quantity 1, unit_price 1, sku a, variant_id 7"]
    );
    assert_eq!(
        reasons(&format!("{ORDERS}2,,,2025-01-02,1,1\n")),
        ["3 | missing_item_id | variant_id | order_id 2, created_at 2025-01-02, quantity 1, unit_price 1"]
    );
    for date in ["", "0000-00-00", "1900-01-01", "N/A", "NULL", "nan", "soon", "2025-02-30"] {
        let rows = reasons(&format!("{ORDERS}2,7,a,{date},1,1\n"));
        assert!(rows.len() == 1 && rows[0].starts_with("3 | bad_date | created_at"), "{date}: {rows:?}");
    }
    assert_eq!(reasons(&format!("{ORDERS}2,7,a,2025-01-02,1,free\n")), ["3 | bad_number | unit_price | free"]);
}

#[test]
fn the_first_thing_wrong_is_what_is_told_and_missing_ids_come_before_bad_values() {
    let rows = reasons(&format!("{ORDERS}2,,,soon,1,free\n"));
    assert!(rows.len() == 1 && rows[0].starts_with("3 | missing_item_id | variant_id | order_id 2"), "{rows:?}");
    assert_eq!(reasons(&format!("{ORDERS}2,7,a,soon,1,free\n")), ["3 | bad_date | created_at | soon"]);
}

#[test]
fn a_bad_cell_that_is_not_needed_counts_as_empty_and_is_reported() {
    let text = "order_id,sku,created_at,quantity,unit_price,discount,returned,currency\n1,a,2025-01-02,two,1,x,perhaps,dollars\n";
    let outputs = ingest(&operator(), &[("f.csv", text)]);
    assert_eq!(outputs.rows("order_lines", &["quantity"]), ["1"]);
    assert_eq!(outputs.rows("orders", &["discount_cents", "returned", "currency"]), ["0 | false | USD"]);
    let warnings = &outputs.rows("files", &["warnings"])[0];
    for field in ["quantity", "discount", "returned", "currency"] {
        assert!(warnings.contains(&format!("1 cells of {field} could not be read")), "{warnings}");
    }
}

#[test]
fn variants_need_their_ids_and_a_price_that_is_a_number() {
    let header = "product_id,variant_id,variant_title,price,inventory_item_id\n1,2,T,3,4\n";
    assert_eq!(
        reasons(&format!("{header},2,T,3,4\n")),
        ["3 | missing_item_id | product_id | variant_id 2, variant_title T, price 3, inventory_item_id 4"]
    );
    assert_eq!(
        reasons(&format!("{header}1,,T,3,4\n")),
        ["3 | missing_item_id | variant_id | product_id 1, variant_title T, price 3, inventory_item_id 4"]
    );
    assert_eq!(reasons(&format!("{header}1,5,T,cheap,4\n")), ["3 | bad_number | price | cheap"]);
    assert_eq!(reasons(&format!("{header}1,2,T,3,4\n")), ["2 | duplicate | variant_id | 2"]);
}

#[test]
fn inventory_needs_item_location_and_date_and_the_newest_level_counts() {
    let header = "inventory_item_id,location_id,available,updated_at\n1,2,5,2025-01-02\n";
    assert_eq!(
        reasons(&format!("{header},2,5,2025-01-02\n")),
        ["3 | missing_item_id | inventory_item_id | location_id 2, available 5, updated_at 2025-01-02"]
    );
    assert_eq!(
        reasons(&format!("{header}1,,5,2025-01-02\n")),
        ["3 | missing_location | location_id | inventory_item_id 1, available 5, updated_at 2025-01-02"]
    );
    assert_eq!(reasons(&format!("{header}1,3,5,\n")), ["3 | bad_date | updated_at | "]);
    let outputs =
        ingest(&operator(), &[("f.csv", &format!("{header}1,2,6,2025-01-01\n1,3,x,2025-01-01\n1,3,9,2025-01-01\n"))]);
    assert_eq!(outputs.rows("inventory", &["location_id", "available"]), ["2 | 5", "3 | 9"]);
    assert_eq!(outputs.rows("rejected", &["line", "reason"]), ["3 | duplicate", "4 | duplicate"]);
}

#[test]
fn a_level_of_a_file_without_locations_is_at_the_default_location() {
    let outputs = ingest(&operator(), &[("f.csv", "inventory_item_id,available,updated_at\n1,5,2025-01-02\n")]);
    assert_eq!(outputs.rows("inventory", &["location_id", "location_gid"]), ["default | -"]);
}

#[test]
fn a_level_without_a_column_for_locations_and_one_of_the_location_default_are_one() {
    let plain = "inventory_item_id,available,updated_at\n1,5,2025-01-02\n";
    let placed = "inventory_item_id,location_id,available,updated_at\n1,default,7,2025-01-03\n";
    let outputs = ingest(&operator(), &[("1.csv", plain), ("2.csv", placed)]);
    assert_eq!(outputs.rows("inventory", &["location_id", "available"]), ["default | 7"]);
    assert_eq!(outputs.rows("rejected", &["file", "line", "reason"]), ["1.csv | 2 | duplicate"]);
}

#[test]
fn a_row_that_is_bad_twice_is_counted_once() {
    let rows = |good: usize| {
        let mut text = "order_id,sku,created_at,quantity,unit_price\n".to_owned();
        (0..good).for_each(|row| text += &format!("{row},a,14/02/2025,1,1\n"));
        text + "98,a,01/15/2025,1,x\n99,a,01/15/2025,1,x\n"
    };
    let outputs = ingest(&operator(), &[("f.csv", &rows(8))]);
    assert_eq!(
        outputs.rows("files", &["status", "rows", "accepted", "reasons"]),
        ["completed | 10 | 8 | bad_number 2"]
    );
    let error = refused("f.csv", rows(7).as_bytes());
    assert!(error.contains("2 of 9 rows cannot be used (bad_number 2)"), "{error}");
}

#[test]
fn a_date_with_the_month_first_that_is_not_needed_counts_as_empty_and_is_reported() {
    let header = "product_id,variant_id,product_title,price,inventory_item_id,product_status,product_created_at\n";
    let row = |variant: u32, created: &str| format!("1,{variant},T,3,4,active,{created}\n");
    let text = [header, &row(2, "13/02/2025"), &row(3, "02/14/2025"), &row(4, "soon"), &row(5, "03/02/2025")].concat();
    let outputs = ingest(&operator(), &[("c.csv", &text)]);
    assert_eq!(
        outputs.rows("catalog", &["variant_id", "product_created_at"]),
        ["2 | 2025-02-13T00:00:00Z", "3 | -", "4 | -", "5 | 2025-02-03T00:00:00Z"]
    );
    assert_eq!(
        outputs.rows("files", &["warnings"]),
        ["2 cells of product_created_at could not be read and count as empty"]
    );
}

#[test]
fn a_date_with_the_month_first_in_a_column_with_the_day_first_is_bad() {
    let text = format!("{ORDERS}2,7,a,13/02/2025,1,1\n3,7,a,02/13/2025,1,1\n");
    let rows = reasons(&text);
    assert!(rows.len() == 1 && rows[0].starts_with("4 | bad_date | created_at"), "{rows:?}");
    let levels = "inventory_item_id,location_id,available,updated_at\n\
                  1,2,5,13/02/2025\n1,3,6,02/13/2025\n1,4,7,03/02/2025\n";
    let rows = reasons(levels);
    assert!(rows.len() == 1 && rows[0].starts_with("3 | bad_date | updated_at | a month over 12"), "{rows:?}");
    let error = refused("l.csv", levels.as_bytes());
    assert!(error.contains("1 of 3 rows cannot be used (bad_date 1)"), "{error}");
    let lenient = IngestShop { max_rejected: 1.0, ..operator() };
    let outputs = ingest(&lenient, &[("l.csv", levels)]);
    assert_eq!(
        outputs.rows("inventory", &["location_id", "updated_at"]),
        ["2 | 2025-02-13T00:00:00Z", "4 | 2025-02-03T00:00:00Z"]
    );
    assert_eq!(outputs.rows("files", &["rows", "accepted", "rejected"]), ["3 | 2 | 1"]);
}

#[test]
fn a_file_with_more_than_a_fifth_of_bad_rows_is_not_used() {
    let rows = |bad: usize| {
        let mut text = "order_id,sku,created_at,quantity,unit_price\n".to_owned();
        (0..10).for_each(|row| text += &format!("{row},a,{},1,1\n", if row < bad { "soon" } else { "2025-01-02" }));
        text
    };
    let outputs = ingest(&operator(), &[("f.csv", &rows(2))]);
    assert_eq!(outputs.rows("files", &["status", "rows", "accepted", "reasons"]), ["completed | 10 | 8 | bad_date 2"]);
    let error = refused("f.csv", rows(3).as_bytes());
    assert!(
        error.contains("f.csv 3 of 10 rows cannot be used (bad_date 3)") && error.contains("line 2: created_at 'soon'"),
        "{error}"
    );
}
