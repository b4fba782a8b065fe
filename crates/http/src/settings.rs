//! What a client must know of a service.

use std::time::Duration;

use reqwest::{
    Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use super::{backoff::Backoff, error::HttpError, key::Key, rate::Rate};

/// How a service is told who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// It does not ask.
    None,
    /// `Authorization: Bearer …`.
    Bearer(Key),
    /// A header of its own.
    Header(&'static str, Key),
}

/// A service, and how patiently it is asked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it is: `https://host/v1`. Paths of requests are added.
    pub base_url: String,
    /// How it is told who asks.
    pub auth: Auth,
    /// Headers of every request beside.
    pub headers: Vec<(&'static str, String)>,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for an answer, each time.
    pub timeout: Duration,
    /// How a request is tried again.
    pub backoff: Backoff,
    /// How many requests may begin.
    pub rate: Option<Rate>,
    /// An answer of more bytes is broken.
    pub most_answer_bytes: usize,
}

impl Settings {
    /// A service with the usual patience: 5 s for a connection, 30 s for an answer, three tries more.
    pub fn new(base_url: &str, auth: Auth) -> Self {
        Self {
            base_url: base_url.to_owned(),
            auth,
            headers: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            backoff: Backoff::default(),
            rate: None,
            most_answer_bytes: 256 << 20,
        }
    }

    /// The address that paths are added to.
    ///
    /// # Errors
    /// When it is no address of a service, has a password in it, or would send a key unprotected over a network.
    pub(super) fn base(&self) -> Result<Url, HttpError> {
        let refused = |problem: &str, mend: &str| HttpError::Setting {
            problem: format!("the address of a service {problem}"),
            mend: mend.to_owned(),
        };
        let example = "give one like https://api.example.com/v1";
        let mut url = Url::parse(&self.base_url).map_err(|_| refused("is none", example))?;
        if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
            return Err(refused("begins with neither http:// nor https://", example));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(refused(
                "has a user, a password or a query in it",
                "put the key where the service's key belongs",
            ));
        }
        let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() == "http" && !is_here && self.auth != Auth::None {
            return Err(refused("is not encrypted, and a key would be sent to it", "use https://"));
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(url)
    }

    /// The headers of every request.
    ///
    /// # Errors
    /// When one cannot be sent.
    pub(super) fn header_map(&self) -> Result<HeaderMap, HttpError> {
        let refused = |name: &str| HttpError::Setting {
            problem: format!("the header {name} cannot be sent"),
            mend: "take signs out of it that are no ASCII".to_owned(),
        };
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).map_err(|_| refused(name))?);
        }
        let (name, value) = match &self.auth {
            Auth::None => return Ok(headers),
            Auth::Bearer(key) => ("authorization", format!("Bearer {}", key.expose())),
            Auth::Header(name, key) => (*name, key.expose().to_owned()),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| refused(name))?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
        Ok(headers)
    }

    /// A text without the key.
    pub(super) fn hidden(&self, text: &str) -> String {
        match &self.auth {
            Auth::None => text.to_owned(),
            Auth::Bearer(key) | Auth::Header(_, key) => key.hidden_in(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_used_are_refused_before_anything_is_sent() {
        let key = || Auth::Bearer(Key::new("k").unwrap());
        let base = |url: &str, auth| Settings::new(url, auth).base().map(|url| url.to_string());
        assert_eq!(base("https://x.example/v1", key()).unwrap(), "https://x.example/v1/");
        assert_eq!(base("http://127.0.0.1:9", key()).unwrap(), "http://127.0.0.1:9/");
        assert!(base("http://x.example", Auth::None).is_ok());
        for bad in ["", "x.example", "ftp://x", "https://a:b@x.example", "https://x.example/?k=v", "http://x.example"] {
            assert!(matches!(base(bad, key()), Err(HttpError::Setting { .. })), "{bad}");
        }
    }
}
