//! Parquet files: the rules of CSV, whatever the types of their columns.

use polars::prelude::*;

use super::super::testing::*;
use crate::orders::ingest::IngestShop;

const LINES: [&str; 6] = ["order_id", "variant_id", "created_at", "quantity", "unit_price_cents", "line_total_cents"];

fn typed() -> DataFrame {
    let at = Series::new("createdAt".into(), [Some(1_755_864_000_000_000_000_i64), Some(0), None, Some(1)]);
    let price = Series::new("originalUnitPrice".into(), [Some("19.99"), Some("0.5"), Some("1"), Some("-1")]);
    let name = Series::new("lineItemName".into(), ["a", "b", "a", "b"]);
    let name = name.cast(&DataType::from_categories(Categories::global())).unwrap();
    let columns = vec![
        Series::new_null("sku".into(), 4).into(),
        name.into(),
        Series::new("orderId".into(), [Some(1_i64), Some(2), Some(3), None]).into(),
        Series::new("variantId".into(), [7_u32, 8, 9, 10]).into(),
        at.cast(&DataType::Datetime(TimeUnit::Nanoseconds, None)).unwrap().into(),
        Series::new("quantity".into(), [2_i8, 1, 1, 1]).into(),
        price.cast(&DataType::Decimal(12, 4)).unwrap().into(),
        Series::new("isGiftCard".into(), [true, false, false, false]).into(),
        Series::new(
            "note to nobody".into(),
            [[1_i64].as_slice(), &[], &[], &[]].map(|row| Series::new("".into(), row)),
        )
        .into(),
    ];
    DataFrame::new(4, columns).unwrap()
}

#[test]
fn typed_columns_are_read_exactly_and_refused_by_the_rules_of_cells() {
    let operator = IngestShop { max_rejected: 0.5, ..operator() };
    let outputs = try_ingest(&operator, &[("o.parquet", &parquet(typed()))], 1, 1 << 20).unwrap();
    assert_eq!(outputs.rows("order_lines", &["sku", "name"]), ["no-sku-7 | a", "no-sku-8 | b"]);
    assert_eq!(
        outputs.rows("order_lines", &LINES),
        ["1 | 7 | 2025-08-22T12:00:00Z | 2 | 1999 | 3998", "2 | 8 | 1970-01-01T00:00:00Z | 1 | 50 | 50"]
    );
    assert_eq!(outputs.rows("order_lines", &["is_gift_card"]), ["true", "false"]);
    assert_eq!(
        outputs.rows("rejected", &["file", "line", "reason", "field"]),
        ["o.parquet | 4 | missing_order_id | order_id", "o.parquet | 3 | bad_date | created_at"]
    );
    assert_eq!(
        outputs.rows("files", &["kind", "status", "rows", "accepted", "rejected", "unknown_columns"]),
        ["orders | completed | 4 | 2 | 2 | note to nobody"]
    );
}

#[test]
fn a_float_is_the_shortest_decimal_that_means_it() {
    let prices = [19.99, 0.1 + 0.2, 1e15, f64::NAN, 2.675];
    let frame = df!(
        "order_id" => [1.0, 2.0, 3.0, 4.0, 1e12],
        "sku" => ["a"; 5],
        "created_at" => ["2025-01-02"; 5],
        "quantity" => [2.0_f32, 1.0, 1.0, 1.0, 1.5],
        "unit_price" => prices,
    );
    let outputs = try_ingest(&operator(), &[("o.PARQUET", &parquet(frame.unwrap()))], 1, 1 << 20).unwrap();
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "quantity", "unit_price_cents"]),
        ["1 | 2 | 1999", "2 | 1 | 30", "3 | 1 | 100000000000000000", "1000000000000 | 1 | 268"]
    );
    assert_eq!(outputs.rows("rejected", &["line", "reason", "value"]), ["4 | bad_number | NaN"]);
}

#[test]
fn a_date_is_its_midnight_and_texts_are_taken_as_they_stand() {
    let day = Series::new("created_at".into(), [20_090_i32, 20_091]).cast(&DataType::Date).unwrap();
    let columns = vec![
        Series::new("order_id".into(), ["\"1\"", "gid://shopify/Order/2"]).into(),
        Series::new("sku".into(), ["a,\"b\"\n", " c "]).into(),
        day.into(),
        Series::new("quantity".into(), ["1", "x"]).into(),
        Series::new("unit_price".into(), ["$1,000.00", "1.005"]).into(),
    ];
    let bytes = parquet(DataFrame::new(2, columns).unwrap());
    let outputs = try_ingest(&operator(), &[("o.parquet", &bytes)], 1, 1 << 20).unwrap();
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "sku", "created_at", "quantity", "unit_price_cents"]),
        ["\"1\" | a,\"b\" | 2025-01-02T00:00:00Z | 1 | 100000", "2 | c | 2025-01-03T00:00:00Z | 1 | 101"]
    );
    assert_eq!(outputs.rows("files", &["warnings"]), ["1 cells of quantity could not be read and count as empty"]);
}

#[test]
fn kinds_of_files_are_found_by_their_columns_and_mix_with_csv() {
    let levels = df!(
        "inventory_item_id" => [1_i64, 1, 2],
        "location_id" => ["x", "x", "y"],
        "available" => [5_i64, 6, 7],
        "updated_at" => ["2025-01-02", "2025-01-03", "2025-01-01"],
    );
    let text = "inventory_item_id,location_id,available,updated_at\n2,y,9,2025-02-01\n";
    let files: [(&str, &[u8]); 2] = [("levels.parquet", &parquet(levels.unwrap())), ("more.csv", text.as_bytes())];
    let outputs = try_ingest(&operator(), &files, 1, 16).unwrap();
    assert_eq!(
        outputs.rows("inventory", &["inventory_item_id", "location_id", "available"]),
        ["1 | x | 6", "2 | y | 9"]
    );
    assert_eq!(
        outputs.rows("rejected", &["file", "line", "reason"]),
        ["levels.parquet | 1 | duplicate", "levels.parquet | 3 | duplicate"]
    );
}

#[test]
fn what_cannot_be_read_is_told_with_the_mend() {
    let price = Series::new("unit_price".into(), [Series::new("".into(), [1.5])]);
    let mut frame =
        df!("order_id" => ["1"], "sku" => ["a"], "created_at" => ["2025-01-02"], "quantity" => [1]).unwrap();
    frame.with_column(price.into()).unwrap();
    let problem = refused("o.parquet", &parquet(frame));
    assert!(problem.contains("its column unit_price is of the type list[f64]; write it as text"), "{problem}");
    let problem = refused("o.parquet", &parquet(df!("order_id" => ["1"]).unwrap()));
    assert!(problem.contains("o.parquet its headers (order_id) are those of no kind of file"), "{problem}");
    let problem = refused("o.csv", &parquet(df!("order_id" => ["1"]).unwrap()));
    assert!(problem.contains("o.csv is Parquet; end its name with .parquet"), "{problem}");
    let empty = typed().head(Some(0));
    let problem = refused("o.parquet", &parquet(empty));
    assert!(problem.contains("o.parquet has a header and no rows"), "{problem}");
}
