//! What is noted of a workflow beside its patterns, as JSON.

use std::fmt::Write;

/// How long a workflow took.
pub fn duration_range(seconds: i64) -> &'static str {
    match seconds {
        ..180 => "short",
        180..600 => "medium",
        600.. => "long",
    }
}

/// How hard a workflow was, from the words of its request and its errors.
pub fn complexity(words: usize, errors: i64) -> &'static str {
    if words < 50 && errors < 3 {
        "simple"
    } else if words > 200 || errors > 5 {
        "complex"
    } else {
        "medium"
    }
}

/// The characteristics of one workflow.
pub struct Characteristics<'a, K> {
    /// The request.
    pub request: &'a str,
    /// Keywords in it, in the order of the rules.
    pub keywords: K,
    /// Zero where it is not known.
    pub duration_seconds: i64,
    /// Errors.
    pub error_count: i64,
}

impl<'a, K: Iterator<Item = &'a str>> Characteristics<'a, K> {
    /// Writes them as JSON, in the way Python's `json.dumps` does, as the original stores them.
    pub fn write(self, json: &mut String) {
        let words = self.request.split_whitespace().count();
        // Writing to a text cannot fail.
        let _ = write!(json, "{{\"input_length\": {}, \"keywords\": [", self.request.chars().count());
        list(self.keywords, json);
        json.push_str("], \"files_mentioned\": [");
        list(files_mentioned(self.request).into_iter(), json);
        let _ = write!(
            json,
            "], \"duration_range\": \"{}\", \"complexity\": \"{}\", \"error_count\": {}}}",
            duration_range(self.duration_seconds),
            complexity(words, self.error_count),
            self.error_count
        );
    }
}

fn list<'a>(texts: impl Iterator<Item = &'a str>, json: &mut String) {
    for (place, text) in texts.enumerate() {
        if place > 0 {
            json.push_str(", ");
        }
        quote(text, json);
    }
}

/// A JSON text in ASCII.
fn quote(text: &str, json: &mut String) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            ' '..='~' => json.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
        }
    }
    json.push('"');
}

/// The files a request names, sorted: paths in `app/`, `src/`, `test/`, `tests/`, and names that end in `.py`, `.ts`, `.js`.
pub fn files_mentioned(request: &str) -> Vec<&str> {
    if !request.bytes().any(|byte| byte == b'.' || byte == b'/') {
        return Vec::new();
    }
    let is_path = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    let mut files: Vec<&str> = request
        .split(|c| !is_path(c))
        .map(|path| path.trim_matches(['.', '/', '-']))
        .filter(|path| is_file(path))
        .collect();
    files.sort_unstable();
    files.dedup();
    files
}

fn is_file(path: &str) -> bool {
    let folder = || path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(is_source_folder));
    let script = || path.rsplit_once('.').is_some_and(|(_, kind)| matches!(kind, "py" | "ts" | "js"));
    folder() || script()
}

fn is_source_folder(name: &str) -> bool {
    matches!(name, "app" | "src" | "test" | "tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_distinct_sorted_and_free_of_punctuation() {
        let request = "Fix src/größe.py, app/server/core; see (tests/a.spec) and main.ts. main.ts! v1.2 and/or x.pyc";
        assert_eq!(files_mentioned(request), ["app/server/core", "main.ts", "src/größe.py", "tests/a.spec"]);
    }

    #[test]
    fn the_limits_are_where_they_should_be() {
        assert_eq!([179, 180, 599, 600].map(duration_range), ["short", "medium", "medium", "long"]);
        assert_eq!(
            [(49, 2), (50, 0), (49, 3), (200, 5)].map(|(w, e)| complexity(w, e)),
            ["simple", "medium", "medium", "medium"]
        );
        assert_eq!([(201, 0), (10, 6)].map(|(w, e)| complexity(w, e)), ["complex", "complex"]);
    }

    #[test]
    fn the_json_is_pythons() {
        let mut json = String::new();
        let keywords = ["test", "run"].into_iter();
        Characteristics { request: "run tést src/é.py", keywords, duration_seconds: 120, error_count: 0 }
            .write(&mut json);
        assert_eq!(
            json,
            "{\"input_length\": 17, \"keywords\": [\"test\", \"run\"], \"files_mentioned\": [\"src/\\u00e9.py\"], \
             \"duration_range\": \"short\", \"complexity\": \"simple\", \"error_count\": 0}"
        );
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }
}
