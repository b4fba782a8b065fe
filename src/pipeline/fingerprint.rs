//! What decides a step's output, its hash, and the words for what changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// blake3 of everything that decides a step's output, in hex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint(String);

/// blake3 of a dataset's content, in hex: equal rows of equal columns in equal order give equal hashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentHash(pub String);

/// Everything that decides a step's output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ingredients {
    /// Format of checkpoints; raised when they are written otherwise.
    pub format: u32,
    /// The operator's name, or `source`.
    pub operator: String,
    /// The operator's version.
    pub version: u32,
    /// Parameters with defaults; a source's settings.
    pub params: Json,
    /// The inputs' content by port; of a source, what was read.
    pub inputs: BTreeMap<String, InputIngredient>,
    /// The as-of time, where the operator uses it.
    pub as_of: Option<String>,
    /// The seed, where the operator uses it.
    pub seed: Option<u64>,
    /// The flags that the operator declares: by key the workspace's value, and each other one of a shop.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub flags: BTreeMap<String, Json>,
    /// The expectations that were checked.
    pub expect: Json,
}

/// An input as an ingredient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputIngredient {
    /// The dataset's content.
    pub content: ContentHash,
    /// Its rows, for the words; the content decides.
    pub rows: u64,
}

/// The format of checkpoints.
pub const CHECKPOINT_FORMAT: u32 = 2;

impl Fingerprint {
    /// A short form for people and folder names: 64 of the 256 bits.
    pub fn short(&self) -> &str {
        self.0.get(..16).unwrap_or(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Ingredients {
    /// The hash of the ingredients.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(hash_json(&serde_json::json!(self)))
    }

    /// What differs from `before`, in words, most telling first.
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut words = Vec::new();
        if self.operator != before.operator {
            words.push(format!("operator {} → {}", before.operator, self.operator));
        } else if self.version != before.version {
            words.push(format!("operator {} is version {}, was {}", self.operator, self.version, before.version));
        }
        if self.format != before.format {
            words.push("checkpoints have a new format".to_owned());
        }
        let prefix = if self.operator == "source" { "setting" } else { "params" };
        compare_json(prefix, &before.params, &self.params, &mut words);
        self.compare_inputs(before, &mut words);
        if self.as_of != before.as_of {
            words.push(format!("as-of {} → {}", show(before.as_of.as_deref()), show(self.as_of.as_deref())));
        }
        if self.seed != before.seed {
            words.push(format!("seed {} → {}", show(before.seed), show(self.seed)));
        }
        self.compare_flags(before, &mut words);
        compare_json("expect", &before.expect, &self.expect, &mut words);
        words
    }

    fn compare_flags(&self, before: &Self, words: &mut Vec<String>) {
        let keys: BTreeSet<&String> = before.flags.keys().chain(self.flags.keys()).collect();
        for key in keys {
            let value = |of: &Self| of.flags.get(key).cloned().unwrap_or(Json::Null);
            compare_json(&format!("flag {key}"), &value(before), &value(self), words);
        }
    }

    fn compare_inputs(&self, before: &Self, words: &mut Vec<String>) {
        for (port, now) in &self.inputs {
            match before.inputs.get(port) {
                None => words.push(format!("input {port} is new")),
                Some(was) if was.content != now.content => {
                    words.push(format!("input {port}: {}", row_change(was.rows, now.rows)))
                }
                Some(_) => {}
            }
        }
        for port in before.inputs.keys().filter(|port| !self.inputs.contains_key(*port)) {
            words.push(format!("input {port} is gone"));
        }
    }
}

/// "12 rows more", "3 rows fewer", "other content in the same number of rows".
pub fn row_change(before: u64, now: u64) -> String {
    let plural = |rows: u64| if rows == 1 { "row" } else { "rows" };
    match now.cmp(&before) {
        std::cmp::Ordering::Greater => format!("{} {} more", now - before, plural(now - before)),
        std::cmp::Ordering::Less => format!("{} {} fewer", before - now, plural(before - now)),
        std::cmp::Ordering::Equal => "other content in the same number of rows".to_owned(),
    }
}

/// blake3 of a JSON value whose keys are in a fixed order.
pub fn hash_json(value: &Json) -> String {
    let mut hasher = blake3::Hasher::new();
    feed(value, &mut hasher);
    hasher.finalize().to_hex().to_string()
}

/// Feeds a value with its objects' keys sorted, so that the order of a map does not matter.
fn feed(value: &Json, hasher: &mut blake3::Hasher) {
    match value {
        Json::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            hasher.update(b"{");
            for key in keys {
                hasher.update(Json::String(key.clone()).to_string().as_bytes());
                hasher.update(b":");
                feed(&fields[key], hasher);
            }
            hasher.update(b"}");
        }
        Json::Array(items) => {
            hasher.update(b"[");
            for item in items {
                feed(item, hasher);
                hasher.update(b",");
            }
            hasher.update(b"]");
        }
        plain => {
            hasher.update(plain.to_string().as_bytes());
        }
    }
}

fn compare_json(path: &str, before: &Json, now: &Json, words: &mut Vec<String>) {
    match (before, now) {
        (Json::Object(was), Json::Object(is)) => {
            let mut keys: Vec<&String> = was.keys().chain(is.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                compare_json(
                    &format!("{path}.{key}"),
                    was.get(key).unwrap_or(&Json::Null),
                    is.get(key).unwrap_or(&Json::Null),
                    words,
                );
            }
        }
        _ if before == now => {}
        _ => {
            let (before, now) = (flat(before), flat(now));
            let same = before.chars().zip(now.chars()).take_while(|(a, b)| a == b).count();
            words.push(format!("{path} {} → {}", brief(&before, same), brief(&now, same)));
        }
    }
}

/// A value on one line.
fn flat(value: &Json) -> String {
    let text = match value {
        Json::Null => "(none)".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most 40 characters of a text, around the place where it begins to differ from another.
fn brief(text: &str, differs_at: usize) -> String {
    const WIDTH: usize = 40;
    let length = text.chars().count();
    if length <= WIDTH {
        return text.to_owned();
    }
    let start = differs_at.saturating_sub(WIDTH / 4).min(length - WIDTH);
    let part: String = text.chars().skip(start).take(WIDTH).collect();
    let (left, right) = (if start > 0 { "…" } else { "" }, if start + WIDTH < length { "…" } else { "" });
    format!("{left}{part}{right}")
}

fn show<T: fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "(none)".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ingredients() -> Ingredients {
        Ingredients {
            format: 1,
            operator: "link-products".into(),
            version: 1,
            params: json!({"min_confidence": 0.85, "measure": "indel"}),
            inputs: BTreeMap::from([(
                "catalog".into(),
                InputIngredient { content: ContentHash("a".into()), rows: 10 },
            )]),
            as_of: None,
            seed: None,
            flags: BTreeMap::new(),
            expect: Json::Null,
        }
    }

    #[test]
    fn a_changed_parameter_is_named_with_both_values() {
        let before = ingredients();
        let mut now = ingredients();
        now.params["min_confidence"] = json!(0.9);
        assert_eq!(now.changes_since(&before), ["params.min_confidence 0.85 → 0.9"]);
        assert_ne!(now.fingerprint(), before.fingerprint());
    }

    #[test]
    fn a_changed_flag_is_named_with_its_shop_and_none_leaves_the_fingerprint_as_it_was() {
        let before = ingredients();
        assert!(
            !json!(before).as_object().unwrap().contains_key("flags"),
            "fingerprints of before there were flags hold"
        );
        let mut one = ingredients();
        one.flags.insert("bundling.max_per_pair".into(), json!(2));
        let mut two = one.clone();
        two.flags.insert("bundling.max_per_pair of shop 'a'".into(), json!(5));
        assert_eq!(one.changes_since(&before), ["flag bundling.max_per_pair (none) → 2"]);
        assert_eq!(two.changes_since(&one), ["flag bundling.max_per_pair of shop 'a' (none) → 5"]);
        assert_ne!(two.fingerprint(), one.fingerprint());
    }

    #[test]
    fn long_texts_are_shown_where_they_differ() {
        let (before, now) = (format!("{}a", "x ".repeat(90)), format!("{}b", "x ".repeat(90)));
        let mut words = Vec::new();
        compare_json("params.query", &json!(before), &json!(now), &mut words);
        assert!(words[0].contains("x a → ") && words[0].ends_with("x b"), "{words:?}");
        assert!(words[0].chars().count() < 110);
    }

    #[test]
    fn more_rows_of_an_input_are_counted() {
        let before = ingredients();
        let mut now = ingredients();
        now.inputs.insert("catalog".into(), InputIngredient { content: ContentHash("b".into()), rows: 22 });
        assert_eq!(now.changes_since(&before), ["input catalog: 12 rows more"]);
    }

    #[test]
    fn the_order_of_keys_does_not_change_a_hash() {
        let one: Json = serde_json::from_str(r#"{"a":1,"b":[true,null]}"#).unwrap();
        let two: Json = serde_json::from_str(r#"{"b":[true,null],"a":1}"#).unwrap();
        assert_eq!(hash_json(&one), hash_json(&two));
        assert_ne!(hash_json(&one), hash_json(&json!({"a":1,"b":[true,false]})));
    }

    #[test]
    fn equal_ingredients_have_no_changes() {
        assert!(ingredients().changes_since(&ingredients()).is_empty());
    }
}
