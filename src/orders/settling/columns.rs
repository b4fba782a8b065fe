//! How the columns of each file are read: as its own cells say, else those of the shop's other files with the same headers,
//! else the settings; what nothing says is guessed, and told with an example.

use std::collections::HashMap;

use crate::orders::{
    reading::intake::{FileRead, Intake},
    recognising::{
        fields::{Kind, Type},
        layout::Layout,
    },
    values::{
        currencies::Digits,
        doubt::{Decimal, Signs},
        spelling::{ColumnSigns, Columns, DateOrder, DecimalMark, Spelling},
    },
};

/// How a file's columns are read, and the fields for which that is a guess, a bit each.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decided {
    /// How they are read.
    pub columns: Columns,
    /// The fields of which nothing says it.
    pub guessed: u64,
}

/// Decides for all files; `shop_of` tells the one shop of a file, `settings` what is set for it.
pub fn decide(
    intake: &Intake,
    shop_of: impl Fn(usize) -> Option<u32>,
    settings: impl Fn(Option<u32>) -> Spelling,
) -> Vec<Decided> {
    let mut shared: HashMap<(&Layout, Option<u32>), ColumnSigns> = HashMap::new();
    for (number, read) in intake.files.iter().enumerate() {
        if let Some(layout) = &read.layout {
            shared.entry((layout, shop_of(number))).or_default().add(&read.facts.signs);
        }
    }
    let decided = |(number, read): (usize, &FileRead)| {
        let Some(layout) = &read.layout else { return Decided::default() };
        let shop = shop_of(number);
        let all = shared.get(&(&**layout, shop)).cloned().unwrap_or_default();
        of_file(layout.kind, &read.facts.signs, &all, settings(shop))
    };
    intake.files.iter().enumerate().map(decided).collect()
}

fn of_file(kind: Kind, own: &ColumnSigns, all: &ColumnSigns, set: Spelling) -> Decided {
    let mut decided = Decided::default();
    let of_type = |signs: &ColumnSigns, is_such: fn(Type) -> bool| {
        let such = kind.fields().iter().enumerate().filter(|(_, field)| is_such(field.kind));
        such.fold(Signs::NONE, |sum, (place, _)| sum.and(signs.of(place)))
    };
    let money = |signs: &ColumnSigns| mark(of_type(signs, |kind| kind == Type::Money));
    let dates = |signs: &ColumnSigns| order(of_type(signs, |kind| kind == Type::Time));
    let of_money = money(own).or_else(|| money(all));
    for (place, field) in kind.fields().iter().enumerate() {
        let bit = 1_u64 << place;
        let (of_own, of_all) = (own.of(place), all.of(place));
        let is_known = match field.kind {
            Type::Time => {
                let said = if of_own.has(Signs::DAY_FIRST) { Some(DateOrder::DayFirst) } else { order(of_own) };
                let said = said.or_else(|| dates(own)).or_else(|| order(of_all)).or_else(|| dates(all)).or(set.dates);
                // Where the comma is decimal the day comes first.
                let guess = || (of_money == Some(DecimalMark::Comma)).then_some(DateOrder::DayFirst);
                if said.or_else(guess) == Some(DateOrder::DayFirst) {
                    decided.columns.day_first |= bit;
                }
                said.is_some()
            }
            Type::Money | Type::Int => {
                let said = mark(of_own).or_else(|| money(own)).or_else(|| mark(of_all)).or_else(|| money(all));
                match said.or(set.decimal_mark) {
                    Some(DecimalMark::Comma) => decided.columns.comma |= bit,
                    Some(DecimalMark::Point) => decided.columns.point |= bit,
                    None => {}
                }
                said.or(set.decimal_mark).is_some()
            }
            Type::Code => {
                if of_own.has(Signs::FLOAT) && !of_own.has(Signs::NO_FLOAT) {
                    decided.columns.floats |= bit;
                }
                true
            }
            _ => true,
        };
        if !is_known && of_own.has(Signs::UNCLEAR) {
            decided.guessed |= bit;
        }
    }
    decided
}

/// The order of dates, if what is seen agrees.
fn order(signs: Signs) -> Option<DateOrder> {
    match (signs.has(Signs::DAY_FIRST), signs.has(Signs::MONTH_FIRST)) {
        (true, false) => Some(DateOrder::DayFirst),
        (false, true) => Some(DateOrder::MonthFirst),
        _ => None,
    }
}

/// The decimal mark, if what is seen agrees.
fn mark(signs: Signs) -> Option<DecimalMark> {
    match (signs.has(Signs::COMMA), signs.has(Signs::POINT)) {
        (true, false) => Some(DecimalMark::Comma),
        (false, true) => Some(DecimalMark::Point),
        _ => None,
    }
}

/// The guesses of a file in words, each with an example; its money has so many digits.
pub fn guesses(read: &FileRead, decided: Decided, digits: Digits) -> Vec<String> {
    let Some(kind) = read.layout.as_ref().map(|layout| layout.kind) else { return Vec::new() };
    let mut words = Vec::new();
    for (place, field) in kind.fields().iter().enumerate().filter(|(place, _)| decided.guessed >> place & 1 == 1) {
        let Some((count, example)) = read.facts.unclear.get(&place) else { continue };
        let decimal = decided.columns.decimal(place, field.kind, digits);
        words.push(match (field.kind, decimal) {
            (Type::Time, _) => format!(
                "{count} dates of {} like {example} may have the day or the month first, none tells; read with the {} first: \
                 say which with the parameter `dates`",
                field.name,
                if decided.columns.day_first >> place & 1 == 1 { "day" } else { "month" }
            ),
            // A currency without cents has no fraction.
            (Type::Money, _) if digits == Digits::None => continue,
            _ => format!(
                "{count} numbers of {} like {example} may be thousands or have a fraction, none tells; read as {}: say which \
                 with the parameter `decimal_mark`",
                field.name,
                if decimal == Decimal::Thousands { "thousands" } else { "a fraction" }
            ),
        });
    }
    words
}
