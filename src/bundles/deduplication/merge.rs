//! Bundles with one hash become one.

use std::collections::BTreeMap;

use super::hash::BundleHash;
use crate::bundles::candidate::Candidate;

/// A bundle that others were merged into, by their places in the input (`merge_info`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The bundle that stays, with its price.
    pub primary: usize,
    /// Those that are gone, ascending.
    pub others: Vec<usize>,
}

/// Merges bundles of equal hashes (section 10.2), in the order in which each hash is met first. The one with the higher
/// score stays, the first of two as good; it gets the sources of all and their greatest confidence, lift and support. A
/// bundle without a score has `None`, and its confidence counts.
pub fn merge_equal(candidates: &mut [Candidate], hashes: &[BundleHash], scores: &[Option<f64>]) -> Vec<Merged> {
    let mut groups: BTreeMap<BundleHash, Vec<usize>> = BTreeMap::new();
    for (place, hash) in hashes.iter().enumerate() {
        groups.entry(*hash).or_default().push(place);
    }
    let mut merged: Vec<Merged> = groups
        .into_values()
        .map(|places| {
            let worth = |place: usize| scores[place].unwrap_or(candidates[place].confidence);
            let first = places[0];
            let primary =
                places.iter().fold(first, |best, place| if worth(*place) > worth(best) { *place } else { best });
            for place in &places {
                let other = candidates[*place].clone();
                let kept = &mut candidates[primary];
                kept.sources = kept.sources.with(other.sources);
                kept.confidence = kept.confidence.max(other.confidence);
                kept.lift = kept.lift.max(other.lift);
                kept.support = kept.support.max(other.support);
            }
            Merged { primary, others: places.into_iter().filter(|place| *place != primary).collect() }
        })
        .collect();
    merged.sort_by_key(|merged| merged.others.first().copied().unwrap_or(usize::MAX).min(merged.primary));
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::{
        bundle_type::BundleType,
        candidate::{Source, Sources, testing::candidate},
        objective::Objective,
    };

    #[test]
    fn the_best_stays_with_the_sources_and_the_greatest_figures_of_all() {
        let mut candidates =
            vec![candidate(&[1, 2], 0.3, 4.0), candidate(&[7, 8], 0.1, 1.0), candidate(&[2, 1], 0.6, 2.0)];
        candidates[2].sources = Sources::one(Source::TopPairs);
        let hash = |skus: &[&str]| BundleHash::of(BundleType::Fbt, Objective::IncreaseAov, skus);
        let hashes = [hash(&["1", "2"]), hash(&["7", "8"]), hash(&["2", "1"])];
        let merged = merge_equal(&mut candidates, &hashes, &[Some(0.5), None, Some(0.4)]);
        assert_eq!(merged, [Merged { primary: 0, others: vec![2] }, Merged { primary: 1, others: vec![] }]);
        assert_eq!((candidates[0].confidence, candidates[0].lift), (0.6, 4.0));
        assert!(candidates[0].sources.has(Source::Rules) && candidates[0].sources.has(Source::TopPairs));
        let without_scores =
            merge_equal(&mut [candidate(&[1], 0.3, 1.0), candidate(&[1], 0.4, 1.0)], &[hashes[0]; 2], &[None; 2]);
        assert_eq!(without_scores[0].primary, 1);
    }
}
