//! `enrich-orders`: order lines linked with the shop's items, the lines that can be mined, and the items as they stand.

mod enriched;
mod index;
mod items;
mod lines;
mod links;
mod made;
mod metrics;
mod names;
mod sales;
mod samples;
mod shops;
mod snapshots;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    enriched::ENRICHED,
    items::Items,
    lines::{LineColumns, Lines, NEEDED, Traits},
    links::{Link, Links},
    made::MadeItems,
    metrics::METRICS,
    sales::{Judged, Sales},
    samples::Samples,
    shops::Shops,
    snapshots::SNAPSHOTS,
};
use crate::flags::{Flag, flag};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
};
use crate::orders::{
    recognising::left_out::LeftOut,
    tables::{
        order_tables::ORDER_LINES,
        shop_tables::{CATALOG, INVENTORY, VARIANTS},
    },
};

use ColumnKind::{Int, Text, Timestamp as Instant};

/// Enriches order lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnrichOrders {
    /// The instant that windows end at and ages are counted to, like "2025-01-01T00:00:00Z"; null or empty for each shop's
    /// latest order.
    pub as_of: Option<String>,
    /// Whether `enriched_lines` is written; without it a large history takes half the time.
    pub enriched: bool,
    /// Lines that are left out for these reasons are mined nonetheless: `["refunded", "returned"]`.
    pub keep: Vec<LeftOut>,
}

impl Default for EnrichOrders {
    fn default() -> Self {
        Self { as_of: None, enriched: true, keep: Vec::new() }
    }
}

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

impl Operator for EnrichOrders {
    const NAME: &'static str = "enrich-orders";
    const SUMMARY: &'static str =
        "Links order lines with variants, catalog and inventory; gives the lines to mine and the items as they stand.";
    const VERSION: u32 = 4;
    const SWITCH: Option<&'static Flag> = Some(flag("phase.data_mapping"));
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("order_lines", ORDER_LINES, "Order lines of ingest-shop.").may_lack(&[
            "weight_kg",
            "hist_views",
            "hist_adds",
        ]),
        InputPort::optional("variants", VARIANTS, "Variants of ingest-shop."),
        InputPort::optional("inventory", INVENTORY, "Inventory levels of ingest-shop."),
        InputPort::optional("catalog", CATALOG, "The catalog of ingest-shop."),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "enriched_lines",
                "Every order line with its item: `linked_by` is variant_id, sku, name or null; `stock_available` is the \
                 catalog's total, else the sum of the locations, null where stock is not tracked.",
                ENRICHED,
            ),
            OutputPort::new(
                "basket_lines",
                "The lines to mine: items with a positive quantity, without cancelled orders, returns, gift cards and fees. \
                 `item_id` is the linked variant, else the line's variant, else its SKU, else its name.",
                BASKET_LINES,
            ),
            OutputPort::new(
                "snapshots",
                "Every item as of an instant: stock, velocity in units a day, objectives. `unit_cost_cents` is the variant's, \
                 else that of the last order line that says it. Items that no variant is are made of their lines: \
                 `from_lines`, with the last name and price. Of the lines of 180 and of 90 days: their number, what they would have \
                 cost at the price to compare with, else at their own, and what was taken off that.",
                SNAPSHOTS,
            ),
            OutputPort::new("metrics", "How far each shop's lines could be linked.", METRICS),
            OutputPort::new("rejected", "The lines that are not mined, and why.", REJECTED),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        match self.as_of.as_ref().filter(|text| !text.is_empty()).map(|text| (text, text.parse::<Timestamp>())) {
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
        let mut shops = Shops::judged_at(self.given_as_of());
        let (variants, catalog, inventory) =
            (small("variants", VARIANTS)?, small("catalog", CATALOG)?, small("inventory", INVENTORY)?);
        let items = Items::new(variants, catalog, inventory, &mut shops)?;
        context.check_cancelled()?;
        let lines = Lines::of(lines)?;
        context.progress.total(lines.count());
        shops.read_times(&lines, &self.keep, context)?;
        for (port, columns) in [("enriched_lines", ENRICHED), ("basket_lines", BASKET_LINES), ("rejected", REJECTED)] {
            context.storage.write(port, empty(columns)?)?;
        }
        let (links, traits) = (items.links()?, items.traits()?);
        let sales = Sales::new(items.all.height(), shops.len());
        let table = self.enriched.then_some(&items.all);
        let made = MadeItems::after(items.all.height());
        let samples = Samples::default();
        let mut writer = Writer {
            context,
            table,
            links,
            traits: &traits,
            shops: &mut shops,
            sales,
            samples,
            made,
            kept: &self.keep,
        };
        let columns: Vec<&str> =
            if self.enriched { ORDER_LINES.iter().map(|(name, _)| *name).collect() } else { NEEDED.to_vec() };
        lines.for_each_batch(columns.into_iter().map(col).collect(), |batch| writer.take(&batch))?;
        let Writer { mut sales, samples, made, .. } = writer;
        sales.grow(items.all.height() + made.len());
        let of_shops = sales.shops(&shops)?;
        let items = items.with_made(&made, &shops)?;
        Ok(Frames::new()
            .with("snapshots", snapshots::snapshots(&items, sales.items(), &shops)?)
            .with("metrics", metrics::metrics(&items, of_shops, samples.finish(&shops), shops.frame()?)?))
    }
}

impl EnrichOrders {
    /// The instant given, in microseconds.
    fn given_as_of(&self) -> Option<i64> {
        let given = self.as_of.as_ref()?.parse::<Timestamp>().ok()?;
        Some(given.as_microsecond())
    }
}

/// A table without rows.
fn empty(columns: &[(&str, ColumnKind)]) -> Result<DataFrame, StageError> {
    crate::orders::tables::table::Table::new(columns, 0).finish()
}

/// Judges lines batch by batch. What it holds is of the size of the items and shops.
struct Writer<'a> {
    context: &'a StageContext,
    /// The table of items, where `enriched_lines` is written.
    table: Option<&'a DataFrame>,
    links: Links<'a>,
    traits: &'a [Traits],
    shops: &'a mut Shops,
    sales: Sales,
    samples: Samples,
    /// What lines sell that is no item of the tables.
    made: MadeItems,
    /// The reasons for which no line is left out.
    kept: &'a [LeftOut],
}

/// What judgement takes from an item that lines made.
const OF_LINES: &Traits =
    &Traits { list_cents: None, compare_at_cents: None, has_levels: false, in_catalog: false, is_gift_card: false };

impl Writer<'_> {
    fn take(&mut self, batch: &DataFrame) -> Result<(), StageError> {
        self.context.check_cancelled()?;
        let rows = batch.height();
        let shops = self.shops.numbers(batch.column("shop_id")?.str()?);
        let lines = LineColumns::of(batch)?;
        let mut links: Vec<Option<Link<'_>>> = Vec::with_capacity(rows);
        let mut reasons: Vec<Option<&'static str>> = Vec::with_capacity(rows);
        let mut item_ids = StringChunkedBuilder::new("item_id".into(), rows);
        for (row, shop) in shops.into_iter().enumerate() {
            let line = lines.line(row, self.kept);
            let wanted = line.wanted(shop);
            let link = self.links.find(wanted);
            let item = match link {
                Some(link) => Some(link.row),
                None => self.links.in_catalog(wanted),
            };
            let item = item.and_then(|row| Some((row, self.traits.get(row as usize)?)));
            let item_id = line.item_id(link);
            let reason = line.reason(item_id, item.map(|(_, traits)| traits));
            let item = match (item, item_id, reason) {
                (None, Some(id), None) => {
                    let row = self.made.note(shop, id, &line);
                    self.sales.grow(row as usize + 1);
                    Some((row, OF_LINES))
                }
                _ => item,
            };
            let judged = Judged { shop, line, link, item, is_mined: reason.is_none() };
            self.sales.add(&judged, self.shops.as_of(shop));
            if let (None, Some(sku)) = (link, line.sku) {
                self.samples.add(shop, sku);
            }
            item_ids.append_option(item_id);
            links.push(link);
            reasons.push(reason);
        }
        let item_ids = item_ids.finish().into_column();
        if let Some(table) = self.table {
            let wide = enriched::enriched(batch, item_ids.clone(), &links, table)?;
            self.context.storage.write("enriched_lines", wide)?;
        }
        let mut written = batch.hstack(&[item_ids])?;
        if let Some(left) = lines.left_quantities().filter(|_| !self.kept.contains(&LeftOut::Returned)) {
            written.with_column(left.with_name("quantity".into()).into_column())?;
        }
        self.write(&written, &reasons)?;
        self.context.progress.advance(rows as u64);
        Ok(())
    }

    /// Writes the lines that are mined, and those that are not with the reason.
    fn write(&self, lines: &DataFrame, reasons: &[Option<&'static str>]) -> Result<(), StageError> {
        let names = |columns: &[(&'static str, ColumnKind)]| columns.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let baskets = lines.select(names(BASKET_LINES))?;
        if reasons.iter().all(Option::is_none) {
            return self.context.storage.write("basket_lines", baskets);
        }
        let is_mined: BooleanChunked = reasons.iter().map(|reason| Some(reason.is_none())).collect();
        self.context.storage.write("basket_lines", baskets.filter(&is_mined)?)?;
        let reasons: StringChunked = reasons.iter().copied().collect();
        let lines = lines.hstack(&[reasons.with_name("reason".into()).into_column()])?;
        self.context.storage.write("rejected", lines.select(names(REJECTED))?.filter(&!is_mined)?)
    }
}
