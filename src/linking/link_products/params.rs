//! The parameters of `link-products`, and the rules they amount to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    linking::{
        price::{PriceRule, PriceWindow},
        similarity::Measure,
        url::IdentityParams,
    },
    operator::ParamError,
};

/// Which of several equally similar products is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tie {
    /// The nearest price, then the smallest product id.
    #[default]
    Price,
    /// The smallest product id.
    Rowid,
}

/// Words that tell similar products apart: a fuzzy match whose titles differ in one of them has a confidence of at most
/// 0.84 (section 4.5), so that by default it is not a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AttributeGuard {
    /// Whether it is used, so that a pipeline can keep its words and leave the choice to a variable.
    pub enabled: bool,
    /// The words, in lower case: lengths, colours, sizes.
    pub words: Vec<String>,
    /// Whether words that hold a digit count too.
    pub numbers: bool,
}

impl Default for AttributeGuard {
    fn default() -> Self {
        Self { enabled: true, words: Vec::new(), numbers: false }
    }
}

/// Links catalog rows to products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkProducts {
    /// Matches below this confidence are not linked. From 0 to 1.
    pub min_confidence: f64,
    /// The similarity of titles at the fuzzy level.
    pub measure: Measure,
    /// A fuzzy match needs a similarity above this. From 0 to 1.
    pub cutoff: f64,
    /// The best candidate of an unlinked row is shown from this similarity on. From 0 to 1.
    pub near_miss_from: f64,
    /// Which prices the title levels accept.
    pub price_rule: PriceRule,
    /// Which of equally similar products is taken.
    pub tie: Tie,
    /// Query parameters, by retailer, that tell variants apart and stay in the URL's key.
    pub identity_params: IdentityParams,
    /// Doubts fuzzy matches whose titles differ in a telling word; off unless given.
    pub attribute_guard: Option<AttributeGuard>,
    /// Widens the price rule of a retailer whose prices move: a row of price p is compared with prices up to
    /// min(0.10 p, this factor · p · the retailer's robust volatility) apart, if that is more. Needs the input `price_patterns`;
    /// off unless given. From 0 to 100.
    pub adaptive_tolerance: Option<f64>,
    /// A retailer's learned pattern counts from so many links on.
    pub min_sample: u32,
    /// Do exactly what the original script does, defects included; overrides `tie`, `identity_params`,
    /// `attribute_guard`, `adaptive_tolerance`, `min_sample`, the kind of `price_rule`, and `ratcliff-obershelp` by `difflib`.
    pub original_quirks: bool,
}

impl Default for LinkProducts {
    fn default() -> Self {
        Self {
            min_confidence: 0.85,
            measure: Measure::default(),
            cutoff: 0.90,
            near_miss_from: 0.80,
            price_rule: PriceRule::WithinCents(99),
            tie: Tie::default(),
            identity_params: IdentityParams::new(),
            attribute_guard: None,
            adaptive_tolerance: None,
            min_sample: 20,
            original_quirks: false,
        }
    }
}

/// What the cascade does, once the parameters are read.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whether the levels, their order and their preconditions are the original's.
    pub original: bool,
    /// See [`LinkProducts::min_confidence`].
    pub min_confidence: f64,
    /// See [`LinkProducts::measure`].
    pub measure: Measure,
    /// See [`LinkProducts::cutoff`].
    pub cutoff: f64,
    /// See [`LinkProducts::near_miss_from`].
    pub near_miss_from: f64,
    /// Which prices the title levels accept.
    pub prices: PriceWindow,
    /// See [`LinkProducts::tie`].
    pub tie: Tie,
    /// See [`LinkProducts::identity_params`].
    pub identity_params: IdentityParams,
    /// See [`LinkProducts::attribute_guard`].
    pub attribute_guard: Option<AttributeGuard>,
    /// See [`LinkProducts::adaptive_tolerance`].
    pub adaptive_tolerance: Option<f64>,
    /// See [`LinkProducts::min_sample`].
    pub min_sample: i64,
}

impl LinkProducts {
    /// Refuses values out of range.
    pub(super) fn check(&self) -> Result<(), ParamError> {
        ParamError::unless_between("min_confidence", self.min_confidence, 0.0, 1.0)?;
        ParamError::unless_between("cutoff", self.cutoff, 0.0, 1.0)?;
        ParamError::unless_between("adaptive_tolerance", self.adaptive_tolerance.unwrap_or_default(), 0.0, 100.0)?;
        ParamError::unless_between("near_miss_from", self.near_miss_from, 0.0, 1.0)
    }

    /// The rules these parameters amount to.
    pub(super) fn rules(&self) -> Rules {
        let original = self.original_quirks;
        Rules {
            original,
            min_confidence: self.min_confidence,
            measure: match self.measure {
                Measure::RatcliffObershelp if original => Measure::Difflib,
                measure => measure,
            },
            cutoff: self.cutoff,
            near_miss_from: self.near_miss_from,
            prices: match self.price_rule {
                PriceRule::None => PriceWindow::Any,
                PriceRule::WithinCents(_) if original => PriceWindow::BelowOneUnit,
                PriceRule::WithinCents(most) => PriceWindow::WithinCents(i64::from(most)),
            },
            tie: if original { Tie::Rowid } else { self.tie },
            identity_params: if original { IdentityParams::new() } else { self.identity_params.clone() },
            attribute_guard: self.attribute_guard.clone().filter(|guard| guard.enabled && !original),
            adaptive_tolerance: self.adaptive_tolerance.filter(|_| !original),
            min_sample: i64::from(self.min_sample),
        }
    }
}
