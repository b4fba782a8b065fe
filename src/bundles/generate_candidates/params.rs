//! What can be set about candidates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::proposal::Thresholds;
use crate::{
    flags::{Flag, StageFlags, flag},
    operator::ParamError,
};

/// What becomes of an item that is sold out or not for sale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InventoryMode {
    /// It is in no bundle.
    #[default]
    Strict,
    /// It may be; bundles with it say so.
    Warn,
    /// It may be.
    Off,
}

/// Generates candidates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GenerateCandidates {
    /// Whether what orders say must reach `min_support` and `min_confidence`; else a support of 0.05, a confidence of 0.3 and a
    /// lift of 1.2. Null for the flag `bundling.relaxed_thresholds`.
    pub relaxed_thresholds: Option<bool>,
    /// The least share of orders of two or more items, from 0 to 1; null for the flag `bundling.relaxed_min_support`.
    pub min_support: Option<f64>,
    /// The least confidence, from 0 to 1; null for the flag `bundling.relaxed_min_confidence`.
    pub min_confidence: Option<f64>,
    /// The least lift of complements: they are held to a number of orders (3, 5 or 10 by the size of the shop) and not to a share.
    /// Null for the flag `bundling.relaxed_min_lift`.
    pub complement_lift: Option<f64>,
    /// Frequent itemsets that become candidates.
    pub itemsets: usize,
    /// The most items of an itemset that is looked for. From 2 to 4.
    pub max_itemset: usize,
    /// Pairs of most orders that become candidates.
    pub top_pairs: usize,
    /// Similar items of each item that are taken as complements; 0 for none.
    pub complements: usize,
    /// Pairs, and sets to pick from, of items whose descriptions are alike; 0 for none.
    pub similar: usize,
    /// Items that are offered in quantities, for an objective.
    pub volumes: usize,
    /// Items with a reward, for an objective.
    pub rewards: usize,
    /// Candidates of an objective and type.
    pub per_type: usize,
    /// Candidates of a shop.
    pub per_shop: usize,
    /// With fewer sets of items the ladder of fallbacks is climbed.
    pub ladder_below: usize,
    /// With fewer candidates rules are forced in; null for the flag `bundling.fallback_force_pair_limit`.
    pub forced_below: Option<usize>,
    /// Whether items without sales get bundles by what they are; null for the flag `advanced.cold_start_coverage`.
    pub cold_start_coverage: Option<bool>,
    /// What becomes of items that cannot be bought.
    pub inventory: InventoryMode,
}

impl Default for GenerateCandidates {
    fn default() -> Self {
        Self {
            relaxed_thresholds: None,
            min_support: None,
            min_confidence: None,
            complement_lift: None,
            itemsets: 100,
            max_itemset: 4,
            top_pairs: 20,
            complements: 5,
            similar: 20,
            volumes: 10,
            rewards: 10,
            per_type: 50,
            per_shop: 500,
            ladder_below: 5,
            forced_below: None,
            cold_start_coverage: None,
            inventory: InventoryMode::Strict,
        }
    }
}

/// The flags that decide candidates.
pub const FLAGS: &[&Flag] = &[
    MAKES,
    FULL,
    MODELS,
    RELAXED,
    MIN_SUPPORT,
    MIN_CONFIDENCE,
    MIN_LIFT,
    ADAPTIVE,
    FORCES,
    FORCED_BELOW,
    COVERS,
    MOST_ITEMS,
];

const MAKES: &Flag = flag("phase.candidate_generation");
/// Without it bundles are made of rules alone.
const FULL: &Flag = flag("bundling.v2_pipeline");
const MODELS: &Flag = flag("phase.ml_optimization");
const RELAXED: &Flag = flag("bundling.relaxed_thresholds");
const MIN_SUPPORT: &Flag = flag("bundling.relaxed_min_support");
const MIN_CONFIDENCE: &Flag = flag("bundling.relaxed_min_confidence");
const MIN_LIFT: &Flag = flag("bundling.relaxed_min_lift");
const ADAPTIVE: &Flag = flag("bundling.llm_adaptive_similarity");
const FORCES: &Flag = flag("bundling.fallback_force_top_pairs");
const FORCED_BELOW: &Flag = flag("bundling.fallback_force_pair_limit");
const COVERS: &Flag = flag("advanced.cold_start_coverage");
const MOST_ITEMS: &Flag = flag("safety.max_bundle_size");

/// What holds for one shop, by parameters and flags.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Whether it gets candidates at all.
    pub is_on: bool,
    /// Whether rules are all that they are made of (section 5.10).
    pub of_rules_alone: bool,
    /// What orders must say of a set.
    pub thresholds: Thresholds,
    /// What they must say of complements, which are held to a number of orders and not to a share.
    pub of_complements: Thresholds,
    /// Whether descriptions are compared, and whether by bounds that follow from the size of the catalog.
    pub compares: bool,
    /// See `compares`.
    pub is_adaptive: bool,
    /// With fewer candidates rules are forced in.
    pub forced_below: usize,
    /// Whether items without sales get bundles.
    pub covers: bool,
    /// The most items of a bundle.
    pub most_items: usize,
}

impl GenerateCandidates {
    /// What holds for a shop.
    pub fn settings(&self, flags: &StageFlags, shop: Option<&str>) -> Settings {
        let is_on = |flag| flags.is_on(shop, flag);
        let count = |flag| usize::try_from(flags.int(shop, flag)).unwrap_or_default();
        let confidence = self.min_confidence.unwrap_or_else(|| flags.float(shop, MIN_CONFIDENCE));
        let thresholds = if self.relaxed_thresholds.unwrap_or_else(|| is_on(RELAXED)) {
            let support = self.min_support.unwrap_or_else(|| flags.float(shop, MIN_SUPPORT));
            Thresholds { support, confidence, lift: 0.0 }
        } else {
            Thresholds { support: 0.05, confidence: 0.3, lift: 1.2 }
        };
        let lift = self.complement_lift.unwrap_or_else(|| flags.float(shop, MIN_LIFT)).max(thresholds.lift);
        let forced_below = self.forced_below.unwrap_or_else(|| count(FORCED_BELOW));
        Settings {
            is_on: is_on(MAKES),
            of_rules_alone: !is_on(FULL),
            thresholds,
            of_complements: Thresholds { support: 0.0, confidence: thresholds.confidence, lift },
            compares: self.similar > 0 && is_on(MODELS) && is_on(FULL),
            is_adaptive: is_on(ADAPTIVE),
            forced_below: if is_on(FORCES) { forced_below } else { 0 },
            covers: self.cold_start_coverage.unwrap_or_else(|| is_on(COVERS)),
            most_items: count(MOST_ITEMS),
        }
    }

    /// Refuses values that mean nothing.
    ///
    /// # Errors
    /// The first such value.
    pub fn check(&self) -> Result<(), ParamError> {
        ParamError::unless_between("min_support", self.min_support.unwrap_or_default(), 0.0, 1.0)?;
        ParamError::unless_between("min_confidence", self.min_confidence.unwrap_or_default(), 0.0, 1.0)?;
        ParamError::unless_between("complement_lift", self.complement_lift.unwrap_or_default(), 0.0, 1e9)?;
        ParamError::unless_between("max_itemset", self.max_itemset as f64, 2.0, 4.0)?;
        for (name, count) in [
            ("itemsets", self.itemsets),
            ("top_pairs", self.top_pairs),
            ("complements", self.complements),
            ("similar", self.similar),
            ("volumes", self.volumes),
            ("rewards", self.rewards),
            ("ladder_below", self.ladder_below),
            ("forced_below", self.forced_below.unwrap_or_default()),
        ] {
            ParamError::unless_between(name, count as f64, 0.0, 100_000.0)?;
        }
        ParamError::unless_between("per_type", self.per_type as f64, 1.0, 100_000.0)?;
        ParamError::unless_between("per_shop", self.per_shop as f64, 1.0, 1_000_000.0)
    }
}
