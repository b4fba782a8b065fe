//! `explain-bundles`: why each bundle was chosen, what the shop says of it, and what it is expected to earn.

use std::collections::{BTreeMap, HashMap};

use polars::prelude::*;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    candidate_rows::{Made, ShopMade, joined, read_candidates},
    deduplicate_bundles::BUNDLES,
    earnings::{Estimate, Expectation, Model},
    explanation::{BundleCopy, CopyInput, Evidence, Explanation, explain, summarised},
    explanation_rows::{EXPLANATION, Explained, explanation_column},
    items::Item,
    money::Percent,
    phases::{ENABLED, EXPLAINABILITY},
    price_rows::PriceCells,
    pricing::Pricing,
    products::{OF_ITEMS, Products, ShopProducts, products_port},
    ranking::price_sanity,
    reckoning::{Period, Reckoned, SHOP_PERIODS, expectations, read_periods},
};
use crate::{
    flags::{Flag, flag},
    mining::rounded,
    operator::{
        ChatService, ColumnKind, Columns, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, Phase,
        PortSchema, Question, StageContext, StageError,
    },
};

use ColumnKind::{Float, Int, Record, Text};

/// Who writes what customers read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CopyWriter {
    /// Templates: the same for the same bundle.
    #[default]
    Template,
    /// The endpoint `chat`; where it fails for a bundle, the template.
    Chat,
}

/// Explains bundles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExplainBundles {
    /// How much an offer moves those who do not take the whole by themselves, as a multiple of what the trigger does.
    pub response: f64,
    /// The margin of an item whose cost nobody knows, in percent of its price. From 0 to 100.
    pub assumed_margin_pct: f64,
    /// Who writes what customers read.
    pub copy: CopyWriter,
    /// The OpenAI-compatible endpoint of `copy = "chat"`.
    pub chat: ChatService,
}

impl Default for ExplainBundles {
    fn default() -> Self {
        Self { response: 1.0, assumed_margin_pct: 40.0, copy: CopyWriter::default(), chat: ChatService::default() }
    }
}

/// Without it nothing is said of why a bundle was chosen; customers read their texts all the same.
const EXPLAINS: &Flag = flag("phase.explainability");

/// What this phase adds. Money is cents a month.
pub const WORDS: Columns = &[
    ("summary", Text),
    ("explanation", Record(EXPLANATION)),
    ("ai_copy", Text),
    ("expected_margin_cents", Int),
    ("expected_margin_low_cents", Int),
    ("expected_margin_high_cents", Int),
    ("added_chance", Float),
    ("added_chance_low", Float),
    ("added_chance_high", Float),
    ("trigger_share", Float),
];

/// The columns of explained bundles.
pub const EXPLAINED: [(&str, ColumnKind); BUNDLES.len() + WORDS.len()] = joined(&[&BUNDLES, WORDS]);

/// The columns of `summaries`.
const SUMMARIES: Columns = &[
    ("shop_id", Text),
    ("bundles", Int),
    ("mean_confidence", Float),
    ("mean_lift", Float),
    ("types", Text),
    ("objectives", Text),
    ("best", Text),
    ("expected_margin_cents", Int),
];

const TITLES: Columns = &[("title", Text)];
const PRODUCTS: [(&str, ColumnKind); OF_ITEMS.len() + TITLES.len()] = joined(&[OF_ITEMS, TITLES]);

impl Operator for ExplainBundles {
    const NAME: &'static str = "explain-bundles";
    const SUMMARY: &'static str =
        "Says of each bundle why it was chosen, what customers read of it, and what it is expected to earn a month.";
    const VERSION: u32 = 2;
    const FLAGS: &'static [&'static Flag] = &[EXPLAINS];
    const SWITCH: Option<&'static Flag> = Some(ENABLED);
    const PHASE: Option<Phase> = Some(EXPLAINABILITY);
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("bundles", &BUNDLES, "The output of `deduplicate-bundles`."),
        products_port(&PRODUCTS),
        InputPort::required(
            "shops",
            SHOP_PERIODS,
            "The output `shops` of `flag-products`: currency, orders, and their time.",
        ),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![
            OutputPort::new(
                "explained",
                "The bundles in their order. The expected extra margin a month has a 90 % interval; a buyer of a trigger counts for one \
                 bundle alone, `trigger_share` is the share of them that is left for this one. `ai_copy` is JSON.",
                &EXPLAINED,
            ),
            OutputPort::new(
                "summaries",
                "A row a shop: what its bundles are, and what they are expected to earn together.",
                SUMMARIES,
            ),
        ])
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("response", self.response, 0.0, 100.0)?;
        self.chat.check("chat")?;
        ParamError::unless_between("assumed_margin_pct", self.assumed_margin_pct, 0.0, 100.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let mut frame = inputs.take("bundles")?.collect()?;
        frame.rechunk_mut();
        let products = Products::read(inputs.take("products")?)?;
        let tables = Tables {
            titles: products.texts("title")?,
            periods: read_periods(inputs.take("shops")?)?,
            prices: PriceCells::of(&frame)?,
            model: Model::new(self.response),
            assumed: Percent::of(self.assumed_margin_pct),
            products: &products,
        };
        let shops = read_candidates(&frame, "bundles", &products)?;
        let mut words: Vec<Vec<Words>> = shops
            .par_iter()
            .map(|shop| {
                context.check_cancelled()?;
                Ok(tables.explain(shop, context.flags.is_on(shop.rows.shop.as_deref(), EXPLAINS)))
            })
            .collect::<Result<_, StageError>>()?;
        if self.copy == CopyWriter::Chat {
            self.ask(&mut words, context)?;
        }
        let summaries = summaries(&shops, &words)?;
        let words: Vec<Words> = words.into_iter().flatten().collect();
        let made: Vec<&Made> = shops.iter().flat_map(|shop| &shop.made).collect();
        Ok(Frames::new().with("explained", frame.hstack(&columns(&made, &words)?)?).with("summaries", summaries))
    }
}

impl ExplainBundles {
    /// Has a model write the texts; where it gives none that can be used, the template stays.
    fn ask(&self, words: &mut [Vec<Words>], context: &StageContext) -> Result<(), StageError> {
        let questions: Vec<Question> = words.iter().flatten().map(|words| words.copy.question(&words.names)).collect();
        if questions.is_empty() {
            return Ok(());
        }
        let answers = context.services.ask(&self.chat, &questions)?;
        for (words, answer) in words.iter_mut().flatten().zip(answers) {
            if let Some(written) = answer.ok().and_then(|answer| words.copy.rewritten(&answer, &self.chat.model)) {
                words.copy = written;
            }
        }
        Ok(())
    }
}

struct Tables<'a> {
    titles: StringChunked,
    periods: HashMap<Option<String>, Period>,
    prices: PriceCells,
    model: Model,
    assumed: Percent,
    products: &'a Products,
}

/// What is said of a bundle.
struct Words {
    explanation: Option<Explanation>,
    copy: BundleCopy,
    /// The names of the items.
    names: Vec<String>,
    expected: Expectation,
    share: f64,
}

impl Tables<'_> {
    fn explain(&self, shop: &ShopMade, is_explained: bool) -> Vec<Words> {
        let name = shop.rows.shop.as_deref();
        let Some((products, period)) = self.products.shop(name).zip(self.periods.get(&shop.rows.shop)) else {
            return Vec::new();
        };
        let pricings: Vec<Pricing> =
            shop.rows.rows.clone().zip(&shop.made).map(|(row, made)| self.prices.row(row, made)).collect();
        let reckoned: Vec<Reckoned<'_>> =
            shop.made.iter().zip(&pricings).map(|(made, pricing)| Reckoned { made, pricing }).collect();
        let expected = expectations(&self.model, &reckoned, products, period, self.assumed);
        let of_bundle = |((made, pricing), (expected, share))| {
            let explanation = is_explained.then(|| explanation(made, pricing, products));
            self.words(made, pricing, products, period, (expected, share), explanation)
        };
        shop.made.iter().zip(&pricings).zip(expected).map(of_bundle).collect()
    }

    fn words(
        &self,
        made: &Made,
        pricing: &Pricing,
        products: ShopProducts<'_>,
        period: &Period,
        (expected, share): (Expectation, f64),
        explanation: Option<Explanation>,
    ) -> Words {
        let candidate = &made.candidate;
        let title = |item: &Item| {
            let title = self.titles.get(products.row(*item)).filter(|title| !title.is_empty());
            title.unwrap_or_else(|| products.id(*item))
        };
        let names: Vec<&str> = candidate.items.iter().map(title).collect();
        let copy = BundleCopy::of_template(&CopyInput {
            bundle_type: candidate.bundle_type,
            names: &names,
            pricing,
            currency: &period.currency,
            explanation: explanation.as_ref().map_or("", |explanation| &explanation.summary),
        });
        let expected = Expectation { margin: expected.margin.times(share), ..expected };
        Words { names: names.iter().map(|name| (*name).to_owned()).collect(), copy, explanation, expected, share }
    }
}

/// Why a bundle was chosen.
fn explanation(made: &Made, pricing: &Pricing, products: ShopProducts<'_>) -> Explanation {
    let candidate = &made.candidate;
    let stocks: Vec<Option<i64>> = candidate.items.iter().map(|item| products.fact(*item).stock).collect();
    let discount = pricing.greatest_percent();
    let price_sanity = price_sanity(Some(discount), &pricing.baselines);
    explain(&Evidence { candidate, stocks: &stocks, discount, price_sanity })
}

/// Cents of an amount in units of the currency; what is no number is nothing.
fn cents(units: f64) -> i64 {
    (units * 100.0).round() as i64
}

/// What this phase adds, of bundles in the same order.
fn columns(made: &[&Made], words: &[Words]) -> PolarsResult<Vec<Column>> {
    let explained = made.iter().zip(words).map(|(made, words)| Explained {
        made,
        explanation: words.explanation.as_ref(),
        expected: &words.expected,
        share: words.share,
    });
    let explanations = explanation_column(&explained.collect::<Vec<_>>())?;
    let summary = |words: &Words| words.explanation.as_ref().map(|explanation| explanation.summary.clone());
    let money = |of: fn(&Estimate) -> f64| {
        Column::new("".into(), words.iter().map(|words| cents(of(&words.expected.margin))).collect::<Vec<_>>())
    };
    let float = |of: fn(&Words) -> f64| {
        Column::new("".into(), words.iter().map(|words| rounded(of(words))).collect::<Vec<_>>())
    };
    let columns = [
        Column::new("".into(), words.iter().map(summary).collect::<Vec<_>>()),
        explanations,
        Column::new(
            "".into(),
            words.iter().map(|words| serde_json::to_string(&words.copy).unwrap_or_default()).collect::<Vec<_>>(),
        ),
        money(|margin| margin.mean),
        money(|margin| margin.low),
        money(|margin| margin.high),
        float(|words| words.expected.added_chance.mean),
        float(|words| words.expected.added_chance.low),
        float(|words| words.expected.added_chance.high),
        float(|words| words.share),
    ];
    Ok(columns.into_iter().zip(WORDS).map(|(column, (name, _))| column.with_name((*name).into())).collect())
}

fn summaries(shops: &[ShopMade], words: &[Vec<Words>]) -> Result<DataFrame, StageError> {
    let summaries: Vec<_> = (shops.iter())
        .map(|shop| summarised(&shop.made.iter().map(|made| &made.candidate).collect::<Vec<_>>()))
        .collect();
    let counts = |counts: Vec<(&'static str, usize)>| {
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    };
    let types = summaries
        .iter()
        .map(|summary| counts(summary.of_types.iter().map(|(kind, count)| (kind.name(), *count)).collect()));
    let objectives = summaries.iter().map(|summary| {
        counts(summary.of_objectives.iter().map(|(objective, count)| (objective.name(), *count)).collect())
    });
    let best = summaries.iter().zip(words).map(|(summary, words)| Some(words.get(summary.best?)?.copy.title.as_str()));
    let together = words.iter().map(|words| words.iter().map(|words| cents(words.expected.margin.mean)).sum::<i64>());
    Ok(df!(
        "shop_id" => shops.iter().map(|shop| shop.rows.shop.as_deref()).collect::<Vec<_>>(),
        "bundles" => summaries.iter().map(|summary| summary.count as i64).collect::<Vec<_>>(),
        "mean_confidence" => summaries.iter().map(|summary| summary.mean_confidence).collect::<Vec<_>>(),
        "mean_lift" => summaries.iter().map(|summary| summary.mean_lift).collect::<Vec<_>>(),
        "types" => types.collect::<Vec<_>>(),
        "objectives" => objectives.collect::<Vec<_>>(),
        "best" => best.collect::<Vec<_>>(),
        "expected_margin_cents" => together.collect::<Vec<_>>(),
    )?)
}
