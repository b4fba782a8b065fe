//! `publish-bundles`: the last look at each bundle, and the tables that shop fronts and people read.

mod product_texts;
mod records;
mod rows;

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    product_texts::ProductTexts,
    records::{Offer, PublishedItem, adds_up},
    rows::{PROGRESS, PUBLISHED_SHOPS, Published, RECOMMENDATIONS, ShopReport, progress, recommendations, shop_rows},
};
use super::{
    candidate_rows::{DROPPED, Dropped, Made, ShopMade, joined, read_candidates},
    drop_reason::DropReason,
    explain_bundles::EXPLAINED,
    explanation::{BundleCopy, breaks_policy},
    generate_candidates::InventoryMode,
    items::{Item, ItemFacts},
    phases::{ENABLED, FINALIZATION},
    price_rows::PriceCells,
    pricing::{Pricing, Terms},
    products::{OF_ITEMS, Products, ShopProducts, products_port},
    waves::wave_at,
};
use crate::{
    flags::{Flag, StageFlags, flag},
    operator::{
        ColumnKind, Columns, Frames, InputPort, Inputs, JsonStyle, Operator, OutputPort, ParamError, Phase, PortSchema,
        StageContext, StageError,
    },
};

use ColumnKind::{Text, Timestamp};

/// Publishes bundles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PublishBundles {
    /// What becomes of bundles with an item that is sold out or not for sale.
    pub inventory: InventoryMode,
    /// After how many bundles of a shop each wave ends, rising; what is left is a last one. Null for the flag
    /// `bundling.staged_thresholds`.
    pub waves: Option<Vec<usize>>,
    /// Bundles of a shop; null for the flag `bundling.staged_hard_cap`.
    pub hard_cap: Option<usize>,
    /// What `discount_reference` says, such as `__quick_start__`; null for nothing.
    pub discount_reference: Option<String>,
}

impl Default for PublishBundles {
    fn default() -> Self {
        Self { inventory: InventoryMode::Strict, waves: None, hard_cap: None, discount_reference: None }
    }
}

/// Without it all bundles are one wave.
const STAGED: &Flag = flag("bundling.staged_publish_enabled");
const THRESHOLDS: &Flag = flag("bundling.staged_thresholds");
const HARD_CAP: &Flag = flag("bundling.staged_hard_cap");

const TEXTS: Columns =
    &[("sku", Text), ("title", Text), ("variant_title", Text), ("vendor", Text), ("image_url", Text), ("status", Text)];
const PRODUCTS: [(&str, ColumnKind); OF_ITEMS.len() + TEXTS.len()] = joined(&[OF_ITEMS, TEXTS]);

/// A last wave of more bundles than any shop has.
const MOST: f64 = 100_000.0;

impl Operator for PublishBundles {
    const NAME: &'static str = "publish-bundles";
    const SUMMARY: &'static str = "Checks each bundle once more, and gives the tables of recommendations, in waves.";
    const VERSION: u32 = 2;
    const FLAGS: &'static [&'static Flag] = &[STAGED, THRESHOLDS, HARD_CAP];
    const SWITCH: Option<&'static Flag> = Some(ENABLED);
    const PHASE: Option<Phase> = Some(FINALIZATION);
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("explained", &EXPLAINED, "The output of `explain-bundles`."),
        products_port(&PRODUCTS),
        InputPort::required(
            "shops",
            &[("shop_id", Text), ("as_of", Timestamp), ("currency", Text), ("problem", Text)],
            "The output `shops` of `flag-products`.",
        ),
        InputPort::optional(
            "candidate_shops",
            &[("shop_id", Text), ("why", Text), ("is_late", ColumnKind::Bool)],
            "The output `shops` of the stage that made candidates: why a shop has none.",
        )
        .may_lack(&["is_late"]),
        InputPort::optional(
            "uploads",
            &[("shop_id", Text), ("csv_upload_id", Text)],
            "The upload that each shop's orders came with.",
        ),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "recommendations",
                "The bundles of each shop, best first. `id` follows from shop and `dedupe_hash`, so that a bundle keeps it from night \
                 to night. Of records, what a type of bundles has not is null, and left out in JSON.",
                RECOMMENDATIONS,
            )
            .spelled(JsonStyle::Sparse),
            OutputPort::new("dropped", "Bundles that are not published, and why.", DROPPED),
            OutputPort::new("shops", "A row a shop: what is published of it, or why nothing is.", PUBLISHED_SHOPS),
            OutputPort::new(
                "progress",
                "A row a shop: where its generation stands. One whose turn came when the time was up has failed, and is `partial`.",
                PROGRESS,
            ),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        if !self.waves.as_ref().is_none_or(|waves| waves.is_sorted()) {
            return Err(ParamError {
                path: vec!["waves".to_owned()],
                problem: "the ends of waves do not rise".to_owned(),
                mend: "write them like [3, 5, 10, 20, 40]".to_owned(),
            });
        }
        ParamError::unless_between("hard_cap", self.hard_cap.unwrap_or(1) as f64, 1.0, MOST)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let mut frame = inputs.take("explained")?.collect()?;
        frame.rechunk_mut();
        let products = Products::read(inputs.take("products")?)?;
        let about = rows::read_shops(inputs.take("shops")?, inputs.take_optional("candidate_shops"))?;
        let uploads = inputs.take_optional("uploads").map_or_else(|| Ok(HashMap::new()), rows::read_uploads)?;
        let shops = read_candidates(&frame, "explained", &products)?;
        let tables = Tables::of(&frame, &products)?;
        let found: Vec<Found> = shops
            .par_iter()
            .map(|shop| {
                context.check_cancelled()?;
                let staging = self.staging(&context.flags, shop.rows.shop.as_deref());
                Ok(self.of_shop(shop, &tables, &staging))
            })
            .collect::<Result<_, StageError>>()?;
        let mut dropped = Dropped::default();
        for (row, reason, detail) in found.iter().flat_map(|found| &found.dropped) {
            dropped.push(*row, reason.name(), detail.clone());
        }
        let published: Vec<&Published> = found.iter().flat_map(|found| &found.published).collect();
        let reports: HashMap<Option<String>, ShopReport> =
            (shops.iter().zip(&found)).map(|(shop, found)| (shop.rows.shop.clone(), found.report())).collect();
        let reference = self.discount_reference.as_deref();
        Ok(Frames::new()
            .with("recommendations", recommendations(&frame, &published, &tables.texts, &about, &uploads, reference)?)
            .with("dropped", dropped.frame(&frame)?)
            .with("shops", shop_rows(&about, &reports)?)
            .with("progress", progress(&about, &reports, &uploads, reference)?))
    }
}

/// What rows are made of.
struct Tables<'a> {
    products: &'a Products,
    prices: PriceCells,
    scores: Float64Chunked,
    copy: StringChunked,
    texts: ProductTexts,
}

impl<'a> Tables<'a> {
    fn of(frame: &DataFrame, products: &'a Products) -> Result<Self, StageError> {
        Ok(Self {
            products,
            prices: PriceCells::of(frame)?,
            scores: frame.column("final_score")?.f64()?.rechunk().into_owned(),
            copy: frame.column("ai_copy")?.str()?.rechunk().into_owned(),
            texts: ProductTexts::of(products)?,
        })
    }

    /// What customers read of a row's bundle, if it has a title.
    fn copy(&self, row: usize) -> Option<BundleCopy> {
        let copy: BundleCopy = serde_json::from_str(self.copy.get(row)?).ok()?;
        Some(copy).filter(|copy| !copy.title.is_empty())
    }
}

/// What is published of a shop.
#[derive(Default)]
struct Found {
    published: Vec<Published>,
    dropped: Vec<(usize, DropReason, Option<String>)>,
}

impl Found {
    fn report(&self) -> ShopReport {
        let mut dropped: BTreeMap<&'static str, i64> = BTreeMap::new();
        self.dropped.iter().for_each(|(_, reason, _)| *dropped.entry(reason.name()).or_default() += 1);
        ShopReport {
            published: self.published.len() as i64,
            waves: self.published.last().map_or(0, |published| i64::from(published.wave.number)),
            dropped,
        }
    }
}

/// In which waves a shop's bundles are published, and how many.
struct Staging {
    waves: Vec<usize>,
    hard_cap: usize,
}

impl PublishBundles {
    fn staging(&self, flags: &StageFlags, shop: Option<&str>) -> Staging {
        let count = |number: &i64| usize::try_from(*number).unwrap_or_default();
        let of_flag = || flags.ints(shop, THRESHOLDS).iter().map(count).collect();
        let waves = if flags.is_on(shop, STAGED) { self.waves.clone().unwrap_or_else(of_flag) } else { Vec::new() };
        Staging { waves, hard_cap: self.hard_cap.unwrap_or_else(|| count(&flags.int(shop, HARD_CAP))) }
    }

    fn of_shop(&self, shop: &ShopMade, tables: &Tables<'_>, staging: &Staging) -> Found {
        let mut found = Found::default();
        let Some(products) = tables.products.shop(shop.rows.shop.as_deref()) else { return found };
        for (row, made) in shop.rows.rows.clone().zip(&shop.made) {
            let pricing = tables.prices.row(row, made);
            let place = found.published.len();
            let copy = match self.checked(row, made, &pricing, tables, products) {
                Ok(_) if place >= staging.hard_cap => Err((DropReason::LowScore, None)),
                checked => checked,
            };
            let item = |item: &Item| PublishedItem { row: products.row(*item), price: products.fact(*item).price };
            let candidate = &made.candidate;
            match copy {
                Err((reason, detail)) => found.dropped.push((row, reason, detail)),
                Ok(copy) => found.published.push(Published {
                    row,
                    offer: Offer {
                        bundle_type: candidate.bundle_type,
                        items: candidate.items.iter().map(item).collect(),
                        pricing,
                    },
                    copy,
                    wave: wave_at(place, &staging.waves),
                }),
            }
        }
        found
    }

    /// What customers read of a bundle, or why it is not published (sections 10.5 and 12.3).
    fn checked(
        &self,
        row: usize,
        made: &Made,
        pricing: &Pricing,
        tables: &Tables<'_>,
        products: ShopProducts<'_>,
    ) -> Result<BundleCopy, Refusal> {
        let candidate = &made.candidate;
        let facts: Vec<&ItemFacts> = candidate.items.iter().map(|item| products.fact(*item)).collect();
        if self.inventory == InventoryMode::Strict
            && let Some(reason) = DropReason::of_items(&facts)
        {
            return Err((reason, None));
        }
        let told = |reason, problem: &str| Err((reason, Some(problem.to_owned())));
        let Some(copy) = tables.copy(row) else { return told(DropReason::CopyFail, "it has no title") };
        if let Some(promise) = breaks_policy(&copy) {
            return Err((DropReason::PolicyBlock, Some(format!("its text promises '{promise}'"))));
        }
        let has_terms = match &pricing.terms {
            Terms::Tiered(tiers) => tiers.len() > 1,
            Terms::Bogo(_) | Terms::Percentage => !pricing.lines.is_empty(),
        };
        if !adds_up(pricing) || !has_terms || facts.iter().any(|fact| fact.price.0 <= 0) {
            told(DropReason::of_issue("pricing_error"), "its lines do not add up to a price")
        } else if candidate.confidence <= 0.0 || tables.scores.get(row).unwrap_or_default() <= 0.0 {
            told(DropReason::LowScore, "its confidence or score is 0")
        } else {
            Ok(copy)
        }
    }
}

/// Why a bundle is not published, with what more there is to say of it.
type Refusal = (DropReason, Option<String>);
