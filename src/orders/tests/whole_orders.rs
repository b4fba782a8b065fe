//! What an order says once counts for all its lines, and which rows are one order.

use super::super::testing::*;
use crate::orders::ingest::{BadFiles, IngestShop};

const HEADER: &str = "order_id,sku,created_at,quantity,unit_price,currency,financial_status,customer_id,total\n";

fn lines(text: &str) -> Vec<String> {
    ingest(&operator(), &[("o.csv", text)]).rows("order_lines", &["order_id", "sku", "created_at", "customer"])
}

#[test]
fn a_date_and_a_customer_count_for_all_lines_wherever_they_stand() {
    let expected =
        ["1 | a | 2025-01-02T00:00:00Z | c", "1 | b | 2025-01-02T00:00:00Z | c", "2 | a | 2025-01-03T00:00:00Z | d"];
    for rows in [
        "1,a,2025-01-02,1,1,EUR,paid,c,9\n1,b,,1,1,,,,\n2,a,2025-01-03,1,1,EUR,paid,d,5\n",
        "1,a,,1,1,,,,\n1,b,2025-01-02,1,1,EUR,paid,c,9\n2,a,2025-01-03,1,1,EUR,paid,d,5\n",
        "1,a,N/A,1,1,,,c,\n2,a,2025-01-03,1,1,EUR,paid,d,5\n1,b,2025-01-02,1,1,EUR,paid,,9\n",
    ] {
        let text = format!("{HEADER}{rows}");
        assert_eq!(lines(&text), expected, "{rows}");
        let outputs = ingest(&operator(), &[("o.csv", &text)]);
        assert_eq!(
            outputs.rows("orders", &["financial_status", "total_cents", "currency"]),
            ["paid | 900 | EUR", "paid | 500 | EUR"]
        );
        for block in [16, 60, 1 << 20] {
            let outputs = try_ingest(&operator(), &[("o.csv", text.as_bytes())], 1, block).unwrap();
            assert_eq!(outputs.rows("order_lines", &["order_id", "sku", "created_at", "customer"]), expected);
        }
    }
}

#[test]
fn what_a_row_says_of_its_order_counts_though_it_cannot_be_used_itself() {
    let operator = IngestShop { max_rejected: 1.0, ..operator() };
    for refused in ["1,,2025-01-02,1,1,EUR,paid,c,9", "1,z,2025-01-02,1,free,EUR,paid,c,9"] {
        let text = format!("{HEADER}{refused}\n1,b,,1,1,,,,\n");
        let outputs = ingest(&operator, &[("o.csv", &text)]);
        assert_eq!(
            outputs
                .rows("orders", &["created_at", "financial_status", "customer_id", "total_cents", "basket_line_count"]),
            ["2025-01-02T00:00:00Z | paid | c | 900 | 1"]
        );
        assert_eq!(outputs.rows("files", &["rows", "accepted", "rejected"]), ["2 | 1 | 1"]);
    }
    let alone = format!("{HEADER}1,,2025-01-02,1,1,EUR,paid,c,9\n2,b,2025-01-02,1,1,EUR,paid,c,9\n");
    assert_eq!(
        ingest(&operator, &[("o.csv", &alone)]).rows("orders", &["order_id"]),
        ["2"],
        "it is no order by itself"
    );
}

#[test]
fn an_order_without_any_date_is_refused_with_all_its_rows_and_counts_against_its_file() {
    let rows = |undated: usize| {
        let good: String = (0..8).map(|n| format!("{n},a,2025-01-02,1,1,EUR,paid,c,9\n")).collect();
        let bad: String = (0..undated).map(|n| format!("x,b{n},,1,1,EUR,paid,c,9\n")).collect();
        format!("{HEADER}{good}{bad}")
    };
    for block in [16, 1 << 20] {
        let text = rows(2);
        let outputs = try_ingest(&operator(), &[("o.csv", text.as_bytes())], 1, block).unwrap();
        assert_eq!(outputs.rows("files", &["rows", "accepted", "reasons"]), ["10 | 8 | bad_date 2"]);
        assert_eq!(
            outputs.rows("rejected", &["line", "reason", "field"]),
            ["10 | bad_date | created_at", "11 | bad_date | created_at"]
        );
        let error = try_ingest(&operator(), &[("o.csv", rows(3).as_bytes())], 1, block).err().unwrap();
        assert!(error.contains("3 of 11 rows cannot be used (bad_date 3)"), "{error}");
    }
}

#[test]
fn rows_far_from_the_date_of_their_order_do_not_count_against_their_file() {
    let dated: String = (0..50).map(|n| format!("{n},a,2025-01-02,1,1,EUR,paid,c,9\n")).collect();
    let others: String = (0..50).map(|n| format!("{n},b,,1,1,,,,\n")).collect();
    let text = format!("{HEADER}{dated}{others}");
    for (partitions, block) in [(1, 1 << 20), (3, 100)] {
        let outputs = try_ingest(&operator(), &[("o.csv", text.as_bytes())], partitions, block).unwrap();
        assert_eq!(outputs.rows("files", &["rows", "accepted"]), ["100 | 100"]);
        assert_eq!(outputs.frame("orders").height(), 50);
    }
}

#[test]
fn an_order_in_another_currency_is_left_out_whole() {
    let text = format!(
        "{HEADER}1,a,2025-01-02,1,1,EUR,paid,c,9\n1,b,2025-01-02,1,1,,,,\n2,a,2025-01-02,1,1,EUR,,,\n\
         3,a,2025-01-02,1,1,,,,\n3,b,2025-01-02,1,1,USD,paid,c,9\n3,c,2025-01-02,1,1,,,,\n"
    );
    let outputs = ingest(&operator(), &[("o.csv", &text)]);
    assert_eq!(outputs.rows("order_lines", &["order_id", "sku"]), ["1 | a", "1 | b", "2 | a"]);
    assert_eq!(
        outputs.rows("rejected", &["line", "reason", "value"]),
        ["5 | other_currency | USD", "6 | other_currency | USD", "7 | other_currency | USD"]
    );
}

const LINES: &str = "order_id,created_at,line_item_id,sku,quantity,unit_price\n";

fn of_files(files: &[(&str, &str)]) -> Vec<String> {
    let texts: Vec<String> = files.iter().map(|(_, rows)| format!("{LINES}{rows}")).collect();
    let given: Vec<(&str, &str)> = files.iter().zip(&texts).map(|((name, _), text)| (*name, text.as_str())).collect();
    let operator = IngestShop { bad_files: BadFiles::Skip, ..operator() };
    ingest(&operator, &given).rows("order_lines", &["order_id", "sku", "quantity"])
}

#[test]
fn an_order_that_a_row_limit_cut_in_two_is_one() {
    let first = "1,2026-02-03,11,A,1,20\n2,2026-02-03,12,A,1,20\n3,2026-02-03,13,A,1,20\n";
    let second = "3,2026-02-03,14,B,1,20\n4,2026-02-03,15,A,1,20\n";
    let whole = ["1 | A | 1", "2 | A | 1", "3 | A | 1", "3 | B | 1", "4 | A | 1"];
    assert_eq!(of_files(&[("o_1.csv", first), ("o_2.csv", second)]), whole);
    let blank = "3,,14,B,1,20\n4,2026-02-03,15,A,1,20\n";
    assert_eq!(
        of_files(&[("o_1.csv", first), ("o_2.csv", blank)]),
        whole,
        "what the first part says counts for the second"
    );
    let third = ("o_3.csv", "4,2026-02-03,16,C,1,20\n");
    assert_eq!(
        of_files(&[("o_1.csv", first), ("o_2.csv", second), third])[4..],
        ["4 | A | 1", "4 | C | 1"],
        "and so on"
    );
}

#[test]
fn an_order_that_comes_again_is_not_taken_for_one_that_was_cut() {
    let first = "1,2026-02-03,11,A,1,20\n3,2026-02-03,13,A,1,20\n";
    for (second, kept) in [
        ("3,2026-02-03,13,A,2,20\n3,2026-02-03,14,B,1,20\n", &["3 | A | 2", "3 | B | 1"][..]),
        ("3,2026-02-04,14,B,1,20\n", &["3 | B | 1"]),
        ("4,2026-02-03,15,A,1,20\n3,2026-02-03,14,B,1,20\n", &["3 | B | 1"]),
        ("3,2026-02-03,14,B,1,20\n4,2026-02-03,15,A,1,20\n5,2026-02-03,16,A,1,20\n", &["3 | B | 1"]),
    ] {
        let lines = of_files(&[("o_1.csv", first), ("o_2.csv", second)]);
        let of_third: Vec<&String> = lines.iter().filter(|line| line.starts_with('3')).collect();
        assert_eq!(of_third, kept, "{second}");
    }
}

#[test]
fn the_newest_file_by_the_number_in_its_name_has_the_last_word() {
    let (old, new) = ("7,2026-02-03,,A,1,20\n", "7,2026-02-03,,A,2,20\n");
    assert_eq!(of_files(&[("n/orders_10.csv", new), ("n/orders_9.csv", old)]), ["7 | A | 2"]);
    assert_eq!(of_files(&[("orders 31.12.2024.csv", old), ("orders 01.02.2025.csv", new)]), ["7 | A | 2"]);
}
