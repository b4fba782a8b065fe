//! No more than so many bundles of a kind, and of the same items.

use std::collections::HashMap;

use crate::bundles::{bundle_type::BundleType, candidate::Candidate, items::Item, objective::Objective};

/// What quotas are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind(pub Objective, pub BundleType);

/// How many bundles may stay (section 10.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Of one objective and type: `bundling.max_per_bundle_type`.
    pub of_kind: usize,
    /// Of one set of items: `bundling.max_per_pair`.
    pub of_items: usize,
    /// Of all: `output.max_bundles`.
    pub of_all: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { of_kind: 15, of_items: 2, of_all: 100 }
    }
}

impl Quotas {
    /// Which bundles stay, given best first.
    pub fn kept<'a>(&self, best_first: impl IntoIterator<Item = &'a Candidate>) -> Vec<bool> {
        let mut of_kind: HashMap<Kind, usize> = HashMap::new();
        let mut of_items: HashMap<Vec<Item>, usize> = HashMap::new();
        let mut kept = 0;
        let stays = |candidate: &Candidate| {
            let kind = of_kind.entry(Kind(candidate.objective, candidate.bundle_type)).or_default();
            let items = of_items.entry(candidate.sorted_items()).or_default();
            let stays = *kind < self.of_kind && *items < self.of_items && kept < self.of_all;
            if stays {
                *kind += 1;
                *items += 1;
                kept += 1;
            }
            stays
        };
        best_first.into_iter().map(stays).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::candidate::testing::candidate;

    #[test]
    fn the_best_of_each_kind_and_of_each_set_of_items_stay() {
        let mut candidates: Vec<Candidate> = (0..4).map(|other| candidate(&[9, other], 0.5, 1.0)).collect();
        candidates[3].objective = Objective::GiftBox;
        let quotas = Quotas { of_kind: 2, of_items: 9, of_all: 9 };
        assert_eq!(quotas.kept(&candidates), [true, true, false, true]);
        let same = [candidate(&[1, 2], 0.5, 1.0), candidate(&[2, 1], 0.5, 1.0), candidate(&[1, 2], 0.5, 1.0)];
        assert_eq!(Quotas::default().kept(&same), [true, true, false]);
        assert_eq!(Quotas { of_all: 1, ..Quotas::default() }.kept(&candidates), [true, false, false, false]);
    }
}
