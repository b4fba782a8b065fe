//! Rules against an obvious reference, and the rules of a small shop that are known.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Among, Counts, Found, Rule, RuleError, RuleSearch, possible_rules};
use crate::mining::{
    chance::ChanceOrders,
    decimal::Decimal,
    itemsets::{Itemsets, Search, Target, Transactions},
};

const ANY: f64 = 0.0;

fn search(confidence: f64, lift: f64) -> RuleSearch {
    RuleSearch {
        min_support: Decimal::of(ANY),
        min_confidence: Decimal::of(confidence),
        min_lift: Decimal::of(lift),
        max_consequent: u32::MAX,
        max_q_value: 1.0,
        max_rare_q_value: 1.0,
        drop_redundant: false,
    }
}

fn mine(orders: &[Vec<u32>], min_count: u32, target: Target) -> Itemsets {
    let mut offsets = vec![0];
    let items: Vec<u32> = orders.concat();
    offsets.extend(orders.iter().scan(0, |end, order| {
        *end += order.len() as u32;
        Some(*end)
    }));
    let mut sets = Search { target, min_count, max_size: None }.list(Transactions { offsets: &offsets, items: &items });
    for ends in sets.offsets.windows(2) {
        sets.items[ends[0] as usize..ends[1] as usize].sort_unstable();
    }
    sets
}

fn find(search: RuleSearch, orders: &[Vec<u32>], min_count: u32) -> Found {
    search.find(&mine(orders, min_count, Target::All), among(orders.len() as u32), |_| true).unwrap()
}

/// Orders that are all alike.
fn among(orders: u32) -> Among {
    Among { orders, chance: ChanceOrders::alike(orders), usual_count: 0 }
}

fn holding(orders: &[Vec<u32>], items: &BTreeSet<u32>) -> u32 {
    orders.iter().filter(|order| items.iter().all(|item| order.contains(item))).count() as u32
}

fn parts(items: &[u32]) -> Vec<BTreeSet<u32>> {
    (1..1_u32 << items.len())
        .map(|bits| items.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, item)| *item).collect())
        .collect()
}

/// Every pair of disjoint sets of items that enough orders hold, with its counts.
fn reference(orders: &[Vec<u32>], min_count: u32) -> Vec<(Vec<u32>, Vec<u32>, Counts)> {
    let items: Vec<u32> = orders.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let mut rules = Vec::new();
    for antecedent in parts(&items) {
        for consequent in parts(&items).into_iter().filter(|other| other.is_disjoint(&antecedent)) {
            let both = holding(orders, &antecedent.union(&consequent).copied().collect());
            if both >= min_count {
                let counts =
                    Counts { antecedent: holding(orders, &antecedent), consequent: holding(orders, &consequent), both };
                rules.push((antecedent.iter().copied().collect(), consequent.into_iter().collect(), counts));
            }
        }
    }
    rules.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    rules
}

fn plain(rules: &[Rule]) -> Vec<(Vec<u32>, Vec<u32>, Counts)> {
    let mut rules: Vec<_> =
        rules.iter().map(|rule| (rule.antecedent.clone(), rule.consequent.clone(), rule.counts)).collect();
    rules.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    rules
}

fn orders() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let order = proptest::collection::btree_set(0_u32..6, 1..5).prop_map(|items| items.into_iter().collect());
    proptest::collection::vec(order, 1..25)
}

proptest! {
    #[test]
    fn the_rules_are_all_splits_of_all_frequent_sets(orders in orders(), min_count in 1_u32..5) {
        let found = find(search(ANY, ANY), &orders, min_count);
        prop_assert_eq!(plain(&found.rules), reference(&orders, min_count));
        prop_assert_eq!(found.considered, found.rules.len() as u64);
    }

    #[test]
    fn thresholds_leave_out_what_they_say_and_count_it(orders in orders(), confidence in 0_u32..=10, lift in 0_u32..=20) {
        let all = orders.len() as f64;
        let found = find(search(f64::from(confidence) / 10.0, f64::from(lift) / 10.0), &orders, 1);
        let expected = reference(&orders, 1).into_iter().filter(|(_, _, counts)| {
            let Counts { antecedent, consequent, both } = *counts;
            both * 10 >= confidence * antecedent
                && f64::from(both * 10) * all >= f64::from(lift) * f64::from(antecedent * consequent)
        });
        prop_assert_eq!(plain(&found.rules), expected.collect::<Vec<_>>());
        prop_assert_eq!(found.considered, found.rules.len() as u64 + found.weak + found.low_lift);
    }

    #[test]
    fn a_redundant_rule_has_a_general_one_that_is_as_sure(orders in orders()) {
        let all = find(search(ANY, ANY), &orders, 1).rules;
        let kept = find(RuleSearch { drop_redundant: true, ..search(ANY, ANY) }, &orders, 1);
        let expected: Vec<Rule> = all
            .iter()
            .filter(|rule| {
                !all.iter().any(|general| {
                    general.consequent == rule.consequent
                        && general.antecedent.len() < rule.antecedent.len()
                        && general.antecedent.iter().all(|item| rule.antecedent.contains(item))
                        && general.counts.both * rule.counts.antecedent >= rule.counts.both * general.counts.antecedent
                })
            })
            .cloned()
            .collect();
        prop_assert_eq!(&kept.rules, &expected);
        prop_assert_eq!(kept.considered, kept.rules.len() as u64 + kept.redundant);
    }

    #[test]
    fn rules_fall_by_lift_then_confidence(orders in orders()) {
        let all = orders.len() as u32;
        let rules = find(search(ANY, ANY), &orders, 1).rules;
        for pair in rules.windows(2) {
            let key = |rule: &Rule| (rule.lift(all), rule.confidence());
            let ((a, b), (c, d)) = (key(&pair[0]), key(&pair[1]));
            prop_assert!(a > c - 1e-9 && ((a - c).abs() > 1e-9 || b > d - 1e-9), "{pair:?}");
        }
    }
}

#[test]
fn figures_of_a_rule_are_those_of_the_formulas() {
    let counts = Counts { antecedent: 10, consequent: 20, both: 5 };
    let rule = Rule { antecedent: vec![1], consequent: vec![2], counts, p_value: 0.5, q_value: 0.5 };
    let close = |one: f64, other: f64| assert!((one - other).abs() < 1e-12, "{one} {other}");
    close(rule.confidence(), 0.5);
    close(rule.lift(100), 2.5);
    close(rule.leverage(100), 0.03);
    close(rule.conviction(100), 1.6);
    let sure = Rule { counts: Counts { both: 10, ..counts }, ..rule };
    assert_eq!(sure.conviction(100), f64::INFINITY);
}

#[test]
fn luck_is_told_from_habit() {
    let habit = std::iter::repeat_n(vec![0, 1], 20);
    let luck = std::iter::once(vec![2, 3]);
    let rest = (4..64_u32).map(|item| vec![item, item + 100]);
    let orders: Vec<Vec<u32>> = habit.chain(luck).chain(rest).collect();
    let strict = RuleSearch { max_q_value: 0.001, ..search(ANY, ANY) };
    let found = find(strict, &orders, 1);
    assert_eq!(found.rules.len(), 2, "only 0 and 1, both ways");
    assert_eq!(found.insignificant, found.considered - 2);
    assert!(found.rules.iter().all(|rule| rule.q_value < 1e-10), "{found:?}");
}

#[test]
fn sets_without_their_parts_and_very_long_sets_are_refused() {
    let orders = vec![vec![0, 1, 2]; 3];
    let closed = mine(&orders, 1, Target::Closed);
    assert_eq!(search(ANY, ANY).find(&closed, among(3), |_| true), Err(RuleError::PartMissing(vec![0, 1, 2])));
    let long = Itemsets { offsets: vec![0, 17], items: (0..17).collect(), counts: vec![1] };
    assert_eq!(search(ANY, ANY).find(&long, among(3), |_| true), Err(RuleError::TooLong(17)));
}

#[test]
fn all_rules_that_there_could_have_been_are_counted() {
    // Of 5 items, 4 pairs and 3 sets of three.
    assert_eq!(possible_rules(&[5], u32::MAX), 0.0);
    assert_eq!(possible_rules(&[5, 4], u32::MAX), 20.0, "each item with each other");
    let triples = 2.0 * 4.0 * 3.0;
    assert_eq!(possible_rules(&[5, 4, 3], u32::MAX), 20.0 + triples, "and each pair with each item that is not in it");
    assert_eq!(possible_rules(&[5, 4, 3], 1), 20.0 + triples / 2.0);
    let quads = 2.0 * 3.0 * 2.0 + 4.0 * 4.0;
    assert_eq!(possible_rules(&[5, 4, 3, 1], u32::MAX), 20.0 + triples + quads);
    assert_eq!(possible_rules(&[], u32::MAX), 0.0);
}

#[test]
fn what_met_is_corrected_for_what_could_have_met() {
    // Three pairs of items that are in no other order, among 60 items of three orders each.
    let mut orders: Vec<Vec<u32>> = (0..9).map(|order| vec![order / 3 * 2, order / 3 * 2 + 1]).collect();
    orders.extend((6..60).flat_map(|item| [vec![item, 100], vec![item, 101], vec![item, 102]]));
    let found = find(search(ANY, ANY), &orders, 3);
    assert_eq!(found.tests, 63.0 * 62.0);
    assert_eq!(found.rules.len(), 6);
    for rule in &found.rules {
        let expected = rule.p_value * found.tests / 6.0;
        assert!((rule.q_value - expected).abs() < 1e-12, "{rule:?}");
    }
}

#[test]
fn rare_rules_are_kept_where_they_are_hardly_luck() {
    let orders: Vec<Vec<u32>> = (0..40).map(|order| vec![order % 2, 2 + order % 5]).collect();
    let sets = mine(&orders, 1, Target::All);
    let strict = RuleSearch { max_rare_q_value: 0.05, ..search(ANY, ANY) };
    let rules = |usual_count| {
        let found = strict.find(&sets, Among { usual_count, ..among(40) }, |_| true).unwrap();
        (found.rules.len() as u64, found.insignificant)
    };
    let all = find(search(ANY, ANY), &orders, 1).considered;
    assert_eq!(rules(4), (all, 0), "each pair is in four orders");
    assert_eq!(rules(5), (0, all), "and none is more than luck");
}

#[test]
fn rules_name_no_item_that_is_not_offered() {
    let orders = vec![vec![0, 1, 2]; 9];
    let found = search(ANY, ANY).find(&mine(&orders, 1, Target::All), among(9), |item| item != 2).unwrap();
    assert_eq!(plain(&found.rules).len(), 2);
    assert_eq!((found.considered, found.withheld), (12, 10));
    assert_eq!(found.tests, 2.0);
}
