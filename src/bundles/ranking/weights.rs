//! How much each feature counts, by objective.

use crate::bundles::objective::Objective;

/// The weights of the features (section 7.1, D01 and D02). Those that are added come to 1; novelty is taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Of the confidence.
    pub confidence: f64,
    /// Of the company that the items keep.
    pub covis: f64,
    /// Of the lift.
    pub lift: f64,
    /// Of the stock.
    pub inventory: f64,
    /// Of a discount as it is usual.
    pub price: f64,
    /// Of the fit to the objective, which is always 0: a key that readers know.
    pub objective_fit: f64,
    /// Of having seen the trigger before; taken off.
    pub novelty: f64,
}

impl Weights {
    /// The weights of an objective.
    pub const fn of(objective: Objective) -> Self {
        let (confidence, covis, lift, inventory, price, novelty) = match objective {
            Objective::ClearSlowMovers => (0.30, 0.15, 0.20, 0.25, 0.10, 0.05),
            Objective::MarginGuard => (0.35, 0.15, 0.20, 0.05, 0.25, 0.10),
            Objective::IncreaseAov => (0.40, 0.25, 0.20, 0.05, 0.10, 0.05),
            _ => (0.40, 0.20, 0.20, 0.10, 0.10, 0.10),
        };
        Self { confidence, covis, lift, inventory, price, objective_fit: 0.0, novelty }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_to_one() {
        for objective in Objective::ALL {
            let weights = Weights::of(objective);
            let sum = weights.confidence + weights.covis + weights.lift + weights.inventory + weights.price;
            assert!((sum + weights.objective_fit - 1.0).abs() < 1e-12, "{}", objective.name());
        }
    }
}
