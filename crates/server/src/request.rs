//! What every request bears: its id, and the address it came from.

use std::net::IpAddr;

use axum::{body::Body, extract::Request, http::Response};

use super::{app::App, failure::Failure};

/// The id of a request.
#[derive(Clone, Debug, Default)]
pub struct RequestId(pub String);

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub IpAddr);

impl RequestId {
    /// The id of a request.
    pub fn of(request: &Request) -> Self {
        request.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// The answer to a request that is not done. What is told of the inside goes to the log alone.
    pub fn answer(&self, app: &App, failure: &Failure) -> Response<Body> {
        if let Some(inside) = &failure.inside {
            (app.log)(&format!("request {}: {inside}", self.0));
        }
        failure.response(&self.0)
    }
}
