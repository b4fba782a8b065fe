//! `mine-itemsets`: what is often bought together, for every shop with its own support.

use std::collections::BTreeMap;

use polars::prelude::*;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    baskets::Baskets,
    chance::ChanceOrders,
    decimal::rounded,
    items::{self, Catalog, Level},
    itemsets::{Itemsets, Limits, Search, Stopped, Target},
    orders::{self, OrderLines, REJECTED, ShopOrders, StandingOrders, Wanted},
    support::{LeastCount, Support},
};
use crate::operator::{
    ColumnKind, Frames, Inputs, Operator, OutputPort, ParamError, PortSchema, Silent, StageContext, StageError,
};

/// Mines itemsets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MineItemsets {
    /// The share of a shop's orders that must hold a set, from 0 to 1; or "auto": chosen for each shop, the lowest count at which
    /// a pair can be told from luck, and at most 2 % of its orders.
    pub support: Support,
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
    /// The most sets of a shop. A shop of more is left out, and `shops` says so; if no other is left the stage fails and says what
    /// to change. At least 1.
    pub max_sets: u64,
    /// Whether variants are mined, or products, of which `items` says the variants.
    pub level: Level,
    /// How orders of one customer with the same items count; those of five or more are the same when they share four fifths.
    pub standing_orders: StandingOrders,
}

impl Default for MineItemsets {
    fn default() -> Self {
        Self {
            support: Support::Auto,
            min_count: 1,
            min_items: 2,
            max_size: Some(3),
            target: Target::All,
            max_basket: Some(500),
            max_sets: 10_000_000,
            level: Level::Variant,
            standing_orders: StandingOrders::Each,
        }
    }
}

/// The columns of `itemsets`.
const ITEMSETS: [(&str, ColumnKind); 5] = [
    ("shop_id", ColumnKind::Text),
    ("items", ColumnKind::Texts),
    ("size", ColumnKind::Int),
    ("support_count", ColumnKind::Int),
    ("support", ColumnKind::Float),
];

/// The column that closed and maximal sets have beside [`ITEMSETS`]: the word for what they are.
pub const CONDENSED: (&str, ColumnKind) = ("target", ColumnKind::Text);

/// The columns of `shops`.
pub const SHOPS: [(&str, ColumnKind); 11] = [
    ("shop_id", ColumnKind::Text),
    ("orders", ColumnKind::Int),
    ("all_orders", ColumnKind::Int),
    ("items", ColumnKind::Int),
    ("long_orders", ColumnKind::Int),
    ("copied_orders", ColumnKind::Int),
    ("min_count", ColumnKind::Int),
    ("usual_count", ColumnKind::Int),
    ("chance_orders", ColumnKind::Int),
    ("chance_orders_of_three", ColumnKind::Int),
    ("problem", ColumnKind::Text),
];

/// Shops that are mined side by side.
const SHOPS_AT_ONCE: usize = 256;

impl Operator for MineItemsets {
    const NAME: &'static str = "mine-itemsets";
    const SUMMARY: &'static str =
        "Finds the items that are often bought together, for every shop with its own support.";
    const VERSION: u32 = 5;
    const INPUTS: Inputs = Inputs::Ports(&[
        orders::LINES_PORT,
        items::items_port(
            "The output `snapshots` of `enrich-orders`: of which product each variant is, for `level = \"product\"`.",
        ),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        let condensed = (self.target != Target::All).then_some(CONDENSED);
        let itemsets: Vec<(&str, ColumnKind)> = ITEMSETS.into_iter().chain(condensed).collect();
        Ok(vec![
            OutputPort::new(
                "itemsets",
                "The sets, each a list of its items in order, by shop, falling count, size and items; closed and maximal ones say \
                 so in a column `target`.",
                &itemsets,
            ),
            OutputPort::new(
                "shops",
                "A row a shop: the orders of at least `min_items` different items, of which `support` is a share, all \
                 orders, the items of all, the orders left out because they were longer than `max_basket` or copies of a standing \
                 order; the orders that must hold a set, and, where the support was chosen, those that 2 % are. Chance brings items \
                 together as often as among `chance_orders` orders that are all alike. A `problem` says why a shop has no sets.",
                &SHOPS,
            ),
            OutputPort::new("rejected", "Lines without an order or without an item.", &REJECTED),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        self.support.check()?;
        ParamError::unless_between("max_sets", self.max_sets as f64, 1.0, 1e12)?;
        ParamError::unless_between("min_count", f64::from(self.min_count), 1.0, f64::from(u32::MAX))
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let lines = inputs.take("lines")?;
        let rejected = orders::rejected_lines(lines.clone());
        let catalog = Catalog::read(inputs.take_optional("items").filter(|_| self.level == Level::Product))?;
        let wanted = Wanted { times: false, customers: self.standing_orders == StandingOrders::Once };
        let mut shops = orders::read_lines(lines, wanted, context)?.into_orders(self.min_items);
        let left_out: Vec<LeftOut> = shops.par_iter_mut().map(|shop| self.prepare(shop, &catalog)).collect();
        let mut rows = SetRows::default();
        let mut rows_of_shops = ShopRows::default();
        for (some, left_out) in shops.chunks(SHOPS_AT_ONCE).zip(left_out.chunks(SHOPS_AT_ONCE)) {
            context.check_cancelled()?;
            let found: Vec<Mined> =
                some.par_iter().map(|shop| self.sets_of(shop, context)).collect::<Result<_, _>>()?;
            for ((shop, mut mined), left_out) in some.iter().zip(found).zip(left_out) {
                sort_within_sets(&mut mined.sets);
                rows.add(shop.shop.as_deref(), |item| shop.name(item), shop.len(), &mined.sets);
                rows_of_shops.add(shop, *left_out, &mined);
            }
        }
        rows_of_shops.check()?;
        Ok(Frames::new()
            .with("itemsets", self.named(rows.finish()?))
            .with("shops", rows_of_shops.finish()?)
            .with("rejected", rejected))
    }
}

/// What was found of a shop.
struct Mined {
    sets: Itemsets,
    least: LeastCount,
    chance: ChanceOrders,
    /// Why there are no sets.
    problem: Option<String>,
}

/// Orders of a shop that do not count.
#[derive(Clone, Copy)]
struct LeftOut {
    long: usize,
    copies: usize,
}

impl MineItemsets {
    /// Brings a shop's orders to the level that is mined, without those that do not count.
    fn prepare(&self, shop: &mut ShopOrders, catalog: &Catalog) -> LeftOut {
        let name = shop.shop.clone();
        if let Some(items) = catalog.shop(name.as_deref()) {
            shop.rename(|variant| items.product(variant), self.min_items);
        }
        let long = shop.leave_out_longer(self.max_basket.unwrap_or(usize::MAX));
        let copies = if self.standing_orders == StandingOrders::Once { shop.leave_out_copies() } else { 0 };
        LeftOut { long, copies }
    }

    /// The sets with the word for what they are, where they are not all.
    fn named(&self, sets: DataFrame) -> LazyFrame {
        let word = match self.target {
            Target::All => return sets.lazy(),
            Target::Closed => "closed",
            Target::Maximal => "maximal",
        };
        sets.lazy().with_column(lit(word).alias(CONDENSED.0))
    }

    fn sets_of(&self, orders: &ShopOrders, context: &StageContext) -> Result<Mined, StageError> {
        let item_counts = orders.item_counts();
        let chance = ChanceOrders::of(orders.transactions(), &item_counts);
        let least = self.support.least_count(orders.len(), chance, &item_counts, self.min_count);
        let mut mined = Mined { sets: Itemsets::default(), least, chance, problem: None };
        loop {
            match self.search(mined.least.count, orders, context) {
                Ok(sets) => mined.sets = sets,
                Err(Stopped::Cancelled) => return Err(StageError::Interrupted),
                // A count that was chosen may be raised up to the usual one.
                Err(_) if least.usual.is_some_and(|usual| mined.least.count < usual) => {
                    mined.least.count = mined.least.count.saturating_mul(2).min(least.usual.unwrap_or(u32::MAX));
                    continue;
                }
                Err(_) => mined.problem = Some(format!("more than {} itemsets", self.max_sets)),
            }
            return Ok(mined);
        }
    }

    fn search(&self, min_count: u32, orders: &ShopOrders, context: &StageContext) -> Result<Itemsets, Stopped> {
        let limits =
            Limits { max_sets: Some(self.max_sets), max_bytes: None, cancelled: Some(context.cancelled.as_ref()) };
        let search = Search { target: self.target, min_count, max_size: self.max_size };
        search.list_within(orders.transactions(), limits)
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

/// Rows of the output `shops`.
#[derive(Default)]
struct ShopRows {
    shops: Vec<Option<String>>,
    numbers: [Vec<Option<i64>>; 9],
    problems: Vec<Option<String>>,
}

impl ShopRows {
    fn add(&mut self, shop: &ShopOrders, left_out: LeftOut, mined: &Mined) {
        self.shops.push(shop.shop.clone());
        let numbers = [
            Some(shop.len() as i64),
            Some(i64::from(shop.all_orders)),
            Some(shop.item_count() as i64),
            Some(left_out.long as i64),
            Some(left_out.copies as i64),
            Some(i64::from(mined.least.count)),
            mined.least.usual.map(i64::from),
            Some(i64::from(mined.chance.pairs)),
            Some(i64::from(mined.chance.triples)),
        ];
        self.numbers.iter_mut().zip(numbers).for_each(|(column, number)| column.push(number));
        self.problems.push(mined.problem.clone());
    }

    /// Refuses to go on when no shop could be mined.
    ///
    /// # Errors
    /// When each shop has a problem.
    fn check(&self) -> Result<(), StageError> {
        let Some((shop, problem)) = self.shops.first().zip(self.problems.first().and_then(Option::as_ref)) else {
            return Ok(());
        };
        if self.problems.contains(&None) {
            return Ok(());
        }
        Err(StageError::Input {
            port: "lines".to_owned(),
            problem: format!("shop {} has {problem}", shop.as_deref().unwrap_or("-")),
            mend: "raise support or min_count, lower max_size or max_basket, ask for closed or maximal sets, or allow more with \
                   max_sets"
                .to_owned(),
        })
    }

    fn finish(self) -> Result<DataFrame, StageError> {
        let shops = std::iter::once(Column::new("shop_id".into(), self.shops));
        let numbers = self.numbers.into_iter().map(|numbers| Column::new("".into(), numbers));
        let problems = std::iter::once(Column::new("".into(), self.problems));
        let columns = shops.chain(numbers).chain(problems).zip(SHOPS);
        let columns: Vec<Column> = columns.map(|(column, (name, _))| column.with_name(name.into())).collect();
        Ok(DataFrame::new(columns.first().map_or(0, Column::len), columns)?)
    }
}

/// One shop's transactions from rows of `transaction` and `item`, and how many rows were left out because they lack one.
///
/// # Errors
/// When the rows cannot be read, or are too many.
pub fn read_baskets(lines: LazyFrame) -> Result<(Baskets, usize), StageError> {
    let named = [lit(NULL).alias("shop_id"), col("transaction").alias("order_id"), col("item").alias("item_id")];
    let lines = lines.select(named).collect_with_engine(Engine::Streaming)?.unwrap_single();
    let mut read = OrderLines::default();
    orders::add_lines(lines.clone().lazy(), Wanted::default(), &mut read, &Silent, || Ok(()))?;
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
struct SetRows {
    shops: Vec<(Option<String>, usize)>,
    items: ListStringChunkedBuilder,
    sizes: Vec<i64>,
    counts: Vec<i64>,
    supports: Vec<f64>,
}

impl Default for SetRows {
    fn default() -> Self {
        let items = ListStringChunkedBuilder::new("items".into(), 0, 0);
        Self { shops: Vec::new(), items, sizes: Vec::new(), counts: Vec::new(), supports: Vec::new() }
    }
}

impl SetRows {
    /// Adds the sets of a shop of so many orders, by falling count, size and items; lists of items are in the order of their
    /// JSON.
    fn add<'a>(&mut self, shop: Option<&str>, name: impl Fn(u32) -> &'a str, orders: usize, sets: &Itemsets) {
        let mut quoted: Vec<Option<String>> = Vec::new();
        quoted.resize(sets.items.iter().max().map_or(0, |item| *item as usize + 1), None);
        let mut rows: Vec<(String, &[u32], u32)> = Vec::with_capacity(sets.counts.len());
        for (items, count) in sets.iter() {
            let mut json = String::from("[");
            for (place, item) in items.iter().enumerate() {
                json.push_str(if place > 0 { "," } else { "" });
                let Some(known) = quoted.get_mut(*item as usize) else { continue };
                json.push_str(known.get_or_insert_with(|| serde_json::Value::from(name(*item)).to_string()));
            }
            json.push(']');
            rows.push((json, items, count));
        }
        rows.sort_unstable_by(|a, b| (b.2, a.1.len(), &a.0).cmp(&(a.2, b.1.len(), &b.0)));
        self.shops.push((shop.map(str::to_owned), rows.len()));
        for (_, items, count) in rows {
            self.items.append_values_iter(items.iter().map(|item| name(*item)));
            self.sizes.push(items.len() as i64);
            self.counts.push(i64::from(count));
            self.supports.push(rounded(f64::from(count) / orders as f64));
        }
    }

    fn finish(mut self) -> Result<DataFrame, StageError> {
        let shops = self.shops.iter().flat_map(|(shop, rows)| std::iter::repeat_n(shop.as_deref(), *rows));
        let shops = shops.collect::<Vec<_>>();
        let columns = vec![
            Column::new("shop_id".into(), shops),
            self.items.finish().into_column(),
            Column::new("size".into(), self.sizes),
            Column::new("support_count".into(), self.counts),
            Column::new("support".into(), self.supports),
        ];
        Ok(DataFrame::new(columns.first().map_or(0, Column::len), columns)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mining::testing::{context, item_lists};

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
        let operator = MineItemsets { support: Support::Share(0.5), min_count: 1, ..MineItemsets::default() };
        let [sets, shops, rejected] = mine(&operator, lines);
        let expected = df!(
            "shop_id" => ["a", "a", "a", "b", "b", "b"],
            "items" => ["[\"x\"]", "[\"z\"]", "[\"x\",\"z\"]", "[\"x\"]", "[\"y\"]", "[\"x\",\"y\"]"],
            "size" => [1_i64, 1, 2, 1, 1, 2],
            "support_count" => [1_i64, 1, 1, 2, 2, 2],
            "support" => [1.0; 6],
        )
        .unwrap();
        assert_eq!(sets.column("items").unwrap().dtype(), &DataType::List(Box::new(DataType::String)));
        assert_eq!(with_items_as_json(&sets), expected);
        let expected = df!(
            "shop_id" => ["a", "b"],
            "orders" => [1_i64, 2],
            "all_orders" => [2_i64, 3],
            "items" => [2_i64, 2],
            "long_orders" => [0_i64, 0],
            "copied_orders" => [0_i64, 0],
            "min_count" => [1_i64, 1],
            "usual_count" => [None::<i64>, None],
            "chance_orders" => [1_i64, 2],
            "chance_orders_of_three" => [1_i64, 2],
            "problem" => [None::<&str>, None],
        );
        assert!(shops.equals_missing(&expected.unwrap()), "{shops}");
        assert_eq!(rejected.height(), 0);
    }

    fn with_items_as_json(sets: &DataFrame) -> DataFrame {
        let json = Column::new("items".into(), item_lists(sets));
        sets.clone().with_column(json).unwrap().clone()
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
            support: Support::Share(0.0),
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
        let operator = MineItemsets {
            support: Support::Share(0.0),
            min_count: 1,
            max_size: None,
            max_sets: 100,
            ..MineItemsets::default()
        };
        let ran = operator.run(Frames::new().with("lines", one_long_order()), &context());
        let problem = ran.map(drop).unwrap_err().to_string();
        assert!(
            problem.contains("more than 100 itemsets") && problem.contains("raise support or min_count"),
            "{problem}"
        );
    }

    /// Orders of a shop as rows, each of the items of a text.
    fn orders_of(shop: &str, first: i64, orders: &[&str]) -> DataFrame {
        let numbers: Vec<i64> =
            (first..).zip(orders).flat_map(|(number, order)| vec![number; order.split(' ').count()]).collect();
        let items: Vec<&str> = orders.iter().flat_map(|order| order.split(' ')).collect();
        df!("shop_id" => vec![shop; numbers.len()], "order_id" => numbers, "item_id" => items).unwrap()
    }

    fn sets(frame: &DataFrame) -> Vec<(String, i64)> {
        item_lists(frame)
            .into_iter()
            .zip(frame.column("support_count").unwrap().i64().unwrap().iter().flatten())
            .collect()
    }

    #[test]
    fn a_shop_of_too_many_sets_is_left_out_alone_and_says_so() {
        let long = ('a'..='l').map(String::from).collect::<Vec<_>>().join(" ");
        let lines = orders_of("large", 0, &[&long]).vstack(&orders_of("small", 0, &["a b"])).unwrap();
        let operator = MineItemsets { max_size: None, max_sets: 100, ..MineItemsets::default() };
        let [found, shops, _] = mine(&operator, lines);
        assert_eq!(sets(&found).len(), 3);
        let problems: Vec<_> = shops.column("problem").unwrap().str().unwrap().iter().collect();
        assert_eq!(problems, [Some("more than 100 itemsets"), None]);
    }

    #[test]
    fn a_count_that_was_chosen_is_raised_before_a_shop_is_left_out() {
        let orders: Vec<String> = (0..300).map(|order| format!("{} {}", order / 3, 100 + order / 3)).collect();
        let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
        let counts = |max_sets| {
            let [found, shops, _] =
                mine(&MineItemsets { max_sets, ..MineItemsets::default() }, orders_of("s", 0, &orders));
            let number = |name: &str| shops.column(name).unwrap().i64().unwrap().get(0);
            (found.height(), number("min_count"), number("usual_count"))
        };
        assert_eq!(counts(300), (300, Some(3), Some(6)));
        assert_eq!(counts(299), (0, Some(6), Some(6)), "no set is in six orders");
    }

    #[test]
    fn variants_of_a_product_are_one_item_at_its_level() {
        let items = df!(
            "shop_id" => ["s"; 3],
            "variant_id" => ["sock-s", "sock-m", "mug-1"],
            "product_id" => ["sock", "sock", "mug"],
            "product_status" => [None::<&str>; 3],
            "available_total" => [None::<i64>; 3],
            "from_lines" => [None::<bool>; 3],
        );
        let lines = orders_of("s", 0, &["sock-s mug-1", "sock-m mug-1", "sock-s sock-m", "tip mug-1"]);
        let inputs = Frames::new().with("lines", lines).with("items", items.unwrap());
        let operator = MineItemsets { level: Level::Product, ..MineItemsets::default() };
        let mut made = operator.run(inputs, &context()).unwrap();
        let found = sets(&made.take("itemsets").unwrap().collect().unwrap());
        let wanted = [
            ("[\"mug\"]", 3),
            ("[\"sock\"]", 2),
            ("[\"mug\",\"sock\"]", 2),
            ("[\"tip\"]", 1),
            ("[\"mug\",\"tip\"]", 1),
        ];
        assert_eq!(found, wanted.map(|(items, count)| (items.to_owned(), count)));
        let shops = made.take("shops").unwrap().collect().unwrap();
        let number = |name: &str| shops.column(name).unwrap().i64().unwrap().get(0);
        assert_eq!((number("orders"), number("all_orders"), number("items")), (Some(3), Some(4), Some(3)));
    }

    #[test]
    fn a_standing_order_counts_once_where_that_is_asked_for() {
        let orders = ["a b c", "a b c", "a b c", "a b", "a b"];
        let lines = orders_of("s", 0, &orders);
        let customers: Vec<Option<&str>> = orders
            .iter()
            .enumerate()
            .flat_map(|(number, order)| {
                let customer = if number < 2 {
                    Some("trade")
                } else if number == 2 {
                    Some("other")
                } else {
                    None
                };
                vec![customer; order.split(' ').count()]
            })
            .collect();
        let lines = lines.hstack(&[Column::new("customer".into(), customers)]).unwrap();
        let count = |standing_orders| {
            let [found, shops, _] = mine(&MineItemsets { standing_orders, ..MineItemsets::default() }, lines.clone());
            let all =
                sets(&found).into_iter().find(|(items, _)| items == "[\"a\",\"b\",\"c\"]").map(|(_, count)| count);
            (all, shops.column("copied_orders").unwrap().i64().unwrap().get(0))
        };
        assert_eq!(count(StandingOrders::Each), (Some(3), Some(0)));
        assert_eq!(count(StandingOrders::Once), (Some(2), Some(1)));
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
        assert_eq!(item_lists(&sets)[0], "[\"7\",\"8\"]");
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
