//! Order lines batch by batch, and the cells of a line that decide what becomes of it.

use polars::prelude::*;

use super::links::{Link, Wanted};
use crate::operator::{StageError, for_each_batch};
use crate::orders::recognising::left_out::LeftOut;

/// What a line's judgement takes from its item.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traits {
    /// The price to compare with, else the price; cents.
    pub list_cents: Option<i64>,
    /// The price to compare with; cents.
    pub compare_at_cents: Option<i64>,
    /// Whether there are inventory levels of it.
    pub has_levels: bool,
    /// Whether the catalog has it.
    pub in_catalog: bool,
    /// Whether it is a gift card.
    pub is_gift_card: bool,
}

/// What basket lines, sums and rejected lines need of the lines: without `enriched_lines` nothing else is read.
pub const NEEDED: [&str; 18] = [
    "shop_id",
    "order_id",
    "line_item_id",
    "variant_id",
    "product_id",
    "sku",
    "name",
    "variant_title",
    "quantity",
    "returned_quantity",
    "unit_price_cents",
    "unit_cost_cents",
    "created_at",
    "customer",
    "is_gift_card",
    "is_product",
    "is_cancelled",
    "left_out",
];

/// The name of a line that has none.
const UNNAMED: &str = "unspecified";

/// A placeholder for a SKU begins so.
pub const NO_SKU: &str = "no-sku-";

/// Lines that are read by one plan: a whole number of a checkpoint's row groups. What a plan has read of a file stays mapped, and
/// counts as memory, until the plan ends.
const PART_ROWS: u32 = 1 << 24;

/// All lines.
pub struct Lines {
    frame: LazyFrame,
    count: u64,
}

impl Lines {
    /// The lines of a frame that is read from a file, or is in memory.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub fn of(frame: LazyFrame) -> Result<Self, StageError> {
        let count = frame.clone().select([len().cast(DataType::Int64)]).collect_with_engine(Engine::Streaming)?;
        let count = count.unwrap_single().columns().first().and_then(|column| column.i64().ok()?.get(0));
        Ok(Self { frame, count: count.unwrap_or_default().unsigned_abs() })
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Hands these columns over in order.
    ///
    /// # Errors
    /// When they cannot be read; what `visit` returns.
    pub fn for_each_batch(
        &self,
        columns: Vec<Expr>,
        mut visit: impl FnMut(DataFrame) -> Result<(), StageError>,
    ) -> Result<(), StageError> {
        for start in (0..self.count as i64).step_by(PART_ROWS as usize) {
            let part = self.frame.clone().slice(start, PART_ROWS).select(columns.clone());
            for_each_batch(part, StageError::from, &mut visit)?;
        }
        Ok(())
    }
}

/// The columns, in one piece each.
pub struct LineColumns {
    variant: StringChunked,
    product: StringChunked,
    sku: StringChunked,
    name: StringChunked,
    variant_title: StringChunked,
    created_at: Int64Chunked,
    quantity: Int64Chunked,
    returned: Int64Chunked,
    unit_price: Int64Chunked,
    unit_cost: Int64Chunked,
    is_gift_card: BooleanChunked,
    is_product: BooleanChunked,
    is_cancelled: BooleanChunked,
    left_out: StringChunked,
}

/// A line.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub variant: Option<&'a str>,
    pub product: Option<&'a str>,
    pub sku: Option<&'a str>,
    /// What it calls its item, and the variant if the name does not say it.
    pub name: Option<&'a str>,
    pub variant_title: Option<&'a str>,
    /// Microseconds.
    pub created_at: Option<i64>,
    /// Without those that were given back.
    pub quantity: Option<i64>,
    /// Cents.
    pub unit_price: Option<i64>,
    /// Cents.
    pub unit_cost: Option<i64>,
    pub is_gift_card: bool,
    pub is_product: bool,
    /// Why it is not mined, by what its file says.
    pub left_out: Option<LeftOut>,
}

impl LineColumns {
    /// The columns of a batch.
    ///
    /// # Errors
    /// When one is not there or of another type.
    pub fn of(batch: &DataFrame) -> Result<Self, StageError> {
        let text = |name: &str| PolarsResult::Ok(batch.column(name)?.str()?.rechunk().into_owned());
        let int = |name: &str| PolarsResult::Ok(batch.column(name)?.i64()?.rechunk().into_owned());
        let truth = |name: &str| PolarsResult::Ok(batch.column(name)?.bool()?.rechunk().into_owned());
        Ok(Self {
            variant: text("variant_id")?,
            product: text("product_id")?,
            sku: text("sku")?,
            name: text("name")?,
            variant_title: text("variant_title")?,
            created_at: batch.column("created_at")?.cast(&DataType::Int64)?.i64()?.rechunk().into_owned(),
            quantity: int("quantity")?,
            returned: int("returned_quantity")?,
            unit_price: int("unit_price_cents")?,
            unit_cost: int("unit_cost_cents")?,
            is_gift_card: truth("is_gift_card")?,
            is_product: truth("is_product")?,
            is_cancelled: truth("is_cancelled")?,
            left_out: text("left_out")?,
        })
    }

    /// What is left of each line's quantity; `None` if nothing was given back.
    pub fn left_quantities(&self) -> Option<Int64Chunked> {
        let has_returns = self.returned.iter().any(|returned| returned.unwrap_or(0) != 0);
        has_returns.then(|| &self.quantity - &self.returned)
    }

    /// A line; what is in `kept` is left out for nothing.
    #[inline]
    pub fn line(&self, row: usize, kept: &[LeftOut]) -> Line<'_> {
        let by_file = self.left_out.get(row).and_then(LeftOut::named);
        let is_cancelled = || self.is_cancelled.get(row).unwrap_or(false).then_some(LeftOut::Cancelled);
        let left_out = by_file.or_else(is_cancelled).filter(|reason| !kept.contains(reason));
        let returned = if kept.contains(&LeftOut::Returned) { 0 } else { self.returned.get(row).unwrap_or(0) };
        Line {
            variant: self.variant.get(row),
            product: self.product.get(row),
            sku: self.sku.get(row),
            name: self.name.get(row).filter(|name| *name != UNNAMED),
            variant_title: self.variant_title.get(row),
            created_at: self.created_at.get(row),
            quantity: self.quantity.get(row).map(|quantity| quantity.saturating_sub(returned)),
            unit_price: self.unit_price.get(row),
            unit_cost: self.unit_cost.get(row),
            is_gift_card: self.is_gift_card.get(row).unwrap_or(false),
            is_product: self.is_product.get(row).unwrap_or(true),
            left_out,
        }
    }
}

impl<'a> Line<'a> {
    /// The SKU if it is one.
    #[inline]
    pub fn real_sku(&self) -> Option<&'a str> {
        self.sku.filter(|sku| !sku.is_empty() && !sku.starts_with(NO_SKU))
    }

    /// What the line says of its item.
    #[inline]
    pub fn wanted(&self, shop: u32) -> Wanted<'a> {
        let Self { variant, product, name, variant_title, .. } = *self;
        Wanted { shop, variant, sku: self.real_sku(), product, name, variant_title }
    }

    /// The linked variant, else the line's own, else its SKU, else its name.
    #[inline]
    pub fn item_id<'b>(&self, link: Option<Link<'b>>) -> Option<&'b str>
    where
        'a: 'b,
    {
        link.map(|link| link.variant).or(self.variant).or(self.real_sku()).or(self.name)
    }

    /// Why the line is not mined; `None` for those that are.
    #[inline]
    pub fn reason(&self, item_id: Option<&str>, traits: Option<&Traits>) -> Option<&'static str> {
        if let Some(reason) = self.left_out {
            Some(reason.code())
        } else if !self.is_product {
            Some("not_product")
        } else if self.is_gift_card || traits.is_some_and(|traits| traits.is_gift_card) {
            Some("gift_card")
        } else if self.quantity.is_some_and(|quantity| quantity <= 0) {
            Some("not_positive")
        } else if item_id.is_none() {
            Some("missing_item_id")
        } else {
            None
        }
    }
}
