//! `mine-rules`: what follows from what in orders, with how sure it is that this is no luck.

mod rows;
mod sets;
#[cfg(test)]
mod worlds;

use std::collections::{BTreeMap, HashMap};

use polars::prelude::{DataType, Engine, LazyFrame, col};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    rows::{CountRows, RULE_COUNTS, RULES, RuleRows},
    sets::{REJECTED_SETS, ShopSets, read_sets},
};
use super::{
    decimal::Decimal,
    items::{self, Catalog, Level, Offer},
    mine_itemsets::{CONDENSED, MineItemsets},
    rules::{RuleError, RuleSearch},
};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Misfit, Operator, OutputPort, ParamError, PortSchema, StageContext,
    StageError, Upstream,
};

/// Mines association rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MineRules {
    /// The share of a shop's orders (those that the itemsets count) that must hold both sides. From 0 to 1; the itemsets
    /// have a support of their own, so that 0 is that.
    pub min_support: f64,
    /// The least share of the antecedent's orders that must hold the consequent. From 0 to 1.
    pub min_confidence: f64,
    /// The least lift. 1 leaves out rules that say no more than chance.
    pub min_lift: f64,
    /// The most items of a consequent; null for no limit.
    pub max_consequent: Option<u32>,
    /// The largest q-value: the share of false finds to be expected among the rules. From 0 to 1; 1 for any.
    pub max_q_value: f64,
    /// Where `mine-itemsets` chose the support: the largest q-value of a rule that fewer than 2 % of the orders hold. From 0 to 1.
    pub max_rare_q_value: f64,
    /// Whether to leave out a rule when another with the same consequent and a part of its antecedent is at least as sure.
    pub drop_redundant: bool,
    /// What the itemsets are of: that of `mine-itemsets`.
    pub level: Level,
    /// Which items a rule may name, as far as `items` says how they stand.
    pub offer: Offer,
}

impl Default for MineRules {
    fn default() -> Self {
        Self {
            min_support: 0.0,
            min_confidence: 0.05,
            min_lift: 0.0,
            max_consequent: None,
            max_q_value: 1.0,
            max_rare_q_value: 0.05,
            drop_redundant: false,
            level: Level::Variant,
            offer: Offer::ForSale,
        }
    }
}

/// A lift that no rule reaches.
const MOST_LIFT: f64 = 1e9;

impl Operator for MineRules {
    const NAME: &'static str = "mine-rules";
    const SUMMARY: &'static str =
        "Makes association rules of frequent itemsets, and says of each how likely it is to be luck.";
    const VERSION: u32 = 5;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required(
            "itemsets",
            &[("shop_id", ColumnKind::Text), ("items", ColumnKind::Any), ("support_count", ColumnKind::Int)],
            "The output of `mine-itemsets` with target `all`. The items are a list of texts, or the JSON text of one.",
        )
        .may_lack(&["shop_id"]),
        InputPort::required(
            "shops",
            &[
                ("shop_id", ColumnKind::Text),
                ("orders", ColumnKind::Int),
                ("all_orders", ColumnKind::Int),
                ("usual_count", ColumnKind::Int),
                ("chance_orders", ColumnKind::Int),
                ("chance_orders_of_three", ColumnKind::Int),
            ],
            "Its output of that name: how many orders each shop has, and what chance brings together among them.",
        )
        .may_lack(&["shop_id", "usual_count", "chance_orders", "chance_orders_of_three"]),
        items::items_port("The output `snapshots` of `enrich-orders`: which items can be bought."),
        InputPort::optional(
            "metrics",
            &[("shop_id", ColumnKind::Text), ("as_of", ColumnKind::Timestamp)],
            "The output of `enrich-orders` of that name: when each shop stood as the orders say.",
        ),
    ]);

    fn outputs(&self, inputs: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        let is_condensed = |columns: &PortSchema| columns.iter().any(|column| column.name == CONDENSED.0);
        if inputs.get("itemsets").is_some_and(is_condensed) {
            return Err(StageError::Input {
                port: "itemsets".to_owned(),
                problem: "these are closed or maximal sets, and rules need all".to_owned(),
                mend: "set target = \"all\" in mine-itemsets".to_owned(),
            });
        }
        let columns = inputs.get("itemsets").into_iter().flatten();
        let can_be = |kind| matches!(kind, ColumnKind::Any | ColumnKind::Text | ColumnKind::Texts);
        if let Some(items) = columns.into_iter().find(|column| column.name == "items" && !can_be(column.kind)) {
            return Err(StageError::Input {
                port: "itemsets".to_owned(),
                problem: format!("the column 'items' is {}, not lists of texts", items.kind.word()),
                mend: "give the output of mine-itemsets, or JSON arrays of texts".to_owned(),
            });
        }
        Ok(vec![
            OutputPort::new(
                "rules",
                "The rules by shop, falling lift, confidence and support, antecedent and consequent. The sides are records with \
                 a list `items`; shares are of the orders that the itemsets count, `support_all_orders` of \
                 all; figures are rounded to six decimals, p- and q-values are not. `conviction` is infinite for a rule \
                 without exception. `created_at` is the shop's `as_of` in `metrics`, null without them, and never the clock.",
                &RULES,
            ),
            OutputPort::new(
                "shops",
                "A row a shop: the rules that its itemsets give, those kept, and those left out by the first test that \
                 they failed, `withheld` where an item cannot be bought; the rules that there could have been, for which the q-values are \
                 corrected, and the least q-value.",
                &RULE_COUNTS,
            ),
            OutputPort::new("rejected", "Itemsets that could not be used, or cannot be.", &REJECTED_SETS),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("min_support", self.min_support, 0.0, 1.0)?;
        ParamError::unless_between("min_confidence", self.min_confidence, 0.0, 1.0)?;
        ParamError::unless_between("min_lift", self.min_lift, 0.0, MOST_LIFT)?;
        ParamError::unless_between("max_rare_q_value", self.max_rare_q_value, 0.0, 1.0)?;
        ParamError::unless_between("max_q_value", self.max_q_value, 0.0, 1.0)
    }

    /// A rule is judged by its parts, which closed and maximal sets lack.
    fn check_upstream(&self, inputs: &BTreeMap<&str, Upstream<'_>>) -> Result<(), Misfit> {
        let sets = inputs.get("itemsets").and_then(|made| made.param(MineItemsets::NAME, "itemsets", "target"));
        match sets.and_then(|target| target.as_str()).filter(|target| *target != "all") {
            None => Ok(()),
            Some(target) => Err(Misfit {
                port: "itemsets".to_owned(),
                param: "target".to_owned(),
                problem: format!("rules cannot be made of {target} itemsets: the parts of a rule are not among them"),
                mend: "set target = \"all\" there, or mine the sets for the rules in a stage of their own".to_owned(),
            }),
        }
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let times = inputs.take_optional("metrics").map_or_else(|| Ok(HashMap::new()), read_times)?;
        let catalog = Catalog::read(inputs.take_optional("items"))?;
        let (shops, rejected) = read_sets(inputs.take("itemsets")?, inputs.take("shops")?)?;
        let mut rules = RuleRows::default();
        let mut counts = CountRows::default();
        for shop in &shops {
            context.check_cancelled()?;
            let known = catalog.shop(shop.shop.as_deref());
            let is_offered = |item| known.is_none_or(|known| known.offers(shop.name(item), self.level, self.offer));
            let found = self.search().find(&shop.sets, shop.among(), is_offered);
            let found = found.map_err(|error| refused(shop, &error))?;
            rules.add(shop, &found, times.get(&shop.shop).copied().flatten());
            counts.add(shop, &found);
        }
        Ok(Frames::new().with("rules", rules.finish()?).with("shops", counts.finish()?).with("rejected", rejected))
    }
}

impl MineRules {
    fn search(&self) -> RuleSearch {
        RuleSearch {
            min_support: Decimal::of(self.min_support),
            min_confidence: Decimal::of(self.min_confidence),
            min_lift: Decimal::of(self.min_lift),
            max_consequent: self.max_consequent.unwrap_or(u32::MAX),
            max_q_value: self.max_q_value,
            max_rare_q_value: self.max_rare_q_value,
            drop_redundant: self.drop_redundant,
        }
    }
}

/// The instant of each shop, in microseconds.
fn read_times(metrics: LazyFrame) -> Result<HashMap<Option<String>, Option<i64>>, StageError> {
    let columns = [col("shop_id"), col("as_of").cast(DataType::Int64)];
    let metrics = metrics.select(columns).collect_with_engine(Engine::Streaming)?.unwrap_single();
    let shops = metrics.column("shop_id")?.str()?.iter().map(|shop| shop.map(str::to_owned));
    Ok(shops.zip(metrics.column("as_of")?.i64()?.iter()).collect())
}

fn refused(shop: &ShopSets, error: &RuleError) -> StageError {
    let of_shop = shop.shop.as_deref().map_or_else(String::new, |shop| format!(" of shop '{shop}'"));
    let (problem, mend) = match error {
        RuleError::PartMissing(items) => (
            format!("the set {}{of_shop} is there and a part of it is not", shop.json(items)),
            "give all frequent itemsets: `target = \"all\"` in mine-itemsets".to_owned(),
        ),
        RuleError::TooLong(items) => (
            format!("a set{of_shop} has {items} items, which is too many splits"),
            "limit the sets: `max_size = 4` in mine-itemsets".to_owned(),
        ),
    };
    StageError::Input { port: "itemsets".to_owned(), problem, mend }
}

#[cfg(test)]
mod tests {
    use polars::prelude::*;

    use super::*;
    use crate::{
        mining::{
            mine_itemsets::MineItemsets,
            testing::{context, item_lists, sides},
        },
        operator::Operator,
    };

    fn lines() -> DataFrame {
        // 20 orders of two items that satisfy 8 × a b, 5 × a c, 4 × b d and 3 × c d, and four of one item.
        let pairs = [(8, ["a", "b"]), (5, ["a", "c"]), (4, ["b", "d"]), (3, ["c", "d"])];
        let mut orders: Vec<Vec<&str>> =
            pairs.iter().flat_map(|(times, pair)| std::iter::repeat_n(pair.to_vec(), *times)).collect();
        orders.extend([vec!["a"], vec!["a"], vec!["b"], vec!["d"]]);
        let numbers: Vec<i64> = (0..).zip(&orders).flat_map(|(number, order)| vec![number; order.len()]).collect();
        df!("shop_id" => vec!["main"; numbers.len()], "order_id" => numbers, "item_id" => orders.concat()).unwrap()
    }

    /// Shops of which the itemsets say no more.
    fn shops(shop: Option<&str>, orders: i64, all_orders: i64) -> DataFrame {
        let none = [None::<i64>];
        df!(
            "shop_id" => [shop],
            "orders" => [orders],
            "all_orders" => [all_orders],
            "usual_count" => none,
            "chance_orders" => none,
            "chance_orders_of_three" => none,
        )
        .unwrap()
    }

    fn mine(itemsets: &MineItemsets, rules: &MineRules, lines: DataFrame) -> Result<[DataFrame; 3], StageError> {
        let mut found = itemsets.run(Frames::new().with("lines", lines), &context()).unwrap();
        let inputs =
            Frames::new().with("itemsets", found.take("itemsets").unwrap()).with("shops", found.take("shops").unwrap());
        let mut frames = rules.run(inputs, &context())?;
        Ok(["rules", "shops", "rejected"].map(|port| frames.take(port).unwrap().collect().unwrap()))
    }

    #[test]
    fn four_pairs_give_eight_rules_with_the_figures_that_are_known() {
        let itemsets = MineItemsets { max_size: Some(3), min_count: 1, ..MineItemsets::default() };
        let [rules, counts, _] = mine(&itemsets, &MineRules::default(), lines()).unwrap();
        assert_eq!(rules.height(), 8);
        let float = |name: &str, row: usize| rules.column(name).unwrap().f64().unwrap().get(row).unwrap();
        let found: Vec<(String, String)> =
            sides(&rules, "antecedent").into_iter().zip(sides(&rules, "consequent")).collect();
        let side = |item: &str| format!("{{\"items\":[\"{item}\"]}}");
        let expected = [("d", "c"), ("c", "d"), ("b", "a"), ("a", "b"), ("c", "a"), ("a", "c"), ("d", "b"), ("b", "d")];
        assert_eq!(found, expected.map(|(one, other)| (side(one), side(other))));
        let figures = |row| [float("support", row), float("confidence", row), float("lift", row)];
        assert_eq!(figures(0), [0.15, 0.428571, 1.071429]);
        assert_eq!(figures(2), [0.4, 0.666667, 1.025641]);
        assert_eq!(figures(4)[2], 0.961538);
        assert_eq!(figures(6)[2], 0.952381);
        assert_eq!(float("support_all_orders", 2), 0.333333);
        // By counting all ways to draw, the p-values of the four pairs are 0.608359 twice and 0.749226 twice.
        let least = (0..8).map(|row| float("p_value", row)).filter(|p_value| (p_value - 0.608_359).abs() < 1e-6);
        let most = (0..8).map(|row| float("p_value", row)).filter(|p_value| (p_value - 0.749_226).abs() < 1e-6);
        assert_eq!((least.count(), most.count()), (4, 4), "{rules}");
        assert!(
            (0..8).all(|row| float("q_value", row) == 1.0),
            "all may be luck: of six pairs that there could have been"
        );
        let count = |name: &str| counts.column(name).unwrap().i64().unwrap().get(0).unwrap();
        assert_eq!(["orders", "all_orders", "considered", "rules"].map(count), [20, 24, 8, 8]);
    }

    #[test]
    fn no_rule_of_theirs_has_a_lift_of_one_and_a_tenth() {
        let itemsets = MineItemsets { min_count: 1, ..MineItemsets::default() };
        let [rules, counts, _] =
            mine(&itemsets, &MineRules { min_lift: 1.1, ..MineRules::default() }, lines()).unwrap();
        assert_eq!((rules.height(), counts.height()), (0, 1));
        assert_eq!(counts.column("low_lift").unwrap().i64().unwrap().get(0), Some(8));
    }

    #[test]
    fn a_rule_was_made_when_its_shop_stood_as_the_orders_say() {
        let itemsets = df!("shop_id" => ["s"; 3], "items" => ["[\"a\"]", "[\"b\"]", "[\"a\",\"b\"]"], "support_count" => [3_i64; 3]);
        let shops = shops(Some("s"), 4, 5);
        let instant = DataType::Datetime(TimeUnit::Microseconds, None);
        let metrics = df!("shop_id" => ["r", "s"], "as_of" => [Some(1_i64), Some(86_400_000_000)]).unwrap();
        let metrics = metrics.lazy().with_column(col("as_of").cast(instant));
        let inputs = Frames::new().with("itemsets", itemsets.unwrap()).with("shops", shops);
        let created = |inputs: Frames| {
            let rules = MineRules::default().run(inputs, &context()).unwrap().take("rules").unwrap();
            let created = rules.select([col("created_at").cast(DataType::Int64)]).collect().unwrap();
            created.column("created_at").unwrap().i64().unwrap().iter().collect::<Vec<_>>()
        };
        assert_eq!(created(inputs.clone()), [None, None]);
        assert_eq!(created(inputs.with("metrics", metrics)), [Some(86_400_000_000); 2]);
    }

    #[test]
    fn itemsets_in_lists_and_in_json_texts_give_the_same_rules() {
        let mut found = MineItemsets::default().run(Frames::new().with("lines", lines()), &context()).unwrap();
        let (lists, shops) = (found.take("itemsets").unwrap().collect().unwrap(), found.take("shops").unwrap());
        let json = Column::new("items".into(), item_lists(&lists));
        let texts = lists.clone().with_column(json).unwrap().clone();
        let rules = |itemsets: DataFrame| {
            let inputs = Frames::new().with("itemsets", itemsets).with("shops", shops.clone());
            MineRules::default().run(inputs, &context()).unwrap().take("rules").unwrap().collect().unwrap()
        };
        let (of_lists, of_texts) = (rules(lists.clone()), rules(texts));
        assert_eq!((of_lists.height(), &of_lists), (8, &of_texts));
        let numbers = lists.lazy().with_column(col("support_count").alias("items")).collect().unwrap();
        let inputs = Frames::new().with("itemsets", numbers).with("shops", shops.clone());
        let refused = MineRules::default().run(inputs, &context()).err().unwrap().to_string();
        assert!(refused.contains("'items' is integer, not lists of texts"), "{refused}");
    }

    #[test]
    fn lists_that_are_no_sets_are_rejected_with_what_can_be_shown_of_them() {
        let texts = df!("items" => [Some("a"), None, Some("b"), Some("b")], "row" => [1_i64, 1, 2, 2]).unwrap().lazy();
        let lists = texts.group_by_stable([col("row")]).agg([col("items")]).collect().unwrap();
        let itemsets = lists.lazy().select([
            lit("s").alias("shop_id"),
            col("items"),
            lit(1_i64).cast(DataType::Int64).alias("support_count"),
        ]);
        let inputs = Frames::new().with("itemsets", itemsets).with("shops", shops(Some("s"), 4, 5));
        let rejected =
            MineRules::default().run(inputs, &context()).unwrap().take("rejected").unwrap().collect().unwrap();
        let expected = df!(
            "shop_id" => ["s", "s"],
            "items" => [None, Some("[\"b\",\"b\"]")],
            "reason" => ["items is no list of texts, nor a JSON array of texts", "an item is there twice"],
        );
        assert!(rejected.equals_missing(&expected.unwrap()), "{rejected}");
    }

    #[test]
    fn condensed_itemsets_are_refused_before_any_work() {
        for target in [crate::mining::Target::Closed, crate::mining::Target::Maximal] {
            let itemsets = MineItemsets { target, ..MineItemsets::default() };
            let ports = itemsets.outputs(&BTreeMap::new()).unwrap();
            let columns = ports.into_iter().find(|port| port.name == "itemsets").unwrap().columns;
            let inputs = BTreeMap::from([("itemsets".to_owned(), columns)]);
            let problem = MineRules::default().outputs(&inputs).map(drop).unwrap_err().to_string();
            assert!(problem.contains("target = \"all\""), "{problem}");
        }
    }

    #[test]
    fn condensed_itemsets_are_refused() {
        let itemsets = MineItemsets { target: crate::mining::Target::Maximal, min_count: 1, ..MineItemsets::default() };
        let error = mine(&itemsets, &MineRules::default(), lines()).unwrap_err().to_string();
        assert!(error.contains("[\"a\",\"b\"]") && error.contains("target = \"all\""), "{error}");
    }

    #[test]
    fn sets_that_are_no_sets_are_rejected_with_their_reason() {
        let itemsets = df!(
            "shop_id" => ["s", "s", "t"],
            "items" => ["[\"a\"]", "a, b", "[\"a\"]"],
            "support_count" => [3_i64, 2, 3],
        );
        let shops = shops(Some("s"), 4, 5);
        let inputs = Frames::new().with("itemsets", itemsets.unwrap()).with("shops", shops);
        let mut frames = MineRules::default().run(inputs, &context()).unwrap();
        let rejected = frames.take("rejected").unwrap().collect().unwrap();
        let reasons: Vec<_> = rejected.column("reason").unwrap().str().unwrap().iter().flatten().collect();
        assert_eq!(
            reasons,
            ["items is no list of texts, nor a JSON array of texts", "the shop is not among the shops"]
        );
    }

    #[test]
    fn sets_that_cannot_be_are_rejected_with_their_reason() {
        let sets = [
            ("[\"a\"]", 2),
            ("[\"a\",\"b\",\"c\"]", 1),
            ("[\"b\",\"a\"]", 5),
            ("[\"b\"]", 6),
            ("[\"c\"]", 3),
            ("[\"c\",\"b\"]", 3),
            ("[\"b\",\"c\"]", 2),
            ("[\"a\",\"c\"]", 1),
            ("[\"c\",\"c\"]", 1),
            ("[\"d\"]", 10),
            ("[\"c\",\"d\"]", 1),
        ];
        let itemsets = df!(
            "shop_id" => [None::<&str>; 11],
            "items" => sets.map(|(items, _)| items),
            "support_count" => sets.map(|(_, count)| count as i64),
        );
        let shops = shops(None, 9, 9);
        let inputs = Frames::new().with("itemsets", itemsets.unwrap()).with("shops", shops);
        let mut frames = MineRules { min_confidence: 0.0, ..MineRules::default() }.run(inputs, &context()).unwrap();
        let rejected = frames.take("rejected").unwrap().collect().unwrap();
        let text = |name: &str| rejected.column(name).unwrap().str().unwrap().iter().flatten().collect::<Vec<_>>();
        let rows: Vec<_> = text("items").into_iter().zip(text("reason")).collect();
        let wanted = [
            ("[\"c\",\"c\"]", "an item is there twice"),
            ("[\"d\"]", "support_count is not from 1 to the shop's orders"),
            ("[\"a\",\"b\",\"c\"]", "a part of it was rejected"),
            ("[\"a\",\"b\"]", "a part of it is in fewer orders"),
            ("[\"b\",\"c\"]", "the set is there twice"),
            ("[\"c\",\"d\"]", "a part of it was rejected"),
        ];
        assert_eq!(rows, wanted);
        let rules = frames.take("rules").unwrap().collect().unwrap();
        assert_eq!(rules.height(), 4, "of a and c, and of b and c");
        assert_eq!(rules.column("confidence").unwrap().f64().unwrap().max(), Some(1.0));
    }
}
