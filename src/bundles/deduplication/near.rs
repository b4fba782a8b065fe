//! Bundles that are nearly the same, for a report.

use std::collections::HashMap;

use crate::bundles::{candidate::Candidate, items::Item, objective::Objective};

/// Two bundles of nearly the same items with another type or objective, by their places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearDuplicate {
    /// The one that should be kept.
    pub kept: usize,
    /// The other.
    pub other: usize,
    /// The share of items in common.
    pub jaccard: f64,
}

/// So much better a score decides alone.
const CLEARLY_BETTER: f64 = 1.2;

/// Pairs of bundles whose items have a Jaccard index above .8 and whose type or objective differs (section 10.2), in order of
/// places. Nothing is removed by it. What has no item in common is never compared.
pub fn near_duplicates(candidates: &[Candidate], scores: &[f64]) -> Vec<NearDuplicate> {
    let items: Vec<Vec<Item>> = candidates.iter().map(Candidate::sorted_items).collect();
    let mut holders: HashMap<Item, Vec<usize>> = HashMap::new();
    let mut found = Vec::new();
    for (place, of_place) in items.iter().enumerate() {
        let mut common: HashMap<usize, usize> = HashMap::new();
        for item in of_place {
            let before = holders.entry(*item).or_default();
            before.iter().for_each(|other| *common.entry(*other).or_default() += 1);
            before.push(place);
        }
        for (before, common) in common {
            let all = items[before].len() + of_place.len() - common;
            let kinds = |place: usize| (candidates[place].bundle_type, candidates[place].objective);
            if 10 * common > 8 * all && kinds(before) != kinds(place) {
                let keeps_first = keeps(before, place, candidates, scores);
                let (kept, other) = if keeps_first { (before, place) } else { (place, before) };
                found.push(NearDuplicate { kept, other, jaccard: common as f64 / all as f64 });
            }
        }
    }
    found.sort_by_key(|pair| (pair.kept.min(pair.other), pair.kept.max(pair.other)));
    found
}

/// Whether the first of two is kept: it is clearly better, or not clearly worse and its objective comes first.
fn keeps(one: usize, other: usize, candidates: &[Candidate], scores: &[f64]) -> bool {
    if scores[one] > CLEARLY_BETTER * scores[other] {
        return true;
    }
    if scores[other] > CLEARLY_BETTER * scores[one] {
        return false;
    }
    let preferred = |place: usize| match candidates[place].objective {
        Objective::ClearSlowMovers => 0,
        Objective::MarginGuard => 1,
        Objective::IncreaseAov => 2,
        _ => 3,
    };
    preferred(one) <= preferred(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::candidate::testing::candidate;

    #[test]
    fn the_same_items_for_another_objective_are_nearly_the_same() {
        let mut candidates =
            vec![candidate(&[1, 2], 0.3, 1.0), candidate(&[2, 1], 0.3, 1.0), candidate(&[1, 3], 0.3, 1.0)];
        candidates[1].objective = Objective::ClearSlowMovers;
        let found = |scores: &[f64]| near_duplicates(&candidates, scores);
        assert_eq!(found(&[0.5, 0.5, 0.5]), [NearDuplicate { kept: 1, other: 0, jaccard: 1.0 }]);
        assert_eq!(found(&[0.61, 0.5, 0.5])[0].kept, 0);
        candidates[1].objective = Objective::IncreaseAov;
        assert!(near_duplicates(&candidates, &[0.5; 3]).is_empty(), "equal ones are merged, not reported");
    }

    #[test]
    fn four_of_five_items_are_not_enough() {
        let mut candidates = vec![candidate(&[1, 2, 3, 4], 0.3, 1.0), candidate(&[1, 2, 3, 4, 5], 0.3, 1.0)];
        candidates[1].objective = Objective::GiftBox;
        assert!(near_duplicates(&candidates, &[0.5; 2]).is_empty());
    }
}
