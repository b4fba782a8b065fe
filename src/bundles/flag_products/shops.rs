//! What each shop has, and what its bundles are made for.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;

use super::{
    super::{
        items::{ItemFacts, ItemFlags},
        list_column::texts_column,
        money::Cents,
        objective::Objective,
        products::{OUT_OF_STOCK, ShopRows},
    },
    counts::LineCounts,
    judged::Judged,
    scores::{Promise, Signals, places, promises},
};
use crate::{
    mining::rounded,
    operator::{ColumnKind, Columns, StageError},
};

use ColumnKind::{Bool, Float, Int, Text, Texts, Timestamp};

/// The columns of `shops`.
pub const SHOPS: Columns = &[
    ("shop_id", Text),
    ("as_of", Timestamp),
    ("days", Float),
    ("currency", Text),
    ("orders", Int),
    ("multi_item_orders", Int),
    ("order_lines", Int),
    ("items", Int),
    ("bundle_items", Int),
    ("seasonal_items", Int),
    ("profile", Text),
    ("objectives", Texts),
    ("problem", Text),
];

/// The columns of `objectives`.
pub const OBJECTIVES: Columns = &[
    ("shop_id", Text),
    ("objective", Text),
    ("priority", Float),
    ("anchors", Int),
    ("least_discount_pct", Float),
    ("most_discount_pct", Float),
    ("is_chosen", Bool),
    ("why", Text),
    ("benefit", Float),
    ("confidence", Float),
    ("score", Float),
    ("score_place", Int),
];

/// Microseconds of a day.
const DAY: f64 = 86_400e6;

/// The currency of shops that name none.
const DEFAULT_CURRENCY: &str = "USD";

/// What was found of each shop.
pub struct Shops {
    found: Vec<Shop>,
}

struct Shop {
    orders: i64,
    multi_item_orders: i64,
    lines: i64,
    items: i64,
    /// Those that can be in bundles.
    usable: i64,
    /// Of these, the seasonal ones in stock.
    seasonal: i64,
    /// Items in stock or not counted that can be in bundles, by objective of [`Objective::ALL`].
    anchors: [i64; Objective::ALL.len()],
    chosen: Vec<Objective>,
    /// By objective of [`Objective::ALL`].
    promises: [Promise; Objective::ALL.len()],
    problem: Option<String>,
}

impl Shops {
    /// Looks at all shops; `given` says which objectives one has, if they do not follow from its orders.
    ///
    /// # Errors
    /// When the items lack a column.
    pub fn of(
        items: &DataFrame,
        shops: &[ShopRows],
        counts: &LineCounts,
        judged: &Judged,
        given: impl Fn(Option<&str>) -> Option<Vec<Objective>>,
    ) -> Result<Self, StageError> {
        let truth = |name: &str| items.column(name).and_then(|column| column.bool());
        let (slow, margin, new, seasonal) =
            (truth("is_slow_mover")?, truth("is_high_margin")?, truth("is_new_launch")?, truth("is_seasonal")?);
        let stock = items.column("available_total")?.i64()?;
        let earning = Earning::of(items, judged)?;
        let look = |(shop, counts): (&ShopRows, &super::counts::ShopCounts)| {
            let mut found = Shop {
                orders: counts.orders,
                multi_item_orders: counts.multi_item_orders,
                lines: counts.lines,
                items: shop.rows.len() as i64,
                usable: 0,
                seasonal: 0,
                anchors: [0; Objective::ALL.len()],
                chosen: Vec::new(),
                promises: [Promise::default(); Objective::ALL.len()],
                problem: None,
            };
            for row in shop.rows.clone().filter(|row| judged.exclusions[*row].is_none()) {
                let is = |column: &BooleanChunked| column.get(row) == Some(true);
                let flags = ItemFlags {
                    is_slow_mover: is(slow),
                    is_high_margin: is(margin),
                    is_new_launch: is(new),
                    is_seasonal: is(seasonal),
                };
                let fact = ItemFacts {
                    product: 0,
                    price: Cents(judged.prices[row]),
                    compare_at: None,
                    cost: None,
                    stock: stock.get(row),
                    velocity: 0.0,
                    category: None,
                    is_offered: true,
                    flags,
                };
                found.usable += 1;
                found.seasonal += i64::from(flags.is_seasonal);
                for (anchors, objective) in found.anchors.iter_mut().zip(Objective::ALL) {
                    *anchors += i64::from(objective.anchors_at(&fact));
                }
            }
            let (orders, seasonal) = (found.multi_item_orders.unsigned_abs(), found.seasonal.unsigned_abs());
            found.chosen = given(shop.shop.as_deref()).unwrap_or_else(|| Objective::of_shop(orders, seasonal));
            found.chosen.sort_unstable();
            found.chosen.dedup();
            found.promises = promises(&earning.signals(shop, counts));
            found.problem = found.problem(&judged.exclusions[shop.rows.clone()]);
            found
        };
        Ok(Self { found: shops.iter().zip(counts.of_shops()).map(look).collect() })
    }

    /// A row a shop.
    ///
    /// # Errors
    /// When the frame cannot be made.
    pub fn frame(
        &self,
        items: &DataFrame,
        shops: &[ShopRows],
        currencies: &BTreeMap<Option<String>, String>,
        first_orders: &BTreeMap<Option<String>, i64>,
    ) -> Result<DataFrame, StageError> {
        let numbers = |of: fn(&Shop) -> i64| self.found.iter().map(of).collect::<Vec<_>>();
        let firsts: IdxCa = shops.iter().map(|shop| Some(shop.rows.start as IdxSize)).collect();
        let as_of = items.column("as_of")?.take(&firsts)?;
        let until = as_of.cast(&DataType::Int64)?;
        let days = shops.iter().zip(until.i64()?.iter()).map(|(shop, until)| {
            let from = first_orders.get(&shop.shop)?;
            Some(rounded((until? - from).max(0) as f64 / DAY))
        });
        let currency = |shop: &ShopRows| currencies.get(&shop.shop).map_or(DEFAULT_CURRENCY, String::as_str);
        let objectives = self.found.iter().map(|shop| shop.chosen.iter().map(|objective| objective.name()));
        let mut frame = df!(
            "shop_id" => shops.iter().map(|shop| shop.shop.as_deref()).collect::<Vec<_>>(),
            "as_of" => as_of.as_materialized_series(),
            "days" => days.collect::<Vec<_>>(),
            "currency" => shops.iter().map(currency).collect::<Vec<_>>(),
            "orders" => numbers(|shop| shop.orders),
            "multi_item_orders" => numbers(|shop| shop.multi_item_orders),
            "order_lines" => numbers(|shop| shop.lines),
            "items" => numbers(|shop| shop.items),
            "bundle_items" => numbers(|shop| shop.usable),
            "seasonal_items" => numbers(|shop| shop.seasonal),
            "profile" => self.found.iter().map(Shop::profile).collect::<Vec<_>>(),
        )?;
        frame.with_column(texts_column("objectives", objectives))?;
        let problems: Vec<Option<&str>> = self.found.iter().map(|shop| shop.problem.as_deref()).collect();
        frame.with_column(Column::new("problem".into(), problems))?;
        Ok(frame)
    }

    /// A row a shop and objective.
    ///
    /// # Errors
    /// When the frame cannot be made.
    pub fn objectives(&self, shops: &[ShopRows]) -> Result<DataFrame, StageError> {
        let rows = || {
            shops.iter().zip(&self.found).flat_map(|(shop, found)| {
                Objective::ALL.into_iter().zip(found.anchors).map(move |(objective, anchors)| {
                    (shop.shop.as_deref(), objective, anchors, found.chosen.contains(&objective))
                })
            })
        };
        let why = |objective: Objective, anchors: i64, is_chosen: bool| match (is_chosen, objective) {
            (true, Objective::IncreaseAov) => None,
            (true, _) if anchors == 0 => Some("nothing to build around"),
            (true, _) => None,
            (false, Objective::SeasonalPromo) => Some("fewer than two seasonal products in stock"),
            (false, Objective::ClearSlowMovers | Objective::MarginGuard | Objective::NewLaunch) => {
                Some("too few orders of two items")
            }
            (false, _) => Some("only when it is asked for"),
        };
        let promised = || self.found.iter().flat_map(|found| found.promises);
        let figures = |of: fn(Promise) -> f64| promised().map(|promise| rounded(of(promise))).collect::<Vec<_>>();
        let places: Vec<Option<i64>> = self.found.iter().flat_map(|found| places(&found.promises)).collect();
        Ok(df!(
            "shop_id" => rows().map(|(shop, ..)| shop).collect::<Vec<_>>(),
            "objective" => rows().map(|(_, objective, ..)| objective.name()).collect::<Vec<_>>(),
            "priority" => rows().map(|(_, objective, ..)| objective.priority()).collect::<Vec<_>>(),
            "anchors" => rows().map(|(_, _, anchors, _)| anchors).collect::<Vec<_>>(),
            "least_discount_pct" => rows().map(|(_, objective, ..)| objective.caps().least.value()).collect::<Vec<_>>(),
            "most_discount_pct" => rows().map(|(_, objective, ..)| objective.caps().most.value()).collect::<Vec<_>>(),
            "is_chosen" => rows().map(|(.., is_chosen)| is_chosen).collect::<Vec<_>>(),
            "why" => rows().map(|(_, objective, anchors, is_chosen)| why(objective, anchors, is_chosen)).collect::<Vec<_>>(),
            "benefit" => figures(|promise| promise.benefit),
            "confidence" => figures(|promise| promise.confidence),
            "score" => figures(Promise::score),
            "score_place" => places,
        )?)
    }
}

/// What items earn and how they sell, by row.
struct Earning<'a> {
    prices: &'a [i64],
    costs: &'a Int64Chunked,
    units: &'a Int64Chunked,
    categories: &'a StringChunked,
    flags: [&'a BooleanChunked; 3],
}

impl<'a> Earning<'a> {
    fn of(items: &'a DataFrame, judged: &'a Judged) -> PolarsResult<Self> {
        let truth = |name: &str| items.column(name)?.bool();
        Ok(Self {
            prices: &judged.prices,
            costs: items.column("unit_cost_cents")?.i64()?,
            units: items.column("units")?.i64()?,
            categories: items.column("product_type")?.str()?,
            flags: [truth("is_high_margin")?, truth("is_slow_mover")?, truth("is_new_launch")?],
        })
    }

    /// What the scores of a shop's objectives are made of.
    fn signals(&self, shop: &ShopRows, counts: &super::counts::ShopCounts) -> Signals {
        let rows = || shop.rows.clone();
        let margin = |row: usize| {
            let (price, cost) = (*self.prices.get(row)?, self.costs.get(row)?);
            (price > 0).then(|| (price - cost) as f64 / price as f64)
        };
        let flagged = |place: usize| rows().filter(|row| self.flags[place].get(*row) == Some(true)).count();
        let categories: BTreeSet<&str> = rows().filter_map(|row| self.categories.get(row)).collect();
        Signals {
            products: shop.rows.len(),
            margins: rows().filter_map(margin).collect(),
            high_margin: flagged(0),
            slow: flagged(1),
            new: flagged(2),
            categories: categories.len(),
            units: rows().filter_map(|row| self.units.get(row)).filter(|units| *units > 0).collect(),
            orders: counts.orders,
            items: counts.items,
            squares: counts.squares,
            multi_item_orders: counts.multi_item_orders,
        }
    }
}

impl Shop {
    /// How large a shop is for the run (section 5.2).
    fn profile(&self) -> &'static str {
        match (self.multi_item_orders, self.items) {
            (500.., _) | (_, 350..) => "large",
            (200.., _) | (_, 150..) => "medium",
            _ => "small",
        }
    }

    /// Why there can be no bundle at all: `exclusions` are those of its items.
    fn problem(&self, exclusions: &[Option<&'static str>]) -> Option<String> {
        if self.usable > 0 {
            return None;
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        exclusions.iter().flatten().for_each(|reason| *counts.entry(*reason).or_default() += 1);
        let most = counts.into_iter().max_by_key(|(reason, count)| (*count, std::cmp::Reverse(*reason)));
        Some(match most {
            Some((OUT_OF_STOCK, count)) if count == exclusions.len() => "all products are sold out".to_owned(),
            Some(("inactive", count)) if count == exclusions.len() => "all products are archived or drafts".to_owned(),
            Some(("no_price", count)) if count == exclusions.len() => "no product has a price".to_owned(),
            Some(("gift_card", count)) if count == exclusions.len() => "all products are gift cards".to_owned(),
            Some((reason, _)) => format!("no product can be in a bundle, most of all: {reason}"),
            None => "the shop has no products".to_owned(),
        })
    }
}

/// When each shop's first order was made, in microseconds.
///
/// # Errors
/// When the lines cannot be read.
pub fn first_orders(lines: LazyFrame) -> Result<BTreeMap<Option<String>, i64>, StageError> {
    let first = col("created_at").cast(DataType::Int64).min().alias("first");
    let found = lines.group_by([col("shop_id")]).agg([first]).collect_with_engine(Engine::Streaming)?.unwrap_single();
    let shops = found.column("shop_id")?.str()?.iter().map(|shop| shop.map(str::to_owned));
    let firsts = found.column("first")?.i64()?.iter();
    Ok(shops.zip(firsts).filter_map(|(shop, first)| Some((shop, first?))).collect())
}

/// The currency of most orders of each shop, ties by name.
///
/// # Errors
/// When the orders cannot be read.
pub fn currencies(orders: LazyFrame) -> Result<BTreeMap<Option<String>, String>, StageError> {
    let counted = orders
        .filter(col("currency").is_not_null())
        .group_by([col("shop_id"), col("currency")])
        .agg([len().cast(DataType::Int64).alias("orders")])
        .sort(
            ["shop_id", "orders", "currency"],
            SortMultipleOptions::default().with_order_descending_multi([false, false, true]),
        )
        .collect_with_engine(Engine::Streaming)?
        .unwrap_single();
    let shops = counted.column("shop_id")?.str()?.iter().map(|shop| shop.map(str::to_owned));
    let currencies = counted.column("currency")?.str()?.iter().map(|currency| currency.unwrap_or_default().to_owned());
    // The last of a shop, which has most orders, stays.
    Ok(shops.zip(currencies).collect())
}
