//! What a bundle must keep to, by the size of the shop and what the bundle is for.

use super::goals::Judged;
use crate::bundles::{
    items::ItemFacts,
    money::{Cents, Percent},
    objective::Objective,
};

/// A limit that a bundle breaks: it is not feasible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// `min_inventory_level`
    MinInventoryLevel,
    /// `max_bundle_value`
    MaxBundleValue,
    /// `min_margin_requirement`
    MinMarginRequirement,
    /// `discount_limit`
    DiscountLimit,
    /// `max_bundle_size`
    MaxBundleSize,
}

impl Broken {
    /// The name, as reports have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MinInventoryLevel => "min_inventory_level",
            Self::MaxBundleValue => "max_bundle_value",
            Self::MinMarginRequirement => "min_margin_requirement",
            Self::DiscountLimit => "discount_limit",
            Self::MaxBundleSize => "max_bundle_size",
        }
    }
}

/// The most items of a bundle.
const MOST_ITEMS: usize = 4;
/// The dearest bundle of a shop with dear items.
const DEAREST: Cents = Cents(50_000);

/// The limits of a shop (section 9.5, the values that depend on it).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShopLimits {
    /// Pieces that there must be of each item.
    least_stock: i64,
    /// What a bundle's items may cost alone.
    most_value: Cents,
    /// The least [`Judged::margin`].
    least_margin: f64,
    /// The most discount where margins are guarded.
    most_discount: Percent,
    /// Product types that a bundle should have.
    least_categories: usize,
}

impl ShopLimits {
    /// Limits that every bundle keeps to.
    pub const fn none() -> Self {
        Self {
            least_stock: i64::MIN,
            most_value: Cents(i64::MAX),
            least_margin: 0.0,
            most_discount: Percent::ALL,
            least_categories: 0,
        }
    }

    /// The limits of a shop with these items.
    pub fn of(facts: &[ItemFacts]) -> Self {
        let stocks: Vec<i128> = facts.iter().filter_map(|item| item.stock).map(i128::from).collect();
        let count = |length: usize| length.max(1) as i128;
        let tenth_of_stock =
            stocks.iter().sum::<i128>().max(0).unsigned_abs().div_ceil(10 * stocks.len().max(1) as u128);
        let value: i128 = facts.iter().map(|item| i128::from(item.price.0)).sum();
        let value = (4 * value / count(facts.len())).min(i128::from(DEAREST.0));
        let products = facts.iter().map(|item| item.product).collect::<std::collections::BTreeSet<_>>().len();
        let earns_much = 2 * facts.iter().filter(|item| item.flags.is_high_margin).count() > facts.len();
        Self {
            least_stock: i64::try_from(tenth_of_stock).unwrap_or(i64::MAX).max(1),
            most_value: Cents(i64::try_from(value).unwrap_or(0)),
            least_margin: if earns_much { 0.3 } else { 0.2 },
            most_discount: Percent::whole(if earns_much { 35 } else { 25 }),
            least_categories: match products {
                ..=50 => 1,
                51..=100 => 2,
                _ => 3,
            },
        }
    }

    /// The first limit that a bundle breaks.
    pub fn broken(&self, bundle: &Judged) -> Option<Broken> {
        let objective = bundle.candidate.objective;
        let tests = [
            (Broken::MaxBundleSize, bundle.items.len() > MOST_ITEMS),
            (Broken::MinInventoryLevel, bundle.items.iter().any(|item| !item.has_stock(self.least_stock))),
            (Broken::MaxBundleValue, bundle.value() > self.most_value),
            (Broken::MinMarginRequirement, bundle.margin() < self.least_margin),
            (Broken::DiscountLimit, bundle.discount > self.most_discount),
        ];
        tests.into_iter().find(|(limit, is_broken)| *is_broken && binds(*limit, objective)).map(|(limit, _)| limit)
    }

    /// What is taken off a bundle that does not keep to what it should: a tenth of the weight of each.
    pub fn penalty(&self, bundle: &Judged) -> f64 {
        let objective = bundle.candidate.objective;
        let mut penalty = 0.0;
        let is_diverse = matches!(objective, Objective::IncreaseAov | Objective::NewLaunch);
        if is_diverse && bundle.categories() < self.least_categories {
            penalty += 0.4 * 0.1;
        }
        if objective == Objective::SeasonalPromo && !bundle.items.iter().any(|item| item.flags.is_seasonal) {
            penalty += 0.2 * 0.1;
        }
        penalty
    }
}

/// Whether a limit is asked of the bundles of an objective.
fn binds(limit: Broken, objective: Objective) -> bool {
    match limit {
        Broken::MinInventoryLevel | Broken::MaxBundleSize => true,
        Broken::MaxBundleValue => objective != Objective::MarginGuard,
        Broken::MinMarginRequirement => {
            matches!(objective, Objective::ClearSlowMovers | Objective::IncreaseAov | Objective::MarginGuard)
        }
        Broken::DiscountLimit => objective == Objective::MarginGuard,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::{
        candidate::{Candidate, testing::candidate},
        items::testing::item,
    };

    fn broken(limits: &ShopLimits, candidate: &Candidate, items: &[&ItemFacts], discount: i64) -> Option<Broken> {
        let discount = Percent::whole(discount);
        limits.broken(&Judged { candidate, items: items.to_vec(), discount, expected_margin: 0.0 })
    }

    #[test]
    fn limits_depend_on_the_shop() {
        let small = ShopLimits::of(&[item(0, 1_000), item(1, 3_000)]);
        assert_eq!((small.least_stock, small.most_value, small.least_categories), (10, Cents(8_000), 1));
        let mut facts: Vec<ItemFacts> = (0..101).map(|number| item(number, 90_000)).collect();
        facts.iter_mut().for_each(|item| item.flags.is_high_margin = true);
        let large = ShopLimits::of(&facts);
        assert_eq!((large.most_value, large.least_categories), (DEAREST, 3));
        assert_eq!((large.least_margin, large.most_discount), (0.3, Percent::whole(35)));
        let nothing = ShopLimits::of(&[]);
        assert_eq!((nothing.least_stock, nothing.most_value), (1, Cents(0)));
    }

    #[test]
    fn a_bundle_breaks_only_the_limits_of_its_objective() {
        let facts = [item(0, 1_000), item(1, 3_000), ItemFacts { stock: Some(0), ..item(2, 2_000) }];
        let limits = ShopLimits::of(&facts);
        let mut bundle = candidate(&[0, 1], 0.5, 2.0);
        assert_eq!(broken(&limits, &bundle, &[&facts[0], &facts[1]], 40), None);
        assert_eq!(broken(&limits, &bundle, &[&facts[0], &facts[2]], 10), Some(Broken::MinInventoryLevel));
        assert_eq!(broken(&limits, &bundle, &[&facts[1]; 3], 10), Some(Broken::MaxBundleValue));
        assert_eq!(broken(&limits, &bundle, &[&facts[0]; 5], 10), Some(Broken::MaxBundleSize));
        let uncounted = ItemFacts { stock: None, ..item(3, 1_000) };
        assert_eq!(broken(&limits, &bundle, &[&uncounted], 10), None);
        bundle.objective = Objective::MarginGuard;
        assert_eq!(broken(&limits, &bundle, &[&facts[1]; 3], 26), Some(Broken::DiscountLimit));
    }

    #[test]
    fn what_a_bundle_should_have_costs_a_little() {
        let facts: Vec<ItemFacts> = (0..60).map(|number| item(number, 1_000)).collect();
        let limits = ShopLimits::of(&facts);
        let mut bundle = candidate(&[0, 0], 0.5, 2.0);
        let penalty = |bundle: &Candidate, items: Vec<&ItemFacts>| {
            limits.penalty(&Judged { candidate: bundle, items, discount: Percent::ZERO, expected_margin: 0.0 })
        };
        assert!((penalty(&bundle, vec![&facts[0]]) - 0.04).abs() < 1e-12);
        assert_eq!(penalty(&bundle, vec![&facts[0], &facts[1]]), 0.0);
        bundle.objective = Objective::SeasonalPromo;
        assert!((penalty(&bundle, vec![&facts[0]]) - 0.02).abs() < 1e-12);
    }
}
