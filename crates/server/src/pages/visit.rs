//! A visit of a browser: its session, what it asks for, its form; and what it is shown.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
    routing::{MethodFilter, MethodRouter, on},
};
use minijinja::{Value, context};

use super::templates;
use crate::{
    app::App,
    caller::{Caller, Role},
    endpoint::{path_of, query_of},
    failure::Failure,
    request::RequestId,
    secret,
    store::Session,
};

/// The cookie of a session.
pub const COOKIE: &str = "nightloom_session";

/// Bytes of a form, at most.
const FORM: usize = 64 * 1024;

/// A visit.
pub struct Visit {
    /// The session.
    pub session: Session,
    /// Parts of the path.
    path: BTreeMap<String, String>,
    /// The query.
    pub query: BTreeMap<String, String>,
    /// The form.
    form: BTreeMap<String, String>,
    /// Whether a script asks for a part of the page.
    pub wants_part: bool,
}

/// What is shown.
pub enum Shown {
    /// A page.
    Page(&'static str, Value),
    /// Another page, after something was done.
    See(String),
    /// A ready answer.
    Ready(Response<Body>),
}

impl Visit {
    /// Who visits.
    pub fn caller(&self) -> &Caller {
        &self.session.caller
    }

    /// A part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A word of the query, if it is there and not empty.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// A field of the form, if it is there and not empty.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.form.get(name).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// A number that the form brings back as it was shown.
    pub fn number(&self, name: &str) -> Result<Option<i64>, Failure> {
        let refused = |_| Failure::invalid("body", name, "is no whole number", "type_error");
        self.field(name).map(|text| text.trim().parse().map_err(refused)).transpose()
    }

    /// A page with who visits it.
    pub fn render(&self, template: &str, page: Value) -> Result<String, Failure> {
        let caller = self.caller();
        let visitor = context! {
            name => caller.name.as_str(), role => caller.role.name(), csrf => self.session.csrf.as_str(),
            sees_all => caller.sees_all(), decides => caller.role >= Role::Reviewer, rules => caller.role >= Role::Admin,
        };
        templates::render(template, context! { visitor, ..page })
    }

    /// Where the form came from: a page of ours, or the fallback.
    pub fn back(&self, fallback: &str) -> String {
        let is_ours =
            |text: &&str| text.starts_with('/') && !text.starts_with("//") && !text.contains(['\\', '\r', '\n']);
        self.field("back").filter(is_ours).unwrap_or(fallback).to_owned()
    }
}

/// What a page does.
pub type PageHandler = fn(&Arc<App>, &Visit) -> Result<Shown, Failure>;

/// A page for those who have a session of a role.
pub fn page(method: &Method, role: Role, handler: PageHandler) -> MethodRouter<Arc<App>> {
    let call = move |State(app): State<Arc<App>>, request: Request| async move {
        let id = RequestId::of(&request);
        let wants_part = request.headers().contains_key("x-part");
        match visit(&app, request, role, handler).await {
            Ok(response) => response,
            Err(failure) => told(&app, &id, &failure, wants_part),
        }
    };
    on(MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET), call)
}

async fn visit(app: &Arc<App>, request: Request, role: Role, handler: PageHandler) -> Result<Response<Body>, Failure> {
    let id = RequestId::of(&request);
    let (mut parts, body) = request.into_parts();
    let (method, uri) = (parts.method.clone(), parts.uri.clone());
    let session = match cookie(&parts.headers) {
        Some(cookie) => app.store.session(cookie)?,
        None => None,
    };
    let Some(session) = session else {
        let next = if method == Method::GET { uri.path_and_query().map_or("/", |path| path.as_str()) } else { "/" };
        return Ok(see(&format!("/login?next={}", crate::api::encoded(next))));
    };
    crate::guard::limited(app, &session.caller.token, 1.0)?;
    if session.caller.role < role {
        return Err(Failure::forbidden(&format!("this needs the role {}", role.name())));
    }
    let form = if method == Method::POST { form_of(&parts.headers, body).await? } else { BTreeMap::new() };
    if method == Method::POST {
        let given = form.get("csrf").map_or("", String::as_str);
        if !is_own(&parts.headers) || !secret::equal(given.as_bytes(), session.csrf.as_bytes()) {
            return Err(Failure::forbidden("the form is not of this session; load the page again"));
        }
    }
    let path = path_of(&mut parts, app).await?;
    let wants_part = parts.headers.contains_key("x-part");
    let visit = Visit { session, path, query: query_of(&uri)?, form, wants_part };
    app.blocking(move |app| perform(app, &visit, &method, uri.path(), &id.0, handler)).await
}

fn perform(
    app: &Arc<App>,
    visit: &Visit,
    method: &Method,
    path: &str,
    request_id: &str,
    handler: PageHandler,
) -> Result<Response<Body>, Failure> {
    if *method == Method::GET {
        return rendered(handler(app, visit)?, visit);
    }
    let entry = app.store.begin_audit(request_id, visit.caller(), method.as_str(), path)?;
    let shown = handler(app, visit);
    let status = shown.as_ref().map_or_else(|failure| failure.status.as_u16(), |_| 200);
    let fields = visit.form.iter().filter(|(name, _)| !matches!(name.as_str(), "csrf" | "back"));
    let detail: Vec<String> =
        fields.map(|(name, value)| format!("{name}={}", value.chars().take(200).collect::<String>())).collect();
    app.store.end_audit(entry, status, visit.field("shop"), Some(&detail.join("; ")))?;
    rendered(shown?, visit)
}

fn rendered(shown: Shown, visit: &Visit) -> Result<Response<Body>, Failure> {
    match shown {
        Shown::Page(template, context) => Ok(html(StatusCode::OK, visit.render(template, context)?)),
        Shown::See(place) => Ok(see(&place)),
        Shown::Ready(response) => Ok(response),
    }
}

/// A page of HTML.
pub fn html(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sends the browser to another page.
pub fn see(place: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let place = HeaderValue::from_str(place).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, place);
    response
}

/// What is wrong, as a page; for a script as JSON.
pub fn told(app: &App, id: &RequestId, failure: &Failure, wants_part: bool) -> Response<Body> {
    let mut answer = id.answer(app, failure);
    if wants_part {
        return answer;
    }
    let words = context! { words => failure.words.as_str(), request => id.0.as_str(), code => failure.status.as_u16() };
    if let Ok(text) = templates::render("failure.html", words) {
        let mut page = html(failure.status, text);
        if let Some(seconds) = answer.headers_mut().remove(header::RETRY_AFTER) {
            page.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        return page;
    }
    answer
}

/// The cookie of the session.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// A form that a browser sent, by the names of its fields.
pub async fn form_of(headers: &HeaderMap, body: Body) -> Result<BTreeMap<String, String>, Failure> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send a form"));
    }
    let bytes = axum::body::to_bytes(body, FORM);
    let bytes = tokio::time::timeout(std::time::Duration::from_secs(30), bytes).await;
    let bytes = bytes
        .map_err(|_| Failure::new(StatusCode::REQUEST_TIMEOUT, "the form did not come in time"))?
        .map_err(|_| Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large"))?;
    let mut request = axum::http::Request::new(Body::from(bytes));
    *request.method_mut() = Method::POST;
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let refused = |error: axum::extract::rejection::FormRejection| {
        Failure::invalid("body", "form", error.body_text(), "value_error")
    };
    let form =
        <axum::Form<BTreeMap<String, String>> as axum::extract::FromRequest<()>>::from_request(request, &()).await;
    form.map(|axum::Form(form)| form).map_err(refused)
}

/// Whether a form was sent by a page of ours, as far as the browser says.
pub fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text(&HeaderName::from_static("sec-fetch-site"));
    let origin = text(&header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    let is_same_site = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
    is_same_site && (origin.is_none() || origin == text(&header::HOST))
}
