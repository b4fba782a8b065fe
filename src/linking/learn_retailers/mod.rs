//! `learn-retailers`: what the links say about each retailer's URLs, codes and images, for the next night.
//!
//! Three ways to learn: from all links at once (the default, section 7.2), as the original's backfill does (section 6), and
//! attempt by attempt as the original's learner does (section 7).

mod attempts;
mod backfill;
mod increment;
mod outputs;
mod recent;
mod recompute;
#[cfg(test)]
mod tests;
mod wilson;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns;
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
};

/// How patterns are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Learning {
    /// From all links, earlier ones and tonight's.
    #[default]
    Recompute,
    /// From tonight's links alone, replacing what was known of their retailers: the original's backfill.
    Backfill,
    /// By adding tonight's attempts, one after the other, to what is known: the original's learner.
    Increment,
}

/// Learns each retailer's pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LearnRetailers {
    /// How patterns are made.
    pub learning: Learning,
    /// A method counts as a retailer's best, and a retailer as unstable, from so many attempts or links on.
    pub min_sample: u32,
    /// After so many days a link weighs half in what was seen lately, which decides whether a retailer is unstable; only
    /// with `learning = "recompute"`. Above 0.
    pub half_life_days: f64,
    /// Do what the original's backfill does, whatever `learning` says.
    pub original_quirks: bool,
}

impl Default for LearnRetailers {
    fn default() -> Self {
        Self { learning: Learning::default(), min_sample: 20, half_life_days: 90.0, original_quirks: false }
    }
}

const ATTEMPTS: &[(&str, ColumnKind)] = &[
    ("catalog_id", ColumnKind::Int),
    ("retailer", ColumnKind::Text),
    ("method", ColumnKind::Text),
    ("success", ColumnKind::Bool),
    ("confidence", ColumnKind::Float),
    ("url_changed", ColumnKind::Bool),
    ("code_changed", ColumnKind::Bool),
];

const LINKED: &[(&str, ColumnKind)] = &[
    ("id", ColumnKind::Int),
    ("catalog_url", ColumnKind::Text),
    ("retailer", ColumnKind::Text),
    ("linked_product_url", ColumnKind::Text),
    ("link_confidence", ColumnKind::Float),
    ("link_method", ColumnKind::Text),
    ("product_code", ColumnKind::Text),
    ("discovered_date", ColumnKind::Text),
];

const PRODUCTS: &[(&str, ColumnKind)] = &[("url", ColumnKind::Text), ("product_code", ColumnKind::Text)];

const IMAGES: &[(&str, ColumnKind)] = &[
    ("retailer", ColumnKind::Text),
    ("comparable_pairs", ColumnKind::Int),
    ("disjoint_pairs", ColumnKind::Int),
    ("consistency", ColumnKind::Float),
];

impl Operator for LearnRetailers {
    const NAME: &'static str = "learn-retailers";
    const SUMMARY: &'static str =
        "Learns how stable each retailer's URLs, codes and images are, and which method links it best.";
    const VERSION: u32 = 3;
    const USES_AS_OF: bool = true;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("attempts", ATTEMPTS, "What `link-products` found tonight.").may_lack(&["code_changed"]),
        InputPort::optional(
            "linked",
            LINKED,
            "Catalog rows that were linked before, with the time they were seen as ISO 8601 text, UTC; without it they count as tonight's.",
        )
        .may_lack(&["product_code", "discovered_date"]),
        InputPort::optional("products", PRODUCTS, "The products, for the codes of earlier links.")
            .may_lack(&["product_code"]),
        InputPort::optional("patterns", outputs::PATTERNS, "What was known before.").needs_only(&["retailer"]),
        InputPort::optional("image_patterns", IMAGES, "What `learn-images` found."),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(outputs::ports())
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("half_life_days", self.half_life_days, 0.001, 36_500.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let attempts = columns::collect(inputs.take("attempts")?.sort(["catalog_id"], Default::default()), ATTEMPTS)?;
        let attempts = attempts::read(&attempts)?;
        let known = inputs
            .take_optional("patterns")
            .map(|frame| columns::collect(frame, outputs::PATTERNS))
            .transpose()?
            .map(|frame| outputs::read_patterns(&frame))
            .transpose()?
            .unwrap_or_default();
        let measured = context.as_of.to_string();
        let learning = if self.original_quirks { Learning::Backfill } else { self.learning };
        let learned = match learning {
            Learning::Backfill => backfill::learn(&attempts, &measured),
            Learning::Increment => increment::learn(&attempts, known, &measured),
            Learning::Recompute => {
                let mut earlier = |port: &str, wanted| {
                    inputs.take_optional(port).map(|frame| columns::collect(frame, wanted)).transpose()
                };
                let sources = recompute::Sources {
                    linked: earlier("linked", LINKED)?,
                    products: earlier("products", PRODUCTS)?,
                    images: earlier("image_patterns", IMAGES)?,
                };
                let rules = recompute::Rules {
                    min_sample: i64::from(self.min_sample),
                    forgetting: recent::Forgetting::new(context.as_of, self.half_life_days),
                };
                recompute::learn(&attempts, &sources, &known, &rules, &measured)?
            }
        };
        let stats = if learning == Learning::Recompute {
            learned.methods
        } else {
            attempts::method_stats(&attempts, &measured)
        };
        Ok(Frames::new()
            .with("patterns", outputs::patterns(&learned.patterns)?)
            .with("method_stats", outputs::method_stats(&stats)?)
            .with("recent_stability", outputs::recent(&learned.recent, self.half_life_days, &measured)?)
            .with("learning_report", outputs::report(&learned.patterns, &learned.totals)?))
    }
}
