//! `nightloom itemsets` and the mining operators through the binary.

mod baskets;

use crate::support::Place;

const LINES: &str = "bread butter\nbutter bread jam\njam\nbread butter\n";
const ROWS: &str = "basket,what\n1,bread\n1,butter\n2,jam\n2,bread\n2,butter\n3,jam\n4,butter\n4,bread\n";

/// The printed sets, in the order of their lines.
fn printed(place: &Place, arguments: &[&str]) -> Vec<String> {
    let mut whole = vec!["itemsets"];
    whole.extend(arguments);
    let mut lines: Vec<String> = place.nightloom(whole).expect_success().stdout.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_file_of_lines_and_one_of_rows_give_the_same_sets_for_each_target() {
    let place = Place::new();
    place.write("baskets.dat", LINES);
    place.write("baskets.csv", ROWS);
    for (target, expected) in [
        ("all", vec!["bread (3)", "bread butter (3)", "butter (3)", "jam (2)"]),
        ("closed", vec!["bread butter (3)", "jam (2)"]),
        ("maximal", vec!["bread butter (3)", "jam (2)"]),
    ] {
        let shared = ["--support", "0.5", "--target", target];
        assert_eq!(printed(&place, &[&["baskets.dat"][..], &shared].concat()), expected);
        let rows = ["baskets.csv", "--format", "csv", "--transaction", "basket", "--item", "what"];
        assert_eq!(printed(&place, &[&rows[..], &shared].concat()), expected);
    }
    assert_eq!(printed(&place, &["baskets.dat", "--support", "0.5", "--max-size", "1"]).len(), 3);
    assert_eq!(printed(&place, &["baskets.dat", "--support", "0.5", "--count"]), ["4"]);
}

#[test]
fn what_was_written_as_parquet_can_be_mined_again() {
    let place = Place::new();
    place.write("baskets.dat", LINES);
    let nothing = printed(&place, &["baskets.dat", "--support", "0.5", "--out", "sets.parquet"]);
    assert!(nothing.is_empty(), "{nothing:?}");
    let columns = ["--format", "parquet", "--transaction", "size", "--item", "support_count"];
    let sizes = printed(&place, &[&["sets.parquet", "--support", "1"][..], &columns].concat());
    assert_eq!(sizes, ["3 (2)"], "sets of both sizes have a count of three");
}

#[test]
fn a_missing_file_column_or_value_and_a_share_out_of_range_are_told() {
    let place = Place::new();
    place.write("baskets.csv", ROWS);
    let missing = place.nightloom(["itemsets", "none.dat"]);
    assert!(missing.code == Some(1) && missing.stderr.contains("none.dat"), "{}", missing.stderr);
    let column = place.nightloom(["itemsets", "baskets.csv", "--format", "csv", "--item", "what"]);
    assert!(column.code == Some(1) && column.stderr.contains("transaction"), "{}", column.stderr);
    place.write("gaps.csv", "transaction,item\n1,a\n1,\n,a\n");
    let gaps = place.nightloom(["itemsets", "gaps.csv", "--format", "csv"]).expect_success();
    assert!(gaps.stdout == "a (1)\n" && gaps.stderr.contains("2 rows lack"), "{} {}", gaps.stdout, gaps.stderr);
    let share = place.nightloom(["itemsets", "baskets.csv", "--support", "2"]);
    assert!(share.code == Some(2) && share.stderr.contains("from 0 to 1"), "{}", share.stderr);
}
