//! Asking a service for JSON, one request or many side by side, from code that waits for the answer.

use std::{
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};
use reqwest::{Method, RequestBuilder, Url, redirect::Policy};
use serde::{Serialize, de::DeserializeOwned};
use tokio::runtime::{Builder, Runtime};

use super::{
    answer::{Outcome, refusal, retry_after},
    clock::Clock,
    error::HttpError,
    rate::TokenBucket,
    settings::Settings,
};

/// How often a wait looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);

/// A client of one service. It has a runtime of one thread, the caller's: nothing goes on while nobody waits.
pub struct Client {
    settings: Settings,
    base: Url,
    whom: String,
    http: reqwest::Client,
    runtime: Runtime,
    clock: Arc<dyn Clock>,
    bucket: Option<Mutex<TokenBucket>>,
    stop: Arc<AtomicBool>,
    requests: AtomicU64,
}

impl Client {
    /// A client; `stop` ends every wait once it is set.
    ///
    /// # Errors
    /// [`HttpError::Setting`] when the settings cannot be used.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>, stop: Arc<AtomicBool>) -> Result<Self, HttpError> {
        let base = settings.base()?;
        let refused = |problem: String| HttpError::Setting {
            problem: format!("no client can be made: {problem}"),
            mend: "look at the certificates and proxies of this machine".to_owned(),
        };
        let http = reqwest::Client::builder()
            .default_headers(settings.header_map()?)
            .connect_timeout(settings.connect_timeout)
            .redirect(Policy::none())
            .user_agent(concat!("nightloom/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| refused(told(&error)))?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| refused(error.to_string()))?;
        let whom = format!("{}{}", base.origin().ascii_serialization(), base.path().trim_end_matches('/'));
        let bucket = settings.rate.map(|rate| Mutex::new(TokenBucket::new(rate)));
        Ok(Self { settings, base, whom, http, runtime, clock, bucket, stop, requests: AtomicU64::new(0) })
    }

    /// The service's address, as errors name it.
    pub fn whom(&self) -> &str {
        &self.whom
    }

    /// Asks for what lies at `path` of the service.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, HttpError> {
        let url = self.url(path)?;
        self.runtime.block_on(self.ask(&|| self.http.request(Method::GET, url.clone()).query(query)))
    }

    /// Sends JSON to `path` of the service. A request that is tried again is sent as it was.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, HttpError> {
        let (url, body) = (self.url(path)?, self.json(body)?);
        self.runtime.block_on(self.ask(&|| self.posting(&url, &body)))
    }

    /// Sends many bodies to one path, up to `parallel` side by side; the answers in the bodies' order.
    pub fn post_all<T: DeserializeOwned>(
        &self,
        path: &str,
        bodies: &[impl Serialize],
        parallel: usize,
    ) -> Vec<Result<T, HttpError>> {
        let each = bodies.iter().map(|body| async move {
            let (url, body) = (self.url(path)?, self.json(body)?);
            self.ask(&|| self.posting(&url, &body)).await
        });
        self.runtime.block_on(stream::iter(each).buffered(parallel.max(1)).collect())
    }

    /// Waits, unless it is asked to stop.
    ///
    /// # Errors
    /// [`HttpError::Stopped`].
    pub fn wait(&self, wait: Duration) -> Result<(), HttpError> {
        self.runtime.block_on(self.pause(wait))
    }

    fn posting(&self, url: &Url, body: &[u8]) -> RequestBuilder {
        let request = self.http.request(Method::POST, url.clone());
        request.header("content-type", "application/json").body(body.to_vec())
    }

    fn url(&self, path: &str) -> Result<Url, HttpError> {
        self.base.join(path.trim_start_matches('/')).map_err(|_| HttpError::Setting {
            problem: format!("{path} is no path of a service"),
            mend: "this is a defect of the program".to_owned(),
        })
    }

    fn json(&self, body: &impl Serialize) -> Result<Vec<u8>, HttpError> {
        serde_json::to_vec(body).map_err(|error| HttpError::Setting {
            problem: format!("what is to be sent is no JSON: {error}"),
            mend: "this is a defect of the program".to_owned(),
        })
    }

    /// Sends a request until it is answered, refused, or all tries are used up.
    async fn ask<T: DeserializeOwned>(&self, request: &(dyn Fn() -> RequestBuilder + Sync)) -> Result<T, HttpError> {
        let backoff = self.settings.backoff;
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut tries = 0;
        loop {
            self.begin().await?;
            tries += 1;
            let outcome = self.stopping(self.send(request(), tries)).await?;
            let (error, asked) = match outcome {
                Outcome::Bad(error, asked) => (error, asked),
                Outcome::Good(bytes) => match serde_json::from_slice(&bytes) {
                    Ok(answer) => return Ok(answer),
                    Err(error) => (self.broken(error.to_string()), None),
                },
            };
            // A service that asks for more than we would ever wait is not asked again before that.
            let is_over = tries > backoff.retries || asked.is_some_and(|asked| asked > backoff.longest);
            if is_over || !error.may_pass() {
                return Err(error);
            }
            let wait = asked.unwrap_or_else(|| backoff.wait(number, tries));
            if let (Some(asked), Some(mut bucket)) = (asked, self.bucket()) {
                bucket.close(self.clock.now() + asked);
            }
            self.pause(wait).await?;
        }
    }

    /// Waits until a request may begin.
    async fn begin(&self) -> Result<(), HttpError> {
        let now = self.clock.now();
        let begin = self.bucket().map(|mut bucket| bucket.take(now));
        self.pause(begin.unwrap_or(now).saturating_sub(now)).await
    }

    fn bucket(&self) -> Option<MutexGuard<'_, TokenBucket>> {
        self.bucket.as_ref().map(|bucket| bucket.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn pause(&self, wait: Duration) -> Result<(), HttpError> {
        if wait.is_zero() {
            return if self.stop.load(Ordering::Relaxed) { Err(HttpError::Stopped) } else { Ok(()) };
        }
        self.stopping(self.clock.sleep(wait)).await
    }

    /// Does `work` unless it is asked to stop first.
    async fn stopping<T>(&self, work: impl Future<Output = T>) -> Result<T, HttpError> {
        let stopped = async {
            while !self.stop.load(Ordering::Relaxed) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            biased;
            () = stopped => Err(HttpError::Stopped),
            done = work => Ok(done),
        }
    }

    /// Sends a request once.
    async fn send(&self, request: RequestBuilder, tries: u32) -> Outcome {
        match tokio::time::timeout(self.settings.timeout, self.exchange(request, tries)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::Bad(self.timed_out(self.settings.timeout, tries), None),
        }
    }

    async fn exchange(&self, request: RequestBuilder, tries: u32) -> Outcome {
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Outcome::Bad(self.unreached(&error, tries), None),
        };
        let status = response.status();
        let asked = retry_after(response.headers(), self.clock.wall());
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Outcome::Bad(self.unreached(&error, tries), None),
            }
            if body.len() > self.settings.most_answer_bytes {
                let most = self.settings.most_answer_bytes;
                return Outcome::Bad(self.broken(format!("it is longer than {most} bytes")), None);
            }
        }
        if status.is_success() {
            return Outcome::Good(body);
        }
        let text = self.settings.hidden(&String::from_utf8_lossy(&body));
        Outcome::Bad(refusal(&self.whom, status.as_u16(), &text, asked, tries), asked)
    }

    fn broken(&self, problem: String) -> HttpError {
        HttpError::Broken { whom: self.whom.clone(), problem }
    }

    fn timed_out(&self, after: Duration, tries: u32) -> HttpError {
        HttpError::Timeout { whom: self.whom.clone(), seconds: after.as_secs_f64(), tries }
    }

    fn unreached(&self, error: &reqwest::Error, tries: u32) -> HttpError {
        if error.is_timeout() {
            return self.timed_out(self.settings.connect_timeout, tries);
        }
        HttpError::Unreachable { whom: self.whom.clone(), problem: self.settings.hidden(&told(error)), tries }
    }
}

/// The innermost word of an error: what the system said.
fn told(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
