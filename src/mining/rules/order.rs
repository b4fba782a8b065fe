//! The order of rules, in whole numbers: no rounding decides between two of them.

use std::cmp::Ordering;

use super::rule::Rule;

/// By falling lift, confidence and support, then by antecedent and consequent. Of two rules of one shop.
pub fn strongest_first(one: &Rule, other: &Rule) -> Ordering {
    let (a, b) = (one.counts, other.counts);
    let wide = |numbers: [u32; 3]| numbers.into_iter().map(u128::from).product::<u128>();
    let lift = wide([b.both, a.antecedent, a.consequent]).cmp(&wide([a.both, b.antecedent, b.consequent]));
    let confidence = wide([b.both, a.antecedent, 1]).cmp(&wide([a.both, b.antecedent, 1]));
    lift.then(confidence)
        .then(b.both.cmp(&a.both))
        .then_with(|| one.antecedent.cmp(&other.antecedent))
        .then_with(|| one.consequent.cmp(&other.consequent))
}
