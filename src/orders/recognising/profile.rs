//! Profiles: what a program's export of one kind looks like, as data.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operator::ParamError;
use crate::orders::recognising::{
    fields::{Kind, Type},
    headers::{Aliases, Pattern, fold},
    left_out::LeftOutRule,
    lists::ListInCell,
    no_items::NamesByReason,
};

/// One kind of file of one program: the content of a file of `rules/exports/`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What it is called in `files`, like `shopify-orders`.
    pub name: String,
    /// What a merchant clicks to get such a file.
    #[serde(default)]
    pub about: String,
    /// The kind of file.
    pub kind: Kind,
    /// Headers that tell it: of each group a file has one. Of several profiles that tell a file the one with most groups
    /// counts, then the first.
    pub headers: Vec<Vec<String>>,
    /// Headers that such a file does not have; a name may begin or end with `*`.
    #[serde(default)]
    pub without: Vec<String>,
    /// Field → names of its columns, best first. A field that has no column by these names is looked for among the names
    /// of `columns`.
    #[serde(default)]
    pub columns: Aliases,
    /// Headers that mean nothing here, whatever they mean elsewhere; a name may begin or end with `*`.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Headers of cells about a person; they are shown nowhere. A name may begin or end with `*`.
    #[serde(default)]
    pub personal: Vec<String>,
    /// What makes an order, a line or a row none; before the rules of `columns`.
    #[serde(default)]
    pub left_out: Vec<LeftOutRule>,
    /// Names of lines that are no items, by reason; beside those of `columns`.
    #[serde(default)]
    pub no_items: NamesByReason,
    /// The column that has all items of an order.
    #[serde(default)]
    pub list: Option<ListInCell>,
    /// Of lists of products: the fields that are the product's, and so are those of all its rows where one row says them.
    #[serde(default)]
    pub carries: Vec<String>,
    /// Field → cell → what it means, like `product_status = { "1" = "active" }`; an empty meaning is an empty cell.
    #[serde(default)]
    pub words: BTreeMap<String, BTreeMap<String, String>>,
}

impl Profile {
    /// Refuses what could not be meant.
    ///
    /// # Errors
    /// The first thing wrong, with the way to it.
    pub fn check(&self) -> Result<(), ParamError> {
        let error = |path: &[&str], problem: String, mend: &str| {
            let path = path.iter().map(|step| (*step).to_owned()).collect();
            Err(ParamError { path, problem, mend: mend.to_owned() })
        };
        if self.name.trim().is_empty() {
            return error(
                &["name"],
                "a profile needs a name".to_owned(),
                "call it by its program, like shopify-orders",
            );
        }
        if self.headers.is_empty() {
            let problem = "no headers that tell the file".to_owned();
            return error(
                &["headers"],
                problem,
                "add groups of names, like [[\"handle\", \"url_handle\"], [\"title\"]]",
            );
        }
        if let Some(place) = self.headers.iter().position(|group| group.iter().all(|name| fold(name).is_empty())) {
            return error(&["headers", &place.to_string()], "a group without a name".to_owned(), "take it out");
        }
        let known = || self.kind.fields().iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
        let unknown = |name: &String| self.kind.field(name).is_none();
        let fields = [("columns", self.columns.keys().find(|name| unknown(name)))];
        let more = [("words", self.words.keys().find(|name| unknown(name)))];
        for (at, found) in fields.into_iter().chain(more) {
            if let Some(name) = found {
                let problem = format!("{} have no field '{name}'", self.kind.name());
                return error(&[at, name], problem, &format!("use one of {}", known()));
            }
        }
        let is_text = |name: &str| {
            let field = self.kind.field(name).and_then(|place| self.kind.fields().get(place));
            field.is_some_and(|field| field.kind.is_text() || field.kind == Type::Lower)
        };
        if let Some(name) = self.words.keys().find(|name| !is_text(name)) {
            return error(&["words", name], format!("'{name}' is no text"), "give words to fields of text alone");
        }
        for (place, name) in self.carries.iter().enumerate() {
            if self.kind != Kind::ProductExport || unknown(name) {
                let problem = format!("'{name}' is nothing that a product says for its variants");
                return error(&["carries", &place.to_string()], problem, "use fields of a product_export");
            }
        }
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        for (field, names) in &self.columns {
            for (place, name) in names.iter().enumerate() {
                let at = ["columns", field, &place.to_string()];
                let folded = fold(name);
                if folded.is_empty() {
                    return error(&at, "an empty name".to_owned(), "take it out");
                }
                let other = owners.insert(folded, field).filter(|other| other != field && !may_share(field, other));
                if let Some(other) = other {
                    let problem = format!("'{name}' is a name of {other} too");
                    return error(&at, problem, "a header can mean one field only; take it out of one of them");
                }
            }
        }
        self.check_rules()
    }

    fn check_rules(&self) -> Result<(), ParamError> {
        let within = |at: Vec<String>| {
            move |mut error: ParamError| {
                error.path.splice(..0, at);
                error
            }
        };
        for (place, rule) in self.left_out.iter().enumerate() {
            rule.check(self.kind).map_err(within(vec!["left_out".to_owned(), place.to_string()]))?;
        }
        if let Some(list) = &self.list {
            if self.kind != Kind::Orders {
                return Err(ParamError {
                    path: vec!["list".to_owned()],
                    problem: format!("{} have no list of items", self.kind.name()),
                    mend: "take it out, or write kind = \"orders\"".to_owned(),
                });
            }
            list.check().map_err(within(vec!["list".to_owned()]))?;
        }
        Ok(())
    }

    /// How many groups tell a file with these folded headers; `None` if it is another's.
    pub fn recognises(&self, headers: &BTreeSet<&str>) -> Option<usize> {
        let has = |name: &String| headers.contains(fold(name).as_str());
        let is_without = || {
            let mut patterns = self.without.iter().map(|name| Pattern::of(name));
            patterns.all(|pattern| !headers.iter().any(|header| pattern.is_of(header)))
        };
        let has_all = self.headers.iter().all(|group| group.iter().any(has));
        (has_all && is_without()).then_some(self.headers.len())
    }
}

/// Fields that one column may say together: the price without a sale is the one to compare with, an item without variants
/// is its own product, and a line may be named by its product's title.
fn may_share(field: &str, other: &str) -> bool {
    let are = |a: &str, b: &str| (field == a && other == b) || (field == b && other == a);
    are("price", "compare_at_price")
        || are("variant_id", "product_id")
        || are("product_title", "variant_title")
        || are("line_name", "product_title")
}

/// Refuses profiles that could not be meant, one by one and beside one another.
///
/// # Errors
/// The first thing wrong, with the way to it.
pub fn check(profiles: &[Profile]) -> Result<(), ParamError> {
    let mut names = BTreeSet::new();
    for (place, profile) in profiles.iter().enumerate() {
        profile.check().map_err(|mut error| {
            error.path.insert(0, place.to_string());
            error
        })?;
        if !names.insert(profile.name.as_str()) {
            return Err(ParamError {
                path: vec![place.to_string(), "name".to_owned()],
                problem: format!("there are two profiles '{}'", profile.name),
                mend: "give one of them another name".to_owned(),
            });
        }
    }
    Ok(())
}
