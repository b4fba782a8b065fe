//! What can go wrong between us and a service.

use std::time::Duration;

use thiserror::Error;

/// Why there is no answer. No text has a key in it. `whom` is the service's address without anything secret.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum HttpError {
    /// The key is refused (401, 403).
    #[error("{whom} refuses the key ({status}): {said}")]
    Auth {
        /// The service.
        whom: String,
        /// The status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// What was sent is too large (413, 414).
    #[error("{whom} says that the request is too large ({status}): {said}")]
    TooLarge {
        /// The service.
        whom: String,
        /// The status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// Too many requests, after all tries (429).
    #[error("{whom} lets no more requests through after {tries} tries: {said}{}", wait(.retry_after.as_ref()))]
    RateLimited {
        /// The service.
        whom: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
        /// How often it was tried.
        tries: u32,
        /// What it said.
        said: String,
    },
    /// It failed, after all tries (408, 425, 5xx).
    #[error("{whom} failed {tries} times ({status}): {said}")]
    Server {
        /// The service.
        whom: String,
        /// The last status.
        status: u16,
        /// How often it was tried.
        tries: u32,
        /// What it said.
        said: String,
    },
    /// It refuses this request (other 3xx and 4xx).
    #[error("{whom} refuses the request ({status}): {said}")]
    Refused {
        /// The service.
        whom: String,
        /// The status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// No answer in time, after all tries.
    #[error("{whom} gave no answer within {seconds} s, {tries} times")]
    Timeout {
        /// The service.
        whom: String,
        /// How long was waited each time.
        seconds: f64,
        /// How often it was tried.
        tries: u32,
    },
    /// It cannot be reached, or the connection ended before the answer did.
    #[error("{whom} cannot be reached ({problem}), {tries} times")]
    Unreachable {
        /// The service.
        whom: String,
        /// What the network says.
        problem: String,
        /// How often it was tried.
        tries: u32,
    },
    /// The answer is not what the service documents.
    #[error("{whom} gave an answer that cannot be understood: {problem}")]
    Broken {
        /// The service.
        whom: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A setting that cannot be used.
    #[error("{problem}; {mend}")]
    Setting {
        /// What is wrong.
        problem: String,
        /// What to do about it.
        mend: String,
    },
    /// Whoever waits asked to stop.
    #[error("stopped")]
    Stopped,
}

fn wait(retry_after: Option<&Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(" (it asks to wait {} s)", wait.as_secs_f64()))
}

impl HttpError {
    /// Whether the same request may succeed later.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Server { .. }
                | Self::Timeout { .. }
                | Self::Unreachable { .. }
                | Self::Broken { .. }
        )
    }

    /// Whether it says something of what was sent, so that a part of it may pass where the whole does not.
    pub fn is_of_content(&self) -> bool {
        match self {
            Self::TooLarge { .. } => true,
            Self::Refused { status, .. } => matches!(status, 400 | 422),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_was_asked_for_is_told() {
        let whom = "http://x".to_owned();
        let limited = HttpError::RateLimited {
            whom: whom.clone(),
            retry_after: Some(Duration::from_secs(90)),
            tries: 4,
            said: "slow down".to_owned(),
        };
        assert_eq!(
            limited.to_string(),
            "http://x lets no more requests through after 4 tries: slow down (it asks to wait 90 s)"
        );
        assert!(limited.may_pass() && !limited.is_of_content());
        let refused = |status| HttpError::Refused { whom: whom.clone(), status, said: String::new() };
        assert!(refused(400).is_of_content() && refused(422).is_of_content() && !refused(404).is_of_content());
    }
}
