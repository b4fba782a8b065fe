//! `build-covisitation`: which items are bought together, as vectors and as the most similar items of each.

mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::rows::{COVISITATION, Rows, SHOPS, SIMILAR_ITEMS};
use super::{
    covisitation::{Candidates, CoOrders, Similar, Vectors, Weight},
    items::{self, Catalog, Level, Offer},
    orders::{self, NO_TIME, REJECTED, ShopOrders, StandingOrders, Wanted},
};
use crate::operator::{Frames, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError};

/// Builds the co-visitation of items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BuildCovisitation {
    /// What orders in common weigh.
    pub weight: Weight,
    /// The most neighbours of an item: its vector. At least 1.
    pub top: usize,
    /// Of an order with more different items only so many count: those that are in most orders. At least 2.
    pub max_basket: usize,
    /// Days after which an order counts half; null for orders that all count alike. Needs `created_at`. An order older than
    /// sixty times that counts no less.
    pub half_life_days: Option<f64>,
    /// The instant from which the age of orders counts, such as 2026-03-01T00:00:00Z; null or empty for the time of each
    /// shop's newest order.
    pub as_of: Option<String>,
    /// The most similar items of an item; 0 for none.
    pub similar: usize,
    /// Which items may be similar.
    pub candidates: Candidates,
    /// With candidates `shared`: a neighbour of more items than this brings none together; it counts in the cosine.
    pub max_hub: usize,
    /// The share of the cosine in the score; the orders in common have the rest. From 0 to 1.
    pub cosine_share: f64,
    /// So many orders in common score as much as more. At least 1.
    pub full_orders: u32,
    /// Similar items have at least this cosine, or are in `min_orders` orders together.
    pub min_cosine: f64,
    /// See `min_cosine`.
    pub min_orders: u32,
    /// Whether variants are counted, or products, of which `items` says the variants.
    pub level: Level,
    /// How orders of one customer with the same items count; those of five or more are the same when they share four fifths.
    pub standing_orders: StandingOrders,
    /// Which items may be similar ones, as far as `items` says how they stand.
    pub offer: Offer,
}

impl Default for BuildCovisitation {
    fn default() -> Self {
        Self {
            weight: Weight::Raw,
            top: 50,
            max_basket: 500,
            half_life_days: None,
            as_of: None,
            similar: 20,
            candidates: Candidates::Together,
            max_hub: 4_096,
            cosine_share: 0.6,
            full_orders: 10,
            min_cosine: 0.1,
            min_orders: 2,
            level: Level::Variant,
            standing_orders: StandingOrders::Each,
            offer: Offer::ForSale,
        }
    }
}

const SECONDS_A_DAY: f64 = 86_400.0;

/// Half-lives after which an order fades no further: items that only older ones hold would be in none, and have no lift.
const MOST_HALF_LIVES: f64 = 60.0;

impl Operator for BuildCovisitation {
    const NAME: &'static str = "build-covisitation";
    const SUMMARY: &'static str =
        "Counts which items are in orders together: a vector for each item, and the items most similar to it.";
    const VERSION: u32 = 3;
    const INPUTS: Inputs = Inputs::Ports(&[
        orders::DATED_LINES_PORT,
        items::items_port(
            "The output `snapshots` of `enrich-orders`: the product of each variant, and whether it can be bought.",
        ),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "covisitation",
                "The neighbours of each item by falling weight, ties by item, among orders of at least two different \
                 items. The squares of an item's normalised weights add up to 1.",
                &COVISITATION,
            ),
            OutputPort::new(
                "similar_items",
                "The most similar items of each item by falling score, ties by item, of those that `offer` lets name; cosine and \
                 score are rounded to six decimals.",
                &SIMILAR_ITEMS,
            ),
            OutputPort::new(
                "shops",
                "A row a shop: its orders of at least two different items, all orders, items, pairs of items that are in \
                 an order together, what was left out of orders with more than `max_basket` items, copies of standing orders that \
                 were left out, and the items that may not be named.",
                &SHOPS,
            ),
            OutputPort::new("rejected", "Lines without an order or without an item.", &REJECTED),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("top", self.top as f64, 1.0, 10_000.0)?;
        ParamError::unless_between("max_basket", self.max_basket as f64, 2.0, f64::from(u32::MAX))?;
        ParamError::unless_between("similar", self.similar as f64, 0.0, 10_000.0)?;
        ParamError::unless_between("half_life_days", self.half_life_days.unwrap_or(1.0), 1e-6, 1e9)?;
        ParamError::unless_between("cosine_share", self.cosine_share, 0.0, 1.0)?;
        ParamError::unless_between("full_orders", f64::from(self.full_orders), 1.0, f64::from(u32::MAX))?;
        ParamError::unless_between("min_cosine", self.min_cosine, 0.0, 1.0)?;
        self.instant().map(drop)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let lines = inputs.take("lines")?;
        let rejected = orders::rejected_lines(lines.clone());
        let catalog = Catalog::read(inputs.take_optional("items"))?;
        let customers = self.standing_orders == StandingOrders::Once;
        let wanted = Wanted { times: self.half_life_days.is_some(), customers };
        let shops = orders::read_lines(lines, wanted, context)?.into_orders(2);
        let given = self.instant().ok().flatten();
        let mut rows = Rows::default();
        for shop in shops {
            context.check_cancelled()?;
            let newest = || shop.times.iter().copied().filter(|time| *time != NO_TIME).max().unwrap_or_default();
            let as_of = given.map_or_else(|| f64::from(newest()), |at| at.as_second() as f64);
            self.add_shop(shop, &catalog, as_of, &mut rows)?;
        }
        let (covisitation, similar, shops) = rows.finish()?;
        Ok(Frames::new()
            .with("covisitation", covisitation)
            .with("similar_items", similar)
            .with("shops", shops)
            .with("rejected", rejected))
    }
}

impl BuildCovisitation {
    fn instant(&self) -> Result<Option<Timestamp>, ParamError> {
        self.as_of.as_deref().filter(|text| !text.is_empty()).map(str::parse).transpose().map_err(|_| ParamError {
            path: vec!["as_of".to_owned()],
            problem: "this is no instant".to_owned(),
            mend: "write it like 2026-03-01T00:00:00Z".to_owned(),
        })
    }

    fn add_shop(&self, mut shop: ShopOrders, catalog: &Catalog, as_of: f64, rows: &mut Rows) -> Result<(), StageError> {
        let known = catalog.shop(shop.shop.as_deref());
        if let Some(known) = known.filter(|_| self.level == Level::Product) {
            shop.rename(|variant| known.product(variant), 2);
        }
        let copies = if self.standing_orders == StandingOrders::Once { shop.leave_out_copies() } else { 0 };
        let ShopOrders { shop, all_orders, offsets, items, times, names, .. } = shop;
        let orders = offsets.len().saturating_sub(1);
        let share = self.half_life_days.map(|half_life| order_weight(&times, as_of, half_life * SECONDS_A_DAY));
        let weight = share.as_ref().map(|share| share as &(dyn Fn(usize) -> f32 + Sync));
        let co_orders = CoOrders::new(offsets, items, names.len(), self.max_basket, weight);
        let vectors = Vectors::build(&co_orders, self.weight, self.top);
        let is_offered = |item: u32| known.is_none_or(|known| known.offers(names.get(item), self.level, self.offer));
        let is_offered: Vec<bool> = (0..names.len() as u32).map(is_offered).collect();
        let similar = self.similarity().map(|similar| similar.find(&co_orders, &vectors, &is_offered));
        rows.begin_shop(shop, &names);
        let withheld = is_offered.iter().filter(|is_offered| !**is_offered).count();
        let orders = [orders as u64, u64::from(all_orders)];
        rows.add_counts(orders, &co_orders, vectors.pairs, [copies, withheld]);
        drop(co_orders);
        rows.add_similar(similar.as_ref())?;
        drop(similar);
        rows.add_vectors(&vectors)
    }

    fn similarity(&self) -> Option<Similar> {
        (self.similar > 0).then_some(Similar {
            most: self.similar,
            candidates: self.candidates,
            max_hub: self.max_hub,
            cosine_share: self.cosine_share,
            full_orders: self.full_orders,
            min_cosine: self.min_cosine,
            min_orders: self.min_orders,
        })
    }
}

/// What an order weighs by its age: a half for each half-life, up to [`MOST_HALF_LIVES`]. One of unknown time is taken for the shop's oldest, one of
/// after `as_of` counts whole.
fn order_weight(times: &[u32], as_of: f64, half_life: f64) -> impl Fn(usize) -> f32 + '_ {
    let oldest = times.iter().copied().filter(|time| *time != NO_TIME).min();
    move |order| {
        let time = times.get(order).copied().filter(|time| *time != NO_TIME).or(oldest);
        let age = time.map_or(0.0, |time| (as_of - f64::from(time)).max(0.0));
        (-(age / half_life).min(MOST_HALF_LIVES)).exp2() as f32
    }
}
