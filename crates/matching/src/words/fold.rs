//! One spelling of a text: without accents, in lower case, and no longer than a bound.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Bytes of a text that are looked at; what comes behind them is left out, so that one endless text costs no more than others.
pub const LONGEST_TEXT: usize = 4096;

/// Writes `text` to `out` in lower case, decomposed (NFKD) and without combining marks.
pub fn fold(text: &str, out: &mut String) {
    out.clear();
    let mut end = text.len().min(LONGEST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
    } else {
        out.extend(text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_cases_go() {
        let mut out = String::new();
        fold("Hermès ½ ＡＢ Straße", &mut out);
        assert_eq!(out, "hermes 1⁄2 ab straße");
        fold("PLAIN", &mut out);
        assert_eq!(out, "plain");
    }

    #[test]
    fn a_long_text_ends_between_two_letters() {
        let mut out = String::new();
        fold(&"é".repeat(LONGEST_TEXT), &mut out);
        assert_eq!(out.len(), LONGEST_TEXT / 2);
    }
}
