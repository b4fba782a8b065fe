//! What an index shows of a product: its words and the values by which it is filtered.

use std::{collections::BTreeSet, fmt::Write};

use super::{
    digest::cents_of,
    fields,
    json::{Text, Value},
    price::Cents,
};

/// Words of a description that count.
const DESCRIPTION_WORDS: usize = 100;
/// Attributes and uses that are told.
const ATTRIBUTES: usize = 5;
const USES: usize = 3;
/// Bytes of a text: about eight thousand tokens of four bytes.
const LONGEST: usize = 32_000;

/// What an index shows of a product.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// Its name.
    pub title: String,
    /// What is embedded and searched: its descriptor, or what is told of it.
    pub text: String,
    /// Its brand.
    pub brand: Option<String>,
    /// Its first category.
    pub category: Option<String>,
    /// What is asked for it now.
    pub price: Option<Cents>,
    /// The reduced price.
    pub sale_price: Option<Cents>,
    /// Whether it can be bought, if it is said.
    pub available: Option<bool>,
    /// Its page.
    pub url: Option<String>,
    /// Its first picture.
    pub image: Option<String>,
    /// Labels as `type=value`, sorted, each after a line end.
    pub labels: Option<String>,
}

impl Listing {
    /// What is told of a product.
    pub fn of(product: &Value<'_>) -> Self {
        let title = first_text(product, &fields::NAME).unwrap_or_default();
        let brand = first_text(product, &fields::BRAND);
        let categories = categories(product);
        let sale_price = first_price(product, &fields::SALE_PRICE);
        let price = sale_price.or_else(|| first_price(product, &fields::PRICE));
        let mut listing = Self {
            title,
            text: String::new(),
            brand,
            category: categories.first().cloned(),
            price,
            sale_price,
            available: fields::AVAILABLE.iter().find_map(|key| availability(product.get(key)?)),
            url: first_text(product, &fields::PAGE),
            image: pictures(product).into_iter().next(),
            labels: labels(product),
        };
        listing.text = match product.get("descriptor").and_then(Value::as_text).map(|text| collapsed(&text)) {
            Some(descriptor) if !descriptor.is_empty() => cut(descriptor),
            _ => cut(listing.told(product, &categories)),
        };
        listing
    }

    /// What is told of a product without a descriptor: brand and name, description, categories, price, attributes, uses.
    fn told(&self, product: &Value<'_>, categories: &[String]) -> String {
        let name = collapsed(&self.title);
        let mut parts = vec![match &self.brand {
            Some(brand) if !name.to_lowercase().contains(&brand.to_lowercase()) => {
                format!("{} {name}", collapsed(brand))
            }
            _ => name,
        }];
        if let Some(description) = first_text(product, &fields::DESCRIPTION) {
            parts.push(first_words(&description, DESCRIPTION_WORDS));
        }
        if !categories.is_empty() {
            parts.push(format!("Category: {}.", categories.join(", ")));
        }
        if let Some(price) = self.price {
            parts.push(format!("Price: {:.2}.", price.amount()));
        }
        parts.extend(attributes(product));
        let uses = ["use_cases", "occasions", "perfect_for", "ideal_for", "suitable_for"];
        let uses: Vec<String> =
            uses.iter().flat_map(|key| product.get(key).map(texts).unwrap_or_default()).take(USES).collect();
        if !uses.is_empty() {
            parts.push(format!("For {}.", uses.join(", ")));
        }
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }

    /// The values that are written beside the words, as one text; none is left out, so that a missing one is told too.
    pub fn metadata_text(&self) -> String {
        let cents = |price: Option<Cents>| price.map(|cents| cents.0.to_string());
        let values = [
            ("title", Some(self.title.clone())),
            ("brand", self.brand.clone()),
            ("category", self.category.clone()),
            ("price", cents(self.price)),
            ("sale_price", cents(self.sale_price)),
            ("available", self.available.map(|value| value.to_string())),
            ("url", self.url.clone()),
            ("image", self.image.clone()),
            ("labels", self.labels.clone()),
        ];
        values.iter().fold(String::new(), |mut text, (name, value)| {
            let _ = match value {
                Some(value) => writeln!(text, "{name}={}:{value}", value.len()),
                None => writeln!(text, "{name}"),
            };
            text
        })
    }
}

/// The text with one space where there were several or line ends.
fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn first_words(text: &str, most: usize) -> String {
    let mut words = text.split_whitespace();
    let kept: Vec<&str> = words.by_ref().take(most).collect();
    kept.join(" ") + if words.next().is_some() { "…" } else { "" }
}

fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
    }
    text
}

/// The texts of a value: a text, a number, or a list of them.
fn texts(value: &Value<'_>) -> Vec<String> {
    match value {
        Value::Text(text) => vec![collapsed(&text.text())].into_iter().filter(|text| !text.is_empty()).collect(),
        Value::Number(text) => vec![text.to_string()],
        Value::List(items) => items.iter().flat_map(texts).collect(),
        Value::Map(_) => {
            ["name", "value", "label"].iter().find_map(|key| value.get(key)).map(texts).unwrap_or_default()
        }
        Value::Null | Value::Bool(_) => Vec::new(),
    }
}

fn first_text(product: &Value<'_>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| match product.get(key)? {
        Value::Text(text) => Some(text.text().trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(text) => Some(text.to_string()),
        value @ Value::Map(_) => texts(value).into_iter().next(),
        _ => None,
    })
}

fn first_price(product: &Value<'_>, keys: &[&str]) -> Option<Cents> {
    keys.iter().find_map(|key| cents_of(product.get(key)?).filter(|cents| cents.0 >= 0))
}

/// The trimmed categories: the items of a list; of a text its parts between commas, else slashes, else `>`.
fn categories(product: &Value<'_>) -> Vec<String> {
    let found = fields::CATEGORY.iter().filter_map(|key| product.get(key)).find(|value| value.is_truthy());
    match found {
        Some(Value::Text(text)) => {
            let text = text.text();
            let separator = [',', '/', '>'].into_iter().find(|separator| text.contains(*separator)).unwrap_or('\0');
            text.split(separator).map(collapsed).filter(|part| !part.is_empty()).collect()
        }
        Some(value) => texts(value),
        None => Vec::new(),
    }
}

/// Whether a value says that a product can be bought; `None` if it says neither.
fn availability(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(text) => text.parse::<f64>().ok().map(|number| number > 0.0),
        Value::Text(text) => {
            let text = text.text().to_lowercase().replace(['_', '-', ' '], "");
            let ends = |words: &[&str]| words.iter().any(|word| text.ends_with(word));
            if ends(&["outofstock", "soldout", "unavailable", "notavailable", "discontinued"])
                || ["false", "no", "0"].contains(&text.as_str())
            {
                Some(false)
            } else if ends(&["instock", "available", "preorder", "backorder"])
                || ["true", "yes", "1"].contains(&text.as_str())
            {
                Some(true)
            } else {
                None
            }
        }
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// The pictures of a product, in their order: those of the first field that has any.
pub fn pictures(product: &Value<'_>) -> Vec<String> {
    let of_field = |key: &&str| product.get(key).map(pictures_of).filter(|pictures| !pictures.is_empty());
    fields::IMAGES.iter().find_map(of_field).unwrap_or_default()
}

fn pictures_of(value: &Value<'_>) -> Vec<String> {
    match value {
        Value::Text(text) => Some(text.text().trim().to_owned()).filter(|text| !text.is_empty()).into_iter().collect(),
        Value::List(items) => items.iter().flat_map(pictures_of).collect(),
        Value::Map(_) => ["src", "url"].iter().find_map(|key| value.get(key)).map(pictures_of).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Up to five attributes: `colour red.`
fn attributes(product: &Value<'_>) -> Vec<String> {
    let plain = ["color", "colors", "size", "sizes", "material", "condition", "year", "model"];
    let mut told: Vec<String> = plain
        .iter()
        .filter_map(|key| Some((*key, product.get(key)?)))
        .map(|(key, value)| (key, texts(value)))
        .filter(|(_, values)| !values.is_empty())
        .map(|(key, values)| format!("{key} {}.", values.join(", ")))
        .collect();
    if let Some(Value::Map(entries)) = product.get("specifications") {
        let mut entries: Vec<(String, Vec<String>)> =
            entries.iter().map(|(key, value)| (key.text().into_owned(), texts(value))).collect();
        entries.sort();
        told.extend(
            entries.iter().filter(|(_, v)| !v.is_empty()).map(|(key, values)| format!("{key} {}.", values.join(", "))),
        );
    }
    told.truncate(ATTRIBUTES);
    told
}

fn labels(product: &Value<'_>) -> Option<String> {
    let Some(Value::Map(entries)) = product.get("product_labels") else { return None };
    let each = |(key, value): &(Text<'_>, Value<'_>)| {
        let key = key.text().into_owned();
        texts(value).into_iter().map(move |value| format!("{key}={}", value.to_lowercase())).collect::<Vec<_>>()
    };
    let labels: BTreeSet<String> = entries.iter().flat_map(each).collect();
    (!labels.is_empty()).then(|| labels.into_iter().collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{super::json::parse, *};

    fn listing(json: &str) -> Listing {
        Listing::of(&parse(json).unwrap())
    }

    #[test]
    fn the_common_fields_are_found_under_their_many_names() {
        let found = listing(
            r#"{"productName": "Tarmac  SL7", "vendor": "Specialized", "originalPrice": "$5,000.00", "sale_price": 4500,
                "categories": ["Road", "Race"], "imageUrls": [{"src": "a.jpg"}, "b.jpg"], "availability": "out_of_stock",
                "long_description": "Light\n race bike", "colors": [{"name": "red"}, "blue"], "use_cases": ["racing"],
                "product_labels": {"terrain": ["Road", "Gravel"], "fit": "Race"}}"#,
        );
        assert_eq!(found.title, "Tarmac  SL7");
        assert_eq!(
            found.text,
            "Specialized Tarmac SL7 Light race bike Category: Road, Race. Price: 4500.00. colors red, blue. For racing."
        );
        assert_eq!((found.price, found.sale_price), (Some(Cents(450_000)), Some(Cents(450_000))));
        assert_eq!((found.available, found.category.as_deref()), (Some(false), Some("Road")));
        assert_eq!(
            (found.image.as_deref(), found.labels.as_deref()),
            (Some("a.jpg"), Some("fit=race\nterrain=gravel\nterrain=road"))
        );
    }

    #[test]
    fn a_descriptor_is_the_text_and_what_is_not_said_stays_unsaid() {
        let found =
            listing(r#"{"title": "T", "descriptor": " A  bike ", "category": "Bikes > Road", "in_stock": true}"#);
        assert_eq!(
            (found.text.as_str(), found.category.as_deref(), found.available),
            ("A bike", Some("Bikes"), Some(true))
        );
        let bare = listing(r#"{"title": "T"}"#);
        assert_eq!((bare.text.as_str(), bare.available, bare.price), ("T", None, None));
        assert_ne!(found.metadata_text(), bare.metadata_text());
        assert_eq!(
            listing(&format!(r#"{{"title": "T", "descriptor": "{}"}}"#, "é".repeat(20_000))).text.len(),
            LONGEST
        );
        let long = listing(&format!(r#"{{"title": "T", "description": "{}"}}"#, "word ".repeat(101)));
        assert!(long.text.ends_with("word…"), "{}", long.text);
    }
}
