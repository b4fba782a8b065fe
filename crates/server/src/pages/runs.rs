//! Runs and their steps, the newest report, and search.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use minijinja::context;
use serde::Serialize;

use super::{
    templates::shown,
    view::moment,
    visit::{Shown, Visit},
};
use crate::{
    api::{SearchQuery, begin_run, one_run, search, stream_of, visible_runs},
    app::App,
    failure::Failure,
    journal::{Run, Step},
};

/// Runs of a page.
const PAGE: usize = 50;

#[derive(Serialize)]
struct RunLine {
    id: String,
    pipeline: String,
    status: String,
    began: String,
    took: String,
    problem: Option<String>,
    is_running: bool,
}

impl RunLine {
    fn of(run: &Run) -> Self {
        let seconds = run.ended_at.as_ref().and_then(|end| {
            let (start, end): (jiff::Timestamp, jiff::Timestamp) = (run.started_at.parse().ok()?, end.parse().ok()?);
            Some(end.duration_since(start).as_secs_f64())
        });
        Self {
            id: run.run_id.clone(),
            pipeline: run.pipeline.clone(),
            status: run.status.clone(),
            began: moment(&run.started_at),
            took: seconds.map(|seconds| format!("{seconds:.1} s")).unwrap_or_default(),
            problem: run.problem.as_ref().map(|problem| problem.chars().take(300).collect()),
            is_running: !run.is_over(),
        }
    }
}

#[derive(Serialize)]
struct StepLine {
    name: String,
    kind: String,
    status: String,
    rows_in: i64,
    rows_out: i64,
    rejected: i64,
    took: String,
    memory: String,
    reason: Option<String>,
    warnings: Vec<String>,
}

impl StepLine {
    fn of(step: &Step) -> Self {
        Self {
            name: step.step.clone(),
            kind: step.kind.clone(),
            status: step.status.clone(),
            rows_in: step.rows_in,
            rows_out: step.rows_out,
            rejected: step.rejected,
            took: format!("{:.2} s", step.seconds),
            memory: format!("{} MiB", step.peak_memory_bytes >> 20),
            reason: step.reason.clone(),
            warnings: step.warnings.iter().take(5).cloned().collect(),
        }
    }
}

/// The newest runs.
pub fn list(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let runs = visible_runs(app, visit.caller(), visit.asked("before"), PAGE)?;
    let next = (runs.len() == PAGE).then(|| runs.last().map(|run| crate::api::encoded(&run.started_at))).flatten();
    let lines: Vec<RunLine> = runs.iter().map(RunLine::of).collect();
    let is_waiting = !app.store.open_generations(None)?.is_empty();
    Ok(Shown::Page("runs.html", context! { here => "runs", runs => shown(&lines), next, is_waiting }))
}

/// A run with its steps.
pub fn one(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let found = one_run(app, visit.caller(), visit.part("id"))?;
    let steps: Vec<StepLine> = found.steps.iter().map(StepLine::of).collect();
    Ok(Shown::Page(
        "run.html",
        context! { here => "runs", run => shown(&RunLine::of(&found.run)), steps => shown(&steps) },
    ))
}

/// How far a run is, as events.
pub fn events(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let stream = stream_of(app, visit.caller().clone(), visit.part("id").to_owned());
    Ok(Shown::Ready(stream.into_response()))
}

/// Starts a run of the workspace.
pub fn begin(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    begin_run(app, visit.caller())?;
    Ok(Shown::See("/runs".to_owned()))
}

/// Where the newest report is.
pub fn report(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let is_there = visit.caller().sees_all() && app.settings.report.is_file();
    let made = std::fs::metadata(&app.settings.report).and_then(|file| file.modified()).ok();
    let made = made.and_then(|time| jiff::Timestamp::try_from(time).ok()).map(|time| moment(&time.to_string()));
    Ok(Shown::Page("report.html", context! { here => "report", is_there, made }))
}

/// What the report may load: nothing but what it has in itself.
const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; base-uri 'none'; form-action 'none'; \
                             frame-ancestors 'self'; sandbox allow-popups";

/// The newest report itself. It is about all shops.
pub fn whole_report(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    if !visit.caller().sees_all() {
        return Err(Failure::forbidden("the report is about all shops"));
    }
    let bytes = std::fs::read(&app.settings.report).map_err(|_| Failure::not_found("report"))?;
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(REPORT_POLICY));
    Ok(Shown::Ready(response))
}

#[derive(Serialize)]
struct HitLine {
    shop: String,
    id: String,
    title: String,
    score: String,
    price: String,
}

/// Search.
pub fn search_page(app: &Arc<App>, visit: &Visit) -> Result<Shown, Failure> {
    let Some(words) = visit.asked("q") else {
        return Ok(Shown::Page("search.html", context! { here => "search" }));
    };
    let shop_id = visit.asked("shop").map(str::to_owned);
    let query = SearchQuery { q: words.to_owned(), shop_id, top: Some(50), mode: None };
    let line = |hit: crate::settings::SearchHit| HitLine {
        price: hit
            .metadata
            .get("price")
            .and_then(serde_json::Value::as_f64)
            .map(|price| format!("{price:.2}"))
            .unwrap_or_default(),
        shop: hit.shop_id,
        id: hit.id.chars().take(80).collect(),
        title: hit.title.chars().take(300).collect(),
        score: format!("{:.3}", hit.score),
    };
    let (hits, problem) = match search(app, visit.caller(), &query) {
        Ok(hits) => (hits.into_iter().map(line).collect::<Vec<_>>(), None),
        Err(failure) if failure.status == StatusCode::SERVICE_UNAVAILABLE => (Vec::new(), Some(failure.words)),
        Err(failure) => return Err(failure),
    };
    Ok(Shown::Page(
        "search.html",
        context! { here => "search", words, shop => visit.asked("shop"), hits => shown(&hits), problem, asked => true },
    ))
}
