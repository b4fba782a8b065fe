//! The one form in which titles are compared, however a page or an export spells their characters.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// How often entities may have been escaped: `&amp;amp;eacute;` is read as `é`.
const ESCAPED: usize = 3;

/// A title with its HTML entities undone, in the Unicode normalization form NFKC (`ﬁ` is `fi`, `Ａ` is `A`), without characters
/// that cannot be seen, with one blank for any run of white space (no-break spaces are white space), and none around it.
/// Accents that stand alone (`´`), which NFKC would take apart into a blank and an accent, stay.
///
/// Case and punctuation stay.
pub fn plain_title(title: &str) -> Cow<'_, str> {
    let unescaped = if title.contains('&') { unescape(title) } else { Cow::Borrowed(title) };
    match is_plain(&unescaped) {
        true => unescaped,
        false => Cow::Owned(respelled(&unescaped)),
    }
}

fn unescape(title: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(title);
    for _ in 0..ESCAPED {
        let once = html_escape::decode_html_entities(text.as_ref()).into_owned();
        if once == text {
            break;
        }
        text = Cow::Owned(once);
    }
    text
}

fn is_plain(text: &str) -> bool {
    if text.is_ascii() {
        let blanks_alone = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        return blanks_alone && !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  ");
    }
    is_nfkc_quick(text.chars()) == IsNormalized::Yes
        && !text.contains("  ")
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.chars().any(|c| c != ' ' && is_blank(c) || is_unseen(c))
}

fn respelled(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut compatible = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_unseen(*c)) {
        let from = compatible.len();
        compatible.extend(std::iter::once(c).nfkd());
        if compatible[from..].starts_with(' ') && !is_blank(c) {
            compatible.truncate(from);
            compatible.push(c);
        }
    }
    for c in compatible.nfc() {
        match is_blank(c) {
            false => plain.push(c),
            true if plain.is_empty() || plain.ends_with(' ') => {}
            true => plain.push(' '),
        }
    }
    plain.truncate(plain.trim_end_matches(' ').len());
    plain
}

/// White space, and the separators that Python's `str.strip` takes for it.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Characters that only steer how a text is set: soft hyphens, zero-width blanks, marks of direction; and control characters.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || c.is_control() && !is_blank(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_title_spelled_in_many_ways_is_one_title() {
        let plain = "Café Crème Mug & Saucer";
        for spelled in [
            "Cafe\u{301} Cre\u{300}me Mug & Saucer",
            "Café\u{a0}Crème\u{202f}Mug & Saucer",
            "Caf&eacute; Cr&egrave;me&nbsp;Mug &amp; Saucer",
            "Caf&#233; Cr&#xE8;me Mug &amp;amp; Saucer",
            "Caf&amp;eacute; Crème Mug & Saucer&nbsp;",
            "  Café\tCrème \r\n Mug & Saucer ",
            "\u{feff}Café Crè\u{ad}me Mug\u{200b} & Saucer",
            "Ｃａｆｅ\u{301} Crème\u{3000}Mug ＆ Saucer",
        ] {
            assert_eq!(plain_title(spelled), plain, "{spelled:?}");
        }
    }

    #[test]
    fn what_only_looks_like_an_entity_stays() {
        for title in [
            "Women´s Tee",
            "AT&T",
            "R&D; Notes",
            "H&M Dress",
            "Salt & Pepper",
            "&;",
            "&unknown;",
            "Tom &copy Jerry",
            "",
        ] {
            assert_eq!(plain_title(title), title);
        }
    }

    #[test]
    fn a_title_that_is_plain_is_not_copied() {
        for title in ["Floral Midi Dress", "Robe d'été", "夏のワンピース", "Straße"] {
            assert!(matches!(plain_title(title), Cow::Borrowed(same) if same == title));
        }
    }

    proptest! {
        #[test]
        fn a_plain_title_stays_as_it_is(title in "([a-cé´ﬁＡ ]|e\u{301}|\u{a0}|\u{ad}|\t|&amp;|&nbsp;|&|;|\u{1d}){0,12}") {
            let once = plain_title(&title).into_owned();
            prop_assert_eq!(plain_title(&once).into_owned(), once.clone());
            prop_assert!(!once.contains("  ") && !once.starts_with(' ') && !once.ends_with(' '));
        }
    }
}
