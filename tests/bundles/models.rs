//! Bundles by models: an OpenAI-compatible endpoint on this machine that embeds items and writes texts.

use nightloom_http::testing::{Answer, Asked, Fault, Stub};
use serde_json::{Value, json};

use super::{database, number, texts};
use crate::support::{Finished, Place, project};

const NUMBERS: usize = 16;

/// An endpoint that embeds by letters, and writes of every second bundle what must not be promised.
fn endpoint() -> Stub {
    Stub::start(|asked: &Asked| {
        if asked.header("authorization") != Some("Bearer sk-right") {
            return Answer::of(401, json!({ "error": { "message": "Incorrect API key provided" } }));
        }
        if asked.path.ends_with("/embeddings") {
            let numbers = |text: &str| {
                let mut numbers = vec![0.5; NUMBERS];
                text.bytes().for_each(|byte| numbers[usize::from(byte) % NUMBERS] += 1.0);
                numbers
            };
            let each = asked.body["input"].as_array().expect("texts").iter().enumerate();
            let each = each
                .map(|(index, text)| json!({ "index": index, "embedding": numbers(text.as_str().expect("a text")) }));
            return Answer::good(json!({ "data": each.collect::<Vec<Value>>() }));
        }
        let question = asked.body["messages"][1]["content"].as_str().expect("a question");
        let promise = if question.len().is_multiple_of(2) { "It is risk-free." } else { "They go well together." };
        let text = json!({ "title": "Written by a model", "description": "A fine pair.", "valueProposition": "Save a little.",
            "explanation": promise, "features": ["one", "two"], "benefits": ["less to carry"] });
        let message = json!({ "role": "assistant", "content": text.to_string() });
        Answer::good(json!({ "choices": [{ "message": message, "finish_reason": "stop" }] }))
    })
}

fn run(place: &Place, stub: &Stub, key: &str, settings: &[String]) -> Finished {
    let pipeline = project().join("pipelines/bundles.toml");
    let mut command = place.command(["run".as_ref(), pipeline.as_os_str()]);
    for setting in ["vars.shop_data=shops", "vars.db=bundles.db", "vars.out=out"] {
        command.args(["--set", setting]);
    }
    for setting in settings {
        command.args(["--set", &setting.replace("URL", &stub.url())]);
    }
    command.args(["--workspace", ".", "--as-of", "2026-03-01"]).env("OPENAI_API_KEY", key);
    Finished::from(command.output().expect("a run"))
}

fn embedding() -> Vec<String> {
    let service =
        format!("{{ base_url = \"URL/v1\", model = \"letters\", dimensions = {NUMBERS}, retry_seconds = 0.001 }}");
    vec![
        format!(
            "stages.embed={{ operator = \"embed-items\", inputs = {{ products = \"bundle_products\" }}, outputs = {{ vectors = \
             \"item_vectors\" }}, params = {{ embedder = \"service\", service = {service} }} }}"
        ),
        "stages.candidates.inputs.vectors=\"item_vectors\"".to_owned(),
    ]
}

fn writing() -> Vec<String> {
    vec![
        "stages.explain.params.copy=\"chat\"".to_owned(),
        "stages.explain.params.chat={ base_url = \"URL/v1\", model = \"writer\", retry_seconds = 0.001 }".to_owned(),
    ]
}

fn shop() -> Place {
    let place = Place::new();
    place.nightloom(["sample", "orders", "--lines", "1500", "--shops", "1", "--out", "shops"]).expect_success();
    place
}

#[test]
fn a_model_writes_the_texts_and_the_template_stays_where_it_promises_too_much_or_fails() {
    let (place, stub) = (shop(), endpoint());
    run(&place, &stub, "sk-right", &writing()).expect_success();
    let sources = "SELECT DISTINCT ai_copy ->> 'source' FROM bundle_recommendations ORDER BY 1";
    assert_eq!(texts(&database(&place), sources), ["template", "writer"]);
    let promised = "SELECT COUNT(*) FROM bundle_recommendations WHERE ai_copy LIKE '%risk-free%'";
    assert_eq!(number(&database(&place), promised), 0);
    let asked = stub.asked().len();
    assert!(asked >= 2 && stub.asked().iter().all(|asked| asked.path == "/v1/chat/completions"));
    // Without the key all texts are by the template, and the bundles are there all the same.
    let (other, stub) = (shop(), endpoint());
    stub.fail("completions", 1, Fault::BrokenJson);
    run(&other, &stub, "sk-wrong-one", &writing()).expect_success();
    assert_eq!(texts(&database(&other), sources), ["template"]);
    assert_eq!(
        number(&database(&other), "SELECT COUNT(*) FROM bundle_recommendations"),
        number(&database(&place), "SELECT COUNT(*) FROM bundle_recommendations")
    );
}

#[test]
fn items_are_embedded_by_a_model_and_an_error_of_it_writes_no_bundles() {
    let (place, stub) = (shop(), endpoint());
    let wrong = run(&place, &stub, "sk-wrong-one", &embedding());
    assert_ne!(wrong.code, Some(0));
    assert!(wrong.stderr.contains("OPENAI_API_KEY") && !wrong.stderr.contains("sk-wrong-one"), "{}", wrong.stderr);
    assert!(!database(&place).exists(), "nothing is written when a stage fails");
    run(&place, &stub, "sk-right", &embedding()).expect_success();
    assert!(number(&database(&place), "SELECT COUNT(*) FROM bundle_recommendations") > 0);
    let texts: usize = stub.asked().iter().filter_map(|asked| asked.body["input"].as_array()).map(Vec::len).sum();
    assert!(texts > 10, "{texts}");
}
