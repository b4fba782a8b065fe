//! What can go wrong with a service.

use std::time::Duration;

/// A fault of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An answer of this status, with headers and a body; the service did nothing.
    Status(u16, Vec<(&'static str, String)>, String),
    /// The service does what it is asked, and answers with a server error all the same.
    DoneButFailed(u16),
    /// A good answer whose JSON ends too soon.
    BrokenJson,
    /// The connection ends without an answer.
    Cut,
    /// The connection ends within the answer.
    CutMidway,
    /// The answer comes so much later.
    Late(Duration),
}

impl Fault {
    /// 429, with a wait that is asked for.
    pub fn rate_limited(retry_after: Option<&str>) -> Self {
        let headers = retry_after.map(|wait| ("retry-after", wait.to_owned())).into_iter().collect();
        Self::Status(429, headers, r#"{"error": {"message": "Rate limit reached", "type": "requests"}}"#.to_owned())
    }

    /// A server error.
    pub fn server_error(status: u16) -> Self {
        Self::Status(status, Vec::new(), "upstream failed".to_owned())
    }
}
