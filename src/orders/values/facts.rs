//! What is noticed about rows while they are parsed, and what only all of them together tell.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use crate::orders::{
    recognising::fields::Reason,
    rows::row::hash,
    values::{
        doubt::Signs,
        spelling::{ColumnSigns, Columns},
    },
};

/// What was noticed about the rows of a file, or of a block of it.
#[derive(Debug, Default)]
pub struct Facts {
    /// Rows, used or not.
    pub rows: u64,
    /// Rows not used for what they hold, by reason.
    pub rejected: [u64; Reason::ALL.len()],
    /// Cells that are taken as empty because they hold no such value, by field.
    pub bad_cells: BTreeMap<usize, u64>,
    /// What the cells show of how their columns are written; a cell may be that of a row that is not used.
    pub signs: ColumnSigns,
    /// Cells that may be meant in two ways, by field: how many, and the first.
    pub unclear: BTreeMap<usize, (u64, String)>,
    /// Dates that have the month first for certain, by field, of rows with nothing wrong; those that name a shop, and
    /// those that name none.
    pub month_first: BTreeMap<usize, (u64, u64)>,
    /// The shops named, with the row that names each first: its block and its line there.
    pub shops: BTreeMap<u32, (u32, u32)>,
    /// Rows with nothing wrong that name no shop.
    pub without_shop: u64,
    /// Rows of orders without a date that no row just before, of the same order, gives: those that name a shop, and those
    /// that name none. Their order may have a date all the same.
    pub undated: (u64, u64),
    /// The orders of the first and the last row, as hashes.
    pub ends: Option<(u64, u64)>,
    /// Rows by shop and currency.
    pub currencies: BTreeMap<(u32, [u8; 3]), u64>,
    /// Bytes that are no UTF-8 were replaced.
    pub replaced: bool,
    /// Replacement characters that the file itself holds, and the first of them: its block and its line there.
    pub lost_letters: (u64, Option<(u32, u32)>),
    /// A quoted cell that is never closed: its block and its line there.
    pub unclosed: Option<(u32, u32)>,
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
        self.signs.add(&other.signs);
        for (field, (count, first)) in other.unclear {
            self.unclear.entry(field).or_insert((0, first)).0 += count;
        }
        for (field, (named, nameless)) in other.month_first {
            let sum = self.month_first.entry(field).or_default();
            *sum = (sum.0 + named, sum.1 + nameless);
        }
        for (shop, first) in other.shops {
            self.shops.entry(shop).or_insert(first);
        }
        self.without_shop += other.without_shop;
        self.undated = (self.undated.0 + other.undated.0, self.undated.1 + other.undated.1);
        self.ends = match (self.ends, other.ends) {
            (Some((first, _)), Some((_, last))) => Some((first, last)),
            (own, ends) => own.or(ends),
        };
        for (key, count) in other.currencies {
            *self.currencies.entry(key).or_default() += count;
        }
        self.replaced |= other.replaced;
        self.lost_letters.0 += other.lost_letters.0;
        self.lost_letters.1 = self.lost_letters.1.or(other.lost_letters.1);
        self.unclosed = self.unclosed.or(other.unclosed);
        for (key, id) in other.long_ids {
            note_long_id(&mut self.long_ids, key, id);
        }
    }

    /// Rows not used for what they hold.
    pub fn rejected_rows(&self) -> u64 {
        self.rejected.iter().sum()
    }

    /// Dates of a field that are none, for they have the month first and `columns` the day: of rows that name a shop, and of
    /// those that name none.
    pub fn misread(&self, field: usize, columns: &Columns) -> (u64, u64) {
        let is_day_first = columns.day_first >> field & 1 == 1;
        self.month_first.get(&field).filter(|_| is_day_first).copied().unwrap_or_default()
    }

    /// Notes what a cell shows of its column.
    #[inline]
    pub fn note_signs(&mut self, field: usize, signs: Signs, cell: &[u8]) {
        if signs != Signs::NONE {
            self.signs.note(field, signs);
            if signs.has(Signs::UNCLEAR) {
                self.note_unclear(field, cell);
            }
        }
    }

    #[cold]
    fn note_unclear(&mut self, field: usize, cell: &[u8]) {
        let first = || (0, String::from_utf8_lossy(cell).into_owned());
        self.unclear.entry(field).or_insert_with(first).0 += 1;
    }

    /// Notes a row with nothing wrong; `month_first` has a bit for each field whose date has the month first for certain.
    #[inline]
    pub fn note_good(&mut self, names_shop: bool, month_first: u64) {
        self.without_shop += u64::from(!names_shop);
        let mut left = month_first;
        while left != 0 {
            let (named, nameless) = self.month_first.entry(left.trailing_zeros() as usize).or_default();
            *(if names_shop { named } else { nameless }) += 1;
            left &= left - 1;
        }
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
