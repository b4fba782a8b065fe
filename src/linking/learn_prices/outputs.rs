//! The datasets of `learn-prices`.

use jiff::Timestamp;
use polars::prelude::DataFrame;
use serde_json::{Map, Value, json};

use super::{
    seasons::{self, Seasons},
    series::{Change, DAY, Series, Side},
    statistics::{deviation, mean, robust_deviation},
};
use crate::{
    linking::{
        columns::{column, frame},
        report::{self, ReportRows},
    },
    operator::{ColumnKind, OutputPort, StageError},
};

/// The mean length of a month in days.
const MONTH: f64 = 30.44;
/// A drop reverts when the price rises back to within 2 % so many days later at most.
const REVERT_DAYS: i64 = 45;
const REVERT_WITHIN: f64 = 0.02;
/// Volatility needs so many changes.
const MIN_CHANGES: usize = 5;

/// The ports with their columns.
pub fn ports() -> Vec<OutputPort> {
    use ColumnKind::{Float, Int, Text};
    vec![
        OutputPort::new(
            "price_history",
            "One row per change of a price, the suspect ones included.",
            &[
                ("retailer", Text),
                ("product_key", Text),
                ("observed_at", Text),
                ("price", Float),
                ("previous_price", Float),
                ("pct_change", Float),
                ("source", Text),
                ("row_ref", Int),
            ],
        ),
        OutputPort::new(
            "price_patterns",
            "One row per retailer with an observation in the window.",
            &[
                ("retailer", Text),
                ("window_start", Text),
                ("window_end", Text),
                ("products_observed", Int),
                ("product_days", Int),
                ("changes", Int),
                ("suspect_changes", Int),
                ("drops", Int),
                ("rises", Int),
                ("change_rate_month", Float),
                ("mean_abs_pct", Float),
                ("max_abs_pct", Float),
                ("volatility", Float),
                ("robust_volatility", Float),
                ("reverting_share", Float),
                ("seasonality_strength", Float),
                ("month_index", Text),
                ("weekday_index", Text),
                ("class", Text),
                ("sample_ok", Int),
                ("last_measured", Text),
            ],
        ),
        OutputPort::new(
            "rejected",
            "Observations that could not be used.",
            &[("port", Text), ("id", Int), ("reason", Text)],
        ),
        report::port("price_report", "How often and how prices changed, retailer by retailer, as printed at the end."),
    ]
}

fn iso(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(|_| String::new(), |instant| instant.to_string())
}

/// All changes, by retailer, page and time.
pub fn history(all: &[Series<'_>]) -> Result<DataFrame, StageError> {
    let changes: Vec<&Change<'_>> = all.iter().flat_map(|series| &series.changes).collect();
    frame(vec![
        column("retailer", changes.iter().map(|change| change.to.retailer)),
        column("product_key", changes.iter().map(|change| change.to.key.as_ref())),
        column("observed_at", changes.iter().map(|change| iso(change.to.second))),
        column("price", changes.iter().map(|change| change.to.price)),
        column("previous_price", changes.iter().map(|change| change.from_price)),
        column("pct_change", changes.iter().map(|change| change.pct())),
        column("source", changes.iter().map(|change| change.to.side.name())),
        column("row_ref", changes.iter().map(|change| change.to.row)),
    ])
}

/// Observations that were not used.
pub fn rejected(rows: &[(Side, Option<i64>, &'static str)]) -> Result<DataFrame, StageError> {
    let port = |side: Side| if side == Side::Catalog { "catalog" } else { "products" };
    frame(vec![
        column("port", rows.iter().map(|row| port(row.0))),
        column("id", rows.iter().map(|row| row.1)),
        column("reason", rows.iter().map(|row| row.2)),
    ])
}

struct Pattern<'a> {
    retailer: &'a str,
    products: i64,
    days: i64,
    changes: i64,
    suspects: i64,
    drops: i64,
    rate: Option<f64>,
    mean_abs: Option<f64>,
    max_abs: Option<f64>,
    volatility: Option<f64>,
    robust: Option<f64>,
    reverting: Option<f64>,
    seasons: Seasons,
}

impl<'a> Pattern<'a> {
    fn of(retailer: &'a str, series: &[Series<'a>]) -> Self {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let every = series.iter().flat_map(|series| &series.changes);
        let (suspects, changes): (Vec<&Change<'_>>, Vec<&Change<'_>>) = every.partition(|change| change.is_suspect());
        let sizes: Vec<f64> = changes.iter().map(|change| change.pct().abs()).collect();
        let returns: Vec<f64> = changes.iter().map(|change| change.log_return()).collect();
        let drops = changes.iter().filter(|change| change.pct() < 0.0).count();
        let days: i64 = series.iter().map(Series::days).sum();
        Self {
            retailer,
            products: count(series.len()),
            days,
            changes: count(changes.len()),
            suspects: count(suspects.len()),
            drops: count(drops),
            rate: (days > 0).then(|| changes.len() as f64 / (days as f64 / MONTH)),
            mean_abs: mean(&sizes),
            max_abs: sizes.iter().copied().max_by(f64::total_cmp),
            volatility: deviation(&returns, MIN_CHANGES),
            robust: robust_deviation(&returns, MIN_CHANGES),
            reverting: (drops > 0).then(|| series.iter().map(reverted).sum::<usize>() as f64 / drops as f64),
            seasons: seasons::of(series),
        }
    }

    /// seasonal, volatile, normal or stable; `None` without a rate.
    fn class(&self) -> Option<&'static str> {
        let rate = self.rate?;
        let peak = self.seasons.months.values().map(|index| index.change).fold(0.0, f64::max);
        Some(if self.seasons.strength.is_some_and(|strength| strength > 0.3) && peak > 1.5 {
            "seasonal"
        } else if rate > 1.0 || self.volatility.is_some_and(|volatility| volatility > 0.25) {
            "volatile"
        } else if rate < 0.1 {
            "stable"
        } else {
            "normal"
        })
    }

    fn months(&self) -> String {
        let months: Map<String, Value> = (self.seasons.months.iter())
            .map(|(month, index)| (month.to_string(), json!({"change": index.change, "discount": index.discount})))
            .collect();
        Value::Object(months).to_string()
    }

    fn weekdays(&self) -> String {
        let weekdays: Map<String, Value> =
            self.seasons.weekdays.iter().map(|(day, index)| (day.to_string(), json!(index))).collect();
        Value::Object(weekdays).to_string()
    }
}

/// How many drops of a page are followed by a rise back to the price before.
fn reverted(series: &Series<'_>) -> usize {
    let believed: Vec<&Change<'_>> = series.changes.iter().filter(|change| !change.is_suspect()).collect();
    (believed.iter().enumerate())
        .filter(|(_, change)| change.pct() < 0.0)
        .filter(|(at, drop)| {
            believed.iter().skip(at + 1).any(|later| {
                later.to.second - drop.to.second <= REVERT_DAYS * DAY
                    && (later.to.price / drop.from_price - 1.0).abs() <= REVERT_WITHIN
            })
        })
        .count()
}

/// The retailers' patterns and the report on them; `all` is in order of retailers.
pub fn patterns(all: &[Series<'_>], start: i64, end: i64) -> Result<(DataFrame, DataFrame), StageError> {
    let patterns: Vec<Pattern<'_>> = all
        .chunk_by(|a, b| a.retailer == b.retailer)
        .filter_map(|series| Some(Pattern::of(series.first()?.retailer, series)))
        .collect();
    Ok((pattern_rows(&patterns, start, end)?, report(&patterns)?))
}

fn report(patterns: &[Pattern<'_>]) -> Result<DataFrame, StageError> {
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    let mut report = ReportRows::default();
    for row in patterns {
        let class = row.class().unwrap_or("not watched long enough");
        report.of(
            "price changes, of watched days",
            &format!("{}: {class}", row.retailer),
            count(row.changes),
            Some(count(row.days)),
        );
    }
    for row in patterns {
        report.of("drops, of price changes", row.retailer, count(row.drops), Some(count(row.changes)));
    }
    report.into_frame()
}

fn pattern_rows(patterns: &[Pattern<'_>], start: i64, end: i64) -> Result<DataFrame, StageError> {
    let rows = || patterns.iter();
    let (start, end) = (iso(start), iso(end));
    frame(vec![
        column("retailer", rows().map(|row| row.retailer)),
        column("window_start", rows().map(|_| start.as_str())),
        column("window_end", rows().map(|_| end.as_str())),
        column("products_observed", rows().map(|row| row.products)),
        column("product_days", rows().map(|row| row.days)),
        column("changes", rows().map(|row| row.changes)),
        column("suspect_changes", rows().map(|row| row.suspects)),
        column("drops", rows().map(|row| row.drops)),
        column("rises", rows().map(|row| row.changes - row.drops)),
        column("change_rate_month", rows().map(|row| row.rate)),
        column("mean_abs_pct", rows().map(|row| row.mean_abs)),
        column("max_abs_pct", rows().map(|row| row.max_abs)),
        column("volatility", rows().map(|row| row.volatility)),
        column("robust_volatility", rows().map(|row| row.robust)),
        column("reverting_share", rows().map(|row| row.reverting)),
        column("seasonality_strength", rows().map(|row| row.seasons.strength)),
        column("month_index", rows().map(Pattern::months)),
        column("weekday_index", rows().map(Pattern::weekdays)),
        column("class", rows().map(Pattern::class)),
        column("sample_ok", rows().map(|row| i64::from(row.volatility.is_some()))),
        column("last_measured", rows().map(|_| end.as_str())),
    ])
}
