//! `generate-candidates`: the bundles that a shop could offer, from its orders, its catalog and what is alike.

mod alone;
mod counted;
mod coverage;
mod finish;
mod flow;
mod ladder;
mod ladder_catalog;
mod params;
mod proposal;
mod reports;
mod shop;
mod similarity;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;
use rayon::prelude::*;

pub use self::params::{GenerateCandidates, InventoryMode};
use self::{
    flow::{Counts, Flow, Given},
    ladder_catalog::CatalogTexts,
    reports::{CANDIDATE_SHOPS, ShopFacts, read_shops, report},
    shop::{Shop, ShopSales},
    similarity::{Alike, Bounds, by_vectors, targets},
    tables::{Rules, SimilarItems},
};
use super::{
    candidate_rows::{CANDIDATES, Made, candidate_rows, joined},
    phases::{CANDIDATE_GENERATION, ENABLED},
    product_texts::ProductTexts,
    products::{OF_ITEMS, OUT_OF_STOCK, Products, ShopProducts, ShopRows, products_port},
    speed::Speed,
};
use crate::{
    embedding::{Embedder, EmbeddingError, GivenVectors, LocalEmbedder},
    flags::{Flag, StageFlags},
    mining::{DATED_LINES_PORT, ShopOrders, Wanted, read_lines},
    operator::{
        ColumnKind, Columns, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, Phase, PortSchema,
        StageContext, StageError,
    },
};

use ColumnKind::{Bool, Float, Int, Text};

/// What candidates are made of beside what every phase reads.
const MORE: Columns = &[
    ("title", Text),
    ("vendor", Text),
    ("tags", Text),
    ("description", Text),
    ("is_slow_seller", Bool),
    ("is_fast_seller", Bool),
    ("lines", Int),
    ("units", Int),
    ("lines_of_two", Int),
    ("lines_of_three", Int),
    ("quantity_max", Int),
];

const PRODUCTS: [(&str, ColumnKind); OF_ITEMS.len() + MORE.len()] = joined(&[OF_ITEMS, MORE]);

impl Operator for GenerateCandidates {
    const NAME: &'static str = "generate-candidates";
    const SUMMARY: &'static str = "Makes the bundles that each shop could offer: from rules, itemsets, pairs, likeness, and fallbacks where orders are few.";
    const VERSION: u32 = 1;
    const FLAGS: &'static [&'static Flag] = params::FLAGS;
    const SWITCH: Option<&'static Flag> = Some(ENABLED);
    const PHASE: Option<Phase> = Some(CANDIDATE_GENERATION);
    const INPUTS: Inputs = Inputs::Ports(&[
        products_port(&PRODUCTS),
        InputPort::required("shops", reports::SHOPS_READ, "Its output `shops`: what each shop's bundles are for."),
        DATED_LINES_PORT,
        InputPort::optional(
            "rules",
            &[
                ("shop_id", Text),
                ("antecedent", ColumnKind::Any),
                ("consequent", ColumnKind::Any),
                ("confidence", Float),
                ("lift", Float),
                ("support", Float),
            ],
            "The output `rules` of `mine-rules`.",
        ),
        InputPort::optional(
            "similar_items",
            &[("shop_id", Text), ("item_id", Text), ("similar_item", Text), ("rank", Int)],
            "The output `similar_items` of `build-covisitation`: what goes with an item.",
        ),
        InputPort::optional(
            "vectors",
            &[("shop_id", Text), ("item_id", Text), ("vector", ColumnKind::Any)],
            "Vectors of items that a model made, lists of numbers of one length; without them descriptions are compared by words.",
        ),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "candidates",
                "A row a bundle that could be offered, by shop, objective, type, falling hybrid score and items. The first item is the \
                 trigger. Orders are counted among all; shares are of orders of two or more items.",
                CANDIDATES,
            ),
            OutputPort::new(
                "shops",
                "A row a shop: what its sources proposed, what was left out, which fallbacks were used, and why it has no candidate.",
                CANDIDATE_SHOPS,
            ),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        self.check()
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let tables = Tables::read(self, &mut inputs)?;
        let lines = inputs.take("lines")?;
        let orders = read_lines(lines, Wanted { times: true, customers: true }, context)?.into_orders(1);
        let mut orders: HashMap<Option<String>, ShopOrders> =
            orders.into_iter().map(|orders| (orders.shop.clone(), orders)).collect();
        let work: Vec<(&ShopRows, ShopOrders)> = (tables.products.shops().iter())
            .map(|shop| (shop, orders.remove(&shop.shop).unwrap_or_default()))
            .collect();
        let found: Vec<(Vec<Made>, Counts)> = work
            .into_par_iter()
            .map(|(rows, orders)| {
                context.check_cancelled()?;
                context.progress.advance(1);
                if context.time.is_over() {
                    // The shops that were not reached are made up for by the next run.
                    context.time.give_part();
                    return Ok((Vec::new(), Counts { is_late: true, ..Counts::default() }));
                }
                self.of_shop(&tables, rows, orders, &context.flags)
            })
            .collect::<Result<_, StageError>>()?;
        let shops: Vec<(ShopProducts<'_>, Option<&str>, &[Made])> = (tables.products.shops().iter().zip(&found))
            .map(|(rows, (made, _))| (tables.products.of(rows), rows.shop.as_deref(), made.as_slice()))
            .collect();
        let counts: Vec<Counts> = found.iter().map(|(_, counts)| *counts).collect();
        Ok(Frames::new()
            .with("candidates", candidate_rows(&shops)?)
            .with("shops", report(tables.products.shops(), &tables.shops, &counts)?))
    }
}

/// All inputs but the lines.
struct Tables {
    products: Products,
    shops: HashMap<Option<String>, ShopFacts>,
    rules: Option<Rules>,
    similar: Option<SimilarItems>,
    vectors: Option<HashMap<Option<String>, GivenVectors>>,
    titles: StringChunked,
    categories: StringChunked,
    vendors: StringChunked,
    told: ProductTexts,
    /// Why an item is in no bundle.
    exclusions: StringChunked,
    numbers: [Vec<i64>; 5],
    speeds: Vec<Speed>,
}

impl Tables {
    fn read(params: &GenerateCandidates, inputs: &mut Frames) -> Result<Self, StageError> {
        let products = Products::read(inputs.take("products")?)?;
        let speeds = products.truths("is_slow_seller")?.into_iter().zip(products.truths("is_fast_seller")?);
        let speeds = speeds.map(|(is_slow, is_fast)| Speed { is_slow, is_fast }).collect();
        Ok(Self {
            shops: read_shops(inputs.take("shops")?)?,
            rules: inputs.take_optional("rules").map(Rules::read).transpose()?,
            similar: (inputs.take_optional("similar_items").filter(|_| params.complements > 0))
                .map(|similar| SimilarItems::read(similar, params.complements))
                .transpose()?,
            vectors: inputs.take_optional("vectors").map(read_vectors).transpose()?,
            titles: products.texts("title")?,
            categories: products.texts("category")?,
            vendors: products.texts("vendor")?,
            told: ProductTexts::of(&products)?,
            exclusions: products.texts("exclusion")?,
            numbers: [
                products.numbers("lines")?,
                products.numbers("lines_of_two")?,
                products.numbers("lines_of_three")?,
                products.numbers("quantity_max")?,
                products.numbers("units")?,
            ],
            speeds,
            products,
        })
    }

    /// What is alike in a shop.
    fn alike(
        &self,
        name: &Option<String>,
        shop: &Shop<'_>,
        most: usize,
        is_adaptive: bool,
    ) -> Result<Alike, EmbeddingError> {
        let targets = targets(shop);
        let vectors = match &self.vectors {
            Some(given) => {
                let ids: Vec<&str> = targets.iter().map(|item| shop.products.id(*item)).collect();
                given.get(name).map(|given| given.of(&ids)).unwrap_or_else(|| GivenVectors::default().of(&ids))
            }
            None => {
                let texts: Vec<String> = targets.iter().map(|item| self.told.text(shop.products.row(*item))).collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                LocalEmbedder.embed(&texts)?
            }
        };
        let bounds = Bounds::of(shop, is_adaptive);
        Ok(by_vectors(shop, &targets, &self.vendors, most, &vectors, bounds))
    }

    fn sales(&self, rows: &ShopRows) -> ShopSales {
        let counts = |place: usize| {
            let numbers = self.numbers[place].get(rows.rows.clone()).unwrap_or_default();
            numbers.iter().map(|number| u32::try_from(*number).unwrap_or_default()).collect::<Vec<u32>>()
        };
        let units = self.numbers[4].get(rows.rows.clone()).unwrap_or_default();
        ShopSales {
            lines: counts(0),
            lines_of_two: counts(1),
            lines_of_three: counts(2),
            most_pieces: counts(3),
            units: units.iter().map(|units| u64::try_from(*units).unwrap_or_default()).collect(),
            speeds: self.speeds.get(rows.rows.clone()).unwrap_or_default().to_vec(),
        }
    }
}

/// The vectors of each shop's items.
fn read_vectors(vectors: LazyFrame) -> Result<HashMap<Option<String>, GivenVectors>, StageError> {
    let refused = |error: EmbeddingError| error.at("vectors", "give vectors of one model");
    let frame = vectors.collect()?;
    let (shops, items) = (frame.column("shop_id")?.str()?, frame.column("item_id")?.str()?);
    let lists = frame.column("vector")?.cast(&DataType::List(Box::new(DataType::Float32)))?;
    let mut given: HashMap<Option<String>, GivenVectors> = HashMap::new();
    for ((shop, item), vector) in shops.iter().zip(items.iter()).zip(lists.list()?.amortized_iter()) {
        let (Some(item), Some(vector)) = (item, vector) else { continue };
        let vector: Vec<f32> = vector.as_ref().f32()?.iter().map(Option::unwrap_or_default).collect();
        given.entry(shop.map(str::to_owned)).or_default().add(item, &vector).map_err(refused)?;
    }
    Ok(given)
}

fn no_vectors(error: EmbeddingError) -> StageError {
    error.at("products", "set similar = 0 to go without")
}

impl GenerateCandidates {
    fn of_shop(
        &self,
        tables: &Tables,
        rows: &ShopRows,
        orders: ShopOrders,
        flags: &StageFlags,
    ) -> Result<(Vec<Made>, Counts), StageError> {
        let name = rows.shop.as_deref();
        let settings = self.settings(flags, name);
        if !settings.is_on {
            return Ok((Vec::new(), Counts { is_off: true, ..Counts::default() }));
        }
        let Some(facts) = tables.shops.get(&rows.shop) else { return Ok(Default::default()) };
        let products = tables.products.of(rows);
        let is_usable = rows.rows.clone().map(|row| self.may_use(tables.exclusions.get(row))).collect();
        let shop = Shop::new(products, is_usable, orders, tables.sales(rows));
        let rules = tables.rules.as_ref().map(|rules| rules.of(name, products)).unwrap_or_default();
        let complements = tables.similar.as_ref().map(|similar| similar.of(name, products)).unwrap_or_default();
        let texts = CatalogTexts { titles: &tables.titles, categories: &tables.categories, vendors: &tables.vendors };
        let alike = if settings.compares {
            tables.alike(&rows.shop, &shop, self.similar, settings.is_adaptive).map_err(no_vectors)?
        } else {
            Alike::default()
        };
        let given = Given {
            rules: &rules,
            complements: &complements,
            alike,
            texts,
            objectives: &facts.objectives,
            lines: facts.lines,
        };
        Ok(Flow::new(self, settings, &shop).run(given))
    }

    /// Whether an item that is excluded for this reason may be in a bundle nonetheless.
    fn may_use(&self, exclusion: Option<&str>) -> bool {
        match exclusion {
            None => true,
            Some(OUT_OF_STOCK | "inactive") => self.inventory != InventoryMode::Strict,
            Some(_) => false,
        }
    }
}
