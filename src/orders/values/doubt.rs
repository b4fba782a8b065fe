//! Cells that can be meant in two ways, 04/11/2025 and 1.299: how rows keep them, and what a column shows of how it is
//! written, until all of it is known.
//!
//! A number of a row has two low bits of doubt. Where they are 0, the rest is the value. An unclear date is kept in local
//! time with its offset, an unclear number as its digits.

use crate::orders::values::calendar::{DAY, days_swapped};

/// How a value stands in a row when there is one reading of its cell.
#[inline]
pub const fn sure(value: i64) -> i64 {
    value << 2
}

/// The value of a stored number, if there is one reading of it.
#[inline]
pub const fn if_sure(stored: i64) -> Option<i64> {
    if stored & 3 == 0 { Some(stored >> 2) } else { None }
}

/// A date whose day and month may change places, or digits with a point before the last three.
const FIRST: i64 = 1;

/// A date that is one only with the month first, or digits with a comma before the last three.
const SECOND: i64 = 2;

/// Minutes of the unit in which the offset of an unclear date is kept, and how many units may be west of UTC.
const OFFSET_MINUTES: i64 = 15;
const OFFSETS_WEST: i64 = 64;
const MINUTE: i64 = 60_000_000;

/// What cells of a column show of how it is written, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs(u8);

impl Signs {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// A date with a first part over 12.
    pub const DAY_FIRST: Self = Self(1);
    /// A date with a second part over 12.
    pub const MONTH_FIRST: Self = Self(2);
    /// A number with a decimal comma for certain.
    pub const COMMA: Self = Self(4);
    /// A number with a decimal point for certain.
    pub const POINT: Self = Self(8);
    /// A cell that may be meant in two ways.
    pub const UNCLEAR: Self = Self(16);
    /// A code that is written as a float.
    pub const FLOAT: Self = Self(32);
    /// A code that is written otherwise.
    pub const NO_FLOAT: Self = Self(64);

    /// Whether these were all seen.
    #[inline]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    #[inline]
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A cell as a stored number, and what it shows of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelled {
    /// As rows keep it.
    pub stored: i64,
    /// What the cell shows.
    pub signs: Signs,
}

impl Spelled {
    /// A cell with one reading.
    #[inline]
    pub const fn sure(value: i64) -> Self {
        Self { stored: sure(value), signs: Signs::NONE }
    }

    /// A date that has the day first for certain.
    pub const fn day_first(micros: i64) -> Self {
        Self { stored: sure(micros), signs: Signs::DAY_FIRST }
    }

    /// A date that has the month first for certain.
    pub const fn month_first(micros: i64) -> Self {
        Self { stored: micros << 2 | SECOND, signs: Signs::MONTH_FIRST }
    }

    /// A date whose day and month may change places: as it is with the month first, in local time, with minutes east of
    /// UTC. `None` where it cannot be kept.
    pub fn either_date(local: i64, offset: i64) -> Option<Self> {
        let units = offset / OFFSET_MINUTES + OFFSETS_WEST;
        if offset % OFFSET_MINUTES != 0 || !(0..128).contains(&units) {
            return None;
        }
        let stored = local.checked_mul(512)? | units << 2 | FIRST;
        Some(Self { stored, signs: Signs::UNCLEAR })
    }

    /// Digits of which three stand behind the only point or comma.
    pub const fn either_number(digits: i64, has_comma: bool) -> Self {
        Self { stored: digits << 2 | if has_comma { SECOND } else { FIRST }, signs: Signs::UNCLEAR }
    }
}

/// The instant of a stored date, in microseconds; `None` for one that is none in a column with the day first.
pub fn instant(stored: i64, is_day_first: bool) -> Option<i64> {
    match stored & 3 {
        FIRST => {
            let local = stored >> 9;
            let offset = ((stored >> 2 & 127) - OFFSETS_WEST) * OFFSET_MINUTES;
            let local =
                if is_day_first { days_swapped(local.div_euclid(DAY))? * DAY + local.rem_euclid(DAY) } else { local };
            Some(local - offset * MINUTE)
        }
        SECOND if is_day_first => None,
        _ => Some(stored >> 2),
    }
}

/// What stands before the fraction of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimal {
    /// A point; a comma parts thousands.
    Point,
    /// A comma; a point parts thousands.
    Comma,
    /// Neither: three digits behind a mark are thousands.
    Thousands,
    /// Either: three digits behind a mark are a fraction.
    Fraction,
}

/// The value of a stored number: cents of money, else a whole number, cut.
pub fn number(stored: i64, is_money: bool, decimal: Decimal) -> i64 {
    let digits = stored >> 2;
    let is_fraction = match (stored & 3, decimal) {
        (FIRST, Decimal::Point) | (SECOND, Decimal::Comma) | (FIRST | SECOND, Decimal::Fraction) => true,
        (FIRST | SECOND, _) => false,
        _ => return digits,
    };
    match (is_money, is_fraction) {
        (true, true) => (digits + 5 * digits.signum()) / 10,
        (true, false) => digits * 100,
        (false, true) => digits / 1_000,
        (false, false) => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unclear_date_changes_day_and_month_in_local_time() {
        // 2025-02-03 00:30 at +02:00, or the 2nd of March.
        let local = (20_122 * 24 * 60 + 30) * MINUTE;
        let date = Spelled::either_date(local, 120).unwrap();
        assert_eq!(instant(date.stored, false), Some(local - 120 * MINUTE));
        assert_eq!(instant(date.stored, true), Some(local - 120 * MINUTE + 27 * DAY));
        assert_eq!(Spelled::either_date(local, 7), None, "an offset that is kept in quarters");
        assert_eq!(instant(Spelled::month_first(5).stored, true), None);
        assert_eq!(instant(Spelled::month_first(-5).stored, false), Some(-5));
        assert_eq!(instant(Spelled::day_first(-5).stored, true), Some(-5));
    }

    #[test]
    fn unclear_digits_are_thousands_or_a_fraction() {
        let point = Spelled::either_number(1_299, false).stored;
        let comma = Spelled::either_number(-1_295, true).stored;
        let money = |stored, decimal| number(stored, true, decimal);
        assert_eq!([money(point, Decimal::Point), money(comma, Decimal::Point)], [130, -129_500]);
        assert_eq!([money(point, Decimal::Comma), money(comma, Decimal::Comma)], [129_900, -130]);
        assert_eq!([money(point, Decimal::Thousands), money(comma, Decimal::Thousands)], [129_900, -129_500]);
        assert_eq!([money(point, Decimal::Fraction), money(comma, Decimal::Fraction)], [130, -130]);
        assert_eq!([number(point, false, Decimal::Point), number(point, false, Decimal::Comma)], [1, 1_299]);
        assert_eq!(number(sure(-7), true, Decimal::Comma), -7);
        assert_eq!([if_sure(sure(-7)), if_sure(point)], [Some(-7), None]);
    }
}
