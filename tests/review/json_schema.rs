//! As much of JSON Schema as the schemas of the repository use; a keyword that it does not know fails.

use serde_json::Value as Json;

/// Panics with the place of what is not as the schema wants it.
#[track_caller]
pub fn check(schema: &Json, value: &Json) {
    let mut problems = Vec::new();
    Check { root: schema, problems: &mut problems }.value(schema, value, "$");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

struct Check<'a> {
    root: &'a Json,
    problems: &'a mut Vec<String>,
}

impl Check<'_> {
    fn value(&mut self, schema: &Json, value: &Json, at: &str) {
        for (keyword, wanted) in schema.as_object().expect("a schema is an object") {
            let holds = match keyword.as_str() {
                "$schema" | "$defs" | "title" => true,
                "$ref" => {
                    let name = wanted.as_str().expect("a reference").trim_start_matches("#/$defs/");
                    self.value(&self.root["$defs"][name].clone(), value, at);
                    true
                }
                "type" => match wanted {
                    Json::Array(kinds) => kinds.iter().any(|kind| is(kind, value)),
                    kind => is(kind, value),
                },
                "enum" => wanted.as_array().expect("a list").contains(value),
                "required" => {
                    let has = |name: &Json| value.get(name.as_str().expect("a name")).is_some();
                    wanted.as_array().expect("a list").iter().all(has)
                }
                "properties" => {
                    for (name, schema) in wanted.as_object().expect("an object") {
                        if let Some(part) = value.get(name) {
                            self.value(schema, part, &format!("{at}.{name}"));
                        }
                    }
                    true
                }
                "additionalProperties" => self.others(schema, wanted, value, at),
                "items" => {
                    for (place, part) in value.as_array().into_iter().flatten().enumerate() {
                        self.value(wanted, part, &format!("{at}[{place}]"));
                    }
                    true
                }
                "pattern" => value.as_str().is_none_or(|text| matches(wanted.as_str().expect("a pattern"), text)),
                limit => within(limit, wanted.as_f64().expect("a limit"), value),
            };
            if !holds {
                self.problems.push(format!("{at}: {keyword} {wanted} does not hold for {value}"));
            }
        }
    }

    fn others(&mut self, schema: &Json, wanted: &Json, value: &Json, at: &str) -> bool {
        let is_known = |name: &str| schema["properties"].get(name).is_some();
        let others: Vec<(&String, &Json)> =
            value.as_object().into_iter().flatten().filter(|(name, _)| !is_known(name)).collect();
        if *wanted == Json::Bool(false) {
            return others.is_empty();
        }
        others.into_iter().for_each(|(name, part)| self.value(wanted, part, &format!("{at}.{name}")));
        true
    }
}

fn is(kind: &Json, value: &Json) -> bool {
    match kind.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}

/// Whether a text is as one of the few patterns wants it.
fn matches(pattern: &str, text: &str) -> bool {
    let is_date = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        parts.iter().map(|part| part.len()).eq([4, 2, 2]) && parts.iter().all(|part| part.parse::<u32>().is_ok())
    };
    match pattern {
        "^[0-9]+%$" => text.strip_suffix('%').is_some_and(|number| number.parse::<u32>().is_ok()),
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T" => text.split_once('T').is_some_and(|(date, _)| is_date(date)),
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" => is_date(text),
        other => panic!("unknown pattern {other}"),
    }
}

fn within(keyword: &str, limit: f64, value: &Json) -> bool {
    let length = |of: Option<usize>| of.map(|length| length as f64);
    let letters = length(value.as_str().map(|text| text.chars().count()));
    let parts = length(value.as_array().map(Vec::len));
    match keyword {
        "minimum" => value.as_f64().is_none_or(|number| number >= limit),
        "maximum" => value.as_f64().is_none_or(|number| number <= limit),
        "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > limit),
        "minLength" => letters.is_none_or(|length| length >= limit),
        "maxLength" => letters.is_none_or(|length| length <= limit),
        "minItems" => parts.is_none_or(|length| length >= limit),
        "maxItems" => parts.is_none_or(|length| length <= limit),
        other => panic!("unknown keyword {other}"),
    }
}

#[test]
fn what_is_not_as_the_schema_wants_it_is_found() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": { "a": { "type": ["integer", "null"], "minimum": 1 }, "b": { "type": "array", "items": { "enum": ["x"] } } },
    });
    let problems = |value: Json| {
        let mut problems = Vec::new();
        Check { root: &schema, problems: &mut problems }.value(&schema, &value, "$");
        problems.len()
    };
    assert_eq!(problems(serde_json::json!({ "a": 1, "b": ["x"] })), 0);
    assert_eq!(problems(serde_json::json!({ "b": ["y"], "c": 1 })), 3);
    assert_eq!(problems(serde_json::json!({ "a": 0.5 })), 2);
}
