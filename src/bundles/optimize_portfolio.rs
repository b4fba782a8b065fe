//! `optimize-portfolio`: which bundles are good together, by the goals of their objectives or by what they are expected to earn.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    best::falling,
    candidate_rows::{ShopMade, joined, read_candidates},
    earnings::Model,
    money::Percent,
    objective::{Goal, Objective},
    phases::{ENABLED, OPTIMIZATION},
    portfolio::{Broken, Judged, Nsga2, ShopLimits, blended, goal_value, goal_weight, portfolio},
    price_rows::PriceCells,
    pricing::Pricing,
    products::{OF_ITEMS, Products, ShopProducts, products_port},
    rank_bundles::RANKED,
    reckoning::{Period, Reckoned, SHOP_PERIODS, expectations, read_periods},
};
use crate::{
    dice::Dice,
    flags::{Flag, flag},
    mining::rounded,
    operator::{
        ColumnKind, Columns, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, Phase, PortSchema,
        StageContext, StageError,
    },
};

use ColumnKind::{Bool, Float, Int, Text};

/// What a portfolio shall have most of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortfolioObjective {
    /// What the goals of each objective say, beside the ranking.
    #[default]
    Goals,
    /// What is expected to be earned a month, each buyer of a trigger counted once.
    ExpectedMargin,
}

/// How it is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every bundle is judged alone, its goals weighted; nothing is left out.
    #[default]
    WeightedSum,
    /// NSGA-II looks for the set of bundles that no other beats in all goals; the others are left out.
    Nsga2,
    /// The ranking stays as it is.
    Given,
}

/// Optimises portfolios.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizePortfolio {
    /// What a portfolio shall have most of.
    pub objective: PortfolioObjective,
    /// How it is chosen.
    pub method: Method,
    /// With `nsga2`: bundles of a portfolio.
    pub size: usize,
    /// With `nsga2`: of how many bundles, those of the best rank, it is chosen.
    pub among: usize,
    /// How much an offer moves those who do not take the whole by themselves, as a multiple of what the trigger does.
    pub response: f64,
    /// The margin of an item whose cost nobody knows, in percent of its price. From 0 to 100.
    pub assumed_margin_pct: f64,
}

impl Default for OptimizePortfolio {
    fn default() -> Self {
        Self {
            objective: PortfolioObjective::Goals,
            method: Method::WeightedSum,
            size: 100,
            among: 200,
            response: 1.0,
            assumed_margin_pct: 40.0,
        }
    }
}

/// Without it the ranking stays as it is.
const OPTIMIZES: &Flag = flag("phase.enterprise_optimization");
/// With it portfolios are chosen by NSGA-II, whatever the parameter says.
const PARETO: &Flag = flag("advanced.pareto_optimization");
/// Without it bundles need not keep to limits.
const LIMITS: &Flag = flag("advanced.constraint_management");

/// What the optimiser adds.
pub const SCORES: Columns = &[("portfolio_score", Float), ("broken_limit", Text), ("final_score", Float)];

/// The columns of bundles in a portfolio.
pub const OPTIMIZED: [(&str, ColumnKind); RANKED.len() + SCORES.len()] = joined(&[&RANKED, SCORES]);

/// The columns of `portfolios`.
const PORTFOLIOS: Columns = &[
    ("shop_id", Text),
    ("objective", Text),
    ("bundles", Int),
    ("feasible", Int),
    ("no_feasible", Bool),
    ("mean_score", Float),
    ("left_out", Int),
];

impl Operator for OptimizePortfolio {
    const NAME: &'static str = "optimize-portfolio";
    const SUMMARY: &'static str =
        "Judges bundles by the goals of their objectives and the limits of the shop, or by what they earn.";
    const VERSION: u32 = 1;
    const USES_SEED: bool = true;
    const FLAGS: &'static [&'static Flag] = &[OPTIMIZES, PARETO, LIMITS];
    const SWITCH: Option<&'static Flag> = Some(ENABLED);
    const PHASE: Option<Phase> = Some(OPTIMIZATION);
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("ranked", &RANKED, "The output of `rank-bundles`."),
        products_port(OF_ITEMS),
        InputPort::required(
            "shops",
            SHOP_PERIODS,
            "The output `shops` of `flag-products`: how long orders were watched.",
        ),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "optimized",
                "The bundles in their order. `final_score` is seven tenths of the ranking's score and three of the portfolio's; with \
                 `expected_margin` the share of what the best of the shop earns. A bundle that breaks a limit has no portfolio \
                 score, unless all of its objective do.",
                &OPTIMIZED,
            ),
            OutputPort::new(
                "portfolios",
                "A row a shop and objective: how many bundles keep to the limits.",
                PORTFOLIOS,
            ),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("size", self.size as f64, 1.0, 100_000.0)?;
        ParamError::unless_between("among", self.among as f64, 1.0, 100_000.0)?;
        ParamError::unless_between("response", self.response, 0.0, 100.0)?;
        ParamError::unless_between("assumed_margin_pct", self.assumed_margin_pct, 0.0, 100.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let mut frame = inputs.take("ranked")?.collect()?;
        frame.rechunk_mut();
        let products = Products::read(inputs.take("products")?)?;
        let periods = read_periods(inputs.take("shops")?)?;
        let shops = read_candidates(&frame, "ranked", &products)?;
        let tables = Tables {
            products: &products,
            prices: PriceCells::of(&frame)?,
            ranking: frame.column("ranking_score")?.f64()?.rechunk().into_owned(),
            periods: &periods,
            model: Model::new(self.response),
            seed: context.seed,
        };
        let found: Vec<Optimized> = shops
            .par_iter()
            .map(|shop| {
                context.check_cancelled()?;
                let is_on = |flag| context.flags.is_on(shop.rows.shop.as_deref(), flag);
                let method = match self.method {
                    _ if !is_on(OPTIMIZES) => Method::Given,
                    Method::WeightedSum if is_on(PARETO) => Method::Nsga2,
                    method => method,
                };
                Ok(self.optimize(shop, &tables, method, is_on(LIMITS)))
            })
            .collect::<Result<_, StageError>>()?;
        let scores: Vec<&Scores> = found.iter().flat_map(|found| &found.scores).collect();
        let is_kept: BooleanChunked = scores.iter().map(|scores| Some(!scores.is_left_out)).collect();
        let frame = frame.hstack(&columns(&scores))?.filter(&is_kept)?;
        Ok(Frames::new().with("optimized", frame).with("portfolios", portfolios(&shops, &found)?))
    }
}

/// What the portfolios of all shops are made of.
struct Tables<'a> {
    products: &'a Products,
    prices: PriceCells,
    ranking: Float64Chunked,
    periods: &'a HashMap<Option<String>, Period>,
    model: Model,
    seed: u64,
}

/// What was found of a bundle.
#[derive(Clone, Copy, Debug, Default)]
struct Scores {
    portfolio: Option<f64>,
    broken: Option<Broken>,
    last: f64,
    is_left_out: bool,
}

/// What was found of a shop.
#[derive(Default)]
struct Optimized {
    scores: Vec<Scores>,
    /// The objectives of which no bundle keeps to the limits.
    infeasible: Vec<Objective>,
}

impl OptimizePortfolio {
    fn optimize(&self, shop: &ShopMade, tables: &Tables<'_>, method: Method, is_limited: bool) -> Optimized {
        let mut found = Optimized { scores: vec![Scores::default(); shop.made.len()], infeasible: Vec::new() };
        let Some(products) = tables.products.shop(shop.rows.shop.as_deref()) else { return found };
        let rows = || shop.rows.rows.clone();
        let pricings: Vec<Pricing> = rows().zip(&shop.made).map(|(row, made)| tables.prices.row(row, made)).collect();
        let ranking: Vec<f64> = rows().map(|row| tables.ranking.get(row).unwrap_or_default()).collect();
        let earning = self.earnings(shop, tables, products, &pricings);
        let judged: Vec<Judged<'_>> = (shop.made.iter().zip(&pricings).zip(&earning))
            .map(|((made, pricing), earning)| Judged {
                candidate: &made.candidate,
                items: made.candidate.items.iter().map(|item| products.fact(*item)).collect(),
                discount: pricing.greatest_percent(),
                expected_margin: *earning,
            })
            .collect();
        let limits = if is_limited { ShopLimits::of(products.facts) } else { ShopLimits::none() };
        for objective in Objective::ALL {
            let places: Vec<usize> =
                (0..judged.len()).filter(|place| shop.made[*place].candidate.objective == objective).collect();
            let of_objective: Vec<Judged<'_>> = places.iter().map(|place| judged[*place].clone()).collect();
            let result = portfolio(&of_objective, &self.goals(objective), &limits);
            if result.no_feasible {
                found.infeasible.push(objective);
            }
            for (place, score) in places.into_iter().zip(result.scores) {
                let scores = &mut found.scores[place];
                scores.portfolio = score.as_ref().ok().copied();
                scores.broken = score.err();
                scores.last = match (self.objective, scores.portfolio) {
                    _ if method == Method::Given => ranking[place],
                    (PortfolioObjective::ExpectedMargin, portfolio) => portfolio.unwrap_or_default(),
                    (PortfolioObjective::Goals, Some(portfolio)) => blended(ranking[place], portfolio),
                    // Where nothing keeps to the limits the ranking stays as it is.
                    (PortfolioObjective::Goals, None) if result.no_feasible => ranking[place],
                    (PortfolioObjective::Goals, None) => blended(ranking[place], 0.0),
                };
            }
        }
        if method == Method::Nsga2 {
            self.search(shop, &judged, tables.seed, &mut found);
        }
        found
    }

    fn goals(&self, objective: Objective) -> Vec<Goal> {
        match self.objective {
            PortfolioObjective::Goals => objective.goals().to_vec(),
            PortfolioObjective::ExpectedMargin => vec![Goal::ExpectedMargin],
        }
    }

    /// What each bundle is expected to earn, as a share of what the best does; looked for only where it counts.
    fn earnings(
        &self,
        shop: &ShopMade,
        tables: &Tables<'_>,
        products: ShopProducts<'_>,
        pricings: &[Pricing],
    ) -> Vec<f64> {
        let Some(period) =
            tables.periods.get(&shop.rows.shop).filter(|_| self.objective == PortfolioObjective::ExpectedMargin)
        else {
            return vec![0.0; shop.made.len()];
        };
        let reckoned: Vec<Reckoned<'_>> =
            shop.made.iter().zip(pricings).map(|(made, pricing)| Reckoned { made, pricing }).collect();
        let assumed = Percent::of(self.assumed_margin_pct);
        let expected = expectations(&tables.model, &reckoned, products, period, assumed);
        let earned: Vec<f64> = expected.iter().map(|(expected, share)| expected.margin.times(*share).mean).collect();
        let most = earned.iter().copied().fold(0.0, f64::max);
        earned.into_iter().map(|earned| if most > 0.0 { (earned / most).max(0.0) } else { 0.0 }).collect()
    }

    /// Leaves out what is not in the best portfolio: of those that none beats, the one with the greatest weighted goals.
    fn search(&self, shop: &ShopMade, judged: &[Judged<'_>], seed: u64, found: &mut Optimized) {
        const GOALS: [Goal; 3] = [Goal::Revenue, Goal::Margin, Goal::InventoryRisk];
        let goals =
            if self.objective == PortfolioObjective::Goals { GOALS.to_vec() } else { vec![Goal::ExpectedMargin] };
        let mut places: Vec<usize> = (0..judged.len()).collect();
        places.sort_by(|one, other| falling(found.scores[*one].last, found.scores[*other].last).then(one.cmp(other)));
        places.truncate(self.among);
        let values: Vec<Vec<f64>> =
            places.iter().map(|place| goals.iter().map(|goal| goal_value(*goal, &judged[*place])).collect()).collect();
        let name = shop.rows.shop.as_deref().unwrap_or_default();
        let mut dice = Dice::of_text(&format!("{seed}|{name}"));
        let weighted = |values: &[f64]| {
            goals.iter().zip(values).map(|(goal, value)| goal_weight(*goal, goals.len()) * value).sum::<f64>()
        };
        let front = Nsga2::of_size(self.size).front(&values, &mut dice);
        let best =
            front.iter().reduce(|best, next| if weighted(&next.values) > weighted(&best.values) { next } else { best });
        let Some(best) = best else { return };
        found.scores.iter_mut().for_each(|scores| scores.is_left_out = true);
        for member in &best.members {
            if let Some(place) = places.get(*member as usize) {
                found.scores[*place].is_left_out = false;
            }
        }
    }
}

fn columns(scores: &[&Scores]) -> Vec<Column> {
    let float =
        |of: fn(&Scores) -> Option<f64>| scores.iter().map(|scores| of(scores).map(rounded)).collect::<Vec<_>>();
    let broken: Vec<Option<&str>> = scores.iter().map(|scores| scores.broken.map(Broken::name)).collect();
    let columns = [
        Column::new("".into(), float(|scores| scores.portfolio)),
        Column::new("".into(), broken),
        Column::new("".into(), float(|scores| Some(scores.last))),
    ];
    columns.into_iter().zip(SCORES).map(|(column, (name, _))| column.with_name((*name).into())).collect()
}

fn portfolios(shops: &[ShopMade], found: &[Optimized]) -> Result<DataFrame, StageError> {
    struct Row<'a> {
        shop: Option<&'a str>,
        objective: Objective,
        scores: Vec<&'a Scores>,
        no_feasible: bool,
    }
    let mut rows = Vec::new();
    for (shop, found) in shops.iter().zip(found) {
        for objective in Objective::ALL {
            let of_objective =
                shop.made.iter().zip(&found.scores).filter(|(made, _)| made.candidate.objective == objective);
            let scores: Vec<&Scores> = of_objective.map(|(_, scores)| scores).collect();
            if !scores.is_empty() {
                let no_feasible = found.infeasible.contains(&objective);
                rows.push(Row { shop: shop.rows.shop.as_deref(), objective, scores, no_feasible });
            }
        }
    }
    let count = |of: fn(&&&Scores) -> bool| {
        rows.iter().map(|row| row.scores.iter().filter(of).count() as i64).collect::<Vec<_>>()
    };
    let mean =
        |row: &Row<'_>| rounded(row.scores.iter().map(|scores| scores.last).sum::<f64>() / row.scores.len() as f64);
    Ok(df!(
        "shop_id" => rows.iter().map(|row| row.shop).collect::<Vec<_>>(),
        "objective" => rows.iter().map(|row| row.objective.name()).collect::<Vec<_>>(),
        "bundles" => count(|_| true),
        "feasible" => count(|scores| scores.broken.is_none()),
        "no_feasible" => rows.iter().map(|row| row.no_feasible).collect::<Vec<_>>(),
        "mean_score" => rows.iter().map(mean).collect::<Vec<_>>(),
        "left_out" => count(|scores| scores.is_left_out),
    )?)
}
