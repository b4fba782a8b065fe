//! Files that are not what they should be: each is refused with what is wrong, or read as far as it goes; none panics.

use super::super::testing::*;
use crate::orders::ingest::{BadFiles, IngestShop};

const HEADER: &str = "order_id,sku,created_at,quantity,unit_price";
const ROW: &str = "1,a,2025-01-02,1,1.50";

fn lines(bytes: &[u8]) -> Vec<String> {
    let outputs = try_ingest(&operator(), &[("o.csv", bytes)], 1, 1 << 20).unwrap();
    outputs.rows("order_lines", &["order_id", "sku", "unit_price_cents"])
}

#[test]
fn html_utf_16_empty_files_and_headers_alone_are_refused_in_words() {
    let html = refused("o.csv", b"<!DOCTYPE html><html><body>Sign in</body></html>");
    assert!(html.contains("o.csv is HTML"), "{html}");
    let utf_16: Vec<u8> = format!("\u{FEFF}{HEADER}\n{ROW}\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [&utf_16[..], &utf_16[2..]] {
        assert!(refused("o.csv", bytes).contains("looks like UTF-16"));
    }
    assert!(refused("o.csv", b"").contains("o.csv is empty"));
    assert!(refused("o.csv", b"\n\n").contains("no kind of file"));
    assert!(refused("o.csv", format!("{HEADER}\n").as_bytes()).contains("has a header and no rows"));
    assert!(refused("o.csv", b"\x00\x01\x02\xFF").contains("binary"));
}

#[test]
fn unknown_headers_name_the_nearest_kind_and_what_it_lacks() {
    let error = refused("o.csv", b"order_id,sku,created_at,quantity\n1,a,2025-01-02,1\n");
    assert!(error.contains("nearest to orders, for which it lacks unit_price"), "{error}");
    let variants = refused("v.csv", b"id,title,product_id,sku\n1,T,2,a\n");
    assert!(variants.contains("lacks the columns price"), "{variants}");
    let no_date = refused("o.csv", b"order_id,sku,quantity,unit_price\n1,a,1,1\n");
    assert!(no_date.contains("looks like orders, but lacks the columns created_at"), "{no_date}");
}

#[test]
fn a_byte_order_mark_and_any_line_ends_are_fine() {
    for ends in ["\n", "\r\n", "\r"] {
        for mark in ["", "\u{FEFF}"] {
            let text = format!("{mark}{HEADER}{ends}{ROW}{ends}{ends}2,\"b{ends}c, \"\"d\"\"\",2025-01-02,1,2{ends}");
            let expected = ["1 | a | 150".to_owned(), format!("2 | b{ends}c, \"d\" | 200")];
            assert_eq!(lines(text.as_bytes()), expected, "{ends:?} {mark:?}");
        }
    }
}

#[test]
fn rows_may_be_shorter_and_longer_than_the_header() {
    let text = format!("{HEADER}\n{ROW},surplus,cells\n2,b,2025-01-02\n");
    assert_eq!(lines(text.as_bytes()), ["1 | a | 150", "2 | b | 0"]);
}

#[test]
fn bytes_that_are_no_utf_8_are_replaced_and_reported() {
    let mut bytes = format!("{HEADER},product_title\n{ROW},caf").into_bytes();
    bytes.extend(b"\xE9\n");
    let outputs = try_ingest(&operator(), &[("o.csv", &bytes)], 1, 1 << 20).unwrap();
    assert_eq!(outputs.rows("order_lines", &["product_title"]), ["caf\u{FFFD}"]);
    assert_eq!(outputs.rows("files", &["warnings"]), ["bytes that are not UTF-8 were replaced"]);
}

#[test]
fn a_hundred_thousand_columns_and_a_cell_of_fifty_megabytes_are_read() {
    let more: String = (0..100_000).map(|column| format!(",column {column}")).collect();
    let text = format!("{HEADER}{more}\n{ROW}{}\n", ",x".repeat(100_000));
    let outputs = try_ingest(&operator(), &[("o.csv", text.as_bytes())], 1, 1 << 16).unwrap();
    assert_eq!(outputs.frame("order_lines").height(), 1);
    assert!(outputs.rows("files", &["unknown_columns"])[0].ends_with("and 99900 more"));
    let long = "x".repeat(50 << 20);
    let text = format!("{HEADER},tags\n{ROW},\"{long}\"\n2,b,2025-01-02,1,1,short\n");
    let outputs = try_ingest(&operator(), &[("o.csv", text.as_bytes())], 3, 1 << 16).unwrap();
    let tags = outputs.frame("order_lines").column("tags").unwrap().str().unwrap();
    assert_eq!(tags.iter().flatten().map(str::len).max(), Some(50 << 20));
}

#[test]
fn a_quote_that_is_never_closed_is_an_error_with_the_line_and_one_inside_a_cell_is_a_character() {
    let error = refused("o.csv", format!("{HEADER}\n{ROW}\n2,\"b,2025-01-02,1,1\n").as_bytes());
    assert!(error.contains("never closed"), "{error}");
    assert_eq!(lines(format!("{HEADER}\n1,5\" pipe,2025-01-02,1,1\n").as_bytes()), ["1 | 5\" pipe | 100"]);
}

#[test]
fn a_file_that_cannot_be_used_may_be_left_out() {
    let operator = IngestShop { bad_files: BadFiles::Skip, ..operator() };
    let good = format!("{HEADER}\n{ROW}\n");
    let outputs = try_ingest(&operator, &[("bad.csv", b"<html>"), ("good.csv", good.as_bytes())], 1, 1 << 20).unwrap();
    assert_eq!(
        outputs.rows("files", &["file", "status", "accepted"]),
        ["bad.csv | failed | 0", "good.csv | completed | 1"]
    );
    assert_eq!(outputs.frame("orders").height(), 1);
}

#[test]
fn a_file_that_is_gone_is_named() {
    let entries = [crate::orders::intake::FileEntry { path: "gone.csv".to_owned(), name: "gone.csv".to_owned() }];
    let storage = std::sync::Arc::new(Memory::default());
    let error = operator().ingest(&entries, 1, 1 << 20, &context(storage)).unwrap_err().to_string();
    assert!(error.contains("gone.csv"), "{error}");
}
