//! Pages for people: made by the server, whole without script, quicker with a little of it.

mod bundles;
mod entry;
mod flags;
mod runs;
mod templates;
mod view;
mod visit;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Response, header},
    routing::get,
};

use self::visit::page;
use super::{app::App, caller::Role};

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/review.js");

/// The routes of pages.
pub fn routes() -> Router<Arc<App>> {
    let (look, decide, rule) = (Role::Viewer, Role::Reviewer, Role::Admin);
    Router::new()
        .route("/", get(first))
        .route("/login", get(entry::login_page).post(entry::login))
        .route("/logout", axum::routing::post(entry::leave))
        .route("/bundles", page(&Method::GET, look, bundles::list))
        .route("/bundles/{id}", page(&Method::GET, look, bundles::one))
        .route("/bundles/{id}/act", page(&Method::POST, decide, bundles::act))
        .route("/bundles/{id}/change", page(&Method::POST, decide, bundles::change))
        .route("/runs", page(&Method::GET, look, runs::list).merge(page(&Method::POST, rule, runs::begin)))
        .route("/runs/{id}", page(&Method::GET, look, runs::one))
        .route("/runs/{id}/events", page(&Method::GET, look, runs::events))
        .route("/flags", page(&Method::GET, rule, flags::list).merge(page(&Method::POST, rule, flags::set)))
        .route("/search", page(&Method::GET, look, runs::search_page))
        .route("/report", page(&Method::GET, look, runs::report))
        .route("/report.html", page(&Method::GET, look, runs::whole_report))
        .route("/assets/style.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route("/assets/review.js", get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }))
}

/// A browser is shown the bundles, a program that all is well.
async fn first(headers: HeaderMap) -> Response<Body> {
    let wants = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if wants.contains("text/html") { visit::see("/bundles") } else { asset("application/json", "{\"status\":\"ok\"}") }
}

fn asset(content_type: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    response
}
