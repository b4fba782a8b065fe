//! A rule with its counts, and the measures that follow from them.

/// A rule: the orders that hold its antecedent hold its consequent too, so and so often.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The items that are given, ascending.
    pub antecedent: Vec<u32>,
    /// The items that follow, ascending.
    pub consequent: Vec<u32>,
    /// How many orders hold the antecedent, the consequent, and both.
    pub counts: Counts,
    /// Fisher's exact test that the sides have nothing to do with each other.
    pub p_value: f64,
    /// The p-value among orders that are all alike, corrected for all rules that there could have been.
    pub q_value: f64,
}

/// How many orders hold the sides of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// The antecedent.
    pub antecedent: u32,
    /// The consequent.
    pub consequent: u32,
    /// Both.
    pub both: u32,
}

impl Rule {
    /// The share of the antecedent's orders that hold the consequent too.
    pub fn confidence(&self) -> f64 {
        f64::from(self.counts.both) / f64::from(self.counts.antecedent)
    }

    /// How many times as often the sides meet among `orders` as they would if they had nothing to do with each other.
    pub fn lift(&self, orders: u32) -> f64 {
        let Counts { antecedent, consequent, both } = self.counts;
        f64::from(both) * f64::from(orders) / (f64::from(antecedent) * f64::from(consequent))
    }

    /// The share of `orders` with both sides, less the share that there would be if they had nothing to do with each other.
    pub fn leverage(&self, orders: u32) -> f64 {
        let Counts { antecedent, consequent, both } = self.counts;
        let all = f64::from(orders);
        f64::from(both) / all - f64::from(antecedent) / all * (f64::from(consequent) / all)
    }

    /// How many times as often the rule would be wrong among `orders` if its sides had nothing to do with each other;
    /// infinite for one that is never wrong.
    pub fn conviction(&self, orders: u32) -> f64 {
        let Counts { antecedent, consequent, both } = self.counts;
        if both == antecedent {
            return f64::INFINITY;
        }
        let without = f64::from(orders.saturating_sub(consequent)) / f64::from(orders);
        without * f64::from(antecedent) / f64::from(antecedent.saturating_sub(both))
    }
}
