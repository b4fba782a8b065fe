//! Vectors of texts by `POST /embeddings`, as OpenAI documents it and many others offer it.

use std::collections::HashMap;

use nightloom_http::{Client, batches};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    cache::{EmbeddingCache, Lookup},
    error::RemoteError,
};

/// Bytes of a text that are sent: 8,000 tokens at four bytes each.
const MOST_TEXT: usize = 32_000;
/// Bytes of texts in a request: 300,000 tokens are allowed.
const MOST_REQUEST: usize = 1_000_000;

/// A model that makes vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddingModel {
    /// Its name.
    pub model: String,
    /// The length that vectors must have; `None` takes that of the first.
    pub dimensions: Option<usize>,
    /// Whether the length is asked for; models of old do not know the parameter.
    pub asks_dimensions: bool,
    /// Texts in a request.
    pub batch: usize,
    /// Requests side by side.
    pub parallel: usize,
}

impl EmbeddingModel {
    /// What decides the vectors beside the text, as the cache tells models apart.
    pub fn identity(&self, whom: &str) -> String {
        let dimensions = self.dimensions.filter(|_| self.asks_dimensions);
        format!("{whom}\n{}\n{}", self.model, dimensions.map_or_else(String::new, |length| length.to_string()))
    }
}

/// Vectors of texts, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embedded {
    /// A vector of length 1 a text; empty where the text is.
    pub vectors: Vec<Vec<f32>>,
    /// How long a vector is; 0 where there is none.
    pub dimensions: usize,
    /// Texts that the service was asked for.
    pub asked: usize,
    /// Texts whose vectors were kept.
    pub kept: usize,
    /// Tokens that the service counted.
    pub tokens: u64,
}

#[derive(Deserialize)]
struct EmbeddingAnswer {
    data: Vec<EmbeddingRow>,
    #[serde(default)]
    usage: Usage,
}

#[derive(Deserialize)]
struct EmbeddingRow {
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Default, Deserialize)]
struct Usage {
    #[serde(default)]
    total_tokens: u64,
}

/// Vectors of texts. Each text is asked for once; what the service made is kept even when a later request fails, and what
/// failed is not.
///
/// # Errors
/// The first request that failed; vectors of another length; a vector without a direction. Nothing is made up.
pub fn embed(
    client: &Client,
    model: &EmbeddingModel,
    mut cache: Option<(&mut EmbeddingCache, i64)>,
    texts: &[&str],
) -> Result<Embedded, RemoteError> {
    let identity = model.identity(client.whom());
    let mut wanted: Vec<&str> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for text in texts.iter().map(|text| cut(text)).filter(|text| !text.is_empty()) {
        places.entry(text).or_insert_with(|| {
            wanted.push(text);
            wanted.len() - 1
        });
    }
    let mut found: Vec<Option<Vec<f32>>> = match &cache {
        Some((cache, now)) => cache.get(Lookup { identity: &identity, now: *now }, &wanted)?,
        None => vec![None; wanted.len()],
    };
    let mut lengths = Lengths { model, whom: client.whom(), expected: model.dimensions };
    // What is kept has the length that is wanted, or is asked for anew.
    for vector in &mut found {
        vector.take_if(|vector| lengths.check(vector).is_err());
    }
    let open: Vec<usize> = (0..wanted.len()).filter(|place| found[*place].is_none()).collect();
    let mut embedded = Embedded { asked: open.len(), kept: wanted.len() - open.len(), ..Embedded::default() };
    let mut first_error = None;
    for (range, answer) in requests(client, model, &wanted, &open) {
        let made = answer.and_then(|answer| {
            embedded.tokens += answer.usage.total_tokens;
            lengths.vectors(answer, range.len())
        });
        match made {
            Ok(vectors) => {
                if let Some((cache, now)) = &mut cache {
                    let each = range.iter().map(|place| wanted[*place]).zip(vectors.iter().map(Vec::as_slice));
                    cache.put(Lookup { identity: &identity, now: *now }, each)?;
                }
                range.iter().zip(vectors).for_each(|(place, vector)| found[*place] = Some(vector));
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    if let Some(error) = first_error {
        return Err(error);
    }
    let vector = |text: &&str| places.get(cut(text)).and_then(|place| found[*place].clone()).unwrap_or_default();
    embedded.vectors = texts.iter().map(vector).collect();
    embedded.dimensions = lengths.expected.unwrap_or_default();
    Ok(embedded)
}

/// The requests for the texts at `open`, each with its answer.
fn requests(
    client: &Client,
    model: &EmbeddingModel,
    wanted: &[&str],
    open: &[usize],
) -> Vec<(Vec<usize>, Result<EmbeddingAnswer, RemoteError>)> {
    let sizes: Vec<usize> = open.iter().map(|place| wanted[*place].len()).collect();
    let ranges: Vec<Vec<usize>> =
        batches(&sizes, model.batch, MOST_REQUEST).into_iter().map(|range| open[range].to_vec()).collect();
    let body = |range: &Vec<usize>| {
        let input: Vec<&str> = range.iter().map(|place| wanted[*place]).collect();
        let mut body = json!({ "model": model.model, "input": input, "encoding_format": "float" });
        if let (Some(length), true, Value::Object(keys)) = (model.dimensions, model.asks_dimensions, &mut body) {
            keys.insert("dimensions".to_owned(), json!(length));
        }
        body
    };
    let bodies: Vec<Value> = ranges.iter().map(body).collect();
    let answers = client.post_all("embeddings", &bodies, model.parallel);
    ranges.into_iter().zip(answers.into_iter().map(|answer| answer.map_err(RemoteError::from))).collect()
}

/// A text as it is sent: without blanks at its ends, and not too long.
fn cut(text: &str) -> &str {
    let text = text.trim();
    let mut end = text.len().min(MOST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The one length that all vectors have.
struct Lengths<'a> {
    model: &'a EmbeddingModel,
    whom: &'a str,
    expected: Option<usize>,
}

impl Lengths<'_> {
    fn check(&mut self, vector: &[f32]) -> Result<(), RemoteError> {
        let expected = *self.expected.get_or_insert(vector.len());
        if expected == vector.len() {
            return Ok(());
        }
        Err(RemoteError::Dimensions {
            whom: self.whom.to_owned(),
            model: self.model.model.clone(),
            expected,
            found: vector.len(),
        })
    }

    /// The vectors of an answer by their index, each of length 1.
    fn vectors(&mut self, answer: EmbeddingAnswer, count: usize) -> Result<Vec<Vec<f32>>, RemoteError> {
        let wrong = |problem: String| RemoteError::Answer { whom: self.whom.to_owned(), problem };
        let mut vectors: Vec<Option<Vec<f32>>> = vec![None; count];
        for EmbeddingRow { index, embedding } in answer.data {
            let place = vectors.get_mut(index);
            let place = place.ok_or_else(|| wrong(format!("it has a vector {index} of {count} texts")))?;
            let unit = unit(&embedding).ok_or_else(|| wrong(format!("vector {index} has no direction")))?;
            if place.replace(unit).is_some() {
                return Err(wrong(format!("it has two vectors {index}")));
            }
        }
        let missing = vectors.iter().position(Option::is_none);
        if let Some(missing) = missing {
            return Err(wrong(format!("it has no vector {missing} of {count} texts")));
        }
        let vectors: Vec<Vec<f32>> = vectors.into_iter().flatten().collect();
        vectors.iter().try_for_each(|vector| self.check(vector))?;
        Ok(vectors)
    }
}

/// A vector at length one; `None` if it has no direction.
fn unit(vector: &[f32]) -> Option<Vec<f32>> {
    let length = vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "lies within ±1")]
    (length.is_finite() && length > 0.0)
        .then(|| vector.iter().map(|value| (f64::from(*value) / length) as f32).collect())
}

#[cfg(test)]
mod tests;
