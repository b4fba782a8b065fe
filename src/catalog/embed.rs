//! `embed-products`: products into what an index keeps of them, with a vector for each text that is new.

use std::collections::BTreeMap;

use polars::prelude::{
    Column, DataFrame, DataType, Float32Type, IntoColumn, ListBuilderTrait, ListPrimitiveChunkedBuilder, NamedFrom,
    PolarsResult, Series, StringChunked,
};
use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    json::{Omitted, Text, Value, canonical, md5_hex, parse, sha256_hex},
    listing::Listing,
    price::Cents,
};
use crate::{
    embedding::{Embedder, MODEL_PORT, ModelEmbedder, Scope, ServiceEmbedder, Subwords},
    operator::{
        ColumnKind, EmbeddingService, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema,
        StageContext, StageError, for_each_batch,
    },
};

/// Who makes the vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EmbedderName {
    /// Words and their letters by threes, hashed: no model, the same on every machine.
    #[default]
    Subwords,
    /// The static model whose files are at the input `model`.
    Model,
    /// The endpoint `service`.
    Service,
    /// No vectors: the index finds words alone.
    None,
}

/// Which hash says that the index has a product so already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IndexHash {
    /// SHA-256 of the text and of all values that are written.
    #[default]
    Written,
    /// MD5 of id, name, price, categories, descriptor and labels, as the original has it: changes of stock are not seen.
    Original,
}

/// What is done for a product whose text the index has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Known {
    /// Its vector is kept.
    #[default]
    Keep,
    /// It is embedded again.
    Embed,
}

/// Parameters of `embed-products`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EmbedProducts {
    /// Who makes the vectors.
    pub embedder: EmbedderName,
    /// How many numbers a vector of `subwords` has.
    pub dimensions: usize,
    /// The OpenAI-compatible endpoint of `service`.
    pub service: EmbeddingService,
    /// Which hash says that the index has a product so already.
    pub index_hash: IndexHash,
    /// What is done for a product whose text the index has.
    pub known: Known,
}

impl Default for EmbedProducts {
    fn default() -> Self {
        Self {
            embedder: EmbedderName::default(),
            dimensions: 256,
            service: EmbeddingService::default(),
            index_hash: IndexHash::default(),
            known: Known::default(),
        }
    }
}

const PRODUCTS: InputPort = InputPort::required(
    "products",
    &[
        ("namespace", ColumnKind::Text),
        ("id", ColumnKind::Text),
        ("change", ColumnKind::Text),
        ("content_hash", ColumnKind::Text),
        ("product", ColumnKind::Text),
        ("digest_a", ColumnKind::Int),
        ("digest_b", ColumnKind::Int),
        ("hash_version", ColumnKind::Int),
        ("fields", ColumnKind::Text),
        ("digests", ColumnKind::Any),
        ("known_index", ColumnKind::Text),
        ("known_text", ColumnKind::Text),
    ],
    "The products of diff-catalog.",
);

/// Columns that are handed on as they are.
const HANDED_ON: [&str; 9] =
    ["namespace", "id", "change", "content_hash", "digest_a", "digest_b", "hash_version", "fields", "digests"];

/// The columns of the items.
pub const ITEM: [(&str, ColumnKind); 22] = [
    ("namespace", ColumnKind::Text),
    ("id", ColumnKind::Text),
    ("change", ColumnKind::Text),
    ("content_hash", ColumnKind::Text),
    ("digest_a", ColumnKind::Int),
    ("digest_b", ColumnKind::Int),
    ("hash_version", ColumnKind::Int),
    ("fields", ColumnKind::Text),
    ("digests", ColumnKind::Any),
    ("index_hash", ColumnKind::Text),
    ("text_hash", ColumnKind::Text),
    ("title", ColumnKind::Text),
    ("text", ColumnKind::Text),
    ("brand", ColumnKind::Text),
    ("category", ColumnKind::Text),
    ("labels", ColumnKind::Text),
    ("url", ColumnKind::Text),
    ("image", ColumnKind::Text),
    ("price", ColumnKind::Float),
    ("sale_price", ColumnKind::Float),
    ("available", ColumnKind::Bool),
    ("vector", ColumnKind::Any),
];

/// An item being made.
struct Item {
    listing: Listing,
    text_hash: String,
    index_hash: String,
    /// Whether the index has the vector of the text.
    is_known: bool,
    /// `None` where the one that the index has is kept, and where nothing is embedded.
    vector: Option<Vec<f32>>,
}

/// Who makes the vectors of a run.
struct Maker<'a> {
    embedder: Option<Box<dyn Embedder + 'a>>,
    /// Who made a vector, as part of the hash of its text.
    identity: String,
}

fn boxed<'a>(embedder: impl Embedder + 'a) -> Box<dyn Embedder + 'a> {
    Box::new(embedder)
}

impl<'a> Maker<'a> {
    fn of(embedder: Option<(Box<dyn Embedder + 'a>, usize)>) -> Self {
        match embedder {
            None => Self { embedder: None, identity: "none".to_owned() },
            Some((embedder, dimensions)) => {
                // An index keeps vectors, and compares those of today with those of last year.
                debug_assert_eq!(embedder.scope(), Scope::Text);
                let identity = format!("{}/{dimensions}", embedder.identity());
                Self { embedder: Some(embedder), identity }
            }
        }
    }
}

impl EmbedProducts {
    fn maker<'a>(&'a self, inputs: &mut Frames, context: &'a StageContext) -> Result<Maker<'a>, StageError> {
        let model = inputs.take_optional("model");
        Ok(Maker::of(match (self.embedder, model) {
            (EmbedderName::Subwords, _) => Some((boxed(Subwords { dimensions: self.dimensions }), self.dimensions)),
            (EmbedderName::Model, Some(files)) => {
                let model = ModelEmbedder::read(files, context.storage.as_ref())?;
                let dimensions = model.dimensions();
                Some((boxed(model), dimensions))
            }
            (EmbedderName::Model, None) => return Err(StageError::MissingInput { port: "model".to_owned() }),
            (EmbedderName::Service, _) => {
                let embedder = ServiceEmbedder { service: &self.service, services: context.services.as_ref() };
                Some((boxed(embedder), self.service.dimensions))
            }
            (EmbedderName::None, _) => None,
        }))
    }

    /// An item without its vector.
    fn item(&self, identity: &str, id: &str, product: &str, known_text: &str) -> Item {
        let product = parse(product).unwrap_or(Value::Null);
        let listing = Listing::of(&product);
        let text_hash = sha256_hex(&format!("{identity}\n{}", listing.text));
        let is_known = text_hash == known_text && self.known == Known::Keep;
        let index_hash = match self.index_hash {
            IndexHash::Written => sha256_hex(&format!("{text_hash}\n{}", listing.metadata_text())),
            IndexHash::Original => original_hash(id, &product),
        };
        Item { listing, text_hash, index_hash, is_known, vector: None }
    }

    fn items(&self, maker: &Maker<'_>, batch: &DataFrame) -> Result<DataFrame, StageError> {
        let text = |name: &str| batch.column(name).and_then(|column| column.str().cloned());
        let (ids, products, known) = (text("id")?, text("product")?, text("known_text")?);
        let mut items: Vec<Item> = (0..batch.height())
            .into_par_iter()
            .map(|row| {
                let of = |column: &StringChunked| column.get(row).unwrap_or_default().to_owned();
                self.item(&maker.identity, &of(&ids), &of(&products), &of(&known))
            })
            .collect();
        if let Some(embedder) = &maker.embedder {
            give_vectors(embedder.as_ref(), &mut items)?;
        }
        let mut columns: Vec<Column> =
            HANDED_ON.iter().map(|name| batch.column(name).cloned()).collect::<PolarsResult<_>>()?;
        columns.extend(made_columns(&items));
        columns.push(self.vectors(&items)?);
        Ok(DataFrame::new(batch.height(), columns)?)
    }

    fn vectors(&self, items: &[Item]) -> PolarsResult<Column> {
        let count = items.iter().filter(|item| item.vector.is_some()).count();
        let mut vectors = ListPrimitiveChunkedBuilder::<Float32Type>::new(
            "vector".into(),
            items.len(),
            count * self.dimensions,
            DataType::Float32,
        );
        for item in items {
            match &item.vector {
                Some(vector) => vectors.append_slice(vector),
                None => vectors.append_null(),
            }
        }
        Ok(vectors.finish().into_column())
    }
}

/// Embeds the texts that the index does not know.
fn give_vectors(embedder: &dyn Embedder, items: &mut [Item]) -> Result<(), StageError> {
    let texts: Vec<&str> = items.iter().filter(|item| !item.is_known).map(|item| item.listing.text.as_str()).collect();
    if texts.is_empty() {
        return Ok(());
    }
    let vectors = embedder.embed(&texts).map_err(|error| error.at("products", "embed by another model"))?;
    for (row, item) in items.iter_mut().filter(|item| !item.is_known).enumerate() {
        // Words without a letter have no direction: they are found by their words alone.
        item.vector = Some(vectors.row(row)).filter(|vector| vector.iter().any(|value| *value != 0.0));
    }
    Ok(())
}

/// The columns that are made of items, without the vector.
fn made_columns(items: &[Item]) -> Vec<Column> {
    let text = |name: &str, of: &dyn Fn(&Item) -> Option<&str>| {
        items.iter().map(of).collect::<StringChunked>().with_name(name.into()).into_column()
    };
    let price = |name: &str, of: &dyn Fn(&Listing) -> Option<Cents>| {
        let amounts: Vec<Option<f64>> = items.iter().map(|item| of(&item.listing).map(Cents::amount)).collect();
        Series::new(name.into(), amounts).into_column()
    };
    let available: Vec<Option<bool>> = items.iter().map(|item| item.listing.available).collect();
    vec![
        text("index_hash", &|item| Some(&item.index_hash)),
        text("text_hash", &|item| Some(&item.text_hash)),
        text("title", &|item| Some(&item.listing.title)),
        text("text", &|item| Some(&item.listing.text)),
        text("brand", &|item| item.listing.brand.as_deref()),
        text("category", &|item| item.listing.category.as_deref()),
        text("labels", &|item| item.listing.labels.as_deref()),
        text("url", &|item| item.listing.url.as_deref()),
        text("image", &|item| item.listing.image.as_deref()),
        price("price", &|listing| listing.price),
        price("sale_price", &|listing| listing.sale_price),
        Series::new("available".into(), available).into_column(),
    ]
}

/// The hash of the original's index: of a few fields, with an inventory that is always 0.
fn original_hash(id: &str, product: &Value<'_>) -> String {
    let of = |key: &str, missing: Value<'static>| match product.get(key) {
        Some(value) if *value != Value::Null => value.clone(),
        _ => missing,
    };
    let price = match (product.get("salePrice"), product.get("originalPrice")) {
        (Some(price), _) if price.is_truthy() => price.clone(),
        (_, Some(price)) if price.is_truthy() => price.clone(),
        _ => Value::Number("0.0".into()),
    };
    let entries = [
        ("id", Value::Text(Text::plain(id.to_owned()))),
        ("name", of("name", Value::Text(Text::plain("")))),
        ("price", price),
        ("inventory", Value::Number("0".into())),
        ("categories", of("categories", Value::List(Vec::new()))),
        ("descriptor", of("descriptor", Value::Null)),
        ("product_labels", of("product_labels", Value::Map(Vec::new()))),
    ];
    let entries = entries.into_iter().map(|(key, value)| (Text::plain(key), value)).collect();
    md5_hex(&canonical(&Value::Map(entries), Omitted::default()))
}

impl Operator for EmbedProducts {
    const NAME: &'static str = "embed-products";
    const SUMMARY: &'static str =
        "Makes of products what an index keeps of them: words, values to filter by, and a vector for each new text.";
    const VERSION: u32 = 1;
    const INPUTS: Inputs = Inputs::Ports(&[PRODUCTS, MODEL_PORT]);

    fn validate(&self) -> Result<(), ParamError> {
        self.service.check("service")?;
        if (8..=4_096).contains(&self.dimensions) {
            return Ok(());
        }
        Err(ParamError {
            path: vec!["dimensions".to_owned()],
            problem: format!("{} is out of range", self.dimensions),
            mend: "give a number from 8 to 4096".to_owned(),
        })
    }

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![OutputPort::new(
            "items",
            "What an index keeps of each product; a vector where the text is new.",
            &ITEM,
        )])
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let maker = self.maker(&mut inputs, context)?;
        let products = inputs.take("products")?;
        let mut is_empty = true;
        for_each_batch(products.clone(), StageError::from, |batch| {
            context.check_cancelled()?;
            is_empty = false;
            context.progress.advance(batch.height() as u64);
            context.storage.write("items", self.items(&maker, &batch)?)
        })?;
        if is_empty {
            context.storage.write("items", self.items(&maker, &products.limit(0).collect()?)?)?;
        }
        Ok(Frames::new())
    }
}

/// The vector of a person's words, as products have theirs.
pub fn query_vector(words: &str, dimensions: usize) -> Vec<f32> {
    Subwords { dimensions }.embed(&[words]).map(|vectors| vectors.row(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARMAC: &str = r#"{"id": "BIKE-1", "name": "Tarmac SL7", "salePrice": "$5,000.00", "categories": ["Road"],
        "descriptor": "Light race bike", "product_labels": {"use_cases": ["racing"]}}"#;

    #[test]
    fn the_golden_product_has_the_hash_of_the_original() {
        assert_eq!(original_hash("BIKE-1", &parse(TARMAC).unwrap()), "cf71ced89309c1f8e74dfecf1d08fa44");
    }

    /// The item of a product, with its vector if it has one.
    fn made(embed: &EmbedProducts, product: &str, known_text: &str) -> Item {
        let maker = Maker::of(Some((boxed(Subwords { dimensions: embed.dimensions }), embed.dimensions)));
        let mut items = [embed.item(&maker.identity, "BIKE-1", product, known_text)];
        give_vectors(maker.embedder.as_deref().unwrap(), &mut items).unwrap();
        let [item] = items;
        item
    }

    #[test]
    fn a_known_text_is_not_embedded_and_a_price_or_stock_that_changed_is_seen() {
        let embed = EmbedProducts::default();
        let first = made(&embed, TARMAC, "");
        assert_eq!(first.vector.as_ref().map(Vec::len), Some(256));
        let cheaper = made(&embed, &TARMAC.replace("5,000", "4,000"), &first.text_hash);
        assert!(
            cheaper.vector.is_none() && cheaper.text_hash == first.text_hash && cheaper.index_hash != first.index_hash
        );
        let sold = made(&embed, &TARMAC.replace("{\"id\"", "{\"available\": false, \"id\""), "");
        assert_ne!(sold.index_hash, first.index_hash);
        let again = EmbedProducts { known: Known::Embed, ..EmbedProducts::default() };
        assert!(made(&again, TARMAC, &first.text_hash).vector.is_some());
        let other = EmbedProducts { dimensions: 128, ..EmbedProducts::default() };
        assert_ne!(made(&other, TARMAC, "").text_hash, first.text_hash);
    }

    #[test]
    fn the_hash_of_a_text_says_who_embeds_it_as_it_always_did() {
        let maker = Maker::of(Some((boxed(Subwords { dimensions: 256 }), 256)));
        assert_eq!((maker.identity.as_str(), Maker::of(None).identity.as_str()), ("subwords@1/256", "none"));
    }
}
