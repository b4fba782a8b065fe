//! How the columns of a file are written: what is set, and what is decided of each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::orders::{
    recognising::fields::Type,
    values::{
        currencies::Digits,
        doubt::{self, Decimal, Signs, if_sure},
    },
};

/// Which part of 04/11/2025 comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// The 4th of November.
    DayFirst,
    /// The 11th of April.
    MonthFirst,
}

/// What stands before the cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecimalMark {
    /// 1.299,00
    Comma,
    /// 1,299.00
    Point,
}

/// How dates and numbers are written, where no cell of their column says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Spelling {
    /// Which part of 04/11/2025 comes first; null if it is not known.
    pub dates: Option<DateOrder>,
    /// What stands before the cents; null if it is not known.
    pub decimal_mark: Option<DecimalMark>,
}

impl Spelling {
    /// What is not set here is as there.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { dates: self.dates.or(other.dates), decimal_mark: self.decimal_mark.or(other.decimal_mark) }
    }
}

/// What the cells of a file show of its columns, by field.
#[derive(Clone, Debug)]
pub struct ColumnSigns([Signs; 64]);

impl Default for ColumnSigns {
    fn default() -> Self {
        Self([Signs::NONE; 64])
    }
}

impl ColumnSigns {
    /// What the column of a field shows.
    pub fn of(&self, field: usize) -> Signs {
        self.0.get(field).copied().unwrap_or_default()
    }

    /// Adds what a cell shows.
    #[inline]
    pub fn note(&mut self, field: usize, signs: Signs) {
        if let Some(known) = self.0.get_mut(field) {
            *known = known.and(signs);
        }
    }

    /// Adds what other rows show.
    pub fn add(&mut self, other: &Self) {
        for (known, more) in self.0.iter_mut().zip(other.0) {
            *known = known.and(more);
        }
    }
}

/// How the columns of a file are read, a bit a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Dates have the day first.
    pub day_first: u64,
    /// Numbers have a decimal comma.
    pub comma: u64,
    /// Numbers have a decimal point.
    pub point: u64,
    /// Codes were made floats.
    pub floats: u64,
}

impl Columns {
    /// The value of a stored number of a field, which may be of a currency with so many digits; `None` for a date that is
    /// none where the day comes first.
    #[inline]
    pub fn value(&self, field: usize, kind: Type, stored: i64, digits: Digits) -> Option<i64> {
        match if_sure(stored) {
            Some(value) => Some(value),
            None if kind == Type::Time => doubt::instant(stored, self.day_first >> field & 1 == 1),
            None => Some(doubt::number(stored, kind == Type::Money, self.decimal(field, kind, digits))),
        }
    }

    /// What three digits behind a point or a comma are.
    pub fn decimal(&self, field: usize, kind: Type, digits: Digits) -> Decimal {
        match digits {
            Digits::None if kind == Type::Money => Decimal::Thousands,
            _ if self.comma >> field & 1 == 1 => Decimal::Comma,
            _ if self.point >> field & 1 == 1 => Decimal::Point,
            // Thousandths of money are rare, a thousand pieces too.
            Digits::None | Digits::Two | Digits::Unknown if kind == Type::Money => Decimal::Thousands,
            _ => Decimal::Fraction,
        }
    }
}
