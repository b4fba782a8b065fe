//! What an endpoint answers, with the type that its document shows.

use std::marker::PhantomData;

use axum::{
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::failure::Failure;

/// An answer whose body is a `T`.
pub struct Reply<T> {
    status: StatusCode,
    body: Bytes,
    headers: Vec<(HeaderName, HeaderValue)>,
    of: PhantomData<fn() -> T>,
}

/// A text for other programs, as an attachment.
#[derive(JsonSchema)]
pub struct Csv(#[allow(dead_code, reason = "it is a schema")] String);

/// Events of the server.
#[derive(JsonSchema)]
pub struct Events(#[allow(dead_code, reason = "it is a schema")] String);

impl<T: Serialize> Reply<T> {
    /// A value as JSON.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn json(value: &T) -> Result<Self, Failure> {
        Ok(Self::json_bytes(Bytes::from(serde_json::to_vec(value).map_err(Failure::inside)?)))
    }
}

impl<T> Reply<T> {
    /// JSON that was written already.
    pub fn json_bytes(body: Bytes) -> Self {
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        Self { status: StatusCode::OK, body, headers, of: PhantomData }
    }

    /// CSV.
    pub fn csv(text: String) -> Self {
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"))];
        Self { status: StatusCode::OK, body: Bytes::from(text), headers, of: PhantomData }
    }

    /// With another code.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// With a header; left out where the value cannot be one.
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// To be saved as a file.
    pub fn into_file(self, name: &str) -> Self {
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
        let name: String = name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
        self.with_header(header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""))
    }

    /// The answer as it goes out.
    pub fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        response
    }

    /// The code.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}
