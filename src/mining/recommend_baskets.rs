//! `recommend-baskets`: what to recommend to baskets of several items.

use std::collections::BTreeMap;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    decimal::rounded,
    model_table::{ShopModels, model_port},
    orders::{REJECTED, plain_lines_port},
};
use crate::operator::{
    ColumnKind, Frames, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError, for_each_batch,
};

/// Recommends items to baskets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RecommendBaskets {
    /// So many items are recommended to each basket. At least 1.
    pub most: usize,
}

impl Default for RecommendBaskets {
    fn default() -> Self {
        Self { most: 10 }
    }
}

/// The columns of the output.
const RECOMMENDATIONS: [(&str, ColumnKind); 6] = [
    ("shop_id", ColumnKind::Text),
    ("order_id", ColumnKind::Text),
    ("rank", ColumnKind::Int),
    ("item_id", ColumnKind::Text),
    ("score", ColumnKind::Float),
    ("known_items", ColumnKind::Int),
];

/// The items of each basket, by shop and basket.
type Baskets = BTreeMap<(Option<String>, String), Vec<String>>;

/// Rows of a table of texts.
#[derive(Default)]
struct Rejected {
    shops: Vec<Option<String>>,
    orders: Vec<Option<String>>,
    items: Vec<Option<String>>,
    reasons: Vec<&'static str>,
}

impl Rejected {
    fn push(&mut self, shop: Option<&str>, order: Option<&str>, item: Option<&str>, reason: &'static str) {
        self.shops.push(shop.map(str::to_owned));
        self.orders.push(order.map(str::to_owned));
        self.items.push(item.map(str::to_owned));
        self.reasons.push(reason);
    }

    fn into_frame(self) -> PolarsResult<DataFrame> {
        df!("shop_id" => self.shops, "order_id" => self.orders, "item_id" => self.items, "reason" => self.reasons)
    }
}

impl Operator for RecommendBaskets {
    const NAME: &'static str = "recommend-baskets";
    const SUMMARY: &'static str =
        "Recommends items to baskets of one or several items, by the model of build-covisitation.";
    const VERSION: u32 = 1;
    const INPUTS: Inputs = Inputs::Ports(&[
        model_port("The output `recommendation_model` of `build-covisitation`."),
        plain_lines_port(
            "baskets",
            "A row an item of a basket, in any order; an item that comes twice in one counts once.",
        ),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "recommendations",
                "The best items of each basket by falling score, ties by item, none of them in it, by shop and basket. `known_items` \
                 are those of the basket that the model knows: of none, the answer is the most popular items.",
                &RECOMMENDATIONS,
            ),
            OutputPort::new(
                "rejected",
                "Lines without a basket or an item, and the baskets of shops without a model (without their items).",
                &REJECTED,
            ),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("most", self.most as f64, 1.0, 10_000.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let models = ShopModels::read(inputs.take("model")?)?;
        let mut rejected = Rejected::default();
        let baskets = read(inputs.take("baskets")?, &mut rejected)?;
        context.progress.total(baskets.len() as u64);
        let (mut shops, mut orders, mut ranks) = (Vec::new(), Vec::new(), Vec::<i64>::new());
        let (mut items, mut scores, mut known) = (Vec::new(), Vec::new(), Vec::<i64>::new());
        for ((shop, order), basket) in &baskets {
            context.check_cancelled()?;
            context.progress.advance(1);
            let Some(model) = models.shop(shop.as_deref()) else {
                rejected.push(shop.as_deref(), Some(order), None, "no model of the shop");
                continue;
            };
            let answer = model.recommend(basket.iter().map(String::as_str), self.most);
            let of_basket = basket.len() - answer.unknown.len();
            for (rank, (item, score)) in (1..).zip(answer.items) {
                shops.push(shop.clone());
                orders.push(order.clone());
                ranks.push(rank);
                items.push(item);
                scores.push(rounded(score));
                known.push(of_basket as i64);
            }
        }
        let recommendations = df!(
            "shop_id" => shops,
            "order_id" => orders,
            "rank" => ranks,
            "item_id" => items,
            "score" => scores,
            "known_items" => known,
        )?;
        Ok(Frames::new().with("recommendations", recommendations).with("rejected", rejected.into_frame()?))
    }
}

/// The baskets, each item once.
fn read(lines: LazyFrame, rejected: &mut Rejected) -> Result<Baskets, StageError> {
    let mut baskets = Baskets::new();
    let columns = ["shop_id", "order_id", "item_id"].map(|name| col(name).cast(DataType::String));
    for_each_batch(lines.select(columns), StageError::from, |batch| {
        let text = |name: &str| batch.column(name).and_then(|column| column.str());
        let (shops, orders, items) = (text("shop_id")?, text("order_id")?, text("item_id")?);
        for ((shop, order), item) in shops.iter().zip(orders.iter()).zip(items.iter()) {
            match (order.filter(|order| !order.is_empty()), item.filter(|item| !item.is_empty())) {
                (None, _) => rejected.push(shop, order, item, "no order_id"),
                (_, None) => rejected.push(shop, order, item, "no item_id"),
                (Some(order), Some(item)) => {
                    baskets.entry((shop.map(str::to_owned), order.to_owned())).or_default().push(item.to_owned());
                }
            }
        }
        Ok(())
    })?;
    for items in baskets.values_mut() {
        items.sort_unstable();
        items.dedup();
    }
    Ok(baskets)
}
