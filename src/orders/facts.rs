//! What is noticed about rows while they are parsed, and what only all of them together tell.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use super::{fields::Reason, rows::hash, values::Slash};

/// What was noticed about the rows of a file, or of a block of it.
#[derive(Debug, Default)]
pub struct Facts {
    /// Rows, used or not.
    pub rows: u64,
    /// Rows not used for what they hold, by reason.
    pub rejected: [u64; Reason::ALL.len()],
    /// Cells that are taken as empty because they hold no such value, by field.
    pub bad_cells: BTreeMap<usize, u64>,
    /// Dates with slashes by field: with a day first, and with a month first for certain.
    pub slashes: BTreeMap<usize, (u64, u64)>,
    /// The shops named, with the row that names each first: its block and its line there.
    pub shops: BTreeMap<u32, (u32, u32)>,
    /// Rows that name no shop.
    pub without_shop: u64,
    /// Rows by shop and currency.
    pub currencies: BTreeMap<(u32, [u8; 3]), u64>,
    /// Bytes that are no UTF-8 were replaced.
    pub replaced: bool,
    /// Variant ids of ten characters or more, by shop and the hash of their last ten.
    pub long_ids: BTreeMap<(u32, u64), LongId>,
}

/// Whether several ids end alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LongId {
    /// This one alone.
    One(Vec<u8>),
    /// More than one.
    Many,
}

impl Facts {
    /// Adds what was noticed of later rows.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        for (sum, count) in self.rejected.iter_mut().zip(other.rejected) {
            *sum += count;
        }
        for (field, count) in other.bad_cells {
            *self.bad_cells.entry(field).or_default() += count;
        }
        for (field, (day, month)) in other.slashes {
            let sum = self.slashes.entry(field).or_default();
            *sum = (sum.0 + day, sum.1 + month);
        }
        for (shop, first) in other.shops {
            self.shops.entry(shop).or_insert(first);
        }
        self.without_shop += other.without_shop;
        for (key, count) in other.currencies {
            *self.currencies.entry(key).or_default() += count;
        }
        self.replaced |= other.replaced;
        for (key, id) in other.long_ids {
            note_long_id(&mut self.long_ids, key, id);
        }
    }

    /// Rows not used for what they hold.
    pub fn rejected_rows(&self) -> u64 {
        self.rejected.iter().sum()
    }

    /// The fields whose dates have the day first.
    pub fn is_day_first(&self, field: usize) -> bool {
        self.slashes.get(&field).is_some_and(|(day, _)| *day > 0)
    }
}

/// The last ten characters of an id; `None` if it has fewer.
pub fn end_of(id: &[u8]) -> Option<&[u8]> {
    if let Some(end) = id.last_chunk::<10>().filter(|end| end.is_ascii()) {
        return Some(end);
    }
    let begins = |byte: &u8| *byte & 0xC0 != 0x80;
    let start = id.iter().enumerate().rev().filter(|(_, byte)| begins(byte)).nth(9).map(|(at, _)| at)?;
    id.get(start..)
}

/// Notes an id under its last ten characters.
pub fn note_long_id(ids: &mut BTreeMap<(u32, u64), LongId>, key: (u32, u64), id: LongId) {
    ids.entry(key)
        .and_modify(|known| {
            if *known != id {
                *known = LongId::Many
            }
        })
        .or_insert(id);
}

/// Shops by number.
#[derive(Default)]
pub struct Shops(Mutex<ShopNames>);

#[derive(Default)]
struct ShopNames {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Shops {
    /// The number of a shop; its name is compared trimmed and in lower case.
    pub fn number(&self, name: &[u8]) -> u32 {
        let name = String::from_utf8_lossy(name).trim().to_lowercase();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = known.numbers.get(&name) {
            return *number;
        }
        let number = known.names.len() as u32;
        known.numbers.insert(name.clone(), number);
        known.names.push(name);
        number
    }

    /// The names by number.
    pub fn names(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).names.clone()
    }
}

/// Notes a variant's id, if it is a long one. One of just ten characters is, for a longer one may end like it.
pub fn note_variant(facts: &mut Facts, shop: u32, id: &[u8]) {
    if let Some(end) = end_of(id).map(hash) {
        match facts.long_ids.get_mut(&(shop, end)) {
            Some(LongId::Many) => {}
            Some(LongId::One(known)) if known.as_slice() == id => {}
            Some(known) => *known = LongId::Many,
            None => {
                facts.long_ids.insert((shop, end), LongId::One(id.to_vec()));
            }
        }
    }
}

/// Notes how a date with slashes can be meant.
pub fn note_slash(facts: &mut Facts, field: usize, slash: Slash) {
    match slash {
        Slash::No | Slash::Either => {}
        Slash::DayFirst => facts.slashes.entry(field).or_default().0 += 1,
        Slash::MonthFirst => facts.slashes.entry(field).or_default().1 += 1,
    }
}

/// Counts currencies; neighbouring rows have the same mostly.
#[derive(Default)]
pub struct CurrencyCount {
    last: Option<(u32, [u8; 3])>,
    count: u64,
}

impl CurrencyCount {
    /// Counts a row.
    pub fn note(&mut self, facts: &mut Facts, shop: u32, currency: Option<[u8; 3]>) {
        let Some(currency) = currency else { return };
        if self.last != Some((shop, currency)) {
            self.flush(facts);
            self.last = Some((shop, currency));
        }
        self.count += 1;
    }

    /// Hands over what was counted.
    pub fn flush(&mut self, facts: &mut Facts) {
        if let Some(last) = self.last.take() {
            *facts.currencies.entry(last).or_default() += std::mem::take(&mut self.count);
        }
    }
}
