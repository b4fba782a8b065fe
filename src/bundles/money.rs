//! Exact money: whole cents, and percents in millionths, so that a price times a percent is a whole number.

use std::{
    iter::Sum,
    ops::{Add, AddAssign, Sub, SubAssign},
};

use serde::{Deserialize, Serialize};

/// An amount in whole cents of the shop's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many times this amount; beyond 64 bits the nearest that fits.
    pub const fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(count as i64))
    }

    /// The amount in units of the currency, for ratios and for JSON, never for sums.
    pub fn units(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// `percent` of this, halves up to the cent.
    pub fn percent(self, percent: Percent) -> Self {
        FineCents::of(self).percent(percent).half_up()
    }
}

impl Add for Cents {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Cents {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Cents {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Cents {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// A share in percent, in steps of a millionth of one: as ratios are stored (section 0.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent {
    millionths: i64,
}

impl Percent {
    /// Nothing.
    pub const ZERO: Self = Self { millionths: 0 };
    /// All of it.
    pub const ALL: Self = Self::whole(100);

    /// So many whole percent.
    pub const fn whole(percent: i64) -> Self {
        Self { millionths: percent * 1_000_000 }
    }

    /// The nearest percent with six decimals; what is no number is nothing.
    pub fn of(percent: f64) -> Self {
        Self { millionths: (percent * 1e6).round() as i64 }
    }

    /// What `part` is of `whole`, halves up; nothing of nothing.
    pub fn of_parts(part: Cents, whole: Cents) -> Self {
        if whole.0 <= 0 {
            return Self::ZERO;
        }
        let scaled = i128::from(part.0) * 100_000_000;
        Self { millionths: rounded_division(scaled, i128::from(whole.0)) }
    }

    /// The percent as a number.
    pub fn value(self) -> f64 {
        self.millionths as f64 / 1e6
    }

    /// The percent in the middle of two.
    pub const fn middle(low: Self, high: Self) -> Self {
        Self { millionths: i64::midpoint(low.millionths, high.millionths) }
    }

    /// Whether `part` of `whole` is from `low` to `high` percent, without any rounding.
    pub fn holds(low: Self, high: Self, part: Cents, whole: Cents) -> bool {
        let part = i128::from(part.0) * 100_000_000;
        let bound = |percent: Self| i128::from(percent.millionths) * i128::from(whole.0);
        (bound(low)..=bound(high)).contains(&part)
    }
}

/// An amount in hundred-millionths of a cent, so that no percent of an amount needs rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FineCents(pub i128);

impl FineCents {
    const IN_A_CENT: i128 = 100_000_000;

    /// A whole amount.
    pub fn of(cents: Cents) -> Self {
        Self(i128::from(cents.0) * Self::IN_A_CENT)
    }

    /// `percent` of a whole amount: exact, since a whole amount is a multiple of the finest percent.
    pub fn percent(self, percent: Percent) -> Self {
        Self(self.0 / Self::IN_A_CENT * i128::from(percent.millionths))
    }

    /// The nearest cent, halves up.
    pub fn half_up(self) -> Cents {
        Cents(rounded_division(self.0, Self::IN_A_CENT))
    }

    /// The cent at or below.
    pub fn down(self) -> Cents {
        Cents(saturated(self.0.div_euclid(Self::IN_A_CENT)))
    }
}

/// `over / under` for a positive `under`, halves up.
fn rounded_division(over: i128, under: i128) -> i64 {
    saturated((2 * over + under).div_euclid(2 * under))
}

fn saturated(number: i128) -> i64 {
    number.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up_and_percents_are_exact() {
        assert_eq!(Cents(1).percent(Percent::whole(50)), Cents(1));
        assert_eq!(Cents(-1).percent(Percent::whole(50)), Cents(0));
        assert_eq!(Cents(2221).percent(Percent::of(12.5)), Cents(278));
        assert_eq!(FineCents::of(Cents(2221)).percent(Percent::of(12.5)), FineCents(27_762_500_000));
        assert_eq!(FineCents(-1).down(), Cents(-1));
    }

    #[test]
    fn a_share_of_two_amounts_has_six_decimals() {
        assert_eq!(Percent::of_parts(Cents(388), Cents(3583)), Percent::of(10.828_914));
        assert_eq!(Percent::of_parts(Cents(5), Cents(0)), Percent::ZERO);
        assert!(Percent::holds(Percent::whole(5), Percent::whole(20), Cents(2), Cents(10)));
        assert!(!Percent::holds(Percent::whole(5), Percent::whole(20), Cents(201), Cents(1000)));
        assert_eq!(Percent::middle(Percent::whole(5), Percent::whole(20)), Percent::of(12.5));
        assert_eq!(Percent::of(f64::NAN), Percent::ZERO);
    }
}
