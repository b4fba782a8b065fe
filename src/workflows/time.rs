//! Instants as they stand in histories: ISO 8601 in its usual spellings, and epoch times.

use jiff::{Timestamp, civil, tz::TimeZone};

/// Microseconds since 1970, UTC, of an ISO 8601 text, which is taken as UTC without an offset, or of an [epoch](epoch) time.
/// `None` when it is no time.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    plain(text).or_else(|| spelt(text)).or_else(|| epoch(text))
}

/// ISO 8601 in any spelling.
fn spelt(text: &str) -> Option<i64> {
    let instant = text.parse::<Timestamp>().ok().or_else(|| {
        let local: civil::DateTime = text.parse().ok()?;
        Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
    });
    Some(instant?.as_microsecond())
}

/// A time since 1970 in seconds, milliseconds, microseconds or nanoseconds, which its size tells: each of them is of the years
/// from 1973 to 5138 in its range. A number may have a fraction or an exponent, as spreadsheets write them. Smaller numbers are
/// seconds, and stay in their order: the steps of a job may be numbered instead of timed.
fn epoch(text: &str) -> Option<i64> {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '-')
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if !is_number {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>() {
        return match whole.unsigned_abs() {
            0..100_000_000_000 => whole.checked_mul(1_000_000),
            100_000_000_000..100_000_000_000_000 => whole.checked_mul(1_000),
            100_000_000_000_000..100_000_000_000_000_000 => Some(whole),
            _ => Some(whole / 1_000),
        };
    }
    let number: f64 = text.parse().ok()?;
    let scale = match number.abs() {
        size if size < 1e11 => 1e6,
        size if size < 1e14 => 1e3,
        size if size < 1e17 => 1.0,
        _ => 1e-3,
    };
    let micros = (number * scale).round();
    (micros.abs() < LAST_SECOND as f64 * 1e6).then_some(micros as i64)
}

/// `YYYY-MM-DDThh:mm:ss`, also with a space, a fraction of up to six digits and a `Z`: nearly all there are.
fn plain(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z').unwrap_or(text).as_bytes();
    let (seconds, fraction) = text.split_at_checked(19)?;
    let [.., b'-', _, _, b'-', _, _, b'T' | b' ', _, _, b':', _, _, b':', _, _] = seconds else { return None };
    let number = |from: usize, to: usize| {
        seconds
            .get(from..to)?
            .iter()
            .try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let small = |from, to| i8::try_from(number(from, to)?).ok();
    let date = civil::Date::new(i16::try_from(number(0, 4)?).ok()?, small(5, 7)?, small(8, 10)?).ok()?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = date.duration_since(civil::date(1970, 1, 1)).as_hours() / 24;
    let micros = match fraction {
        [] => 0,
        [b'.', digits @ ..] if !digits.is_empty() && digits.len() <= 6 => {
            let mut value = 0;
            for place in 0..6 {
                let digit = digits.get(place).copied().unwrap_or(b'0');
                value = value * 10 + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
            }
            value
        }
        _ => return None,
    };
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000 + micros)
}

/// ISO 8601 of microseconds since 1970.
pub fn spell(micros: i64) -> String {
    let mut text = String::new();
    write(micros, &mut text);
    text
}

/// Writes [`spell`] behind a text: whole seconds of the years 1970 to 9999 without the way through a calendar's types.
pub fn write(micros: i64, text: &mut String) {
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    if fraction != 0 || !(0..LAST_SECOND).contains(&seconds) {
        if let Ok(instant) = Timestamp::from_microsecond(micros) {
            text.push_str(&instant.to_string());
        }
        return;
    }
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = calendar(day);
    digits(year, 4, text);
    for (before, number) in
        [('-', month), ('-', day), ('T', second / 3_600), (':', second / 60 % 60), (':', second % 60)]
    {
        text.push(before);
        digits(number, 2, text);
    }
    text.push('Z');
}

/// The second after the last of the year 9999.
const LAST_SECOND: i64 = 253_402_300_800;

fn digits(number: i64, count: u32, text: &mut String) {
    for place in (0..count).rev() {
        text.push(char::from(b'0' + (number / 10_i64.pow(place) % 10) as u8));
    }
}

/// Year, month and day of a day counted from 1970-01-01, not before it. Years begin in March here, so that the day that is
/// not always there comes last; 400 of them have 146,097 days.
fn calendar(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_spellings_are_the_same_instant() {
        for text in [
            "2026-03-01T04:30:00Z",
            "2026-03-01 04:30:00",
            "2026-03-01T04:30:00.000",
            "2026-03-01T05:30:00+01:00",
            " 2026-03-01T04:30:00Z ",
        ] {
            assert_eq!(parse(text).map(spell).as_deref(), Some("2026-03-01T04:30:00Z"), "{text}");
        }
        assert_eq!(parse("2026-03-01").map(spell).as_deref(), Some("2026-03-01T00:00:00Z"));
        assert_eq!(parse("2026-03-01T04:30:00.5").map(spell).as_deref(), Some("2026-03-01T04:30:00.5Z"));
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00",
            "2026-02-30T00:00:00",
            "2026-03-01T25:00:00Z",
            "-",
            "1e400",
            "12:30",
            "1.2.3",
            "1e3x",
            "99999999999999999999999",
            "Ä026-03-01T04:30:0",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn epoch_times_are_told_by_their_size() {
        for text in [
            "1772339400",
            "1772339400.0",
            "1772339400000",
            "1772339400000000",
            "1772339400000000000",
            "1.7723394e9",
            "1.7723394E+12",
        ] {
            assert_eq!(parse(text).map(spell).as_deref(), Some("2026-03-01T04:30:00Z"), "{text}");
        }
        assert_eq!(parse("1772339400.25").map(spell).as_deref(), Some("2026-03-01T04:30:00.25Z"));
        assert_eq!(parse("1772339400123").map(spell).as_deref(), Some("2026-03-01T04:30:00.123Z"));
        let numbered: Vec<i64> = ["-1", "0", "1", "2", "10", "010000", "99999"].into_iter().filter_map(parse).collect();
        assert!(numbered.len() == 7 && numbered.is_sorted(), "{numbered:?}");
    }

    proptest::proptest! {
        #[test]
        fn times_are_spelt_as_the_calendar_library_spells_them(seconds in -10_000_i64..253_402_300_799) {
            let wanted = Timestamp::from_second(seconds).unwrap().to_string();
            proptest::prop_assert_eq!(spell(seconds * 1_000_000), wanted);
        }

        #[test]
        fn what_is_spelt_is_read_as_it_was(micros in -30_000_000_000_000_000_i64..200_000_000_000_000_000) {
            proptest::prop_assert_eq!(parse(&spell(micros)), Some(micros));
        }
    }
}
