//! Vectors from a service that answers as the public API documents, and from one that does not.

use std::{sync::Arc, time::Duration};

use nightloom_http::{
    Auth, Backoff, HttpError, Key, Settings, SystemClock,
    testing::{Answer, Asked, Fault, Stub},
};

use super::*;

/// The numbers of a text: its length, its first letter and a one.
fn numbers(text: &str) -> Vec<f64> {
    vec![text.len() as f64, f64::from(text.bytes().next().unwrap_or_default()), 1.0]
}

fn api(asked: &Asked) -> Answer {
    if asked.header("authorization") != Some("Bearer k") {
        return Answer::of(
            401,
            json!({ "error": { "message": "Incorrect API key provided", "code": "invalid_api_key" } }),
        );
    }
    let texts: Vec<&str> = asked.body["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    if texts.iter().any(|text| text.is_empty()) {
        return Answer::of(400, json!({ "error": { "message": "'$.input' is invalid." } }));
    }
    // The last first: the index says which is whose.
    let rows = texts.iter().enumerate().rev();
    let data: Vec<Value> = rows
        .map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": numbers(text) }))
        .collect();
    Answer::good(json!({ "object": "list", "data": data, "model": asked.body["model"],
        "usage": { "prompt_tokens": texts.len(), "total_tokens": texts.len() } }))
}

fn client(stub: &Stub) -> Client {
    let first = Duration::from_millis(1);
    let backoff = Backoff { first, longest: Duration::from_millis(20), ..Backoff::default() };
    let settings = Settings { backoff, ..Settings::new(&stub.url(), Auth::Bearer(Key::new("k").unwrap())) };
    Client::new(settings, Arc::new(SystemClock::default()), Arc::default()).unwrap()
}

fn model() -> EmbeddingModel {
    EmbeddingModel { model: "small".to_owned(), dimensions: None, asks_dimensions: false, batch: 2, parallel: 2 }
}

fn texts(stub: &Stub) -> Vec<Vec<String>> {
    let of = |asked: Asked| serde_json::from_value(asked.body["input"].clone()).unwrap();
    stub.asked().into_iter().map(of).collect()
}

#[test]
fn each_text_is_asked_for_once_and_has_its_own_vector_of_length_one() {
    let stub = Stub::start(api);
    let made = embed(&client(&stub), &model(), None, &["b", " ccc ", "", "b", "a"]).unwrap();
    assert_eq!((made.vectors.len(), made.dimensions, made.asked, made.kept, made.tokens), (5, 3, 3, 0, 3));
    assert!(made.vectors[2].is_empty() && made.vectors[0] == made.vectors[3]);
    for (text, vector) in [("b", &made.vectors[0]), ("ccc", &made.vectors[1]), ("a", &made.vectors[4])] {
        let length = numbers(text).iter().map(|value| value * value).sum::<f64>().sqrt();
        for (value, number) in vector.iter().zip(numbers(text)) {
            assert!((f64::from(*value) * length - number).abs() < 1e-3, "{text} {vector:?}");
        }
    }
    let mut asked = texts(&stub);
    asked.sort();
    assert_eq!(asked, [vec!["a"], vec!["b", "ccc"]]);
    assert_eq!(stub.asked()[0].path, "/embeddings");
}

#[test]
fn what_is_kept_is_not_asked_for_again_and_what_failed_is_not_kept() {
    let stub = Stub::start(api);
    let folder = tempfile::tempdir().unwrap();
    let mut cache = EmbeddingCache::open(&folder.path().join("cache.db"), Duration::from_secs(100)).unwrap();
    let one = EmbeddingModel { parallel: 1, ..model() };
    // The second of two requests is refused: what the first gave is kept.
    stub.next([None, Some(Fault::Status(400, Vec::new(), r#"{"error": {"message": "no"}}"#.to_owned()))]);
    let error = embed(&client(&stub), &one, Some((&mut cache, 0)), &["a", "b", "c"]).unwrap_err();
    assert!(matches!(error, RemoteError::Http(HttpError::Refused { status: 400, .. })), "{error}");
    assert_eq!(cache.len().unwrap(), 2);
    let made = embed(&client(&stub), &one, Some((&mut cache, 1)), &["a", "b", "c"]).unwrap();
    assert_eq!((made.asked, made.kept), (1, 2));
    let again = embed(&client(&stub), &one, Some((&mut cache, 2)), &["c", "b", "a"]).unwrap();
    assert_eq!((again.asked, again.kept, again.dimensions), (0, 3, 3));
    assert_eq!(again.vectors[0], made.vectors[2]);
    let late = embed(&client(&stub), &one, Some((&mut cache, 200)), &["a"]).unwrap();
    assert_eq!(late.asked, 1, "the time of the kept one is up");
}

#[test]
fn faults_that_pass_are_lived_through() {
    let stub = Stub::start(api);
    let faults = [Fault::rate_limited(Some("0.01")), Fault::server_error(500), Fault::BrokenJson, Fault::Cut];
    for fault in faults {
        stub.next([Some(fault)]);
        assert_eq!(embed(&client(&stub), &model(), None, &["a"]).unwrap().dimensions, 3);
    }
    assert_eq!(stub.asked().len(), 8);
}

#[test]
fn a_vector_of_another_length_is_an_error_and_not_kept() {
    let stub = Stub::start(|asked: &Asked| {
        let count = asked.body["input"].as_array().unwrap().len();
        let data: Vec<Value> =
            (0..count).map(|index| json!({ "index": index, "embedding": vec![1.0; 2 + index] })).collect();
        Answer::good(json!({ "data": data }))
    });
    let folder = tempfile::tempdir().unwrap();
    let mut cache = EmbeddingCache::open(&folder.path().join("cache.db"), Duration::from_secs(100)).unwrap();
    let error = embed(&client(&stub), &model(), Some((&mut cache, 0)), &["a", "b"]).unwrap_err();
    assert!(matches!(error, RemoteError::Dimensions { expected: 2, found: 3, .. }), "{error}");
    assert!(cache.is_empty().unwrap());
    let wanted = EmbeddingModel { dimensions: Some(9), ..model() };
    let error = embed(&client(&stub), &wanted, None, &["a"]).unwrap_err().to_string();
    assert!(error.ends_with("made a vector of 2 numbers where 9 were expected"), "{error}");
}

#[test]
fn answers_that_are_not_as_documented_are_errors() {
    for (data, problem) in [
        (json!([]), "it has no vector 0 of 1 texts"),
        (json!([{ "index": 1, "embedding": [1.0] }]), "it has a vector 1 of 1 texts"),
        (json!([{ "index": 0, "embedding": [1.0] }, { "index": 0, "embedding": [1.0] }]), "it has two vectors 0"),
        (json!([{ "index": 0, "embedding": [0.0, 0.0] }]), "vector 0 has no direction"),
        (json!([{ "index": 0, "embedding": [] }]), "vector 0 has no direction"),
    ] {
        let stub = Stub::start(move |_: &Asked| Answer::good(json!({ "data": data })));
        let error = embed(&client(&stub), &model(), None, &["a"]).unwrap_err().to_string();
        assert!(error.ends_with(problem), "{error}");
    }
}

#[test]
fn a_length_is_asked_for_where_the_model_knows_the_parameter() {
    let stub = Stub::start(api);
    let asks = EmbeddingModel { dimensions: Some(3), asks_dimensions: true, ..model() };
    embed(&client(&stub), &asks, None, &["a"]).unwrap();
    embed(&client(&stub), &model(), None, &["a"]).unwrap();
    let asked = stub.asked();
    assert_eq!(asked[0].body, json!({ "model": "small", "input": ["a"], "encoding_format": "float", "dimensions": 3 }));
    assert_eq!(asked[1].body.get("dimensions"), None);
    assert_ne!(asks.identity("x"), model().identity("x"));
}

#[test]
fn a_long_text_is_cut_between_letters() {
    let long = "é".repeat(20_000);
    assert_eq!(cut(&long).len(), MOST_TEXT);
    let odd = format!("a{long}");
    assert_eq!(cut(&odd).len(), MOST_TEXT - 1);
}
