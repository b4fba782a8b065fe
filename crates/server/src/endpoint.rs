//! An endpoint of the API: method, path, who may, the types of what is asked and answered, and what is done. The same types
//! are read by and stand in the OpenAPI document.

use std::{
    any::TypeId,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{FromRequestParts, Query, RawPathParams, Request, State},
    http::{Method, Response, StatusCode, header},
    routing::{MethodFilter, MethodRouter, on},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

use super::{
    app::App,
    caller::{Caller, Role},
    failure::Failure,
    reply::Reply,
    request::RequestId,
};

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// A token of this role or a higher one.
    Role(Role),
}

/// What is asked.
pub struct Asked<Q, B> {
    caller: Option<Caller>,
    path: BTreeMap<String, String>,
    /// The query.
    pub query: Q,
    /// The body.
    pub body: B,
    /// The request, as answers and the log have it.
    pub request_id: String,
    noted: Mutex<(Option<String>, Option<String>)>,
}

impl<Q, B> Asked<Q, B> {
    /// Who asks.
    ///
    /// # Errors
    /// When nobody said so.
    pub fn caller(&self) -> Result<&Caller, Failure> {
        self.caller
            .as_ref()
            .ok_or_else(|| Failure::new(StatusCode::UNAUTHORIZED, "send a token: Authorization: Bearer …"))
    }

    /// A part of the path; empty where there is none.
    pub fn part(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// Notes the shop that a change is about, and what is changed, for the audit.
    pub fn note(&self, shop: &str, detail: &str) {
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = (Some(shop.to_owned()), Some(detail.to_owned()));
    }
}

/// What a query or body that is not there is read as.
#[derive(serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// The schema of a type.
pub type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// What a body is, and what stands in the document about it.
#[derive(Clone, Copy)]
pub struct BodyShape {
    /// Its type.
    pub content_type: &'static str,
    /// Its schema.
    pub schema: SchemaOf,
}

/// An endpoint.
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path, with `{parts}`.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// The schema of the query.
    pub query: SchemaOf,
    /// What is sent.
    pub body: Option<BodyShape>,
    /// What is answered.
    pub reply: BodyShape,
    /// The codes of what is answered.
    pub codes: Vec<u16>,
    /// What is done.
    pub route: MethodRouter<Arc<App>>,
}

/// Bytes of a body of JSON.
const BODY: usize = 64 * 1024;

/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(30);

fn filter(method: &Method) -> MethodFilter {
    MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET)
}

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// What an endpoint does.
pub type Handler<Q, B, R> = fn(&Arc<App>, &Asked<Q, B>) -> Result<Reply<R>, Failure>;

/// An endpoint that reads a query and, if `B` is not [`Nothing`], a body of JSON, and answers JSON.
pub fn endpoint<Q, B, R>(
    (method, path): (Method, &'static str),
    access: Access,
    about: &'static str,
    handler: Handler<Q, B, R>,
) -> Endpoint
where
    Q: DeserializeOwned + JsonSchema + Send + Sync + 'static,
    B: DeserializeOwned + JsonSchema + Send + Sync + 'static,
    R: JsonSchema + 'static,
{
    let has_body = TypeId::of::<B>() != TypeId::of::<Nothing>();
    let call = move |State(app): State<Arc<App>>, request: Request| async move {
        let id = RequestId::of(&request);
        match answer(&app, request, access, has_body, handler).await {
            Ok(response) => response,
            Err(failure) => id.answer(&app, &failure),
        }
    };
    let route = on(filter(&method), call);
    let body = has_body.then_some(BodyShape { content_type: "application/json", schema: schema_of::<B> });
    Endpoint { body, ..with_route::<Q, R>((method, path), access, about, route) }
}

/// An endpoint that does in its own way what the others do alike: it reads a body of its own.
pub fn with_route<Q: JsonSchema, R: JsonSchema>(
    (method, path): (Method, &'static str),
    access: Access,
    about: &'static str,
    route: MethodRouter<Arc<App>>,
) -> Endpoint {
    Endpoint {
        route,
        method,
        path,
        access,
        about,
        query: schema_of::<Q>,
        body: None,
        reply: BodyShape { content_type: "application/json", schema: schema_of::<R> },
        codes: vec![200],
    }
}

impl Endpoint {
    /// Answers with other codes.
    pub fn codes(self, codes: &[u16]) -> Self {
        Self { codes: codes.to_vec(), ..self }
    }

    /// Answers another type than JSON.
    pub fn answers(self, content_type: &'static str) -> Self {
        Self { reply: BodyShape { content_type, ..self.reply }, ..self }
    }

    /// Takes a body of a type.
    pub fn takes<B: JsonSchema>(self, content_type: &'static str) -> Self {
        Self { body: Some(BodyShape { content_type, schema: schema_of::<B> }), ..self }
    }
}

/// Whether a caller may.
///
/// # Errors
/// Without a token (401), and with one of a lesser role (403).
pub fn admit(caller: Option<&Caller>, access: Access) -> Result<(), Failure> {
    match (access, caller) {
        (Access::Open, _) => Ok(()),
        (Access::Role(_), None) => Err(Failure::new(StatusCode::UNAUTHORIZED, "send a token: Authorization: Bearer …")),
        (Access::Role(role), Some(caller)) if caller.role < role => {
            Err(Failure::forbidden(&format!("this needs the role {}", role.name())))
        }
        (Access::Role(_), Some(_)) => Ok(()),
    }
}

async fn answer<Q, B, R>(
    app: &Arc<App>,
    request: Request,
    access: Access,
    has_body: bool,
    handler: Handler<Q, B, R>,
) -> Result<Response<Body>, Failure>
where
    Q: DeserializeOwned + Send + Sync + 'static,
    B: DeserializeOwned + Send + Sync + 'static,
    R: 'static,
{
    let (mut parts, body) = request.into_parts();
    let caller = parts.extensions.get::<Caller>().cloned();
    admit(caller.as_ref(), access)?;
    let path = path_of(&mut parts, app).await?;
    let query = query_of(&parts.uri)?;
    let body = if has_body { json_of(&parts.headers, body, BODY).await? } else { nothing()? };
    let id = parts.extensions.get::<RequestId>().cloned().unwrap_or_default().0;
    let asked = Asked { caller, path, query, body, request_id: id, noted: Mutex::default() };
    let (method, target) = (parts.method, parts.uri);
    app.blocking(move |app| perform(app, &asked, &method, target.path(), handler)).await
}

/// Does what is asked; a change is noted before and after.
fn perform<Q, B, R>(
    app: &Arc<App>,
    asked: &Asked<Q, B>,
    method: &Method,
    path: &str,
    handler: Handler<Q, B, R>,
) -> Result<Response<Body>, Failure> {
    let noted = match (&asked.caller, *method == Method::GET) {
        (Some(caller), false) => Some(app.store.begin_audit(&asked.request_id, caller, method.as_str(), path)?),
        _ => None,
    };
    let given = handler(app, asked);
    if let Some(entry) = noted {
        let status = given.as_ref().map_or_else(|failure| failure.status, Reply::status);
        let (shop, detail) = asked.noted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        app.store.end_audit(entry, status.as_u16(), shop.as_deref(), detail.as_deref())?;
    }
    given.map(Reply::response)
}

/// The parts of a path by their names.
///
/// # Errors
/// When one is no text.
pub async fn path_of(
    parts: &mut axum::http::request::Parts,
    app: &Arc<App>,
) -> Result<BTreeMap<String, String>, Failure> {
    let refused = |_| Failure::invalid("path", "path", "is no text", "type_error");
    let found = RawPathParams::from_request_parts(parts, app).await.map_err(refused)?;
    let found: BTreeMap<String, String> =
        found.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if found.values().any(|value| value.len() > 500 || value.chars().any(char::is_control)) {
        return Err(Failure::invalid("path", "path", "is too long, or has control characters", "value_error"));
    }
    Ok(found)
}

/// The query as a type.
///
/// # Errors
/// When it does not fit (422).
pub fn query_of<Q: DeserializeOwned>(uri: &axum::http::Uri) -> Result<Q, Failure> {
    let refused = |error: axum::extract::rejection::QueryRejection| {
        Failure::invalid("query", "query", error.body_text(), "value_error")
    };
    Query::<Q>::try_from_uri(uri).map(|Query(query)| query).map_err(refused)
}

fn nothing<B: DeserializeOwned>() -> Result<B, Failure> {
    serde_json::from_str("{}").map_err(Failure::inside)
}

/// A body of JSON as a type.
///
/// # Errors
/// When it is no JSON by its header (415), too large (413), too slow (408), or does not fit (422).
pub async fn json_of<B: DeserializeOwned>(
    headers: &axum::http::HeaderMap,
    body: Body,
    most: usize,
) -> Result<B, Failure> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json"));
    }
    let bytes = tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, most)).await;
    let bytes = bytes
        .map_err(|_| Failure::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"))?
        .map_err(|_| Failure::new(StatusCode::PAYLOAD_TOO_LARGE, format!("send at most {most} bytes")))?;
    serde_json::from_slice(&bytes).map_err(|error| Failure::invalid("body", "body", error.to_string(), "value_error"))
}
