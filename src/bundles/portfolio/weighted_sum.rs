//! The score of a bundle in a portfolio: its goals, weighted.

use super::{
    goals::{Judged, goal_value, goal_weight},
    limits::{Broken, ShopLimits},
};
use crate::bundles::objective::Goal;

/// What came of judging the bundles of an objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Portfolio {
    /// Of each bundle its score, 0 to 1, or the limit that it breaks.
    pub scores: Vec<Result<f64, Broken>>,
    /// Whether every bundle breaks one: their ranking stays as it is (`no_feasible`).
    pub no_feasible: bool,
}

/// Judges bundles by `goals` (section 9.3): all feasible ones once; nothing is cut off.
pub fn portfolio(bundles: &[Judged], goals: &[Goal], limits: &ShopLimits) -> Portfolio {
    let weights: Vec<f64> = goals.iter().map(|goal| goal_weight(*goal, goals.len())).collect();
    let all: f64 = weights.iter().sum();
    let score = |bundle: &Judged| {
        let served: f64 = goals.iter().zip(&weights).map(|(goal, weight)| weight * goal_value(*goal, bundle)).sum();
        let served = if all > 0.0 { served / all } else { 0.0 };
        (served - limits.penalty(bundle)).clamp(0.0, 1.0)
    };
    let scores: Vec<_> =
        bundles.iter().map(|bundle| limits.broken(bundle).map_or_else(|| Ok(score(bundle)), Err)).collect();
    Portfolio { no_feasible: !scores.is_empty() && scores.iter().all(Result::is_err), scores }
}

/// The score that decides the final rank: seven tenths the ranking's, three the portfolio's.
pub fn blended(ranking: f64, portfolio: f64) -> f64 {
    0.7 * ranking + 0.3 * portfolio
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::{candidate::testing::candidate, items::testing::item, money::Percent};

    #[test]
    fn scores_are_weighted_by_the_goals_in_use() {
        let facts = [item(0, 20_000), item(1, 5_000)];
        let limits = ShopLimits::of(&facts);
        let bundle = candidate(&[0, 1], 0.5, 2.0);
        let judged = Judged {
            candidate: &bundle,
            items: facts.iter().collect(),
            discount: Percent::whole(10),
            expected_margin: 0.0,
        };
        let found = portfolio(std::slice::from_ref(&judged), &[Goal::Revenue, Goal::CrossSell], &limits);
        let expected = (0.3 * 0.25 + 0.1 * 0.7) / 0.4;
        assert!((found.scores[0].unwrap() - expected).abs() < 1e-12);
        let found = portfolio(std::slice::from_ref(&judged), &[Goal::Margin, Goal::Cannibalisation], &limits);
        assert!((found.scores[0].unwrap() - (0.25 * 0.4 + 0.5) / 0.75).abs() < 1e-12);
        assert!((blended(1.0, 0.5) - 0.85).abs() < 1e-12);
    }

    #[test]
    fn a_set_without_a_feasible_bundle_is_told() {
        let facts = [item(0, 20_000), item(1, 5_000)];
        let limits = ShopLimits::of(&facts[1..]);
        let bundle = candidate(&[0], 0.5, 2.0);
        let judged = Judged {
            candidate: &bundle,
            items: vec![&facts[0], &facts[1]],
            discount: Percent::ZERO,
            expected_margin: 0.0,
        };
        let found = portfolio(&[judged], &[Goal::Revenue], &limits);
        assert_eq!(found, Portfolio { scores: vec![Err(Broken::MaxBundleValue)], no_feasible: true });
        assert!(!portfolio(&[], &[Goal::Revenue], &limits).no_feasible);
    }
}
