//! A first score of candidates, before they have prices: similarity, orders and business in one number.

use super::features::inventory_term;
use crate::bundles::items::ItemFacts;

/// How much similarity, lift and business count in a shop of a size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend {
    similarity: f64,
    lift: f64,
    business: f64,
}

/// Similarity of a bundle whose items were not compared.
const UNKNOWN_SIMILARITY: f64 = 0.5;

impl Blend {
    /// The blend of a shop with so many orders of several items: the more orders, the more they say (section 5.6).
    pub const fn of_shop(orders: u64) -> Self {
        let (similarity, lift, business) = match orders {
            0..300 => (0.6, 0.2, 0.2),
            300..1200 => (0.4, 0.4, 0.2),
            _ => (0.2, 0.6, 0.2),
        };
        Self { similarity, lift, business }
    }

    /// The hybrid score, 0 to 1: `α · similarity^0.8 + β · min(1, log₁₀ lift) + γ · business`.
    pub fn score(self, similarity: Option<f64>, lift: f64, business: f64) -> f64 {
        let similarity = similarity.unwrap_or(UNKNOWN_SIMILARITY).clamp(0.0, 1.0);
        let lift = if lift > 1.0 { lift.log10().min(1.0) } else { 0.0 };
        self.similarity * similarity.powf(0.8) + self.lift * lift + self.business * business
    }
}

/// What a shop gains by selling the items: the mean of the inventory term and the share of items that earn much.
pub fn business_signal(items: &[&ItemFacts]) -> f64 {
    let stocks: Vec<Option<i64>> = items.iter().map(|item| item.stock).collect();
    let high = items.iter().filter(|item| item.flags.is_high_margin).count();
    (inventory_term(&stocks) + high as f64 / items.len().max(1) as f64) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::items::testing::item;

    #[test]
    fn lift_counts_more_in_a_shop_with_more_orders() {
        assert!((Blend::of_shop(299).score(Some(1.0), 10.0, 0.5) - 0.9).abs() < 1e-12);
        assert!((Blend::of_shop(300).score(Some(0.0), 10.0, 0.5) - 0.5).abs() < 1e-12);
        assert!((Blend::of_shop(1200).score(Some(0.0), 100.0, 0.5) - 0.7).abs() < 1e-12);
        assert!((Blend::of_shop(0).score(None, 1.0, 0.0) - 0.6 * 0.5_f64.powf(0.8)).abs() < 1e-12);
    }

    #[test]
    fn business_is_stock_and_margin() {
        let (mut one, other) = (item(0, 100), item(1, 100));
        one.flags.is_high_margin = true;
        assert_eq!(business_signal(&[&one, &other]), 0.75);
        assert_eq!(business_signal(&[]), 0.0);
    }
}
