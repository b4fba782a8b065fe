//! A settings tree that remembers where in which text each value stands.

use std::{path::Path, sync::Arc};

use serde_json::{Number, Value as Json};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::diagnostic::{At, Diagnostic, Origin};

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub at: At,
}

/// What a setting can hold.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text.
    Text(String),
    /// Integer.
    Int(i64),
    /// Float.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Values in order.
    List(Vec<Node>),
    /// Keys in the order of the file.
    Table(Table),
}

/// Keys, each with its place, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Table(pub Vec<Entry>);

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub at: At,
    /// The value.
    pub node: Node,
}

/// Larger files are refused: no pipeline is written by hand at this size, and it is likelier the wrong file.
const LARGEST_FILE_BYTES: u64 = 1 << 20;

impl Table {
    /// The entry of a key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.key == key)
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.0.iter_mut().find(|entry| entry.key == key)
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let index = self.0.iter().position(|entry| entry.key == key)?;
        Some(self.0.remove(index))
    }
}

impl Node {
    /// The table's entries; empty when the value is no table.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(table) => &table.0,
            _ => &[],
        }
    }

    /// The place of the value at `path`, or of the deepest part of the path that is there.
    pub fn locate<S: AsRef<str>>(&self, path: &[S]) -> At {
        let mut node = self;
        let mut at = &self.at;
        for step in path {
            let step = step.as_ref();
            let next = match &node.value {
                Value::Table(table) => table.get(step).map(|entry| (&entry.node, entry)),
                Value::List(items) => {
                    if let Some(item) = step.parse::<usize>().ok().and_then(|index| items.get(index)) {
                        node = item;
                        at = &item.at;
                        continue;
                    }
                    None
                }
                _ => None,
            };
            let Some((next, entry)) = next else { break };
            at = if matches!(next.value, Value::Table(_)) { &entry.at } else { &next.at };
            node = next;
        }
        at.clone()
    }

    /// The place of a key, rather than of its value.
    pub fn locate_key<S: AsRef<str>>(&self, path: &[S]) -> At {
        let mut node = self;
        let mut at = self.at.clone();
        for step in path {
            let step = step.as_ref();
            match &node.value {
                Value::Table(table) => {
                    let Some(entry) = table.get(step) else { break };
                    at = entry.at.clone();
                    node = &entry.node;
                }
                Value::List(items) => {
                    let Some(item) = step.parse::<usize>().ok().and_then(|index| items.get(index)) else { break };
                    at = item.at.clone();
                    node = item;
                }
                _ => break,
            }
        }
        at
    }

    /// The value as JSON.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Text(text) => Json::String(text.clone()),
            Value::Int(number) => Json::Number((*number).into()),
            Value::Float(number) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
            Value::Bool(flag) => Json::Bool(*flag),
            Value::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Value::Table(table) => {
                Json::Object(table.0.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect())
            }
        }
    }

    /// What the value is, in the words of the file format.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "text",
            Value::Int(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Bool(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// Puts `node` at `path`, making the tables on the way.
    pub fn set(&mut self, path: &[String], node: Node) {
        let Some((first, rest)) = path.split_first() else {
            *self = node;
            return;
        };
        if !matches!(self.value, Value::Table(_)) {
            self.value = Value::Table(Table::default());
        }
        let Value::Table(table) = &mut self.value else { return };
        if table.get(first).is_none() {
            let empty = Node { value: Value::Table(Table::default()), at: node.at.clone() };
            table.0.push(Entry { key: first.clone(), at: node.at.clone(), node: empty });
        }
        if let Some(entry) = table.get_mut(first) {
            entry.node.set(rest, node);
        }
    }
}

/// Reads and parses a pipeline file.
///
/// # Errors
/// A file that is missing, too large, not UTF-8 or not TOML.
pub fn read_file(path: &Path, shown: &str) -> Result<Node, Diagnostic> {
    // Absolute, so that a path means the same wherever the program is started from.
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = full.parent().map(Path::to_path_buf).unwrap_or_default();
    let empty = |text: &str| Arc::new(Origin { name: shown.to_owned(), text: text.to_owned(), folder: folder.clone() });
    let fail =
        |problem: String, mend: &str| Diagnostic::new(problem, &At { origin: empty(""), span: 0..0 }, "").mend(mend);
    let length = std::fs::metadata(path)
        .map_err(|error| {
            fail(format!("cannot read the pipeline file {shown}: {error}"), "give the path of a .toml file")
        })?
        .len();
    if length > LARGEST_FILE_BYTES {
        return Err(fail(
            format!("{shown} is {length} bytes long; a pipeline file has at most {LARGEST_FILE_BYTES}"),
            "is it the right file? Large pipelines are put together with include = [...]",
        ));
    }
    let bytes = std::fs::read(path)
        .map_err(|error| fail(format!("cannot read the pipeline file {shown}: {error}"), "check its permissions"))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| fail(format!("{shown} is not UTF-8: {error}"), "save the file as UTF-8"))?;
    if text.trim().is_empty() {
        return Err(fail(
            format!("{shown} is empty"),
            "a pipeline needs a name, [sources] and [stages]; see `nightloom schema`",
        ));
    }
    parse(Arc::new(Origin { name: shown.to_owned(), text, folder }))
}

/// Parses a text.
///
/// # Errors
/// Text that is not TOML, or holds a date (dates are written as text).
pub fn parse(origin: Arc<Origin>) -> Result<Node, Diagnostic> {
    let table = DeTable::parse(&origin.text).map_err(|error| {
        let at = At { origin: origin.clone(), span: error.span().unwrap_or(0..0) };
        Diagnostic::new("this is not valid TOML", &at, error.message().to_owned())
    })?;
    let at = At { origin: origin.clone(), span: 0..0 };
    Ok(Node { value: Value::Table(convert_table(table.get_ref(), &origin)?), at })
}

fn convert_table(table: &DeTable<'_>, origin: &Arc<Origin>) -> Result<Table, Diagnostic> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        entries.push(Entry {
            key: key.get_ref().to_string(),
            at: At { origin: origin.clone(), span: key.span() },
            node: convert(value, origin)?,
        });
    }
    Ok(Table(entries))
}

fn convert(value: &Spanned<DeValue<'_>>, origin: &Arc<Origin>) -> Result<Node, Diagnostic> {
    let at = At { origin: origin.clone(), span: value.span() };
    let converted = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(number) => Value::Int(
            i64::from_str_radix(number.as_str(), number.radix())
                .map_err(|_| Diagnostic::new("this integer is out of range", &at, "needs more than 64 bits"))?,
        ),
        DeValue::Float(number) => Value::Float(
            number.as_str().parse().map_err(|_| Diagnostic::new("this is not a number", &at, "cannot be read"))?,
        ),
        DeValue::Array(items) => Value::List(items.iter().map(|item| convert(item, origin)).collect::<Result<_, _>>()?),
        DeValue::Table(table) => Value::Table(convert_table(table, origin)?),
        DeValue::Datetime(_) => {
            return Err(Diagnostic::new("dates are written as text here", &at, "a TOML date").mend("put it in quotes"));
        }
    };
    Ok(Node { value: converted, at })
}

/// Reads `key.path=value` of `--set`: the value as TOML where it is TOML, else as text.
///
/// # Errors
/// An argument without `=` or with an empty key.
pub fn parse_set(argument: &str, folder: &Path) -> Result<(Vec<String>, Node), Diagnostic> {
    let origin = Arc::new(Origin { name: "--set".to_owned(), text: argument.to_owned(), folder: folder.to_path_buf() });
    let whole = At { origin: origin.clone(), span: 0..argument.len() };
    let Some((path, raw)) = argument.split_once('=') else {
        return Err(
            Diagnostic::new("--set needs key=value", &whole, "no '='").mend("for example --set vars.db=shop.db")
        );
    };
    let path: Vec<String> = path.split('.').map(|part| part.trim().to_owned()).collect();
    if path.iter().any(String::is_empty) {
        return Err(Diagnostic::new("--set has an empty key", &whole, "an empty part")
            .mend("for example --set vars.db=shop.db"));
    }
    let at = At { origin: origin.clone(), span: argument.len() - raw.len()..argument.len() };
    Ok((path, Node { value: text_or_toml(raw, &origin), at }))
}

/// Reads a value given as text: a TOML value where it is one, else the text itself.
pub fn text_or_toml(raw: &str, origin: &Arc<Origin>) -> Value {
    let trimmed = raw.trim();
    DeValue::parse(trimmed)
        .ok()
        .and_then(|value| convert(&value, origin).ok())
        .map_or_else(|| Value::Text(raw.to_owned()), |node| node.value)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn document(text: &str) -> Node {
        parse(Arc::new(Origin { name: "p".into(), text: text.into(), folder: PathBuf::new() })).unwrap()
    }

    #[test]
    fn a_path_is_located_at_its_deepest_part_that_is_there() {
        let node = document("[stages.link]\noperator = \"x\"\n");
        assert_eq!(node.locate(&["stages", "link", "operator"]).span, 25..28);
        assert_eq!(node.locate(&["stages", "link", "params", "a"]).span, 8..12);
    }

    #[test]
    fn a_key_is_located_in_its_own_table_of_several_of_a_name() {
        let node = document("[[rule]]\na = 1\n[[rule]]\na = 1\nb = 2\n");
        assert_eq!(node.locate_key(&["rule", "1", "b"]).span, 30..31);
        assert!((15..24).contains(&node.locate_key(&["rule", "1"]).span.start));
    }

    #[test]
    fn a_set_value_is_toml_where_it_can_be_and_else_text() {
        let json = |argument: &str| parse_set(argument, Path::new("")).unwrap().1.to_json();
        assert_eq!(json("vars.a=true"), true);
        assert_eq!(json("vars.a=0.5"), 0.5);
        assert_eq!(json("vars.a=[1, 2]"), serde_json::json!([1, 2]));
        assert_eq!(json("vars.a=/tmp/x.db"), "/tmp/x.db");
        assert_eq!(json("vars.a='quoted'"), "quoted");
        assert!(parse_set("vars.a", Path::new("")).is_err());
        assert!(parse_set("a..b=1", Path::new("")).is_err());
    }

    #[test]
    fn setting_a_path_makes_the_tables_on_the_way() {
        let mut node = document("name = \"x\"");
        let (path, value) = parse_set("stages.link.params.measure=indel", Path::new("")).unwrap();
        node.set(&path, value);
        assert_eq!(node.to_json()["stages"]["link"]["params"]["measure"], "indel");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
            let origin = Arc::new(Origin { name: "p".into(), text, folder: PathBuf::new() });
            if let Err(error) = parse(origin) {
                let _ = error.render(false);
            }
        }

        #[test]
        fn no_toml_like_text_makes_the_parser_panic(text in "[\\[\\]{}=\"'.,#a-c0-9\\-:\\n ]{0,120}") {
            let origin = Arc::new(Origin { name: "p".into(), text, folder: PathBuf::new() });
            if let Err(error) = parse(origin) {
                let _ = error.render(true);
            }
        }
    }
}
