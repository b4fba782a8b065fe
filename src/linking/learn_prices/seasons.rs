//! When prices change: by month, by weekday, and how much of the unevenness the months explain.

use std::collections::BTreeMap;

use jiff::{SignedDuration, civil::Date};

use super::series::Series;

/// A month or weekday is published from so many watched days and changes on.
const MIN_DAYS: i64 = 30;
const MIN_CHANGES: u32 = 5;
/// The strength needs so many weeks and months.
const MIN_WEEKS: usize = 26;
const MIN_MONTHS: usize = 6;

/// What was seen in one month, weekday or week.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    days: i64,
    changes: u32,
    drops: u32,
    depth: f64,
}

/// The index of a month: how much more often, and how much deeper, than on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MonthIndex {
    pub change: f64,
    /// `None` without a drop.
    pub discount: Option<f64>,
}

/// When a retailer's prices change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seasons {
    /// By calendar month, 1 to 12.
    pub months: BTreeMap<i8, MonthIndex>,
    /// By weekday, 1 (Monday) to 7.
    pub weekdays: BTreeMap<i64, f64>,
    /// From 0 to 1; `None` when too little was watched.
    pub strength: Option<f64>,
}

/// The seasons of a retailer's series. A page is watched on the days after its first observation up to its last.
pub fn of(series: &[Series<'_>]) -> Seasons {
    let mut months: BTreeMap<i8, Cell> = BTreeMap::new();
    let mut weekdays: BTreeMap<i64, Cell> = BTreeMap::new();
    let mut weeks: BTreeMap<i64, Cell> = BTreeMap::new();
    for (day, pages) in watched(series) {
        let Some(date) = date(day) else { continue };
        months.entry(date.month()).or_default().days += pages;
        weekdays.entry(weekday(day)).or_default().days += pages;
        weeks.entry(week(day)).or_default().days += pages;
    }
    for change in series.iter().flat_map(|series| &series.changes).filter(|change| !change.is_suspect()) {
        let day = change.day();
        let Some(date) = date(day) else { continue };
        let drop = change.pct() < 0.0;
        for cell in [
            months.entry(date.month()).or_default(),
            weekdays.entry(weekday(day)).or_default(),
            weeks.entry(week(day)).or_default(),
        ] {
            cell.changes += 1;
            cell.drops += u32::from(drop);
            cell.depth += if drop { -change.pct() } else { 0.0 };
        }
    }
    Seasons {
        months: month_index(&months),
        weekdays: indexes(&weekdays).collect(),
        strength: strength(&weeks, months.values().filter(|cell| cell.days > 0).count()),
    }
}

/// The number of watched pages on every day on which there is one, from the ends of the series alone.
fn watched(series: &[Series<'_>]) -> Vec<(i64, i64)> {
    let mut steps: BTreeMap<i64, i64> = BTreeMap::new();
    for series in series.iter().filter(|series| series.days() > 0) {
        *steps.entry(series.first_day + 1).or_default() += 1;
        *steps.entry(series.last_day + 1).or_default() -= 1;
    }
    let mut days = Vec::new();
    let mut pages = 0;
    let ends = steps.keys().copied().skip(1).collect::<Vec<_>>();
    for ((from, step), to) in steps.into_iter().zip(ends) {
        pages += step;
        if pages > 0 {
            days.extend((from..to).map(|day| (day, pages)));
        }
    }
    days
}

fn date(day: i64) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(SignedDuration::from_hours(day.checked_mul(24)?)).ok()
}

/// 1 January 1970 was a Thursday.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7) + 1
}

fn week(day: i64) -> i64 {
    (day + 3).div_euclid(7)
}

fn total(cells: impl Iterator<Item = Cell>) -> Cell {
    cells.fold(Cell::default(), |sum, cell| Cell {
        days: sum.days + cell.days,
        changes: sum.changes + cell.changes,
        drops: sum.drops + cell.drops,
        depth: sum.depth + cell.depth,
    })
}

/// Changes per watched day, relative to all; only of places where enough was seen.
fn indexes<K: Copy + Ord>(cells: &BTreeMap<K, Cell>) -> impl Iterator<Item = (K, f64)> {
    let all = total(cells.values().copied());
    let overall = f64::from(all.changes) / all.days.max(1) as f64;
    cells
        .iter()
        .filter(|(_, cell)| cell.days >= MIN_DAYS && cell.changes >= MIN_CHANGES)
        .map(move |(place, cell)| (*place, f64::from(cell.changes) / cell.days as f64 / overall))
}

fn month_index(months: &BTreeMap<i8, Cell>) -> BTreeMap<i8, MonthIndex> {
    let all = total(months.values().copied());
    let overall = all.depth / f64::from(all.drops.max(1));
    let discount = |month: i8| {
        let cell = months.get(&month)?;
        (cell.drops > 0 && overall > 0.0).then(|| cell.depth / f64::from(cell.drops) / overall)
    };
    indexes(months).map(|(month, change)| (month, MonthIndex { change, discount: discount(month) })).collect()
}

/// The share of the weekly intensities' variance that lies between the months of their Mondays.
fn strength(weeks: &BTreeMap<i64, Cell>, months: usize) -> Option<f64> {
    let intensities: Vec<(i8, f64)> = weeks
        .iter()
        .filter(|(_, cell)| cell.days > 0)
        .filter_map(|(week, cell)| Some((date(week * 7 - 3)?.month(), f64::from(cell.changes) / cell.days as f64)))
        .collect();
    if intensities.len() < MIN_WEEKS || months < MIN_MONTHS {
        return None;
    }
    let mean = intensities.iter().map(|(_, value)| value).sum::<f64>() / intensities.len() as f64;
    let total: f64 = intensities.iter().map(|(_, value)| (value - mean).powi(2)).sum();
    let mut by_month: BTreeMap<i8, (f64, f64)> = BTreeMap::new();
    for (month, value) in intensities {
        let (sum, count) = by_month.entry(month).or_default();
        *sum += value;
        *count += 1.0;
    }
    let between: f64 = by_month.values().map(|(sum, count)| count * (sum / count - mean).powi(2)).sum();
    Some(if total > 0.0 { (between / total).clamp(0.0, 1.0) } else { 0.0 })
}
