//! Words of a person and words of an index: the same rule for codes on both sides, and queries that FTS5 never refuses.

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

/// The parts of a query between white space that hold a letter or digit.
fn parts(query: &str) -> impl Iterator<Item = &str> {
    query.split_whitespace().filter(|part| part.chars().any(char::is_alphanumeric))
}

/// How many words of a query are looked for.
const MOST_PARTS: usize = 32;

/// How many of the words must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// All.
    All,
    /// Any.
    Any,
}

/// A query for FTS5 that it cannot misunderstand: each part quoted, or in its place its runs among the codes.
/// `None` for a query without a word.
pub fn match_words(query: &str, namespace: Option<&str>, needed: Needed) -> Option<String> {
    let each: Vec<String> = parts(query).take(MOST_PARTS).map(match_part).collect();
    if each.is_empty() {
        return None;
    }
    let words = each.join(if needed == Needed::All { " AND " } else { " OR " });
    Some(match namespace {
        Some(namespace) => format!("scope : \"{}\" AND ({words})", scope_word(namespace)),
        None => words,
    })
}

fn match_part(part: &str) -> String {
    let quoted = part.replace('"', "\"\"");
    let runs = runs(part);
    // A part without a token of its own finds nothing, and would take the other parts with it.
    format!("({{title text}} : \"{quoted}\" OR codes : \"{runs}\")")
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(match_words(" - \" ", None, Needed::All), None);
        assert_eq!(
            match_words("24\" AND", None, Needed::All).unwrap(),
            "({title text} : \"24\"\"\" OR codes : \"24\") AND ({title text} : \"AND\" OR codes : \"and\")"
        );
        let of_shop = match_words("x", Some("a"), Needed::Any).unwrap();
        assert!(of_shop.starts_with("scope : \"ns") && of_shop.ends_with(")"), "{of_shop}");
    }
}
