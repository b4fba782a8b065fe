//! What bundles are compared by, before and after it is brought to one scale.

use crate::bundles::money::Percent;

/// The features of a bundle (section 7.2), or their contributions to its score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Features {
    /// The confidence of the candidate.
    pub confidence: f64,
    /// The coherence of its company; 0 without any.
    pub covis: f64,
    /// Its lift.
    pub lift: f64,
    /// [`inventory_term`].
    pub inventory: f64,
    /// [`price_sanity`].
    pub price: f64,
}

/// A lift above this says no more.
const LIFT_MOST: f64 = 1000.0;

impl Features {
    /// Every feature by another, in the order of the fields.
    pub fn zip_with(self, other: Self, with: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            confidence: with(self.confidence, other.confidence),
            covis: with(self.covis, other.covis),
            lift: with(self.lift, other.lift),
            inventory: with(self.inventory, other.inventory),
            price: with(self.price, other.price),
        }
    }

    /// The sum, in the order of the fields.
    pub fn sum(self) -> f64 {
        self.confidence + self.covis + self.lift + self.inventory + self.price
    }

    /// The features with what is no number as 0, and the lift in its bounds.
    pub fn in_bounds(self) -> Self {
        let number = |value: f64, most: f64| if value.is_nan() { 0.0 } else { value.clamp(0.0, most) };
        Self {
            confidence: number(self.confidence, 1.0),
            covis: number(self.covis, 1.0),
            lift: number(self.lift, LIFT_MOST),
            inventory: number(self.inventory, 1.0),
            price: number(self.price, 1.0),
        }
    }
}

/// Features of a batch on one scale: the least is 0, the greatest 1, and where all are equal .5 (section 7.3).
pub fn normalised(batch: &[Features]) -> Vec<Features> {
    let Some(first) = batch.first().copied() else { return Vec::new() };
    let least = batch.iter().fold(first, |least, next| least.zip_with(*next, f64::min));
    let most = batch.iter().fold(first, |most, next| most.zip_with(*next, f64::max));
    let width = most.zip_with(least, |most, least| most - least);
    let scaled = |features: &Features| {
        let above = features.zip_with(least, |value, least| value - least);
        above.zip_with(width, |above, width| if width > 0.0 { above / width } else { 0.5 })
    };
    batch.iter().map(scaled).collect()
}

/// How sure the items are to be there: the mean over the stocks of the bundle's items in the catalog, `None` where nobody
/// counts; 0 without any item.
pub fn inventory_term(stocks: &[Option<i64>]) -> f64 {
    let of_stock = |stock: &Option<i64>| match stock {
        None => 0.8,
        Some(11..) => 1.0,
        Some(1..) => 0.7,
        Some(_) => 0.0,
    };
    if stocks.is_empty() { 0.0 } else { stocks.iter().map(of_stock).sum::<f64>() / stocks.len() as f64 }
}

/// The least discount that counts as usual, in percent.
const USUAL_LEAST: f64 = 10.0;

/// How near a discount is to what is usual for the items: the mean of their baselines, at least 10 %. `None` is a bundle
/// without a price.
pub fn price_sanity(discount: Option<Percent>, baselines: &[Percent]) -> f64 {
    let Some(discount) = discount else { return 0.5 };
    let mean = baselines.iter().map(|percent| percent.value()).sum::<f64>() / baselines.len().max(1) as f64;
    match discount.value() / mean.max(USUAL_LEAST) {
        ..=1.5 => 1.0,
        ..=2.0 => 0.7,
        ..=3.0 => 0.4,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_that_nobody_counts_is_nearly_sure() {
        assert_eq!(inventory_term(&[Some(11), Some(10)]), 0.85);
        assert_eq!(inventory_term(&[None]), 0.8);
        assert_eq!(inventory_term(&[Some(0), Some(-3)]), 0.0);
        assert_eq!(inventory_term(&[]), 0.0);
    }

    #[test]
    fn a_discount_is_measured_by_the_usual_one_or_by_ten_percent() {
        let sanity = |discount, usual| price_sanity(Some(Percent::whole(discount)), &[Percent::whole(usual); 2]);
        assert_eq!([15, 20, 30, 31].map(|discount| sanity(discount, 3)), [1.0, 0.7, 0.4, 0.0]);
        assert_eq!([30, 40, 60, 61].map(|discount| sanity(discount, 20)), [1.0, 0.7, 0.4, 0.0]);
        assert_eq!(price_sanity(None, &[]), 0.5);
    }

    #[test]
    fn a_batch_is_brought_to_one_scale() {
        let features = |confidence, lift| Features { confidence, lift, ..Features::default() };
        let scaled = normalised(&[features(0.2, 1.0), features(0.4, 3.0), features(0.3, 1.5)]);
        assert_eq!(scaled.iter().map(|features| features.lift).collect::<Vec<_>>(), [0.0, 1.0, 0.25]);
        assert!((scaled[2].confidence - 0.5).abs() < 1e-12);
        assert!(scaled.iter().all(|features| features.covis == 0.5 && features.price == 0.5));
        assert!(normalised(&[]).is_empty());
        let wild = features(f64::NAN, f64::INFINITY).in_bounds();
        assert_eq!((wild.confidence, wild.lift), (0.0, 1000.0));
    }
}
