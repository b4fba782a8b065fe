//! Texts on demand by `POST /chat/completions`, as OpenAI documents it and many others offer it.

use nightloom_http::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::RemoteError;

/// A model that writes.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatModel {
    /// Its name.
    pub model: String,
    /// How far it strays: 0 to 2.
    pub temperature: f64,
    /// Tokens of an answer.
    pub most_tokens: u32,
    /// Requests side by side.
    pub parallel: usize,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// What the model is to be, and in which form it answers.
    pub system: String,
    /// The question.
    pub user: String,
}

#[derive(Deserialize)]
struct ChatAnswer {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
}

/// A JSON object in answer to each question, in their order; one that fails takes no other with it.
pub fn chat(client: &Client, model: &ChatModel, asked: &[Chat]) -> Vec<Result<Value, RemoteError>> {
    let body = |chat: &Chat| {
        json!({
            "model": model.model,
            "messages": [{ "role": "system", "content": chat.system }, { "role": "user", "content": chat.user }],
            "temperature": model.temperature,
            "max_tokens": model.most_tokens,
            "response_format": { "type": "json_object" },
        })
    };
    let bodies: Vec<Value> = asked.iter().map(body).collect();
    let answers = client.post_all::<ChatAnswer>("chat/completions", &bodies, model.parallel);
    answers.into_iter().map(|answer| read(client.whom(), answer?)).collect()
}

/// The object in an answer's text.
fn read(whom: &str, answer: ChatAnswer) -> Result<Value, RemoteError> {
    let wrong = |problem: String| RemoteError::Answer { whom: whom.to_owned(), problem };
    let choice = answer.choices.into_iter().next().ok_or_else(|| wrong("it has no choices".to_owned()))?;
    if let Some(reason) = choice.finish_reason.filter(|reason| reason != "stop") {
        return Err(wrong(format!("the text ended before its end ({reason})")));
    }
    let text = choice.message.content.ok_or_else(|| wrong("it has no text".to_owned()))?;
    let object: Value =
        serde_json::from_str(text.trim()).map_err(|error| wrong(format!("its text is no JSON: {error}")))?;
    if object.is_object() { Ok(object) } else { Err(wrong("its text is no JSON object".to_owned())) }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use nightloom_http::{
        Auth, Backoff, Settings, SystemClock,
        testing::{Answer, Asked, Fault, Stub},
    };

    use super::*;

    fn client(stub: &Stub) -> Client {
        let backoff = Backoff { first: Duration::from_millis(1), ..Backoff::default() };
        let settings = Settings { backoff, ..Settings::new(&stub.url(), Auth::None) };
        Client::new(settings, Arc::new(SystemClock::default()), Arc::default()).unwrap()
    }

    fn model() -> ChatModel {
        ChatModel { model: "mini".to_owned(), temperature: 0.7, most_tokens: 600, parallel: 2 }
    }

    fn says(content: Value, reason: &str) -> Answer {
        let message = json!({ "role": "assistant", "content": content });
        Answer::good(json!({ "choices": [{ "index": 0, "message": message, "finish_reason": reason }] }))
    }

    #[test]
    fn each_question_has_its_answer_and_one_that_fails_takes_no_other_with_it() {
        let stub = Stub::start(|asked: &Asked| match asked.body["messages"][1]["content"].as_str() {
            Some("bad") => Answer::of(400, json!({ "error": { "message": "no" } })),
            Some(text) => says(json!(format!("{{\"title\": \"{text}\"}}")), "stop"),
            None => Answer::of(500, json!(null)),
        });
        stub.next([Some(Fault::server_error(503))]);
        let asked = ["one", "bad", "two"].map(|user| Chat { system: "s".to_owned(), user: user.to_owned() });
        let answers = chat(&client(&stub), &model(), &asked);
        assert_eq!(answers[0].as_ref().unwrap(), &json!({ "title": "one" }));
        assert_eq!(answers[2].as_ref().unwrap(), &json!({ "title": "two" }));
        assert!(answers[1].as_ref().unwrap_err().to_string().ends_with("(400): no"));
        let body = stub.asked().remove(0).body;
        assert_eq!((&body["max_tokens"], &body["temperature"]), (&json!(600), &json!(0.7)));
        assert_eq!(body["response_format"]["type"], "json_object");
    }

    #[test]
    fn what_is_no_whole_json_object_is_an_error() {
        for (content, reason, problem) in [
            (json!("{\"title\": \"x"), "length", "the text ended before its end (length)"),
            (json!("Here you are!"), "stop", "its text is no JSON: expected value at line 1 column 1"),
            (json!("[1]"), "stop", "its text is no JSON object"),
            (json!(null), "stop", "it has no text"),
        ] {
            let stub = Stub::start(move |_: &Asked| says(content.clone(), reason));
            let asked = [Chat { system: String::new(), user: String::new() }];
            let error = chat(&client(&stub), &model(), &asked).remove(0).unwrap_err().to_string();
            assert!(error.ends_with(problem), "{error}");
        }
    }
}
