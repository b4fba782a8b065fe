//! Decimals: a parameter as the fraction that was written, so that thresholds are compared in whole numbers, and ratios as
//! they are stored.

/// A number that is not negative, exactly as it is written in decimals: 0.07 is 7 / 100, which no float is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    numerator: u128,
    denominator: u128,
}

/// Digits after the point that are kept. A share of so little is none among 2³² orders.
const DIGITS: usize = 18;

impl Decimal {
    /// The number with the fewest decimals among those that are nearest to `value`: the one that was written. Negative
    /// numbers are 0; more than a thousand million is that.
    pub fn of(value: f64) -> Self {
        let text = value.clamp(0.0, 1e9).to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let fraction = fraction.get(..DIGITS).unwrap_or(fraction);
        let digits = whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit);
        let numerator = digits.fold(0, |number, digit| number * 10 + u128::from(digit - b'0'));
        Self { numerator, denominator: 10_u128.pow(fraction.len() as u32) }
    }

    /// The smallest whole number that is at least this times `number`.
    pub fn times_up(self, number: u64) -> u128 {
        (self.numerator * u128::from(number)).div_ceil(self.denominator)
    }

    /// Whether `over / under` is at least this; a fraction without an `under` is not.
    pub fn at_most(self, over: u128, under: u128) -> bool {
        under > 0 && cross(over, self.denominator) >= cross(under, self.numerator)
    }
}

/// A product of up to 256 bits, as its upper and its lower half.
fn cross(one: u128, other: u128) -> (u128, u128) {
    const HALF: u128 = u64::MAX as u128;
    let (a, b, c, d) = (one >> 64, one & HALF, other >> 64, other & HALF);
    let middle = ((b * d) >> 64) + ((a * d) & HALF) + ((b * c) & HALF);
    (a * c + ((a * d) >> 64) + ((b * c) >> 64) + (middle >> 64), (middle << 64) | ((b * d) & HALF))
}

/// Rounds a ratio to the six decimals in which it is stored.
pub fn rounded(ratio: f64) -> f64 {
    let scaled = ratio * 1e6;
    if scaled.is_finite() { scaled.round() / 1e6 } else { ratio }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_number_is_compared_exactly() {
        assert_eq!(Decimal::of(0.07).times_up(100), 7);
        assert_eq!(Decimal::of(1.1).times_up(10), 11);
        assert_eq!(Decimal::of(0.02).times_up(451), 10);
        assert!(Decimal::of(1.1).at_most(11, 10) && !Decimal::of(1.1).at_most(109_999, 100_000));
        assert!(Decimal::of(0.3).at_most(3 << 60, 10 << 60) && !Decimal::of(0.3).at_most((3 << 60) - 1, 10 << 60));
        assert!(Decimal::of(0.0).at_most(0, 1) && !Decimal::of(0.0).at_most(0, 0));
        assert_eq!(Decimal::of(f64::NAN).times_up(5), 0);
        assert_eq!(Decimal::of(-1.0).times_up(5), 0);
    }

    #[test]
    fn long_products_carry() {
        assert_eq!(cross(u128::MAX, u128::MAX), (u128::MAX - 1, 1));
        assert_eq!(cross(1 << 127, 6), (3, 0));
    }
}
