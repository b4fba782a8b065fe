//! What was learnt of shops as rows: the model, by items' numbers, and how good it was.

use polars::prelude::*;

use super::super::{decimal::rounded, recommending::Learned};
use crate::operator::{ColumnKind, StageError};

/// The columns of `recommendation_quality`.
pub const RECOMMENDATION_QUALITY: [(&str, ColumnKind); 11] = [
    ("shop_id", ColumnKind::Text),
    ("measure", ColumnKind::Text),
    ("chosen", ColumnKind::Bool),
    ("strength", ColumnKind::Float),
    ("prior", ColumnKind::Float),
    ("orders", ColumnKind::Int),
    ("questions", ColumnKind::Int),
    ("hit_rate", ColumnKind::Float),
    ("ndcg", ColumnKind::Float),
    ("similar_hit_rate", ColumnKind::Float),
    ("popular_hit_rate", ColumnKind::Float),
];

/// Weights below half of the last stored decimal are none.
const LEAST: f32 = 5e-7;

/// Rows of both outputs.
#[derive(Default)]
pub struct LearnedRows {
    model: Option<DataFrame>,
    shops: Vec<Option<String>>,
    measures: Vec<&'static str>,
    chosen: Vec<bool>,
    strengths: Vec<Option<f64>>,
    priors: Vec<f64>,
    counts: [Vec<i64>; 2],
    figures: [Vec<Option<f64>>; 4],
}

impl LearnedRows {
    /// Adds a shop, whose items are numbered from `first` on; of the model what may be named.
    ///
    /// # Errors
    /// When the rows cannot be made.
    pub fn add(
        &mut self,
        shop: Option<String>,
        first: u32,
        learned: &Learned,
        is_offered: &[bool],
    ) -> Result<(), StageError> {
        let is_offered = |item: u32| is_offered.get(item as usize) == Some(&true);
        let model = &learned.model;
        let popular = (0..).zip(&model.popular).map(|(item, weight)| (None, item, *weight));
        let pairs = (0..model.pairs.len() as u32)
            .flat_map(|item| model.pairs.each(item).map(move |(other, weight)| (Some(first + item), other, weight)));
        let (mut items, mut others, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for (item, other, weight) in popular.chain(pairs) {
            if weight.abs() >= LEAST && is_offered(other) {
                items.push(item);
                others.push(first + other);
                weights.push(weight);
            }
        }
        append(&mut self.model, df!("item" => items, "other" => others, "weight" => weights)?)?;
        let quality = &learned.quality;
        self.shops.push(shop);
        self.measures.push(quality.measure);
        self.chosen.push(quality.is_chosen);
        self.strengths.push(quality.strength);
        self.priors.push(quality.prior);
        let counts = [quality.learnt, quality.model.questions].map(|count| count as i64);
        self.counts.iter_mut().zip(counts).for_each(|(column, count)| column.push(count));
        let [model, listed, popular] = [&quality.model, &quality.listed, &quality.popular];
        let figures = [model.hit_rate(), model.ndcg(), listed.hit_rate(), popular.hit_rate()];
        self.figures.iter_mut().zip(figures).for_each(|(column, figure)| column.push(figure.map(rounded)));
        Ok(())
    }

    /// The model with numbers for items (`item`, `other`, `weight`), and the quality.
    ///
    /// # Errors
    /// When the frames cannot be made.
    pub fn finish(self) -> Result<(DataFrame, DataFrame), StageError> {
        let none = || df!("item" => Vec::<u32>::new(), "other" => Vec::<u32>::new(), "weight" => Vec::<f32>::new());
        let model = self.model.map_or_else(none, Ok)?;
        let [orders, questions] = self.counts;
        let [hit_rate, ndcg, similar, popular] = self.figures;
        let quality = df!(
            "shop_id" => self.shops,
            "measure" => self.measures,
            "chosen" => self.chosen,
            "strength" => self.strengths,
            "prior" => self.priors,
            "orders" => orders,
            "questions" => questions,
            "hit_rate" => hit_rate,
            "ndcg" => ndcg,
            "similar_hit_rate" => similar,
            "popular_hit_rate" => popular,
        )?;
        Ok((model, quality))
    }
}

/// Adds rows to those so far.
///
/// # Errors
/// When they are others.
pub fn append(to: &mut Option<DataFrame>, rows: DataFrame) -> Result<(), StageError> {
    match to {
        Some(all) => all.vstack_mut_owned(rows).map(drop)?,
        None => *to = Some(rows),
    }
    Ok(())
}
