//! What stands behind a pattern: figures and a few examples, in whatever order workflows come.

use super::super::{detect::batch::Batch, durations::Durations};

/// Examples shown of each pattern.
pub const EXAMPLES: usize = 3;

/// An example is cut to so many characters.
const EXAMPLE_LENGTH: usize = 60;

/// A pattern's workflows.
#[derive(Default)]
pub struct Evidence {
    /// The pattern.
    pub signature: String,
    /// Its confidence, 0 to 100.
    pub confidence: f64,
    /// Linked workflows.
    pub linked: i64,
    /// Those of them that the history holds; what follows is about these.
    pub in_history: i64,
    /// How long they took.
    pub durations: Durations,
    /// How many had errors.
    pub with_errors: i64,
    /// How many were retried.
    pub with_retries: i64,
    /// What was asked for.
    pub examples: Examples,
    /// Linked workflows that have a label.
    pub labelled: i64,
    /// Those of them whose label is this pattern.
    pub right: i64,
}

impl Evidence {
    /// Adds a workflow of the history by its place in a batch.
    pub fn add(&mut self, id: &str, batch: &Batch<'_>, place: usize) {
        self.in_history += 1;
        self.durations.add(batch.duration(place).unwrap_or_default());
        self.with_errors += i64::from(batch.errors(place) > 0);
        self.with_retries += i64::from(batch.retries(place).is_some_and(|count| count > 0));
        if let Some(request) = batch.request(place) {
            self.examples.add(id, request);
        }
    }

    /// A share of the workflows in the history; `None` where there are none.
    pub fn rate(&self, part: i64) -> Option<f64> {
        (self.in_history > 0).then(|| part as f64 / self.in_history as f64)
    }
}

/// The beginnings of [`EXAMPLES`] different requests: those of the workflows whose ids come first.
#[derive(Default)]
pub struct Examples(Vec<(String, String)>);

impl Examples {
    /// Takes a workflow's request if it is among the first.
    pub fn add(&mut self, id: &str, request: &str) {
        if self.0.len() == EXAMPLES && self.0.last().is_some_and(|(last, _)| last.as_str() <= id) {
            return;
        }
        let text = shorten(request);
        match self.0.iter_mut().find(|(_, known)| *known == text) {
            _ if text.is_empty() => return,
            Some((first, _)) if first.as_str() <= id => return,
            Some((first, _)) => id.clone_into(first),
            None => self.0.push((id.to_owned(), text)),
        }
        self.0.sort_unstable();
        self.0.truncate(EXAMPLES);
    }

    /// The text of an example by its place.
    pub fn get(&self, place: usize) -> Option<&str> {
        self.0.get(place).map(|(_, text)| text.as_str())
    }
}

/// The beginning of a request on one line.
fn shorten(request: &str) -> String {
    let mut line = String::new();
    for word in request.split_whitespace() {
        if line.chars().count() > EXAMPLE_LENGTH {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(EXAMPLE_LENGTH + 1));
    }
    if line.chars().count() > EXAMPLE_LENGTH {
        line = line.chars().take(EXAMPLE_LENGTH - 1).collect();
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_request_is_cut_to_one_short_line() {
        assert_eq!(shorten(" run\n\tthe  tests "), "run the tests");
        assert_eq!(shorten(&"ä".repeat(60)), "ä".repeat(60));
        assert_eq!(shorten(&"ä".repeat(61)), format!("{}…", "ä".repeat(59)));
        assert_eq!(shorten(&"word ".repeat(1000)).chars().count(), 60);
        assert_eq!(shorten(" \n"), "");
    }

    proptest! {
        #[test]
        fn the_examples_are_the_first_different_requests_by_id_whatever_the_order(
            requests in prop::collection::vec("[a-d]?", 0..30),
            seed in any::<u64>(),
        ) {
            let mut rows: Vec<(String, &String)> =
                requests.iter().enumerate().map(|(place, text)| (format!("{place:02}"), text)).collect();
            let mut wanted: Vec<&str> = Vec::new();
            for (_, text) in &rows {
                if !text.is_empty() && !wanted.contains(&text.as_str()) && wanted.len() < EXAMPLES {
                    wanted.push(text);
                }
            }
            rows.sort_by_key(|(id, _)| blake3::hash(format!("{seed}{id}").as_bytes()).to_hex().to_string());
            let mut examples = Examples::default();
            rows.iter().for_each(|(id, text)| examples.add(id, text));
            let found: Vec<&str> = (0..EXAMPLES).filter_map(|place| examples.get(place)).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
