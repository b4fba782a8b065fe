//! Ids as they are compared: the number of a global id, and those that a spreadsheet or a frame made floats, mended where
//! no digit is lost.

/// An id that was made a float and lost digits: several ids may be written so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostDigits;

/// The largest whole number up to which a float means one number alone.
const LARGEST_WHOLE: u64 = 1 << 53;

/// The number of a global id `gid://shopify/Type/123?x=y`, and that of a float, `123456.0` and `1.23456E+5`; any other
/// text is its own id. `room` holds what is not a part of the text.
///
/// # Errors
/// When it is a float with more digits than are written: `1.23457E+12`.
#[inline]
pub fn id<'a>(text: &'a [u8], room: &'a mut Vec<u8>) -> Result<&'a [u8], LostDigits> {
    match text {
        [b'0'..=b'9', ..] if memchr::memchr2(b'.', b'+', text).is_some() => from_float(text, room),
        [b'g', ..] => Ok(of_global(text)),
        _ => Ok(text),
    }
}

#[inline]
fn of_global(text: &[u8]) -> &[u8] {
    let Some(rest) = text.strip_prefix(b"gid://shopify/") else { return text };
    // Nearly all are `Type/123`, whose number is quickest found from its end.
    let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    match rest.split_at_checked(rest.len() - digits) {
        Some(([kind @ .., b'/'], number)) if digits > 0 && is_word(kind) => number,
        _ => of_any_global(rest).unwrap_or(text),
    }
}

#[inline]
fn is_word(kind: &[u8]) -> bool {
    let is_usual = matches!(kind, b"Order" | b"LineItem" | b"Product" | b"ProductVariant");
    is_usual || (!kind.is_empty() && kind.iter().all(u8::is_ascii_alphabetic))
}

/// The digits between the first slash and a question mark.
#[cold]
fn of_any_global(rest: &[u8]) -> Option<&[u8]> {
    let slash = rest.iter().position(|byte| *byte == b'/').filter(|slash| *slash > 0)?;
    let number = rest.get(slash + 1..)?.split(|byte| *byte == b'?').next()?;
    (!number.is_empty() && number.iter().all(u8::is_ascii_digit)).then_some(number)
}

/// Digits that a float has as its whole number, if the text is one.
#[cold]
fn from_float<'a>(text: &'a [u8], room: &'a mut Vec<u8>) -> Result<&'a [u8], LostDigits> {
    let own = Ok(text);
    let is_digits = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.iter().position(|byte| matches!(byte, b'.' | b',')) {
        Some(at) => (mantissa.get(..at).unwrap_or_default(), mantissa.get(at + 1..).unwrap_or_default()),
        None => (mantissa, &[][..]),
    };
    let has_point = whole.len() < mantissa.len();
    if !is_digits(whole) || (has_point && !is_digits(fraction)) {
        return own;
    }
    let Some(exponent) = exponent else {
        if !has_point || fraction.iter().any(|digit| *digit != b'0') {
            return own;
        }
        return checked(whole);
    };
    let digits = exponent.strip_prefix(b"+").unwrap_or(exponent);
    let parsed =
        std::str::from_utf8(digits).ok().filter(|_| is_digits(digits)).and_then(|tens| tens.parse::<u16>().ok());
    let Some(tens) = parsed else { return own };
    // A code such as 4E12 is one; only a point or a plus makes it a float.
    if whole.len() != 1 || (!has_point && exponent.len() == digits.len()) {
        return own;
    }
    room.clear();
    room.extend(whole.iter().chain(fraction));
    match room.split_at_checked(usize::from(tens) + 1) {
        Some((number, rest)) if rest.iter().all(|digit| *digit == b'0') => checked(number),
        Some(_) => own,
        None => Err(LostDigits),
    }
}

/// A whole number that no other is written like, as a float.
fn checked(whole: &[u8]) -> Result<&[u8], LostDigits> {
    let value = std::str::from_utf8(whole).ok().and_then(|digits| digits.parse::<u64>().ok());
    value.filter(|value| *value <= LARGEST_WHOLE).map(|_| whole).ok_or(LostDigits)
}

/// A code as it is, though it look like a whole number that was made a float: that is for its column to tell.
///
/// # Errors
/// When it is a float that lost digits.
#[inline]
pub fn code<'a>(text: &'a [u8], room: &'a mut Vec<u8>) -> Result<&'a [u8], LostDigits> {
    match text {
        [b'0'..=b'9', ..] if memchr::memchr(b'+', text).is_some() => from_float(text, room),
        _ => Ok(text),
    }
}

/// The digits of a code that was made a float, `10001.0`. One of them may be meant so; a column of nothing else was made so.
#[inline]
pub fn without_fraction(text: &[u8]) -> Option<&[u8]> {
    let digits = text.strip_suffix(b".0")?;
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_global_id_is_its_number_and_others_are_themselves() {
        for (text, expected) in [
            ("gid://shopify/Order/1000022", "1000022"),
            ("gid://shopify/Order/12?inventory_item_id=3", "12"),
            ("1000022", "1000022"),
            ("#1001", "#1001"),
            ("gid://shopify/Order/", "gid://shopify/Order/"),
            ("gid://shopify/Order/12x", "gid://shopify/Order/12x"),
            ("gid://other/Order/12", "gid://other/Order/12"),
        ] {
            assert_eq!(id(text.as_bytes(), &mut Vec::new()).unwrap(), expected.as_bytes(), "{text}");
        }
    }

    #[test]
    fn an_id_that_was_made_a_float_is_mended_where_no_digit_is_lost() {
        for (text, expected) in [
            ("5812345678901.0", "5812345678901"),
            ("5812345678901.00", "5812345678901"),
            ("4.0123456789012e13", "40123456789012"),
            ("4.0123456789012E+13", "40123456789012"),
            ("1.50e+01", "15"),
            ("12,0", "12,0"),
            ("1001.1", "1001.1"),
            ("4E12", "4E12"),
            ("1.5e0", "1.5e0"),
            ("12+3", "12+3"),
            ("1.2.0", "1.2.0"),
            ("12.0E", "12.0E"),
            ("9007199254740992.0", "9007199254740992"),
        ] {
            assert_eq!(id(text.as_bytes(), &mut Vec::new()).unwrap(), expected.as_bytes(), "{text}");
        }
        for text in ["5.81235E+12", "5,81235E+12", "5E+12", "1.2e3", "9007199254740993.0", "1.8446744073709552e+19"] {
            assert_eq!(id(text.as_bytes(), &mut Vec::new()), Err(LostDigits), "{text}");
        }
    }

    #[test]
    fn a_code_that_was_made_a_float_has_a_point_and_a_nought() {
        assert_eq!(without_fraction(b"10001.0"), Some(&b"10001"[..]));
        assert!([&b"10001"[..], b".0", b"A1.0", b"1.00", b"1.5"].iter().all(|text| without_fraction(text).is_none()));
        assert_eq!(code(b"10001.0", &mut Vec::new()), Ok(&b"10001.0"[..]));
        assert_eq!(code(b"5.81235E+12", &mut Vec::new()), Err(LostDigits));
    }
}
