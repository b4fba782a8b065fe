//! When two prices count as the same price.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which prices the title levels accept, as a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceRule {
    /// The prices, in whole cents, differ by at most so many cents.
    WithinCents(u32),
    /// Prices are not looked at; a row without a price is compared too.
    None,
}

/// Which prices a row's price accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PriceWindow {
    /// At most so many cents apart.
    WithinCents(i64),
    /// `abs(catalog - product) < 1.0` in doubles, as the original computes it (section 4.6).
    BelowOneUnit,
    /// Every price.
    Any,
}

impl PriceWindow {
    /// The price that the rule compares: `None` when the row cannot be compared under this rule.
    pub fn comparable(self, price: Option<f64>) -> Option<f64> {
        match self {
            Self::Any => Some(0.0),
            Self::WithinCents(_) | Self::BelowOneUnit => price.filter(|price| price.is_finite()),
        }
    }

    /// Whether two comparable prices count as the same.
    pub fn accepts(self, catalog: f64, product: f64) -> bool {
        !self.is_below(product, catalog) && !self.is_above(product, catalog)
    }

    /// The part of ascending product prices that a catalog price accepts. Rounding keeps the order of
    /// differences, so the accepted prices are neighbours.
    pub fn range(self, ascending: &[f64], catalog: f64) -> Range<usize> {
        let start = ascending.partition_point(|product| self.is_below(*product, catalog));
        let end = ascending.partition_point(|product| !self.is_above(*product, catalog));
        start..end.max(start)
    }

    fn is_below(self, product: f64, catalog: f64) -> bool {
        match self {
            Self::WithinCents(most) => cents(product).saturating_sub(cents(catalog)) < -most,
            Self::BelowOneUnit => product - catalog <= -1.0,
            Self::Any => false,
        }
    }

    fn is_above(self, product: f64, catalog: f64) -> bool {
        match self {
            Self::WithinCents(most) => cents(product).saturating_sub(cents(catalog)) > most,
            Self::BelowOneUnit => product - catalog >= 1.0,
            Self::Any => false,
        }
    }
}

/// A price in whole cents, halves away from zero; prices beyond 64 bits become the nearest that fits.
pub fn cents(price: f64) -> i64 {
    (price * 100.0).round() as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_difference_of_one_unit_is_refused_by_both_rules() {
        let cents = PriceWindow::WithinCents(99);
        for (a, b) in [(100.99, 99.99), (71.0, 70.0), (0.13, 1.13)] {
            assert!(!cents.accepts(a, b));
        }
        assert!(cents.accepts(70.99, 70.0));
        assert!(!PriceWindow::BelowOneUnit.accepts(100.99, 99.99));
    }

    #[test]
    fn the_original_rule_keeps_the_noise_of_doubles() {
        assert!(PriceWindow::BelowOneUnit.accepts(0.13, 1.13));
    }

    proptest! {
        #[test]
        fn the_range_holds_exactly_the_accepted_prices(
            mut prices in prop::collection::vec((0i64..500).prop_map(|cents| cents as f64 / 100.0), 0..60),
            catalog in (0i64..500).prop_map(|cents| cents as f64 / 100.0),
            window in prop::sample::select(vec![PriceWindow::WithinCents(99), PriceWindow::BelowOneUnit, PriceWindow::Any]),
        ) {
            prices.sort_by(f64::total_cmp);
            let range = window.range(&prices, catalog);
            for (at, price) in prices.iter().enumerate() {
                let within = match window {
                    PriceWindow::WithinCents(most) => (cents(catalog) - cents(*price)).abs() <= most,
                    PriceWindow::BelowOneUnit => (price - catalog).abs() < 1.0,
                    PriceWindow::Any => true,
                };
                prop_assert_eq!(range.contains(&at), within);
                prop_assert_eq!(window.accepts(catalog, *price), within);
            }
        }
    }
}
