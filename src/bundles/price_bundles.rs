//! `price-bundles`: what each candidate costs, exact to the cent and within what its objective allows.

use std::collections::BTreeMap;

use polars::prelude::*;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bundle_type::BundleType,
    candidate::Source,
    candidate_rows::{CANDIDATES, DROPPED, Dropped, Made, ShopMade, joined, read_candidates},
    deduplication::BundleHash,
    drop_reason::DropReason,
    items::{Item, ItemFacts},
    money::{Cents, Percent},
    objective::{Caps, Objective},
    phases::{ENABLED, SCORING},
    price_rows::{PRICES, Priced, price_columns},
    pricing::{
        Baselines, CATALOG_TIERS, DEFAULT_TIERS, Deal, EPSILON, Methodology, PriceAnomaly, Quantities, SalesStatistics,
        SoldBelowList, price_at, price_lines, price_tiers, tiers_of_quantities,
    },
    products::{OF_ITEMS, Products, ShopProducts, products_port},
};
use crate::{
    dice::Dice,
    flags::{Flag, flag},
    operator::{
        ColumnKind, Columns, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, Phase, PortSchema,
        StageContext, StageError,
    },
};

use ColumnKind::{Int, Text};

/// How discounts are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PricingMode {
    /// From the discounts of the past, shrunk towards category and shop.
    #[default]
    Bayesian,
    /// By an epsilon-greedy bandit; its draws follow from the run's seed and the bundle's hash.
    Bandit,
}

/// Prices bundles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PriceBundles {
    /// How the discounts of several items are found.
    pub mode: PricingMode,
    /// With `bandit`: how often another discount than the best is tried. From 0 to 1.
    pub epsilon: f64,
}

impl Default for PriceBundles {
    fn default() -> Self {
        Self { mode: PricingMode::Bayesian, epsilon: EPSILON }
    }
}

/// Without it discounts lie in the middle of what an objective allows, as far as no bandit is asked.
const BAYESIAN: &Flag = flag("phase.bayesian_pricing");

/// What prices are made of beside what every phase reads.
const MORE: Columns = &[
    ("hash_key", Text),
    ("lines", Int),
    ("lines_of_two", Int),
    ("lines_of_three", Int),
    ("lines_of_five", Int),
    ("quantity_p75", Int),
    ("quantity_p90", Int),
    ("quantity_max", Int),
    ("sales_180_days", Int),
    ("discount_cents_180_days", Int),
    ("listed_cents_180_days", Int),
    ("sales_90_days", Int),
    ("discount_cents_90_days", Int),
    ("listed_cents_90_days", Int),
];

const PRODUCTS: [(&str, ColumnKind); OF_ITEMS.len() + MORE.len()] = joined(&[OF_ITEMS, MORE]);

/// The columns of priced candidates.
pub const PRICED: [(&str, ColumnKind); CANDIDATES.len() + PRICES.len()] = joined(&[CANDIDATES, PRICES]);

/// The discount of a pair of which nothing is known to a bandit, in percent (D07).
const FLAT: i64 = 10;

/// Margins are guarded with more discount only where all items earn much, in percent.
const GUARDED: i64 = 5;

impl Operator for PriceBundles {
    const NAME: &'static str = "price-bundles";
    const SUMMARY: &'static str =
        "Prices candidates: by the discounts of the past or a bandit, tiers of quantities, rewards.";
    const VERSION: u32 = 2;
    const USES_SEED: bool = true;
    const FLAGS: &'static [&'static Flag] = &[BAYESIAN];
    const SWITCH: Option<&'static Flag> = Some(ENABLED);
    const PHASE: Option<Phase> = Some(SCORING);
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("candidates", CANDIDATES, "The output of `generate-candidates` or `quick-start`."),
        products_port(&PRODUCTS),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "priced",
                "The candidates that have a price, in their order. Lines add up to the price; `discount_pct` is that of the whole, \
                 `greatest_pct` the most that a customer gets by tiers. `line_baseline_pct` are the discounts that the past suggests.",
                &PRICED,
            ),
            OutputPort::new("dropped", "Candidates without a proper price, and why.", DROPPED),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("epsilon", self.epsilon, 0.0, 1.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let mut frame = inputs.take("candidates")?.collect()?;
        frame.rechunk_mut();
        let products = Products::read(inputs.take("products")?)?;
        let known = Known::of(&products)?;
        let shops = read_candidates(&frame, "candidates", &products)?;
        let priced: Vec<Vec<Result<Priced, Refused>>> = shops
            .par_iter()
            .map(|shop| {
                context.check_cancelled()?;
                let is_bayesian = context.flags.is_on(shop.rows.shop.as_deref(), BAYESIAN);
                Ok(self.price_shop(shop, &products, &known, (context.seed, is_bayesian)))
            })
            .collect::<Result<_, StageError>>()?;
        let mut dropped = Dropped::default();
        let mut is_kept = Vec::with_capacity(frame.height());
        let mut prices = Vec::with_capacity(frame.height());
        for (row, priced) in priced.into_iter().flatten().enumerate() {
            is_kept.push(priced.is_ok());
            match priced {
                Ok(priced) => prices.push(priced),
                Err(refused) => dropped.push(row, refused.reason.name(), Some(refused.detail)),
            }
        }
        let kept = frame.filter(&is_kept.into_iter().map(Some).collect())?;
        let columns = price_columns(&prices);
        Ok(Frames::new().with("priced", kept.hstack(&columns)?).with("dropped", dropped.frame(&frame)?))
    }
}

/// Why a candidate has no price.
struct Refused {
    reason: DropReason,
    detail: String,
}

impl From<PriceAnomaly> for Refused {
    fn from(anomaly: PriceAnomaly) -> Self {
        Self { reason: DropReason::PriceAnomaly, detail: anomaly.to_string() }
    }
}

/// What is known of the items of all shops, by row of the products.
struct Known {
    keys: StringChunked,
    quantities: Vec<Quantities>,
    sold: [Vec<SoldBelowList>; 2],
}

impl Known {
    fn of(products: &Products) -> Result<Self, StageError> {
        let count = |name: &str| {
            let numbers = products.numbers(name)?;
            Ok::<_, StageError>(
                numbers.into_iter().map(|number| u32::try_from(number).unwrap_or_default()).collect::<Vec<_>>(),
            )
        };
        let names = [
            "lines",
            "lines_of_two",
            "lines_of_three",
            "lines_of_five",
            "quantity_p75",
            "quantity_p90",
            "quantity_max",
        ];
        let columns = names.iter().map(|name| count(name)).collect::<Result<Vec<_>, _>>()?;
        let at = |column: usize, row: usize| columns[column].get(row).copied().unwrap_or_default();
        let quantities = (0..columns[0].len()).map(|row| Quantities {
            lines: at(0, row),
            of_two: at(1, row),
            of_three: at(2, row),
            of_five: at(3, row),
            p75: at(4, row),
            p90: at(5, row),
            most: at(6, row),
        });
        let sold = |days: u32| {
            let column = |name: &str| products.numbers(&format!("{name}_{days}_days"));
            let (lines, discounts, listed) = (column("sales")?, column("discount_cents")?, column("listed_cents")?);
            let sums = lines.into_iter().zip(discounts).zip(listed);
            Ok::<_, StageError>(
                sums.map(|((lines, discount), listed)| SoldBelowList { lines, discount, listed }).collect::<Vec<_>>(),
            )
        };
        Ok(Self { keys: products.texts("hash_key")?, quantities: quantities.collect(), sold: [sold(180)?, sold(90)?] })
    }
}

/// One shop, ready for its prices.
struct Shop<'a> {
    products: ShopProducts<'a>,
    known: &'a Known,
    baselines: Baselines<'a>,
    seed: u64,
    is_bayesian: bool,
}

impl PriceBundles {
    fn price_shop(
        &self,
        shop: &ShopMade,
        products: &Products,
        known: &Known,
        (seed, is_bayesian): (u64, bool),
    ) -> Vec<Result<Priced, Refused>> {
        let Some(of_shop) = products.shop(shop.rows.shop.as_deref()) else { return Vec::new() };
        let category: Vec<Option<u32>> = of_shop.facts.iter().map(|fact| fact.category).collect();
        let categories = category.iter().flatten().max().map_or(0, |most| *most as usize + 1);
        let rows = of_shop.row(Item(0))..of_shop.row(Item(0)) + of_shop.len();
        let sold = |place: usize| known.sold[place].get(rows.clone()).unwrap_or_default();
        let statistics = SalesStatistics::of(sold(0).to_vec(), sold(1), &category, categories);
        let shop_of =
            Shop { products: of_shop, known, baselines: Baselines::new(&statistics, &category), seed, is_bayesian };
        shop.made.iter().map(|made| self.price(&shop_of, made)).collect()
    }

    fn price(&self, shop: &Shop<'_>, made: &Made) -> Result<Priced, Refused> {
        let candidate = &made.candidate;
        let caps = caps_of(shop, made);
        let price = |item: Item| (item, shop.products.fact(item).price);
        let plain = |pricing| Priced { pricing, chosen: None };
        let Some(first) = candidate.items.first().copied() else {
            return Err(PriceAnomaly::NotPositive { bundle: Cents::ZERO }.into());
        };
        let mut priced = match (candidate.bundle_type, made.terms) {
            (BundleType::Volume, _) => {
                let tiers = shop.tiers(first, made);
                plain(price_tiers(first, price(first).1, &tiers, caps)?)
            }
            (BundleType::Bogo, Some(terms)) => {
                let reward = candidate.items.get(1).copied().unwrap_or(first);
                plain(terms.price(price(first), price(reward), caps)?)
            }
            _ => self.price_together(shop, made, caps)?,
        };
        let facts: Vec<&ItemFacts> = candidate.items.iter().map(|item| shop.products.fact(*item)).collect();
        let percent = priced.pricing.greatest_percent();
        if !candidate.objective.takes(&facts, percent) {
            let detail = format!("{} does not give {} % for these items", candidate.objective.name(), percent.value());
            return Err(Refused { reason: DropReason::BelowMargin, detail });
        }
        if priced.pricing.baselines.is_empty() {
            priced.pricing.baselines = candidate.items.iter().map(|item| shop.baselines.of(*item, caps)).collect();
        }
        Ok(priced)
    }

    /// The price of items that are taken together.
    fn price_together(&self, shop: &Shop<'_>, made: &Made, caps: Caps) -> Result<Priced, Refused> {
        let candidate = &made.candidate;
        let items: Vec<(Item, Cents)> =
            candidate.items.iter().map(|item| (*item, shop.products.fact(*item).price)).collect();
        let flat = |percent: Percent| {
            Ok(Priced { pricing: price_at(&items, percent, caps, Methodology::Flat)?, chosen: None })
        };
        if let Some(percent) = made.suggested {
            return flat(Percent::of(percent));
        }
        if self.mode == PricingMode::Bayesian && !shop.is_bayesian {
            return flat(caps.middle());
        }
        if self.mode == PricingMode::Bayesian {
            let baselines: Vec<Percent> = candidate.items.iter().map(|item| shop.baselines.of(*item, caps)).collect();
            return Ok(Priced { pricing: price_lines(&items, &baselines, caps)?, chosen: None });
        }
        let coherence = candidate.company.map(|company| company.coherence);
        let similarity = if items.len() > 2 { coherence } else { candidate.similarity.or(coherence) };
        let Some(similarity) = similarity else { return flat(Percent::whole(FLAT)) };
        let total: Cents = items.iter().map(|(_, price)| *price).sum();
        let mean_price = Cents(total.0 / items.len().max(1) as i64);
        let deal = Deal { objective: candidate.objective, similarity: Some(similarity), mean_price };
        let mut dice = Dice::of_text(&format!("{}|{}", shop.seed, shop.hash(made)));
        let Some(chosen) = deal.choose(deal.arms(), self.epsilon, &mut dice) else { return flat(Percent::whole(FLAT)) };
        let pricing = price_at(&items, chosen.percent, caps, Methodology::MultiArmedBandit)?;
        Ok(Priced { pricing, chosen: Some(chosen) })
    }
}

/// What an objective allows for a bundle: where margins are guarded, more than a little only for what earns much.
fn caps_of(shop: &Shop<'_>, made: &Made) -> Caps {
    let candidate = &made.candidate;
    let mut caps = candidate.objective.caps();
    let all_earn_much = || candidate.items.iter().all(|item| shop.products.fact(*item).flags.is_high_margin);
    if candidate.objective == Objective::MarginGuard && !all_earn_much() {
        caps.most = caps.most.min(Percent::whole(GUARDED));
    }
    caps
}

impl Shop<'_> {
    fn tiers(&self, item: Item, made: &Made) -> Vec<super::pricing::Tier> {
        let quantities = &self.known.quantities[self.products.row(item)];
        if made.candidate.sources.has(Source::Catalog) {
            CATALOG_TIERS.to_vec()
        } else if quantities.lines == 0 {
            DEFAULT_TIERS.to_vec()
        } else {
            tiers_of_quantities(quantities, self.products.fact(item).stock)
        }
    }

    fn hash(&self, made: &Made) -> BundleHash {
        let key = |item: &Item| self.known.keys.get(self.products.row(*item)).unwrap_or_default();
        let keys: Vec<&str> = made.candidate.items.iter().map(key).collect();
        BundleHash::of(made.candidate.bundle_type, made.candidate.objective, &keys)
    }
}
