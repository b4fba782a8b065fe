//! What tells a variant from others of its product, as programs write it: `S / Red`, `Size: S, Color: Red`, `[Size:S]`.

use std::borrow::Cow;

/// The values alone of options that are written with their names.
pub fn without_labels(text: &str) -> Cow<'_, str> {
    if !text.contains([':', '=']) {
        return Cow::Borrowed(text);
    }
    let inner = text.trim().trim_start_matches(['[', '(']).trim_end_matches([']', ')']);
    let value = |part: &str| -> Option<String> {
        let (label, value) = part.split_once([':', '='])?;
        let is_label = label.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "-_'".contains(c));
        (is_label && !label.trim().is_empty() && !value.trim().is_empty()).then(|| value.trim().to_owned())
    };
    let parts = inner.split([',', ';', '|', '\n']).filter(|part| !part.trim().is_empty());
    match parts.map(value).collect::<Option<Vec<String>>>() {
        Some(values) if !values.is_empty() => Cow::Owned(values.join(" / ")),
        _ => Cow::Borrowed(text),
    }
}

/// A line's name with what tells its variant, unless it says that already.
pub fn with_variant(name: &str, variant: &str) -> String {
    let variant = without_labels(variant.trim());
    let says = |words: &str| name.to_lowercase().ends_with(&words.to_lowercase());
    if variant.is_empty()
        || says(&variant)
        || ["default title", "default", "regular", "standard", "-"].contains(&&*variant.to_lowercase())
    {
        return name.to_owned();
    }
    format!("{name} - {variant}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_lose_their_labels_and_nothing_else() {
        for (text, expected) in [
            ("S / Red", "S / Red"),
            ("Size: S", "S"),
            ("Size:Small,Color:Red", "Small / Red"),
            ("[Größe:S]", "S"),
            ("Ratio 1:2, large", "Ratio 1:2, large"),
            ("Size: ", "Size: "),
        ] {
            assert_eq!(without_labels(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_has_its_variant_once() {
        assert_eq!(with_variant("Mug", "Size: S"), "Mug - S");
        assert_eq!(with_variant("Mug - S", "s"), "Mug - S");
        assert_eq!(with_variant("Mug", "Default Title"), "Mug");
        assert_eq!(with_variant("Mug", ""), "Mug");
    }
}
