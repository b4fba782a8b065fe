//! Titles as words: numbers in one form, quantities with their unit, roman numerals, singular.

/// What a word is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters alone.
    Word,
    /// A number in its one form: `40`, `13.5`.
    Number,
    /// A number with its unit: `13.5in`.
    Quantity,
    /// Letters and digits that are no quantity: `kdl40v3000`.
    Mixed,
}

/// How units are written, and their one form.
const UNITS: &[(&str, &str)] = &[
    ("amp", "a"),
    ("amps", "a"),
    ("bit", "bit"),
    ("btu", "btu"),
    ("c", "c"),
    ("cd", "cd"),
    ("cds", "cd"),
    ("ch", "ch"),
    ("channel", "ch"),
    ("cl", "cl"),
    ("cm", "cm"),
    ("count", "ct"),
    ("ct", "ct"),
    ("db", "db"),
    ("disc", "disc"),
    ("discs", "disc"),
    ("dpi", "dpi"),
    ("feet", "ft"),
    ("foot", "ft"),
    ("ft", "ft"),
    ("g", "g"),
    ("gal", "gal"),
    ("gallon", "gal"),
    ("gallons", "gal"),
    ("gb", "gb"),
    ("ghz", "ghz"),
    ("gram", "g"),
    ("grams", "g"),
    ("hour", "hr"),
    ("hours", "hr"),
    ("hr", "hr"),
    ("hz", "hz"),
    ("in", "in"),
    ("inch", "in"),
    ("inches", "in"),
    ("kb", "kb"),
    ("kg", "kg"),
    ("khz", "khz"),
    ("kw", "kw"),
    ("l", "l"),
    ("lb", "lb"),
    ("lbs", "lb"),
    ("liter", "l"),
    ("liters", "l"),
    ("litre", "l"),
    ("m", "m"),
    ("mah", "mah"),
    ("mb", "mb"),
    ("mbps", "mbps"),
    ("meg", "mb"),
    ("megapixel", "mp"),
    ("megapixels", "mp"),
    ("meter", "m"),
    ("meters", "m"),
    ("mg", "mg"),
    ("mhz", "mhz"),
    ("ml", "ml"),
    ("mm", "mm"),
    ("mp", "mp"),
    ("ounce", "oz"),
    ("ounces", "oz"),
    ("oz", "oz"),
    ("p", "p"),
    ("pack", "pk"),
    ("packs", "pk"),
    ("page", "page"),
    ("pages", "page"),
    ("pc", "pc"),
    ("pcs", "pc"),
    ("piece", "pc"),
    ("pieces", "pc"),
    ("pin", "pin"),
    ("pk", "pk"),
    ("port", "port"),
    ("ports", "port"),
    ("pound", "lb"),
    ("pounds", "lb"),
    ("ppm", "ppm"),
    ("qt", "qt"),
    ("quart", "qt"),
    ("rpm", "rpm"),
    ("sheet", "sheet"),
    ("sheets", "sheet"),
    ("tb", "tb"),
    ("user", "user"),
    ("users", "user"),
    ("v", "v"),
    ("volt", "v"),
    ("volts", "v"),
    ("w", "w"),
    ("watt", "w"),
    ("watts", "w"),
    ("x", "x"),
    ("yd", "yd"),
    ("year", "yr"),
    ("years", "yr"),
    ("yr", "yr"),
];

fn unit(word: &str) -> Option<&'static str> {
    UNITS.binary_search_by(|(written, _)| (*written).cmp(word)).ok().map(|at| UNITS[at].1)
}

fn roman(word: &str) -> Option<&'static str> {
    Some(match word {
        "ii" => "2",
        "iii" => "3",
        "iv" => "4",
        "vi" => "6",
        "vii" => "7",
        "viii" => "8",
        "ix" => "9",
        "xi" => "11",
        "xii" => "12",
        _ => return None,
    })
}

/// The kind of a word in its one form.
pub fn kind(word: &str) -> Kind {
    let digits = word.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    if digits == word.len() {
        Kind::Number
    } else if digits == 0 && !word.bytes().any(|b| b.is_ascii_digit()) {
        Kind::Word
    } else if digits > 0 && UNITS.iter().any(|(_, one)| *one == &word[digits..]) {
        Kind::Quantity
    } else {
        Kind::Mixed
    }
}

/// A number without leading zeros and without zeros behind the point.
fn number(digits: &str) -> &str {
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    let short = digits.trim_start_matches('0');
    if short.is_empty() || short.starts_with('.') { &digits[digits.len() - short.len() - 1..] } else { short }
}

fn singular(word: &str) -> &str {
    let plural = word.len() >= 4 && word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    if plural { &word[..word.len() - 1] } else { word }
}

/// A run of letters and digits of a folded text, with thousands commas taken out, and what stands right behind it.
struct Run<'a> {
    text: &'a str,
    inches: bool,
    /// Whether only a space or a hyphen is between this run and the one before.
    near: bool,
}

fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at;
        let start = text[at..].char_indices().find(|(_, c)| c.is_alphanumeric()).map(|(skip, _)| at + skip)?;
        let mut end = start;
        let mut numeric = true;
        for (offset, c) in text[start..].char_indices() {
            let here = start + offset;
            let digit_behind = bytes.get(here + 1).is_some_and(u8::is_ascii_digit);
            if c.is_alphanumeric() {
                numeric &= c.is_ascii_digit();
            } else if !(numeric
                && digit_behind
                && here > start
                && (c == '.' || c == ',' && thousands(&bytes[here + 1..])))
            {
                break;
            }
            end = here + c.len_utf8();
        }
        at = end;
        let behind = &text[end..];
        let inches = numeric && (behind.starts_with('"') || behind.starts_with("''") || behind.starts_with('”'));
        let between = &text[from..start];
        Some(Run { text: &text[start..end], inches, near: from > 0 && matches!(between, "" | " " | "-") })
    })
}

fn thousands(behind: &[u8]) -> bool {
    behind.len() >= 3 && behind[..3].iter().all(u8::is_ascii_digit) && !behind.get(3).is_some_and(u8::is_ascii_digit)
}

/// Hands each word of a folded text to `each`, in order; at most `most` of them. A quantity comes after its number.
pub fn tokens(folded: &str, most: usize, mut each: impl FnMut(&str)) {
    let mut last_number = String::new();
    let mut joined = String::new();
    for run in runs(folded).take(most) {
        let plain;
        let text = if run.text.contains(',') {
            plain = run.text.replace(',', "");
            &plain
        } else {
            run.text
        };
        let digits = text.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (digits, letters) = text.split_at(digits);
        let before = std::mem::take(&mut last_number);
        let mut quantity = |number: &str, unit: &str, each: &mut dyn FnMut(&str)| {
            joined.clear();
            joined.push_str(number);
            joined.push_str(unit);
            each(&joined);
        };
        if letters.is_empty() && digits.matches('.').count() < 2 {
            let number = number(digits);
            each(number);
            if run.inches {
                quantity(number, "in", &mut each);
            } else {
                last_number.push_str(number);
            }
        } else if digits.is_empty() {
            match unit(letters) {
                Some(unit) if run.near && !before.is_empty() => quantity(&before, unit, &mut each),
                _ => each(roman(letters).unwrap_or_else(|| singular(letters))),
            }
        } else if let Some(unit) = unit(letters).filter(|_| digits.matches('.').count() < 2) {
            let number = number(digits);
            each(number);
            quantity(number, unit, &mut each);
        } else {
            each(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut out = Vec::new();
        tokens(text, 100, |word| out.push(word.to_owned()));
        out
    }

    #[test]
    fn the_table_of_units_is_sorted() {
        assert!(UNITS.is_sorted());
    }

    #[test]
    fn quantities_have_one_form_however_they_are_written() {
        for text in ["13.5\" screen", "13.50 inch screen", "13.5-inches screens", "13.5'' screen", "13.5in screen"] {
            assert_eq!(words(text), ["13.5", "13.5in", "screen"], "{text}");
        }
        assert_eq!(words("8,000 btu"), ["8000", "8000btu"]);
        assert_eq!(words("1,50"), ["1", "50"]);
        assert_eq!(words("007 0.50 00"), ["7", "0.5", "0"]);
    }

    #[test]
    fn words_lose_their_plural_and_codes_stay() {
        assert_eq!(words("cameras glass mark iii kdl40v3000 in"), ["camera", "glass", "mark", "3", "kdl40v3000", "in"]);
        assert_eq!(words("speakers/white v1.2.3"), ["speaker", "white", "v1", "2.3"]);
    }

    #[test]
    fn kinds_are_told_by_the_form() {
        assert_eq!(
            ["camera", "13.5", "13.5in", "kdl40", "40xyz"].map(kind),
            [Kind::Word, Kind::Number, Kind::Quantity, Kind::Mixed, Kind::Mixed]
        );
    }
}
