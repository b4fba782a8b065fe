//! A JSON object as rows of named cells.

use serde_json::{Map, Number, Value};

use crate::orders::{reading::json_stream::Flow, values::number as numbers};

/// The cells of a row by name, each once.
pub type Row = Vec<(String, String)>;

/// Lists whose elements are rows.
const LISTS: [&str; 11] = [
    "line_items",
    "lineItems",
    "variants",
    "inventory_levels",
    "inventoryLevels",
    "order_items",
    "orderItems",
    "order_lines",
    "lines",
    "items",
    "products",
];

/// Gives the rows of an object: itself, or one for each element of its list, and of that element's.
///
/// # Errors
/// What `give` says.
pub fn rows(object: Value, give: &mut impl FnMut(Row) -> Result<Flow, String>) -> Result<Flow, String> {
    rows_of("", object, Vec::new(), give)
}

fn rows_of(
    way: &str,
    object: Value,
    mut cells: Row,
    give: &mut impl FnMut(Row) -> Result<Flow, String>,
) -> Result<Flow, String> {
    let mut list = None;
    collect(way, object, &mut cells, &mut list);
    let Some((way, elements)) = list else { return give(cells) };
    for element in elements {
        if rows_of(&way, element, cells.clone(), give)? == Flow::Stop {
            return Ok(Flow::Stop);
        }
    }
    Ok(Flow::GoOn)
}

/// The cells of an object, lists left out.
pub fn cells(way: &str, object: Value) -> Row {
    let mut cells = Row::new();
    collect(way, object, &mut cells, &mut None);
    cells
}

/// Adds the cells of a value; the first list of rows goes to `list`.
fn collect(way: &str, value: Value, cells: &mut Row, list: &mut Option<(String, Vec<Value>)>) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => cells.push((way.to_owned(), truth.to_string())),
        Value::Number(number) => cells.push((way.to_owned(), written(&number))),
        Value::String(text) => cells.push((way.to_owned(), text)),
        Value::Object(object) => match nodes(object) {
            Ok(elements) => collect_list(way, elements, cells, list),
            Err(object) => {
                for (key, value) in object {
                    collect(&step(way, &key), value, cells, list);
                }
            }
        },
        Value::Array(elements) => collect_list(way, elements, cells, list),
    }
}

fn collect_list(way: &str, elements: Vec<Value>, cells: &mut Row, list: &mut Option<(String, Vec<Value>)>) {
    let is_of_objects = elements.iter().any(Value::is_object);
    let key = way.rsplit('.').next().unwrap_or(way);
    if is_of_objects && list.is_none() && LISTS.contains(&key) {
        *list = Some((way.to_owned(), elements));
        return;
    }
    if !is_of_objects {
        let texts: Vec<String> = elements.into_iter().filter_map(text_of).collect();
        if !texts.is_empty() {
            cells.push((way.to_owned(), texts.join(", ")));
        }
        return;
    }
    let pairs: Option<Vec<_>> = elements.iter().map(pair).collect();
    match pairs {
        Some(pairs) => {
            for (name, value) in pairs {
                let way = step(way, &name);
                if !cells.iter().any(|(known, _)| *known == way) {
                    collect(&way, value, cells, &mut Some(Default::default()));
                }
            }
        }
        // Of other lists the first element counts: the first picture, the first code of a discount.
        None => {
            if let Some(first) = elements.into_iter().next() {
                collect(way, first, cells, &mut Some(Default::default()));
            }
        }
    }
}

fn step(way: &str, key: &str) -> String {
    if way.is_empty() { key.to_owned() } else { format!("{way}.{key}") }
}

/// The elements of a connection, `{"edges": [{"node": …}]}` or `{"nodes": […]}`; else the object.
fn nodes(mut object: Map<String, Value>) -> Result<Vec<Value>, Map<String, Value>> {
    match (object.remove("edges"), object.remove("nodes")) {
        (_, Some(Value::Array(nodes))) => Ok(nodes),
        (Some(Value::Array(edges)), _) => Ok(edges.into_iter().map(node).collect()),
        (edges, nodes) => {
            object.extend(edges.map(|value| ("edges".to_owned(), value)));
            object.extend(nodes.map(|value| ("nodes".to_owned(), value)));
            Err(object)
        }
    }
}

fn node(edge: Value) -> Value {
    match edge {
        Value::Object(mut edge) => match edge.remove("node") {
            Some(node) => node,
            None => Value::Object(edge),
        },
        other => other,
    }
}

/// An element that is a name with its value, as of an option of a variant or a count of stock.
fn pair(element: &Value) -> Option<(String, Value)> {
    let object = element.as_object()?;
    let name = object.get("name")?.as_str()?;
    let value = object.get("value").or_else(|| object.get("quantity"))?;
    let is_plain = object.len() <= 3 && !value.is_object() && !value.is_array();
    is_plain.then(|| (name.to_owned(), value.clone()))
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(written(&number)),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number in digits, as the number that it is.
fn written(number: &Number) -> String {
    let mut text = String::new();
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) => numbers::written(float, &mut text),
        None => text = number.to_string(),
    }
    text
}
