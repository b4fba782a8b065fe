//! `embed-items`: vectors of items by a model, for `generate-candidates` to compare.

use std::{cmp::Reverse, collections::BTreeMap};

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    candidate_rows::joined,
    phases::ENABLED,
    product_texts::{ProductTexts, TOLD},
    products::{OF_ITEMS, Products, products_port},
};
use crate::{
    embedding::{Embedder, LocalEmbedder, MODEL_PORT, ModelEmbedder, Scope, ServiceEmbedder, Subwords},
    flags::Flag,
    operator::{
        ColumnKind, Columns, EmbeddingService, Frames, Inputs, Operator, OutputPort, ParamError, PortSchema,
        StageContext, StageError,
    },
};

/// Who makes the vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ItemEmbedder {
    /// Words and pairs of words, hashed and weighed by how rare they are in the shop: what `generate-candidates` does by itself.
    #[default]
    Local,
    /// Words and their letters by threes, hashed to 256 numbers.
    Subwords,
    /// The static model whose files are at the input `model`.
    Model,
    /// The endpoint `service`.
    Service,
}

/// Embeds items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EmbedItems {
    /// Who makes the vectors.
    pub embedder: ItemEmbedder,
    /// The OpenAI-compatible endpoint of `service`.
    pub service: EmbeddingService,
    /// So many items of a shop at most, those in most orders.
    pub most_items: usize,
}

impl Default for EmbedItems {
    fn default() -> Self {
        Self { embedder: ItemEmbedder::default(), service: EmbeddingService::default(), most_items: 400 }
    }
}

/// How many numbers a vector of subwords has.
const SUBWORDS: usize = 256;

const MORE: Columns = &[TOLD[0], TOLD[2], TOLD[3], TOLD[4], ("lines", ColumnKind::Int)];
const PRODUCTS: [(&str, ColumnKind); OF_ITEMS.len() + MORE.len()] = joined(&[OF_ITEMS, MORE]);

const VECTORS: Columns = &[("shop_id", ColumnKind::Text), ("item_id", ColumnKind::Text), ("vector", ColumnKind::Any)];

impl Operator for EmbedItems {
    const NAME: &'static str = "embed-items";
    const SUMMARY: &'static str = "Makes vectors of items by a model, for generate-candidates to compare.";
    const VERSION: u32 = 1;
    const SWITCH: Option<&'static Flag> = Some(ENABLED);
    const INPUTS: Inputs = Inputs::Ports(&[products_port(&PRODUCTS), MODEL_PORT]);

    fn validate(&self) -> Result<(), ParamError> {
        self.service.check("service")
    }

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![OutputPort::new(
            "vectors",
            "A row an item that was embedded: a list of numbers of one length.",
            VECTORS,
        )])
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let model = inputs.take_optional("model");
        let embedder: Box<dyn Embedder> = match (self.embedder, model) {
            (ItemEmbedder::Local, _) => Box::new(LocalEmbedder),
            (ItemEmbedder::Subwords, _) => Box::new(Subwords { dimensions: SUBWORDS }),
            (ItemEmbedder::Model, Some(files)) => Box::new(ModelEmbedder::read(files, context.storage.as_ref())?),
            (ItemEmbedder::Model, None) => return Err(StageError::MissingInput { port: "model".to_owned() }),
            (ItemEmbedder::Service, _) => {
                Box::new(ServiceEmbedder { service: &self.service, services: context.services.as_ref() })
            }
        };
        let products = Products::read(inputs.take("products")?)?;
        let texts = ProductTexts::of(&products)?;
        let chosen = self.chosen(&products)?;
        let words: Vec<Vec<String>> =
            chosen.iter().map(|(_, rows)| rows.iter().map(|row| texts.text(*row)).collect()).collect();
        let vectors = vectors_of(embedder.as_ref(), &words)?;
        let shops = chosen.iter().flat_map(|(shop, rows)| rows.iter().map(move |_| *shop));
        let ids = products.texts("item_id")?;
        let items = chosen.iter().flat_map(|(_, rows)| rows).map(|row| ids.get(*row));
        let frame = df!("shop_id" => shops.collect::<Vec<_>>(), "item_id" => items.collect::<Vec<_>>())?;
        Ok(Frames::new().with("vectors", frame.hstack(&[column(&vectors)])?))
    }
}

/// The rows of a shop, by its name.
type Chosen<'a> = Vec<(Option<&'a str>, Vec<usize>)>;

impl EmbedItems {
    /// The rows that are embedded: of each shop those that may be in a bundle, in most orders first.
    fn chosen<'a>(&self, products: &'a Products) -> Result<Chosen<'a>, StageError> {
        let exclusions = products.texts("exclusion")?;
        let lines = products.numbers("lines")?;
        let of_shop = products.shops().iter().map(|shop| {
            let may_be = |row: &usize| exclusions.get(*row).is_none_or(str::is_empty);
            let mut rows: Vec<usize> = shop.rows.clone().filter(may_be).collect();
            rows.sort_by_key(|row| (Reverse(lines.get(*row).copied().unwrap_or_default()), *row));
            rows.truncate(self.most_items);
            rows.sort_unstable();
            (shop.shop.as_deref(), rows)
        });
        Ok(of_shop.collect())
    }
}

/// The vectors of all texts, shop by shop. Where a vector depends on its text alone, all are asked for at once.
fn vectors_of(embedder: &dyn Embedder, texts: &[Vec<String>]) -> Result<Vec<Vec<f32>>, StageError> {
    let embed = |texts: Vec<&str>| -> Result<Vec<Vec<f32>>, StageError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let vectors = embedder.embed(&texts).map_err(|error| error.at("products", "embed by another model"))?;
        Ok((0..vectors.len()).map(|row| vectors.row(row)).collect())
    };
    match embedder.scope() {
        Scope::Text => embed(texts.iter().flatten().map(String::as_str).collect()),
        Scope::Batch => {
            let of_shops = texts.iter().map(|texts| embed(texts.iter().map(String::as_str).collect()));
            Ok(of_shops.collect::<Result<Vec<_>, _>>()?.concat())
        }
    }
}

fn column(vectors: &[Vec<f32>]) -> Column {
    let numbers = vectors.iter().map(Vec::len).sum();
    let mut lists =
        ListPrimitiveChunkedBuilder::<Float32Type>::new("vector".into(), vectors.len(), numbers, DataType::Float32);
    vectors.iter().for_each(|vector| lists.append_slice(vector));
    lists.finish().into_column()
}
