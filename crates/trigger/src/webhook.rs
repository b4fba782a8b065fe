//! A listener for signed requests: `POST /catalog-updated`, its body signed with a shared secret.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tokio::sync::oneshot;

use crate::{
    desk::{Answer, Desk},
    error::TriggerError,
};

/// The fewest bytes of a secret.
const SHORTEST_SECRET: usize = 16;
/// The longest body: it is signed, and not read.
const LONGEST_BODY: usize = 64 * 1_024;
/// A request that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(10);
/// The header with the signature: `sha256=` and the hexadecimal HMAC-SHA256 of the body.
const SIGNATURE: &str = "x-nightloom-signature";

/// What the sender and the listener know.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// A secret of 16 bytes or more.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn new(text: &str) -> Result<Self, TriggerError> {
        let bytes = text.trim().as_bytes().to_vec();
        if bytes.len() < SHORTEST_SECRET {
            return Err(TriggerError::Secret { bytes: bytes.len(), needed: SHORTEST_SECRET });
        }
        Ok(Self(bytes))
    }

    /// Whether a signature is that of a body. Takes the same time wherever they differ.
    fn signed(&self, body: &[u8], signature: &str) -> bool {
        let Some(given) = signature.trim().strip_prefix("sha256=").and_then(from_hex) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return false };
        mac.update(body);
        mac.verify_slice(&given).is_ok()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// Listens until it is dropped.
pub struct Webhook {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

struct Listening {
    secret: Secret,
    desk: Arc<Desk>,
}

impl Webhook {
    /// Listens at an address, in a thread of its own.
    ///
    /// # Errors
    /// When the address is taken or is none.
    pub fn listen(address: &str, secret: Secret, desk: Arc<Desk>) -> Result<Self, TriggerError> {
        let refused = |problem| TriggerError::Address { address: address.to_owned(), problem };
        let listener = TcpListener::bind(address).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let bound = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = oneshot::channel();
        let (ready, begun) = mpsc::channel();
        let serving = move || serve(listener, Listening { secret, desk }, stopped, &ready);
        let named = thread::Builder::new().name("webhook".to_owned());
        let thread = named.spawn(serving).map_err(TriggerError::Thread)?;
        match begun.recv() {
            Ok(Err(problem)) => Err(refused(problem)),
            _ => Ok(Self { address: bound, stop: Some(stop), thread: Some(thread) }),
        }
    }

    /// Where it listens; the port that was found where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    listener: TcpListener,
    listening: Listening,
    stopped: oneshot::Receiver<()>,
    ready: &mpsc::Sender<std::io::Result<()>>,
) {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(problem) => return drop(ready.send(Err(problem))),
    };
    runtime.block_on(async {
        let listener = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(problem) => return drop(ready.send(Err(problem))),
        };
        let _ = ready.send(Ok(()));
        let routes = Router::new()
            .route("/catalog-updated", post(updated))
            .route("/health", get(|| async { Json(json!({ "status": "ok" })) }))
            .layer(axum::middleware::from_fn(in_time))
            .layer(DefaultBodyLimit::max(LONGEST_BODY))
            .with_state(Arc::new(listening));
        tokio::select! {
            _ = axum::serve(listener, routes) => {}
            _ = stopped => {}
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
}

/// Whoever sends a body byte by byte does not keep a task for ever.
async fn in_time(request: axum::extract::Request, next: axum::middleware::Next) -> Response {
    match tokio::time::timeout(PATIENCE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => answer(StatusCode::REQUEST_TIMEOUT, json!({ "status": "too_slow" })),
    }
}

async fn updated(State(listening): State<Arc<Listening>>, headers: HeaderMap, body: Bytes) -> Response {
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !listening.secret.signed(&body, signature) {
        return answer(StatusCode::UNAUTHORIZED, json!({ "status": "not_signed" }));
    }
    // Whether too many were made is asked of a file.
    let asked = tokio::task::spawn_blocking(move || listening.desk.ask()).await;
    match asked.unwrap_or(Answer::Closed) {
        Answer::Taken(run) => answer(StatusCode::ACCEPTED, json!({ "status": "sync_triggered", "run_id": run })),
        Answer::Busy(run) => answer(StatusCode::CONFLICT, json!({ "status": "sync_in_progress", "run_id": run })),
        Answer::Limited(seconds) => {
            let told = json!({ "status": "rate_limited", "retry_after": seconds });
            let mut response = answer(StatusCode::TOO_MANY_REQUESTS, told);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
        Answer::Closed => answer(StatusCode::SERVICE_UNAVAILABLE, json!({ "status": "stopping" })),
    }
}

fn answer(status: StatusCode, body: serde_json::Value) -> Response {
    (status, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpStream,
        sync::{
            atomic::{AtomicU64, Ordering},
            mpsc::{Receiver, channel},
        },
    };

    use super::*;
    use crate::waiting::Trigger;

    const SECRET: &str = "a secret of more bytes";

    struct Place {
        webhook: Webhook,
        desk: Arc<Desk>,
        triggers: Receiver<Trigger>,
        wait: Arc<AtomicU64>,
    }

    fn place() -> Place {
        let (sender, triggers) = channel();
        let wait = Arc::new(AtomicU64::new(0));
        let (count, seen) = (AtomicU64::new(0), wait.clone());
        let limited = move || Some(seen.load(Ordering::Relaxed)).filter(|wait| *wait > 0);
        let desk = Desk::new(sender, move || format!("run-{}", count.fetch_add(1, Ordering::Relaxed)), limited);
        let desk = Arc::new(desk);
        let webhook = Webhook::listen("127.0.0.1:0", Secret::new(SECRET).unwrap(), desk.clone()).unwrap();
        Place { webhook, desk, triggers, wait }
    }

    fn signature(body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body);
        let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256={digits}")
    }

    impl Place {
        /// Status and the whole answer.
        fn post(&self, path: &str, body: &[u8], signature: Option<&str>) -> (u16, String) {
            let mut stream = TcpStream::connect(self.webhook.address()).unwrap();
            let signed = signature.map_or_else(String::new, |text| format!("X-Nightloom-Signature: {text}\r\n"));
            let length = body.len();
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\n{signed}Content-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            // A body that is refused need not be taken.
            let _ = stream.write_all(body);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            let answer = String::from_utf8_lossy(&answer).into_owned();
            (answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default(), answer)
        }
    }

    #[test]
    fn a_signed_request_is_taken_once_and_refused_while_its_sync_goes_on() {
        let place = place();
        let (body, path) = (b"{\"catalog\": \"a\"}", "/catalog-updated");
        let signed = signature(body);
        let (status, answer) = place.post(path, body, Some(&signed));
        assert!(status == 202 && answer.contains(r#""run_id":"run-0""#), "{answer}");
        assert_eq!(place.triggers.try_recv(), Ok(Trigger::Asked("run-0".to_owned())));
        let (status, answer) = place.post(path, body, Some(&signed));
        assert!(status == 409 && answer.contains("run-0"), "{answer}");
        assert_eq!(place.desk.begin(), "run-0");
        place.desk.end();
        place.wait.store(90, Ordering::Relaxed);
        let (status, answer) = place.post(path, body, Some(&signed));
        assert!(status == 429 && answer.to_lowercase().contains("retry-after: 90"), "{answer}");
        place.wait.store(0, Ordering::Relaxed);
        assert_eq!(place.post(path, body, Some(&signed)).0, 202);
    }

    #[test]
    fn what_is_not_signed_too_long_or_elsewhere_sets_nothing_off() {
        let place = place();
        let path = "/catalog-updated";
        let signed = signature(b"a");
        for (body, given) in [
            (&b"a"[..], None),
            (b"a", Some("")),
            (b"a", Some("sha256=")),
            (b"a", Some("sha256=zz")),
            (b"a", Some(&signed[7..])),
            (b"a", Some(&signed[..signed.len() - 2])),
            (b"b", Some(&signed)),
        ] {
            assert_eq!(place.post(path, body, given).0, 401, "{given:?}");
        }
        let long = vec![b'x'; LONGEST_BODY + 1];
        assert_eq!(place.post(path, &long, Some(&signature(&long))).0, 413);
        assert_eq!(place.post("/other", b"a", Some(&signed)).0, 404);
        let mut stream = TcpStream::connect(place.webhook.address()).unwrap();
        stream.write_all(b"GET /catalog-updated HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
        assert!(place.triggers.try_recv().is_err());
        assert!(Secret::new("short").is_err());
        assert!(Webhook::listen("127.0.0.1:x", Secret::new(SECRET).unwrap(), place.desk.clone()).is_err());
    }

    #[test]
    fn a_known_signature_is_accepted() {
        // RFC 4231, case 2.
        let secret = Secret(b"Jefe".to_vec());
        let body = b"what do ya want for nothing?";
        let known = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert!(secret.signed(body, known) && secret.signed(body, &known.to_uppercase().replace("SHA256", "sha256")));
    }
}
