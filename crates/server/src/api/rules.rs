//! Rules: what is bought together.

use std::sync::Arc;

use axum::http::Method;
use nightloom_review as review;
use rusqlite::{Row, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    app::App,
    caller::Role,
    endpoint::{Access, Asked, Endpoint, Nothing, endpoint},
    failure::Failure,
    reply::Reply,
};

/// Rules of a list, at most (section 13).
const LIST: i64 = 100;

/// A rule.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    csv_upload_id: Option<String>,
    shop_id: String,
    antecedent: Json,
    consequent: Json,
    support: Option<f64>,
    confidence: Option<f64>,
    lift: Option<f64>,
    created_at: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ListQuery {
    /// The upload that they were made from.
    upload_id: Option<String>,
    /// The shop.
    shop_id: Option<String>,
}

/// The endpoint of rules.
pub fn endpoints() -> Vec<Endpoint> {
    vec![endpoint::<ListQuery, Nothing, Vec<Rule>>(
        (Method::GET, "/api/association-rules"),
        Access::Role(Role::Viewer),
        "The hundred rules of a shop with the greatest lift.",
        list,
    )]
}

fn list(app: &Arc<App>, asked: &Asked<ListQuery, Nothing>) -> Result<Reply<Vec<Rule>>, Failure> {
    let shop = asked.caller()?.shop(asked.query.shop_id.as_deref())?;
    let upload = asked.query.upload_id.as_deref().map(|id| super::uploads::file_of(app, id, &shop)).transpose()?;
    let rules = app.results.read(|connection| {
        if !review::exists(connection, "association_rules")? {
            return Ok(Vec::new());
        }
        let sql = "SELECT * FROM association_rules WHERE COALESCE(shop_id, '') = ?1 AND (?2 IS NULL OR csv_upload_id = ?2) \
                   ORDER BY lift DESC, confidence DESC, id LIMIT ?3";
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_map(params![shop, upload, LIST], rule)?;
        Ok(found.collect::<rusqlite::Result<Vec<_>>>()?)
    })?;
    Reply::json(&rules)
}

fn rule(row: &Row) -> rusqlite::Result<Rule> {
    let json = |name: &str| -> rusqlite::Result<Json> {
        let text: Option<String> = row.get(name)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    };
    Ok(Rule {
        id: row.get::<_, i64>("id")?.to_string(),
        csv_upload_id: row.get("csv_upload_id").unwrap_or_default(),
        shop_id: row.get::<_, Option<String>>("shop_id")?.unwrap_or_default(),
        antecedent: json("antecedent")?,
        consequent: json("consequent")?,
        support: row.get("support").unwrap_or_default(),
        confidence: row.get("confidence")?,
        lift: row.get("lift")?,
        created_at: row.get("created_at").unwrap_or_default(),
    })
}
