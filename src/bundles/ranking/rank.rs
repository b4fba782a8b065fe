//! Scores of bundles that compete, and their order.

use std::{cmp::Ordering, collections::BTreeMap};

use super::{
    features::{Features, normalised},
    weights::Weights,
};
use crate::bundles::{candidate::Candidate, items::Item, money::Cents};

/// A bundle that competes.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The bundle.
    pub candidate: &'a Candidate,
    /// Its features as they are.
    pub raw: Features,
    /// What it costs; of two that are as good, the cheaper comes first.
    pub price: Cents,
    /// Its hybrid score, where it has one: the better it is, the less it matters that its trigger was seen before.
    pub hybrid: Option<f64>,
}

/// What a score is made of (`ranking_components`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Components {
    /// The score, 0 to 1.
    pub score: f64,
    /// The features on the scale of the batch.
    pub normalised: Features,
    /// What each feature added.
    pub contributions: Features,
    /// What was taken off, before its weight: 0 to .5.
    pub novelty: f64,
}

/// Scores bundles of one objective beside each other (section 7.3), in the order of `entries`: features are brought to one
/// scale, weighted and added; then, best first, what has a trigger that was there before loses a little.
pub fn rank(entries: &[Entry], weights: &Weights) -> Vec<Components> {
    let raw: Vec<Features> = entries.iter().map(|entry| entry.raw.in_bounds()).collect();
    let of_features = Features {
        confidence: weights.confidence,
        covis: weights.covis,
        lift: weights.lift,
        inventory: weights.inventory,
        price: weights.price,
    };
    let provisional = |normalised: Features| {
        let contributions = normalised.zip_with(of_features, |value, weight| value * weight);
        Components { score: contributions.sum().clamp(0.0, 1.0), normalised, contributions, novelty: 0.0 }
    };
    let mut components: Vec<Components> = normalised(&raw).into_iter().map(provisional).collect();
    let mut uses: BTreeMap<Item, u32> = BTreeMap::new();
    for at in order(entries, &components) {
        let entry = &entries[at];
        let Some(trigger) = entry.candidate.items.first() else { continue };
        let before = uses.entry(*trigger).or_default();
        let quality = entry.hybrid.unwrap_or(entry.candidate.confidence).clamp(0.0, 1.0);
        let component = &mut components[at];
        component.novelty = of_uses(*before) * (1.0 - 0.3 * quality);
        component.score = (component.contributions.sum() - weights.novelty * component.novelty).clamp(0.0, 1.0);
        *before += 1;
    }
    components
}

/// What a trigger costs that was there so often.
fn of_uses(before: u32) -> f64 {
    match before {
        0 => 0.0,
        1..=2 => 0.1,
        3..=4 => 0.3,
        _ => 0.5,
    }
}

/// The places of bundles, best first: by score, then confidence, lift, company, the lower price, then the ascending items,
/// the type and the objective. Bundles of several objectives are merged so.
pub fn order(entries: &[Entry], components: &[Components]) -> Vec<usize> {
    let items: Vec<Vec<Item>> = entries.iter().map(|entry| entry.candidate.sorted_items()).collect();
    let mut places: Vec<usize> = (0..entries.len()).collect();
    places.sort_by(|one, other| {
        let (a, b) = (&entries[*one], &entries[*other]);
        let names = |entry: &Entry| (entry.candidate.bundle_type, entry.candidate.objective);
        falling(components[*one].score, components[*other].score)
            .then_with(|| falling(a.raw.confidence, b.raw.confidence))
            .then_with(|| falling(a.raw.lift, b.raw.lift))
            .then_with(|| falling(a.raw.covis, b.raw.covis))
            .then_with(|| a.price.cmp(&b.price))
            .then_with(|| items[*one].cmp(&items[*other]))
            .then_with(|| names(a).cmp(&names(b)))
    });
    places
}

fn falling(one: f64, other: f64) -> Ordering {
    other.total_cmp(&one)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bundles::{candidate::testing::candidate, objective::Objective};

    fn entry(candidate: &Candidate, covis: f64) -> Entry<'_> {
        let raw =
            Features { confidence: candidate.confidence, covis, lift: candidate.lift, inventory: 1.0, price: 1.0 };
        Entry { candidate, raw, price: Cents(1_000), hybrid: None }
    }

    #[test]
    fn features_are_weighted_on_one_scale_and_a_seen_trigger_loses_a_little() {
        let candidates = [candidate(&[1, 2], 0.6, 2.0), candidate(&[1, 3], 0.4, 4.0), candidate(&[4, 5], 0.2, 1.0)];
        let entries = [entry(&candidates[0], 0.5), entry(&candidates[1], 0.0), entry(&candidates[2], 0.0)];
        let ranked = rank(&entries, &Weights::of(Objective::IncreaseAov));
        // .40 · 1 + .25 · 1 + .20 · ⅓ + .05 · .5 + .10 · .5
        assert!((ranked[0].score - (0.65 + 0.2 / 3.0 + 0.075)).abs() < 1e-12);
        assert!((ranked[1].score - (0.4 * 0.5 + 0.2 + 0.075 - 0.05 * 0.1 * (1.0 - 0.3 * 0.4))).abs() < 1e-12);
        assert!((ranked[2].score - 0.075).abs() < 1e-12);
        assert_eq!(ranked.iter().map(|components| components.novelty > 0.0).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(order(&entries, &ranked), [0, 1, 2]);
    }

    #[test]
    fn novelty_counts_in_the_order_of_scores_and_not_of_the_input() {
        let candidates: Vec<Candidate> = (0..7).map(|n| candidate(&[9, 20 + n], 0.1 * f64::from(n), 1.0)).collect();
        let entries: Vec<Entry> = candidates.iter().map(|candidate| entry(candidate, 0.0)).collect();
        let ranked = rank(&entries, &Weights::of(Objective::GiftBox));
        let before: Vec<f64> = ranked.iter().rev().map(|components| components.novelty).collect();
        let full: Vec<f64> = [0.0, 0.1, 0.1, 0.3, 0.3, 0.5, 0.5].into_iter().collect();
        for ((novelty, full), n) in before.iter().zip(full).zip((0..7).rev()) {
            assert!((novelty - full * (1.0 - 0.03 * f64::from(n))).abs() < 1e-12, "{before:?}");
        }
    }

    #[test]
    fn ties_go_to_the_cheaper_then_to_the_smaller_items() {
        let candidates = [candidate(&[5, 1], 0.5, 1.0), candidate(&[4, 2], 0.5, 1.0), candidate(&[1, 3], 0.5, 1.0)];
        let mut entries = [entry(&candidates[0], 0.0), entry(&candidates[1], 0.0), entry(&candidates[2], 0.0)];
        let alike = [Components::default(); 3];
        assert_eq!(order(&entries, &alike), [2, 0, 1]);
        entries[1].price = Cents(999);
        assert_eq!(order(&entries, &alike), [1, 2, 0]);
    }

    proptest! {
        #[test]
        fn scores_lie_between_nothing_and_one_and_do_not_depend_on_the_order_of_the_input(
            given in prop::collection::vec((0u32..4, 4u32..8, 0.0f64..=1.0, 0.0f64..20.0, 0.0f64..=1.0), 1..30),
            objective in prop::sample::select(Objective::ALL.to_vec()),
        ) {
            let candidates: Vec<Candidate> = given.iter().map(|one| candidate(&[one.0, one.1], one.2, one.3)).collect();
            let entries: Vec<Entry> = candidates.iter().zip(&given).map(|(one, given)| entry(one, given.4)).collect();
            let weights = Weights::of(objective);
            let ranked = rank(&entries, &weights);
            prop_assert!(ranked.iter().all(|components| (0.0..=1.0).contains(&components.score)));
            let turned: Vec<Entry> = entries.iter().rev().copied().collect();
            let again = rank(&turned, &weights);
            let best = |entries: &[Entry], ranked: &[Components]| {
                let places = order(entries, ranked);
                places.iter().map(|at| (entries[*at].candidate.items.clone(), ranked[*at].score)).collect::<Vec<_>>()
            };
            prop_assert_eq!(best(&entries, &ranked), best(&turned, &again));
        }
    }
}
