//! Price series of a page: observations in order of time, reduced to the changes.

use std::borrow::Cow;

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// Prices closer than this are the same.
const SAME: f64 = 0.01;
/// A change by more than this factor is a reading error rather than a price.
const SUSPECT_FACTOR: f64 = 5.0;

/// Where a price was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Catalog,
    Product,
}

impl Side {
    /// The word in `source`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Product => "product",
        }
    }
}

/// A price seen at a time.
#[derive(Clone, Debug)]
pub struct Observation<'a> {
    pub retailer: &'a str,
    /// The normalised URL, with the parameters that tell variants apart.
    pub key: Cow<'a, str>,
    /// The day since 1970 where it was seen.
    pub day: i64,
    /// Seconds since 1970, UTC.
    pub second: i64,
    pub side: Side,
    pub row: Option<i64>,
    pub price: f64,
}

impl Observation<'_> {
    /// What the observations are sorted by.
    fn place(&self) -> (&str, &str, i64, i64, Side, Option<i64>) {
        (self.retailer, &self.key, self.day, self.second, self.side, self.row)
    }
}

/// A change of a price.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    pub to: Observation<'a>,
    pub from_price: f64,
}

impl Change<'_> {
    /// The relative change.
    pub fn pct(&self) -> f64 {
        (self.to.price - self.from_price) / self.from_price
    }

    /// The natural logarithm of new over old.
    pub fn log_return(&self) -> f64 {
        (self.to.price / self.from_price).ln()
    }

    /// Whether it is too large to be believed.
    pub fn is_suspect(&self) -> bool {
        self.log_return().abs() > SUSPECT_FACTOR.ln()
    }

    /// The day since 1970.
    pub fn day(&self) -> i64 {
        self.to.day
    }
}

/// The observations of one page.
#[derive(Clone, Debug)]
pub struct Series<'a> {
    pub retailer: &'a str,
    /// Days since 1970 of the first and the last observation.
    pub first_day: i64,
    pub last_day: i64,
    pub changes: Vec<Change<'a>>,
}

impl<'a> Series<'a> {
    /// Sorts observations into series, by retailer and page. Of a day's observations the last counts.
    pub fn of(mut observations: Vec<Observation<'a>>) -> Vec<Self> {
        observations.sort_unstable_by(|a, b| a.place().cmp(&b.place()).then(a.price.total_cmp(&b.price)));
        observations.chunk_by(|a, b| (a.retailer, &a.key) == (b.retailer, &b.key)).filter_map(Self::of_page).collect()
    }

    fn of_page(observations: &[Observation<'a>]) -> Option<Self> {
        let daily: Vec<&Observation<'a>> =
            observations.chunk_by(|a, b| a.day == b.day).filter_map(|same| same.last()).collect();
        let (first, last) = (*daily.first()?, *daily.last()?);
        let mut changes = Vec::new();
        let mut price = first.price;
        for observation in &daily {
            if (observation.price - price).abs() >= SAME {
                changes.push(Change { to: (*observation).clone(), from_price: price });
                price = observation.price;
            }
        }
        Some(Self { retailer: first.retailer, first_day: first.day, last_day: last.day, changes })
    }

    /// The days over which it was watched.
    pub fn days(&self) -> i64 {
        self.last_day - self.first_day
    }
}
