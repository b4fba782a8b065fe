//! What every request passes: an id, the name it asks for, who asks, how often, and headers that keep browsers careful.

use std::{net::IpAddr, sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header},
    middleware::Next,
};

use super::{
    app::App,
    caller::Caller,
    failure::Failure,
    request::{PeerAddress, RequestId},
    secret,
};

/// What a browser may load for a page: what this server gives, and pictures.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A wrong token costs an address as much as so many requests: guessing is slow.
const WRONG_TOKEN: f64 = 5.0;

/// Lets a request through, or answers it.
pub async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response<Body> {
    let id = RequestId(secret::random_hex(8).unwrap_or_default());
    request.extensions_mut().insert(id.clone());
    let mut response = match admitted(&app, &mut request) {
        Ok(()) => next.run(request).await,
        Err(failure) => id.answer(&app, &failure),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

fn admitted(app: &App, request: &mut Request) -> Result<(), Failure> {
    check_host(app, request)?;
    let address = request.extensions().get::<PeerAddress>().map_or_else(String::new, |peer| peer.0.to_string());
    let caller = match bearer(request.headers()) {
        None => None,
        Some(token) => match app.store.caller_of_token(token)? {
            Some(caller) => Some(caller),
            None => {
                limited(app, &address, WRONG_TOKEN)?;
                let words = "the token is not known, is over, or was taken back";
                return Err(Failure::new(StatusCode::UNAUTHORIZED, words));
            }
        },
    };
    match &caller {
        Some(Caller { token, .. }) => limited(app, token, 1.0)?,
        None => limited(app, &address, 1.0)?,
    }
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    Ok(())
}

/// Whether so many requests may be made by somebody.
///
/// # Errors
/// When there were too many (429).
pub fn limited(app: &App, key: &str, cost: f64) -> Result<(), Failure> {
    app.limiter.take(key, cost, Instant::now()).map_err(|seconds| Failure {
        retry_after: Some(seconds),
        ..Failure::new(StatusCode::TOO_MANY_REQUESTS, "too many requests; wait a little")
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().unwrap_or_default();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    // What is no bearer is a token that is wrong.
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" })
}

/// A page of somebody else whose name leads here must not speak for its visitor: only known names are answered to.
fn check_host(app: &App, request: &Request) -> Result<(), Failure> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().host()).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let is_known = name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok()
        || app.settings.hosts.iter().any(|known| known.eq_ignore_ascii_case(name));
    match is_known {
        true => Ok(()),
        false => Err(Failure::new(StatusCode::MISDIRECTED_REQUEST, "this server is not asked by that name")),
    }
}
