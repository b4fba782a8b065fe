//! `nightloom itemsets` and the mining operators through the binary.

mod baskets;
mod peers;
mod pipeline;
mod profiles;
mod recommending;

mod pyfim;

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
    assert!(column.stderr.contains("it has basket, what") && column.stderr.lines().count() == 1, "{}", column.stderr);
    let folder = place.nightloom(["itemsets", "none.dat", "--out", "none/sets.parquet"]);
    assert!(folder.stderr.contains("cannot write into none; make the folder"), "before all else: {}", folder.stderr);
    assert_eq!(place.nightloom(["itemsets", "baskets.csv", "--max-size", "0"]).code, Some(2));
    place.write("gaps.csv", "transaction,item\n1,a\n1,\n,a\n");
    let gaps = place.nightloom(["itemsets", "gaps.csv", "--format", "csv"]).expect_success();
    assert!(gaps.stdout == "a (1)\n" && gaps.stderr.contains("2 rows lack"), "{} {}", gaps.stdout, gaps.stderr);
    let share = place.nightloom(["itemsets", "baskets.csv", "--support", "2"]);
    assert!(share.code == Some(2) && share.stderr.contains("from 0 to 1"), "{}", share.stderr);
}

#[test]
fn what_is_left_out_and_a_limit_that_is_passed_are_told() {
    let place = Place::new();
    place.write("baskets.dat", "a b c d e f\na b\nb c\na b c\n");
    let all = ["itemsets", "baskets.dat", "--support", "0.3"];
    let short = place.nightloom([&all[..], &["--max-basket", "3"]].concat()).expect_success();
    assert!(
        short.stderr.contains("1 transactions have more than 3 different items; they are left out"),
        "{}",
        short.stderr
    );
    assert!(short.stderr.contains("3 transactions; 7 sets in 1 or more"), "{}", short.stderr);
    let many = place.nightloom([&all[..], &["--max-sets", "6"]].concat());
    assert_eq!((many.code, many.stdout.as_str()), (Some(1), ""));
    assert!(many.stderr.contains("more than 6 sets; raise the support"), "{}", many.stderr);
}

#[test]
fn a_file_without_transactions_and_one_that_is_not_text_are_told() {
    let place = Place::new();
    place.write("empty.dat", "");
    let empty = place.nightloom(["itemsets", "empty.dat"]);
    assert!(empty.code == Some(1) && empty.stderr.contains("empty.dat holds no transactions"), "{}", empty.stderr);
    place.write("head.csv", "transaction,item\n");
    let head = place.nightloom(["itemsets", "head.csv", "--format", "csv"]);
    assert!(head.code == Some(1) && head.stderr.contains("head.csv holds no transactions"), "{}", head.stderr);
    std::fs::write(place.path("latin.dat"), b"caf\xC3\xA9\ncaf\xE9\n").unwrap();
    let latin = place.nightloom(["itemsets", "latin.dat"]);
    assert!(latin.code == Some(1) && latin.stderr.contains("latin.dat, line 2: not UTF-8"), "{}", latin.stderr);
    let help = place.nightloom(["itemsets", "--help"]).expect_success();
    assert!(help.stdout.contains("nightloom itemsets baskets.dat.gz --support 0.01"), "{}", help.stdout);
}
