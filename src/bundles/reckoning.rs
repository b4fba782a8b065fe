//! What the bundles of a shop are expected to earn: the figures of tables for the kernels of earnings, and shops by name.

use std::collections::HashMap;

use polars::prelude::*;

use super::{
    candidate_rows::Made,
    earnings::{Claim, Counts, Expectation, Model, Offer, Priors, credits, margin_of_rest, months},
    items::ItemFacts,
    money::Percent,
    pricing::Pricing,
    products::ShopProducts,
};
use crate::operator::{ColumnKind, Columns, StageError};

use ColumnKind::{Float, Int, Text};

/// What is read of shops.
pub const SHOP_PERIODS: Columns = &[("shop_id", Text), ("currency", Text), ("orders", Int), ("days", Float)];

/// The time and the money of a shop.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// Its orders.
    pub orders: u32,
    /// The months that they fill.
    pub months: f64,
    /// Its currency.
    pub currency: String,
}

/// The shops by name.
///
/// # Errors
/// When they cannot be read.
pub fn read_periods(shops: LazyFrame) -> Result<HashMap<Option<String>, Period>, StageError> {
    let frame = shops.collect()?;
    let (names, currencies) = (frame.column("shop_id")?.str()?, frame.column("currency")?.str()?);
    let (orders, days) = (frame.column("orders")?.i64()?, frame.column("days")?.f64()?);
    let period = |row: usize| Period {
        orders: orders.get(row).and_then(|orders| u32::try_from(orders).ok()).unwrap_or_default(),
        months: months(days.get(row).unwrap_or_default()),
        currency: currencies.get(row).unwrap_or("USD").to_owned(),
    };
    Ok((0..frame.height()).map(|row| (names.get(row).map(str::to_owned), period(row))).collect())
}

/// A bundle that is reckoned.
pub struct Reckoned<'a> {
    /// The bundle.
    pub made: &'a Made,
    /// Its price.
    pub pricing: &'a Pricing,
}

/// What is expected of each bundle alone, and the share of its trigger's buyers that it is credited with beside the others.
pub fn expectations(
    model: &Model,
    bundles: &[Reckoned<'_>],
    products: ShopProducts<'_>,
    period: &Period,
    assumed_margin: Percent,
) -> Vec<(Expectation, f64)> {
    let counts = |made: &Made| Counts {
        orders: period.orders,
        trigger: made.bought.trigger,
        rest: made.bought.rest,
        both: made.bought.both,
    };
    let category = |made: &Made| made.candidate.items.first().and_then(|item| products.fact(*item).category);
    let of_bundles: Vec<(Counts, Option<u32>)> =
        bundles.iter().map(|bundle| (counts(bundle.made), category(bundle.made))).collect();
    let priors = Priors::of_bundles(&of_bundles);
    let claims: Vec<Claim> = (bundles.iter().zip(&of_bundles).zip(&priors))
        .map(|((bundle, (counts, _)), priors)| {
            let items = &bundle.made.candidate.items;
            let facts: Vec<&ItemFacts> = items.iter().map(|item| products.fact(*item)).collect();
            let (margin, discount) = margin_of_rest(bundle.pricing, &facts, assumed_margin);
            let offer = Offer { counts: *counts, months: period.months, margin, discount };
            Claim { items: items.clone(), expectation: model.expectation(&offer, priors) }
        })
        .collect();
    let shares = credits(&claims);
    claims.into_iter().zip(shares).map(|(claim, share)| (claim.expectation, share)).collect()
}
