//! The expected extra margin of an offer, with a 90 % interval.

use super::{
    normals::{DRAWS, VALUES, gamma, normals},
    offer::{Offer, Priors},
};

/// A figure that is not known for sure.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// What it is on average.
    pub mean: f64,
    /// It is less than this with a chance of 5 %.
    pub low: f64,
    /// It is more than this with a chance of 5 %.
    pub high: f64,
}

impl Estimate {
    /// The estimate of so much of the figure.
    pub fn times(self, share: f64) -> Self {
        Self { mean: self.mean * share, low: self.low * share, high: self.high * share }
    }

    /// Of draws that are as likely as each other; changes their order.
    fn of(draws: &mut [f64]) -> Self {
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let place = |share: f64| (share * draws.len() as f64) as usize;
        let (low, high) = (place(0.05), place(0.95));
        // Two of them are asked for: to find them is a fifth of sorting.
        let (below, high, _) = draws.select_nth_unstable_by(high, f64::total_cmp);
        let high = *high;
        let (_, low, _) = below.select_nth_unstable_by(low, f64::total_cmp);
        Self { mean, low: *low, high }
    }
}

/// What is expected of an offer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expectation {
    /// The chance that a buyer of the trigger takes the whole, as it is without the offer.
    pub chance: Estimate,
    /// The chance that the offer adds.
    pub added_chance: Estimate,
    /// Units of the currency that are earned more a month, before buyers are shared with other bundles.
    pub margin: Estimate,
}

/// How offers are reckoned.
#[derive(Clone, Debug)]
pub struct Model {
    /// The part of those who did not take the rest by themselves and whom the offer moves, as a multiple of the part whom
    /// the trigger moves by itself.
    response: f64,
    normals: Vec<[f64; VALUES]>,
}

/// Orders that the category's rate counts for, and those that the shop's does: with 20 orders of its own, a bundle, its
/// category and its shop have the weights .6, .3 and .1 of section 8.2.
const CATEGORY_ORDERS: f64 = 10.0;
const SHOP_ORDERS: f64 = 10.0 / 3.0;

impl Model {
    /// A model; the response is 1 unless a shop has measured another.
    pub fn new(response: f64) -> Self {
        Self { response, normals: normals() }
    }

    /// What an offer is expected to earn (`docs/bundles.md`): with λ buyers of the trigger a month, the chance q of the
    /// rest among them, the chance r of the rest in any order, the margin m and the discount d,
    /// `λ · (response · (1 − q) · max(0, q − r) · m − q · d)`. λ, q and r are not known but counted; each draw takes values
    /// that the counts allow.
    pub fn expectation(&self, offer: &Offer, priors: &Priors) -> Expectation {
        let counts = &offer.counts;
        let (orders, trigger) = (f64::from(counts.orders.max(1)), f64::from(counts.trigger));
        let both = f64::from(counts.both.min(counts.trigger));
        let of_prior = |chance: fn(f64) -> f64| {
            CATEGORY_ORDERS * chance(priors.category.clamp(0.0, 1.0))
                + SHOP_ORDERS * chance(priors.shop.clamp(0.0, 1.0))
        };
        let taken = both + of_prior(|chance| chance);
        let left = trigger - both + of_prior(|chance| 1.0 - chance);
        let (margin, discount) = (offer.margin.units(), offer.discount.units());

        let (mut chances, mut added, mut margins) = ([0.0; DRAWS], [0.0; DRAWS], [0.0; DRAWS]);
        for (draw, [buyers, yes, no, rest]) in self.normals.iter().enumerate() {
            let buyers = gamma(trigger + 0.5, *buyers) / offer.months;
            let (yes, no) = (gamma(taken, *yes), gamma(left, *no));
            let chance = if yes + no > 0.0 { yes / (yes + no) } else { 0.0 };
            let by_itself = if counts.rest == 0 { 0.0 } else { gamma(f64::from(counts.rest) + 0.5, *rest) / orders };
            chances[draw] = chance;
            added[draw] = self.response * (1.0 - chance) * (chance - by_itself).max(0.0);
            margins[draw] = buyers * (added[draw] * margin - chance * discount);
        }
        Expectation {
            chance: Estimate::of(&mut chances),
            added_chance: Estimate::of(&mut added),
            margin: Estimate::of(&mut margins),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::{earnings::offer::Counts, money::Cents};

    fn offer(scale: u32) -> Offer {
        let counts = Counts { orders: 1_000 * scale, trigger: 100 * scale, rest: 50 * scale, both: 30 * scale };
        Offer { counts, months: 2.0, margin: Cents(1_200), discount: Cents(300) }
    }

    const PRIORS: Priors = Priors { category: 0.3, shop: 0.3 };

    #[test]
    fn with_many_orders_the_expectation_is_the_formula_and_the_interval_narrow() {
        let found = Model::new(1.0).expectation(&offer(10_000), &PRIORS);
        let formula = 500_000.0 * (0.7 * 0.25 * 12.0 - 0.3 * 3.0);
        assert!((found.margin.mean / formula - 1.0).abs() < 0.01, "{found:?}");
        assert!((found.added_chance.mean - 0.175).abs() < 1e-3 && (found.chance.mean - 0.3).abs() < 1e-3);
        assert!(found.margin.high - found.margin.low < 0.02 * formula);
        let half = Model::new(0.5).expectation(&offer(10_000), &PRIORS);
        assert!((half.added_chance.mean - 0.0875).abs() < 1e-3);
    }

    #[test]
    fn fewer_orders_are_less_sure() {
        let model = Model::new(1.0);
        let width = |scale| {
            let Estimate { low, high, mean } = model.expectation(&offer(scale), &PRIORS).margin;
            assert!(low < mean && mean < high);
            (high - low) / f64::from(scale)
        };
        assert!(width(1) > 2.0 * width(10) && width(10) > 2.0 * width(100));
    }

    #[test]
    fn who_would_have_bought_anyway_costs_the_discount() {
        let mut dear = offer(100);
        dear.discount = Cents(3_000);
        dear.margin = Cents(100);
        assert!(Model::new(1.0).expectation(&dear, &PRIORS).margin.high < 0.0);
    }

    #[test]
    fn at_twenty_orders_the_weights_are_those_of_the_specification() {
        let counts = Counts { orders: 100, trigger: 20, rest: 20, both: 10 };
        let offer = Offer { counts, months: 1.0, margin: Cents(100), discount: Cents(0) };
        let found = Model::new(1.0).expectation(&offer, &Priors { category: 0.2, shop: 0.1 });
        assert!((found.chance.mean - (0.6 * 0.5 + 0.3 * 0.2 + 0.1 * 0.1)).abs() < 2e-3, "{found:?}");
    }

    #[test]
    fn nothing_is_expected_where_nobody_bought() {
        let counts = Counts { orders: 0, trigger: 0, rest: 0, both: 0 };
        let offer = Offer { counts, months: 1.0, margin: Cents(100), discount: Cents(10) };
        let found = Model::new(1.0).expectation(&offer, &Priors { category: 0.0, shop: 0.0 });
        assert_eq!(found.chance.mean, 0.0);
        assert!(found.margin.mean.abs() < 1e-9);
    }
}
