//! Headers: folded, looked up among the aliases, and what kind of file they make.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operator::ParamError;
use crate::orders::recognising::fields::{Kind, Order};

/// The names that columns may have, field by field and best first: the content of `rules/shop-columns.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShopColumns {
    /// The shop, in every kind of file.
    pub shop: Vec<String>,
    /// Of files of order lines.
    pub orders: Aliases,
    /// Of files of variants.
    pub variants: Aliases,
    /// Of files of inventory levels.
    pub inventory_levels: Aliases,
    /// Of files of the joined catalog.
    pub catalog_joined: Aliases,
    /// By kind: names that count only where none of the above is a column of the file.
    pub last_resort: BTreeMap<String, Aliases>,
}

/// Field → names.
pub type Aliases = BTreeMap<String, Vec<String>>;

impl ShopColumns {
    /// The names of a kind's fields.
    pub fn of(&self, kind: Kind) -> &Aliases {
        match kind {
            Kind::Orders => &self.orders,
            Kind::Variants => &self.variants,
            Kind::InventoryLevels => &self.inventory_levels,
            Kind::CatalogJoined => &self.catalog_joined,
        }
    }

    /// Refuses fields that are not known and names of two fields.
    ///
    /// # Errors
    /// The first thing wrong, with the way to it.
    pub fn check(&self) -> Result<(), ParamError> {
        for kind in Kind::ALL {
            let name = kind.name().to_owned();
            check_kind(kind, self.of(kind), vec![name.clone()])?;
            if let Some(aliases) = self.last_resort.get(&name) {
                check_kind(kind, aliases, vec!["last_resort".to_owned(), name])?;
            }
        }
        let is_kind = |name: &String| Kind::ALL.iter().any(|kind| kind.name() == name);
        match self.last_resort.keys().find(|name| !is_kind(name)) {
            None => Ok(()),
            Some(name) => Err(ParamError {
                path: vec!["last_resort".to_owned(), name.clone()],
                problem: format!("there is no kind '{name}'"),
                mend: "use orders, variants, inventory_levels or catalog_joined".to_owned(),
            }),
        }
    }
}

fn check_kind(kind: Kind, aliases: &Aliases, path: Vec<String>) -> Result<(), ParamError> {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for (field, names) in aliases {
        let at = || path.iter().cloned().chain([field.clone()]).collect::<Vec<_>>();
        if !kind.fields().iter().any(|known| known.name == field) {
            let known: Vec<_> = kind.fields().iter().map(|known| known.name).collect();
            return Err(ParamError {
                path: at(),
                problem: format!("{} have no field '{field}'", kind.name()),
                mend: format!("use one of {}", known.join(", ")),
            });
        }
        for (place, name) in names.iter().enumerate() {
            let at = || at().into_iter().chain([place.to_string()]).collect::<Vec<_>>();
            let folded = fold(name);
            if folded.is_empty() {
                return Err(ParamError {
                    path: at(),
                    problem: "an empty name".to_owned(),
                    mend: "take it out".to_owned(),
                });
            }
            if let Some(other) = owners.insert(folded, field)
                && other != field
            {
                return Err(ParamError {
                    path: at(),
                    problem: format!("'{name}' is a name of {other} too"),
                    mend: "a header can mean one field only; take it out of one of them".to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// A header as it is compared: words parted by underscores, in lower case.
pub fn fold(header: &str) -> String {
    let chars: Vec<char> = header.trim().chars().filter(|c| *c != '\u{FEFF}').collect();
    let mut out = String::with_capacity(chars.len() + 4);
    for (place, c) in chars.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| chars.get(before));
        let after = chars.get(place + 1);
        if c.is_whitespace() || matches!(c, '-' | '/' | '_') {
            part(&mut out);
            continue;
        }
        if c.is_uppercase() {
            let begins = before.is_some_and(|before| before.is_lowercase() || before.is_ascii_digit());
            let ends_capitals =
                before.is_some_and(|before| before.is_uppercase()) && after.is_some_and(|c| c.is_lowercase());
            if begins || ends_capitals {
                part(&mut out);
            }
        }
        out.extend(c.to_lowercase());
    }
    out.trim_end_matches('_').to_owned()
}

fn part(out: &mut String) {
    if !out.is_empty() && !out.ends_with('_') {
        out.push('_');
    }
}

/// Where a file's columns go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// The kind of file.
    pub kind: Kind,
    /// The fields in order, with the columns that may hold each, best first.
    pub fields: Vec<(usize, Vec<usize>)>,
    /// The columns that may hold the shop.
    pub shop: Vec<usize>,
    /// The headers that mean nothing.
    pub unknown: Vec<String>,
    /// The fields found under names of last resort, a bit each.
    pub last_resort: u64,
}

impl Layout {
    /// Whether a column holds the field.
    pub fn has(&self, field: usize) -> bool {
        self.fields.iter().any(|(known, _)| *known == field)
    }

    /// Whether the currency is that of the customers, and not of the amounts.
    pub fn has_customers_currency(&self) -> bool {
        self.kind == Kind::Orders && self.last_resort >> Order::Currency.place() & 1 == 1
    }
}

/// Finds the kind of a file and where its columns go.
///
/// # Errors
/// What is missing, and the mend.
pub fn layout(headers: &[String], columns: &ShopColumns, hint: Option<Kind>) -> Result<Layout, String> {
    let folded: Vec<String> = headers.iter().map(|header| fold(header)).collect();
    let kind = match hint {
        Some(kind) => kind,
        None => detect(&folded, columns).ok_or_else(|| unknown_kind(headers, &folded, columns))?,
    };
    let layout = layout_of(kind, headers, &folded, columns);
    let missing = missing(kind, &layout);
    if missing.is_empty() {
        return Ok(layout);
    }
    Err(format!(
        "looks like {}, but lacks the columns {}; export them too, or add their names to the alias file",
        kind.name(),
        missing.join(", ")
    ))
}

fn missing(kind: Kind, layout: &Layout) -> Vec<String> {
    let has =
        |name: &&str| kind.fields().iter().position(|field| field.name == *name).is_some_and(|place| layout.has(place));
    kind.needs_columns().iter().filter(|group| !group.iter().any(has)).map(|group| group.join(" or ")).collect()
}

fn unknown_kind(headers: &[String], folded: &[String], columns: &ShopColumns) -> String {
    let nearest = Kind::ALL
        .into_iter()
        .map(|kind| (kind, missing(kind, &layout_of(kind, headers, folded, columns))))
        .min_by_key(|(_, missing)| missing.len());
    let shown: Vec<&str> = headers.iter().take(10).map(String::as_str).collect();
    let nearest = nearest.map_or_else(String::new, |(kind, missing)| {
        format!("; it is nearest to {}, for which it lacks {}", kind.name(), missing.join(", "))
    });
    format!("its headers ({}) are those of no kind of file{nearest}", shown.join(", "))
}

/// The kind of a file, by what it says rather than by what it lacks.
fn detect(folded: &[String], columns: &ShopColumns) -> Option<Kind> {
    let says = |kind: Kind, field: &str| {
        let names = columns.of(kind).get(field).into_iter().flatten();
        let last = columns.last_resort.get(kind.name()).and_then(|aliases| aliases.get(field)).into_iter().flatten();
        names.chain(last).any(|name| folded.contains(&fold(name)))
    };
    let all = |kind: Kind, fields: &[&str]| fields.iter().all(|field| says(kind, field));
    // Levels may have a `name` too, that of their location.
    let is_of_products =
        ["product_title", "producttitle"].iter().any(|title| folded.iter().any(|header| header == title));
    let (orders, inventory, variants, catalog) =
        (Kind::Orders, Kind::InventoryLevels, Kind::Variants, Kind::CatalogJoined);
    if all(orders, &["order_id", "quantity", "unit_price"]) && (says(orders, "variant_id") || says(orders, "sku")) {
        return Some(orders);
    }
    if all(inventory, &["inventory_item_id", "location_id"]) && !says(catalog, "product_title") {
        return Some(inventory);
    }
    if all(catalog, &["variant_id", "product_id", "product_title", "product_status"]) {
        return Some(catalog);
    }
    if all(variants, &["variant_id", "product_id", "price"])
        && (says(variants, "inventory_item_id") || says(variants, "variant_title"))
    {
        return Some(variants);
    }
    let has_levels = all(inventory, &["inventory_item_id", "available", "updated_at"]) && !is_of_products;
    if has_levels && says(inventory, "location_id") {
        return Some(inventory);
    }
    let has_titled_variants = all(variants, &["variant_id", "product_id", "variant_title"]);
    if all(catalog, &["variant_id", "product_id", "product_title"])
        && (!has_titled_variants || has_two_titles(folded, columns))
    {
        return Some(catalog);
    }
    if has_titled_variants {
        return Some(variants);
    }
    has_levels.then_some(inventory)
}

/// Whether a header is that of the product's title and cannot be that of the variant's: `title` may be either.
fn has_two_titles(folded: &[String], columns: &ShopColumns) -> bool {
    let names = |kind: Kind, field: &str| -> BTreeSet<String> {
        columns.of(kind).get(field).into_iter().flatten().map(|name| fold(name)).collect()
    };
    let of_variants = names(Kind::Variants, "variant_title");
    let mut of_products = names(Kind::CatalogJoined, "product_title").into_iter();
    of_products.any(|name| !of_variants.contains(&name) && folded.contains(&name))
}

fn layout_of(kind: Kind, headers: &[String], folded: &[String], columns: &ShopColumns) -> Layout {
    let mut used = BTreeSet::new();
    let mut places = |names: &[String]| {
        let mut found = Vec::new();
        for name in names {
            let name = fold(name);
            found.extend(folded.iter().enumerate().filter(|(_, header)| **header == name).map(|(place, _)| place));
        }
        let mut seen = BTreeSet::new();
        found.retain(|place| seen.insert(*place));
        used.extend(found.iter().copied());
        found
    };
    let mut fields = Vec::new();
    let mut last_resort = 0;
    for (place, field) in kind.fields().iter().enumerate() {
        let mut found = columns.of(kind).get(field.name).map(|names| places(names)).unwrap_or_default();
        if found.is_empty() {
            let last = columns.last_resort.get(kind.name()).and_then(|aliases| aliases.get(field.name));
            found = last.map(|names| places(names)).unwrap_or_default();
            last_resort |= u64::from(!found.is_empty()) << place;
        }
        if !found.is_empty() {
            fields.push((place, found));
        }
    }
    let shop = places(&columns.shop);
    let unknown =
        headers.iter().enumerate().filter(|(place, _)| !used.contains(place)).map(|(_, header)| header.clone());
    Layout { kind, fields, shop, unknown: unknown.collect(), last_resort }
}
