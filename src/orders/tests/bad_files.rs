//! Files that are not what they should be: each is refused with what is wrong, or read as far as it goes; none panics.

use super::super::testing::*;
use crate::orders::ingest::{BadFiles, Format, IngestShop};
use crate::orders::recognising::fields::Kind;

const HEADER: &str = "order_id,sku,created_at,quantity,unit_price";
const ROW: &str = "1,a,2025-01-02,1,1.50";

fn lines(bytes: &[u8]) -> Vec<String> {
    let outputs = try_ingest(&operator(), &[("o.csv", bytes)], 1, 1 << 20).unwrap();
    outputs.rows("order_lines", &["order_id", "sku", "unit_price_cents"])
}

#[test]
fn html_workbooks_empty_files_and_headers_alone_are_refused_in_words() {
    let html = refused("o.csv", b"<!DOCTYPE html><html><body>Sign in</body></html>");
    assert!(html.contains("o.csv is HTML"), "{html}");
    let text = || format!("{HEADER}\n{ROW}\n");
    let little: Vec<u8> = text().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text().encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in [little, big] {
        assert!(refused("o.csv", &bytes).contains("looks like UTF-16 without its mark"));
    }
    assert!(refused("o.csv", b"PK\x03\x04\x14\0xl/workbook.xml").contains("is an Excel workbook"));
    assert!(refused("o.csv", b"").contains("o.csv is empty"));
    assert!(refused("o.csv", b"\n\n").contains("no kind of file"));
    assert!(refused("o.csv", format!("{HEADER}\n").as_bytes()).contains("has a header and no rows"));
    assert!(refused("o.csv", b"\x00\x01\x02\xFF").contains("binary"));
}

#[test]
fn unknown_headers_name_the_nearest_kind_and_what_it_lacks() {
    let no_item = refused("o.csv", b"order_id,created_at,quantity\n1,2025-01-02,1\n");
    assert!(no_item.contains("nearest to orders, for which it lacks variant_id or sku or line_name"), "{no_item}");
    let unknown = refused("n.csv", b"who,what\na,b\n");
    assert!(unknown.contains("(who, what) are those of no kind of file"), "{unknown}");
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
fn empty_cells_at_the_end_may_be_missing_or_too_many() {
    let text = format!("{HEADER},tags,city\n{ROW},,,, \n2,b,2025-01-02,1,2\n");
    assert_eq!(lines(text.as_bytes()), ["1 | a | 150", "2 | b | 200"]);
}

#[test]
fn bytes_that_are_no_utf_8_among_letters_that_are_are_replaced_and_reported() {
    let mut bytes = format!("{HEADER},product_title\n{ROW},ñandú caf").into_bytes();
    bytes.extend(b"\xE9\n");
    let outputs = try_ingest(&operator(), &[("o.csv", &bytes)], 1, 1 << 20).unwrap();
    assert_eq!(outputs.rows("order_lines", &["product_title"]), ["ñandú caf\u{FFFD}"]);
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
        outputs.rows("files", &["file", "status", "shops", "accepted"]),
        ["bad.csv | failed | 0 | 0", "good.csv | completed | 1 | 1"]
    );
    assert_eq!(outputs.frame("orders").height(), 1);
}

#[test]
fn the_good_rows_of_a_file_that_is_left_out_are_rejected_as_one() {
    let operator = IngestShop { bad_files: BadFiles::Skip, ..operator() };
    let bad = format!("{HEADER}\n{ROW}\n2,b,soon,1,1\n3,b,2025-01-02,1,1\n");
    let unclosed = format!("{HEADER}\n{ROW}\n2,\"b,2025-01-02,1,1\n");
    let good = format!("{HEADER}\n{ROW}\n");
    let files = [("bad.csv", bad.as_bytes()), ("good.csv", good.as_bytes()), ("open.csv", unclosed.as_bytes())];
    let outputs = try_ingest(&operator, &files, 1, 70).unwrap();
    assert_eq!(
        outputs.rows("files", &["file", "rows", "accepted", "rejected", "reasons"]),
        [
            "bad.csv | 3 | 0 | 3 | bad_date 1, unused_file 2",
            "good.csv | 1 | 1 | 0 | ",
            "open.csv | 2 | 0 | 2 | broken_record 1, unused_file 1"
        ]
    );
    let rejected = outputs.rows("rejected", &["file", "line", "reason", "field", "value"]);
    assert_eq!(rejected.len(), 4);
    assert_eq!(rejected[0], "bad.csv | 3 | bad_date | created_at | soon");
    assert_eq!(rejected[1], "open.csv | 3 | broken_record | record | a quoted cell is never closed");
    assert!(rejected[2].starts_with("bad.csv | - | unused_file | rows | 2 rows left out: the file 1 of 3 rows"));
    assert!(rejected[3].starts_with("open.csv | - | unused_file | rows | 1 rows left out"), "{rejected:?}");
}

#[test]
fn when_no_file_can_be_used_the_stage_fails_and_tells_of_each_whatever_becomes_of_bad_files() {
    let operator = IngestShop { bad_files: BadFiles::Skip, default_shop: None, ..operator() };
    let text = format!("{HEADER}\n{ROW}\n");
    let files = [("a.csv", text.as_bytes()), ("b.csv", b"<html>".as_slice()), ("c.csv.bak", b"")];
    let error = try_ingest(&operator, &files, 1, 1 << 20).err().unwrap();
    let lines: Vec<&str> = error.lines().map(str::trim).collect();
    assert!(lines[1].starts_with("a.csv names no shop; set the parameter `shop`, `default_shop` or"), "{error}");
    assert!(lines[2].starts_with("b.csv is HTML or XML"), "{error}");
    assert!(lines[3].starts_with("; and no file is left"), "{error}");
}

#[test]
fn without_an_order_line_the_stage_fails_and_says_why() {
    let run = |operator: &IngestShop, name: &str, text: &str| run(operator, &[(name, text)]).err().unwrap_or_default();
    let variants = "product_id,variant_id,variant_title,price,inventory_item_id\n1,2,T,3,4\n";
    let error = run(&operator(), "v.csv", variants);
    assert!(
        error.contains("no order line came of them: v.csv is one of variants, and none is one of orders"),
        "{error}"
    );
    assert_eq!(run(&IngestShop { kind: Some(Kind::Variants), ..operator() }, "v.csv", variants), "");
    let lenient = IngestShop { bad_files: BadFiles::Skip, ..operator() };
    let both = [("o.csv", "order_id,sku,created_at,quantity,unit_price\n1,a,soon,1,1\n"), ("v.csv", variants)];
    let error = super::super::testing::run(&lenient, &both).err().unwrap();
    assert!(error.contains("o.csv 1 of 1 rows cannot be used (bad_date 1)"), "{error}");
    assert!(error.contains("v.csv is one of variants"), "{error}");
    assert!(error.contains("line 2: created_at 'soon'"), "{error}");
    assert_eq!(run(&operator(), "o.csv", &format!("{HEADER}\n{ROW}\n")), "");
}

#[test]
fn files_that_are_not_named_as_exports_are_left_alone() {
    let good = format!("{HEADER}\n{ROW}\n");
    let files = [("a.csv.bak", good.as_bytes()), ("b.CSV", good.as_bytes()), ("notes.txt", b"<html>".as_slice())];
    let outputs = try_ingest(&operator(), &files, 1, 1 << 20).unwrap();
    let status = outputs.rows("files", &["file", "status", "shops", "rows", "accepted", "rejected"]);
    assert_eq!(
        status,
        [
            "a.csv.bak | ignored | 0 | 0 | 0 | 0",
            "b.CSV | completed | 1 | 1 | 1 | 0",
            "notes.txt | ignored | 0 | 0 | 0 | 0"
        ]
    );
    assert!(outputs.rows("files", &["problem"])[0].contains("ends neither in .csv"));
    assert!(outputs.rows("files", &["problem"])[2].contains("HTML"));
    assert!(refused("notes.md", b"x").contains("notes.md has a name that ends neither in .csv"));
    let words = refused("notes.txt", b"x");
    assert!(words.contains("notes.txt its headers (x) are those of no kind of file, and no other file"), "{words}");
    let tabs = good.replace(',', "\t");
    for name in ["o.tsv", "o.TAB", "o.txt"] {
        assert!(run(&operator(), &[(name, &tabs)]).is_ok(), "{name}");
    }
}

#[test]
fn fimi_files_are_looked_at_as_the_others_are() {
    let operator = IngestShop { format: Format::Fimi, ..operator() };
    let refused = |bytes: &[u8]| try_ingest(&operator, &[("a.dat", bytes)], 1, 1 << 20).err().unwrap_or_default();
    assert!(refused(b"\n<html> <body>\n").contains("a.dat is HTML"));
    assert!(refused(b"\xFF\xFE1\0 \0").contains("looks like UTF-16"));
    assert!(refused(b"1 2\0 3\n").contains("binary"));
    assert!(refused(b"PAR1 1 2\n").contains("is Parquet"));
    assert_eq!(refused(b"1 2 3\n"), "");
}

#[test]
fn a_file_that_is_gone_is_named() {
    let name = || "gone.csv".to_owned();
    let entries = [crate::orders::reading::entry::FileEntry { path: name(), name: name(), gives_rows: true }];
    let storage = std::sync::Arc::new(Memory::default());
    let error = operator().ingest(&entries, 1, 1 << 20, &context(storage)).unwrap_err().to_string();
    assert!(error.contains("gone.csv"), "{error}");
}
