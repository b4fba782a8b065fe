//! `rank-bundles`: which bundle of an objective is better, by how sure it is, how its items keep company, stock and price.

use std::collections::BTreeMap;

use polars::prelude::*;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    candidate_rows::{ShopMade, joined, read_candidates},
    objective::Objective,
    phases::{ENABLED, RANKING},
    price_bundles::PRICED,
    price_rows::PriceCells,
    pricing::Pricing,
    products::{OF_ITEMS, Products, products_port},
    ranking::{Components, Entry, Features, Weights, inventory_term, order, price_sanity, rank},
};
use crate::{
    flags::{Flag, flag},
    mining::rounded,
    operator::{
        ColumnKind, Columns, Frames, InputPort, Inputs, Operator, OutputPort, Phase, PortSchema, StageContext,
        StageError,
    },
};

use ColumnKind::{Float, Int};

/// By what bundles are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Score {
    /// By their features, weighted by what they are for.
    #[default]
    Weighted,
    /// By the score that they came with.
    Given,
}

/// Ranks bundles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RankBundles {
    /// By what bundles are ranked: `weighted`, or `given` for those of a quick start.
    pub score: Score,
}

/// Without it bundles are ranked by the score that they came with.
const WEIGHTED: &Flag = flag("phase.weighted_ranking");

/// What ranking adds.
pub const RANKS: Columns = &[
    ("ranking_score", Float),
    ("objective_rank", Int),
    ("inventory_term", Float),
    ("price_sanity", Float),
    ("novelty", Float),
    ("confidence_part", Float),
    ("covis_part", Float),
    ("lift_part", Float),
    ("inventory_part", Float),
    ("price_part", Float),
];

/// The columns of ranked bundles.
pub const RANKED: [(&str, ColumnKind); PRICED.len() + RANKS.len()] = joined(&[&PRICED, RANKS]);

impl Operator for RankBundles {
    const NAME: &'static str = "rank-bundles";
    const SUMMARY: &'static str =
        "Ranks the bundles of each objective beside each other, and says what each score is made of.";
    const VERSION: u32 = 1;
    const FLAGS: &'static [&'static Flag] = &[WEIGHTED];
    const SWITCH: Option<&'static Flag> = Some(ENABLED);
    const PHASE: Option<Phase> = Some(RANKING);
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("priced", &PRICED, "The output of `price-bundles`."),
        products_port(OF_ITEMS),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![OutputPort::new(
            "ranked",
            "The bundles in the order they came in, with a score from 0 to 1 and their rank among those of the same shop and \
             objective. The parts are what each feature added; `novelty` is what was taken off before its weight.",
            &RANKED,
        )])
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let mut frame = inputs.take("priced")?.collect()?;
        frame.rechunk_mut();
        let products = Products::read(inputs.take("products")?)?;
        let shops = read_candidates(&frame, "priced", &products)?;
        let prices = PriceCells::of(&frame)?;
        let ranked: Vec<Vec<Ranked>> = shops
            .par_iter()
            .map(|shop| {
                context.check_cancelled()?;
                let is_weighted = context.flags.is_on(shop.rows.shop.as_deref(), WEIGHTED);
                let score = if is_weighted { self.score } else { Score::Given };
                Ok(rank_shop(score, shop, &products, &prices))
            })
            .collect::<Result<_, StageError>>()?;
        let ranked: Vec<Ranked> = ranked.into_iter().flatten().collect();
        Ok(Frames::new().with("ranked", frame.hstack(&columns(&ranked))?))
    }
}

/// A bundle's rank.
#[derive(Clone, Copy, Debug, Default)]
struct Ranked {
    raw: Features,
    components: Components,
    place: usize,
}

/// The ranks of a shop's bundles, in their order.
fn rank_shop(score: Score, shop: &ShopMade, products: &Products, prices: &PriceCells) -> Vec<Ranked> {
    let mut ranked = vec![Ranked::default(); shop.made.len()];
    let Some(products) = products.shop(shop.rows.shop.as_deref()) else { return ranked };
    let pricings: Vec<Pricing> =
        shop.rows.rows.clone().zip(&shop.made).map(|(row, made)| prices.row(row, made)).collect();
    let raw = |place: usize| {
        let (candidate, pricing) = (&shop.made[place].candidate, &pricings[place]);
        let stocks: Vec<Option<i64>> = candidate.items.iter().map(|item| products.fact(*item).stock).collect();
        Features {
            confidence: candidate.confidence,
            covis: candidate.company.map_or(0.0, |company| company.coherence),
            lift: candidate.lift,
            inventory: inventory_term(&stocks),
            price: price_sanity(Some(pricing.greatest_percent()), &pricing.baselines),
        }
    };
    for objective in Objective::ALL {
        let places: Vec<usize> =
            (0..shop.made.len()).filter(|place| shop.made[*place].candidate.objective == objective).collect();
        let entries: Vec<Entry<'_>> = places
            .iter()
            .map(|place| Entry {
                candidate: &shop.made[*place].candidate,
                raw: raw(*place),
                price: pricings[*place].bundle(),
                hybrid: Some(shop.made[*place].hybrid),
            })
            .collect();
        let mut components = rank(&entries, &Weights::of(objective));
        if score == Score::Given {
            for (component, place) in components.iter_mut().zip(&places) {
                component.score = shop.made[*place].score.clamp(0.0, 1.0);
            }
        }
        for (rank, entry) in (1..).zip(order(&entries, &components)) {
            ranked[places[entry]] = Ranked { raw: entries[entry].raw, components: components[entry], place: rank };
        }
    }
    ranked
}

fn columns(ranked: &[Ranked]) -> Vec<Column> {
    let float = |of: fn(&Ranked) -> f64| {
        Column::new("".into(), ranked.iter().map(|ranked| rounded(of(ranked))).collect::<Vec<_>>())
    };
    let columns = [
        float(|ranked| ranked.components.score),
        Column::new("".into(), ranked.iter().map(|ranked| ranked.place as i64).collect::<Vec<_>>()),
        float(|ranked| ranked.raw.inventory),
        float(|ranked| ranked.raw.price),
        float(|ranked| ranked.components.novelty),
        float(|ranked| ranked.components.contributions.confidence),
        float(|ranked| ranked.components.contributions.covis),
        float(|ranked| ranked.components.contributions.lift),
        float(|ranked| ranked.components.contributions.inventory),
        float(|ranked| ranked.components.contributions.price),
    ];
    columns.into_iter().zip(RANKS).map(|(column, (name, _))| column.with_name((*name).into())).collect()
}
