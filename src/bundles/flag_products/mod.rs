//! `flag-products`: what each item of a shop is good for in bundles, and what each shop's bundles are made for.

mod counts;
mod judged;
mod rows;
mod scores;
mod shops;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    counts::LineCounts,
    judged::Judged,
    rows::product_rows,
    shops::{OBJECTIVES, SHOPS, Shops},
};
use super::{
    objective::Objective,
    phases::{ENABLED, ENRICHMENT},
    products::{PRODUCTS, rows_of_shops},
};
use crate::{
    flags::{Flag, flag},
    mining::{Wanted, read_lines},
    operator::{
        ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, Phase, PortSchema, StageContext, StageError,
    },
};

use ColumnKind::{Bool, Float, Int, Text, Timestamp};

/// Flags products.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FlagProducts {
    /// What bundles are made for, in every shop; null to choose by the number of a shop's orders of two or more items.
    pub objectives: Option<Vec<Objective>>,
}

/// Without it bundles are for larger orders alone.
const SCORES: &Flag = flag("phase.objective_scoring");

/// What is read of items.
const ITEMS: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("variant_id", Text),
    ("product_id", Text),
    ("product_title", Text),
    ("variant_title", Text),
    ("product_type", Text),
    ("tags", Text),
    ("product_status", Text),
    ("vendor", Text),
    ("sku", Text),
    ("price_cents", Int),
    ("compare_at_price_cents", Int),
    ("unit_cost_cents", Int),
    ("available_total", Int),
    ("is_slow_mover", Bool),
    ("is_new_launch", Bool),
    ("is_seasonal", Bool),
    ("is_high_margin", Bool),
    ("is_gift_card", Bool),
    ("velocity", Float),
    ("units", Int),
    ("revenue_cents", Int),
    ("sales_180_days", Int),
    ("discount_cents_180_days", Int),
    ("listed_cents_180_days", Int),
    ("sales_90_days", Int),
    ("discount_cents_90_days", Int),
    ("listed_cents_90_days", Int),
    ("from_lines", Bool),
    ("image_url", Text),
    ("description", Text),
    ("as_of", Timestamp),
];

impl Operator for FlagProducts {
    const NAME: &'static str = "flag-products";
    const SUMMARY: &'static str =
        "Says of each item whether it can be in a bundle and what for, and which objectives each shop's bundles have.";
    const VERSION: u32 = 2;
    const FLAGS: &'static [&'static Flag] = &[SCORES];
    const SWITCH: Option<&'static Flag> = Some(ENABLED);
    const PHASE: Option<Phase> = Some(ENRICHMENT);
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("items", ITEMS, "The output `snapshots` of `enrich-orders`."),
        InputPort::required(
            "lines",
            &[("shop_id", Text), ("order_id", Text), ("item_id", Text), ("quantity", Int), ("created_at", Timestamp)],
            "The output `basket_lines` of `enrich-orders`.",
        )
        .may_lack(&["created_at"]),
        InputPort::optional(
            "orders",
            &[("shop_id", Text), ("currency", Text)],
            "The output `orders` of `ingest-shop`: the currency of each shop.",
        ),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "products",
                "A row an item, by shop and item. `price_cents` is the catalog's, else the mean of its lines. `exclusion` says why it \
                 is in no bundle: not_in_catalog, gift_card, no_price, inactive, out_of_stock. Slow and fast sellers are the first \
                 and the last quarter of what sold, by units. `hash_key` is its SKU, or its id where another item has that SKU.",
                PRODUCTS,
            ),
            OutputPort::new(
                "shops",
                "A row a shop: its orders, its items and those that can be in bundles, its currency, its size, what its bundles are \
                 made for, and the `problem` that leaves it without bundles.",
                SHOPS,
            ),
            OutputPort::new(
                "objectives",
                "A row a shop and objective: how many items can be built around, the discounts it allows, and whether it is \
                 chosen, or why not. Beside it what it promises: `score` is benefit times confidence, `score_place` its place among \
                 the two that promise most.",
                OBJECTIVES,
            ),
        ])
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let keys = ["shop_id", "variant_id"];
        let mut items = inputs.take("items")?.sort(keys, SortMultipleOptions::default()).collect()?;
        items.rechunk_mut();
        let lines = inputs.take("lines")?;
        let shops = rows_of_shops(&items)?;
        let mut counts = LineCounts::new(items.height(), shops.len());
        let orders = read_lines(lines.clone(), Wanted::default(), context)?.into_orders(1);
        counts.add_orders(&items, &shops, &orders)?;
        drop(orders);
        context.check_cancelled()?;
        counts.add_quantities(&items, &shops, lines.clone())?;
        let first_orders = shops::first_orders(lines)?;
        let judged = Judged::of(&items, &shops)?;
        let currencies = inputs.take_optional("orders").map_or_else(|| Ok(BTreeMap::new()), shops::currencies)?;
        let of_shops = Shops::of(&items, &shops, &counts, &judged, |shop| {
            let is_scored = context.flags.is_on(shop, SCORES);
            if is_scored { self.objectives.clone() } else { Some(vec![Objective::IncreaseAov]) }
        })?;
        Ok(Frames::new()
            .with("products", product_rows(&items, counts.of_items(), &judged)?)
            .with("shops", of_shops.frame(&items, &shops, &currencies, &first_orders)?)
            .with("objectives", of_shops.objectives(&shops)?))
    }
}
