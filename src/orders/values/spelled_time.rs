//! Dates as people and programs of many countries write them: slashes and dots, names of months, hours with AM and PM,
//! time zones in words, seconds since 1970.

use crate::orders::values::{
    calendar::{DAY, days},
    date_words::{is_weekday, month, zone},
    doubt::Spelled,
    letters::plain,
};

/// No date is longer; what is, is not looked at.
const LONGEST: usize = 96;

const SECOND: i64 = 1_000_000;

/// Reads an instant that is not written plainly; `None` if it is none.
pub fn time(text: &[u8]) -> Option<Spelled> {
    if text.len() > LONGEST {
        return None;
    }
    if let Some(micros) = epoch(text) {
        return Some(Spelled::sure(micros));
    }
    let text = plain(std::str::from_utf8(text).ok()?);
    let mut reader = Reader { rest: &text };
    let date = reader.date()?;
    let (of_day, offset) = reader.time_of_day()?;
    let year = match date.year {
        Some(year) => year,
        None => reader.year_at_end()?,
    };
    reader.skip(&[' ', '.']);
    if !reader.rest.is_empty() {
        return None;
    }
    let days = days(year, date.month, date.day)?;
    let local = days * DAY + of_day;
    let micros = local - offset * 60 * SECOND;
    match date.order {
        Order::Sure => Some(Spelled::sure(micros)),
        Order::DayFirst => Some(Spelled::day_first(micros)),
        Order::MonthFirst => Some(Spelled::month_first(micros)),
        Order::Either => Spelled::either_date(local, offset),
    }
}

/// Spreadsheets count days from here; with five digits from 1990 to 2099, which no other count of days reaches before 2060.
const DAYS_OF_SHEETS: i64 = 25_569;
const SHEET_DAYS: std::ops::Range<i64> = 32_874..73_051;

/// Seconds since 1970, or thousandths, millionths or billionths of them, by how many digits there are; the days of a
/// spreadsheet; a date of digits alone, and perhaps its time of day.
fn epoch(text: &[u8]) -> Option<i64> {
    // 20251001T080000Z, as of calendars.
    let mut room = [0; 14];
    let text = match text.strip_suffix(b"Z").unwrap_or(text).split_at_checked(8) {
        Some((date, [b'T', time @ ..])) if time.len() == 6 => {
            room.get_mut(..8)?.copy_from_slice(date);
            room.get_mut(8..)?.copy_from_slice(time);
            &room[..]
        }
        _ => text,
    };
    let (whole, fraction) = match text.iter().position(|byte| matches!(byte, b'.' | b',')) {
        Some(point) => (text.get(..point)?, text.get(point + 1..)?),
        None => (text, &[][..]),
    };
    if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return None;
    }
    let value = |digits: &[u8]| digits.iter().fold(0, |value: i64, digit| value * 10 + i64::from(digit - b'0'));
    let date = |digits: &[u8]| {
        let (year, rest) = digits.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        days(value(year), value(month), value(day)).filter(|_| (1900..2200).contains(&value(year)))
    };
    match (whole.len(), fraction.len()) {
        (10, digits) => {
            let micros = value(fraction.get(..digits.min(6))?) * 10_i64.pow(6 - digits.min(6) as u32);
            Some(value(whole) * SECOND + micros)
        }
        (13, _) => Some(value(whole) * 1_000),
        (16, _) => Some(value(whole)),
        (19, _) if whole < &b"9223372036854775807"[..] => Some(value(whole) / 1_000),
        (5, digits) if SHEET_DAYS.contains(&value(whole)) => {
            // Of a day no more than seconds are meant.
            let digits = digits.min(9);
            let of_day = value(fraction.get(..digits)?) * (DAY / SECOND) * 10 / 10_i64.pow(digits as u32);
            Some((value(whole) - DAYS_OF_SHEETS) * DAY + (of_day + 5) / 10 * SECOND)
        }
        (8, 0) => Some(date(whole)? * DAY),
        (14, 0) => {
            let (of_date, of_day) = whole.split_at_checked(8)?;
            let of_day = value(of_day);
            let (hours, minutes, seconds) = (of_day / 10_000, of_day / 100 % 100, of_day % 100);
            let is_time = hours < 24 && minutes < 60 && seconds < 60;
            is_time.then_some(date(of_date)? * DAY + ((hours * 60 + minutes) * 60 + seconds) * SECOND)
        }
        _ => None,
    }
}

/// How sure the order of day and month is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Sure,
    DayFirst,
    MonthFirst,
    /// As if the month were first.
    Either,
}

struct Date {
    /// It may stand behind the time of day.
    year: Option<i64>,
    month: i64,
    day: i64,
    order: Order,
}

impl Date {
    fn sure(year: i64, month: i64, day: i64) -> Self {
        Self { year: Some(year), month, day, order: Order::Sure }
    }
}

/// Words that mean nothing in a date.
const FILLERS: [&str; 5] = ["de", "del", "of", "di", "d"];

/// What stands behind the number of a year in Russian and Ukrainian.
const YEARS: [&str; 5] = ["г", "года", "год", "р", "року"];

/// Words before a time of day.
const BEFORE_TIME: [&str; 16] =
    ["at", "um", "a", "as", "alle", "ore", "kl", "klo", "saat", "om", "o", "в", "u", "la", "las", "t"];

/// What may stand behind the number of a day.
const ORDINALS: [&str; 8] = ["st", "nd", "rd", "th", "er", "re", "o", "a"];

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn skip(&mut self, any: &[char]) {
        self.rest = self.rest.trim_start_matches(any);
    }

    fn eat(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn eat_any(&mut self, any: &[char]) -> bool {
        any.iter().any(|c| self.eat(*c))
    }

    /// The longest begin of which each character is such a one.
    fn run(&mut self, is_such: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !is_such(c)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at(end);
        self.rest = rest;
        run
    }

    /// A number of at most four digits, and how many.
    fn number(&mut self) -> Option<(i64, usize)> {
        let digits = self.run(|c| c.is_ascii_digit());
        if digits.len() > 4 { None } else { Some((digits.parse().ok()?, digits.len())) }
    }

    /// A run of letters, empty where none is.
    fn word(&mut self) -> &'a str {
        self.run(char::is_alphabetic)
    }

    /// Skips one of these words if it is next, and what parts it from what comes.
    fn skip_word(&mut self, words: &[&str]) {
        let before = self.rest;
        if !words.contains(&self.word()) {
            self.rest = before;
        }
        self.skip(&[' ', '.', '\'', '’']);
    }

    /// Skips the day of the week behind a date: in brackets, or a word that is one.
    fn skip_weekday(&mut self) {
        let before = self.rest;
        let is_in_brackets = self.eat_any(&['(', '（']);
        let word = self.word();
        let is_one = if is_in_brackets { self.eat_any(&[')', '）']) } else { is_weekday(word) };
        if !is_one || word.is_empty() {
            self.rest = before;
        }
    }

    fn date(&mut self) -> Option<Date> {
        let before = self.rest;
        let first = self.word();
        if month(first).is_none() && !first.is_empty() {
            // The day of the week, whatever it is called.
            self.skip(&['.', ',', ' ']);
        } else {
            self.rest = before;
        }
        match self.peek()? {
            c if c.is_alphabetic() => self.date_from_month(),
            c if c.is_ascii_digit() => match self.number()? {
                (year, 4) => self.date_from_year(year),
                (day, 1 | 2) => self.date_from_day(day),
                _ => None,
            },
            _ => None,
        }
    }

    /// October 12th, 2025.
    fn date_from_month(&mut self) -> Option<Date> {
        let month = month(self.word())?;
        self.skip(&[' ', '.', ',', '-', '/']);
        let (day, 1 | 2) = self.number()? else { return None };
        self.skip_ordinal();
        self.skip(&[' ', '.', ',', '-', '/']);
        self.skip_word(&FILLERS);
        let before = self.rest;
        let year = match self.number() {
            Some((_, 1 | 2)) if self.peek() == Some(':') => {
                self.rest = before;
                None
            }
            Some((year, count)) => Some(full_year(year, count)?),
            None => return None,
        };
        Some(Date { year, month, day, order: Order::Sure })
    }

    /// 2025/10/12, 2025. október 12., 2025年10月12日.
    fn date_from_year(&mut self, year: i64) -> Option<Date> {
        const PARTS: [char; 10] = [' ', '-', '/', '.', '年', '년', '月', '월', '日', '일'];
        self.skip(&PARTS);
        let month = if self.peek()?.is_ascii_digit() { self.number()?.0 } else { month(self.word())? };
        self.skip(&PARTS);
        let (day, 1 | 2) = self.number()? else { return None };
        self.skip(&['.', '日', '일']);
        Some(Date::sure(year, month, day))
    }

    /// 12/10/2025, 12.10.25, 12. Oktober 2025, 12 de octubre de 2025, 12-Oct-2025.
    fn date_from_day(&mut self, first: i64) -> Option<Date> {
        self.skip_ordinal();
        self.skip(&[' ']);
        let between = self.peek().filter(|c| ['.', '-', '/'].contains(c));
        self.skip(&[' ', '.', '-', '/', ',']);
        if self.peek()?.is_alphabetic() {
            self.skip_word(&FILLERS);
            let month = month(self.word())?;
            self.skip(&[' ', '.', ',', '-', '/', '\'', '’']);
            self.skip_word(&FILLERS);
            let (year, count) = self.number()?;
            return Some(Date::sure(full_year(year, count)?, month, first));
        }
        let (second, 1 | 2) = self.number()? else { return None };
        self.skip(&[' ']);
        if !self.eat(between?) {
            return None;
        }
        self.skip(&[' ']);
        let (year, count) = self.number()?;
        let year = Some(full_year(year, count)?);
        let (day, month, order) = match (first, second) {
            (_, 13..) => (second, first, Order::MonthFirst),
            (13.., _) => (first, second, Order::DayFirst),
            _ if between == Some('.') => (first, second, Order::DayFirst),
            _ if first == second => (first, second, Order::Sure),
            _ => (second, first, Order::Either),
        };
        Some(Date { year, month, day, order })
    }

    fn skip_ordinal(&mut self) {
        if self.eat_any(&['º', 'ª', '°']) {
            return;
        }
        let before = self.rest;
        if !ORDINALS.contains(&self.word()) {
            self.rest = before;
        }
    }

    /// The year of `Oct 12 14:03:00 UTC 2025`.
    fn year_at_end(&mut self) -> Option<i64> {
        self.skip(&[' ']);
        match self.number()? {
            (year, 4) => Some(year),
            _ => None,
        }
    }

    /// Nothing more, or a time of day in microseconds with its offset in minutes east of UTC.
    fn time_of_day(&mut self) -> Option<(i64, i64)> {
        self.skip(&[' ', ',', '-', '–', '.']);
        self.skip_word(&YEARS);
        self.skip_weekday();
        self.skip(&[' ', ',', '-', '–', '.']);
        self.skip_word(&BEFORE_TIME);
        if self.rest.is_empty() {
            return Some((0, 0));
        }
        let half_before = self.half_of_day();
        let (hours, 1 | 2) = self.number()? else { return None };
        let (mut minutes, mut of_minute) = (0, 0);
        let has_minutes = self.eat_any(&[':', '.', 'h', '時', '시']);
        if has_minutes && self.peek().is_some_and(|c| c.is_ascii_digit()) {
            minutes = self.two_digits()?;
            if self.eat_any(&[':', '.']) {
                of_minute = self.two_digits()? * SECOND + self.fraction();
            }
        }
        self.skip(&[' ']);
        let half = half_before.or_else(|| self.half_of_day());
        self.skip_word(&["uhr", "h", "hs", "hrs", "분"]);
        let hours = match half {
            _ if !has_minutes && half.is_none() => return None,
            None => hours,
            Some(after) if (1..=12).contains(&hours) => hours % 12 + after,
            // 13:05 PM says it twice.
            Some(12) if hours > 12 => hours,
            Some(_) => return None,
        };
        if hours > 23 || minutes > 59 || of_minute > 61 * SECOND {
            return None;
        }
        let offset = self.zone()?;
        Some(((hours * 60 + minutes) * 60 * SECOND + of_minute.min(60 * SECOND - 1), offset))
    }

    fn two_digits(&mut self) -> Option<i64> {
        match self.number()? {
            (value, 2) => Some(value),
            _ => None,
        }
    }

    /// Microseconds behind the point, 0 where there is none.
    fn fraction(&mut self) -> i64 {
        let before = self.rest;
        let digits = if self.eat_any(&['.', ',']) { self.run(|c| c.is_ascii_digit()) } else { "" };
        if digits.is_empty() {
            self.rest = before;
        }
        let digits = digits.bytes().chain(std::iter::repeat(b'0')).take(6);
        digits.fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
    }

    /// Hours that AM or PM adds.
    fn half_of_day(&mut self) -> Option<i64> {
        const HALVES: [(&str, i64); 18] = [
            ("am", 0),
            ("a.m.", 0),
            ("a.m", 0),
            ("a. m.", 0),
            ("πμ", 0),
            ("π.μ.", 0),
            ("오전", 0),
            ("上午", 0),
            ("午前", 0),
            ("pm", 12),
            ("p.m.", 12),
            ("p.m", 12),
            ("p. m.", 12),
            ("μμ", 12),
            ("μ.μ.", 12),
            ("오후", 12),
            ("下午", 12),
            ("午後", 12),
        ];
        let (rest, hours) = HALVES.iter().find_map(|(word, hours)| {
            let rest = self.rest.strip_prefix(word)?;
            (!rest.starts_with(char::is_alphabetic)).then_some((rest, *hours))
        })?;
        self.rest = rest.trim_start_matches([' ', ',']);
        Some(hours)
    }

    /// Minutes east of UTC, of a word, an offset, or both: `CEST`, `+02:00`, `GMT+2`, `CEST(UTC+2)`. An offset counts
    /// before a word.
    fn zone(&mut self) -> Option<i64> {
        let (mut of_word, mut of_offset) = (None, None);
        loop {
            self.skip(&[' ', '(', ')']);
            match self.peek() {
                None => break,
                Some('+' | '-' | '−') if of_offset.is_none() => of_offset = Some(self.offset()?),
                Some('[') => {
                    self.run(|c| c != ']');
                    if !self.eat(']') {
                        return None;
                    }
                }
                Some(c) if c.is_alphabetic() => {
                    let word = self.word();
                    match zone(word) {
                        Some(minutes) => of_word = of_word.or(Some(minutes)),
                        // The name of the zone behind its offset: (Central European Summer Time).
                        None if of_offset.or(of_word).is_some() => {}
                        None => return None,
                    }
                }
                // The year, at the end.
                Some(_) => break,
            }
        }
        Some(of_offset.or(of_word).unwrap_or(0))
    }

    /// `+02:00`, `-0500`, `+2`.
    fn offset(&mut self) -> Option<i64> {
        let sign = if self.eat('+') { 1 } else { -1 };
        self.skip(&['-', '−']);
        let (hours, minutes) = match self.number()? {
            (value, 3 | 4) => (value / 100, value % 100),
            (hours, _) => (hours, if self.eat(':') { self.two_digits()? } else { 0 }),
        };
        (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
    }
}

/// Of two digits, years from 1970 to 2069.
fn full_year(year: i64, digits: usize) -> Option<i64> {
    match digits {
        4 => Some(year),
        2 => Some(if year < 70 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}
