//! Figures over time, by day or week.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::{
    super::export::csv_line,
    facts::{Held, ShopFacts},
    figures::{Figures, units},
    read::CoPurchase,
};

/// How far back a series goes from the last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// The last day.
    Day,
    /// Seven days.
    Week,
    /// Thirty days.
    Month,
    /// All there is.
    All,
}

/// What a point of a series covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A day.
    Day,
    /// A week, from Monday on.
    Week,
}

/// A point of a series. Money is in units of the currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// The day, or the Monday of the week: `2026-03-02`.
    pub date: String,
    /// Orders.
    pub orders: usize,
    /// What was paid.
    pub revenue: f64,
    /// The mean of an order.
    pub aov: f64,
    /// Orders that hold an approved or active bundle.
    pub orders_with_bundle: usize,
    /// What was paid for those bundles, each line once.
    pub bundle_revenue: f64,
}

/// The series up to `last`, a day counted from 1970-01-01; days without orders are left out.
pub fn series(shop: &ShopFacts, held: &[Held], last: i32, range: Range, step: Step) -> Vec<Point> {
    let first = match range {
        Range::Day => last,
        Range::Week => last.saturating_sub(6),
        Range::Month => last.saturating_sub(29),
        Range::All => i32::MIN,
    };
    // 1970-01-01 was a Thursday.
    let start = |day: i32| match step {
        Step::Day => day,
        Step::Week => day - (day + 3).rem_euclid(7),
    };
    let mut sums: BTreeMap<i32, (usize, i64, usize, i64)> = BTreeMap::new();
    for (order, held) in shop.orders.iter().zip(held).filter(|(order, _)| (first..=last).contains(&order.day)) {
        let sum = sums.entry(start(order.day)).or_default();
        sum.0 += 1;
        sum.1 += order.total;
        sum.2 += usize::from(!held.bundles.is_empty());
        sum.3 += held.revenue;
    }
    let point = |(day, (orders, revenue, orders_with_bundle, bundle_revenue)): (i32, (usize, i64, usize, i64))| Point {
        date: date(day),
        orders,
        revenue: units(revenue),
        aov: (revenue as f64 / orders as f64).round() / 100.0,
        orders_with_bundle,
        bundle_revenue: units(bundle_revenue),
    };
    sums.into_iter().map(point).collect()
}

/// A day counted from 1970-01-01 as it is written.
pub fn date(day: i32) -> String {
    let epoch = Date::constant(1970, 1, 1);
    epoch.checked_add(jiff::Span::new().days(day)).map_or_else(|_| day.to_string(), |date| date.to_string())
}

/// Every series and figure in long form: date, metric, dimension, value. Figures without a day have that of `as_of`.
pub fn analytics_csv(figures: &Figures, series: &[Point], rules: &[CoPurchase], as_of: &str) -> String {
    let mut text = csv_line(&["date", "metric", "dimension", "value"].map(str::to_owned));
    let mut line = |date: &str, metric: &str, dimension: &str, value: String| {
        text += &csv_line(&[date.to_owned(), metric.to_owned(), dimension.to_owned(), value]);
    };
    for (metric, value) in [
        ("activeBundles", figures.active_bundles.to_string()),
        ("totalRecommendations", figures.total_recommendations.to_string()),
        ("approvedRecommendations", figures.approved_recommendations.to_string()),
        ("totalOrders", figures.total_orders.to_string()),
        ("totalProducts", figures.total_products.to_string()),
        ("bundleRevenue", figures.bundle_revenue.to_string()),
        ("avgBundleSize", figures.avg_bundle_size.to_string()),
        ("avgBundleItems", figures.avg_bundle_items.to_string()),
        ("conversionRate", figures.conversion_rate.to_string()),
    ] {
        line(as_of, metric, "", value);
    }
    for point in series {
        line(&point.date, "orders", "", point.orders.to_string());
        line(&point.date, "revenue", "", point.revenue.to_string());
        line(&point.date, "aov", "", point.aov.to_string());
        line(&point.date, "ordersWithBundle", "", point.orders_with_bundle.to_string());
        line(&point.date, "bundleRevenue", "", point.bundle_revenue.to_string());
    }
    for (name, performance) in &figures.bundle_performance {
        line(as_of, "count", name, performance.count.to_string());
        line(as_of, "approved", name, performance.approved.to_string());
        line(as_of, "meanConfidence", name, performance.mean_confidence.to_string());
        line(as_of, "meanLift", name, performance.mean_lift.to_string());
        line(as_of, "revenue", name, performance.revenue.to_string());
    }
    for top in &figures.top_bundles {
        line(as_of, "topBundleRevenue", &top.id, top.revenue.to_string());
    }
    for rule in rules {
        line(as_of, "coPurchasePercent", &rule.items.join(" + "), rule.percent.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            facts::testing::{bundle, shop},
            figures::figures,
        },
        *,
    };

    #[test]
    fn a_week_begins_on_monday_and_a_range_ends_at_the_last_day() {
        let shop = shop(
            &[
                (4, &[(1, 1, 100)]),
                (3, &[(1, 1, 100), (2, 1, 201)]),
                (4, &[(2, 1, 50)]),
                (11, &[(1, 1, 9)]),
                (40, &[(1, 1, 9)]),
            ],
            vec![bundle("a", &[1, 2])],
        );
        let held = shop.held();
        let dates = |range, step| {
            let points = series(&shop, &held, 11, range, step);
            points.iter().map(|point| format!("{} {} {}", point.date, point.orders, point.aov)).collect::<Vec<_>>()
        };
        assert_eq!(dates(Range::All, Step::Week), ["1969-12-29 1 3.01", "1970-01-05 2 0.75", "1970-01-12 1 0.09"]);
        assert_eq!(dates(Range::Week, Step::Day), ["1970-01-12 1 0.09"]);
        assert_eq!(dates(Range::Month, Step::Day).len(), 3);
        let points = series(&shop, &held, 11, Range::All, Step::Day);
        assert_eq!((points[0].orders_with_bundle, points[0].bundle_revenue), (1, 3.01));
        let csv = analytics_csv(&figures(&shop, &held), &points, &[], "1970-01-12");
        assert!(csv.starts_with("date,metric,dimension,value\r\n1970-01-12,activeBundles,,0\r\n"), "{csv}");
        assert!(
            csv.contains("\r\n1970-01-04,bundleRevenue,,3.01\r\n") && csv.contains(",revenue,FBT,3.01\r\n"),
            "{csv}"
        );
    }
}
