//! Reads the times that scrapers write.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// The seconds since 1970 of an ISO 8601 time, with `T` or a blank, with or without offset (then UTC), or of a day.
pub fn second_of(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant.as_second());
    }
    let local = text
        .parse::<DateTime>()
        .ok()
        .or_else(|| text.parse::<Date>().ok().map(|day| day.to_datetime(jiff::civil::Time::midnight())))?;
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second())
}

/// The day since 1970 that the clock of a time shows: that of its own offset, without one of UTC.
pub fn local_day_of(text: &str) -> Option<i64> {
    const DAY: i64 = 86_400;
    let second = second_of(text)?;
    // A civil time leaves an offset aside; a time in UTC, marked with Z, is no civil one.
    let local = text.trim().parse::<DateTime>().ok().and_then(|local| local.to_zoned(TimeZone::UTC).ok());
    Some(local.map_or(second, |local| local.timestamp().as_second()).div_euclid(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_letter_or_blank_and_as_utc() {
        let wanted = Some(1_772_325_000);
        assert_eq!(second_of("2026-03-01T00:30:00Z"), wanted);
        assert_eq!(second_of("2026-03-01T00:30:00.000000"), wanted);
        assert_eq!(second_of("2026-03-01 00:30:00"), wanted);
        assert_eq!(second_of("2026-03-01T01:30:00+01:00"), wanted);
        assert_eq!(second_of("2026-03-01"), Some(1_772_323_200));
        assert_eq!(second_of("yesterday"), None);
        assert_eq!(second_of("2026-02-30"), None);
    }

    #[test]
    fn a_day_is_that_of_the_clock_that_the_time_was_read_from() {
        let day = Some(20_513);
        for text in ["2026-03-01T00:30:00+01:00", "2026-03-01 23:30:00-05:00", "2026-03-01T00:30:00Z", "2026-03-01"] {
            assert_eq!(local_day_of(text), day, "{text}");
        }
        assert_eq!(local_day_of("yesterday"), None);
    }
}
