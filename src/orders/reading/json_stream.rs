//! The objects of a JSON file one at a time, whatever they are wrapped in.

use std::{fmt, io::BufRead};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Whether more is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It is.
    GoOn,
    /// Nobody wants more.
    Stop,
}

/// What is done with an object.
pub type Give<'a> = dyn FnMut(Value) -> Result<Flow, String> + 'a;

/// Keys under which exports have their objects.
const WRAPPERS: [&str; 16] = [
    "data",
    "orders",
    "draft_orders",
    "draftOrders",
    "checkouts",
    "abandonedCheckouts",
    "products",
    "inventory_levels",
    "inventoryLevels",
    "inventory_items",
    "inventoryItems",
    "product_variants",
    "productVariants",
    "variants",
    "edges",
    "nodes",
];

/// Keys that wrap an object if there is no other beside.
const WRAPPERS_OF_ONE: [&str; 3] = ["order", "product", "node"];

/// Gives the objects of a file: of an array, of an object that wraps one, or one after another.
///
/// # Errors
/// What `give` says, or where the file is no JSON.
pub fn for_each_object(mut input: impl BufRead, give: &mut Give<'_>) -> Result<Flow, String> {
    let start = input.fill_buf().map_err(|error| format!("cannot be read: {error}; export it again"))?;
    if start.starts_with(b"\xEF\xBB\xBF") {
        input.consume(3);
    }
    let mut parser = serde_json::Deserializer::from_reader(input);
    let mut outcome = Ok(Flow::GoOn);
    let mut count = 0_u64;
    while parser.end().is_err() {
        let objects = Objects { give, outcome: &mut outcome };
        let parsed = objects.deserialize(&mut parser);
        match (&outcome, parsed) {
            (Err(_) | Ok(Flow::Stop), _) => return outcome,
            (_, Err(error)) => {
                let (line, column) = (error.line(), error.column());
                let problem = if error.is_eof() { "ends too early" } else { "is no JSON" };
                return Err(format!("{problem} in line {line}, column {column}; export it again"));
            }
            _ => count += 1,
        }
    }
    if count == 0 { Err("is empty; export it again, or take it out of the folder".to_owned()) } else { outcome }
}

/// Gives the objects of the value that comes next.
struct Objects<'a, 'b> {
    give: &'a mut Give<'b>,
    outcome: &'a mut Result<Flow, String>,
}

impl Objects<'_, '_> {
    fn give<E: serde::de::Error>(&mut self, object: Value) -> Result<(), E> {
        *self.outcome = each(object, self.give);
        match self.outcome {
            Ok(Flow::GoOn) => Ok(()),
            _ => Err(E::custom("stopped")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Objects<'_, '_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Option<Value>, D::Error> {
        from.deserialize_any(self)
    }
}

/// Its value is what it is not: a value that is no object and no array.
impl<'de> Visitor<'de> for Objects<'_, '_> {
    type Value = Option<Value>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<Option<Value>, A::Error> {
        while let Some(element) = elements.next_element::<Value>()? {
            self.give(element)?;
        }
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Option<Value>, A::Error> {
        let mut object = Map::new();
        let mut was_wrapper = false;
        while let Some(key) = entries.next_key::<String>()? {
            // What stands beside values of its own is a part of an object.
            let is_wrapper = WRAPPERS.contains(&key.as_str()) && object.values().all(|value| !is_plain(value));
            let value = if is_wrapper {
                entries.next_value_seed(Objects { give: self.give, outcome: self.outcome })?
            } else {
                Some(entries.next_value()?)
            };
            match value {
                Some(value) => drop(object.insert(key, value)),
                None => was_wrapper = true,
            }
        }
        if !was_wrapper && !object.is_empty() {
            self.give(Value::Object(object))?;
        }
        Ok(None)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Option<Value>, E> {
        Ok(Some(Value::Null))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Option<Value>, E> {
        Ok(Some(value.into()))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Option<Value>, E> {
        Ok(Some(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Option<Value>, E> {
        Ok(Some(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Option<Value>, E> {
        Ok(Some(value.into()))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Option<Value>, E> {
        Ok(Some(value.into()))
    }
}

/// Whether a value is no list, no object and no gap.
fn is_plain(value: &Value) -> bool {
    !value.is_array() && !value.is_object() && !value.is_null()
}

/// Gives an object, or those that it wraps.
fn each(value: Value, give: &mut Give<'_>) -> Result<Flow, String> {
    match value {
        Value::Array(elements) => {
            for element in elements {
                if each(element, give)? == Flow::Stop {
                    return Ok(Flow::Stop);
                }
            }
            Ok(Flow::GoOn)
        }
        Value::Object(mut object) => match wrapped(&object).and_then(|key| object.remove(&key)) {
            Some(inner) => each(inner, give),
            None => give(Value::Object(object)),
        },
        _ => Ok(Flow::GoOn),
    }
}

/// The key under which an object has others, if it is nothing but a wrapper: an edge with its cursor, a page.
fn wrapped(object: &Map<String, Value>) -> Option<String> {
    let wraps = |(key, value): &(&String, &Value)| {
        let mut others = object.iter().filter(|(other, _)| other != key && *other != "cursor");
        let is_of_many = WRAPPERS.contains(&key.as_str());
        let is_of_one = WRAPPERS_OF_ONE.contains(&key.as_str());
        let is_wrapping = value.is_object() || value.is_array();
        is_wrapping
            && ((is_of_many && others.all(|(_, other)| !is_plain(other))) || (is_of_one && others.next().is_none()))
    };
    object.iter().find(wraps).map(|(key, _)| key.clone())
}
