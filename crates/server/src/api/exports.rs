//! Results for other programs, as files (section 12.4).

use std::sync::Arc;

use axum::http::Method;
use nightloom_review::{self as review, Query, analytics, analytics::Range, analytics::Step};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::{
    app::App,
    caller::Role,
    endpoint::{Access, Asked, Endpoint, Nothing, endpoint},
    failure::Failure,
    reply::{Csv, Reply},
    store::now,
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ExportQuery {
    /// The shop.
    shop_id: Option<String>,
    /// Only what was made from an upload.
    upload_id: Option<String>,
}

/// The endpoints of exports.
pub fn endpoints() -> Vec<Endpoint> {
    let viewer = Access::Role(Role::Viewer);
    vec![
        endpoint::<ExportQuery, Nothing, Json>(
            (Method::GET, "/api/export/bundles"),
            viewer,
            "The active bundles of a shop, for its app.",
            bundles,
        ),
        endpoint::<ExportQuery, Nothing, Json>(
            (Method::GET, "/api/export/recommendations"),
            viewer,
            "All recommendations of a shop.",
            recommendations,
        ),
        endpoint::<ExportQuery, Nothing, Csv>(
            (Method::GET, "/api/export/analytics"),
            viewer,
            "Every figure and series of a shop in long form.",
            figures,
        )
        .answers("text/csv"),
        endpoint::<ExportQuery, Nothing, Csv>(
            (Method::GET, "/api/recommendations/{id}/export"),
            viewer,
            "The recommendations of an upload as a table.",
            table,
        )
        .answers("text/csv"),
    ]
}

fn bundles(app: &Arc<App>, asked: &Asked<ExportQuery, Nothing>) -> Result<Reply<Json>, Failure> {
    let shop = asked.caller()?.shop(asked.query.shop_id.as_deref())?;
    let exported = app.results.read(|connection| Ok(review::bundles(connection, &shop, &now())?))?;
    let body = serde_json::to_vec(&exported).map_err(Failure::inside)?;
    Ok(Reply::json_bytes(body.into()).into_file(&format!("{shop}-bundles.json")))
}

fn recommendations(app: &Arc<App>, asked: &Asked<ExportQuery, Nothing>) -> Result<Reply<Json>, Failure> {
    let shop = asked.caller()?.shop(asked.query.shop_id.as_deref())?;
    let exported = app.results.read(|connection| Ok(review::recommendations(connection, &shop, &now())?))?;
    let mut exported = serde_json::to_value(&exported).map_err(Failure::inside)?;
    if let Some(upload) = &asked.query.upload_id {
        let file = super::uploads::file_of(app, upload, &shop)?;
        if let Some(rows) = exported["recommendations"].as_array_mut() {
            rows.retain(|row| row["csvUploadId"] == file.as_str());
            let count = rows.len();
            exported["recommendationCount"] = count.into();
        }
        exported["uploadId"] = upload.as_str().into();
    }
    Ok(Reply::<Json>::json(&exported)?.into_file(&format!("{shop}-recommendations.json")))
}

fn table(app: &Arc<App>, asked: &Asked<ExportQuery, Nothing>) -> Result<Reply<Csv>, Failure> {
    let (caller, id) = (asked.caller()?, asked.part("id"));
    let shop = super::generation::shop_of(app, caller, id)?;
    let upload = Some(super::uploads::file_of(app, id, &shop)?);
    let query = Query { shop: Some(shop.clone()), upload, ..Query::default() };
    let found = app.results.read(|connection| Ok(review::list(connection, &query)?))?;
    Ok(Reply::csv(review::recommendations_csv(&found)).into_file(&format!("{shop}-recommendations.csv")))
}

fn figures(app: &Arc<App>, asked: &Asked<ExportQuery, Nothing>) -> Result<Reply<Csv>, Failure> {
    let shop = asked.caller()?.shop(asked.query.shop_id.as_deref())?;
    let (facts, rules) = app.results.read(|connection| Ok(analytics::read(connection, &shop)?))?;
    let held = facts.held();
    let last = facts.orders.iter().map(|order| order.day).max().unwrap_or_default();
    let series = analytics::series(&facts, &held, last, Range::All, Step::Week);
    let text = analytics::analytics_csv(&analytics::figures(&facts, &held), &series, &rules, &analytics::date(last));
    Ok(Reply::csv(text).into_file(&format!("{shop}-analytics.csv")))
}
