//! Whether the server is well. Everybody may ask, and learns no more.

use std::{sync::Arc, time::Instant};

use axum::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    app::App,
    caller::Role,
    endpoint::{Access, Asked, Endpoint, Nothing, endpoint},
    failure::Failure,
    reply::Reply,
};

#[derive(Serialize, JsonSchema)]
struct Alive {
    /// Always ok.
    status: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Health {
    /// ok, or degraded while results cannot be read.
    status: &'static str,
    database: DatabaseHealth,
}

#[derive(Serialize, JsonSchema)]
struct DatabaseHealth {
    /// ok, empty (no run has written any results), or unavailable.
    status: &'static str,
    latency_ms: f64,
}

/// The endpoints of health.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint::<Nothing, Nothing, Alive>(
            (Method::GET, "/healthz"),
            Access::Open,
            "Whether the server answers.",
            |_, _| Reply::json(&Alive { status: "ok" }),
        ),
        endpoint::<Nothing, Nothing, Health>(
            (Method::GET, "/api/health"),
            Access::Open,
            "Whether results can be read.",
            health,
        ),
        endpoint::<Nothing, Nothing, DatabaseHealth>(
            (Method::GET, "/api/health/pool"),
            Access::Open,
            "Whether results can be read, and how fast.",
            |app, _: &Asked<Nothing, Nothing>| Reply::json(&database(app)),
        ),
        endpoint::<Nothing, Nothing, Health>(
            (Method::GET, "/api/admin/health"),
            Access::Role(Role::Admin),
            "Whether results can be read.",
            health,
        ),
    ]
}

fn health(app: &Arc<App>, _: &Asked<Nothing, Nothing>) -> Result<Reply<Health>, Failure> {
    let database = database(app);
    let status = if database.status == "unavailable" { "degraded" } else { "ok" };
    Reply::json(&Health { status, database })
}

fn database(app: &App) -> DatabaseHealth {
    let started = Instant::now();
    let looked = app.results.read(|connection| {
        Ok(connection.query_row("SELECT 1 FROM bundle_recommendations LIMIT 1", [], |_| Ok(())).or_else(|error| {
            match error {
                rusqlite::Error::QueryReturnedNoRows => Ok(()),
                other => Err(other),
            }
        })?)
    });
    let status = match looked {
        Ok(()) => "ok",
        Err(failure) if failure.status == StatusCode::SERVICE_UNAVAILABLE => "empty",
        Err(_) => "unavailable",
    };
    DatabaseHealth { status, latency_ms: started.elapsed().as_secs_f64() * 1_000.0 }
}
