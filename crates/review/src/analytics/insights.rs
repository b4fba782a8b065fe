//! What a shop's orders say of it (section 12.5), without a single figure that was not measured.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{facts::ShopFacts, figures::units};

/// Days of a forecast.
const AHEAD: i32 = 30;

/// A share of the mean within which days neither rise nor fall.
const STEADY: f64 = 0.05;

/// What orders say. Money is in units of the currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Insights {
    /// Orders.
    pub orders: usize,
    /// What was paid.
    pub revenue: f64,
    /// The mean of an order.
    pub average_order_value: f64,
    /// Customers who are known.
    pub unique_customers: u64,
    /// (orders − customers) ÷ customers; none where customers are not known.
    pub repeat_share: Option<f64>,
    /// What a customer paid; none where customers are not known.
    pub revenue_per_customer: Option<f64>,
    /// Orders of a customer; none where customers are not known.
    pub order_frequency: Option<f64>,
    /// rising, falling, steady: the slope of daily revenue beside its mean.
    pub trend: &'static str,
    /// How much more a day of the second half brought than one of the first, in percent.
    pub growth_percent: Option<f64>,
    /// Percentiles 25, 50, 75, 90 and 95 of daily revenue.
    pub daily_revenue_percentiles: BTreeMap<&'static str, f64>,
    /// .3 × how even days are + .4 × confidence of bundles + .3 × customers who come again, each up to 100.
    pub health_score: f64,
    /// Mean of 100 × (.6 × confidence + .4 × (lift − 1)) of bundles.
    pub bundle_performance_score: f64,
    /// What thirty more days bring if daily revenue goes on in a line.
    pub forecast_30_days: Option<f64>,
}

/// What a shop's orders say.
pub fn insights(shop: &ShopFacts) -> Insights {
    let days = daily(shop);
    let revenue: i64 = shop.orders.iter().map(|order| order.total).sum();
    let (orders, customers) = (shop.orders.len() as f64, shop.customers as f64);
    let of_customers = |value: f64| (shop.customers > 0).then(|| rounded(value / customers));
    let repeat_share = of_customers(orders - customers);
    let (mean, deviation) = mean_and_deviation(&days);
    let line = line(&days);
    let count = shop.bundles.len().max(1) as f64;
    let confidence = shop.bundles.iter().map(|bundle| bundle.confidence).sum::<f64>() / count;
    let scores = shop.bundles.iter().map(|bundle| 100.0 * (0.6 * bundle.confidence + 0.4 * (bundle.lift - 1.0)));
    let evenness = if mean > 0.0 { (100.0 - 100.0 * deviation / mean).clamp(0.0, 100.0) } else { 0.0 };
    let again = (200.0 * repeat_share.unwrap_or_default()).clamp(0.0, 100.0);
    Insights {
        orders: shop.orders.len(),
        revenue: units(revenue),
        average_order_value: rounded(units(revenue) / orders.max(1.0)),
        unique_customers: shop.customers,
        repeat_share,
        revenue_per_customer: of_customers(units(revenue)),
        order_frequency: of_customers(orders),
        trend: match line {
            Some((_, slope)) if slope > STEADY * mean => "rising",
            Some((_, slope)) if slope < -STEADY * mean => "falling",
            _ => "steady",
        },
        growth_percent: growth(&days),
        daily_revenue_percentiles: percentiles(&days),
        health_score: rounded(0.3 * evenness + 0.4 * 100.0 * confidence + 0.3 * again),
        bundle_performance_score: rounded(scores.sum::<f64>() / count),
        forecast_30_days: line.map(|(start, slope)| {
            let from = days.len() as i32;
            rounded((from..from + AHEAD).map(|day| (start + slope * f64::from(day)).max(0.0)).sum())
        }),
    }
}

/// What was paid on each day from the first to the last, days without orders among them.
fn daily(shop: &ShopFacts) -> Vec<f64> {
    let mut sums: BTreeMap<i32, i64> = BTreeMap::new();
    for order in &shop.orders {
        *sums.entry(order.day).or_default() += order.total;
    }
    let (Some(first), Some(last)) = (sums.keys().next(), sums.keys().next_back()) else { return Vec::new() };
    // A date that was typed wrong must not make a million days.
    let first = (*first).max(last.saturating_sub(3_660));
    (first..=*last).map(|day| units(sums.get(&day).copied().unwrap_or_default())).collect()
}

fn mean_and_deviation(days: &[f64]) -> (f64, f64) {
    let count = days.len().max(1) as f64;
    let mean = days.iter().sum::<f64>() / count;
    let variance = days.iter().map(|day| (day - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// Start and slope of the line that is nearest to the days; none of fewer than two.
fn line(days: &[f64]) -> Option<(f64, f64)> {
    if days.len() < 2 {
        return None;
    }
    let count = days.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = days.iter().sum::<f64>() / count;
    let products = days.iter().enumerate().map(|(place, day)| (place as f64 - middle) * (day - mean));
    let squares = (0..days.len()).map(|place| (place as f64 - middle).powi(2));
    let slope = products.sum::<f64>() / squares.sum::<f64>();
    Some((mean - slope * middle, slope))
}

fn growth(days: &[f64]) -> Option<f64> {
    let (first, second) = days.split_at(days.len() / 2);
    let mean = |half: &[f64]| half.iter().sum::<f64>() / half.len().max(1) as f64;
    let before = mean(first);
    (before > 0.0).then(|| rounded(100.0 * (mean(second) - before) / before))
}

/// By linear interpolation at p ÷ 100 · (n − 1).
fn percentiles(days: &[f64]) -> BTreeMap<&'static str, f64> {
    let mut sorted = days.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return BTreeMap::new() };
    let at = |share: f64| {
        let place = share * last as f64;
        let (low, part) = (place.floor() as usize, place.fract());
        let (low, high) = (sorted[low.min(last)], sorted[(low + 1).min(last)]);
        rounded(low + (high - low) * part)
    };
    [("25", 0.25), ("50", 0.5), ("75", 0.75), ("90", 0.9), ("95", 0.95)].map(|(name, share)| (name, at(share))).into()
}

fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::{super::facts::testing::shop, *};

    #[test]
    fn a_line_of_days_is_told_and_goes_on() {
        let lines: Vec<[(u32, i64, i64); 1]> = (1..=10).map(|day| [(1, 1, 100 * day)]).collect();
        let days: Vec<_> = (0..10).zip(&lines).map(|(day, lines)| (day, lines.as_slice())).collect();
        let mut facts = shop(&days, Vec::new());
        facts.customers = 5;
        let found = insights(&facts);
        assert_eq!((found.revenue, found.average_order_value, found.repeat_share), (55.0, 5.5, Some(1.0)));
        assert_eq!((found.trend, found.growth_percent), ("rising", Some(166.666667)));
        assert_eq!((found.daily_revenue_percentiles["50"], found.forecast_30_days), (5.5, Some(765.0)));
    }

    #[test]
    fn a_shop_without_orders_has_nothing_to_say() {
        let found = insights(&ShopFacts::default());
        assert_eq!((found.orders, found.repeat_share, found.forecast_30_days, found.trend), (0, None, None, "steady"));
    }
}
