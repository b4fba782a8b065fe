//! Settings trees into typed tables, with errors that know their line.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::{
    diagnostic::{At, Diagnostic, suggest},
    document::Node,
};

/// Reads the value at `path` of `root` as a `T`.
///
/// # Errors
/// An unknown key (with the nearest known one), a missing key, a wrong type; at its place in the file.
pub fn typed<T: DeserializeOwned>(root: &Node, node: &Node, path: &[&str]) -> Result<T, Diagnostic> {
    serde_path_to_error::deserialize(node.to_json()).map_err(|error| {
        let mut steps: Vec<String> = path.iter().map(|step| (*step).to_owned()).collect();
        steps.extend(error.path().iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        }));
        explain(root, &steps, &error.inner().to_string())
    })
}

/// Turns serde's words about the value at `steps` into a diagnostic at the right place.
pub fn explain(root: &Node, steps: &[String], message: &str) -> Diagnostic {
    let message = message.split(" at line ").next().unwrap_or(message);
    if let Some(rest) = message.strip_prefix("unknown field ") {
        let names: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        if let Some((unknown, known)) = names.split_first() {
            let mut key = steps.to_vec();
            if key.last().map(String::as_str) != Some(*unknown) {
                key.push((*unknown).to_owned());
            }
            return Diagnostic::new(format!("unknown key '{unknown}'"), &root.locate_key(&key), "not known here")
                .mend(suggest(unknown, known.iter().copied()));
        }
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        let names: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        if let Some((unknown, known)) = names.split_first() {
            return Diagnostic::new(
                format!("unknown value '{unknown}'"),
                &root.locate(steps),
                "not one of the choices",
            )
            .mend(suggest(unknown, known.iter().copied()));
        }
    }
    if let Some(missing) = message.strip_prefix("missing field ") {
        let missing = missing.trim_matches('`');
        return Diagnostic::new(format!("the key '{missing}' is missing"), &root.locate_key(steps), "in this table")
            .mend(format!("add {missing} = …"));
    }
    let at: At = root.locate(steps);
    Diagnostic::new(plain_words(message), &at, "of the wrong type")
}

/// serde says `invalid type: string "x", expected f64`; people say it otherwise.
fn plain_words(message: &str) -> String {
    message
        .replace("invalid type: ", "wrong type: ")
        .replace("invalid value: ", "wrong value: ")
        .replace("expected f64", "expected a number")
        .replace("expected u64", "expected a whole number that is not negative")
        .replace("expected u32", "expected a whole number that is not negative")
        .replace("expected usize", "expected a whole number that is not negative")
        .replace("expected i64", "expected a whole number")
        .replace("expected a sequence", "expected a list")
        .replace("expected a map", "expected a table")
        .replace("expected a string", "expected text")
        .replace("expected a boolean", "expected true or false")
}
