//! The client against a service that fails in every way it can.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use serde_json::{Value, json};

use super::{
    Auth, Backoff, Client, Clock, HttpError, Key, Rate, Settings, SystemClock,
    clock::Wait,
    testing::{Answer, Asked, Fault, Stub},
};

/// A clock whose waits pass at once, and are noted.
#[derive(Default)]
struct Noted(Mutex<(Duration, Vec<Duration>)>);

impl Noted {
    fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap().1.clone()
    }
}

impl Clock for Noted {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().0
    }
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
    fn sleep(&self, wait: Duration) -> Wait<'_> {
        let mut noted = self.0.lock().unwrap();
        noted.0 += wait;
        noted.1.push(wait);
        Box::pin(std::future::ready(()))
    }
}

fn echo(asked: &Asked) -> Answer {
    match asked.header("authorization") {
        Some("Bearer sk-secret") => Answer::good(json!({ "asked": asked.body, "query": asked.query })),
        _ => Answer::of(401, json!({ "error": { "message": "Incorrect API key provided: sk-wrong" } })),
    }
}

fn settings(stub: &Stub) -> Settings {
    Settings::new(&stub.url(), Auth::Bearer(Key::new("sk-secret").unwrap()))
}

fn client(settings: Settings) -> (Client, Arc<Noted>) {
    let clock = Arc::new(Noted::default());
    (Client::new(settings, clock.clone(), Arc::default()).unwrap(), clock)
}

fn asked(client: &Client) -> Result<Value, HttpError> {
    client.post("echo", &json!(1))
}

#[test]
fn an_answer_comes_back_and_the_key_goes_along() {
    let stub = Stub::start(echo);
    let (client, clock) = client(settings(&stub));
    assert_eq!(asked(&client).unwrap()["asked"], 1);
    let found: Value = client.get("a/b", &[("ids", "x y"), ("ids", "ä")]).unwrap();
    assert_eq!(found["query"], "ids=x+y&ids=%C3%A4");
    assert_eq!(stub.asked()[1].path, "/a/b");
    assert!(clock.waits().is_empty());
}

#[test]
fn what_may_pass_is_tried_again_and_the_service_says_how_long_to_wait() {
    let stub = Stub::start(echo);
    let (client, clock) = client(settings(&stub));
    stub.next([Some(Fault::server_error(503)), Some(Fault::rate_limited(Some("7"))), Some(Fault::BrokenJson)]);
    assert_eq!(asked(&client).unwrap()["asked"], 1);
    let backoff = Backoff::default();
    assert_eq!(clock.waits(), [backoff.wait(0, 1), Duration::from_secs(7), backoff.wait(0, 3)]);
    assert_eq!(stub.asked().len(), 4);
}

#[test]
fn a_connection_that_ends_before_or_within_the_answer_is_tried_again() {
    let stub = Stub::start(echo);
    let (client, clock) = client(settings(&stub));
    stub.next([Some(Fault::Cut), Some(Fault::CutMidway)]);
    assert_eq!(asked(&client).unwrap()["asked"], 1);
    assert_eq!(clock.waits().len(), 2);
}

#[test]
fn after_all_tries_the_error_says_what_happened_last() {
    let stub = Stub::start(echo);
    let (client, clock) = client(settings(&stub));
    let always = |fault: Fault| (0..4).map(move |_| Some(fault.clone()));
    stub.next(always(Fault::server_error(500)));
    let error = asked(&client).unwrap_err();
    assert_eq!(error.to_string(), format!("{} failed 4 times (500): upstream failed", stub.url()));
    assert_eq!(clock.waits().len(), 3);
    stub.next(always(Fault::rate_limited(None)));
    assert!(matches!(asked(&client), Err(HttpError::RateLimited { tries: 4, retry_after: None, .. })));
    stub.next(always(Fault::BrokenJson));
    assert!(matches!(asked(&client), Err(HttpError::Broken { .. })));
    stub.next(always(Fault::Cut));
    assert!(matches!(asked(&client), Err(HttpError::Unreachable { tries: 4, .. })));
}

#[test]
fn a_wait_that_is_too_long_is_told_and_not_waited_for() {
    let stub = Stub::start(echo);
    let (client, clock) = client(settings(&stub));
    stub.next([Some(Fault::rate_limited(Some("3600")))]);
    let error = asked(&client).unwrap_err();
    assert!(error.to_string().ends_with("Rate limit reached (it asks to wait 3600 s)"), "{error}");
    assert!(clock.waits().is_empty());
}

#[test]
fn a_refusal_is_not_tried_again_and_its_kind_is_known() {
    let stub = Stub::start(echo);
    let (client, clock) = client(settings(&stub));
    let refused = |status| {
        stub.next([Some(Fault::Status(status, Vec::new(), r#"{"message": "no"}"#.to_owned()))]);
        asked(&client).unwrap_err()
    };
    assert!(matches!(refused(400), HttpError::Refused { status: 400, .. }));
    assert!(matches!(refused(404), HttpError::Refused { status: 404, .. }));
    assert!(matches!(refused(413), HttpError::TooLarge { .. }));
    assert!(matches!(refused(403), HttpError::Auth { .. }));
    // A redirection would take the key elsewhere.
    assert!(matches!(refused(302), HttpError::Refused { status: 302, .. }));
    assert!(clock.waits().is_empty());
    assert_eq!(stub.asked().len(), 5);
}

#[test]
fn no_error_shows_the_key() {
    let stub =
        Stub::start(|asked: &Asked| Answer::of(401, json!({ "error": { "message": asked.headers["authorization"] } })));
    let (client, _) = client(settings(&stub));
    let error = asked(&client).unwrap_err();
    assert_eq!(error.to_string(), format!("{} refuses the key (401): Bearer [key]", stub.url()));
    assert!(!format!("{error:?}").contains("secret"));
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for_longer_than_said() {
    let stub = Stub::start(echo);
    let backoff = Backoff { retries: 1, ..Backoff::default() };
    let (client, _) = client(Settings { timeout: Duration::from_millis(150), backoff, ..settings(&stub) });
    stub.fail("echo", 2, Fault::Late(Duration::from_secs(5)));
    let begun = Instant::now();
    let error = asked(&client).unwrap_err();
    assert_eq!(error.to_string(), format!("{} gave no answer within 0.15 s, 2 times", stub.url()));
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(asked(&client).unwrap()["asked"], 1);
}

#[test]
fn a_service_that_is_not_there_is_named() {
    let url = Stub::start(echo).url();
    let (client, clock) = client(Settings::new(&url, Auth::None));
    let error = asked(&client).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{url} cannot be reached (")) && error.contains("refused"), "{error}");
    assert_eq!(clock.waits().len(), 3);
}

#[test]
fn requests_keep_the_rate_and_all_wait_when_the_service_says_so() {
    let stub = Stub::start(echo);
    let rate = Some(Rate { per_minute: 60, burst: 2 });
    let (client, clock) = client(Settings { rate, ..settings(&stub) });
    let bodies: Vec<Value> = (0..5).map(|number| json!(number)).collect();
    let answers: Vec<Result<Value, HttpError>> = client.post_all("echo", &bodies, 1);
    let numbers: Vec<Value> = answers.into_iter().map(|answer| answer.unwrap()["asked"].clone()).collect();
    assert_eq!(numbers, bodies);
    assert_eq!(clock.waits(), [1; 3].map(Duration::from_secs));
    stub.next([Some(Fault::rate_limited(Some("30")))]);
    asked(&client).unwrap();
    assert_eq!(clock.now(), Duration::from_secs(3 + 1 + 30));
}

#[test]
fn many_requests_go_side_by_side_and_one_that_fails_takes_no_other_with_it() {
    let stub = Stub::start(|asked: &Asked| match asked.body.as_i64() {
        Some(3) => Answer::of(400, json!({ "message": "not this one" })),
        _ => {
            std::thread::sleep(Duration::from_millis(2));
            Answer::good(asked.body.clone())
        }
    });
    let (client, _) = client(settings(&stub));
    let bodies: Vec<i64> = (0..20).collect();
    let answers: Vec<Result<i64, HttpError>> = client.post_all("echo", &bodies, 4);
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.ok(), (number != 3).then_some(number as i64));
    }
}

#[test]
fn whoever_asks_to_stop_does_not_wait_for_the_answer() {
    let stub = Stub::start(echo);
    stub.next([Some(Fault::Late(Duration::from_secs(20)))]);
    let stop = Arc::new(AtomicBool::new(false));
    let client = Client::new(settings(&stub), Arc::new(SystemClock::default()), stop.clone()).unwrap();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(100));
            stop.store(true, Ordering::Relaxed);
        });
        assert_eq!(asked(&client), Err(HttpError::Stopped));
    });
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn an_answer_without_end_is_broken() {
    let stub = Stub::start(|_: &Asked| Answer::good(json!("x".repeat(5_000))));
    let backoff = Backoff { retries: 0, ..Backoff::default() };
    let (client, _) = client(Settings { most_answer_bytes: 1_000, backoff, ..settings(&stub) });
    assert!(matches!(asked(&client), Err(HttpError::Broken { .. })));
}
