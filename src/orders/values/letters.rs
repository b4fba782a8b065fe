//! Words without what is spelled in many ways: accents, cases, kinds of white space.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A text without accents, in one Unicode form; letters whose strokes and dots are no accents of Unicode lose them too.
pub fn bare(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let letters = text.chars().map(|c| if c == '°' { 'o' } else { c });
    let bare = letters.nfkd().filter(|c| !is_combining_mark(*c)).nfc();
    bare.map(|c| match c {
        'ı' => 'i',
        'ł' => 'l',
        'Ł' => 'L',
        'ø' => 'o',
        'Ø' => 'O',
        'đ' => 'd',
        'Đ' => 'D',
        c => c,
    })
    .collect()
}

/// A text in lower case without accents, white space as single spaces: as words are compared.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in bare(text).split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        // Lower case brings a dot of its own to the Turkish I.
        plain.extend(word.chars().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c)));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_the_same_with_and_without_accents_in_every_case() {
        for (text, expected) in [
            ("İPTAL EDİLDİ", "iptal edildi"),
            ("iptal  edildı ", "iptal edildi"),
            ("Número", "numero"),
            ("Nu\u{301}mero", "numero"),
            ("ÅR ZAMÓWIEŃ Łódź", "ar zamowien lodz"),
            ("Nº", "no"),
            ("N°", "no"),
            ("e-mail\u{a0}x", "e-mail x"),
            ("주문 번호", "주문 번호"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
