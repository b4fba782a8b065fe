//! Search over the index of products.

use std::sync::Arc;

use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    caller::{Caller, Role},
    endpoint::{Access, Asked, Endpoint, Nothing, endpoint},
    failure::Failure,
    reply::Reply,
    settings::{SearchHit, SearchMode, SearchRequest},
};

/// Letters of a search, at most.
const LONGEST: usize = 500;

/// What is searched for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SearchQuery {
    /// The words.
    #[schemars(length(min = 1, max = 500))]
    pub q: String,
    /// The shop; all where the token sees all and it is left out.
    pub shop_id: Option<String>,
    /// So many.
    #[schemars(range(min = 1, max = 100))]
    pub top: Option<usize>,
    /// How.
    pub mode: Option<SearchMode>,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
struct SearchResult {
    query: String,
    found: Vec<SearchHit>,
}

/// The endpoint of search.
pub fn endpoints() -> Vec<Endpoint> {
    vec![endpoint::<SearchQuery, Nothing, SearchResult>(
        (Method::GET, "/api/search"),
        Access::Role(Role::Viewer),
        "Products of the index, by words and by what they mean.",
        |app, asked: &Asked<SearchQuery, Nothing>| {
            let found = search(app, asked.caller()?, &asked.query)?;
            Reply::json(&SearchResult { query: asked.query.q.clone(), found })
        },
    )]
}

/// Searches for what a caller may see. Conditions in SQL are for the command line: here they could ask about other shops.
pub fn search(app: &Arc<App>, caller: &Caller, query: &SearchQuery) -> Result<Vec<SearchHit>, Failure> {
    let letters = query.q.chars().count();
    if letters == 0 || letters > LONGEST || query.q.contains('\0') {
        return Err(Failure::invalid("query", "q", format!("give 1 to {LONGEST} letters"), "value_error"));
    }
    let top = query.top.unwrap_or(20);
    if top == 0 || top > 100 {
        return Err(Failure::invalid("query", "top", "give 1 to 100", "value_error"));
    }
    let shop = match (&query.shop_id, caller.sees_all()) {
        (None, true) => None,
        (asked, _) => Some(caller.shop(asked.as_deref())?),
    };
    let request = SearchRequest { query: query.q.clone(), shop, top, mode: query.mode.unwrap_or_default() };
    let found = app.lent.search.search(&request);
    let mut found =
        found.map_err(|problem| Failure::not_now("there is no search index that can be asked", 60, Some(problem)))?;
    // Whatever the index gives, nobody is shown another's.
    found.retain(|hit| caller.sees(&hit.shop_id));
    Ok(found)
}
