//! Days and instants as texts.

use jiff::{Timestamp, ToSpan, civil::Date};

/// ISO 8601; a day beyond the years -9999 to 9999 as its number. `days` since 1970.
pub(super) fn spell_date(days: i32) -> String {
    match Date::constant(1970, 1, 1).checked_add(days.days()) {
        Ok(date) => date.to_string(),
        Err(_) => days.to_string(),
    }
}

/// ISO 8601 with `Z`, with a fraction only where there is one; an instant beyond the years -9999 to 9999 as its number.
/// `microseconds` since 1970, UTC.
pub(super) fn spell_instant(microseconds: i64) -> String {
    match Timestamp::from_microsecond(microseconds) {
        Ok(instant) => instant.to_string(),
        Err(_) => microseconds.to_string(),
    }
}
