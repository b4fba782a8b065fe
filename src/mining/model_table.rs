//! The published model as a table: read, and asked what to recommend to a basket.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;

use super::recommending::{Model, Pairs, best};
use crate::operator::{ColumnKind, Columns, InputPort, StageError, for_each_batch};

/// The columns of `recommendation_model`: what an item scores by itself (no `item_id`), and with an item of the basket.
pub const RECOMMENDATION_MODEL: [(&str, ColumnKind); 4] = [
    ("shop_id", ColumnKind::Text),
    ("item_id", ColumnKind::Text),
    ("recommended", ColumnKind::Text),
    ("weight", ColumnKind::Float),
];

const READ: Columns = &RECOMMENDATION_MODEL;

/// A port of a model.
pub const fn model_port(about: &'static str) -> InputPort {
    InputPort::required("model", READ, about)
}

/// The same, which a stage may leave out.
pub const fn optional_model_port(about: &'static str) -> InputPort {
    InputPort::optional("model", READ, about)
}

/// The models of shops, by shop.
#[derive(Default)]
pub struct ShopModels(BTreeMap<Option<String>, ShopModel>);

/// A shop's model; its items are numbered as their texts are sorted.
#[derive(Default)]
pub struct ShopModel {
    names: Vec<String>,
    model: Model,
}

/// What was recommended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The items by falling score, ties by item.
    pub items: Vec<(String, f64)>,
    /// Items of the basket that the model has never met.
    pub unknown: Vec<String>,
}

/// A row: the item of the basket, none for popularity; the recommended one; its weight.
type Row = (Option<String>, String, f32);

impl ShopModels {
    /// Reads the rows of a model; those without a recommended item or a weight are passed over.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(rows: LazyFrame) -> Result<Self, StageError> {
        let mut shops: BTreeMap<Option<String>, Vec<Row>> = BTreeMap::new();
        let columns = RECOMMENDATION_MODEL.map(|(name, kind)| match kind.data_type() {
            Some(kind) => col(name).cast(kind),
            None => col(name),
        });
        for_each_batch(rows.select(columns), StageError::from, |batch| {
            let text = |name: &str| batch.column(name).and_then(|column| column.str());
            let (shops_of, items, others) = (text("shop_id")?, text("item_id")?, text("recommended")?);
            let weights = batch.column("weight")?.f64()?;
            for (((shop, item), other), weight) in
                shops_of.iter().zip(items.iter()).zip(others.iter()).zip(weights.iter())
            {
                let (Some(other), Some(weight)) = (other, weight.filter(|weight| weight.is_finite())) else { continue };
                let rows = shops.entry(shop.map(str::to_owned)).or_default();
                rows.push((item.map(str::to_owned), other.to_owned(), weight as f32));
            }
            Ok(())
        })?;
        Ok(Self(shops.into_iter().map(|(shop, rows)| (shop, ShopModel::new(&rows))).collect()))
    }

    /// The model of a shop.
    pub fn shop(&self, shop: Option<&str>) -> Option<&ShopModel> {
        self.0.get(&shop.map(str::to_owned))
    }

    /// The names of the shops.
    pub fn shops(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(Option::as_deref)
    }
}

impl ShopModel {
    fn new(rows: &[Row]) -> Self {
        let texts: BTreeSet<&str> =
            rows.iter().flat_map(|(item, other, _)| item.as_deref().into_iter().chain([other.as_str()])).collect();
        let names: Vec<String> = texts.into_iter().map(str::to_owned).collect();
        let number = |text: &str| names.binary_search_by(|name| name.as_str().cmp(text)).unwrap_or_default() as u32;
        let mut popular = vec![0.0; names.len()];
        let mut pairs: Vec<(u32, u32, f32)> = Vec::new();
        for (item, other, weight) in rows {
            match item {
                Some(item) => pairs.push((number(item), number(other), *weight)),
                None => popular[number(other) as usize] = *weight,
            }
        }
        pairs.sort_by_key(|(item, other, _)| (*item, *other));
        let starts = (0..=names.len() as u32).map(|item| pairs.partition_point(|(of, ..)| *of < item)).collect();
        let others = pairs.iter().map(|(_, other, _)| *other).collect();
        let weights = pairs.iter().map(|(.., weight)| *weight).collect();
        Self { names, model: Model { pairs: Pairs { starts, others, weights }, popular } }
    }

    /// The number of an item.
    pub fn number(&self, item: &str) -> Option<u32> {
        self.names.binary_search_by(|name| name.as_str().cmp(item)).ok().map(|place| place as u32)
    }

    /// The scores of all items, by number, for a basket of numbers, each once; those in it −∞.
    pub fn scores(&self, basket: &[u32]) -> Vec<f64> {
        let mut scores = vec![0.0; self.names.len()];
        self.model.score(basket, &mut scores);
        scores
    }

    /// The best `count` items beside those of the basket.
    pub fn recommend<'a>(&self, basket: impl IntoIterator<Item = &'a str>, count: usize) -> Answer {
        let mut items: Vec<u32> = Vec::new();
        let mut unknown: BTreeSet<&str> = BTreeSet::new();
        for item in basket {
            match self.number(item) {
                Some(number) => items.push(number),
                None => drop(unknown.insert(item)),
            }
        }
        items.sort_unstable();
        items.dedup();
        let best = best(&self.scores(&items), count).into_iter();
        let items = best.filter_map(|(item, score)| Some((self.names.get(item as usize)?.clone(), score))).collect();
        Answer { items, unknown: unknown.into_iter().map(str::to_owned).collect() }
    }
}
