//! `link-products`: finds for every catalog row the product it shows, by a cascade of levels from exact to fuzzy.
//!
//! Rules: section 4 of the linking specification. A level is data ([`levels`]); the cascade ([`cascade`]) passes the
//! numbers of rows that are still open from one level to the next; columns are joined to them at the end ([`outputs`]).

mod cascade;
mod differences;
mod fuzzy_level;
mod guard;
mod keys;
mod levels;
mod outputs;
mod params;
mod rows;
mod stats;
#[cfg(test)]
mod tests;
mod title_prices;
mod tolerance;

use std::collections::BTreeMap;

pub use levels::{ALSO_COMPARE, NOT_ALSO_COMPARE, Pattern, is_unstable};
pub use params::LinkProducts;

use super::columns;
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
};

const CATALOG: &[(&str, ColumnKind)] = &[
    ("id", ColumnKind::Int),
    ("catalog_url", ColumnKind::Text),
    ("retailer", ColumnKind::Text),
    ("title", ColumnKind::Text),
    ("price", ColumnKind::Float),
    ("product_code", ColumnKind::Text),
];

const PRODUCTS: &[(&str, ColumnKind)] = &[
    ("id", ColumnKind::Int),
    ("url", ColumnKind::Text),
    ("retailer", ColumnKind::Text),
    ("title", ColumnKind::Text),
    ("price", ColumnKind::Float),
    ("product_code", ColumnKind::Text),
];

const PATTERNS: &[(&str, ColumnKind)] = &[
    ("retailer", ColumnKind::Text),
    ("url_stability_score", ColumnKind::Float),
    ("best_dedup_method", ColumnKind::Text),
    ("sample_size", ColumnKind::Int),
    ("notes", ColumnKind::Text),
];

const PRICE_PATTERNS: &[(&str, ColumnKind)] =
    &[("retailer", ColumnKind::Text), ("robust_volatility", ColumnKind::Float)];

impl Operator for LinkProducts {
    const NAME: &'static str = "link-products";
    const SUMMARY: &'static str =
        "Links catalog rows to products by URL, product code, title and price, the last fuzzily.";
    const VERSION: u32 = 3;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("catalog", CATALOG, "The catalog rows to link.").may_lack(&["product_code"]),
        InputPort::required("products", PRODUCTS, "The products they may show.").may_lack(&["product_code"]),
        InputPort::optional("patterns", PATTERNS, "What was learned about the retailers' URLs in earlier runs.")
            .may_lack(&["sample_size", "notes"]),
        InputPort::optional(
            "price_patterns",
            PRICE_PATTERNS,
            "What `learn-prices` found; only used with `adaptive_tolerance`.",
        ),
    ]);

    fn outputs(&self, inputs: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        if self.adaptive_tolerance.is_some() && !inputs.contains_key("price_patterns") {
            return Err(StageError::MissingInput { port: "price_patterns".to_owned() });
        }
        Ok(outputs::ports())
    }

    fn validate(&self) -> Result<(), ParamError> {
        self.check()
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let catalog = rows::by_id(columns::collect(inputs.take("catalog")?, CATALOG)?)?;
        let products = rows::by_id(columns::collect(inputs.take("products")?, PRODUCTS)?)?;
        let patterns = inputs.take_optional("patterns").map(|frame| columns::collect(frame, PATTERNS)).transpose()?;
        let rules = self.rules();
        let sides = rows::Sides::read(&catalog, &products, &rules)?;
        let price_patterns =
            inputs.take_optional("price_patterns").map(|frame| columns::collect(frame, PRICE_PATTERNS)).transpose()?;
        let tolerances = tolerance::Tolerances::read(&sides, &rules, price_patterns.as_ref())?;
        let unstable = levels::unstable_retailers(patterns.as_ref(), &rules)?;
        let findings = cascade::Cascade::new(&sides, &rules, &tolerances, &unstable, context).run()?;
        outputs::frames(&sides, &findings, &rules, &tolerances)
    }
}
