//! Cells into values: instants, money in cents, whole numbers, truth values, ids. No allocation, no floats for money.

/// How a date was written with slashes, where it could be meant otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slash {
    /// Year first, or a first part over 12: there is one reading.
    No,
    /// Both parts are months: month first, unless the column is day first.
    Either,
    /// The second part is no month: right only if the column is month first.
    MonthFirst,
    /// The first part is no month: the whole column is day first.
    DayFirst,
}

/// An instant in microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// Microseconds.
    pub micros: i64,
    /// How sure that is.
    pub slash: Slash,
}

const DAY: i64 = 86_400_000_000;

/// 1900-01-01, which spreadsheets write for no date.
const DAYS_TO_1900: i64 = -25_567;

/// Reads an instant; an offset is applied, no offset means UTC. `None` for what is no date, 1900-01-01 included, which
/// stands for none.
pub fn time(text: &[u8]) -> Option<Time> {
    let mut reader = Reader { text, at: 0 };
    let first = reader.digits(1, 4)?;
    let (year, month, day, slash) = match (reader.byte()?, first.1) {
        (b'-', 4) => {
            let month = reader.digits(1, 2)?.0;
            reader.expect(b'-')?;
            (first.0, month, reader.digits(1, 2)?.0, Slash::No)
        }
        (b'/', 1 | 2) => {
            let second = reader.digits(1, 2)?.0;
            reader.expect(b'/')?;
            let year = reader.digits(4, 4)?.0;
            match (first.0, second) {
                (13.., _) => (year, second, first.0, Slash::DayFirst),
                (_, 13..) => (year, first.0, second, Slash::MonthFirst),
                _ => (year, first.0, second, Slash::Either),
            }
        }
        _ => return None,
    };
    let days = days(year, month, day)?;
    let (of_day, offset) = reader.time_of_day()?;
    // Day and month may change places later, which an offset to another day would forbid.
    let is_sound = days != DAYS_TO_1900 && (slash == Slash::No || offset == 0);
    is_sound.then_some(Time { micros: days * DAY + of_day - offset * 60_000_000, slash })
}

/// An instant as [`time`] reads it.
pub fn instant(micros: i64) -> String {
    let (year, month, day) = civil(micros.div_euclid(DAY));
    let of_day = micros.rem_euclid(DAY);
    let (seconds, fraction) = (of_day / 1_000_000, of_day % 1_000_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{fraction:06}Z")
}

/// The instant of a date whose day and month change places.
pub fn day_first(micros: i64) -> Option<i64> {
    let (year, month, day) = civil(micros.div_euclid(DAY));
    Some(days(year, day, month)? * DAY + micros.rem_euclid(DAY))
}

/// Days since 1970 of a date of the Gregorian calendar. Eras of 400 years, years from March (Howard Hinnant).
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => return None,
    };
    if year < 1 || day < 1 || day > length {
        return None;
    }
    let from_march = if month > 2 { year } else { year - 1 };
    let era = from_march.div_euclid(400);
    let of_era = from_march - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// The date of a day since 1970: the way back of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days - era * 146_097;
    let of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (of_era + era * 400 + i64::from(month <= 2), month, day)
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

/// A number as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Empty or NULL.
    None,
    /// No number.
    Bad,
    /// Its value.
    Value(i64),
}

/// What may stand before or after an amount: signs and abbreviations of currencies.
const SIGNS: [&str; 58] = [
    "US$", "AU$", "CA$", "NZ$", "HK$", "NT$", "MX$", "R$", "A$", "C$", "S$", "$", "€", "£", "¥", "₹", "₩", "₽", "₺",
    "₪", "₫", "₴", "₦", "₱", "₵", "₡", "₲", "₸", "₾", "₼", "₮", "₭", "₨", "৳", "៛", "฿", "﷼", "元", "円", "원", "kr.",
    "kr", "Kr", "zł", "Kč", "Ft", "lei", "лв", "руб", "Rp", "RM", "Rs.", "Rs", "R", "Fr.", "Fr", "S/", "د.إ",
];

/// The codes of currencies that may stand there.
const CODES: [&str; 54] = [
    "USD", "EUR", "GBP", "JPY", "CNY", "INR", "KRW", "RUB", "TRY", "ILS", "VND", "UAH", "THB", "AUD", "CAD", "NZD",
    "HKD", "SGD", "TWD", "BRL", "MXN", "CLP", "COP", "ARS", "PEN", "UYU", "CRC", "CHF", "SEK", "NOK", "DKK", "ISK",
    "PLN", "CZK", "HUF", "RON", "BGN", "ZAR", "NGN", "KES", "GHS", "EGP", "MAD", "AED", "SAR", "QAR", "KWD", "PHP",
    "IDR", "MYR", "PKR", "BDT", "LKR", "KZT",
];

/// Reads an amount of money as cents, rounded half away from zero. A currency's sign or code and commas between
/// thousands are taken off.
pub fn money(text: &[u8]) -> Number {
    if is_null(text) {
        return Number::None;
    }
    plain_money(text).or_else(|| spelled_money(text)).map_or(Number::Bad, Number::Value)
}

fn is_null(text: &[u8]) -> bool {
    text.is_empty() || text.eq_ignore_ascii_case(b"null")
}

/// Digits, and perhaps a point and two more.
#[inline]
fn plain_money(text: &[u8]) -> Option<i64> {
    let (whole, fraction) = match text {
        [whole @ .., b'.', a, b] => (whole, Some((*a, *b))),
        whole => (whole, None),
    };
    if whole.is_empty() || whole.len() > 15 {
        return None;
    }
    let mut value = 0_i64;
    for byte in whole {
        value = value * 10 + i64::from(digit(*byte)?);
    }
    Some(match fraction {
        Some((a, b)) => value * 100 + i64::from(digit(a)?) * 10 + i64::from(digit(b)?),
        None => value * 100,
    })
}

#[inline]
fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

fn spelled_money(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, rest) = signed(text.trim());
    let rest = without_sign(rest);
    let (negative, rest) = match signed(rest) {
        (true, _) if negative => return None,
        (inner, rest) => (negative || inner, rest),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0_i64;
    for (place, group) in whole.split(',').enumerate() {
        let is_thousands = place == 0 || group.len() == 3;
        if !is_thousands || (whole.contains(',') && group.is_empty()) {
            return None;
        }
        for byte in group.bytes() {
            value = value.checked_mul(10)?.checked_add(i64::from(digit(byte)?))?;
        }
    }
    let mut digits = [0_i64; 3];
    for (place, byte) in fraction.bytes().enumerate() {
        let digit = i64::from(digit(byte)?);
        if let Some(slot) = digits.get_mut(place) {
            *slot = digit;
        }
    }
    let [tenths, hundredths, next] = digits;
    let cents = value.checked_mul(100)?.checked_add(tenths * 10 + hundredths + i64::from(next >= 5))?;
    (cents < 1_000_000_000_000_000_000).then_some(if negative { -cents } else { cents })
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-').or_else(|| text.strip_prefix('\u{2212}')) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text).trim_start()),
    }
}

/// An amount without its currency: a sign or code before it, after it, or both, as in `$5.00 USD`.
fn without_sign(text: &str) -> &str {
    let signs = || SIGNS.iter().chain(&CODES);
    let after_sign = signs().filter_map(|sign| text.strip_prefix(sign)).min_by_key(|rest| rest.len()).unwrap_or(text);
    let amount = signs().filter_map(|sign| after_sign.strip_suffix(sign)).min_by_key(|rest| rest.len());
    amount.unwrap_or(after_sign).trim()
}

/// Reads a whole number; what follows the point is cut off.
pub fn integer(text: &[u8]) -> Number {
    if is_null(text) {
        return Number::None;
    }
    if text.len() <= 15
        && let Some(value) = text.iter().try_fold(0_i64, |value, byte| Some(value * 10 + i64::from(digit(*byte)?)))
    {
        return Number::Value(value);
    }
    let parsed = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
    match parsed {
        Some(value) if value.abs() < 9_007_199_254_740_992.0 => Number::Value(value.trunc() as i64),
        _ => Number::Bad,
    }
}

/// Reads a truth value.
pub fn boolean(text: &[u8]) -> Option<bool> {
    let is_one_of = |words: [&[u8]; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of([b"true", b"1", b"yes", b"y", b"on"]) {
        return Some(true);
    }
    is_one_of([b"false", b"0", b"no", b"n", b"off"]).then_some(false)
}

/// The number of a global id `gid://shopify/Type/123?x=y`; any other text is its own id.
#[inline]
pub fn id(text: &[u8]) -> &[u8] {
    let Some(rest) = text.strip_prefix(b"gid://shopify/") else { return text };
    let Some(slash) = rest.iter().position(|byte| *byte == b'/') else { return text };
    let number = rest.get(slash + 1..).unwrap_or_default();
    let end = number.iter().position(|byte| *byte == b'?').unwrap_or(number.len());
    match number.get(..end) {
        Some(number) if slash > 0 && !number.is_empty() && number.iter().all(u8::is_ascii_digit) => number,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        time(text.as_bytes()).map(|time| time.micros)
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
        ] {
            assert_eq!(micros(text), Some(at), "{text}");
        }
        assert_eq!(micros("2025-08-22"), Some(at - DAY / 2));
        assert_eq!(micros("1970-01-01T00:00:00.123456Z"), Some(123_456));
        assert_eq!(micros("0001-01-01"), Some(-719_162 * DAY));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0000-00-00",
            "1900-01-01",
            "N/A",
            "NULL",
            "nan",
            "2025-02-29",
            "2025-13-01",
            "2025-08-22T25:00:00",
            "yesterday",
            "2025-08-22x",
            "2025-08-22T12:00:00Zx",
            "20250822",
            "13/13/2025",
            "2025-08-22T12",
            "1/2/25",
            "2025-08-22T12:00:00+2",
        ] {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    #[test]
    fn slashes_say_how_they_can_be_read() {
        let slash = |text: &str| time(text.as_bytes()).unwrap().slash;
        assert_eq!(slash("02/03/2025"), Slash::Either);
        assert_eq!(slash("2/13/2025"), Slash::MonthFirst);
        assert_eq!(slash("13/2/2025"), Slash::DayFirst);
        assert_eq!(slash("2025-02-03"), Slash::No);
        let (month_first, march) = (micros("02/03/2025 10:00:00").unwrap(), micros("2025-03-02 10:00:00"));
        assert_eq!(day_first(month_first), march);
    }

    #[test]
    fn an_instant_is_written_as_it_is_read() {
        for at in [0, 1_755_864_000_000_001, -1, -719_162 * DAY, 253_402_300_799_999_999] {
            assert_eq!(micros(&instant(at)), Some(at), "{}", instant(at));
        }
    }

    #[test]
    fn days_go_there_and_back_over_four_centuries() {
        for day in (-719_162..146_097).step_by(1) {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), Some(day));
        }
    }

    #[test]
    fn money_is_exact_and_rounds_half_away_from_zero() {
        for (text, cents) in [
            ("38.64", 3864),
            ("0", 0),
            ("12", 1200),
            ("12.5", 1250),
            (".5", 50),
            ("5.", 500),
            ("1.005", 101),
            ("1.004999", 100),
            ("-1.005", -101),
            ("$1,234.50", 123_450),
            ("-$3", -300),
            ("$-3", -300),
            ("€ 9.99", 999),
            ("9.99 €", 999),
            ("1,234,567.891", 123_456_789),
            ("+7", 700),
            ("0.995", 100),
            ("R$ 10", 1000),
            ("NZ$ 5", 500),
            ("HK$5.25", 525),
            ("S$ 5", 500),
            ("5 US$", 500),
            ("USD 5", 500),
            ("5.00 EUR", 500),
            ("CHF 1,234.50", 123_450),
            ("-5.00 EUR", -500),
            ("EUR -5", -500),
            ("$5.00 USD", 500),
            ("10 zł", 1000),
            ("10\u{A0}Kč", 1000),
            ("₦1,000", 100_000),
            ("R 12.50", 1250),
            ("90071992547409.93", 9_007_199_254_740_993),
        ] {
            assert_eq!(money(text.as_bytes()), Number::Value(cents), "{text}");
        }
        for text in [
            "abc",
            "USD",
            "EUR USD",
            "5 PCS",
            "5 usd 5",
            "1,5",
            "12,50",
            "1e3",
            "1.2.3",
            "--1",
            "$",
            ",",
            "1,,234",
            "12 34",
            "nan",
            "99999999999999999999",
        ] {
            assert_eq!(money(text.as_bytes()), Number::Bad, "{text}");
        }
        for text in ["", "NULL", "null"] {
            assert_eq!(money(text.as_bytes()), Number::None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_cut_and_truth_has_many_words() {
        for (text, value) in [("2", 2), ("2.9", 2), ("-3", -3), ("-0.5", 0), ("1e2", 100)] {
            assert_eq!(integer(text.as_bytes()), Number::Value(value), "{text}");
        }
        assert_eq!([integer(b"two"), integer(b"1e300"), integer(b"nan")], [Number::Bad; 3]);
        assert_eq!([boolean(b"YES"), boolean(b"off"), boolean(b"maybe")], [Some(true), Some(false), None]);
    }

    #[test]
    fn a_global_id_is_its_number_and_others_are_themselves() {
        for (text, expected) in [
            ("gid://shopify/Order/1000022", "1000022"),
            ("gid://shopify/Order/12?inventory_item_id=3", "12"),
            ("1000022", "1000022"),
            ("#1001", "#1001"),
            ("gid://shopify/Order/", "gid://shopify/Order/"),
            ("gid://shopify/Order/12x", "gid://shopify/Order/12x"),
            ("gid://other/Order/12", "gid://other/Order/12"),
        ] {
            assert_eq!(id(text.as_bytes()), expected.as_bytes(), "{text}");
        }
    }
}
