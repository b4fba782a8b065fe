//! The records of bundles as shop fronts read them: their products and prices, as columns (sections 8.7 and 12.3). What a type
//! has not is null.

use polars::prelude::*;

use super::product_texts::ProductTexts;
use crate::{
    bundles::{
        bundle_type::BundleType,
        list_column::{lists_column, record_column, taken, where_there},
        money::Cents,
        pricing::{Bogo, Mode, Pricing, Terms, Tier},
    },
    operator::{ColumnKind, Field},
};

use ColumnKind::{Bool, Float, Floats, Int, Ints, Record, Records, Text};

/// A product of a bundle.
const ITEM: &[Field] = &[
    Field::new("product_gid", Text),
    Field::new("variant_gid", Text),
    Field::new("variant_id", Text),
    Field::new("product_id", Text),
    Field::new("name", Text),
    Field::new("title", Text),
    Field::new("price", Float),
    Field::new("sku", Text),
    Field::new("image_url", Text),
    Field::new("category", Text),
    Field::new("brand", Text),
];

const QUANTITY: &[Field] = &[Field::new("quantity", Int)];
const REWARDED: &[Field] = &[Field::new("discount_type", Text), Field::new("discount_percent", Float)];

/// A product that must be bought, with how many.
const QUALIFIER: &[Field] = &Field::joined::<{ ITEM.len() + QUANTITY.len() }>(&[ITEM, QUANTITY]);

/// A product that is got for it, with how many and how much cheaper.
const REWARD: &[Field] =
    &Field::joined::<{ ITEM.len() + QUANTITY.len() + REWARDED.len() }>(&[ITEM, QUANTITY, REWARDED]);

/// From so many pieces on it costs so much less.
const TIER: &[Field] = &[
    Field::new("min_qty", Int),
    Field::new("discount_type", Text),
    Field::new("discount_value", Float),
    Field::new("label", Text),
    Field::new("type", Text),
    Field::new("value", Float),
];

/// The column `products`.
pub const PRODUCTS: &[Field] = &[
    Field::new("items", Records(ITEM)),
    Field::new("trigger_product", Record(ITEM)),
    Field::new("addon_products", Records(ITEM)),
    Field::new("volume_tiers", Records(TIER)),
    Field::new("qualifiers", Records(QUALIFIER)),
    Field::new("rewards", Records(REWARD)),
];

const DETAIL: &[Field] = &[
    Field::new("variant_id", Text),
    Field::new("sku", Text),
    Field::new("name", Text),
    Field::new("original_price", Float),
    Field::new("discount_pct", Float),
    Field::new("discount_amount", Float),
    Field::new("discounted_price", Float),
];

const BOGO: &[Field] = &[
    Field::new("buy_qty", Int),
    Field::new("get_qty", Int),
    Field::new("discount_type", Text),
    Field::new("discount_percent", Float),
    Field::new("same_product", Bool),
    Field::new("mode", Text),
    Field::new("trigger_variant_id", Text),
    Field::new("reward_variant_id", Text),
];

const CAPS: &[Field] = &[Field::new("min", Float), Field::new("max", Float)];

/// The column `pricing`.
pub const PRICING: &[Field] = &[
    Field::new("currency", Text),
    Field::new("original_total", Float),
    Field::new("bundle_price", Float),
    Field::new("discount_amount", Float),
    Field::new("total_discount_pct", Float),
    Field::new("discount_percentage", Float),
    Field::new("discount_pct", Text),
    Field::new("discount_type", Text),
    Field::new("product_details", Records(DETAIL)),
    Field::new("volume_tiers", Records(TIER)),
    Field::new("bogo_config", Record(BOGO)),
    Field::new("methodology", Text),
    Field::new("individual_discounts", Floats),
    Field::new("shrunk_baselines", Floats),
    Field::new("objective_caps", Record(CAPS)),
    Field::new("selected_discount", Float),
    Field::new("selection_method", Text),
    Field::new("candidate_discounts", Ints),
];

/// An item of a bundle that is published.
#[derive(Clone, Copy, Debug)]
pub struct PublishedItem {
    /// Its row in the table of products.
    pub row: usize,
    /// What a piece of it costs.
    pub price: Cents,
}

/// What a bundle's records are made of.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its type.
    pub bundle_type: BundleType,
    /// Its items, the trigger first.
    pub items: Vec<PublishedItem>,
    /// Its price.
    pub pricing: Pricing,
}

/// What a bandit chose, a row a bundle; null where none was asked.
pub struct Selections {
    /// In percent.
    pub percent: Column,
    /// How.
    pub method: Column,
    /// Among these.
    pub among: Column,
}

/// The records of bundles, column by column.
pub struct BundleRecords<'a> {
    offers: &'a [&'a Offer],
    /// The items of all bundles, one after the other.
    items: Vec<Column>,
    /// Where each bundle's items begin among them.
    starts: Vec<usize>,
}

impl<'a> BundleRecords<'a> {
    /// Looks up what is said of the bundles' items.
    pub fn new(offers: &'a [&'a Offer], texts: &ProductTexts) -> Self {
        let starts = offers.iter().scan(0, |end, offer| {
            let start = *end;
            *end += offer.items.len();
            Some(start)
        });
        let items = || offers.iter().flat_map(|offer| &offer.items);
        let text = |of: &dyn Fn(usize) -> Option<String>| {
            Column::new("".into(), items().map(|item| of(item.row)).collect::<Vec<_>>())
        };
        let columns = vec![
            text(&|row| Some(gid("Product", texts.product_id(row)))),
            text(&|row| Some(gid("ProductVariant", texts.id(row)))),
            text(&|row| Some(texts.id(row).to_owned())),
            text(&|row| Some(texts.product_id(row).to_owned())),
            text(&|row| Some(texts.name(row).to_owned())),
            text(&|row| Some(texts.variant_title(row).to_owned())),
            floats(items().map(|item| item.price.units())),
            text(&|row| Some(texts.sku(row).to_owned())),
            text(&|row| texts.image_url(row).map(str::to_owned)),
            text(&|row| texts.category(row).map(str::to_owned)),
            text(&|row| texts.vendor(row).map(str::to_owned)),
        ];
        Self { offers, items: columns, starts: starts.collect() }
    }

    /// The column `products`.
    ///
    /// # Errors
    /// When a column cannot be made.
    pub fn products(&self) -> PolarsResult<Column> {
        let item = record_column(ITEM, self.items.clone())?;
        let lengths = self.offers.iter().map(|offer| Some(offer.items.len()));
        let has_trigger = |offer: &Offer| match (offer.bundle_type, bogo_of(offer)) {
            (BundleType::Volume, _) => false,
            (_, Some(bogo)) => bogo.mode == Mode::CrossProduct,
            (_, None) => !offer.items.is_empty(),
        };
        let has_addons = |offer: &Offer| has_trigger(offer) && bogo_of(offer).is_none();
        let addons = self.rows().filter(|(_, offer)| has_addons(offer));
        let addons: Vec<usize> = addons.flat_map(|(start, offer)| start + 1..start + offer.items.len()).collect();
        let addon_lengths = self.offers.iter().map(|offer| has_addons(offer).then(|| offer.items.len() - 1));
        let triggers = self.rows().map(|(start, offer)| has_trigger(offer).then_some(start));
        record_column(
            PRODUCTS,
            vec![
                lists_column(&item, lengths)?,
                taken(&item, triggers)?,
                lists_column(&taken(&item, addons.into_iter().map(Some))?, addon_lengths)?,
                self.tiers(|offer| offer.bundle_type == BundleType::Volume)?,
                self.parts(QUALIFIER, |bogo, _| (bogo.buy_quantity, 0))?,
                self.parts(REWARD, |bogo, items| (bogo.get_quantity, usize::from(items > 1)))?,
            ],
        )
    }

    /// Each bundle with where its items begin.
    fn rows(&self) -> impl Iterator<Item = (usize, &Offer)> {
        self.starts.iter().copied().zip(self.offers.iter().copied())
    }

    /// The one product of each bundle with a reward that must be bought for it, or is got, with how many of it: `part` says how many,
    /// and which of so many items.
    fn parts(&self, fields: &[Field], part: impl Fn(&Bogo, usize) -> (u32, usize)) -> PolarsResult<Column> {
        let with_reward = || self.rows().filter_map(|(start, offer)| Some((start, offer, bogo_of(offer)?)));
        let places: Vec<usize> =
            with_reward().map(|(start, offer, bogo)| start + part(bogo, offer.items.len()).1).collect();
        let mut columns = Vec::with_capacity(fields.len());
        for column in &self.items {
            columns.push(taken(column, places.iter().copied().map(Some))?);
        }
        columns.push(ints(with_reward().map(|(_, offer, bogo)| i64::from(part(bogo, offer.items.len()).0))));
        columns.push(words(with_reward().map(|(.., bogo)| Some(reward_kind(bogo)))));
        columns.push(floats(with_reward().map(|(.., bogo)| bogo.percent.value())));
        let lengths = self.offers.iter().map(|offer| bogo_of(offer).map(|_| 1));
        lists_column(&record_column(fields, columns.into_iter().take(fields.len()).collect())?, lengths)
    }

    /// The tiers of the bundles that have them, where they are told.
    fn tiers(&self, is_told: impl Fn(&Offer) -> bool) -> PolarsResult<Column> {
        let tiers_of = |offer: &'a Offer| match &offer.pricing.terms {
            Terms::Tiered(tiers) if is_told(offer) => Some(tiers.as_slice()),
            _ => None,
        };
        let tiers = || self.offers.iter().copied().filter_map(tiers_of).flatten();
        let kind = |tier: &Tier| if tier.percent.value() > 0.0 { "PERCENTAGE" } else { "NONE" };
        let columns = vec![
            ints(tiers().map(|tier| i64::from(tier.min_quantity))),
            words(tiers().map(|tier| Some(kind(tier)))),
            floats(tiers().map(|tier| tier.percent.value())),
            words(tiers().map(|tier| tier.label)),
            words(tiers().map(|tier| Some(kind(tier)))),
            floats(tiers().map(|tier| tier.percent.value())),
        ];
        let lengths = self.offers.iter().copied().map(|offer| tiers_of(offer).map(<[Tier]>::len));
        lists_column(&record_column(TIER, columns)?, lengths)
    }

    /// The column `pricing`, of bundles in these currencies.
    ///
    /// # Errors
    /// When a column cannot be made.
    pub fn pricing(&self, currencies: Vec<&str>, selections: Selections) -> PolarsResult<Column> {
        let money = |of: fn(&Pricing) -> Cents| floats(self.offers.iter().map(|offer| of(&offer.pricing).units()));
        let percent = || floats(self.offers.iter().map(|offer| offer.pricing.percent().value()));
        let pricings = || self.offers.iter().map(|offer| &offer.pricing);
        let greatest = pricings().map(|pricing| format!("{}%", pricing.greatest_percent().value().round()));
        let discounts = floats(pricings().flat_map(|pricing| &pricing.lines).map(|line| line.discount.units()));
        let baselines = floats(pricings().flat_map(|pricing| &pricing.baselines).map(|percent| percent.value()));
        let caps = vec![
            floats(pricings().map(|pricing| pricing.caps.least.value())),
            floats(pricings().map(|pricing| pricing.caps.most.value())),
        ];
        let is_selected = selections.percent.is_not_null();
        let among = where_there(&selections.among, is_selected.iter().map(|is_selected| is_selected == Some(true)))?;
        record_column(
            PRICING,
            vec![
                Column::new("".into(), currencies),
                money(Pricing::original),
                money(Pricing::bundle),
                money(Pricing::discount),
                percent(),
                percent(),
                Column::new("".into(), greatest.collect::<Vec<_>>()),
                words(pricings().map(|pricing| Some(pricing.terms.name()))),
                self.details()?,
                self.tiers(|_| true)?,
                self.bogo_configs()?,
                words(pricings().map(|pricing| Some(pricing.methodology.name()))),
                lists_column(&discounts, pricings().map(|pricing| Some(pricing.lines.len())))?,
                lists_column(&baselines, pricings().map(|pricing| Some(pricing.baselines.len())))?,
                record_column(CAPS, caps)?,
                selections.percent,
                selections.method,
                among,
            ],
        )
    }

    /// What each item costs in the bundle.
    fn details(&self) -> PolarsResult<Column> {
        let details = |offer: &Offer| offer.pricing.lines.len().min(offer.items.len());
        let rows = || self.rows().flat_map(|(start, offer)| (start..start + details(offer)).map(Some));
        let lines = || self.offers.iter().flat_map(|offer| offer.pricing.lines.iter().take(details(offer)));
        let [_, _, variant_id, _, name, _, _, sku, ..] = self.items.as_slice() else {
            polars_bail!(ComputeError: "an item without its columns")
        };
        let columns = vec![
            taken(variant_id, rows())?,
            taken(sku, rows())?,
            taken(name, rows())?,
            floats(lines().map(|line| line.original.units())),
            floats(lines().map(|line| four_decimals(line.percent().value()))),
            floats(lines().map(|line| line.discount.units())),
            floats(lines().map(|line| line.discounted().units())),
        ];
        lists_column(&record_column(DETAIL, columns)?, self.offers.iter().map(|offer| Some(details(offer))))
    }

    /// What is bought and got of bundles with a reward.
    fn bogo_configs(&self) -> PolarsResult<Column> {
        let of = |offer: &'a Offer| bogo_of(offer).map_or(Bogo::BUY_TWO_GET_ONE, |bogo| *bogo);
        let bogos = || self.offers.iter().copied().map(of);
        let [_, _, variant_id, ..] = self.items.as_slice() else {
            polars_bail!(ComputeError: "an item without its columns")
        };
        let place = |start: usize, offer: &Offer, at: usize| (at < offer.items.len()).then_some(start + at);
        let reward = |start: usize, offer: &Offer| place(start, offer, usize::from(offer.items.len() > 1));
        let columns = vec![
            ints(bogos().map(|bogo| i64::from(bogo.buy_quantity))),
            ints(bogos().map(|bogo| i64::from(bogo.get_quantity))),
            words(bogos().map(|bogo| Some(reward_kind(&bogo)))),
            floats(bogos().map(|bogo| bogo.percent.value())),
            Column::new("".into(), bogos().map(|bogo| bogo.mode == Mode::SameVariant).collect::<Vec<_>>()),
            words(bogos().map(|bogo| Some(bogo.mode.name()))),
            taken(variant_id, self.rows().map(|(start, offer)| place(start, offer, 0)))?,
            taken(variant_id, self.rows().map(|(start, offer)| reward(start, offer)))?,
        ];
        where_there(&record_column(BOGO, columns)?, self.offers.iter().map(|offer| bogo_of(offer).is_some()))
    }
}

/// The reward of a bundle, if it has one.
fn bogo_of(offer: &Offer) -> Option<&Bogo> {
    match &offer.pricing.terms {
        Terms::Bogo(bogo) if offer.bundle_type == BundleType::Bogo && !offer.items.is_empty() => Some(bogo),
        _ => None,
    }
}

fn reward_kind(bogo: &Bogo) -> &'static str {
    if bogo.percent.value() >= 100.0 { "FREE" } else { "PERCENTAGE" }
}

/// The global id of a numeric one; other ids have none.
fn gid(kind: &str, id: &str) -> String {
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { format!("gid://shopify/{kind}/{id}") } else { String::new() }
}

fn floats(values: impl Iterator<Item = f64>) -> Column {
    Column::new("".into(), values.collect::<Vec<_>>())
}

fn ints(values: impl Iterator<Item = i64>) -> Column {
    Column::new("".into(), values.collect::<Vec<_>>())
}

fn words<'w>(values: impl Iterator<Item = Option<&'w str>>) -> Column {
    Column::new("".into(), values.collect::<Vec<_>>())
}

fn four_decimals(percent: f64) -> f64 {
    (percent * 1e4).round() / 1e4
}

/// Whether the lines of a price add up to it, to the cent.
pub fn adds_up(pricing: &Pricing) -> bool {
    let sum: Cents = pricing.lines.iter().map(|line| line.discounted()).sum();
    sum == pricing.bundle() && pricing.original() - pricing.discount() == sum
}
