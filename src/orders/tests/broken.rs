//! Broken records: none is half a record, each is told by its line, and the rows around it are read.

use super::super::testing::*;
use crate::orders::ingest::IngestShop;

const HEADER: &str = "order_id,created_at,title,quantity,price,sku";

/// The orders that are used, and line and words of the records that are not.
fn read(rows: &[&str]) -> (Vec<String>, Vec<String>) {
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    let operator = IngestShop { max_rejected: 0.9, ..operator() };
    let whole = ingest(&operator, &[("o.csv", &text)]);
    let small = try_ingest(&operator, &[("o.csv", text.as_bytes())], 1, 16).unwrap();
    let of = |outputs: &Outputs| {
        let used = outputs.rows("order_lines", &["order_id", "sku", "quantity", "unit_price_cents"]);
        (used, outputs.rows("rejected", &["line", "reason", "value"]))
    };
    assert_eq!(of(&whole), of(&small), "blocks make no difference");
    of(&whole)
}

#[test]
fn text_after_a_closing_quote_breaks_a_record() {
    let (used, refused) =
        read(&["1,2026-02-03,\"Poster 24\" x 36\", framed\",2,18.00,POS-1", "2,2026-02-03,Tea,1,4.00,TEA-1"]);
    assert_eq!(used, ["2 | TEA-1 | 1 | 400"]);
    assert_eq!(refused, ["2 | broken_record | text follows a closing quote"]);
}

#[test]
fn more_cells_than_headers_break_a_record() {
    let (used, refused) = read(&["1,2026-02-03,Tea, green,2,18.00,POS-1", "2,2026-02-03,Tea,1,4.00,TEA-1,,"]);
    assert_eq!(used, ["2 | TEA-1 | 1 | 400"], "empty cells are none too many");
    assert_eq!(refused, ["2 | broken_record | 7 cells where the header has 6"]);
}

#[test]
fn a_record_that_is_cut_off_is_broken_and_so_is_its_other_half() {
    let (used, refused) = read(&["1,2026-02-03,Poster", "24x36,2,18.00,POS-1", "2,2026-02-03,Tea,1,4.00,TEA-1"]);
    assert_eq!(used, ["2 | TEA-1 | 1 | 400"]);
    assert_eq!(
        refused,
        ["2 | broken_record | 3 cells where the header has 6", "3 | broken_record | 4 cells where the header has 6"]
    );
}

#[test]
fn rows_between_two_stray_quotes_are_read() {
    let (used, refused) = read(&[
        "1,2026-02-03,\"Poster,2,18.00,POS-1",
        "2,2026-02-03,Tea,1,4.00,TEA-1",
        "3,2026-02-03,Tea,1,4.00,TEA-1",
        "4,2026-02-03,Frame 24\",1,9.00,FRA-1",
        "5,2026-02-03,\"Cup, blue\",1,7.00,CUP-1",
    ]);
    assert_eq!(used, ["2 | TEA-1 | 1 | 400", "3 | TEA-1 | 1 | 400", "4 | FRA-1 | 1 | 900", "5 | CUP-1 | 1 | 700"]);
    assert_eq!(refused, ["2 | broken_record | a quote that opens a cell is not closed in its line"]);
}

#[test]
fn a_stray_quote_that_nothing_closes_takes_its_own_row_alone() {
    let (used, refused) = read(&[
        "1,2026-02-03,\"Poster,2,18.00,POS-1",
        "2,2026-02-03,\"Tea, green\",1,4.00,TEA-1",
        "3,2026-02-03,\"Poster,2,18.00,POS-1",
        "4,2026-02-03,Tea,1,4.00,TEA-1",
    ]);
    assert_eq!(used, ["2 | TEA-1 | 1 | 400", "4 | TEA-1 | 1 | 400"]);
    let line = |line: u32| format!("{line} | broken_record | a quote that opens a cell is not closed in its line");
    assert_eq!(refused, [line(2), line(4)]);
}

#[test]
fn broken_records_count_against_their_file() {
    let text = format!("{HEADER}\n1,2026-02-03,a,b,1,1.00,A\n2,2026-02-03,Tea,1,4.00,TEA-1\n");
    let error = refused("o.csv", text.as_bytes());
    assert!(error.contains("1 of 2 rows cannot be used (broken_record 1)"), "{error}");
}
