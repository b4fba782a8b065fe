//! Instants as they stand in histories: ISO 8601 in its usual spellings.

use jiff::{Timestamp, civil, tz::TimeZone};

/// Microseconds since 1970, UTC, of an ISO 8601 text; without an offset it is taken as UTC. `None` when it is no time.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    plain(text).or_else(|| {
        let instant = text.parse::<Timestamp>().ok().or_else(|| {
            let local: civil::DateTime = text.parse().ok()?;
            Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
        });
        Some(instant?.as_microsecond())
    })
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
    Timestamp::from_microsecond(micros).map_or_else(|_| String::new(), |instant| instant.to_string())
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
            "Ä026-03-01T04:30:0",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_spelt_is_read_as_it_was(micros in -30_000_000_000_000_000_i64..200_000_000_000_000_000) {
            proptest::prop_assert_eq!(parse(&spell(micros)), Some(micros));
        }
    }
}
