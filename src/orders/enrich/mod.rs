//! `enrich-orders`: order lines linked with the shop's items, the lines that can be mined, and the items as they stand.

mod items;
mod metrics;
mod sales;
mod snapshots;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{items::Items, metrics::METRICS, sales::Sums, snapshots::SNAPSHOTS};
use super::{
    order_tables::ORDER_LINES,
    shop_tables::{CATALOG, INVENTORY, VARIANTS},
};
use crate::operator::{
    Column as PortColumn, ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema,
    StageContext, StageError, for_each_batch,
};

use ColumnKind::{Bool, Int, Text, Timestamp as Instant};

/// Enriches order lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnrichOrders {
    /// The instant that windows end at and ages are counted to, like "2025-01-01T00:00:00Z"; null for each shop's latest
    /// order.
    pub as_of: Option<String>,
    /// Whether `enriched_lines` is written; without it a large history takes half the time.
    pub enriched: bool,
}

impl Default for EnrichOrders {
    fn default() -> Self {
        Self { as_of: None, enriched: true }
    }
}

const ENRICHED: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("order_id", Text),
    ("line_item_id", Text),
    ("created_at", Instant),
    ("customer", Text),
    ("variant_id", Text),
    ("linked_by", Text),
    ("ambiguous", Bool),
    ("sku", Text),
    ("item_id", Text),
    ("inventory_item_id", Text),
    ("product_id", Text),
    ("product_title", Text),
    ("product_type", Text),
    ("vendor", Text),
    ("tags", Text),
    ("product_status", Text),
    ("product_created_at", Instant),
    ("product_published_at", Instant),
    ("variant_title", Text),
    ("price_cents", Int),
    ("compare_at_price_cents", Int),
    ("inventory_available", Int),
    ("location_count", Int),
    ("stock_available", Int),
    ("quantity", Int),
    ("unit_price_cents", Int),
    ("line_total_cents", Int),
    ("name", Text),
    ("category", Text),
    ("brand", Text),
    ("is_gift_card", Bool),
    ("is_cancelled", Bool),
];

/// The lines that can be mined; what the mining operators read.
const BASKET_LINES: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("order_id", Text),
    ("item_id", Text),
    ("created_at", Instant),
    ("quantity", Int),
    ("customer", Text),
];

const REJECTED: &[(&str, ColumnKind)] = &[
    ("shop_id", Text),
    ("order_id", Text),
    ("line_item_id", Text),
    ("item_id", Text),
    ("quantity", Int),
    ("reason", Text),
];

/// How many unresolved SKUs of a shop are shown, and of how many shops.
const SAMPLES: usize = 10;
const SAMPLED_SHOPS: usize = 10_000;

fn port(name: &'static str, required: bool, columns: &[(&str, ColumnKind)], about: &'static str) -> InputPort {
    let columns = columns.iter().map(|(name, kind)| PortColumn::new(name, *kind)).collect();
    InputPort { name, required, columns, about }
}

impl Operator for EnrichOrders {
    const NAME: &'static str = "enrich-orders";
    const SUMMARY: &'static str =
        "Links order lines with variants, catalog and inventory; gives the lines to mine and the items as they stand.";
    const VERSION: u32 = 1;

    fn inputs() -> Inputs {
        Inputs::Ports(vec![
            port("order_lines", true, ORDER_LINES, "Order lines of ingest-shop."),
            port("variants", false, VARIANTS, "Variants of ingest-shop."),
            port("inventory", false, INVENTORY, "Inventory levels of ingest-shop."),
            port("catalog", false, CATALOG, "The catalog of ingest-shop."),
        ])
    }

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "enriched_lines",
                "Every order line with its item: `linked_by` is variant_id, sku or null; `stock_available` is the \
                 catalog's total, else the sum of the locations, null where stock is not tracked.",
                ENRICHED,
            ),
            OutputPort::new(
                "basket_lines",
                "The lines to mine: items with a positive quantity, without cancelled orders, gift cards and fees. \
                 `item_id` is the linked variant, else the line's variant, else its SKU.",
                BASKET_LINES,
            ),
            OutputPort::new(
                "snapshots",
                "Every item as of an instant: stock, velocity in units a day, objectives.",
                SNAPSHOTS,
            ),
            OutputPort::new("metrics", "How far each shop's lines could be linked.", METRICS),
            OutputPort::new("rejected", "The lines that are not mined, and why.", REJECTED),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        match self.as_of.as_ref().map(|text| (text, text.parse::<Timestamp>())) {
            Some((text, Err(_))) => Err(ParamError {
                path: vec!["as_of".to_owned()],
                problem: format!("'{text}' is no instant"),
                mend: "write it like 2025-01-01T00:00:00Z".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let lines = inputs.take("order_lines")?;
        let mut small = |port: &str, columns: &[(&str, ColumnKind)]| match inputs.take_optional(port) {
            Some(frame) => Ok::<_, StageError>(frame),
            None => Ok(empty(columns)?.lazy()),
        };
        let items =
            Items::new(small("variants", VARIANTS)?, small("catalog", CATALOG)?, small("inventory", INVENTORY)?)?;
        let times = self.times(lines.clone(), &items)?;
        context.check_cancelled()?;
        let mut writer =
            Writer { enriched: self.enriched, context, sums: Sums::default(), samples: Samples::default() };
        for (port, columns) in [("enriched_lines", ENRICHED), ("basket_lines", BASKET_LINES), ("rejected", REJECTED)] {
            context.storage.write(port, empty(columns)?)?;
        }
        let linked = link(lines, &items, &times);
        for_each_batch(linked, StageError::from, |batch| writer.take(batch))?;
        let Writer { mut sums, samples, .. } = writer;
        Ok(Frames::new()
            .with("snapshots", snapshots::snapshots(&items, sums.items()?, &times)?)
            .with("metrics", metrics::metrics(&items, sums.shops()?, samples.finish(), &times)?))
    }
}

impl EnrichOrders {
    /// Each shop's first order and the instant it is judged at.
    fn times(&self, lines: LazyFrame, items: &Items) -> Result<DataFrame, StageError> {
        let orders = lines
            .group_by([col("shop_id")])
            .agg([col("created_at").min().alias("first_order_at"), col("created_at").max().alias("as_of")])
            .collect_with_engine(Engine::Streaming)?
            .unwrap_single();
        let shops = items.all.clone().lazy().select([col("shop_id")]).unique(None, UniqueKeepStrategy::Any);
        let key = || [col("shop_id")];
        let join = shops.join_builder().with(orders.lazy()).left_on(key()).right_on(key());
        let all = join.how(JoinType::Full).coalesce(JoinCoalesce::CoalesceColumns).finish();
        let given = self.as_of.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
        let instant = DataType::Datetime(TimeUnit::Microseconds, None);
        let all = match given {
            Some(given) => all.with_column(lit(given.as_microsecond()).cast(instant).alias("as_of")),
            None => all,
        };
        Ok(all.collect()?)
    }
}

/// A table without rows.
fn empty(columns: &[(&str, ColumnKind)]) -> Result<DataFrame, StageError> {
    super::table::Table::new(columns, 0).finish()
}

/// Sums by shop of no lines at all.
fn no_lines() -> Result<DataFrame, StageError> {
    let columns: Vec<(&str, ColumnKind)> = [("shop_id", Text)]
        .into_iter()
        .chain(
            [
                "total_order_lines",
                "resolved_variants",
                "linked_by_sku",
                "ambiguous",
                "unresolved",
                "missing_inventory",
                "enriched_lines",
                "basket_lines",
            ]
            .map(|name| (name, Int)),
        )
        .collect();
    empty(&columns)
}

fn left_join(left: LazyFrame, right: LazyFrame, left_on: &[&str], right_on: &[&str]) -> LazyFrame {
    left.join_builder()
        .with(right)
        .left_on(left_on.iter().map(|name| col(*name)).collect::<Vec<_>>())
        .right_on(right_on.iter().map(|name| col(*name)).collect::<Vec<_>>())
        .how(JoinType::Left)
        .coalesce(JoinCoalesce::CoalesceColumns)
        .maintain_order(MaintainOrderJoin::Left)
        .finish()
}

/// Lines with their item: by variant id, else by SKU; of several variants of a SKU the one of the line's product, else that
/// with the smallest number.
fn link(lines: LazyFrame, items: &Items, times: &DataFrame) -> LazyFrame {
    let own = |name: &str| col(name).alias(format!("line_{name}"));
    let is_real = col("sku").str().starts_with(lit("no-sku-")).not().and(col("sku").neq(lit("")));
    let lines = lines.select([
        col("shop_id"),
        col("order_id"),
        col("line_item_id"),
        col("created_at"),
        col("customer"),
        own("variant_id"),
        own("product_id"),
        own("sku"),
        when(is_real).then(col("sku")).otherwise(lit(NULL)).alias("real_sku"),
        own("product_title"),
        own("variant_title"),
        col("quantity"),
        col("unit_price_cents"),
        col("line_total_cents"),
        col("name"),
        col("category"),
        col("brand"),
        own("is_gift_card"),
        col("is_product"),
        col("is_cancelled"),
    ]);
    let known = items.variants.clone().lazy().select([col("shop_id"), col("variant_id"), lit(true).alias("is_known")]);
    let by_id = left_join(lines, known, &["shop_id", "line_variant_id"], &["shop_id", "variant_id"]);
    let looked_up = when(col("is_known").is_null()).then(col("real_sku")).otherwise(lit(NULL));
    let by_id = by_id.with_column(looked_up.alias("wanted_sku"));
    let by_sku = left_join(by_id, items.by_sku.clone().lazy(), &["shop_id", "wanted_sku"], &["shop_id", "sku"]);
    let by_product = left_join(
        by_sku,
        items.by_sku_and_product.clone().lazy(),
        &["shop_id", "wanted_sku", "line_product_id"],
        &["shop_id", "sku", "product_id"],
    );
    let linked = by_product.with_columns([
        when(col("is_known").is_not_null())
            .then(col("line_variant_id"))
            .otherwise(coalesce(&[col("product_variant"), col("sku_variant")]))
            .alias("linked"),
        when(col("is_known").is_not_null())
            .then(lit("variant_id"))
            .when(col("sku_variant").is_not_null())
            .then(lit("sku"))
            .otherwise(lit(NULL))
            .alias("linked_by"),
        col("sku_is_shared").fill_null(false).alias("ambiguous"),
    ]);
    let with_item =
        left_join(linked, items.variants.clone().lazy(), &["shop_id", "linked"], &["shop_id", "variant_id"]);
    left_join(with_item, times.clone().lazy(), &["shop_id"], &["shop_id"]).with_columns(meaning()).with_column(reason())
}

/// What a line and its item say together.
fn meaning() -> Vec<Expr> {
    vec![
        coalesce(&[col("linked"), col("line_variant_id"), col("real_sku")]).alias("item_id"),
        coalesce(&[col("linked"), col("line_variant_id")]).alias("variant_id"),
        coalesce(&[col("real_sku"), col("sku"), col("line_sku")]).alias("sku"),
        coalesce(&[col("product_id"), col("line_product_id")]).alias("product_id"),
        coalesce(&[col("product_title"), col("line_product_title")]).alias("product_title"),
        coalesce(&[col("variant_title"), col("line_variant_title")]).alias("variant_title"),
        col("available_total").alias("stock_available"),
        col("line_is_gift_card").or(col("is_gift_card").fill_null(false)).alias("is_gift_card"),
    ]
}

/// Why a line is not mined; null for those that are.
fn reason() -> Expr {
    when(col("is_cancelled"))
        .then(lit("cancelled"))
        .when(col("is_product").not())
        .then(lit("not_product"))
        .when(col("is_gift_card"))
        .then(lit("gift_card"))
        .when(col("quantity").lt_eq(lit(0)))
        .then(lit("not_positive"))
        .when(col("item_id").is_null())
        .then(lit("missing_item_id"))
        .otherwise(lit(NULL))
        .cast(DataType::String)
        .alias("reason")
}

/// Takes enriched lines batch by batch.
struct Writer<'a> {
    enriched: bool,
    context: &'a StageContext,
    sums: Sums,
    samples: Samples,
}

impl Writer<'_> {
    fn take(&mut self, batch: DataFrame) -> Result<(), StageError> {
        self.context.check_cancelled()?;
        self.context.progress.advance(batch.height() as u64);
        self.sums.add(&batch)?;
        self.samples.add(&batch)?;
        let names = |columns: &[(&'static str, ColumnKind)]| columns.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        if self.enriched {
            self.context.storage.write("enriched_lines", batch.select(names(ENRICHED))?)?;
        }
        let is_mined = batch.column("reason")?.is_null();
        let baskets = batch.select(names(BASKET_LINES))?.filter(&is_mined)?;
        self.context.storage.write("basket_lines", baskets)?;
        if !is_mined.all() {
            let rejected = batch.select(names(REJECTED))?.filter(&!is_mined)?;
            self.context.storage.write("rejected", rejected)?;
        }
        Ok(())
    }
}

/// The first SKUs of each shop that belong to no variant.
#[derive(Default)]
struct Samples(BTreeMap<String, (Vec<String>, BTreeSet<String>)>);

impl Samples {
    fn add(&mut self, batch: &DataFrame) -> Result<(), StageError> {
        if batch.column("linked_by")?.null_count() == 0 {
            return Ok(());
        }
        let text = |name: &str| batch.column(name).and_then(|column| column.str().cloned());
        let (linked, shops, skus) = (text("linked_by")?, text("shop_id")?, text("sku")?);
        for ((linked, shop), sku) in linked.iter().zip(shops.iter()).zip(skus.iter()) {
            let (None, Some(shop), Some(sku)) = (linked, shop, sku) else { continue };
            if self.0.len() >= SAMPLED_SHOPS && !self.0.contains_key(shop) {
                continue;
            }
            if !self.0.contains_key(shop) {
                self.0.insert(shop.to_owned(), <(Vec<String>, BTreeSet<String>)>::default());
            }
            let Some((list, seen)) = self.0.get_mut(shop) else { continue };
            if list.len() < SAMPLES && !seen.contains(sku) {
                seen.insert(sku.to_owned());
                list.push(sku.to_owned());
            }
        }
        Ok(())
    }

    /// The SKUs of each shop as a JSON array.
    fn finish(self) -> Vec<(String, String)> {
        self.0.into_iter().map(|(shop, (list, _))| (shop, serde_json::Value::from(list).to_string())).collect()
    }
}
