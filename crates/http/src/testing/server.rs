//! The service: a thread of its own that ends with it.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::Response,
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

use super::fault::Fault;

/// Bytes of a request that are read.
const MOST_BYTES: usize = 64 << 20;

/// A request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// GET, POST, …
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query as it came.
    pub query: String,
    /// The headers, in lower case.
    pub headers: BTreeMap<String, String>,
    /// The bytes of the body.
    pub bytes: usize,
    /// The body as JSON; null where it is none.
    pub body: Value,
}

impl Asked {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Value,
}

impl Answer {
    /// A good one.
    pub fn good(body: Value) -> Self {
        Self { status: 200, body }
    }

    /// Another.
    pub fn of(status: u16, body: Value) -> Self {
        Self { status, body }
    }
}

/// What a service does with a request.
type Api = dyn Fn(&Asked) -> Answer + Send + Sync;

#[derive(Default)]
struct Plan {
    /// The faults of the next requests; `None` is a request without one.
    next: VecDeque<Option<Fault>>,
    /// Faults of requests whose path ends so, as often as said.
    of_path: Vec<(String, usize, Fault)>,
    asked: Vec<Asked>,
}

struct Shared {
    api: Box<Api>,
    plan: Mutex<Plan>,
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request; the fault that was planned for it.
    fn note(&self, asked: &Asked) -> Option<Fault> {
        let mut plan = self.plan();
        plan.asked.push(asked.clone());
        if let Some(next) = plan.next.pop_front() {
            return next;
        }
        let planned =
            plan.of_path.iter_mut().find(|(path, left, _)| *left > 0 && asked.path.ends_with(path.as_str()))?;
        planned.1 -= 1;
        Some(planned.2.clone())
    }
}

/// A service that runs until it is dropped.
pub struct Stub {
    address: SocketAddr,
    shared: Arc<Shared>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stub {
    /// Starts a service on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no port can be had.
    pub fn start(api: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared { api: Box::new(api), plan: Mutex::default() });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let (end, ended) = oneshot::channel();
        let served = shared.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a socket");
                let router = Router::new().fallback(serve).with_state(served);
                tokio::select! {
                    _ = axum::serve(listener, router).into_future() => {}
                    _ = ended => {}
                }
            });
        });
        Self { address, shared, end: Some(end), thread: Some(thread) }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Plans what goes wrong with the next requests, in order; `None` is one that goes well.
    pub fn next(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.shared.plan().next.extend(faults);
    }

    /// Plans that the next `times` requests whose path ends in `path` go wrong.
    pub fn fail(&self, path: &str, times: usize, fault: Fault) {
        self.shared.plan().of_path.push((path.to_owned(), times, fault));
    }

    /// Forgets what was planned.
    pub fn mend(&self) {
        let mut plan = self.shared.plan();
        plan.next.clear();
        plan.of_path.clear();
    }

    /// The requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.plan().asked.clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, MOST_BYTES).await.unwrap_or_default();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    let asked = Asked {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.collect(),
        bytes: bytes.len(),
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    };
    match shared.note(&asked) {
        None => good(&(shared.api)(&asked)),
        Some(Fault::Status(status, headers, body)) => answer(status, &headers, Body::from(body)),
        Some(Fault::DoneButFailed(status)) => {
            (shared.api)(&asked);
            answer(status, &[], Body::from("upstream failed"))
        }
        Some(Fault::BrokenJson) => {
            let text = (shared.api)(&asked).body.to_string();
            let half: String = text.chars().take(text.chars().count() / 2).collect();
            answer(200, &[], Body::from(half))
        }
        // The connection's task ends with the panic, and the connection with it.
        Some(Fault::Cut) => std::panic::resume_unwind(Box::new("the connection is cut")),
        Some(Fault::CutMidway) => answer(200, &[], cut_body()),
        Some(Fault::Late(wait)) => {
            tokio::time::sleep(wait).await;
            good(&(shared.api)(&asked))
        }
    }
}

fn good(made: &Answer) -> Response<Body> {
    answer(made.status, &[], Body::from(made.body.to_string()))
}

fn answer(status: u16, headers: &[(&'static str, String)], body: Body) -> Response<Body> {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(body).expect("an answer that can be sent")
}

/// A body that breaks off after its first bytes.
fn cut_body() -> Body {
    let begun = Ok(Bytes::from_static(b"{\"data\": ["));
    Body::from_stream(futures_util::stream::iter([begun, Err(std::io::Error::other("cut"))]))
}
