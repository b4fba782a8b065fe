//! All items of an order in one cell: how such a list is written, and its parts.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::operator::ParamError;
use crate::orders::recognising::{fields::Kind, headers::fold};

/// What an item of a list says: fields of an order line, in their order.
pub type Item<'t> = Vec<(usize, Cow<'t, str>)>;

/// How the items of an order are written in one cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ListInCell {
    /// Headers of the column, best first. A `*` at the end stands for a number, where each item has a column of its own:
    /// `line_item_*`.
    pub columns: Vec<String>,
    /// What parts the items, like ", ". Where an item itself holds it, the text is parted only where both sides are items.
    pub between: Vec<String>,
    /// How an item is written, one way or several: `{quantity}× {line_name}`. What stands in braces are fields of an order
    /// line.
    pub item: Vec<String>,
    /// Instead of `item`, of items that are written as `name:Mug|quantity:2`: what parts them, and what parts a name from
    /// its value.
    pub pairs: Option<[String; 2]>,
    /// Instead of `between` and `item`: the list is JSON, `[{"name": "Mug", "quantity": 2}]`.
    pub json: bool,
    /// With `pairs` and `json`, and with `item` for cells that are JSON after all: field → names.
    pub names: BTreeMap<String, Vec<String>>,
}

impl ListInCell {
    /// Refuses what cannot be read.
    ///
    /// # Errors
    /// What is wrong, with the way to it from the list.
    pub fn check(&self) -> Result<(), ParamError> {
        let error = |at: &[&str], problem: String, mend: &str| {
            let path = at.iter().map(|step| (*step).to_owned()).collect();
            Err(ParamError { path, problem, mend: mend.to_owned() })
        };
        if self.columns.is_empty()
            || (self.between.is_empty() && !self.json)
            || self.between.iter().any(String::is_empty)
        {
            return error(&[], "a list needs columns, and what stands between items".to_owned(), "add the missing one");
        }
        let ways = [!self.item.is_empty(), self.pairs.is_some(), self.json];
        if ways.iter().filter(|way| **way).count() != 1 {
            return error(&[], "a list is written by item, by pairs or in json".to_owned(), "give one of the three");
        }
        let unknown = |name: &str| Kind::Orders.field(name).is_none();
        if let Some(name) = self.names.keys().find(|name| unknown(name)) {
            return error(&["names", name], format!("orders have no field '{name}'"), "use a field of order lines");
        }
        for (place, item) in self.item.iter().enumerate() {
            let at = place.to_string();
            let Some(pattern) = Pattern::of(item) else {
                let problem = format!("'{item}' cannot be read");
                return error(
                    &["item", &at],
                    problem,
                    "write it like {quantity}× {line_name}, texts between the fields",
                );
            };
            let fields =
                pattern.0.iter().filter_map(|part| if let Part::Field(name) = part { Some(name) } else { None });
            if let Some(name) = fields.into_iter().find(|name| unknown(name)) {
                return error(&["item", &at], format!("orders have no field '{name}'"), "use a field of order lines");
            }
        }
        Ok(())
    }

    /// The list as it is read.
    pub fn reader(&self) -> ListReader {
        let patterns = self.item.iter().filter_map(|item| Pattern::of(item)).collect();
        let names = self.names.iter().filter_map(|(field, names)| Some((Kind::Orders.field(field)?, names)));
        let names = names.flat_map(|(field, names)| names.iter().map(move |name| (fold(name), field))).collect();
        ListReader { list: self.clone(), patterns, names }
    }

    /// The columns that hold such a list: one, or one for each item; `None` if there is none.
    pub fn columns_of(&self, folded: &[String]) -> Option<Vec<usize>> {
        let found = |name: &String| -> Vec<usize> {
            let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
            let is_it = |header: &String| match name.strip_suffix('*') {
                Some(begin) => header.strip_prefix(begin).is_some_and(is_number),
                None => *header == fold(name),
            };
            let places = folded.iter().enumerate().filter(|(_, header)| is_it(header)).map(|(place, _)| place);
            places.take(if name.ends_with('*') { usize::MAX } else { 1 }).collect()
        };
        self.columns.iter().map(found).find(|places| !places.is_empty())
    }

    /// The fields that an item may say.
    pub fn fields(&self) -> Vec<usize> {
        let patterns = self.item.iter().filter_map(|item| Pattern::of(item));
        let in_items = patterns.flat_map(|pattern| pattern.0).filter_map(|part| match part {
            Part::Field(name) => Kind::Orders.field(&name),
            Part::Text(_) => None,
        });
        let mut fields: Vec<usize> =
            in_items.chain(self.names.keys().filter_map(|name| Kind::Orders.field(name))).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }
}

/// A list as it is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListReader {
    list: ListInCell,
    patterns: Vec<Pattern>,
    /// Names → fields.
    names: BTreeMap<String, usize>,
}

impl ListReader {
    /// The fields that an item may say.
    pub fn fields(&self) -> Vec<usize> {
        self.list.fields()
    }

    /// The items of a cell, each as its fields with their texts; `None` if a part of the cell is no item.
    pub fn items<'t>(&self, cell: &'t str) -> Option<Vec<Item<'t>>> {
        let ListInCell { between, pairs, json, .. } = &self.list;
        // A list that is mostly text may be JSON where its names are known.
        if *json || (cell.starts_with("[{") && !self.names.is_empty() && pairs.is_none()) {
            let items: Vec<BTreeMap<String, Json>> = serde_json::from_str(cell).ok()?;
            return items
                .iter()
                .map(|item| self.named(item.iter().filter_map(|(name, value)| Some((name, plain(value)?)))))
                .collect();
        }
        if let Some([pair, mark]) = pairs {
            let separator = between.iter().find(|separator| cell.contains(separator.as_str()));
            let parts = match separator {
                Some(separator) => cell.split(separator.as_str()).collect(),
                None => vec![cell],
            };
            let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
            return parts.map(|part| self.pairs_of(part, pair, mark)).collect();
        }
        let there = between.iter().filter(|separator| cell.contains(separator.as_str()));
        let any = between.first().filter(|_| there.clone().next().is_none());
        let separators: Vec<&str> = there.chain(any).map(String::as_str).collect();
        // Any text is an item without a number, so that such a way counts only where no other does.
        self.most_items(cell, &separators, Pattern::has_number)
            .or_else(|| self.most_items(cell, &separators, |pattern| !pattern.has_number()))
    }

    /// Of several ways to read a cell the one with most items, then the first: another mark may stand inside of an item.
    fn most_items<'t>(
        &self,
        cell: &'t str,
        separators: &[&str],
        is_such: impl Fn(&Pattern) -> bool,
    ) -> Option<Vec<Item<'t>>> {
        let mut best: Option<Vec<Item<'t>>> = None;
        for separator in separators {
            for pattern in self.patterns.iter().filter(|pattern| is_such(pattern)) {
                let items = pattern.items(cell, separator);
                if items.as_ref().map(Vec::len) > best.as_ref().map(Vec::len) {
                    best = items;
                }
            }
        }
        best
    }

    fn pairs_of<'t>(&self, part: &'t str, between: &str, mark: &str) -> Option<Item<'t>> {
        let pairs = part.split(between).filter_map(|pair| pair.split_once(mark));
        self.named(pairs.map(|(name, value)| (name, Cow::Borrowed(value.trim()))))
    }

    /// The fields that have one of these names; `None` if none has.
    fn named<'t>(&self, pairs: impl Iterator<Item = (impl AsRef<str>, Cow<'t, str>)>) -> Option<Item<'t>> {
        let mut found: Item<'t> = Vec::new();
        for (name, value) in pairs {
            if let Some(field) = self.names.get(&fold(name.as_ref())).copied()
                && !value.is_empty()
                && found.iter().all(|(known, _)| *known != field)
            {
                found.push((field, value));
            }
        }
        found.sort_unstable_by_key(|(field, _)| *field);
        (!found.is_empty()).then_some(found)
    }
}

/// A value as the text of a cell; `None` for what is no cell.
fn plain(value: &Json) -> Option<Cow<'static, str>> {
    match value {
        Json::String(text) => Some(Cow::Owned(text.trim().to_owned())),
        Json::Number(number) => Some(Cow::Owned(number.to_string())),
        Json::Bool(truth) => Some(Cow::Owned(truth.to_string())),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// How an item is written: fields with texts between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Text(String),
    Field(String),
}

impl Pattern {
    /// `None` for what has no field, a brace that is not closed, or two fields without a text between them.
    fn of(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            } else if matches!(parts.last(), Some(Part::Field(_))) {
                return None;
            }
            let (field, after) = after.split_once('}')?;
            parts.push(Part::Field(field.trim().to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        parts.iter().any(|part| matches!(part, Part::Field(_))).then_some(Self(parts))
    }

    fn has_number(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Field(name) if is_number(name)))
    }

    fn begins_with_number(&self) -> bool {
        matches!(self.0.first(), Some(Part::Field(name)) if is_number(name))
    }

    /// The items of a cell that are parted so; `None` if a part is none.
    fn items<'t>(&self, cell: &'t str, separator: &str) -> Option<Vec<Item<'t>>> {
        let mut items = Vec::new();
        let mut start = 0;
        let mut at = 0;
        loop {
            let end = cell.get(at..)?.find(separator).map(|found| at + found);
            let text = cell.get(start..end.unwrap_or(cell.len()))?;
            let after = end.map(|end| end + separator.len());
            // An item that begins with its number ends where the next begins with one; any other where it is whole.
            let next_begins = || {
                let rest = cell.get(after?..)?;
                let next = rest.split(separator).next()?;
                self.fields(next)
            };
            let found =
                self.fields(text).filter(|_| !self.begins_with_number() || end.is_none() || next_begins().is_some());
            match (found, after) {
                (Some(item), after) => {
                    items.push(item);
                    let Some(after) = after else { return Some(items) };
                    (start, at) = (after, after);
                }
                (None, Some(after)) => at = after,
                (None, None) => return None,
            }
        }
    }

    /// The fields of an item; `None` if the text is not written so.
    fn fields<'t>(&self, text: &'t str) -> Option<Item<'t>> {
        let mut rest = text.trim();
        let mut found: Item<'t> = Vec::new();
        let mut parts = self.0.as_slice();
        while let [part, more @ ..] = parts {
            match part {
                Part::Text(text) => {
                    rest = rest.strip_prefix(text.as_str()).or_else(|| rest.strip_prefix(text.trim()))?
                }
                Part::Field(name) => {
                    let end = match more.first() {
                        Some(Part::Text(next)) if is_number(name) => rest.find(next.trim_end())?,
                        // A name may hold what stands behind it; the last one ends it.
                        Some(Part::Text(next)) => rest.rfind(next.as_str())?,
                        _ => rest.len(),
                    };
                    let (value, after) = rest.split_at_checked(end)?;
                    let value = value.trim();
                    if value.is_empty() || (is_number(name) && !is_numeric(value)) {
                        return None;
                    }
                    found.push((Kind::Orders.field(name)?, Cow::Borrowed(value)));
                    rest = after;
                }
            }
            parts = more;
        }
        found.sort_unstable_by_key(|(field, _)| *field);
        rest.trim().is_empty().then_some(found)
    }
}

fn is_number(field: &str) -> bool {
    ["quantity", "unit_price", "line_total"].contains(&field)
}

fn is_numeric(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit()) && !text.contains(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(between: &str, items: &[&str]) -> ListInCell {
        let item = items.iter().map(|item| (*item).to_owned()).collect();
        ListInCell { columns: vec!["x".to_owned()], between: vec![between.to_owned()], item, ..ListInCell::default() }
    }

    fn shown(list: &ListInCell, cell: &str) -> Option<String> {
        let reader = list.reader();
        let items = reader.items(cell)?.into_iter().map(|item| {
            let texts = item.into_iter().map(|(field, text)| format!("{}={text}", Kind::Orders.fields()[field].name));
            texts.collect::<Vec<_>>().join(" ")
        });
        Some(items.collect::<Vec<_>>().join(" | "))
    }

    #[test]
    fn a_list_is_parted_only_where_items_begin_or_end() {
        let first = list(", ", &["{quantity}× {line_name}"]);
        assert_eq!(
            shown(&first, "1× Mug, blue, 12× Tray").unwrap(),
            "quantity=1 line_name=Mug, blue | quantity=12 line_name=Tray"
        );
        assert_eq!(shown(&first, "Mug"), None);
        let last = list(", ", &["{line_name} x {quantity}", "{line_name} ({quantity})"]);
        assert_eq!(
            shown(&last, "Mug, large, blue x 2, Tray x 1").unwrap(),
            "quantity=2 line_name=Mug, large, blue | quantity=1 line_name=Tray"
        );
        let names = list("; ", &["{line_name} x {quantity}", "{line_name}"]);
        assert_eq!(shown(&names, "Mug x 2; Tray x 1").unwrap(), "quantity=2 line_name=Mug | quantity=1 line_name=Tray");
        assert_eq!(shown(&names, "Mug; Tray").unwrap(), "line_name=Mug | line_name=Tray");
        assert_eq!(shown(&last, "Mug (2), Tray (1)").unwrap(), "quantity=2 line_name=Mug | quantity=1 line_name=Tray");
    }

    #[test]
    fn pairs_are_known_by_their_names() {
        let names = [("line_name", "name"), ("quantity", "quantity"), ("sku", "sku")];
        let list = ListInCell {
            pairs: Some(["|".to_owned(), ":".to_owned()]),
            names: names.map(|(field, name)| (field.to_owned(), vec![name.to_owned()])).into(),
            ..list(";", &[])
        };
        assert_eq!(
            shown(&list, "id:7|name:Mug|sku:M-1|quantity:2|total:9;name:Tray|quantity:1").unwrap(),
            "quantity=2 line_name=Mug sku=M-1 | quantity=1 line_name=Tray"
        );
    }

    #[test]
    fn a_list_may_be_json() {
        let names = [("line_name", "title"), ("quantity", "quantity"), ("unit_price", "price")];
        let names = names.map(|(field, name)| (field.to_owned(), vec![name.to_owned()])).into();
        let list = ListInCell { json: true, names, between: Vec::new(), ..list(";", &[]) };
        list.check().unwrap();
        assert_eq!(
            shown(&list, r#"[{"title": "Mug", "quantity": 2, "price": "9.50", "tax": [1]}, {"title": "Tray"}]"#)
                .unwrap(),
            "quantity=2 unit_price=9.50 line_name=Mug | line_name=Tray"
        );
        assert_eq!(shown(&list, "[1]"), None);
        assert_eq!(shown(&list, "no list"), None);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_refused() {
        assert_eq!(list(", ", &["{quantity}{line_name}"]).check().unwrap_err().path, ["item", "0"]);
        assert_eq!(list(", ", &["{quantity}× {title}"]).check().unwrap_err().path, ["item", "0"]);
        assert!(list("", &["{line_name}"]).check().is_err());
        list(", ", &["{quantity}× {line_name}"]).check().unwrap();
    }
}
