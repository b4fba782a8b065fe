//! Runs of the journal, and the log of decisions.

use std::{collections::BTreeSet, sync::Arc};

use axum::http::Method;
use nightloom_review as review;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::done::Done;
use crate::{
    app::App,
    caller::{Caller, Role},
    endpoint::{Access, Asked, Endpoint, Nothing, endpoint},
    failure::Failure,
    generating,
    journal::{Run, Step},
    progress::sees,
    reply::Reply,
    store::GenerationKind,
};

/// Runs of a list, at most.
const LIST: usize = 100;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunsQuery {
    /// So many.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
    /// Only runs that began before this instant.
    before: Option<String>,
}

/// A run with its steps.
#[derive(Serialize, JsonSchema)]
pub struct RunWithSteps {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// Its steps; for those who see all shops.
    pub steps: Vec<Step>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DecisionsQuery {
    /// The shop; all that the token sees where it is left out.
    shop_id: Option<String>,
    /// Only about this recommendation.
    recommendation_id: Option<String>,
    /// Only entries before this one.
    before: Option<i64>,
}

/// What somebody did to a recommendation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct DecisionEntry {
    id: i64,
    shop_id: String,
    recommendation_id: String,
    /// approve, reject, activate, deactivate, edit, undo.
    action: String,
    decided_by: String,
    decided_at: String,
    note: Option<String>,
}

/// The endpoints of runs and decisions.
pub fn endpoints() -> Vec<Endpoint> {
    let viewer = Access::Role(Role::Viewer);
    vec![
        endpoint::<RunsQuery, Nothing, Vec<Run>>(
            (Method::GET, "/api/runs"),
            viewer,
            "The newest runs; with a token of some shops, those of these shops.",
            |app, asked| {
                let limit = asked.query.limit.unwrap_or(20);
                if limit == 0 || limit > LIST {
                    return Err(Failure::invalid("query", "limit", format!("give 1 to {LIST}"), "value_error"));
                }
                Reply::json(&visible(app, asked.caller()?, asked.query.before.as_deref(), limit)?)
            },
        ),
        endpoint::<Nothing, Nothing, RunWithSteps>(
            (Method::GET, "/api/runs/{id}"),
            viewer,
            "A run and its steps.",
            |app, asked| Reply::json(&one(app, asked.caller()?, asked.part("id"))?),
        ),
        endpoint::<Nothing, Nothing, Done>(
            (Method::POST, "/api/runs"),
            Access::Role(Role::Admin),
            "Starts a run of the whole workspace.",
            |app, asked: &Asked<Nothing, Nothing>| {
                begin(app, asked.caller()?)?;
                Reply::json(&Done::of("the run is started"))
            },
        ),
        endpoint::<DecisionsQuery, Nothing, Vec<DecisionEntry>>(
            (Method::GET, "/api/decisions"),
            viewer,
            "Who did what to recommendations, the newest first.",
            decisions,
        ),
    ]
}

/// Starts a run of the whole workspace.
pub fn begin(app: &Arc<App>, caller: &Caller) -> Result<(), Failure> {
    if !caller.sees_all() {
        return Err(Failure::forbidden("a run of the whole workspace needs a token for all shops"));
    }
    generating::start(app, "workspace", "*", GenerationKind::Bundles, caller).map(drop)
}

/// The newest runs that a caller sees: their shops' own, and those that were started for them.
pub fn visible(app: &App, caller: &Caller, before: Option<&str>, limit: usize) -> Result<Vec<Run>, Failure> {
    let Some(shops) = &caller.shops else { return Ok(app.journal.runs(before, limit)?) };
    let started: BTreeSet<String> = app.store.runs_of(shops)?.into_iter().collect();
    let mut runs = app.journal.runs(before, 10 * LIST)?;
    runs.retain(|run| sees(caller, run) || started.contains(&run.run_id));
    runs.truncate(limit);
    // A run of the whole workspace fails for reasons that may be another shop's.
    for run in runs.iter_mut().filter(|run| run.scope().is_none_or(|scope| !caller.sees(scope))) {
        run.problem = None;
    }
    Ok(runs)
}

/// A run that a caller sees, with its steps if it is about nobody else.
pub fn one(app: &App, caller: &Caller, id: &str) -> Result<RunWithSteps, Failure> {
    let mut run = app.journal.run(id)?.ok_or_else(|| Failure::not_found("run"))?;
    if sees(caller, &run) {
        let steps = app.journal.steps(id)?;
        return Ok(RunWithSteps { run, steps });
    }
    let started = app.store.runs_of(caller.shops.as_deref().unwrap_or_default())?;
    if !started.contains(&run.run_id) {
        return Err(Failure::not_found("run"));
    }
    run.problem = None;
    Ok(RunWithSteps { run, steps: Vec::new() })
}

fn decisions(app: &Arc<App>, asked: &Asked<DecisionsQuery, Nothing>) -> Result<Reply<Vec<DecisionEntry>>, Failure> {
    let caller = asked.caller()?;
    let shops = match &asked.query.shop_id {
        Some(shop) => Some(vec![caller.shop(Some(shop))?]),
        None => caller.shops.clone(),
    };
    let DecisionsQuery { recommendation_id, before, .. } = &asked.query;
    let found = app.results.read(|connection| {
        Ok(review::entries(connection, shops.as_deref(), recommendation_id.as_deref(), *before, LIST)?)
    })?;
    let entry = |of: review::Entry| DecisionEntry {
        id: of.id,
        shop_id: of.shop_id,
        recommendation_id: of.recommendation_id,
        action: of.action,
        decided_by: of.decided_by,
        decided_at: of.decided_at,
        note: of.note,
    };
    Reply::json(&found.into_iter().map(entry).collect::<Vec<_>>())
}
