//! What can be set about candidates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::proposal::Thresholds;
use crate::operator::ParamError;

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
    /// lift of 1.2.
    pub relaxed_thresholds: bool,
    /// The least share of orders of two or more items. From 0 to 1.
    pub min_support: f64,
    /// The least confidence. From 0 to 1.
    pub min_confidence: f64,
    /// The least lift of complements: they are held to a number of orders (3, 5 or 10 by the size of the shop) and not to a share.
    pub complement_lift: f64,
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
    /// With fewer candidates rules are forced in.
    pub forced_below: usize,
    /// Whether items without sales get bundles by what they are.
    pub cold_start_coverage: bool,
    /// What becomes of items that cannot be bought.
    pub inventory: InventoryMode,
}

impl Default for GenerateCandidates {
    fn default() -> Self {
        Self {
            relaxed_thresholds: true,
            min_support: 0.02,
            min_confidence: 0.18,
            complement_lift: 1.1,
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
            forced_below: 12,
            cold_start_coverage: true,
            inventory: InventoryMode::Strict,
        }
    }
}

impl GenerateCandidates {
    /// What orders must say of a set.
    pub fn thresholds(&self) -> Thresholds {
        if self.relaxed_thresholds {
            Thresholds { support: self.min_support, confidence: self.min_confidence, lift: 0.0 }
        } else {
            Thresholds { support: 0.05, confidence: 0.3, lift: 1.2 }
        }
    }

    /// Refuses values that mean nothing.
    ///
    /// # Errors
    /// The first such value.
    pub fn check(&self) -> Result<(), ParamError> {
        ParamError::unless_between("min_support", self.min_support, 0.0, 1.0)?;
        ParamError::unless_between("min_confidence", self.min_confidence, 0.0, 1.0)?;
        ParamError::unless_between("complement_lift", self.complement_lift, 0.0, 1e9)?;
        ParamError::unless_between("max_itemset", self.max_itemset as f64, 2.0, 4.0)?;
        for (name, count) in [
            ("itemsets", self.itemsets),
            ("top_pairs", self.top_pairs),
            ("complements", self.complements),
            ("similar", self.similar),
            ("volumes", self.volumes),
            ("rewards", self.rewards),
            ("ladder_below", self.ladder_below),
            ("forced_below", self.forced_below),
        ] {
            ParamError::unless_between(name, count as f64, 0.0, 100_000.0)?;
        }
        ParamError::unless_between("per_type", self.per_type as f64, 1.0, 100_000.0)?;
        ParamError::unless_between("per_shop", self.per_shop as f64, 1.0, 1_000_000.0)
    }
}
