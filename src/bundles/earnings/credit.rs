//! Bundles that share a trigger share its buyers: nobody is counted for two of them.

use std::collections::{BTreeMap, BTreeSet};

use super::expectation::Expectation;
use crate::bundles::items::Item;

/// A bundle that claims buyers of its trigger.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The items, the trigger first.
    pub items: Vec<Item>,
    /// What is expected of it alone.
    pub expectation: Expectation,
}

/// The share of its trigger's buyers that each bundle is credited with, 0 to 1. The bundle that is expected to earn most
/// comes first, ties in order: who takes it, with the offer or without, is no buyer for those after it. A bundle of
/// the same items as one before it has none left.
pub fn credits(claims: &[Claim]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    let expected = |claim: usize| claims[claim].expectation.margin.mean;
    order.sort_by(|one, other| expected(*other).total_cmp(&expected(*one)).then(one.cmp(other)));
    let mut left: BTreeMap<Item, f64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut credits = vec![0.0; claims.len()];
    for claim in order {
        let Claim { items, expectation } = &claims[claim];
        let Some(trigger) = items.first() else { continue };
        let mut sorted = items.clone();
        sorted.sort_unstable();
        if !seen.insert(sorted) {
            continue;
        }
        let left = left.entry(*trigger).or_insert(1.0);
        credits[claim] = *left;
        let takers = expectation.chance.mean + expectation.added_chance.mean;
        *left *= (1.0 - takers).clamp(0.0, 1.0);
    }
    credits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bundles::earnings::expectation::Estimate;

    fn claim(items: &[u32], chance: f64, added: f64, margin: f64) -> Claim {
        let estimate = |mean| Estimate { mean, low: mean, high: mean };
        let expectation =
            Expectation { chance: estimate(chance), added_chance: estimate(added), margin: estimate(margin) };
        Claim { items: items.iter().map(|item| Item(*item)).collect(), expectation }
    }

    #[test]
    fn who_takes_the_better_bundle_is_no_buyer_for_the_next() {
        let claims = [claim(&[1, 2], 0.2, 0.1, 5.0), claim(&[1, 3], 0.3, 0.2, 9.0), claim(&[4, 2], 0.1, 0.1, 1.0)];
        assert_eq!(credits(&claims), [0.5, 1.0, 1.0]);
        let claims = [claim(&[1, 2], 0.2, 0.1, 5.0), claim(&[2, 1], 0.3, 0.2, 4.0)];
        assert_eq!(credits(&claims), [1.0, 0.0], "the same items once");
    }

    proptest! {
        #[test]
        fn no_buyer_is_counted_twice(
            given in prop::collection::vec((0u32..3, 3u32..30, 0.0f64..=0.9, 0.0f64..=0.5, -9.0f64..9.0), 0..30),
        ) {
            let claims: Vec<Claim> =
                given.iter().map(|one| claim(&[one.0, one.1], one.2, one.3 * (1.0 - one.2), one.4)).collect();
            let credited = credits(&claims);
            for trigger in 0..3 {
                let takers: f64 = claims
                    .iter()
                    .zip(&credited)
                    .filter(|(claim, _)| claim.items[0] == Item(trigger))
                    .map(|(claim, credit)| {
                        credit * (claim.expectation.chance.mean + claim.expectation.added_chance.mean)
                    })
                    .sum();
                prop_assert!(takers <= 1.0 + 1e-9);
            }
        }
    }
}
