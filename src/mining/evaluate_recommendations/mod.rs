//! `evaluate-recommendations`: how often the item that was hidden of a later order is among the first that measures recommend.

mod asked;
mod measures;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    asked::{Asked, Outcome},
    measures::measures,
    tables::{RULES, SIMILAR, Tables},
};
use super::{
    decimal::rounded,
    model_table::optional_model_port,
    orders::{REJECTED, ShopOrders, Wanted, plain_lines_port, read_lines, rejected_lines},
};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
};

/// Measures recommendations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluateRecommendations {
    /// So many recommendations are looked at: the k of hit rate@k, MRR@k and NDCG@k. At least 1.
    pub k: usize,
    /// Of an order of more items those count that are in most orders, when measures are made of `train`. At least 2.
    pub max_basket: usize,
}

impl Default for EvaluateRecommendations {
    fn default() -> Self {
        Self { k: 10, max_basket: 500 }
    }
}

/// The columns of the output `figures`.
const FIGURES: [(&str, ColumnKind); 7] = [
    ("shop_id", ColumnKind::Text),
    ("measure", ColumnKind::Text),
    ("questions", ColumnKind::Int),
    ("hit_rate", ColumnKind::Float),
    ("mrr", ColumnKind::Float),
    ("ndcg", ColumnKind::Float),
    ("coverage", ColumnKind::Float),
];

impl Operator for EvaluateRecommendations {
    const NAME: &'static str = "evaluate-recommendations";
    const SUMMARY: &'static str = "Hides an item of each later order, and measures how often it is among the first that are recommended for the others.";
    const VERSION: u32 = 1;
    const INPUTS: Inputs = Inputs::Ports(&[
        plain_lines_port("train", "The older order lines, of which measures are made."),
        plain_lines_port(
            "test",
            "The later order lines. Of each order of two or more items one item is hidden, always the same.",
        ),
        InputPort::optional(
            "similar_items",
            SIMILAR,
            "The output `similar_items` of `build-covisitation` on `train`; scores are added up.",
        ),
        optional_model_port("The output `recommendation_model` of `build-covisitation` on `train`."),
        InputPort::optional("rules", RULES, "The output `rules` of `mine-rules` on `train`; confidences are added up."),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "figures",
                "A row a shop of `train` and measure: questions, the share of them whose hidden item was among the first k, its mean \
                 reciprocal rank (0 beyond k), the gain 1 / log2(rank + 1) likewise, and the share of the shop's items that was ever \
                 recommended. A hidden item that `train` does not have counts as missed.",
                &FIGURES,
            ),
            OutputPort::new("rejected", "Lines without an order or without an item.", &REJECTED),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("k", self.k as f64, 1.0, 10_000.0)?;
        ParamError::unless_between("max_basket", self.max_basket as f64, 2.0, f64::from(u32::MAX))
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let (train, test) = (inputs.take("train")?, inputs.take("test")?);
        let rejected = concat([rejected_lines(train.clone()), rejected_lines(test.clone())], UnionArgs::default())?;
        let tables = Tables::read(&mut inputs)?;
        let shops = read_lines(train, Wanted::default(), context)?.into_orders(1);
        let mut later: BTreeMap<Option<String>, ShopOrders> = BTreeMap::new();
        for orders in read_lines(test, Wanted::default(), context)?.into_orders(2) {
            later.insert(orders.shop.clone(), orders);
        }
        let mut rows = Rows::default();
        for shop in shops {
            context.check_cancelled()?;
            let asked = Asked::new(&shop, later.get(&shop.shop));
            for (name, measure) in measures(&shop, &tables, self.max_basket) {
                rows.add(&shop, name, &asked.ask(measure.as_ref(), self.k));
            }
        }
        Ok(Frames::new().with("figures", rows.into_frame()?).with("rejected", rejected))
    }
}

/// Rows of `figures`.
#[derive(Default)]
struct Rows {
    shops: Vec<Option<String>>,
    measures: Vec<&'static str>,
    questions: Vec<i64>,
    figures: [Vec<Option<f64>>; 4],
}

impl Rows {
    fn add(&mut self, shop: &ShopOrders, name: &'static str, outcome: &Outcome) {
        let Outcome { figures, named } = outcome;
        let coverage = (shop.item_count() > 0).then(|| *named as f64 / shop.item_count() as f64);
        self.shops.push(shop.shop.clone());
        self.measures.push(name);
        self.questions.push(figures.questions as i64);
        let values = [figures.hit_rate(), figures.mrr(), figures.ndcg(), coverage];
        self.figures.iter_mut().zip(values).for_each(|(column, value)| column.push(value.map(rounded)));
    }

    fn into_frame(self) -> PolarsResult<DataFrame> {
        let [hit_rate, mrr, ndcg, coverage] = self.figures;
        df!(
            "shop_id" => self.shops,
            "measure" => self.measures,
            "questions" => self.questions,
            "hit_rate" => hit_rate,
            "mrr" => mrr,
            "ndcg" => ndcg,
            "coverage" => coverage,
        )
    }
}
