//! The records of a bundle as shop fronts read them: its products and its price, as JSON (sections 8.7 and 12.3).

use serde::Serialize;

use crate::bundles::{
    bundle_type::BundleType,
    candidate_rows::Made,
    money::Cents,
    pricing::{Bogo, Line, Mode, Pricing, Terms},
};

/// A product of a bundle.
#[derive(Clone, Debug, Serialize)]
pub struct ProductItem<'a> {
    pub product_gid: String,
    pub variant_gid: String,
    pub variant_id: &'a str,
    pub product_id: &'a str,
    pub name: &'a str,
    pub title: &'a str,
    pub price: f64,
    pub sku: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<&'a str>,
}

/// The global id of a numeric one; other ids have none.
pub fn gid(kind: &str, id: &str) -> String {
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { format!("gid://shopify/{kind}/{id}") } else { String::new() }
}

#[derive(Serialize)]
struct WithQuantity<'a> {
    #[serde(flatten)]
    item: &'a ProductItem<'a>,
    quantity: u32,
}

#[derive(Serialize)]
struct RewardItem<'a> {
    #[serde(flatten)]
    item: &'a ProductItem<'a>,
    quantity: u32,
    discount_type: &'static str,
    discount_percent: f64,
}

#[derive(Serialize)]
struct TierRecord {
    min_qty: u32,
    discount_type: &'static str,
    discount_value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'static str>,
    #[serde(rename = "type")]
    kind: &'static str,
    value: f64,
}

/// What `products` holds; parts that a type has not are left out.
#[derive(Default, Serialize)]
struct Products<'a> {
    items: &'a [ProductItem<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_product: Option<&'a ProductItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addon_products: Option<&'a [ProductItem<'a>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume_tiers: Option<Vec<TierRecord>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qualifiers: Option<Vec<WithQuantity<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rewards: Option<Vec<RewardItem<'a>>>,
}

fn tiers(pricing: &Pricing) -> Option<Vec<TierRecord>> {
    let Terms::Tiered(tiers) = &pricing.terms else { return None };
    let record = |tier: &crate::bundles::pricing::Tier| {
        let value = tier.percent.value();
        let kind = if value > 0.0 { "PERCENTAGE" } else { "NONE" };
        TierRecord {
            min_qty: tier.min_quantity,
            discount_type: kind,
            discount_value: value,
            label: tier.label,
            kind,
            value,
        }
    };
    Some(tiers.iter().map(record).collect())
}

fn reward_kind(bogo: &Bogo) -> &'static str {
    if bogo.percent.value() >= 100.0 { "FREE" } else { "PERCENTAGE" }
}

/// The column `products`.
pub fn products_record(made: &Made, pricing: &Pricing, items: &[ProductItem<'_>]) -> String {
    let record = match (made.candidate.bundle_type, &pricing.terms, items) {
        (BundleType::Volume, ..) => Products { items, volume_tiers: tiers(pricing), ..Products::default() },
        (BundleType::Bogo, Terms::Bogo(bogo), [trigger, ..]) => {
            let reward = items.get(1).unwrap_or(trigger);
            Products {
                items,
                trigger_product: (bogo.mode == Mode::CrossProduct).then_some(trigger),
                qualifiers: Some(vec![WithQuantity { item: trigger, quantity: bogo.buy_quantity }]),
                rewards: Some(vec![RewardItem {
                    item: reward,
                    quantity: bogo.get_quantity,
                    discount_type: reward_kind(bogo),
                    discount_percent: bogo.percent.value(),
                }]),
                ..Products::default()
            }
        }
        (.., [trigger, addons @ ..]) => {
            Products { items, trigger_product: Some(trigger), addon_products: Some(addons), ..Products::default() }
        }
        _ => Products::default(),
    };
    serde_json::to_string(&record).unwrap_or_default()
}

#[derive(Serialize)]
struct Detail<'a> {
    variant_id: &'a str,
    sku: &'a str,
    name: &'a str,
    original_price: f64,
    discount_pct: f64,
    discount_amount: f64,
    discounted_price: f64,
}

#[derive(Serialize)]
struct BogoConfig<'a> {
    buy_qty: u32,
    get_qty: u32,
    discount_type: &'static str,
    discount_percent: f64,
    same_product: bool,
    mode: &'static str,
    trigger_variant_id: &'a str,
    reward_variant_id: &'a str,
}

#[derive(Serialize)]
struct CapsRecord {
    min: f64,
    max: f64,
}

#[derive(Serialize)]
struct PricingRecord<'a> {
    currency: &'a str,
    original_total: f64,
    bundle_price: f64,
    discount_amount: f64,
    total_discount_pct: f64,
    discount_percentage: f64,
    discount_pct: String,
    discount_type: &'static str,
    product_details: Vec<Detail<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume_tiers: Option<Vec<TierRecord>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bogo_config: Option<BogoConfig<'a>>,
    methodology: &'static str,
    individual_discounts: Vec<f64>,
    shrunk_baselines: Vec<f64>,
    objective_caps: CapsRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected_discount: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selection_method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_discounts: Option<&'a [i64]>,
}

/// What a bandit chose.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// In percent.
    pub percent: f64,
    /// How.
    pub method: &'a str,
    /// Among these.
    pub among: &'a [i64],
}

/// The column `pricing`.
pub fn pricing_record(
    pricing: &Pricing,
    items: &[ProductItem<'_>],
    currency: &str,
    selection: Option<Selection<'_>>,
) -> String {
    let percent = pricing.percent().value();
    let detail = |(line, item): (&Line, &ProductItem<'_>)| {
        let discount = four_decimals(line.percent().value());
        (discount, line.original, line.discount, line.discounted(), item.variant_id.to_owned())
    };
    let lines: Vec<_> = pricing.lines.iter().zip(items).map(detail).collect();
    let details = lines.iter().zip(items).map(|((pct, original, discount, discounted, _), item)| Detail {
        variant_id: item.variant_id,
        sku: item.sku,
        name: item.name,
        original_price: original.units(),
        discount_pct: *pct,
        discount_amount: discount.units(),
        discounted_price: discounted.units(),
    });
    let bogo_config = match (&pricing.terms, items) {
        (Terms::Bogo(bogo), [trigger, ..]) => Some(BogoConfig {
            buy_qty: bogo.buy_quantity,
            get_qty: bogo.get_quantity,
            discount_type: reward_kind(bogo),
            discount_percent: bogo.percent.value(),
            same_product: bogo.mode == Mode::SameVariant,
            mode: bogo.mode.name(),
            trigger_variant_id: trigger.variant_id,
            reward_variant_id: items.get(1).unwrap_or(trigger).variant_id,
        }),
        _ => None,
    };
    let record = PricingRecord {
        currency,
        original_total: pricing.original().units(),
        bundle_price: pricing.bundle().units(),
        discount_amount: pricing.discount().units(),
        total_discount_pct: percent,
        discount_percentage: percent,
        discount_pct: format!("{}%", pricing.greatest_percent().value().round()),
        discount_type: pricing.terms.name(),
        product_details: details.collect(),
        volume_tiers: tiers(pricing),
        bogo_config,
        methodology: pricing.methodology.name(),
        individual_discounts: pricing.lines.iter().map(|line| line.discount.units()).collect(),
        shrunk_baselines: pricing.baselines.iter().map(|percent| percent.value()).collect(),
        objective_caps: CapsRecord { min: pricing.caps.least.value(), max: pricing.caps.most.value() },
        selected_discount: selection.map(|selection| selection.percent),
        selection_method: selection.map(|selection| selection.method),
        candidate_discounts: selection.map(|selection| selection.among),
    };
    serde_json::to_string(&record).unwrap_or_default()
}

fn four_decimals(percent: f64) -> f64 {
    (percent * 1e4).round() / 1e4
}

/// Whether the lines of a price add up to it, to the cent.
pub fn adds_up(pricing: &Pricing) -> bool {
    let sum: Cents = pricing.lines.iter().map(|line| line.discounted()).sum();
    sum == pricing.bundle() && pricing.original() - pricing.discount() == sum
}
