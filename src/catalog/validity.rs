//! What a product must have to be kept in step.

use super::{digest::cents_of, fields, json::Value};

/// Why a product is not used: it has no name, or a price that is none.
pub fn flaw(product: &Value<'_>) -> Option<String> {
    let has_name = |key: &str| match product.get(key) {
        Some(Value::Text(text)) => !text.text().trim().is_empty(),
        Some(Value::Number(_)) => true,
        _ => false,
    };
    if !fields::NAME.iter().any(|key| has_name(key)) {
        return Some("no name and no title".to_owned());
    }
    let Value::Map(entries) = product else { return None };
    entries.iter().find_map(|(key, value)| {
        let name = key.text();
        if !fields::is_price(&name) || is_blank(value) {
            return None;
        }
        match cents_of(value) {
            None => Some(format!("{name} is no price")),
            Some(cents) if cents.0 < 0 => Some(format!("{name} is negative")),
            Some(_) => None,
        }
    })
}

fn is_blank(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.text().trim().is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::json::parse, *};

    #[test]
    fn a_product_needs_a_name_and_no_price_that_is_none() {
        for (json, expected) in [
            (r#"{"name": "Tarmac", "price": "$5,000.00"}"#, None),
            (r#"{"title": "Tarmac", "price": null, "salePrice": " "}"#, None),
            (r#"{"product_name": "Tarmac", "price": {"amount": 5}}"#, None),
            (r#"{"name": " ", "price": 1}"#, Some("no name and no title")),
            (r#"{"name": "Tarmac", "price": "call us"}"#, Some("price is no price")),
            (r#"{"name": "Tarmac", "price": 1, "sale_price": -0.5}"#, Some("sale_price is negative")),
            (r#"{"name": "Tarmac", "price": NaN}"#, Some("price is no price")),
        ] {
            assert_eq!(flaw(&parse(json).unwrap()).as_deref(), expected, "{json}");
        }
    }
}
