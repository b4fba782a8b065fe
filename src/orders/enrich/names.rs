//! Names of variants as order lines write them: `Title - Option / Option`.

use unicode_normalization::UnicodeNormalization;

/// A name as it is compared: one spelling of each letter, lower case, words parted by single spaces. Marks between title
/// and options are written in many ways and do not count.
pub fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.nfkc().flat_map(char::to_lowercase) {
        if !c.is_alphanumeric() && (c.is_whitespace() || "-–—/,|:;()[]·".contains(c)) {
            if !plain.is_empty() && !plain.ends_with(' ') {
                plain.push(' ');
            }
        } else {
            plain.push(c);
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// A title with what tells the variant, as it is compared.
pub fn full(title: &str, variant_title: Option<&str>) -> String {
    match variant_title {
        Some(variant) => plain(&format!("{title} {variant}")),
        None => plain(title),
    }
}

/// A name, as it is compared, without the words by which Shopify calls the only variant of a product: `Mug - Default Title`.
pub fn without_only_variant(plain: &str) -> Option<&str> {
    plain.strip_suffix(" default title")
}

/// Whether a name ends with these words, and has others before.
pub fn ends_with(name: &str, words: &str) -> bool {
    !words.is_empty() && name.strip_suffix(words).is_some_and(|before| before.ends_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_its_parts_are_joined() {
        for name in
            ["Hoodie - Blue / XL", "hoodie, blue, xl", "Hoodie (Blue, XL)", "HOODIE – Blue XL ", "Hoodie-Blue/XL"]
        {
            assert_eq!(plain(name), full("Hoodie", Some("Blue / XL")), "{name}");
        }
        assert_ne!(plain("Hoodie 2"), plain("Hoodie"));
        assert_eq!(plain("Ｃafe\u{301} №1"), plain("Café No1"));
        assert!(ends_with("boot 38", "38") && !ends_with("boot 138", "38") && !ends_with("38", "38"));
    }
}
