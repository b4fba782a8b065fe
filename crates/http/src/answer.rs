//! What an answer means: its status, how long it asks to wait, what it says.

use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;

use super::error::HttpError;

/// Characters of what a service said that are told.
const SAID: usize = 300;

/// What came back, or that nothing did.
pub(super) enum Outcome {
    /// The bytes of a good answer.
    Good(Vec<u8>),
    /// Why not; and how long the service asks to wait before it is asked again.
    Bad(HttpError, Option<Duration>),
}

/// An answer that is none of the good ones, as an error. `tries` is how often it was tried so far.
pub(super) fn refusal(whom: &str, status: u16, body: &str, retry_after: Option<Duration>, tries: u32) -> HttpError {
    let (whom, said) = (whom.to_owned(), said(body));
    match status {
        401 | 403 => HttpError::Auth { whom, status, said },
        413 | 414 => HttpError::TooLarge { whom, status, said },
        429 => HttpError::RateLimited { whom, retry_after, tries, said },
        408 | 425 | 500..=599 => HttpError::Server { whom, status, tries, said },
        _ => HttpError::Refused { whom, status, said },
    }
}

/// The message of an error as services write them, or the beginning of the text.
fn said(body: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let message = json.as_ref().and_then(|json| {
        let places = ["/error/message", "/message", "/error", "/detail"];
        places.iter().find_map(|place| json.pointer(place)?.as_str())
    });
    let text = message.unwrap_or(body).split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { "it does not say why".to_owned() } else { text.chars().take(SAID).collect() }
}

/// How long an answer asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap, wall: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(|text| text.parse().ok()) {
        return Some(Duration::from_millis(milliseconds));
    }
    let text = text("retry-after")?;
    if let Some(seconds) = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        return Some(seconds);
    }
    httpdate::parse_http_date(text).ok().map(|date| date.duration_since(wall).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pairs: &[(&'static str, &'static str)]) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        // Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
        retry_after(&headers, SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777))
    }

    #[test]
    fn a_wait_is_read_as_seconds_milliseconds_or_a_date() {
        assert_eq!(after(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(after(&[("retry-after", "7"), ("retry-after-ms", "250")]), Some(Duration::from_millis(250)));
        assert_eq!(after(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), Some(Duration::from_secs(60)));
        assert_eq!(after(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), Some(Duration::ZERO));
        assert_eq!(after(&[("retry-after", "soon")]), None);
        assert_eq!(after(&[("retry-after", "-1")]), None);
        assert_eq!(after(&[]), None);
    }

    #[test]
    fn what_was_said_is_found_in_the_shapes_that_services_use() {
        for body in
            [r#"{"error": {"message": "too bad", "code": 3}}"#, r#"{"code": 3, "message": "too bad"}"#, "too\n bad"]
        {
            assert_eq!(said(body), "too bad");
        }
        assert_eq!(said(""), "it does not say why");
        assert_eq!(said(&"x".repeat(9_000)).len(), SAID);
    }
}
