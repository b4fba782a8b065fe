//! `mine-itemsets`: what is often bought together, for every shop with its own support.

use std::collections::BTreeMap;

use polars::prelude::*;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    baskets::{Baskets, count_of_share},
    decimal::rounded,
    itemsets::{Itemsets, Limits, Search, Stopped, Target},
    orders::{self, OrderLines, REJECTED, ShopOrders},
};
use crate::operator::{
    ColumnKind, Frames, Inputs, Operator, OutputPort, ParamError, PortSchema, Silent, StageContext, StageError,
};

/// Mines itemsets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MineItemsets {
    /// The share of a shop's orders that must hold a set. From 0 to 1.
    pub support: f64,
    /// The number of orders that must hold a set, whatever the share. At least 1, which in a shop of few orders makes every set of
    /// items of any order frequent.
    pub min_count: u32,
    /// An order with fewer different items does not count, neither for a set nor for the share.
    pub min_items: usize,
    /// The most items of a set; null for no limit.
    pub max_size: Option<usize>,
    /// Which sets.
    pub target: Target,
    /// An order of more different items is left out, and `shops` counts it; null for no limit. Some dozens of very long orders
    /// have more sets in common than all others.
    pub max_basket: Option<usize>,
    /// The most sets of a shop; with more the stage fails and says what to change. At least 1.
    pub max_sets: u64,
}

impl Default for MineItemsets {
    fn default() -> Self {
        Self {
            support: 0.02,
            min_count: 1,
            min_items: 2,
            max_size: Some(3),
            target: Target::All,
            max_basket: Some(500),
            max_sets: 10_000_000,
        }
    }
}

/// The columns of `itemsets`.
const ITEMSETS: [(&str, ColumnKind); 5] = [
    ("shop_id", ColumnKind::Text),
    ("items", ColumnKind::Text),
    ("size", ColumnKind::Int),
    ("support_count", ColumnKind::Int),
    ("support", ColumnKind::Float),
];

/// The columns of `shops`.
const SHOPS: [(&str, ColumnKind); 5] = [
    ("shop_id", ColumnKind::Text),
    ("orders", ColumnKind::Int),
    ("all_orders", ColumnKind::Int),
    ("items", ColumnKind::Int),
    ("long_orders", ColumnKind::Int),
];

/// Shops that are mined side by side.
const SHOPS_AT_ONCE: usize = 256;

impl Operator for MineItemsets {
    const NAME: &'static str = "mine-itemsets";
    const SUMMARY: &'static str =
        "Finds the items that are often bought together, for every shop with its own support.";
    const VERSION: u32 = 3;
    const INPUTS: Inputs = Inputs::Ports(&[orders::LINES_PORT]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "itemsets",
                "The sets, a JSON array of the items' texts in order each, by shop, falling count, size and items.",
                &ITEMSETS,
            ),
            OutputPort::new(
                "shops",
                "A row a shop: the orders of at least `min_items` different items, of which `support` is a share, all \
                 orders, the items of all, and the orders that were longer than `max_basket`.",
                &SHOPS,
            ),
            OutputPort::new("rejected", "Lines without an order or without an item.", &REJECTED),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("support", self.support, 0.0, 1.0)?;
        ParamError::unless_between("max_sets", self.max_sets as f64, 1.0, 1e12)?;
        ParamError::unless_between("min_count", f64::from(self.min_count), 1.0, f64::from(u32::MAX))
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let lines = inputs.take("lines")?;
        let rejected = orders::rejected_lines(lines.clone());
        let mut shops = orders::read_lines(lines, false, context)?.into_orders(self.min_items);
        let most = self.max_basket.unwrap_or(usize::MAX);
        let long: Vec<usize> = shops.par_iter_mut().map(|shop| shop.leave_out_longer(most)).collect();
        let mut rows = SetRows::default();
        for some in shops.chunks(SHOPS_AT_ONCE) {
            context.check_cancelled()?;
            let found: Vec<Itemsets> =
                some.par_iter().map(|shop| self.sets_of(shop, context)).collect::<Result<_, _>>()?;
            for (shop, mut sets) in some.iter().zip(found) {
                sort_within_sets(&mut sets);
                rows.add(shop.shop.as_deref(), |item| shop.name(item), shop.len(), &sets);
            }
        }
        Ok(Frames::new()
            .with("itemsets", rows.finish()?)
            .with("shops", shops_frame(&shops, &long)?)
            .with("rejected", rejected))
    }
}

impl MineItemsets {
    fn sets_of(&self, orders: &ShopOrders, context: &StageContext) -> Result<Itemsets, StageError> {
        let limits =
            Limits { max_sets: Some(self.max_sets), max_bytes: None, cancelled: Some(context.cancelled.as_ref()) };
        self.search(orders).list_within(orders.transactions(), limits).map_err(|stopped| match stopped {
            Stopped::Cancelled => StageError::Interrupted,
            Stopped::TooManySets(_) | Stopped::TooManyBytes(_) => StageError::Input {
                port: "lines".to_owned(),
                problem: format!(
                    "shop {} has more than {} itemsets",
                    orders.shop.as_deref().unwrap_or("-"),
                    self.max_sets
                ),
                mend:
                    "raise support or min_count, lower max_size or max_basket, ask for closed or maximal sets, or allow more with \
                       max_sets"
                        .to_owned(),
            },
        })
    }

    fn search(&self, orders: &ShopOrders) -> Search {
        let min_count = count_of_share(self.support, orders.len()).max(self.min_count);
        Search { target: self.target, min_count, max_size: self.max_size }
    }
}

/// Brings the items of each set into the order of their numbers.
fn sort_within_sets(sets: &mut Itemsets) {
    for ends in sets.offsets.windows(2) {
        if let [start, end] = ends
            && let Some(items) = sets.items.get_mut(*start as usize..*end as usize)
        {
            items.sort_unstable();
        }
    }
}

fn shops_frame(shops: &[ShopOrders], long: &[usize]) -> Result<DataFrame, StageError> {
    let numbers = |number: fn(&ShopOrders) -> usize| shops.iter().map(move |shop| number(shop) as i64);
    Ok(df!(
        "shop_id" => shops.iter().map(|shop| shop.shop.as_deref()).collect::<Vec<_>>(),
        "orders" => numbers(ShopOrders::len).collect::<Vec<_>>(),
        "all_orders" => numbers(|shop| shop.all_orders as usize).collect::<Vec<_>>(),
        "items" => numbers(ShopOrders::item_count).collect::<Vec<_>>(),
        "long_orders" => long.iter().map(|orders| *orders as i64).collect::<Vec<_>>(),
    )?)
}

/// One shop's transactions from rows of `transaction` and `item`, and how many rows were left out because they lack one.
///
/// # Errors
/// When the rows cannot be read, or are too many.
pub fn read_baskets(lines: LazyFrame) -> Result<(Baskets, usize), StageError> {
    let named = [lit(NULL).alias("shop_id"), col("transaction").alias("order_id"), col("item").alias("item_id")];
    let lines = lines.select(named).collect_with_engine(Engine::Streaming)?.unwrap_single();
    let mut read = OrderLines::default();
    orders::add_lines(lines.clone().lazy(), false, &mut read, &Silent, || Ok(()))?;
    let left_out = lines.height() - read.len();
    Ok((read.into_orders(1).pop().map_or_else(Baskets::default, Baskets::from), left_out))
}

/// Itemsets as the rows of the output `itemsets`. The items of a set are in the order in which they are written.
///
/// # Errors
/// When the frame cannot be made.
pub fn sets_frame(shop: Option<&str>, baskets: &Baskets, sets: &Itemsets) -> Result<DataFrame, StageError> {
    let mut rows = SetRows::default();
    rows.add(shop, |item| baskets.name(item), baskets.len(), sets);
    rows.finish()
}

/// Rows of the output `itemsets`.
#[derive(Default)]
struct SetRows {
    shops: Vec<(Option<String>, usize)>,
    items: Vec<String>,
    sizes: Vec<i64>,
    counts: Vec<i64>,
    supports: Vec<f64>,
}

impl SetRows {
    /// Adds the sets of a shop of so many orders, by falling count, size and items.
    fn add<'a>(&mut self, shop: Option<&str>, name: impl Fn(u32) -> &'a str, orders: usize, sets: &Itemsets) {
        let mut texts: Vec<Option<String>> = Vec::new();
        texts.resize(sets.items.iter().max().map_or(0, |item| *item as usize + 1), None);
        let mut rows: Vec<(String, usize, u32)> = Vec::with_capacity(sets.counts.len());
        for (items, count) in sets.iter() {
            let mut text = String::from("[");
            for (place, item) in items.iter().enumerate() {
                text.push_str(if place > 0 { "," } else { "" });
                let Some(known) = texts.get_mut(*item as usize) else { continue };
                text.push_str(known.get_or_insert_with(|| serde_json::Value::from(name(*item)).to_string()));
            }
            text.push(']');
            rows.push((text, items.len(), count));
        }
        rows.sort_unstable_by(|a, b| (b.2, a.1, &a.0).cmp(&(a.2, b.1, &b.0)));
        self.shops.push((shop.map(str::to_owned), rows.len()));
        for (items, size, count) in rows {
            self.items.push(items);
            self.sizes.push(size as i64);
            self.counts.push(i64::from(count));
            self.supports.push(rounded(f64::from(count) / orders as f64));
        }
    }

    fn finish(self) -> Result<DataFrame, StageError> {
        let shops = self.shops.iter().flat_map(|(shop, rows)| std::iter::repeat_n(shop.as_deref(), *rows));
        Ok(df!(
            "shop_id" => shops.collect::<Vec<_>>(),
            "items" => self.items,
            "size" => self.sizes,
            "support_count" => self.counts,
            "support" => self.supports,
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mining::testing::context;

    fn mine(operator: &MineItemsets, lines: DataFrame) -> [DataFrame; 3] {
        let mut frames = operator.run(Frames::new().with("lines", lines), &context()).unwrap();
        ["itemsets", "shops", "rejected"].map(|port| frames.take(port).unwrap().collect().unwrap())
    }

    #[test]
    fn each_shop_has_its_own_support_and_small_orders_do_not_count() {
        let lines = df!(
            "shop_id" => ["b", "b", "b", "b", "b", "a", "a", "a", "a"],
            "order_id" => [1_i64, 1, 2, 2, 3, 1, 1, 2, 2],
            "item_id" => ["y", "x", "x", "y", "x", "x", "z", "z", "z"],
        )
        .unwrap();
        let operator = MineItemsets { support: 0.5, min_count: 1, ..MineItemsets::default() };
        let [sets, shops, rejected] = mine(&operator, lines);
        let expected = df!(
            "shop_id" => ["a", "a", "a", "b", "b", "b"],
            "items" => ["[\"x\"]", "[\"z\"]", "[\"x\",\"z\"]", "[\"x\"]", "[\"y\"]", "[\"x\",\"y\"]"],
            "size" => [1_i64, 1, 2, 1, 1, 2],
            "support_count" => [1_i64, 1, 1, 2, 2, 2],
            "support" => [1.0; 6],
        )
        .unwrap();
        assert_eq!(sets, expected);
        let expected = df!(
            "shop_id" => ["a", "b"],
            "orders" => [1_i64, 2],
            "all_orders" => [2_i64, 3],
            "items" => [2_i64, 2],
            "long_orders" => [0_i64, 0],
        );
        assert_eq!(shops, expected.unwrap());
        assert_eq!(rejected.height(), 0);
    }

    /// Three orders of two items and one of twelve, all with `a` and `b`.
    fn one_long_order() -> DataFrame {
        let long: Vec<String> = ('a'..='l').map(String::from).collect();
        let orders: Vec<i64> = [1, 1, 2, 2, 3, 3].into_iter().chain(vec![4; long.len()]).collect();
        let items: Vec<String> = ["a", "b"].repeat(3).into_iter().map(str::to_owned).chain(long).collect();
        df!("shop_id" => vec!["s"; orders.len()], "order_id" => orders, "item_id" => items).unwrap()
    }

    #[test]
    fn by_default_one_order_of_fifty_is_enough_and_not_one_of_fifty_one() {
        let pairs = |orders: i64| {
            let numbers: Vec<i64> = (0..orders).flat_map(|order| [order, order]).collect();
            let items: Vec<String> = (0..orders).flat_map(|order| [format!("{order}"), "bag".to_owned()]).collect();
            let lines = df!("shop_id" => vec!["s"; numbers.len()], "order_id" => numbers, "item_id" => items).unwrap();
            let [sets, ..] = mine(&MineItemsets::default(), lines);
            sets.column("size").unwrap().i64().unwrap().iter().filter(|size| *size == Some(2)).count()
        };
        assert_eq!((pairs(50), pairs(51)), (50, 0), "100 · 1 ≥ 2 · 50");
        let [sets, ..] = mine(&MineItemsets { max_basket: None, ..MineItemsets::default() }, one_long_order());
        assert_eq!(sets.column("size").unwrap().i64().unwrap().max(), Some(3));
    }

    #[test]
    fn orders_longer_than_the_limit_are_left_out_and_counted() {
        let operator = MineItemsets {
            support: 0.0,
            min_count: 1,
            max_size: None,
            max_basket: Some(11),
            ..MineItemsets::default()
        };
        let [sets, shops, _] = mine(&operator, one_long_order());
        assert_eq!(sets.height(), 3);
        let number = |name: &str| shops.column(name).unwrap().i64().unwrap().get(0);
        assert_eq!(["orders", "all_orders", "long_orders"].map(number), [Some(3), Some(4), Some(1)]);
        let [sets, ..] = mine(&MineItemsets { max_basket: None, ..operator }, one_long_order());
        assert_eq!(sets.height(), (1 << 12) - 1);
    }

    #[test]
    fn more_sets_than_allowed_are_an_error_that_says_what_to_change() {
        let operator =
            MineItemsets { support: 0.0, min_count: 1, max_size: None, max_sets: 100, ..MineItemsets::default() };
        let ran = operator.run(Frames::new().with("lines", one_long_order()), &context());
        let problem = ran.map(drop).unwrap_err().to_string();
        assert!(
            problem.contains("more than 100 itemsets") && problem.contains("raise support or min_count"),
            "{problem}"
        );
    }

    #[test]
    fn lines_without_order_or_item_are_rejected_and_a_shop_may_be_missing() {
        let lines = df!(
            "shop_id" => [None::<&str>, None, None, None, None],
            "order_id" => [Some("t"), Some("t"), None, Some("t"), Some("")],
            "item_id" => [Some(7_i64), Some(8), Some(7), None, Some(9)],
        )
        .unwrap();
        let operator = MineItemsets { min_count: 1, target: Target::Maximal, ..MineItemsets::default() };
        let [sets, shops, rejected] = mine(&operator, lines);
        assert_eq!(sets.column("items").unwrap().str().unwrap().get(0), Some("[\"7\",\"8\"]"));
        assert_eq!((sets.height(), shops.height()), (1, 1));
        let reasons: Vec<_> = rejected.column("reason").unwrap().str().unwrap().iter().flatten().collect();
        assert_eq!(reasons, ["no order_id", "no item_id", "no order_id"]);
    }

    #[test]
    fn no_lines_are_no_sets() {
        let none = df!("shop_id" => [""; 0], "order_id" => [""; 0], "item_id" => [""; 0]).unwrap();
        let [sets, shops, rejected] = mine(&MineItemsets::default(), none);
        assert_eq!((sets.height(), shops.height(), rejected.height()), (0, 0, 0));
        assert_eq!(sets.column("shop_id").unwrap().dtype(), &DataType::String);
    }
}
