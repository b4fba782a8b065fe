//! `build-covisitation`: which items are bought together, as vectors and as the most similar items of each.

mod learned_rows;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    learned_rows::RECOMMENDATION_QUALITY,
    rows::{COVISITATION, Rows, SHOPS, SIMILAR_ITEMS},
};
use super::{
    covisitation::{Candidates, CoOrders, Measured, Similar, Vectors, Weight},
    items::{self, Catalog, Level, Offer, ShopCatalog},
    model_table::RECOMMENDATION_MODEL,
    orders::{self, NO_TIME, REJECTED, ShopOrders, StandingOrders, Wanted},
    recommending::{Learned, Learning},
};
use crate::operator::{Frames, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError};

/// By what similar items are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RankBy {
    /// A measure that is learnt from the shop's orders, and chosen by what its newest tenth held.
    #[default]
    Chosen,
    /// The blend of the cosine and the orders in common; nothing is learnt.
    Blend,
}

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
    /// By what similar items are ranked.
    pub rank_by: RankBy,
    /// The most items that the learnt measure weighs against each other for a target, in shops of more than 200 items; in smaller ones it weighs
    /// all. At least 1; time grows with its cube.
    pub companions: usize,
    /// So many of a shop's newest orders are learnt from. At least 1.
    pub learn_orders: usize,
    /// An order of n items weighs 1 / n to this power in what is learnt. From 0 to 3.
    pub length_exponent: f64,
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
            rank_by: RankBy::Chosen,
            companions: 32,
            learn_orders: 200_000,
            length_exponent: 1.0,
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

/// Small shops are learnt from side by side, as many as have so many lines together: what that takes does not grow with the shops.
const LINES_AT_ONCE: usize = 1 << 16;

/// Questions about held-out orders of a shop.
const MOST_QUESTIONS: usize = 2_000;

/// Answers that are looked at.
const ANSWERS: usize = 10;

/// A shop's orders as they count, and what was learnt of them.
struct Prepared {
    orders: ShopOrders,
    copies: usize,
    /// What each order weighs by its age; nothing when all weigh 1.
    ages: Option<Vec<f32>>,
    learned: Option<Learned>,
}

impl Operator for BuildCovisitation {
    const NAME: &'static str = "build-covisitation";
    const SUMMARY: &'static str =
        "Counts which items are in orders together: a vector for each item, and the items most similar to it.";
    const VERSION: u32 = 4;
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
                "The most similar items of each item by falling score, ties by item, of those that `offer` lets name: the score is \
                 the shop's measure (see `rank_by`), to be added up over the items of a basket; `blend` is the blend of the cosine \
                 and the orders in common. Both and the cosine are rounded to six decimals.",
                &SIMILAR_ITEMS,
            ),
            OutputPort::new(
                "recommendation_model",
                "What `recommend` and `recommend-baskets` answer by: an item scores its weight without an item (by popularity), and \
                 its weights with each item of the basket. Items that may not be named are left out.",
                &RECOMMENDATION_MODEL,
            ),
            OutputPort::new(
                "recommendation_quality",
                "A row a shop: the measure, whether it was chosen by the shop's own newest tenth of orders (or there were too few, and \
                 it is the usual one), and of questions about every second of those orders, one of whose items was hidden, the \
                 share with that item among the ten best: by the model, by `similar_items` alone, and by the most popular items.",
                &RECOMMENDATION_QUALITY,
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
        ParamError::unless_between("companions", self.companions as f64, 1.0, 1_000.0)?;
        ParamError::unless_between("learn_orders", self.learn_orders as f64, 1.0, f64::from(u32::MAX))?;
        ParamError::unless_between("length_exponent", self.length_exponent, 0.0, 3.0)?;
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
        let wanted = Wanted { times: self.half_life_days.is_some() || self.rank_by == RankBy::Chosen, customers };
        let mut shops = orders::read_lines(lines, wanted, context)?.into_orders(2).into_iter().peekable();
        let mut rows = Rows::default();
        while shops.peek().is_some() {
            let mut lines = 0;
            let batch = std::iter::from_fn(|| {
                let shop = shops.next_if(|_| lines < LINES_AT_ONCE)?;
                lines += shop.items.len();
                Some(shop)
            });
            let batch: Vec<ShopOrders> = batch.collect();
            context.check_cancelled()?;
            let prepared: Vec<Prepared> = batch.into_par_iter().map(|shop| self.prepare(shop, &catalog)).collect();
            for shop in prepared {
                self.add_shop(shop, &catalog, &mut rows)?;
            }
        }
        rows.finish(rejected)
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

    /// Brings a shop's orders into the form in which they count, and learns from them.
    fn prepare(&self, mut shop: ShopOrders, catalog: &Catalog) -> Prepared {
        let known = catalog.shop(shop.shop.as_deref());
        if let Some(known) = known.filter(|_| self.level == Level::Product) {
            shop.rename(|variant| known.product(variant), 2);
        }
        let copies = if self.standing_orders == StandingOrders::Once { shop.leave_out_copies() } else { 0 };
        let newest = || shop.times.iter().copied().filter(|time| *time != NO_TIME).max().unwrap_or_default();
        let given = self.instant().ok().flatten();
        let as_of = given.map_or_else(|| f64::from(newest()), |at| at.as_second() as f64);
        let ages = self.half_life_days.map(|half_life| {
            let weight = order_weight(&shop.times, as_of, half_life * SECONDS_A_DAY);
            (0..shop.len()).map(weight).collect::<Vec<f32>>()
        });
        let learned = (self.rank_by == RankBy::Chosen).then(|| {
            let fade = |order: usize| ages.as_ref().and_then(|ages| ages.get(order)).copied().unwrap_or(1.0);
            self.learning().learn(shop.transactions(), &shop.by_time(), shop.item_count(), &fade)
        });
        Prepared { orders: shop, copies, ages, learned }
    }

    fn add_shop(&self, shop: Prepared, catalog: &Catalog, rows: &mut Rows) -> Result<(), StageError> {
        let Prepared { orders: shop, copies, ages, learned } = shop;
        let is_offered = self.offered(&shop, catalog.shop(shop.shop.as_deref()));
        let ShopOrders { shop, all_orders, offsets, items, names, .. } = shop;
        let orders = offsets.len().saturating_sub(1);
        let share = ages.map(|ages| move |order: usize| ages.get(order).copied().unwrap_or_default());
        let weight = share.as_ref().map(|share| share as &(dyn Fn(usize) -> f32 + Sync));
        let co_orders = CoOrders::new(offsets, items, names.len(), self.max_basket, weight);
        let vectors = Vectors::build(&co_orders, self.weight, self.top);
        let measured = learned.as_ref().map(measured);
        let similar = self.similarity().map(|similar| similar.find(&co_orders, &vectors, &is_offered, measured));
        rows.begin_shop(shop, &names);
        let withheld = is_offered.iter().filter(|is_offered| !**is_offered).count();
        let orders = [orders as u64, u64::from(all_orders)];
        rows.add_counts(orders, &co_orders, vectors.pairs, [copies, withheld]);
        drop(co_orders);
        rows.add_similar(similar.as_ref())?;
        drop(similar);
        if let Some(learned) = learned {
            rows.add_learned(&learned, &is_offered)?;
        }
        rows.add_vectors(&vectors)
    }

    /// Whether each of a shop's items may be named.
    fn offered(&self, shop: &ShopOrders, known: Option<&ShopCatalog>) -> Vec<bool> {
        let is_offered = |item: u32| known.is_none_or(|known| known.offers(shop.name(item), self.level, self.offer));
        (0..shop.item_count() as u32).map(is_offered).collect()
    }

    fn learning(&self) -> Learning {
        Learning {
            companions: self.companions,
            length_exponent: self.length_exponent,
            most_orders: self.learn_orders,
            most_questions: MOST_QUESTIONS,
            max_basket: self.max_basket,
            cut_off: ANSWERS,
            listed: self.similar,
        }
    }

    /// How similar items are found; none are when none are wanted.
    pub fn similarity(&self) -> Option<Similar> {
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

fn measured(learned: &Learned) -> Measured<'_> {
    let pairs = &learned.model.pairs;
    Measured {
        starts: &pairs.starts,
        others: &pairs.others,
        weights: &pairs.weights,
        shares: &learned.shares,
        prior: learned.listed_prior,
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
