//! Making bundles: starting runs, how far they are, and events while they work.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{Method, Response, StatusCode},
    response::{IntoResponse, Sse, sse},
    routing::get,
};
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::done::Done;
use crate::{
    app::App,
    caller::{Caller, Role},
    endpoint::{Access, Asked, Endpoint, Nothing, admit, endpoint, path_of, with_route},
    failure::Failure,
    generating,
    progress::{self, Found, Progress},
    reply::Reply,
    request::RequestId,
    store::GenerationKind,
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Upload {
    /// An upload of the shop whose bundles are to be made.
    #[schemars(length(min = 1, max = 500))]
    csv_upload_id: String,
}

/// A run that is under way.
#[derive(Serialize, JsonSchema)]
struct ActiveSync {
    upload_id: String,
    step: String,
    progress: i64,
    status: String,
    message: Option<String>,
    updated_at: String,
    run_id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Active {
    active_sync: Option<ActiveSync>,
}

/// What was begun again.
#[derive(Serialize, JsonSchema)]
struct Again {
    success: bool,
    message: String,
    upload_id: String,
    previous_status: String,
    status: String,
}

/// What became of an upload and its bundles.
#[derive(Serialize, JsonSchema)]
struct BundleStatus {
    upload_id: String,
    shop_id: String,
    /// processing, generating_bundles, completed, failed.
    status: String,
    total_rows: i64,
    processed_rows: i64,
    error_message: Option<String>,
    /// Null while there are none.
    bundle_count: Option<u64>,
}

/// The endpoints of runs for uploads.
pub fn endpoints() -> Vec<Endpoint> {
    let (viewer, reviewer) = (Access::Role(Role::Viewer), Access::Role(Role::Reviewer));
    let mut endpoints = vec![
        endpoint::<Nothing, Upload, Done>(
            (Method::POST, "/api/generate-bundles"),
            reviewer,
            "Starts a run, which makes bundles of all that is there.",
            |app, asked| begin(app, asked, GenerationKind::Bundles, "the run is started"),
        ),
        endpoint::<Nothing, Upload, Done>(
            (Method::POST, "/api/generate-rules"),
            reviewer,
            "Starts a run, which makes rules and what they need.",
            |app, asked| begin(app, asked, GenerationKind::Rules, "the run is started"),
        ),
        endpoint::<Nothing, Nothing, Done>(
            (Method::POST, "/api/generate-bundles/{id}/resume"),
            reviewer,
            "Finishes what the last run left.",
            resume,
        ),
        endpoint::<Nothing, Nothing, Again>(
            (Method::POST, "/api/retry-bundle-generation/{id}"),
            reviewer,
            "Starts another run for an upload.",
            retry,
        ),
        endpoint::<Nothing, Nothing, Again>(
            (Method::POST, "/api/force-reset/{id}"),
            Access::Role(Role::Admin),
            "Forgets a run whose process is gone.",
            force_reset,
        ),
        endpoint::<Nothing, Nothing, Active>(
            (Method::GET, "/api/generation-progress/shop/{shop}/active"),
            viewer,
            "The run of a shop that is under way.",
            active,
        ),
        with_route::<Nothing, crate::reply::Events>(
            (Method::GET, "/api/shopify/progress/{id}/stream"),
            viewer,
            "How far a run is, as events: progress, complete, error.",
            get(events),
        )
        .answers("text/event-stream"),
    ];
    for path in ["/api/generation-progress/{id}", "/generation-progress/{id}"] {
        let about = "How far the run of an upload is.";
        endpoints.push(
            endpoint::<Nothing, Nothing, Progress>((Method::GET, path), viewer, about, how_far).codes(&[200, 202]),
        );
    }
    for path in ["/api/shopify/status/{id}", "/api/bundle-status/{id}"] {
        let about = "What became of an upload and its bundles.";
        endpoints.push(endpoint::<Nothing, Nothing, BundleStatus>((Method::GET, path), viewer, about, status));
    }
    endpoints
}

/// The shop of an upload that came here or that a run read, or of a run that was started here; as far as the caller sees it.
pub fn shop_of(app: &App, caller: &Caller, id: &str) -> Result<String, Failure> {
    let shop = match app.store.upload(id)? {
        Some(upload) => Some(upload.shop_id),
        None => match app.store.generation(id)? {
            Some(generation) => Some(generation.shop_id),
            None => super::uploads::shop_of_run(app, id)?,
        },
    };
    shop.filter(|shop| caller.sees(shop)).ok_or_else(|| Failure::not_found("upload"))
}

fn begin(
    app: &Arc<App>,
    asked: &Asked<Nothing, Upload>,
    kind: GenerationKind,
    words: &str,
) -> Result<Reply<Done>, Failure> {
    let (caller, id) = (asked.caller()?, asked.body.csv_upload_id.as_str());
    let shop = shop_of(app, caller, id)?;
    asked.note(&shop, kind.name());
    generating::start(app, id, &shop, kind, caller)?;
    Reply::json(&Done::of(words))
}

fn resume(app: &Arc<App>, asked: &Asked<Nothing, Nothing>) -> Result<Reply<Done>, Failure> {
    let (caller, id) = (asked.caller()?, asked.part("id"));
    let shop = shop_of(app, caller, id)?;
    asked.note(&shop, "resume");
    generating::start(app, id, &shop, GenerationKind::Resume, caller)?;
    Reply::json(&Done::of("the run goes on"))
}

fn retry(app: &Arc<App>, asked: &Asked<Nothing, Nothing>) -> Result<Reply<Again>, Failure> {
    let (caller, id) = (asked.caller()?, asked.part("id"));
    let shop = shop_of(app, caller, id)?;
    let previous_status = bundle_status(app, caller, id, &shop)?.status;
    asked.note(&shop, "retry");
    generating::start(app, id, &shop, GenerationKind::Bundles, caller)?;
    Reply::json(&Again {
        success: true,
        message: "the run is started".to_owned(),
        upload_id: id.to_owned(),
        previous_status,
        status: "generating_bundles".to_owned(),
    })
}

fn force_reset(app: &Arc<App>, asked: &Asked<Nothing, Nothing>) -> Result<Reply<Again>, Failure> {
    let (caller, id) = (asked.caller()?, asked.part("id"));
    let shop = shop_of(app, caller, id)?;
    let previous_status = bundle_status(app, caller, id, &shop)?.status;
    if let Some(generation) = app.store.generation(id)?
        && !generating::forget_if_gone(app, &generation)?
    {
        return Err(Failure::conflict("the run works; it ends by itself"));
    }
    asked.note(&shop, "reset");
    let status = bundle_status(app, caller, id, &shop)?.status;
    let message = "nothing is under way".to_owned();
    Reply::json(&Again { success: true, message, upload_id: id.to_owned(), previous_status, status })
}

fn active(app: &Arc<App>, asked: &Asked<Nothing, Nothing>) -> Result<Reply<Active>, Failure> {
    let caller = asked.caller()?;
    let shop = caller.shop(Some(asked.part("shop")))?;
    let generation = app.store.open_generations(Some(&shop))?.into_iter().next();
    let active_sync = match generation {
        None => None,
        Some(generation) => match progress::find(app, caller, &generation.upload_id)? {
            Found::Known(found) | Found::Unknown(found) => Some(ActiveSync {
                upload_id: found.upload_id,
                step: found.step,
                progress: found.progress,
                status: found.status,
                message: found.message,
                updated_at: found.updated_at,
                run_id: found.run_id,
            }),
            Found::Expired => None,
        },
    };
    Reply::json(&Active { active_sync })
}

fn how_far(app: &Arc<App>, asked: &Asked<Nothing, Nothing>) -> Result<Reply<Progress>, Failure> {
    match progress::find(app, asked.caller()?, asked.part("id"))? {
        Found::Known(found) => Reply::json(&found),
        Found::Unknown(found) => Ok(Reply::json(&found)?.with_status(StatusCode::ACCEPTED)),
        Found::Expired => Err(Failure::new(StatusCode::GONE, "that run was too long ago")),
    }
}

fn status(app: &Arc<App>, asked: &Asked<Nothing, Nothing>) -> Result<Reply<BundleStatus>, Failure> {
    let (caller, id) = (asked.caller()?, asked.part("id"));
    let shop = shop_of(app, caller, id)?;
    Reply::json(&bundle_status(app, caller, id, &shop)?)
}

fn bundle_status(app: &App, caller: &Caller, id: &str, shop: &str) -> Result<BundleStatus, Failure> {
    let upload = app.store.upload(id)?;
    let run = match progress::find(app, caller, id)? {
        Found::Known(found) => Some(found),
        Found::Unknown(_) | Found::Expired => None,
    };
    let of_upload = upload.as_ref().map_or("completed", |upload| upload.status.name());
    let status = match run.as_ref().map(|run| run.status.as_str()) {
        Some("in_progress") => "generating_bundles",
        Some("failed") => "failed",
        Some(_) => "completed",
        None => of_upload,
    };
    let problem = upload.as_ref().and_then(|upload| upload.error_message.clone());
    // Without results there is nothing to count.
    let bundle_count = progress::bundle_count(app, shop).unwrap_or_default();
    Ok(BundleStatus {
        upload_id: id.to_owned(),
        shop_id: shop.to_owned(),
        status: status.to_owned(),
        total_rows: upload.as_ref().map_or(0, |upload| upload.total_rows),
        processed_rows: upload.as_ref().map_or(0, |upload| upload.processed_rows),
        error_message: problem.or_else(|| run.and_then(|run| run.message)),
        bundle_count,
    })
}

async fn events(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let id = RequestId::of(&request);
    let (mut parts, _) = request.into_parts();
    let caller = parts.extensions.get::<Caller>().cloned();
    let admitted = async {
        admit(caller.as_ref(), Access::Role(Role::Viewer))?;
        let path = path_of(&mut parts, &app).await?;
        if let (Some(caller), Some(id)) = (caller.clone(), path.get("id").cloned()) {
            app.blocking(move |app| check_watchable(app, &caller, &id)).await?;
        }
        Ok(path)
    };
    match (admitted.await, caller) {
        (Ok(path), Some(caller)) => {
            stream_of(&app, caller, path.get("id").cloned().unwrap_or_default()).into_response()
        }
        (Err(failure), _) => id.answer(&app, &failure),
        (Ok(_), None) => id.answer(&app, &Failure::new(StatusCode::UNAUTHORIZED, "send a token")),
    }
}

/// Nothing is watched that neither is a run nor can become one.
fn check_watchable(app: &App, caller: &Caller, id: &str) -> Result<(), Failure> {
    match progress::find(app, caller, id)? {
        Found::Known(_) | Found::Expired => Ok(()),
        Found::Unknown(_) => shop_of(app, caller, id).map(drop),
    }
}

/// How often a run is looked at for those who watch.
const GLANCE: Duration = Duration::from_secs(1);

/// Looks at a run that never says anything before the stream ends.
const MOST_GLANCES: u32 = 15 * 60;

/// Where a stream of events is.
struct Watching {
    app: Arc<App>,
    caller: Caller,
    id: String,
    last: Option<Progress>,
    glances: u32,
    is_over: bool,
}

/// Events of a run: `progress` when something changed, then `complete` or `error`, and the end.
pub fn stream_of(app: &Arc<App>, caller: Caller, id: String) -> impl IntoResponse + use<> {
    let watching = Watching { app: Arc::clone(app), caller, id, last: None, glances: 0, is_over: false };
    let events = stream::unfold(watching, next);
    Sse::new(events).keep_alive(sse::KeepAlive::default())
}

async fn next(mut watching: Watching) -> Option<(Result<sse::Event, Infallible>, Watching)> {
    loop {
        if watching.is_over || watching.glances > MOST_GLANCES {
            return None;
        }
        if watching.glances > 0 {
            tokio::time::sleep(GLANCE).await;
        }
        watching.glances += 1;
        let (caller, id) = (watching.caller.clone(), watching.id.clone());
        let found = watching.app.blocking(move |app| progress::find(app, &caller, &id)).await;
        let (name, progress) = match found {
            Ok(Found::Known(found)) => (event_name(&found.status), Some(found)),
            Ok(Found::Unknown(found)) => ("progress", Some(found)),
            Ok(Found::Expired) | Err(_) => ("error", None),
        };
        watching.is_over = name != "progress";
        let same = |last: &Progress| progress.as_ref().is_some_and(|now| is_same(last, now));
        if !watching.is_over && watching.last.as_ref().is_some_and(same) {
            continue;
        }
        let event = sse::Event::default().event(name);
        let event = match &progress {
            Some(progress) => event.json_data(progress).unwrap_or_default(),
            None => event.data("{\"error\":\"the run cannot be watched\"}"),
        };
        watching.last = progress;
        return Some((Ok(event), watching));
    }
}

fn event_name(status: &str) -> &'static str {
    match status {
        "completed" => "complete",
        "failed" => "error",
        _ => "progress",
    }
}

/// Whether nothing is new but the time.
fn is_same(last: &Progress, now: &Progress) -> bool {
    (&last.step, last.progress, &last.status) == (&now.step, now.progress, &now.status)
}
