//! Figures of a shop: what its bundles brought, only as it was measured (section 12.5).

use std::sync::Arc;

use axum::{body::Bytes, http::Method};
use nightloom_review::analytics::{self, Range, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::{
    app::App,
    caller::Role,
    endpoint::{Access, Asked, Endpoint, Nothing, endpoint},
    failure::Failure,
    reply::Reply,
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ShopQuery {
    /// The shop.
    shop_id: Option<String>,
}

/// How far back.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeRange {
    /// The last day that has an order.
    Day,
    /// Seven days up to it.
    Week,
    /// Thirty days up to it.
    Month,
    /// All there is.
    #[default]
    All,
}

impl From<TimeRange> for Range {
    fn from(range: TimeRange) -> Self {
        match range {
            TimeRange::Day => Self::Day,
            TimeRange::Week => Self::Week,
            TimeRange::Month => Self::Month,
            TimeRange::All => Self::All,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AnalyticsQuery {
    /// The shop.
    shop_id: Option<String>,
    /// How far back the series goes from the last order.
    time_range: Option<TimeRange>,
}

/// The figures of the dashboard.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Dashboard {
    active_bundles: usize,
    total_recommendations: usize,
    approved_recommendations: usize,
    total_orders: usize,
    total_products: u64,
    /// What was paid for lines of bundles that were wholly in the order.
    bundle_revenue: f64,
    /// The mean price of recommendations.
    avg_bundle_size: f64,
    /// The share of orders that hold a bundle, 0 to 1.
    conversion_rate: f64,
    /// The mean number of items.
    avg_bundle_items: f64,
}

/// Figures over time, by type and by bundle.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Analytics {
    time_series: Json,
    bundle_performance: Json,
    top_bundles: Json,
    co_purchase_analysis: Json,
}

/// The endpoints of figures.
pub fn endpoints() -> Vec<Endpoint> {
    let viewer = Access::Role(Role::Viewer);
    vec![
        endpoint::<ShopQuery, Nothing, Dashboard>(
            (Method::GET, "/api/dashboard-stats"),
            viewer,
            "The figures of a shop.",
            dashboard,
        ),
        endpoint::<AnalyticsQuery, Nothing, Analytics>(
            (Method::GET, "/api/analytics"),
            viewer,
            "Figures of a shop over time, by type and by bundle.",
            |app, asked| {
                let (shop, range) = (asked.caller()?.shop(asked.query.shop_id.as_deref())?, asked.query.time_range);
                let range = range.unwrap_or_default();
                kept(app, &format!("analytics {range:?}\n{shop}"), |facts| analytics_of(facts, range), &shop)
            },
        ),
        endpoint::<ShopQuery, Nothing, Json>(
            (Method::GET, "/api/analytics/insights"),
            viewer,
            "What the orders of a shop say: customers, growth, percentiles, what comes next if it goes on so.",
            |app, asked| {
                let shop = asked.caller()?.shop(asked.query.shop_id.as_deref())?;
                kept(app, &format!("insights\n{shop}"), |facts| Ok(json!(analytics::insights(facts.0))), &shop)
            },
        ),
    ]
}

/// A shop's facts and rules.
type Facts<'a> = (&'a analytics::ShopFacts, &'a [analytics::CoPurchase]);

/// Figures that cost a look at all orders, kept while the database does not change.
fn kept<R>(
    app: &Arc<App>,
    key: &str,
    make: impl FnOnce(Facts<'_>) -> Result<Json, Failure>,
    shop: &str,
) -> Result<Reply<R>, Failure> {
    let version = app.results.version();
    if let Some((body, _)) = version.and_then(|version| app.kept.get(key, version)) {
        return Ok(Reply::json_bytes(body));
    }
    let (facts, rules) = app.results.read(|connection| Ok(analytics::read(connection, shop)?))?;
    let body = Bytes::from(make((&facts, &rules))?.to_string());
    if let Some(version) = version {
        app.kept.put(key.to_owned(), version, body.clone(), None);
    }
    Ok(Reply::json_bytes(body))
}

fn dashboard(app: &Arc<App>, asked: &Asked<ShopQuery, Nothing>) -> Result<Reply<Dashboard>, Failure> {
    let shop = asked.caller()?.shop(asked.query.shop_id.as_deref())?;
    let make = |(facts, _): Facts<'_>| {
        let figures = analytics::figures(facts, &facts.held());
        Ok(json!(Dashboard {
            active_bundles: figures.active_bundles,
            total_recommendations: figures.total_recommendations,
            approved_recommendations: figures.approved_recommendations,
            total_orders: figures.total_orders,
            total_products: figures.total_products,
            bundle_revenue: figures.bundle_revenue,
            avg_bundle_size: figures.avg_bundle_size,
            conversion_rate: figures.conversion_rate,
            avg_bundle_items: figures.avg_bundle_items,
        }))
    };
    kept(app, &format!("dashboard\n{shop}"), make, &shop)
}

fn analytics_of((facts, rules): Facts<'_>, range: TimeRange) -> Result<Json, Failure> {
    let held = facts.held();
    let figures = analytics::figures(facts, &held);
    let last = facts.orders.iter().map(|order| order.day).max().unwrap_or_default();
    let step = if matches!(range, TimeRange::All) { Step::Week } else { Step::Day };
    let series = analytics::series(facts, &held, last, range.into(), step);
    Ok(json!({
        "timeSeries": series, "bundlePerformance": figures.bundle_performance, "topBundles": figures.top_bundles,
        "coPurchaseAnalysis": rules,
    }))
}
