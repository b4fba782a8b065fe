//! Coming in and going out: a token is exchanged for a session.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Response, StatusCode, header},
};
use minijinja::context;

use super::{
    templates,
    visit::{COOKIE, cookie, form_of, html, is_own, see, told},
};
use crate::{
    app::App,
    endpoint::query_of,
    failure::Failure,
    guard::limited,
    request::{PeerAddress, RequestId},
};

/// A wrong token costs an address as much as so many requests.
const WRONG_TOKEN: f64 = 5.0;

/// The page to come in by.
pub async fn login_page(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let id = RequestId::of(&request);
    let query: BTreeMap<String, String> = query_of(request.uri()).unwrap_or_default();
    let next = ours(query.get("next"));
    match templates::render("login.html", context! { next }) {
        Ok(text) => html(StatusCode::OK, text),
        Err(failure) => told(&app, &id, &failure, false),
    }
}

/// Begins a session.
pub async fn login(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let id = RequestId::of(&request);
    match come_in(&app, request).await {
        Ok(response) => response,
        Err(failure) => told(&app, &id, &failure, false),
    }
}

async fn come_in(app: &Arc<App>, request: Request) -> Result<Response<Body>, Failure> {
    let address = request.extensions().get::<PeerAddress>().map_or_else(String::new, |peer| peer.0.to_string());
    let (parts, body) = request.into_parts();
    let form = form_of(&parts.headers, body).await?;
    if !is_own(&parts.headers) {
        return Err(Failure::forbidden("come in by the page of this server"));
    }
    let next = ours(form.get("next"));
    let token = form.get("token").map_or("", |token| token.trim());
    let Some(caller) = app.store.caller_of_token(token)? else {
        limited(app, &address, WRONG_TOKEN)?;
        let wrong = "The token is not known, is over, or was taken back.";
        return Ok(html(StatusCode::UNAUTHORIZED, templates::render("login.html", context! { next, wrong })?));
    };
    let session = app.store.begin_session(&caller.token)?;
    let mut response = see(&next);
    set_cookie(app, &mut response, &session, 12 * 3_600);
    Ok(response)
}

/// Ends a session whatever its page was.
pub async fn leave(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let id = RequestId::of(&request);
    let (parts, body) = request.into_parts();
    let left = async {
        let form = form_of(&parts.headers, body).await?;
        let Some(cookie) = cookie(&parts.headers) else { return Ok(()) };
        let Some(session) = app.store.session(cookie)? else { return Ok(()) };
        let given = form.get("csrf").map_or("", String::as_str);
        if !crate::secret::equal(given.as_bytes(), session.csrf.as_bytes()) {
            return Err(Failure::forbidden("the form is not of this session; load the page again"));
        }
        Ok(app.store.end_session(cookie)?)
    };
    if let Err(failure) = left.await {
        return told(&app, &id, &failure, false);
    }
    let mut response = see("/login");
    set_cookie(&app, &mut response, "", 0);
    response
}

fn set_cookie(app: &App, response: &mut Response<Body>, value: &str, seconds: u32) {
    let secure = if app.settings.secure_cookies { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// A page of ours to go to; the first where it is none.
fn ours(next: Option<&String>) -> String {
    let is_ours =
        |text: &&String| text.starts_with('/') && !text.starts_with("//") && !text.contains(['\\', '\r', '\n']);
    next.filter(is_ours).map_or("/bundles", String::as_str).to_owned()
}
