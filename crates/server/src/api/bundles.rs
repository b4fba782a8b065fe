//! Bundles that are offered: made of recommendations, taken back.

use std::sync::Arc;

use axum::http::Method;
use nightloom_review::Action;
use rusqlite::{Connection, OptionalExtension, Row, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{done::Done, recommendations::decide};
use crate::{
    app::App,
    caller::{Caller, Role},
    endpoint::{Access, Asked, Endpoint, Nothing, endpoint},
    failure::Failure,
    reply::Reply,
};

/// Bundles of a list, at most.
const LIST: usize = 200;

/// A bundle that was made of a recommendation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    id: String,
    name: String,
    description: Option<String>,
    bundle_type: String,
    products: Json,
    pricing: Json,
    is_active: bool,
    shop_id: String,
    recommendation_id: String,
    created_at: String,
    updated_at: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ListQuery {
    /// The shop; all that the token sees where it is left out.
    shop_id: Option<String>,
    /// Only those that are offered, or that are not.
    active: Option<bool>,
    /// The id of the last bundle of the page before.
    after: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewBundle {
    /// The recommendation that it is made of.
    #[schemars(length(min = 1, max = 120))]
    recommendation_id: String,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Made {
    success: bool,
    message: String,
    bundle_id: String,
}

/// The endpoints of bundles.
pub fn endpoints() -> Vec<Endpoint> {
    let (viewer, reviewer) = (Access::Role(Role::Viewer), Access::Role(Role::Reviewer));
    vec![
        endpoint::<ListQuery, Nothing, Vec<Bundle>>(
            (Method::GET, "/api/bundles"),
            viewer,
            "Bundles that were made of recommendations, by id.",
            list,
        ),
        endpoint::<Nothing, NewBundle, Made>(
            (Method::POST, "/api/bundles"),
            reviewer,
            "Offers a recommendation: an active bundle is made of it, or the one that was is active again.",
            make,
        ),
        endpoint::<Nothing, Nothing, Bundle>((Method::GET, "/api/bundles/{id}"), viewer, "A bundle.", one),
        endpoint::<Nothing, Nothing, Done>(
            (Method::DELETE, "/api/bundles/{id}"),
            reviewer,
            "Offers a bundle no more; it is kept.",
            take_away,
        ),
    ]
}

const COLUMNS: &str = "id, name, description, bundle_type, products, pricing, is_active, shop_id, recommendation_id, created_at, updated_at";

fn list(app: &Arc<App>, asked: &Asked<ListQuery, Nothing>) -> Result<Reply<Vec<Bundle>>, Failure> {
    let caller = asked.caller()?;
    let shops = match &asked.query.shop_id {
        Some(shop) => Some(vec![caller.shop(Some(shop))?]),
        None => caller.shops.clone(),
    };
    let shops = shops.map(|shops| serde_json::json!(shops).to_string());
    let bundles = app.results.read(|connection| {
        let sql = format!(
            "SELECT {COLUMNS} FROM bundles WHERE (?1 IS NULL OR shop_id IN (SELECT value FROM json_each(?1))) \
             AND (?2 IS NULL OR is_active = ?2) AND (?3 IS NULL OR id > ?3) ORDER BY id LIMIT ?4"
        );
        let limit = i64::try_from(LIST).unwrap_or(i64::MAX);
        let mut statement = connection.prepare_cached(&sql)?;
        let found = statement.query_map(params![shops, asked.query.active, asked.query.after, limit], bundle)?;
        Ok(found.collect::<rusqlite::Result<Vec<_>>>()?)
    })?;
    Reply::json(&bundles)
}

fn one(app: &Arc<App>, asked: &Asked<Nothing, Nothing>) -> Result<Reply<Bundle>, Failure> {
    let (caller, id) = (asked.caller()?, asked.part("id"));
    Reply::json(&app.results.read(|connection| visible(connection, caller, id))?)
}

fn visible(connection: &Connection, caller: &Caller, id: &str) -> Result<Bundle, Failure> {
    let sql = format!("SELECT {COLUMNS} FROM bundles WHERE id = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([id], bundle).optional()?;
    found.filter(|bundle| caller.sees(&bundle.shop_id)).ok_or_else(|| Failure::not_found("bundle"))
}

fn bundle(row: &Row) -> rusqlite::Result<Bundle> {
    let json = |place: usize| -> rusqlite::Result<Json> {
        Ok(serde_json::from_str(&row.get::<_, String>(place)?).unwrap_or_default())
    };
    Ok(Bundle {
        id: row.get(0)?,
        name: row.get(1)?,
        description: row.get(2)?,
        bundle_type: row.get(3)?,
        products: json(4)?,
        pricing: json(5)?,
        is_active: row.get(6)?,
        shop_id: row.get(7)?,
        recommendation_id: row.get(8)?,
        created_at: row.get(9)?,
        updated_at: row.get(10)?,
    })
}

fn make(app: &Arc<App>, asked: &Asked<Nothing, NewBundle>) -> Result<Reply<Made>, Failure> {
    let decided = decide(app, asked.caller()?, &asked.body.recommendation_id, None, Action::Activate, None)?;
    asked.note(&decided.shop_id, "activated");
    let bundle_id = decided.bundle_id.ok_or_else(|| Failure::inside("an active recommendation has no bundle"))?;
    Reply::json(&Made { success: true, message: "the bundle is offered".to_owned(), bundle_id })
}

fn take_away(app: &Arc<App>, asked: &Asked<Nothing, Nothing>) -> Result<Reply<Done>, Failure> {
    let (caller, id) = (asked.caller()?, asked.part("id"));
    let bundle = app.results.read(|connection| visible(connection, caller, id))?;
    let decided = decide(app, caller, &bundle.recommendation_id, None, Action::Deactivate, None)?;
    asked.note(&decided.shop_id, "deactivated");
    Reply::json(&Done::of("the bundle is offered no more"))
}
