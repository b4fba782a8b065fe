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
pub struct Characteristics<'a> {
    /// Characters of the request.
    pub input_length: i64,
    /// The request's keywords as a JSON list.
    pub keywords: &'a str,
    /// The files it mentions as a JSON list.
    pub files_mentioned: &'a str,
    /// How long it took; see [`duration_range`].
    pub duration_range: &'a str,
    /// How hard it was; see [`complexity`].
    pub complexity: &'a str,
    /// Errors.
    pub error_count: i64,
}

impl Characteristics<'_> {
    /// Writes them as JSON, in the way Python's `json.dumps` does, as the original stores them.
    pub fn write(&self, json: &mut String) {
        // Writing to a text cannot fail. Texts are put in by themselves: a million rows are written so.
        let _ = write!(json, "{{\"input_length\": {}, \"keywords\": ", self.input_length);
        let parts = [
            self.keywords,
            ", \"files_mentioned\": ",
            self.files_mentioned,
            ", \"duration_range\": \"",
            self.duration_range,
            "\", \"complexity\": \"",
            self.complexity,
            "\", \"error_count\": ",
        ];
        parts.iter().for_each(|part| json.push_str(part));
        let _ = write!(json, "{}}}", self.error_count);
    }
}

/// The words of a request: what white space parts.
pub fn words(request: &str) -> usize {
    // White space that is not ASCII begins with one of these bytes; most texts have none of them.
    if !request.is_ascii() && request.bytes().any(|byte| matches!(byte, 0xc2 | 0xe1..=0xe3)) {
        return request.split_whitespace().count();
    }
    let bytes = request.as_bytes();
    let is_space = |byte: u8| byte == b' ' || byte.wrapping_sub(b'\t') < 5;
    let begins = |(before, byte): (&u8, &u8)| u8::from(is_space(*before) & !is_space(*byte));
    let after_a_space: usize = bytes
        .chunks(usize::from(u8::MAX))
        .zip(bytes.get(1..).unwrap_or_default().chunks(usize::from(u8::MAX)))
        // Small counts of whole chunks, so that many bytes are looked at together.
        .map(|(before, chunk)| usize::from(before.iter().zip(chunk).map(begins).sum::<u8>()))
        .sum();
    after_a_space + usize::from(bytes.first().is_some_and(|byte| !is_space(*byte)))
}

/// Texts as a JSON list in ASCII.
pub fn write_list<'a>(texts: impl Iterator<Item = &'a str>, json: &mut String) {
    json.push('[');
    list(texts, json);
    json.push(']');
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
    if !may_mention_files(request) {
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

/// Whether there is a slash, or a point before the ending of a script: a quick look that spares most texts the long one.
fn may_mention_files(request: &str) -> bool {
    let bytes = request.as_bytes();
    let is_script = |(at, _): (usize, &str)| matches!(bytes.get(at + 1..at + 3), Some(b"py" | b"ts" | b"js"));
    bytes.contains(&b'/') || request.match_indices('.').any(is_script)
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
    fn words_are_what_white_space_parts() {
        for text in
            ["", " ", "one", " two  words ", "a\tb\nc\u{b}d", "a\u{3000}b\u{a0}c", "naïve 请简单 x", "\u{1c}x y"]
        {
            assert_eq!(words(text), text.split_whitespace().count(), "{text:?}");
        }
    }

    #[test]
    fn the_json_is_pythons() {
        let (mut keywords, mut files, mut json) = (String::new(), String::new(), String::new());
        write_list(["test", "run"].into_iter(), &mut keywords);
        write_list(files_mentioned("run tést src/é.py").into_iter(), &mut files);
        Characteristics {
            input_length: 17,
            keywords: &keywords,
            files_mentioned: &files,
            duration_range: duration_range(120),
            complexity: complexity(3, 0),
            error_count: 0,
        }
        .write(&mut json);
        assert_eq!(
            json,
            "{\"input_length\": 17, \"keywords\": [\"test\", \"run\"], \"files_mentioned\": [\"src/\\u00e9.py\"], \
             \"duration_range\": \"short\", \"complexity\": \"simple\", \"error_count\": 0}"
        );
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }
}
