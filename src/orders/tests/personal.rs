//! Personal cells: in no message, in no row that is left out.

use super::super::testing::*;
use crate::orders::ingest::IngestShop;

const HEADER: &str =
    "Name,Email,Billing Name,Billing Address1,Phone,Notes,Created at,Lineitem quantity,Lineitem price,Lineitem sku";

/// Rows that cannot be used for one reason each.
const BAD: [&str; 5] = [
    "#1,ann@example.test,Ann Secret,1 Hidden Road,+15550100,call Ann,2026-02-03,1,4.00,",
    ",ann@example.test,Ann Secret,1 Hidden Road,+15550100,call Ann,2026-02-03,1,4.00,A",
    "#3,ann@example.test,Ann Secret,1 Hidden Road,+15550100,call Ann,ann@example.test,1,4.00,A",
    "#4,ann@example.test,\"Ann\" Secret,1 Hidden Road,+15550100,call Ann,2026-02-03,1,4.00,A",
    "#5,ann@example.test,Ann Secret,1 Hidden Road, back door,+15550100,call Ann,2026-02-03,1,4.00,A",
];

fn leaks(text: &str) -> bool {
    ["@example.test", "Secret", "Hidden", "5550100", "call Ann", "back door"].iter().any(|word| text.contains(word))
}

#[test]
fn personal_cells_stand_in_no_rejected_value_and_in_no_message() {
    let text = format!("{HEADER}\n{}\n#9,,,,,,2026-02-03,1,4.00,A\n", BAD.join("\n"));
    let outputs = ingest(&IngestShop { max_rejected: 0.9, ..operator() }, &[("o.csv", &text)]);
    let rejected = outputs.rows("rejected", &["line", "reason", "value"]);
    assert_eq!(rejected.len(), 5, "{rejected:?}");
    assert!(!rejected.iter().any(|row| leaks(row)), "{rejected:?}");
    assert!(rejected[0].contains("order_id #1") && rejected[0].contains("unit_price 4.00"), "{rejected:?}");
    for row in BAD {
        let error = refused("o.csv", format!("{HEADER}\n{row}\n").as_bytes());
        assert!(!leaks(&error), "{error}");
    }
}

#[test]
fn a_file_without_a_header_shows_no_row() {
    let error = refused("o.csv", BAD[0].as_bytes());
    assert!(!leaks(&error) && error.contains("begins with a row and not with the names of its columns"), "{error}");
}
