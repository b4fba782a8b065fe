//! Association rules of one shop's frequent itemsets. Works on slices.

mod order;
mod rule;
mod splits;
#[cfg(test)]
mod tests;

use super::{
    chance::ChanceOrders,
    decimal::Decimal,
    itemsets::Itemsets,
    significance::{fisher_p_value, q_values},
};
pub use rule::{Counts, Rule};
pub use splits::RuleError;
use splits::{CountsBySet, Splits};

/// Which rules are kept.
#[derive(Clone, Copy, Debug)]
pub struct RuleSearch {
    /// The share of the shop's orders that must hold both sides.
    pub min_support: Decimal,
    /// The least confidence.
    pub min_confidence: Decimal,
    /// The least lift.
    pub min_lift: Decimal,
    /// The most items of a consequent.
    pub max_consequent: u32,
    /// The largest q-value; 1 for any.
    pub max_q_value: f64,
    /// The largest q-value of a rule in fewer orders than [`Among::usual_count`].
    pub max_rare_q_value: f64,
    /// Whether a rule is left out when a rule of the same consequent and a part of its antecedent is as sure.
    pub drop_redundant: bool,
}

/// The orders that rules are made of.
#[derive(Clone, Copy, Debug)]
pub struct Among {
    /// How many there are.
    pub orders: u32,
    /// As many as bring items together by chance as often as these.
    pub chance: ChanceOrders,
    /// Rules in fewer orders are rare.
    pub usual_count: u32,
}

/// What was found, and how many rules were left out by what: each is counted by the first test that it fails.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The rules by falling lift, confidence and support, then antecedent and consequent.
    pub rules: Vec<Rule>,
    /// Rules that the itemsets give.
    pub considered: u64,
    /// Rules that there could have been, of frequent sets on both sides.
    pub tests: f64,
    /// The least q-value of all that may be named.
    pub least_q_value: Option<f64>,
    /// Left out because they name an item that is not offered.
    pub withheld: u64,
    /// Left out for their support or their confidence.
    pub weak: u64,
    /// Left out for their lift.
    pub low_lift: u64,
    /// Left out because a more general rule is as sure.
    pub redundant: u64,
    /// Left out for their q-value.
    pub insignificant: u64,
}

impl RuleSearch {
    /// The rules of the sets, whose items are ascending, that name offered items alone. The sets must be all frequent ones.
    ///
    /// # Errors
    /// [`RuleError`].
    pub fn find(&self, sets: &Itemsets, among: Among, is_offered: impl Fn(u32) -> bool) -> Result<Found, RuleError> {
        let known: CountsBySet<'_> = sets.iter().collect();
        let mut found = Found::default();
        let mut by_size: Vec<u64> = Vec::new();
        let mut p_values = Vec::new();
        let mut kept: Vec<(usize, Rule)> = Vec::new();
        for (items, _) in sets.iter() {
            let splits = Splits::new(items, &known)?;
            if !items.iter().all(|item| is_offered(*item)) {
                found.withheld += splits.rules(self.max_consequent).count() as u64;
                continue;
            }
            by_size.resize(by_size.len().max(items.len()), 0);
            by_size.get_mut(items.len() - 1).into_iter().for_each(|sets| *sets += 1);
            let chance = among.chance.of_size(items.len()).min(among.orders);
            for split in splits.rules(self.max_consequent) {
                let counts = splits.counts(split);
                let p_value = counts.p_value(among.orders);
                p_values.push(if chance < among.orders { counts.p_value(chance) } else { p_value });
                if let Some(left_out) = self.reason(&splits, split, among.orders) {
                    *left_out(&mut found) += 1;
                    continue;
                }
                let (antecedent, consequent) = splits.sides(split);
                kept.push((p_values.len() - 1, Rule { antecedent, consequent, counts, p_value, q_value: 1.0 }));
            }
        }
        found.considered = p_values.len() as u64 + found.withheld;
        found.tests = possible_rules(&by_size, self.max_consequent);
        let q_values = q_values(&p_values, found.tests);
        found.least_q_value = q_values.iter().copied().min_by(f64::total_cmp);
        for (place, mut rule) in kept {
            rule.q_value = q_values.get(place).copied().unwrap_or(1.0);
            let is_rare = rule.counts.both < among.usual_count;
            if rule.q_value <= self.max_q_value && !(is_rare && rule.q_value > self.max_rare_q_value) {
                found.rules.push(rule);
            } else {
                found.insignificant += 1;
            }
        }
        found.rules.sort_unstable_by(order::strongest_first);
        Ok(found)
    }

    /// The count of rules that are left out for the same reason as this one; `None` when it is kept.
    fn reason(&self, splits: &Splits, split: u32, orders: u32) -> Option<fn(&mut Found) -> &mut u64> {
        let Counts { antecedent, consequent, both } = splits.counts(split);
        let [antecedent, consequent, both, orders] = [antecedent, consequent, both, orders].map(u128::from);
        if !self.min_support.at_most(both, orders) || !self.min_confidence.at_most(both, antecedent) {
            Some(|found| &mut found.weak)
        } else if !self.min_lift.at_most(both * orders, antecedent * consequent) {
            Some(|found| &mut found.low_lift)
        } else if self.drop_redundant && splits.is_redundant(split) {
            Some(|found| &mut found.redundant)
        } else {
            None
        }
    }
}

/// How many rules there could have been: pairs of frequent sets, one a side, that together have no more items than the largest that was
/// found, of which as many sets are given by size. Whether a rule is tested follows from how many orders hold each of its sides, and
/// not from how many hold both. Sets of several items on both sides are counted also where they have items in common.
fn possible_rules(sets: &[u64], max_consequent: u32) -> f64 {
    let sets: Vec<f64> = sets.iter().map(|sets| *sets as f64).collect();
    let of_size = |size: usize| sets.get(size - 1).copied().unwrap_or_default();
    let mut rules = 0.0;
    for antecedent in 1..sets.len() {
        for consequent in (1..=sets.len() - antecedent).take(max_consequent as usize) {
            let (small, large) = (antecedent.min(consequent), antecedent.max(consequent));
            let others = if small == 1 { of_size(1) - large as f64 } else { of_size(small) };
            rules += of_size(large) * others.max(0.0);
        }
    }
    rules
}

impl Counts {
    /// The chance of so many orders in common or more among `orders`, if the sides had nothing to do with each other.
    fn p_value(self, orders: u32) -> f64 {
        fisher_p_value(orders.max(self.antecedent).max(self.consequent), self.antecedent, self.consequent, self.both)
    }
}
