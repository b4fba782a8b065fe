//! Where other programs count otherwise: what ours does (see docs/mining.md, Comparing with other programs).

use serde_json::{Value, json};

use super::printed;
use crate::support::Place;

/// Mines lines of one shop, `order,item` each, and gives what lies in the files of the sinks, a JSON object a row.
fn mined(lines: &str, params: &str) -> [Vec<Value>; 3] {
    let place = Place::new();
    place.write("lines.csv", format!("order_id,item_id\n{lines}"));
    let pipeline = format!(
        "name = 'peers'\n[sources.lines]\ncsv = 'lines.csv'\n\
         [stages.sets]\noperator = 'mine-itemsets'\ninputs = {{ lines = 'lines' }}\n\
         outputs = {{ itemsets = 'itemsets', shops = 'set_shops', rejected = 'set_rejected' }}\n\
         params = {{ min_items = 1, {params} }}\n\
         [stages.rules]\noperator = 'mine-rules'\ninputs = {{ itemsets = 'itemsets', shops = 'set_shops' }}\n\
         outputs = {{ rules = 'rules', shops = 'rule_shops', rejected = 'rule_rejected' }}\n\
         params = {{ min_confidence = 0.75 }}\n\
         [stages.similar]\noperator = 'build-covisitation'\ninputs = {{ lines = 'lines' }}\n\
         outputs = {{ covisitation = 'c', similar_items = 'similar', shops = 'c_shops', rejected = 'c_rejected' }}\n\
         params = {{ similar = 3 }}\n\
         [sinks.itemsets]\nfrom = 'itemsets'\nndjson = 'itemsets.ndjson'\n\
         [sinks.rules]\nfrom = 'rules'\nndjson = 'rules.ndjson'\n\
         [sinks.similar]\nfrom = 'similar'\nndjson = 'similar.ndjson'\n"
    );
    place.write("peers.toml", &pipeline);
    place.nightloom(["run", "peers.toml"]).expect_success();
    ["itemsets", "rules", "similar"].map(|name| {
        let rows = std::fs::read_to_string(place.path(&format!("{name}.ndjson"))).expect("a file");
        rows.lines().map(|row| serde_json::from_str(row).expect("JSON")).collect()
    })
}

/// Orders from number `from` on, so many of them, with these items each.
fn orders(from: u32, count: u32, items: &[&str]) -> String {
    (from..from + count).flat_map(|order| items.iter().map(move |item| format!("{order},{item}\n"))).collect()
}

#[test]
fn an_item_in_every_order_is_listed_whatever_the_target() {
    let place = Place::new();
    place.write("some.dat", "bag pen\nbag pen\nbag pen\nbag ink\nbag ink\n");
    place.write("alone.dat", "bag pen\nbag ink\nbag cup\n");
    for (target, of_some) in [
        ("all", vec!["bag (5)", "ink (2)", "ink bag (2)", "pen (3)", "pen bag (3)"]),
        ("closed", vec!["bag (5)", "ink bag (2)", "pen bag (3)"]),
        ("maximal", vec!["ink bag (2)", "pen bag (3)"]),
    ] {
        let sets = |file: &str| {
            let sets = printed(&place, &[file, "--support", "0.4", "--target", target]);
            let in_order = |set: &String| {
                let (items, count) = set.rsplit_once(' ').expect("a count");
                let mut items: Vec<&str> = items.split(' ').collect();
                items.sort_unstable_by(|a, b| b.cmp(a));
                format!("{} {count}", items.join(" "))
            };
            let mut sets: Vec<String> = sets.iter().map(in_order).collect();
            sets.sort_unstable();
            sets
        };
        assert_eq!(sets("some.dat"), of_some, "{target}");
        assert_eq!(sets("alone.dat"), ["bag (3)"], "{target}: nothing longer is frequent");
    }
}

#[test]
fn a_set_in_exactly_the_least_share_of_the_orders_is_frequent() {
    for (holding, of, share) in
        [(7, 100, "0.07"), (7, 25, "0.28"), (14, 50, "0.28"), (55, 200, "0.275"), (3, 10, "0.3")]
    {
        let lines = orders(0, holding, &["a", "b"]) + &orders(holding, of - holding, &["c"]);
        let pairs = |params: &str| {
            let [sets, ..] = mined(&lines, params);
            sets.iter().filter(|set| set["items"] == json!(["a", "b"])).count()
        };
        assert_eq!(pairs(&format!("support = {share}")), 1, "{holding} of {of}");
        assert_eq!(pairs(&format!("support = {share}1")), 0, "{holding} of {of} are less");
    }
}

#[test]
fn a_rule_of_exactly_three_in_four_is_kept_among_ten_and_among_a_hundred_orders() {
    for among in [8, 10, 20, 40, 100] {
        let lines = orders(0, 3, &["a", "b"]) + &orders(3, 1, &["a", "c"]) + &orders(4, among - 4, &["d"]);
        let [_, rules, _] = mined(&lines, "support = 0.0");
        let rule = rules.iter().find(|rule| rule["antecedent"] == json!({ "items": ["a"] })).expect("a rule");
        assert_eq!(rule["consequent"], json!({ "items": ["b"] }));
        assert_eq!(rule["confidence"], 0.75, "among {among}");
        assert_eq!(rule["support"], 3.0 / f64::from(among), "both sides' share, not the antecedent's");
    }
}

#[test]
fn a_line_that_comes_twice_counts_once() {
    let once = orders(0, 2, &["a", "b"]) + &orders(2, 1, &["a"]);
    let twice = orders(0, 2, &["a", "b", "a"]) + &orders(2, 1, &["a", "a"]);
    assert_eq!(mined(&once, "support = 0.0"), mined(&twice, "support = 0.0"));
    let [sets, ..] = mined(&twice, "support = 0.0");
    let counts: Vec<_> = sets.iter().map(|set| (set["items"].clone(), set["support_count"].as_i64())).collect();
    let expected = [(json!(["a"]), 3), (json!(["b"]), 2), (json!(["a", "b"]), 2)];
    assert_eq!(counts, expected.map(|(items, count)| (items, Some(count))));
}

#[test]
fn no_item_is_similar_to_itself_or_to_one_it_was_never_bought_with_and_few_are_not_filled_up() {
    let lines = orders(0, 5, &["a", "b"]) + &orders(5, 5, &["c", "d"]) + &orders(10, 1, &["e"]);
    let [.., similar] = mined(&lines, "support = 0.0");
    let pairs: Vec<_> = similar.iter().map(|row| (row["item_id"].as_str(), row["similar_item"].as_str())).collect();
    let expected = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")].map(|(item, other)| (Some(item), Some(other)));
    assert_eq!(pairs, expected, "three are asked for, one is there");
}
