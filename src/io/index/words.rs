//! Words of a person and words of an index: the same rule for codes on both sides, and queries that FTS5 never refuses.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A text as runs of letters and runs of digits, lower case, one space between: `AB-1234/56` and `ab 1234 56` are
/// `ab 1234 56`, and so are `AB1234 56`.
pub fn runs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = Run::None;
    for character in text.chars() {
        let run = match character {
            character if character.is_numeric() => Run::Digits,
            character if character.is_alphanumeric() => Run::Letters,
            _ => Run::None,
        };
        if run != Run::None {
            if run != last && !out.is_empty() {
                out.push(' ');
            }
            out.extend(character.to_lowercase());
        }
        last = run;
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    None,
    Letters,
    Digits,
}

/// The word that stands for a namespace in the index, so that a query of one need not look at the words of others.
pub fn scope_word(namespace: &str) -> String {
    let hash = blake3::hash(namespace.as_bytes()).to_hex();
    format!("ns{}", hash.get(..16).unwrap_or_default())
}

/// How many words of a query are looked for.
const MOST_PARTS: usize = 32;

/// The parts of a query between white space that hold a letter or digit.
pub fn parts(query: &str) -> impl Iterator<Item = &str> {
    let words = query.split_whitespace().filter(|part| part.chars().any(char::is_alphanumeric));
    words.take(MOST_PARTS)
}

/// The words of a text as FTS5 has them: lower case, without accents.
pub fn plain_words(text: &str) -> Vec<String> {
    let plain: String = text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase).collect();
    let words = plain.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(ToOwned::to_owned).collect()
}

/// How many of the words must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// All.
    All,
    /// Any.
    Any,
}

/// A query for FTS5 that it cannot misunderstand: each part quoted, or in its place its runs among the codes, or words
/// that stand `instead` of it. `None` for a query without a word.
pub fn match_words<'a>(
    query: &str,
    namespace: Option<&str>,
    needed: Needed,
    instead: impl Fn(&str) -> &'a [String],
) -> Option<String> {
    let part = |part| match instead(part) {
        [] => match_part(part),
        mends => {
            let mends: Vec<String> = mends.iter().map(|words| match_phrase(words)).collect();
            format!("({} OR {})", match_part(part), mends.join(" OR "))
        }
    };
    let each: Vec<String> = parts(query).map(part).collect();
    if each.is_empty() {
        return None;
    }
    let words = each.join(if needed == Needed::All { " AND " } else { " OR " });
    Some(scoped(&words, namespace))
}

/// A query among the products of a namespace.
pub fn scoped(query: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("scope : \"{}\" AND ({query})", scope_word(namespace)),
        None => query.to_owned(),
    }
}

/// A query for one part of a person's.
pub fn match_part(part: &str) -> String {
    // A part without a token of its own finds nothing, and would take the other parts with it.
    format!("({} OR codes : \"{}\")", match_phrase(part), runs(part))
}

/// A query for words side by side in titles and texts.
pub fn match_phrase(words: &str) -> String {
    format!("{{title text}} : \"{}\"", words.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    static MENDS: std::sync::LazyLock<[String; 1]> = std::sync::LazyLock::new(|| ["y z".to_owned()]);

    #[test]
    fn codes_are_the_same_however_they_are_punctuated() {
        for (text, expected) in [
            ("AB-1234/56", "ab 1234 56"),
            ("ab1234 56", "ab 1234 56"),
            ("USB-C", "usb c"),
            ("M8x1.25", "m 8 x 1 25"),
            ("24\"", "24"),
            ("Café №5", "café 5"),
            ("--", ""),
        ] {
            assert_eq!(runs(text), expected, "{text}");
        }
    }

    #[test]
    fn parts_without_a_letter_or_digit_are_left_out_and_the_others_are_quoted() {
        let none = |_: &str| -> &[String] { &[] };
        assert_eq!(match_words(" - \" ", None, Needed::All, none), None);
        assert_eq!(
            match_words("24\" AND", None, Needed::All, none).unwrap(),
            "({title text} : \"24\"\"\" OR codes : \"24\") AND ({title text} : \"AND\" OR codes : \"and\")"
        );
        let of_shop = match_words("x", Some("a"), Needed::Any, none).unwrap();
        assert!(of_shop.starts_with("scope : \"ns") && of_shop.ends_with(")"), "{of_shop}");
        let mended = match_words("x\"", None, Needed::All, |_| MENDS.as_slice()).unwrap();
        assert_eq!(mended, "(({title text} : \"x\"\"\" OR codes : \"x\") OR {title text} : \"y z\")");
    }
}
