//! The order of a shop's files: by the numbers and dates in their names, so that the last state of an order is the newest.

use std::collections::BTreeMap;

use crate::orders::{
    reading::entry::FileEntry,
    values::{date_words::month, letters::plain},
};

/// Puts files in the order of their names: parts of digits are numbers, dates are year, month and day. Which of 04.11.2025 is
/// the month the other names of the folder tell, else it is the second part between dots and the first between other marks.
pub fn in_order(files: &[FileEntry]) -> Vec<FileEntry> {
    let mut orders: BTreeMap<&str, DayOrder> = BTreeMap::new();
    for file in files {
        let (folder, name) = split(&file.name);
        orders.entry(folder).or_default().note(&tokens(stem(name)));
    }
    let mut keyed: Vec<(Vec<Vec<Part>>, &FileEntry)> = files
        .iter()
        .map(|file| {
            let (folder, name) = split(&file.name);
            let order = orders.get(folder).copied().unwrap_or_default();
            let mut key: Vec<Vec<Part>> = folder.split('/').map(tokens).collect();
            key.push(order.dated(tokens(stem(name))));
            (key, file)
        })
        .collect();
    keyed.sort_by(|(a, file), (b, other)| a.cmp(b).then_with(|| file.name.cmp(&other.name)));
    keyed.into_iter().map(|(_, file)| file.clone()).collect()
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

/// A name without its endings: `orders (1)` comes after `orders`.
fn stem(name: &str) -> &str {
    let lower = name.to_ascii_lowercase();
    let packed = [".gz", ".zst"].iter().find(|ending| lower.ends_with(**ending)).map_or(0, |ending| ending.len());
    let name = name.get(..name.len() - packed).unwrap_or(name);
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.chars().all(|c| c.is_ascii_alphabetic()) => stem,
        _ => name,
    }
}

/// A part of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Digits: how many without leading noughts, and they.
    Number(usize, String),
    /// Letters, in lower case and without accents.
    Word(String),
    /// Anything else.
    Marks(String),
}

impl Part {
    fn number(value: u32) -> Self {
        let digits = value.to_string();
        Self::Number(digits.len(), digits)
    }

    /// The value of at most four digits.
    fn value(&self) -> Option<u32> {
        match self {
            Self::Number(length, digits) if *length <= 4 => digits.parse().ok().or(Some(0)),
            _ => None,
        }
    }

    fn year(&self) -> Option<u32> {
        self.value().filter(|year| (1990..2200).contains(year))
    }

    fn day_or_month(&self) -> Option<u32> {
        self.value().filter(|value| (1..=31).contains(value))
    }

    fn month(&self) -> Option<u32> {
        let Self::Word(word) = self else { return None };
        month(word).and_then(|month| u32::try_from(month).ok())
    }

    fn is_mark(&self) -> bool {
        matches!(self, Self::Marks(marks) if marks.chars().count() == 1)
    }
}

fn tokens(name: &str) -> Vec<Part> {
    let class = |c: char| if c.is_ascii_digit() { 0 } else { 1 + u8::from(!c.is_alphabetic()) };
    let mut parts: Vec<(u8, String)> = Vec::new();
    for c in plain(name).chars() {
        match parts.last_mut() {
            Some((last, text)) if *last == class(c) => text.push(c),
            _ => parts.push((class(c), c.to_string())),
        }
    }
    let part = |(class, text): (u8, String)| match class {
        0 => {
            let digits = text.trim_start_matches('0').to_owned();
            Part::Number(digits.len(), digits)
        }
        1 => Part::Word(text),
        _ => Part::Marks(text),
    };
    parts.into_iter().map(part).collect()
}

/// What the names of a folder show of the order of day and month.
#[derive(Clone, Copy, Debug, Default)]
struct DayOrder {
    has_day_first: bool,
    has_month_first: bool,
}

impl DayOrder {
    fn note(&mut self, parts: &[Part]) {
        for (first, _, second, ..) in parts.windows(5).filter_map(date) {
            self.has_day_first |= first > 12;
            self.has_month_first |= second > 12;
        }
    }

    /// The parts with dates as year, month and day.
    fn dated(self, mut parts: Vec<Part>) -> Vec<Part> {
        if let Some((at, (first, mark, second, year))) =
            (0..parts.len()).find_map(|at| Some((at, date(parts.get(at..at + 5)?)?)))
        {
            let is_day_first = match (self.has_day_first, self.has_month_first) {
                (true, false) => true,
                (false, true) => false,
                _ => mark == ".",
            };
            let (month, day) = if is_day_first { (second, first) } else { (first, second) };
            parts.splice(at..at + 5, [year, month, day].map(Part::number));
            return parts;
        }
        if let Some((at, length, date)) = worded(&parts) {
            parts.splice(at..at + length, date.map(Part::number));
        } else if let Some((at, year)) = period(&parts) {
            let year = parts.remove(year);
            parts.insert(at, year);
        }
        parts
    }
}

/// Two numbers and a year between equal marks: 04.11.2025.
fn date(parts: &[Part]) -> Option<(u32, String, u32, u32)> {
    let [first, mark, second, other, year] = parts else { return None };
    let Part::Marks(text) = mark else { return None };
    (mark == other && mark.is_mark())
        .then(|| Some((first.day_or_month()?, text.clone(), second.day_or_month()?, year.year()?)))?
}

/// A year and the name of a month beside it, perhaps with a day: 4-Nov-2025, nov_2025, 2025 November. Where it is, how many
/// parts it has, and year, month and day.
fn worded(parts: &[Part]) -> Option<(usize, usize, [u32; 3])> {
    let at_month = parts.iter().position(|part| part.month().is_some())?;
    let month = parts.get(at_month)?.month()?;
    // A mark between is no part of its own.
    let beside = |step: isize| {
        let next = at_month.checked_add_signed(step)?;
        let part = parts.get(next)?;
        if part.is_mark() { next.checked_add_signed(step) } else { Some(next) }
    };
    let number = |at: Option<usize>| Some((at?, parts.get(at?)?));
    let (before, after) = (number(beside(-1)), number(beside(1)));
    let year_after = after.and_then(|(at, part)| Some((at, part.year()?)));
    let year_before = before.and_then(|(at, part)| Some((at, part.year()?)));
    match (year_before, year_after) {
        (_, Some((end, year))) => {
            let day = before.and_then(|(at, part)| Some((at, part.day_or_month()?)));
            let (start, day) = day.unwrap_or((at_month, 0));
            Some((start, end + 1 - start, [year, month, day]))
        }
        (Some((start, year)), None) => {
            let day = after.and_then(|(at, part)| Some((at, part.day_or_month()?)));
            let (end, day) = day.unwrap_or((at_month, 0));
            Some((start, end + 1 - start, [year, month, day]))
        }
        (None, None) => None,
    }
}

/// A folder without the folders of years, months, weeks and days that it ends with: `shop/2025/11` is `shop`. Numbers count as
/// such below a year alone.
pub fn without_periods(folder: &str) -> &str {
    let (mut rest, mut found) = (folder, folder);
    loop {
        let (above, name) = rest.rsplit_once('/').unwrap_or(("", rest));
        let parts = tokens(name);
        if !is_period(&parts) {
            return found;
        }
        if parts.iter().any(stands_for_year) {
            found = above;
        }
        rest = above;
    }
}

/// Whether a name is nothing but a stretch of time: 2025, 2025-11, 20251104, 11, Q4, November.
fn is_period(parts: &[Part]) -> bool {
    const WORDS: [&str; 12] = ["q", "t", "h", "s", "w", "kw", "y", "m", "d", "week", "quarter", "month"];
    let is_of_time = |part: &Part| match part {
        Part::Number(..) => part.day_or_month().is_some() || part.value() == Some(0) || stands_for_year(part),
        Part::Word(word) => part.month().is_some() || WORDS.contains(&word.as_str()),
        Part::Marks(_) => part.is_mark(),
    };
    parts.iter().any(|part| !part.is_mark()) && parts.iter().all(is_of_time)
}

/// A year, alone or with the month and the day: 2025, 202511, 20251104.
fn stands_for_year(part: &Part) -> bool {
    match part {
        Part::Number(6 | 8, digits) => {
            digits.get(..4).and_then(|year| year.parse().ok()).is_some_and(|year: u32| (1990..2200).contains(&year))
        }
        part => part.year().is_some(),
    }
}

/// A month, week, quarter or half before its year: Q4_2025, 4T2025, 12-2025. Where its number is, and where the year.
fn period(parts: &[Part]) -> Option<(usize, usize)> {
    const WEEKS: u32 = 53;
    let year = parts.iter().position(|part| part.year().is_some())?;
    let before = |at: usize| Some((at.checked_sub(1)?, parts.get(at.checked_sub(1)?)?));
    let (mut at, mut part) = before(year)?;
    if part.is_mark() {
        (at, part) = before(at)?;
    }
    if matches!(part, Part::Word(letters) if letters.chars().count() <= 2) {
        (at, part) = before(at)?;
    }
    part.value().filter(|value| (1..=WEEKS).contains(value)).map(|_| (at, year))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names, which are given in their order, put in order from the other end.
    fn stays(names: &[&str]) {
        let files: Vec<FileEntry> = names
            .iter()
            .rev()
            .map(|name| FileEntry { path: format!("/data/{name}"), name: (*name).to_owned(), gives_rows: true })
            .collect();
        let sorted: Vec<String> = in_order(&files).into_iter().map(|file| file.name).collect();
        assert_eq!(sorted, names);
    }

    #[test]
    fn files_come_in_the_order_of_the_numbers_in_their_names() {
        stays(&["orders_9.csv", "orders_10.csv", "orders_0011.csv", "orders_100.csv.gz"]);
        stays(&["orders_export.csv", "orders_export (1).csv", "orders_export (2).csv", "orders_export (10).csv"]);
        stays(&["a/2/orders.csv", "a/10/orders.csv", "b/1/orders.csv"]);
        stays(&["9.csv", "10.parquet", "a.csv", "B.csv", "c.csv"]);
    }

    #[test]
    fn files_come_in_the_order_of_the_dates_in_their_names() {
        stays(&["orders-2024-12-31.csv", "orders-2025-01-01.csv", "orders-2025-1-02.csv"]);
        stays(&["orders_20241231.csv", "orders_20250101.csv"]);
        stays(&["orders 31.12.2024.csv", "orders 01.02.2025.csv", "orders 02.01.2026.csv"]);
        stays(&["orders 11-05-2025.csv", "orders 12-04-2025.csv", "orders 12-31-2025.csv"]);
        stays(&["orders 12-04-2025.csv", "orders 11-05-2025.csv", "orders 31-12-2025.csv"]);
        stays(&["orders_dec_2024.csv", "orders_jan_2025.csv", "orders_feb_2025.csv"]);
        stays(&["2024 Dezember.csv", "2025 Januar.csv", "2025 M\u{e4}rz.csv", "2025 Mai.csv"]);
        stays(&["orders 9-Nov-2025.csv", "orders 10-Nov-2025.csv", "orders 1-Dec-2025.csv"]);
        stays(&["Q3_2025.csv", "Q4_2025.csv", "Q1_2026.csv"]);
        stays(&["ventas 4T2025.csv", "ventas 1T2026.csv", "ventas 2T 2026.csv"]);
        stays(&["orders_11_2025.csv", "orders_12_2025.csv", "orders_1_2026.csv"]);
        stays(&["KW52-2025.csv", "KW2-2026.csv"]);
        stays(&["2024_2025.csv", "2025_2026.csv"]);
    }

    #[test]
    fn folders_of_years_and_months_below_a_shop_are_no_shops() {
        for (folder, expected) in [
            ("data/shop", "data/shop"),
            ("data/shop/2025", "data/shop"),
            ("data/shop/2025/11", "data/shop"),
            ("data/shop/2025/11/04", "data/shop"),
            ("shop/2025-11", "shop"),
            ("shop/2025_Q4", "shop"),
            ("shop/2025/November", "shop"),
            ("shop/20251104", "shop"),
            ("shop/y=2025/m=11", "shop"),
            ("2025", ""),
            ("data/7", "data/7"),
            ("data/may", "data/may"),
            ("data/shop-2025", "data/shop-2025"),
            ("data/2025/shop", "data/2025/shop"),
        ] {
            assert_eq!(without_periods(folder), expected, "{folder}");
        }
    }
}
