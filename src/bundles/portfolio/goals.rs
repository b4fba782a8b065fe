//! How well a bundle serves each goal.

use std::collections::BTreeSet;

use crate::bundles::{
    candidate::Candidate,
    items::ItemFacts,
    money::{Cents, Percent},
    objective::Goal,
};

/// A bundle and what it is judged by.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// The bundle.
    pub candidate: &'a Candidate,
    /// What is known of its items.
    pub items: Vec<&'a ItemFacts>,
    /// Its discount.
    pub discount: Percent,
    /// What it is expected to earn more a month, as a share of what the best one is: 0 to 1.
    pub expected_margin: f64,
}

impl Judged<'_> {
    /// What the items cost alone.
    pub fn value(&self) -> Cents {
        self.items.iter().map(|item| item.price).sum()
    }

    /// How many product types the items have.
    pub fn categories(&self) -> usize {
        self.items.iter().filter_map(|item| item.category).collect::<BTreeSet<_>>().len()
    }

    /// How much the items earn: .8 for one that earns much, else .4, on average.
    pub fn margin(&self) -> f64 {
        self.mean(|item| if item.flags.is_high_margin { 0.8 } else { 0.4 })
    }

    fn mean(&self, of: impl Fn(&ItemFacts) -> f64) -> f64 {
        self.items.iter().map(|item| of(item)).sum::<f64>() / self.items.len().max(1) as f64
    }
}

/// Units of the currency that an order is worth with the best of bundles.
const FULL_REVENUE: f64 = 500.0;

/// How well a bundle serves a goal, 0 to 1 (section 9.2).
pub fn goal_value(goal: Goal, bundle: &Judged) -> f64 {
    let Candidate { confidence, lift, .. } = *bundle.candidate;
    let (items, categories) = (bundle.items.len() as f64, bundle.categories() as f64);
    let value = match goal {
        Goal::Revenue => confidence * bundle.value().units() / FULL_REVENUE,
        Goal::Margin => bundle.margin(),
        Goal::InventoryRisk => bundle.mean(|item| match item.stock {
            None => 0.6,
            Some(51..) => 0.9,
            Some(11..) => 0.6,
            Some(1..) => 0.3,
            Some(_) => 0.0,
        }),
        Goal::Satisfaction => (confidence + (lift - 1.0) / 3.0) / 2.0 + (0.05 * items).min(0.2),
        Goal::CrossSell => ((lift - 1.0) / 2.0).min(1.0) + (0.1 * categories).min(0.3),
        Goal::Cannibalisation if bundle.items.iter().all(|item| item.category.is_none()) => 1.0,
        Goal::Cannibalisation => categories / items,
        Goal::ExpectedMargin => bundle.expected_margin,
    };
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}

/// How much a goal counts among so many (section 9.3).
pub fn goal_weight(goal: Goal, goals: usize) -> f64 {
    match goal {
        Goal::Revenue => 0.30,
        Goal::Margin => 0.25,
        Goal::InventoryRisk => 0.20,
        Goal::Satisfaction => 0.15,
        Goal::CrossSell => 0.10,
        Goal::Cannibalisation | Goal::ExpectedMargin => 1.0 / goals.max(1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::{candidate::testing::candidate, items::testing::item};

    #[test]
    fn goals_are_as_the_formulas_say() {
        let bundle = candidate(&[0, 1], 0.5, 2.0);
        let (mut one, mut other) = (item(0, 20_000), item(1, 5_000));
        one.flags.is_high_margin = true;
        other.stock = None;
        fn judged<'a>(candidate: &'a Candidate, one: &'a ItemFacts, other: &'a ItemFacts) -> Judged<'a> {
            Judged { candidate, items: vec![one, other], discount: Percent::whole(10), expected_margin: 0.7 }
        }
        for (goal, expected) in [
            (Goal::Revenue, 0.25),
            (Goal::Margin, 0.6),
            (Goal::InventoryRisk, 0.75),
            (Goal::Satisfaction, (0.5 + 1.0 / 3.0) / 2.0 + 0.1),
            (Goal::CrossSell, 0.7),
            (Goal::Cannibalisation, 1.0),
            (Goal::ExpectedMargin, 0.7),
        ] {
            let value = goal_value(goal, &judged(&bundle, &one, &other));
            assert!((value - expected).abs() < 1e-12, "{goal:?}: {value}");
        }
        other.category = one.category;
        assert_eq!(goal_value(Goal::Cannibalisation, &judged(&bundle, &one, &other)), 0.5);
        (one.category, other.category) = (None, None);
        assert_eq!(goal_value(Goal::Cannibalisation, &judged(&bundle, &one, &other)), 1.0);
    }

    #[test]
    fn no_goal_is_served_beyond_one() {
        let bundle = candidate(&[0], 1.0, 1e9);
        let dear = item(0, i64::MAX / 2);
        for goal in [Goal::Revenue, Goal::Satisfaction, Goal::CrossSell] {
            let judged =
                Judged { candidate: &bundle, items: vec![&dear], discount: Percent::ZERO, expected_margin: 0.0 };
            assert_eq!(goal_value(goal, &judged), 1.0);
        }
    }
}
