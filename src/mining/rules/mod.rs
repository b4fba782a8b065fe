//! Association rules of one shop's frequent itemsets. Works on slices.

mod order;
mod rule;
mod significance;
mod splits;
#[cfg(test)]
mod tests;

use super::{decimal::Decimal, itemsets::Itemsets};
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
    /// Whether a rule is left out when a rule of the same consequent and a part of its antecedent is as sure.
    pub drop_redundant: bool,
}

/// What was found, and how many rules were left out by what: each is counted by the first test that it fails.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The rules by falling lift, confidence and support, then antecedent and consequent.
    pub rules: Vec<Rule>,
    /// Rules that the itemsets give.
    pub considered: u64,
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
    /// The rules of the sets, whose items are ascending, among `orders` orders. The sets must be all frequent ones.
    ///
    /// # Errors
    /// [`RuleError`].
    pub fn find(&self, sets: &Itemsets, orders: u32) -> Result<Found, RuleError> {
        let known: CountsBySet<'_> = sets.iter().collect();
        let mut found = Found::default();
        let mut p_values = Vec::new();
        let mut kept: Vec<(usize, Rule)> = Vec::new();
        for (items, _) in sets.iter().filter(|(items, _)| items.len() > 1) {
            let splits = Splits::new(items, &known)?;
            for split in splits.rules(self.max_consequent) {
                let counts = splits.counts(split);
                let p_value = significance::fisher_p_value(orders, counts.antecedent, counts.consequent, counts.both);
                p_values.push(p_value);
                if let Some(left_out) = self.reason(&splits, split, orders) {
                    *left_out(&mut found) += 1;
                    continue;
                }
                let (antecedent, consequent) = splits.sides(split);
                kept.push((p_values.len() - 1, Rule { antecedent, consequent, counts, p_value, q_value: 1.0 }));
            }
        }
        found.considered = p_values.len() as u64;
        let q_values = significance::q_values(&p_values);
        for (place, mut rule) in kept {
            rule.q_value = q_values.get(place).copied().unwrap_or(1.0);
            if rule.q_value <= self.max_q_value {
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
