//! From a set of items to a candidate with its figures.

use super::{proposal::Proposal, shop::Shop};
use crate::bundles::{
    bundle_type::BundleType,
    candidate::Candidate,
    candidate_rows::Made,
    items::Item,
    objective::Objective,
    ranking::{Blend, business_signal},
};

/// Confidence and support of what has none (section 5.9).
const NO_CONFIDENCE: f64 = 0.3;
const NO_SUPPORT: f64 = 0.01;

/// A lift that is as good as more.
const MOST_LIFT: f64 = 1_000.0;

/// The candidate of a proposal.
pub fn of_proposal(shop: &Shop<'_>, proposal: &Proposal, bundle_type: BundleType, objective: Objective) -> Made {
    let confidence = if proposal.confidence > 0.0 { proposal.confidence.min(1.0) } else { NO_CONFIDENCE };
    let candidate = Candidate {
        items: proposal.items.clone(),
        bundle_type,
        objective,
        confidence,
        lift: proposal.lift.clamp(1.0, MOST_LIFT),
        support: if proposal.support > 0.0 { proposal.support.min(1.0) } else { NO_SUPPORT },
        predicted_lift: 1.0 + 0.3 * confidence,
        similarity: proposal.similarity,
        company: shop.around.company(&proposal.items),
        shared_customers: shop.buyers.of_all(&proposal.items),
        sources: proposal.sources,
    };
    made(shop, candidate, proposal.suggested)
}

/// A candidate with the scores that go before its rank.
pub fn made(shop: &Shop<'_>, candidate: Candidate, suggested: Option<f64>) -> Made {
    let hybrid = hybrid(shop, &candidate.items, candidate.similarity, candidate.lift);
    Made {
        hybrid,
        score: candidate.confidence * candidate.lift,
        bought: shop.bought(&candidate.items, candidate.bundle_type),
        suggested,
        terms: None,
        candidate,
    }
}

/// The blend of similarity, lift and what is good for the shop.
pub fn hybrid(shop: &Shop<'_>, items: &[Item], similarity: Option<f64>, lift: f64) -> f64 {
    let facts: Vec<_> = items.iter().map(|item| shop.products.fact(*item)).collect();
    Blend::of_shop(shop.baskets.multi_orders as u64).score(similarity, lift, business_signal(&facts))
}
