//! The id of a product: one rule for finding it, wherever it is needed.

use super::json::{Value, md5_hex};

/// The longest id in bytes.
const LONGEST: usize = 512;

/// Why a product has no id that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoId {
    /// No field has one.
    Missing,
    /// It has more than 512 bytes.
    TooLong,
    /// It has a control character.
    ControlCharacter,
    /// It is no object.
    NoProduct,
}

impl NoId {
    /// The reason as it stands in the quarantine.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Missing => "no id",
            Self::TooLong => "id longer than 512 bytes",
            Self::ControlCharacter => "id with a control character",
            Self::NoProduct => "no object",
        }
    }
}

/// The id in the first of `fields` that has one; else the first 12 digits of the MD5 of brand and name, or title.
///
/// # Errors
/// When there is none, or it cannot be used.
pub fn product_id(product: &Value<'_>, fields: &[String]) -> Result<String, NoId> {
    if !matches!(product, Value::Map(_)) {
        return Err(NoId::NoProduct);
    }
    let found = fields.iter().find_map(|field| id_text(product.get(field)?));
    let id = match found {
        Some(id) => id,
        None => made_of_name(product).ok_or(NoId::Missing)?,
    };
    checked(&id).map(|()| id)
}

/// Refuses an id that an index could not keep.
///
/// # Errors
/// When it is too long or has a control character.
pub fn checked(id: &str) -> Result<(), NoId> {
    if id.len() > LONGEST {
        return Err(NoId::TooLong);
    }
    if id.chars().any(char::is_control) {
        return Err(NoId::ControlCharacter);
    }
    Ok(())
}

/// A text that is not blank, or a number by its digits. Truth values, lists and objects are no ids.
fn id_text(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.text().into_owned()).filter(|text| !text.trim().is_empty()),
        Value::Number(text) => Some(text.to_string()),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => None,
    }
}

fn made_of_name(product: &Value<'_>) -> Option<String> {
    let name =
        ["name", "title"].iter().find_map(|key| product.get(key)?.as_text().filter(|name| !name.trim().is_empty()))?;
    let brand = product.get("brand").and_then(Value::as_text).unwrap_or_default();
    let mut digits = md5_hex(&format!("{brand}:{name}"));
    digits.truncate(12);
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{fields, json::parse},
        *,
    };

    fn id(json: &str) -> Result<String, NoId> {
        product_id(&parse(json).unwrap(), &fields::ID.map(ToOwned::to_owned))
    }

    #[test]
    fn the_first_field_that_has_an_id_gives_it() {
        for (json, expected) in [
            (r#"{"id": 7}"#, "7"),
            (r#"{"id": 0}"#, "0"),
            (r#"{"id": 7.0}"#, "7.0"),
            (r#"{"id": "", "productId": " ", "product_id": null, "sku": "S-1"}"#, "S-1"),
            (r#"{"id": true, "item_id": [1], "_id": "x"}"#, "x"),
            (r#"{"brand": "Specialized", "name": "Tarmac"}"#, "89dbeb1ee5ab"),
            (r#"{"id": null, "name": "Tarmac"}"#, "cab9c2cd3364"),
            (r#"{"title": "Tarmac"}"#, "cab9c2cd3364"),
        ] {
            assert_eq!(id(json).as_deref(), Ok(expected), "{json}");
        }
        assert_eq!(id(r#"{"price": 1}"#), Err(NoId::Missing));
        assert_eq!(id("7"), Err(NoId::NoProduct));
        assert_eq!(id(r#"{"id": "a\u0007"}"#), Err(NoId::ControlCharacter));
        assert_eq!(id(&format!(r#"{{"id": "{}"}}"#, "x".repeat(600))), Err(NoId::TooLong));
    }
}
