//! Why a request is not done, as the caller is told: nothing of the inside.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use nightloom_review::ReviewError;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

/// Why a request is not done.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub status: StatusCode,
    /// What the caller is told.
    pub words: String,
    /// What is wrong, part by part, where it is the request (422).
    pub parts: Vec<Json>,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
    /// What the log is told alone.
    pub inside: Option<String>,
}

/// The body of a failure.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it is the schema of what `Failure::body` writes")]
pub struct FailureBody {
    /// What is wrong.
    error: String,
    /// The same; of a request that is wrong (422), a list of its parts.
    detail: Json,
    /// The request, as the log has it.
    request_id: String,
}

impl Failure {
    /// A failure of a code.
    pub fn new(status: StatusCode, words: impl Into<String>) -> Self {
        Self { status, words: words.into(), parts: Vec::new(), retry_after: None, inside: None }
    }

    /// The request cannot be understood (422).
    pub fn invalid(place: &str, name: &str, words: impl Into<String>, kind: &str) -> Self {
        let words = words.into();
        let part = json!({ "loc": [place, name], "msg": words, "type": kind });
        Self { parts: vec![part], ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{name}: {words}")) }
    }

    /// The caller may not (403).
    pub fn forbidden(words: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, words)
    }

    /// There is none, or none that the caller sees (404).
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// Another state stands against it (409).
    pub fn conflict(words: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, words)
    }

    /// Something inside failed (500): the caller gets the number of the request, the log the reason.
    pub fn inside(reason: impl std::fmt::Display) -> Self {
        let words = "the server could not do it; its log says why, under this request's id";
        Self { inside: Some(reason.to_string()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, words) }
    }

    /// It cannot be done now (503).
    pub fn not_now(words: &str, seconds: u64, inside: Option<String>) -> Self {
        Self { retry_after: Some(seconds), inside, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, words) }
    }

    /// The body, for the request of an id.
    pub fn body(&self, request_id: &str) -> String {
        let detail = if self.parts.is_empty() { json!(self.words) } else { json!(self.parts) };
        json!({ "error": self.words, "detail": detail, "requestId": request_id }).to_string()
    }

    /// The whole answer, for the request of an id.
    pub fn response(&self, request_id: &str) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body(request_id)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(HeaderName::from_static("x-request-id"), id);
        }
        response
    }
}

impl From<ReviewError> for Failure {
    fn from(error: ReviewError) -> Self {
        match &error {
            ReviewError::UnknownId { .. } => Self::not_found("recommendation or bundle"),
            ReviewError::Stands { status, mend, .. } => Self::conflict(format!("it is {status}: {mend}")),
            ReviewError::Changed { .. } | ReviewError::NothingToUndo { .. } => Self::conflict(error.to_string()),
            ReviewError::Refused { .. } => Self::invalid("body", "edit", error.to_string(), "value_error"),
            ReviewError::NoRecommendations => {
                Self::not_now("there are no results yet: no run has written any", 60, None)
            }
            ReviewError::Cell { .. } => Self::inside(error),
            ReviewError::Database(inner) => Self::of_database(inner),
        }
    }
}

impl Failure {
    fn of_database(error: &rusqlite::Error) -> Self {
        let is_busy = matches!(
            error.sqlite_error_code(),
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
        );
        if is_busy {
            return Self::not_now("a run is writing its results; try again", 5, Some(error.to_string()));
        }
        Self::inside(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::of_database(&error)
    }
}

impl From<getrandom::Error> for Failure {
    fn from(error: getrandom::Error) -> Self {
        Self::inside(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::inside(error)
    }
}
