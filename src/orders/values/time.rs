//! Cells into instants: the plain forms here, byte by byte; those with words are left to `spelled_time`.

use crate::orders::values::{
    calendar::{DAY, civil, days},
    doubt::Spelled,
    spelled_time,
};

/// 1900-01-01, which spreadsheets write for no date.
const DAYS_TO_1900: i64 = -25_567;

/// What a cell says of an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Time {
    /// Nothing: it is empty, or what programs write for no date.
    #[default]
    None,
    /// It holds something else.
    Bad,
    /// An instant in UTC; an offset is applied, none means UTC.
    At(Spelled),
}

/// Reads an instant.
pub fn time(text: &[u8]) -> Time {
    // What spreadsheets write before a text that looks like another thing.
    let text = text.strip_prefix(b"'").unwrap_or(text);
    match iso(text) {
        Some(time) => time,
        None if stands_for_none(text) => Time::None,
        None => spelled_time::time(text).map_or(Time::Bad, Time::At),
    }
}

/// What programs write where there is no date.
fn stands_for_none(text: &[u8]) -> bool {
    let words: [&[u8]; 10] = [b"", b"null", b"n/a", b"na", b"nan", b"nat", b"none", b"-", b"--", b"\xE2\x80\x94"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word)) || text.starts_with(b"0000-00-00")
}

/// An instant of local time, if it is one.
pub fn at(days: i64, of_day: i64, offset: i64) -> Time {
    if days == DAYS_TO_1900 {
        return Time::None;
    }
    Time::At(Spelled::sure(days * DAY + of_day - offset * 60_000_000))
}

/// Year, month and day with hyphens, and perhaps a time of day with an offset.
fn iso(text: &[u8]) -> Option<Time> {
    let mut reader = Reader { text, at: 0 };
    let (year, 4) = reader.digits(4, 4)? else { return None };
    reader.expect(b'-')?;
    let month = reader.digits(1, 2)?.0;
    reader.expect(b'-')?;
    let day = reader.digits(1, 2)?.0;
    let days = days(year, month, day)?;
    let (of_day, offset) = reader.time_of_day()?;
    Some(at(days, of_day, offset))
}

/// An instant as [`time`] reads it.
pub fn instant(micros: i64) -> String {
    let (year, month, day) = civil(micros.div_euclid(DAY));
    let of_day = micros.rem_euclid(DAY);
    let (seconds, fraction) = (of_day / 1_000_000, of_day % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{fraction:06}Z")
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.byte()? == byte).then_some(())
    }

    /// A number of `least` to `most` digits, and how many it had.
    fn digits(&mut self, least: usize, most: usize) -> Option<(i64, usize)> {
        let (mut value, mut count) = (0, 0);
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit)
            && count < most
        {
            value = value * 10 + i64::from(digit - b'0');
            count += 1;
            self.at += 1;
        }
        (count >= least).then_some((value, count))
    }

    /// Nothing more, or a time of day in microseconds with its offset in minutes east of UTC.
    fn time_of_day(&mut self) -> Option<(i64, i64)> {
        match self.byte() {
            None => return Some((0, 0)),
            Some(b'T' | b't' | b' ') => {}
            Some(_) => return None,
        }
        let hours = self.digits(1, 2)?.0;
        self.expect(b':')?;
        let minutes = self.digits(2, 2)?.0;
        let mut seconds = 0;
        let mut fraction = 0;
        if self.peek() == Some(b':') {
            self.at += 1;
            seconds = self.digits(2, 2)?.0;
            if matches!(self.peek(), Some(b'.' | b',')) {
                self.at += 1;
                let (value, count) = self.digits(1, 6)?;
                fraction = value * 10_i64.pow(6 - count as u32);
                while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                    self.at += 1;
                }
            }
        }
        if hours > 23 || minutes > 59 || seconds > 60 {
            return None;
        }
        let offset = self.offset()?;
        Some((((hours * 60 + minutes) * 60 + seconds.min(59)) * 1_000_000 + fraction, offset))
    }

    /// Minutes east of UTC; nothing is UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.peek() == Some(b' ') {
            self.at += 1;
        }
        let sign = match self.byte() {
            None => return Some(0),
            Some(b'Z' | b'z') => return self.peek().is_none().then_some(0),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) if self.text.get(self.at - 1..) == Some(b"UTC") => return Some(0),
            Some(_) => return None,
        };
        let hours = self.digits(2, 2)?.0;
        if self.peek() == Some(b':') {
            self.at += 1;
        }
        let minutes = if self.peek().is_some() { self.digits(2, 2)?.0 } else { 0 };
        (self.peek().is_none() && hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::values::doubt::{self, Signs};

    /// Microseconds with the month first.
    fn micros(text: &str) -> Option<i64> {
        match time(text.as_bytes()) {
            Time::At(time) => doubt::instant(time.stored, false),
            Time::None | Time::Bad => None,
        }
    }

    #[test]
    fn every_way_to_write_an_instant_gives_utc() {
        let at = 1_755_864_000_000_000; // 2025-08-22T12:00:00Z
        for text in [
            "2025-08-22T12:00:00Z",
            "2025-08-22T12:00:00.000000Z",
            "2025-08-22T14:00:00+02:00",
            "2025-08-22T12:00:00-00:00",
            "2025-08-22T12:00:00.0",
            "2025-08-22T12:00",
            "2025-08-22 12:00:00.000",
            "2025-08-22 12:00:00",
            "2025-08-22 12:00",
            "2025-08-22 08:00:00 -0400",
            "08/22/2025 12:00:00",
            "22/08/2025 12:00:00",
            "2025-08-22 12:00:00 UTC",
            "2025-08-22T14:00:00+2",
            "2025-08-22T14:00:00+02:00[Europe/Berlin]",
            "2025/08/22 12:00",
            "2025.08.22. 12:00",
            "22.08.2025 12:00",
            "22.8.25, 12:00 Uhr",
            "22. 8. 2025 12:00:00",
            "22-08-2025 12:00",
            "8/22/25 12:00 PM",
            "8/22/2025, 12:00:00 p.m.",
            "08/22/2025 08:00:00 AM -0400",
            "Aug 22, 2025, 2:00 PM GMT+2",
            "August 22nd, 2025 at 7:00 am CDT",
            "Fri, 22 Aug 2025 12:00:00 +0000",
            "Fri Aug 22 12:00:00 UTC 2025",
            "Fri Aug 22 2025 14:00:00 GMT+0200 (Central European Summer Time)",
            "22-Aug-2025 12:00",
            "22. Aug. 2025, 14:00 CEST(UTC+2)",
            "22 août 2025 à 12:00",
            "22 août 2025 12h00",
            "viernes, 22 de agosto de 2025, 12:00",
            "22 ağustos 2025 12:00",
            "22 Αυγούστου 2025 12:00",
            "22 августа 2025 12:00",
            "2025. augusztus 22. 12:00",
            "2025年8月22日 12:00",
            "2025년 8월 22일 오후 12:00",
            "1755864000",
            "1755864000.000",
            "1755864000000",
            "1755864000000.0",
            "1755864000000000",
            "1755864000000000000",
            "20250822120000",
        ] {
            assert_eq!(micros(text), Some(at), "{text}");
        }
        for text in ["2025-08-22", "22 August 2025", "Aug 22 2025", "22.08.2025", "20250822", "22nd of August 2025"] {
            assert_eq!(micros(text), Some(at - DAY / 2), "{text}");
        }
        assert_eq!(micros("1970-01-01T00:00:00.123456Z"), Some(123_456));
        assert_eq!(micros("0001-01-01"), Some(-719_162 * DAY));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "0000-00-00", "0000-00-00 00:00:00", "1900-01-01", "N/A", "NULL", "nan", "NaT", "-", "None"] {
            assert_eq!(time(text.as_bytes()), Time::None, "{text}");
        }
        for text in [
            "2025-02-29",
            "2025-13-01",
            "2025-08-22T25:00:00",
            "yesterday",
            "2025-08-22x",
            "2025-08-22T12:00:00Zx",
            "13/13/2025",
            "2025-08-22T12",
            "12",
            "12.50",
            "20251322",
            "123456789",
            "1.75433E+12",
            "22 Augustus Caesar 2025",
            "22 jui 2025",
            "August 2025",
            "31.02.2025",
            "22/08-2025",
            "8/22/2025 13:00 AM",
            "8/22/2025 0:30 PM",
            "22.08.2025 12:00 IST",
            "22.08.2025 12:00 +25:00",
            "22.08.20251",
        ] {
            assert_eq!(time(text.as_bytes()), Time::Bad, "{text}");
        }
    }

    #[test]
    fn dates_show_which_part_comes_first_where_they_are_sure() {
        let signs = |text: &str| match time(text.as_bytes()) {
            Time::At(time) => time.signs,
            other => panic!("{text}: {other:?}"),
        };
        for text in ["02/03/2025", "2-3-25", "12/11/2025 3:00 PM"] {
            assert_eq!(signs(text), Signs::UNCLEAR, "{text}");
        }
        assert_eq!([signs("2/13/2025"), signs("13/2/2025")], [Signs::MONTH_FIRST, Signs::DAY_FIRST]);
        assert_eq!([signs("2.3.2025"), signs("2.13.2025")], [Signs::DAY_FIRST, Signs::MONTH_FIRST]);
        for text in ["2025-02-03", "2025/02/03", "05/05/2025", "3 Feb 2025", "1755864000"] {
            assert_eq!(signs(text), Signs::NONE, "{text}");
        }
    }

    #[test]
    fn an_instant_is_written_as_it_is_read() {
        for at in [0, 1_755_864_000_000_001, -1, -719_162 * DAY, 253_402_300_799_999_999] {
            assert_eq!(micros(&instant(at)), Some(at), "{}", instant(at));
        }
    }

    #[test]
    fn days_go_there_and_back_over_four_centuries() {
        for day in -719_162..146_097 {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), Some(day));
        }
    }
}
