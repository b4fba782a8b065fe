//! Cells into money in cents and whole numbers, as shops of all countries write them; no floats for money. Cents are
//! hundredths of the currency's unit whatever its own smallest coin is.

use std::borrow::Cow;

use crate::orders::values::{
    currencies::{self, Digits},
    doubt::{Decimal, Signs, Spelled, if_sure, number},
};

/// A number as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Empty or NULL.
    None,
    /// No number.
    Bad,
    /// Its value.
    Value(Spelled),
}

impl From<Option<Spelled>> for Number {
    fn from(value: Option<Spelled>) -> Self {
        value.map_or(Self::Bad, Self::Value)
    }
}

/// Reads an amount of money as cents, rounded half away from zero. A currency's sign or code and what parts thousands
/// are taken off.
pub fn money(text: &[u8]) -> Number {
    if is_null(text) {
        return Number::None;
    }
    plain_money(text).or_else(|| spelled(text, true)).into()
}

/// Reads a whole number; what follows the decimal mark is cut off.
pub fn integer(text: &[u8]) -> Number {
    if is_null(text) {
        return Number::None;
    }
    if text.len() <= 15
        && let Some(value) = text.iter().try_fold(0_i64, |value, byte| Some(value * 10 + i64::from(digit(*byte)?)))
    {
        return Number::Value(Spelled::sure(value));
    }
    spelled(text, false).or_else(|| float(text)).into()
}

/// A float as a cell that has one reading: the shortest decimal that means the same float, never with three digits alone
/// behind its point.
pub fn written(value: impl std::fmt::Display, out: &mut String) {
    use std::fmt::Write;
    let start = out.len();
    // A `String` takes all that is written.
    let _ = write!(out, "{value}");
    if out.get(start..).and_then(|text| text.split_once('.')).is_some_and(|(_, fraction)| fraction.len() == 3) {
        out.push('0');
    }
}

fn is_null(text: &[u8]) -> bool {
    text.is_empty() || text.eq_ignore_ascii_case(b"null")
}

/// Digits, and perhaps a point and two more.
#[inline]
fn plain_money(text: &[u8]) -> Option<Spelled> {
    let (whole, fraction) = match text {
        [whole @ .., b'.', a, b] => (whole, Some((*a, *b))),
        whole => (whole, None),
    };
    if whole.is_empty() || whole.len() > 15 {
        return None;
    }
    let mut value = 0_i64;
    for byte in whole {
        value = value * 10 + i64::from(digit(*byte)?);
    }
    Some(match fraction {
        Some((a, b)) => Spelled {
            stored: Spelled::sure(value * 100 + i64::from(digit(a)?) * 10 + i64::from(digit(b)?)).stored,
            signs: Signs::POINT,
        },
        None => Spelled::sure(value * 100),
    })
}

#[inline]
fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

/// A number with a sign, a currency, and marks between and behind its digits.
fn spelled(text: &[u8], is_money: bool) -> Option<Spelled> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let (in_brackets, text) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (true, inner.trim()),
        None => (false, text),
    };
    let (minus_first, rest) = signed(text);
    let (rest, currency) = if is_money { currencies::without_sign(rest) } else { (rest, Digits::Unknown) };
    let (minus_inside, rest) = signed(rest);
    let (minus_last, rest) = match rest.strip_suffix(['-', '\u{2212}']) {
        Some(rest) if rest.ends_with(|c: char| c.is_ascii_digit()) => (true, Cow::Borrowed(rest)),
        _ => (false, without_dash(rest)),
    };
    let minuses = [in_brackets, minus_first, minus_inside, minus_last];
    if minuses.iter().filter(|minus| **minus).count() > 1 {
        return None;
    }
    let found = unsigned(&rest, is_money, currency)?;
    if minuses.contains(&true) { Some(negated(found)) } else { Some(found) }
}

fn negated(found: Spelled) -> Spelled {
    let code = found.stored & 3;
    Spelled { stored: -(found.stored - code) | code, ..found }
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-').or_else(|| text.strip_prefix('\u{2212}')) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text).trim_start()),
    }
}

/// Two noughts for the dash that stands for no cents: `49,-`, `49.–`.
fn without_dash(text: &str) -> Cow<'_, str> {
    let rest = text.trim_end_matches(['-', '\u{2013}', '\u{2014}']);
    if rest.len() < text.len() && rest.ends_with([',', '.']) {
        Cow::Owned(format!("{rest}00"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Digits with marks among them.
fn unsigned(text: &str, is_money: bool, currency: Digits) -> Option<Spelled> {
    let mut marks = text.char_indices().filter(|(_, c)| matches!(c, '.' | ','));
    let (last, decimal) = match (marks.next(), marks.next_back()) {
        (None, _) => return value(text, "", is_money, Signs::NONE),
        (Some(only), None) => return with_one_mark(text, only, is_money, currency),
        (Some(_), Some(last)) => last,
    };
    let (whole, fraction) = (text.get(..last)?, text.get(last + 1..)?);
    if whole.contains(decimal) {
        // All are the same mark, which parts thousands.
        let other = if decimal == '.' { Signs::COMMA } else { Signs::POINT };
        let is_same = text.chars().all(|c| c == decimal || !matches!(c, '.' | ','));
        return if is_same { value(&grouped(text, decimal)?, "", is_money, other) } else { None };
    }
    let thousands = if decimal == '.' { ',' } else { '.' };
    value(&grouped(whole, thousands)?, fraction, is_money, sign_of(decimal))
}

fn sign_of(decimal: char) -> Signs {
    if decimal == ',' { Signs::COMMA } else { Signs::POINT }
}

/// A number with one point or comma: three digits behind it may be thousands.
fn with_one_mark(text: &str, (at, mark): (usize, char), is_money: bool, currency: Digits) -> Option<Spelled> {
    let (whole, fraction) = (text.get(..at)?, text.get(at + 1..)?);
    let is_group = fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    if !is_group || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        let shows = if fraction.is_empty() { Signs::NONE } else { sign_of(mark) };
        return value(whole, fraction, is_money, shows);
    }
    let digits = if_sure(value(&[whole, fraction].concat(), "", false, Signs::NONE)?.stored)?;
    let either = Spelled::either_number(digits, mark == ',');
    let by_currency = match currency {
        Digits::Unknown | Digits::Two => return Some(either),
        Digits::None => Decimal::Thousands,
        Digits::Three => Decimal::Fraction,
    };
    Some(Spelled::sure(number(either.stored, is_money, by_currency)))
}

/// Whole digits, which spaces or apostrophes may part into thousands, and those of a fraction.
fn value(whole: &str, fraction: &str, is_money: bool, signs: Signs) -> Option<Spelled> {
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let parted = whole.chars().find(|c| is_thin_mark(*c));
    let whole = match parted {
        Some(mark) => &grouped(whole, mark)?,
        None => whole,
    };
    let mut value = 0_i64;
    for byte in whole.bytes() {
        value = value.checked_mul(10)?.checked_add(i64::from(digit(byte)?))?;
    }
    let mut digits = [0_i64; 3];
    for (place, byte) in fraction.bytes().enumerate() {
        let digit = i64::from(digit(byte)?);
        if let Some(slot) = digits.get_mut(place) {
            *slot = digit;
        }
    }
    let [tenths, hundredths, next] = digits;
    let value = match is_money {
        true => value.checked_mul(100)?.checked_add(tenths * 10 + hundredths + i64::from(next >= 5))?,
        false => value,
    };
    (value < 1_000_000_000_000_000_000).then_some(Spelled { signs, ..Spelled::sure(value) })
}

/// Spaces of any width and apostrophes, which part thousands and nothing else.
fn is_thin_mark(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\'' | '\u{2019}' | '`' | '\u{2BC}')
}

/// Digits without the marks between thousands. In India only the last three are a thousand, the others are hundreds.
fn grouped(text: &str, mark: char) -> Option<String> {
    let groups: Vec<&str> = text.split(mark).collect();
    let (first, rest) = groups.split_first()?;
    if rest.is_empty() {
        return Some(text.to_owned());
    }
    let last = rest.last()?;
    let between = rest.get(..rest.len() - 1)?;
    let all = |length: usize| between.iter().all(|group| group.len() == length);
    let is_sound = (1..=3).contains(&first.len()) && last.len() == 3 && (all(3) || (mark == ',' && all(2)));
    is_sound.then(|| groups.concat())
}

/// What programs write for whole numbers that went through floats: `1e2`.
fn float(text: &[u8]) -> Option<Spelled> {
    let value = std::str::from_utf8(text).ok()?.parse::<f64>().ok()?;
    (value.abs() < 9_007_199_254_740_992.0).then_some(Spelled::sure(value.trunc() as i64))
}

/// Reads a truth value.
pub fn boolean(text: &[u8]) -> Option<bool> {
    let is_one_of = |words: [&[u8]; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of([b"true", b"1", b"yes", b"y", b"on"]) {
        return Some(true);
    }
    is_one_of([b"false", b"0", b"no", b"n", b"off"]).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::values::doubt::{Decimal, number};

    /// The cents or whole number of a cell of which three digits behind a mark are this.
    fn value(of: impl Fn(&[u8]) -> Number, text: &str, is_money: bool, decimal: Decimal) -> Option<i64> {
        match of(text.as_bytes()) {
            Number::Value(value) => Some(number(value.stored, is_money, decimal)),
            Number::None | Number::Bad => None,
        }
    }

    fn signs(text: &str) -> Signs {
        match money(text.as_bytes()) {
            Number::Value(value) => value.signs,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn money_is_exact_and_rounds_half_away_from_zero() {
        for (text, cents) in [
            ("38.64", 3864),
            ("0", 0),
            ("12", 1200),
            ("12.5", 1250),
            (".5", 50),
            ("5.", 500),
            ("1.005", 101),
            ("1.0049", 100),
            ("1.004999", 100),
            ("-1.005", -101),
            ("$1,234.50", 123_450),
            ("-$3", -300),
            ("$-3", -300),
            ("€ 9.99", 999),
            ("9.99 €", 999),
            ("1,234,567.891", 123_456_789),
            ("+7", 700),
            ("0.995", 100),
            ("R$ 10", 1000),
            ("NZ$ 5", 500),
            ("HK$5.25", 525),
            ("S$ 5", 500),
            ("5 US$", 500),
            ("USD 5", 500),
            ("5.00 EUR", 500),
            ("CHF 1,234.50", 123_450),
            ("-5.00 EUR", -500),
            ("EUR -5", -500),
            ("$5.00 USD", 500),
            ("10 zł", 1000),
            ("10\u{A0}Kč", 1000),
            ("₦1,000", 100_000),
            ("R 12.50", 1250),
            ("90071992547409.93", 9_007_199_254_740_993),
        ] {
            assert_eq!(value(money, text, true, Decimal::Point), Some(cents), "{text}");
        }
        for text in [
            "abc",
            "USD",
            "EUR USD",
            "5 PCS",
            "5 usd 5",
            "1e3",
            "1.2.3",
            "--1",
            "-5-",
            "(-5)",
            "$",
            ",",
            "1,,234",
            "12 34",
            "1.23,456,789",
            "1,23.45.678",
            "1 2345",
            "1234,567,890",
            "nan",
            "99999999999999999999",
        ] {
            assert_eq!(money(text.as_bytes()), Number::Bad, "{text}");
        }
        for text in ["", "NULL", "null"] {
            assert_eq!(money(text.as_bytes()), Number::None, "{text}");
        }
    }

    #[test]
    fn money_is_read_as_shops_of_all_countries_write_it() {
        for (text, cents) in [
            ("49,90", 4990),
            ("7,99€", 799),
            ("1.299,00 €", 129_900),
            ("12.345.678,9", 1_234_567_890),
            ("1.234.567", 123_456_700),
            ("1 299,00", 129_900),
            ("1\u{A0}299,00 Kč", 129_900),
            ("1\u{202F}234\u{202F}567,5", 123_456_750),
            ("1'299.50", 129_950),
            ("CHF 1\u{2019}299.50", 129_950),
            ("12,34,567.50", 123_456_750),
            ("49,-", 4900),
            ("49.\u{2013}", 4900),
            ("1.299,\u{2014}", 129_900),
            ("12,50-", -1250),
            ("(12,50)", -1250),
            ("($1,234.50)", -123_450),
            ("\u{2212}7,5 zł", -750),
            ("0,995", 100),
            ("1234,567", 123_457),
        ] {
            assert_eq!(value(money, text, true, Decimal::Fraction), Some(cents), "{text}");
        }
    }

    #[test]
    fn three_digits_behind_the_only_mark_are_what_the_column_says() {
        let read = |text: &str| {
            [Decimal::Point, Decimal::Comma, Decimal::Thousands].map(|decimal| value(money, text, true, decimal))
        };
        assert_eq!(read("$12.990"), [Some(1299), Some(1_299_000), Some(1_299_000)]);
        assert_eq!(read("-12,990"), [Some(-1_299_000), Some(-1299), Some(-1_299_000)]);
        assert_eq!(read("12.990 CLP"), [Some(1_299_000); 3], "the currency has no cents");
        assert_eq!(read("KWD 12.995"), [Some(1300); 3], "the currency has thousandths");
        let whole = |text: &str, decimal| value(integer, text, false, decimal);
        assert_eq!([whole("1.000", Decimal::Point), whole("1.000", Decimal::Comma)], [Some(1), Some(1000)]);
    }

    #[test]
    fn a_number_shows_the_decimal_mark_of_its_column_where_it_is_sure() {
        for text in ["12.50", "0.125", "1,234.5", "1,234,567", "12.5000", "1234.567", "1'234.567"] {
            assert_eq!(signs(text), Signs::POINT, "{text}");
        }
        for text in ["12,50", "0,125", "1.234,5", "1.234.567", "1 234,567", "49,-"] {
            assert_eq!(signs(text), Signs::COMMA, "{text}");
        }
        for text in ["1.299", "12,990 €", "-999.999"] {
            assert_eq!(signs(text), Signs::UNCLEAR, "{text}");
        }
        for text in ["1299", "5.", "1 299", "₩12,990"] {
            assert_eq!(signs(text), Signs::NONE, "{text}");
        }
    }

    #[test]
    fn a_float_is_written_with_one_reading() {
        for (float, text) in [(1.299, "1.2990"), (19.99, "19.99"), (5.0, "5"), (-0.125, "-0.1250")] {
            let mut out = "x".to_owned();
            written(float, &mut out);
            assert_eq!(out, format!("x{text}"));
        }
    }

    #[test]
    fn whole_numbers_are_cut_and_truth_has_many_words() {
        for (text, expected) in
            [("2", 2), ("2.9", 2), ("2,9", 2), ("-3", -3), ("-0.5", 0), ("1e2", 100), ("2.0000", 2), ("1 000", 1000)]
        {
            assert_eq!(value(integer, text, false, Decimal::Point), Some(expected), "{text}");
        }
        for text in ["two", "1e300", "nan", "2 pcs"] {
            assert_eq!(integer(text.as_bytes()), Number::Bad, "{text}");
        }
        assert_eq!([boolean(b"YES"), boolean(b"off"), boolean(b"maybe")], [Some(true), Some(false), None]);
    }
}
