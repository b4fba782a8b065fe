//! `learn-prices`: how prices change at each retailer (section 12): how often, how far, in which months.

mod outputs;
mod seasons;
mod series;
mod statistics;

use std::{borrow::Cow, collections::BTreeMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::series::{Observation, Series, Side};
use super::{
    columns::{self, floats, integers, texts},
    instant,
    url::{self, IdentityParams},
};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, ParamError, PortSchema, StageContext, StageError,
};

/// Learns from price observations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LearnPrices {
    /// How many days before the as-of time are looked at. At least 1.
    pub window_days: u32,
    /// Query parameters, by retailer, that tell variants apart: each variant has its own prices.
    pub identity_params: IdentityParams,
}

impl Default for LearnPrices {
    fn default() -> Self {
        Self { window_days: 365, identity_params: IdentityParams::default() }
    }
}

const OBSERVATIONS: &[(&str, ColumnKind)] = &[
    ("id", ColumnKind::Int),
    ("retailer", ColumnKind::Text),
    ("url", ColumnKind::Text),
    ("price", ColumnKind::Float),
    ("observed_at", ColumnKind::Text),
];

impl Operator for LearnPrices {
    const NAME: &'static str = "learn-prices";
    const SUMMARY: &'static str = "Learns how often, how far and in which months prices change at each retailer.";
    const VERSION: u32 = 3;
    const USES_AS_OF: bool = true;
    const INPUTS: Inputs = Inputs::Ports(&[
        InputPort::required("catalog", OBSERVATIONS, "Prices seen in catalogs, with the time as ISO 8601 text, UTC."),
        InputPort::optional(
            "products",
            OBSERVATIONS,
            "Prices seen on product pages, with the time as ISO 8601 text, UTC.",
        ),
    ]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(outputs::ports())
    }

    fn validate(&self) -> Result<(), ParamError> {
        ParamError::unless_between("window_days", f64::from(self.window_days), 1.0, 36_500.0)
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let catalog = columns::collect(inputs.take("catalog")?, OBSERVATIONS)?;
        let products =
            inputs.take_optional("products").map(|frame| columns::collect(frame, OBSERVATIONS)).transpose()?;
        let end = context.as_of.as_second();
        let start = end - i64::from(self.window_days) * series::DAY;
        let (mut observations, mut rejected) = (Vec::new(), Vec::new());
        for (side, frame) in [(Side::Catalog, Some(&catalog)), (Side::Product, products.as_ref())] {
            let Some(frame) = frame else { continue };
            let (urls, retailers) = (texts(frame, "url")?, texts(frame, "retailer")?);
            let (prices, times) = (floats(frame, "price")?, texts(frame, "observed_at")?);
            for (row, id) in integers(frame, "id")?.into_iter().enumerate() {
                match read(retailers[row], urls[row], prices[row], times[row]) {
                    Ok((retailer, page, price, (second, day))) if (start..=end).contains(&second) => {
                        let key = self.key(retailer, page);
                        observations.push(Observation { retailer, key, day, second, side, row: id, price });
                    }
                    Ok(_) => {}
                    Err(reason) => rejected.push((side, id, reason)),
                }
            }
        }
        context.check_cancelled()?;
        let all = Series::of(observations);
        let (patterns, report) = outputs::patterns(&all, start, end)?;
        Ok(Frames::new()
            .with("price_history", outputs::history(&all)?)
            .with("price_patterns", patterns)
            .with("price_report", report)
            .with("rejected", outputs::rejected(&rejected)?))
    }
}

impl LearnPrices {
    /// What tells a page of a retailer apart from its others.
    fn key<'a>(&self, retailer: &str, page: &'a str) -> Cow<'a, str> {
        url::normalized_keeping(page, self.identity_params.get(retailer).map_or(&[], Vec::as_slice))
    }
}

/// Retailer, page, price; the second and the local day.
type Usable<'a> = (&'a str, &'a str, f64, (i64, i64));

/// An observation's parts, or why it cannot be used.
fn read<'a>(
    retailer: Option<&'a str>,
    page: Option<&'a str>,
    price: Option<f64>,
    time: Option<&str>,
) -> Result<Usable<'a>, &'static str> {
    let retailer = retailer.ok_or("null_retailer")?;
    let page = page.ok_or("null_url")?;
    let price = price.ok_or("null_price")?;
    if !price.is_finite() || price <= 0.0 {
        return Err("price_not_positive");
    }
    let time = time.ok_or("null_time")?;
    let seen = instant::second_of(time).zip(instant::local_day_of(time)).ok_or("time_not_iso_8601")?;
    Ok((retailer, page, price, seen))
}

#[cfg(test)]
mod tests;
