//! Numbers, dates and ids of the world: what the column tells of a cell, and what is said where nothing does.

use super::super::testing::*;
use crate::orders::{
    ingest::IngestShop,
    values::spelling::{DateOrder, DecimalMark, Spelling},
};

const HEADER: &str = "order_id,sku,created_at,quantity,unit_price,currency\n";

/// A file of rows with this date, quantity, price and currency.
fn orders(rows: &[(&str, &str, &str, &str)]) -> String {
    let rows = rows.iter().enumerate().map(|(number, (date, quantity, price, currency))| {
        format!("{number},a{number},\"{date}\",\"{quantity}\",\"{price}\",{currency}\n")
    });
    HEADER.to_owned() + &rows.collect::<String>()
}

/// The cents of prices in this currency, and the warnings.
fn cents(prices: &[&str], currency: &str) -> (Vec<String>, String) {
    let rows: Vec<_> = prices.iter().map(|price| ("2025-01-02", "1", *price, currency)).collect();
    let outputs = ingest(&operator(), &[("o.csv", &orders(&rows))]);
    (outputs.rows("order_lines", &["unit_price_cents"]), outputs.rows("files", &["warnings"]).remove(0))
}

/// The days of orders with these dates, and the warnings of each file.
fn days(operator: &IngestShop, files: &[&[&str]]) -> (Vec<String>, Vec<String>) {
    let text = |(number, dates): (usize, &&[&str])| {
        let rows = dates.iter().enumerate().map(|(row, date)| format!("{number}-{row},a,{date},1,1,EUR\n"));
        (format!("s{number}/o.csv"), HEADER.to_owned() + &rows.collect::<String>())
    };
    let texts: Vec<(String, String)> = files.iter().enumerate().map(text).collect();
    let given: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let outputs = ingest(operator, &given);
    let days = outputs.rows("orders", &["created_at"]).into_iter().map(|day| day[..10].to_owned()).collect();
    (days, outputs.rows("files", &["warnings"]))
}

#[test]
fn one_sure_price_decides_what_a_point_is_in_the_whole_column() {
    assert_eq!(
        cents(&["1.299", "1.299", "49,90"], "EUR"),
        (vec!["129900".into(), "129900".into(), "4990".into()], String::new())
    );
    assert_eq!(cents(&["1.299", "49.90"], "EUR"), (vec!["130".into(), "4990".into()], String::new()));
    assert_eq!(cents(&["1,299", "1.299.000"], "EUR"), (vec!["130".into(), "129900000".into()], String::new()));
    assert_eq!(cents(&["1,299", "49.90"], "EUR"), (vec!["129900".into(), "4990".into()], String::new()));
}

#[test]
fn a_currency_without_cents_has_no_fraction_of_three_digits_and_one_of_thousandths_has() {
    for currency in ["CLP", "JPY", "KRW", "VND", "ISK"] {
        assert_eq!(cents(&["$12.990", "7,490"], currency).0, ["1299000", "749000"], "{currency}");
        assert_eq!(cents(&["12.990"], currency).1, "", "{currency}");
    }
    assert_eq!(cents(&["0.00", "12.990"], "CLP").0, ["0", "1299000"], "whatever the column shows");
    assert_eq!(cents(&["12.500", "7.250"], "KWD").0, ["1250", "725"]);
    assert_eq!(cents(&["12.495"], "BHD").0, ["1250"], "a cent is a hundredth, whatever the currency");
}

#[test]
fn prices_of_which_nothing_tells_are_thousands_and_that_is_said_with_an_example() {
    let (prices, warnings) = cents(&["1.299", "2.499", "5"], "EUR");
    assert_eq!(prices, ["129900", "249900", "500"]);
    assert!(
        warnings.contains("2 numbers of unit_price like 1.299 may be thousands") && warnings.contains("decimal_mark")
    );
    let (prices, warnings) = cents(&["49,90", "12.50", "1.299"], "EUR");
    assert_eq!(prices, ["4990", "1250", "129900"], "sure cells are what they are");
    assert!(warnings.contains("like 1.299"), "{warnings}");
    let set = IngestShop { decimal_mark: Some(DecimalMark::Point), ..operator() };
    let outputs = ingest(&set, &[("o.csv", &orders(&[("2025-01-02", "1", "1.299", "EUR")]))]);
    assert_eq!(outputs.rows("order_lines", &["unit_price_cents"]), ["130"]);
    assert_eq!(outputs.rows("files", &["warnings"]), [""]);
}

#[test]
fn other_columns_and_files_with_the_same_headers_tell_the_decimal_mark_too() {
    let header = "product_id,variant_id,variant_title,price,inventory_item_id,cost\n";
    let text = format!("{header}1,2,T,2.499,3,1.299\n1,3,T,\"49,90\",4,1.100\n");
    let outputs = ingest(&operator(), &[("v.csv", &text)]);
    assert_eq!(outputs.rows("variants", &["price_cents", "unit_cost_cents"]), ["249900 | 129900", "4990 | 110000"]);
    let files = [
        ("a/1.csv", orders(&[("2025-01-02", "1.000", "1.299", "EUR")])),
        ("a/2.csv", orders(&[("2025-01-02", "2", "49,90", "EUR")]).replace("\n0,", "\n7,")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let outputs = ingest(&operator(), &files);
    assert_eq!(outputs.rows("order_lines", &["quantity", "unit_price_cents"]), ["1000 | 129900", "2 | 4990"]);
    assert_eq!(outputs.rows("files", &["warnings"]), ["", ""]);
}

#[test]
fn a_quantity_of_which_nothing_tells_has_a_fraction() {
    let outputs = ingest(&operator(), &[("o.csv", &orders(&[("2025-01-02", "2.000", "5", "EUR")]))]);
    assert_eq!(outputs.rows("order_lines", &["quantity"]), ["2"]);
    assert!(outputs.rows("files", &["warnings"])[0].contains("1 numbers of quantity like 2.000"));
}

#[test]
fn dates_that_could_be_either_are_said_to_be_a_guess() {
    let (read, warnings) = days(&operator(), &[&["04/11/2025", "05/11/2025"]]);
    assert_eq!(read, ["2025-04-11", "2025-05-11"]);
    assert!(
        warnings[0].contains("2 dates of created_at like 04/11/2025 may have the day or the month first")
            && warnings[0].contains("read with the month first"),
        "{warnings:?}"
    );
    assert_eq!(days(&operator(), &[&["05/05/2025", "2025-04-11"]]).1, [""], "these have one reading");
    let text = orders(&[("04/11/2025", "1", "49,90", "EUR")]);
    let outputs = ingest(&operator(), &[("o.csv", &text)]);
    assert_eq!(
        outputs.rows("orders", &["created_at"]),
        ["2025-11-04T00:00:00Z"],
        "with decimal commas the day comes first"
    );
    assert!(outputs.rows("files", &["warnings"])[0].contains("read with the day first"));
}

#[test]
fn all_files_of_a_shop_with_the_same_headers_tell_the_order_of_dates() {
    let (read, warnings) = days(&operator(), &[&["04/11/2025"], &["13/11/2025"]]);
    assert_eq!((read, warnings), (vec!["2025-11-04".into(), "2025-11-13".into()], vec![String::new(), String::new()]));
    let (read, _) = days(&operator(), &[&["04/11/2025"], &["11/13/2025"]]);
    assert_eq!(read, ["2025-04-11", "2025-11-13"]);
    let by_folder = IngestShop { shop_from_folder: true, ..operator() };
    let (read, warnings) = days(&by_folder, &[&["04/11/2025"], &["13/11/2025"]]);
    assert_eq!(read, ["2025-04-11", "2025-11-13"], "another shop tells nothing");
    assert!(!warnings[0].is_empty());
}

#[test]
fn settings_of_all_shops_or_of_one_tell_what_no_cell_does() {
    let set = IngestShop { dates: Some(DateOrder::DayFirst), shop_from_folder: true, ..operator() };
    assert_eq!(days(&set, &[&["04/11/2025"]]), (vec!["2025-11-04".into()], vec![String::new()]));
    assert_eq!(days(&set, &[&["04/11/2025", "04/13/2025"]]).0, ["2025-04-11", "2025-04-13"], "a sure cell comes first");
    let own = Spelling { dates: Some(DateOrder::MonthFirst), decimal_mark: None };
    let set = IngestShop { shop_settings: [(" S0".to_owned(), own)].into(), ..set };
    assert_eq!(days(&set, &[&["04/11/2025"], &["04/11/2025"]]).0, ["2025-04-11", "2025-11-04"]);
}

#[test]
fn the_day_changes_with_the_offset_only_after_day_and_month_are_known() {
    let (read, _) = days(&operator(), &[&["04/11/2025 00:30 +0200", "13/11/2025 00:30 GMT+2"]]);
    assert_eq!(read, ["2025-11-03", "2025-11-12"]);
}

#[test]
fn ids_that_were_made_floats_are_the_same_ids_and_those_that_lost_digits_are_refused() {
    let header = "order_id,variant_id,sku,created_at,quantity,unit_price\n";
    let first = format!("{header}5812345678901,40123456789012,,2025-01-02,1,1\n9,8,,2025-01-02,1,1\n");
    let second = format!("{header}5812345678901.0,4.0123456789012e13,,2025-01-02,2,1\n");
    let outputs = ingest(&operator(), &[("1.csv", &first), ("2.csv", &second)]);
    assert_eq!(
        outputs.rows("order_lines", &["order_id", "variant_id", "quantity"]),
        ["5812345678901 | 40123456789012 | 2", "9 | 8 | 1"]
    );
    let lost = format!(
        "{header}5.81235E+12,7,a,2025-01-02,1,1\n2,4.01235E+13,,2025-01-02,1,1\n3,4.01235E+13,b,2025-01-02,1,1\n"
    );
    let outputs = ingest(&IngestShop { max_rejected: 1.0, ..operator() }, &[("1.csv", &lost)]);
    assert_eq!(
        outputs.rows("rejected", &["line", "reason", "field", "value"]),
        ["2 | lost_digits | order_id | 5.81235E+12", "3 | lost_digits | variant_id | 4.01235E+13"]
    );
    assert_eq!(outputs.rows("order_lines", &["order_id", "variant_id", "sku"]), ["3 | - | b"]);
    assert_eq!(
        outputs.rows("files", &["warnings"]),
        ["2 cells of variant_id could not be read and count as empty"],
        "that of a row that is not used among them"
    );
}

#[test]
fn skus_are_mended_where_all_of_a_column_were_made_floats() {
    let header = "order_id,sku,created_at,quantity,unit_price\n";
    let sku = |skus: [&str; 3]| {
        let rows: String = skus.iter().enumerate().map(|(n, sku)| format!("{n},{sku},2025-01-02,1,1\n")).collect();
        ingest(&IngestShop { max_rejected: 1.0, ..operator() }, &[("1.csv", &(header.to_owned() + &rows))])
            .rows("order_lines", &["sku"])
    };
    assert_eq!(sku(["10001.0", "", "10002.0"]), ["10001", "10002"]);
    assert_eq!(sku(["10001.0", "A", "10002.0"]), ["10001.0", "A", "10002.0"], "such are the codes of this shop");
}

#[test]
fn numbers_of_parquet_have_one_reading() {
    use polars::prelude::*;
    let frame = df!(
        "order_id" => ["1", "2"], "sku" => ["a", "b"], "created_at" => ["2025-01-02", "2025-01-02"],
        "quantity" => [1_i64, 2], "unit_price" => [1.299, 2.0]
    )
    .unwrap();
    let outputs = try_ingest(&operator(), &[("o.parquet", &parquet(frame))], 1, 1 << 20).unwrap();
    assert_eq!(outputs.rows("order_lines", &["unit_price_cents"]), ["130", "200"]);
    assert_eq!(outputs.rows("files", &["warnings"]), [""]);
}

#[test]
fn the_currency_of_customers_leaves_out_no_order_and_is_said_to_be_theirs() {
    let rows = [("2025-01-02", "1", "1", "EUR"), ("2025-01-02", "1", "1", "USD"), ("2025-01-02", "1", "1", "EUR")];
    let text = orders(&rows).replace(",currency\n", ",presentment_currency\n");
    let outputs = ingest(&operator(), &[("o.csv", &text)]);
    assert_eq!(outputs.rows("orders", &["currency"]), ["EUR", "EUR", "EUR"]);
    assert!(outputs.rows("files", &["warnings"])[0].contains("the only currency is that of the customers"));
    let both = text.replace("presentment_currency\n", "presentment_currency,currency\n").replace("USD\n", "USD,EUR\n");
    let outputs = ingest(&operator(), &[("o.csv", &both)]);
    assert_eq!(outputs.rows("orders", &["currency"]), ["EUR", "EUR", "EUR"]);
    assert_eq!(outputs.rows("files", &["warnings"]), [""]);
}
