//! What a merchant is told of all bundles at once.

use std::collections::BTreeMap;

use crate::bundles::{bundle_type::BundleType, candidate::Candidate, objective::Objective};

/// A summary of bundles (section 10.3).
#[derive(Clone, Debug, PartialEq)]
pub struct Merchant {
    /// How many there are.
    pub count: usize,
    /// The mean confidence, with three decimals.
    pub mean_confidence: f64,
    /// The mean lift, with two decimals.
    pub mean_lift: f64,
    /// How many of each type.
    pub of_types: BTreeMap<BundleType, usize>,
    /// How many for each objective.
    pub of_objectives: BTreeMap<Objective, usize>,
    /// The place of the best.
    pub best: Option<usize>,
}

/// Summarises bundles, given best first.
pub fn summarised(bundles: &[&Candidate]) -> Merchant {
    let mean = |of: fn(&Candidate) -> f64, scale: f64| {
        let sum: f64 = bundles.iter().map(|bundle| of(bundle)).sum();
        (sum / bundles.len().max(1) as f64 * scale).round() / scale
    };
    let (mut of_types, mut of_objectives) = (BTreeMap::new(), BTreeMap::new());
    for bundle in bundles {
        *of_types.entry(bundle.bundle_type).or_default() += 1;
        *of_objectives.entry(bundle.objective).or_default() += 1;
    }
    Merchant {
        count: bundles.len(),
        mean_confidence: mean(|bundle| bundle.confidence, 1e3),
        mean_lift: mean(|bundle| bundle.lift, 1e2),
        of_types,
        of_objectives,
        best: (!bundles.is_empty()).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::candidate::testing::candidate;

    #[test]
    fn means_are_rounded_and_kinds_counted() {
        let (one, other) = (candidate(&[1, 2], 0.5, 2.0), candidate(&[3, 4], 0.3333, 1.333));
        let summary = summarised(&[&one, &other]);
        assert_eq!((summary.count, summary.mean_confidence, summary.mean_lift), (2, 0.417, 1.67));
        assert_eq!(summary.of_types, BTreeMap::from([(BundleType::Fbt, 2)]));
        assert_eq!(summarised(&[]).best, None);
    }
}
