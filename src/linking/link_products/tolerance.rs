//! How far apart two prices of a retailer may lie: the fixed rule, widened where the retailer's prices are known to move.

use std::collections::HashMap;

use polars::prelude::DataFrame;

use super::{params::Rules, rows::Sides};
use crate::{
    linking::{columns, price::PriceWindow},
    operator::StageError,
};

/// No tolerance is wider than this share of the price.
const WIDEST_SHARE: f64 = 0.10;

/// The price windows of the catalog rows.
pub struct Tolerances {
    fixed: PriceWindow,
    /// By retailer number: the share of the price that is tolerated, where it is known.
    shares: Vec<Option<f64>>,
}

impl Tolerances {
    /// Reads the retailers' robust volatility, if the rules ask for it.
    ///
    /// # Errors
    /// When the frame lacks a column.
    pub fn read(sides: &Sides<'_>, rules: &Rules, patterns: Option<&DataFrame>) -> Result<Self, StageError> {
        let mut tolerances = Self { fixed: rules.prices, shares: Vec::new() };
        let (Some(factor), Some(patterns), PriceWindow::WithinCents(_)) =
            (rules.adaptive_tolerance, patterns, rules.prices)
        else {
            return Ok(tolerances);
        };
        let retailers = columns::texts(patterns, "retailer")?;
        let volatilities = columns::floats(patterns, "robust_volatility")?;
        let known: HashMap<&str, f64> = (retailers.into_iter().zip(volatilities))
            .filter_map(|(retailer, volatility)| retailer.zip(volatility.filter(|value| value.is_finite())))
            .collect();
        let share = |name: &&str| known.get(name).map(|volatility| (factor * volatility).min(WIDEST_SHARE));
        tolerances.shares = sides.retailers.iter().map(share).collect();
        Ok(tolerances)
    }

    /// Whether some retailer has a tolerance of its own.
    pub fn adapt(&self) -> bool {
        !self.shares.is_empty()
    }

    /// The window around a catalog price: the fixed one, or `min(0.10 p, k p volatility)` where that is wider
    /// (section 12), in whole cents.
    pub fn window(&self, retailer: u32, price: f64) -> PriceWindow {
        match (self.fixed, self.shares.get(retailer as usize).copied().flatten()) {
            (PriceWindow::WithinCents(least), Some(share)) => {
                PriceWindow::WithinCents(least.max((price * share * 100.0).floor() as i64))
            }
            (fixed, _) => fixed,
        }
    }

    /// The tolerance of a catalog row in cents; `None` where it is the fixed one.
    pub fn own_cents(&self, retailer: u32, price: Option<f64>) -> Option<i64> {
        let window = self.window(retailer, price?);
        match window {
            PriceWindow::WithinCents(cents) if window != self.fixed => Some(cents),
            _ => None,
        }
    }
}
