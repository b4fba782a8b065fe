//! What only all files together tell: whose rows they are, how dates are meant, which currency counts, which files do.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::delimited::dialect::Encoding;
use crate::orders::{
    reading::{
        entry::{BlockPlace, FileEntry},
        file_order::without_periods,
        intake::{FileRead, Intake},
    },
    recognising::{
        fields::{Kind, Reason},
        layout::Layout,
    },
    rows::row::NO_SHOP,
    settling::columns::{self, Decided},
    values::{
        currencies::{self, Digits},
        facts::{LongId, note_long_id},
        spelling::{Columns, Spelling},
    },
};

/// What decides whose rows they are and which files count.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The shop of all rows, whatever the files say.
    pub shop: Option<String>,
    /// The shop of rows that name none.
    pub default_shop: Option<String>,
    /// Whether the folder of a file that names no shop is named as its shop.
    pub shop_from_folder: bool,
    /// The largest share of rows that may be of no use.
    pub max_rejected: f64,
    /// How dates and numbers are written where no cell says it.
    pub spelling: Spelling,
    /// The same of some shops, by name.
    pub shops: BTreeMap<String, Spelling>,
}

/// What is known about the rows of a file.
#[derive(Clone, Debug, Default)]
pub struct FileKnown {
    /// Why none of them counts.
    pub problem: Option<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// The shop of rows that name none.
    pub blank_shop: Option<u32>,
    /// How its columns are read.
    pub columns: Columns,
    /// The file before, if the order at its end is that at the begin of this one, and the hash of that order's id.
    pub cut: Option<(u32, u64)>,
}

/// What is known about all rows.
pub struct Settled {
    /// A file each.
    pub files: Vec<FileKnown>,
    /// The shops' names by number.
    pub shops: Vec<String>,
    /// The shop of all rows, if it was given.
    pub only_shop: Option<u32>,
    /// The currency of a shop: that of most of its rows, the first in the alphabet of several.
    pub currency: HashMap<u32, [u8; 3]>,
    /// The shops with rows of several currencies.
    pub mixed: HashSet<u32>,
    /// Hashes of the ends of variant ids that several have.
    pub alike: HashSet<(u32, u64)>,
}

impl Settled {
    /// The shop of a row; `None` when it names none and it is not clear which it is.
    pub fn shop(&self, file: u32, named: u32) -> Option<u32> {
        if self.only_shop.is_some() {
            return self.only_shop;
        }
        if named != NO_SHOP {
            return Some(named);
        }
        self.files.get(file as usize)?.blank_shop
    }

    /// The file before, if a row limit may have cut an order between the two; by the hash of the order's id.
    pub fn cut_before(&self, file: u32, order: u64) -> Option<u32> {
        let (before, cut) = self.files.get(file as usize)?.cut?;
        (cut == order).then_some(before)
    }

    /// Whether this is the currency of most rows of a shop.
    pub fn is_currency_of(&self, shop: u32, currency: &[u8]) -> bool {
        !self.mixed.contains(&shop) || self.currency.get(&shop).is_some_and(|most| most == currency)
    }

    /// How many digits the money of a shop has behind the mark.
    pub fn digits(&self, shop: Option<u32>) -> Digits {
        let currency = shop.and_then(|shop| self.currency.get(&shop));
        currency.map_or(Digits::Unknown, |currency| currencies::digits(currency))
    }

    /// A shop's name.
    pub fn shop_name(&self, shop: u32) -> &str {
        self.shops.get(shop as usize).map_or("", String::as_str)
    }
}

/// Puts together what was noticed.
pub fn settle(entries: &[FileEntry], intake: &Intake, rules: &Rules) -> Settled {
    let only_shop = rules.shop.as_ref().map(|shop| intake.shops.number(shop.as_bytes()));
    let default = rules.default_shop.as_ref().map(|shop| intake.shops.number(shop.as_bytes()));
    let folders = shops_of_folders(entries, intake);
    let mut files = Vec::with_capacity(entries.len());
    for (entry, read) in entries.iter().zip(&intake.files) {
        let mut known = FileKnown { problem: read.problem.clone(), ..FileKnown::default() };
        let named: Vec<u32> = read.facts.shops.keys().copied().collect();
        known.blank_shop = match named.as_slice() {
            [one] => Some(*one),
            [] => {
                let from_folder = rules.shop_from_folder.then(|| folder_name(&entry.path)).flatten();
                let of_folder = folders.get(folder(&entry.name)).copied().flatten();
                of_folder.or_else(|| from_folder.map(|name| intake.shops.number(name.as_bytes()))).or(default)
            }
            // A folder of several shops is named as none of them.
            _ => default,
        };
        files.push(known);
    }
    let mut settled = Settled {
        files,
        shops: intake.shops.names(),
        only_shop,
        currency: HashMap::new(),
        mixed: HashSet::new(),
        alike: HashSet::new(),
    };
    let decided = settled.decide_columns(intake, rules);
    settled.find_cuts(intake);
    settled.judge_files(intake, rules);
    settled.settle_shops(intake);
    settled.tell_guesses(intake, &decided);
    settled
}

impl Settled {
    /// Leaves out the rows of files that give none.
    pub fn leave_out(&mut self, entries: &[FileEntry]) {
        for (known, _) in self.files.iter_mut().zip(entries).filter(|(_, entry)| !entry.gives_rows) {
            known.problem.get_or_insert_with(|| "was read for what it tells of others alone".to_owned());
        }
    }
}

/// The folder of a shop that a file lies in; those of years and months in it are none.
fn folder(name: &str) -> &str {
    without_periods(name.rsplit_once('/').map_or("", |(folder, _)| folder))
}

/// The name of the folder that a file lies in, be it the folder of all data.
fn folder_name(path: &str) -> Option<&str> {
    folder(path).rsplit('/').next().filter(|name| !["", ".", ".."].contains(name))
}

/// The shop that the files of a folder name, if it is one.
fn shops_of_folders<'a>(entries: &'a [FileEntry], intake: &Intake) -> BTreeMap<&'a str, Option<u32>> {
    let mut named: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for (entry, read) in entries.iter().zip(&intake.files) {
        named.entry(folder(&entry.name)).or_default().extend(read.facts.shops.keys());
    }
    let only = |shops: BTreeSet<u32>| if shops.len() == 1 { shops.first().copied() } else { None };
    named.into_iter().map(|(folder, shops)| (folder, only(shops))).collect()
}

impl Settled {
    /// The shop of a file, if it is one.
    fn shop_of(&self, file: usize, read: &FileRead) -> Option<u32> {
        let mut named = read.facts.shops.keys().copied();
        let first = self.only_shop.or_else(|| named.next());
        let of_blank = || self.files.get(file).and_then(|known| known.blank_shop);
        first.filter(|_| self.only_shop.is_some() || named.next().is_none()).or_else(of_blank)
    }

    fn decide_columns(&mut self, intake: &Intake, rules: &Rules) -> Vec<Decided> {
        let shop_of = |file: usize| intake.files.get(file).and_then(|read| self.shop_of(file, read));
        let settings = |shop: Option<u32>| {
            let name = shop.map_or("", |shop| self.shop_name(shop));
            rules.shops.get(name).copied().unwrap_or_default().or(rules.spelling)
        };
        let decided = columns::decide(intake, shop_of, settings);
        for (known, decided) in self.files.iter_mut().zip(&decided) {
            known.columns = decided.columns;
        }
        decided
    }

    /// Finds files that begin with the order that the one before ends with: of the same shop and headers, and not longer.
    fn find_cuts(&mut self, intake: &Intake) {
        let mut last: HashMap<(&Layout, Option<u32>), (u32, &FileRead)> = HashMap::new();
        for (number, read) in (0_u32..).zip(&intake.files) {
            let Some(layout) = read.layout.as_deref().filter(|layout| layout.kind == Kind::Orders) else { continue };
            let before = last.insert((layout, self.shop_of(number as usize, read)), (number, read));
            let (Some((before, other)), Some((begin, _))) = (before, read.facts.ends) else { continue };
            let is_cut = other.facts.ends.is_some_and(|(_, end)| end == begin) && other.facts.rows >= read.facts.rows;
            if let Some(known) = self.files.get_mut(number as usize) {
                known.cut = is_cut.then_some((before, begin));
            }
        }
    }

    fn tell_guesses(&mut self, intake: &Intake, decided: &[Decided]) {
        for (number, (read, decided)) in intake.files.iter().zip(decided).enumerate() {
            let digits = self.digits(self.shop_of(number, read));
            if let Some(known) = self.files.get_mut(number) {
                known.warnings.extend(columns::guesses(read, *decided, digits));
            }
        }
    }

    fn judge_files(&mut self, intake: &Intake, rules: &Rules) {
        for (number, read) in (0_u32..).zip(&intake.files) {
            let needs_shop = self.only_shop.is_none() && read.facts.shops.is_empty();
            let other = self.only_shop.and_then(|only| {
                let others = read.facts.shops.iter().filter(|(shop, _)| **shop != only);
                // Shops have their numbers from whichever thread came first.
                let (other, _) = others.min_by_key(|(_, first)| **first)?;
                let (other, only) = (self.shop_name(*other), self.shop_name(only));
                Some(format!("names the shop {other}; the rows were taken as those of {only}, as the parameters say"))
            });
            let Some(known) = self.files.get_mut(number as usize) else { continue };
            known.warnings.extend(other);
            known.warnings.extend(warnings(read, &known.columns, &intake.blocks));
            if known.problem.is_none() && read.ignored.is_none() {
                known.problem = if needs_shop && known.blank_shop.is_none() && read.facts.rows > 0 {
                    Some("names no shop; set the parameter `shop`, `default_shop` or `shop_from_folder`".to_owned())
                } else {
                    let loses_nameless = self.only_shop.is_none() && known.blank_shop.is_none();
                    useless(read, &known.columns, loses_nameless, rules.max_rejected)
                };
            }
        }
    }

    fn settle_shops(&mut self, intake: &Intake) {
        let mut counts: BTreeMap<u32, BTreeMap<[u8; 3], u64>> = BTreeMap::new();
        let mut of_customers = counts.clone();
        let mut long_ids = BTreeMap::new();
        for (number, read) in (0_u32..).zip(&intake.files) {
            if self.files.get(number as usize).is_some_and(|known| known.problem.is_some()) {
                continue;
            }
            let is_of_customers = read.layout.as_ref().is_some_and(|layout| layout.has_customers_currency());
            let counts = if is_of_customers { &mut of_customers } else { &mut counts };
            for ((named, currency), count) in &read.facts.currencies {
                if let Some(shop) = self.shop(number, *named) {
                    *counts.entry(shop).or_default().entry(*currency).or_default() += count;
                }
            }
            for ((named, end), id) in &read.facts.long_ids {
                if let Some(shop) = self.shop(number, *named) {
                    note_long_id(&mut long_ids, (shop, *end), id.clone());
                }
            }
        }
        self.mixed = counts.iter().filter(|(_, counts)| counts.len() > 1).map(|(shop, _)| *shop).collect();
        // What customers paid in tells the shop's currency only where nothing else does.
        for (shop, counts) in of_customers.into_iter().chain(counts) {
            if let Some((currency, _)) = counts.iter().rev().max_by_key(|(_, count)| **count) {
                self.currency.insert(shop, *currency);
            }
        }
        self.alike = long_ids.into_iter().filter(|(_, id)| *id == LongId::Many).map(|(key, _)| key).collect();
    }
}

/// Why a file cannot be used for what its rows hold; with `loses_nameless` rows that name no shop are not used.
fn useless(read: &FileRead, columns: &Columns, loses_nameless: bool, max_rejected: f64) -> Option<String> {
    let facts = &read.facts;
    if facts.rows == 0 {
        return Some("has a header and no rows; export it again, or take it out of the folder".to_owned());
    }
    let needed = read.layout.as_ref().and_then(|layout| layout.kind.needed_time());
    let (named, nameless) = needed.map(|field| facts.misread(field, columns)).unwrap_or_default();
    let (named, nameless) = (named + facts.undated.0, nameless + facts.undated.1);
    let (without_shop, undated) = if loses_nameless { (facts.without_shop, named) } else { (0, named + nameless) };
    let rejected = facts.rejected_rows() + without_shop + undated;
    if rejected as f64 <= max_rejected * facts.rows as f64 && rejected < facts.rows {
        return None;
    }
    let reasons = Reason::ALL.iter().zip(facts.rejected).map(|(reason, count)| {
        let more = match reason {
            Reason::BadDate => undated,
            Reason::MissingShop => without_shop,
            _ => 0,
        };
        (reason.code(), count + more)
    });
    let words: Vec<String> =
        reasons.filter(|(_, count)| *count > 0).map(|(code, count)| format!("{code} {count}")).collect();
    let mend = if without_shop > 0 { ", or set the parameter `default_shop`" } else { "" };
    Some(format!("{rejected} of {} rows cannot be used ({}); export it again{mend}", facts.rows, words.join(", ")))
}

fn warnings(read: &FileRead, columns: &Columns, blocks: &[BlockPlace]) -> Vec<String> {
    let mut words = Vec::new();
    if read.facts.replaced {
        words.push("bytes that are not UTF-8 were replaced".to_owned());
    }
    if read.dialect.is_some_and(|dialect| dialect.encoding == Encoding::Windows1252) {
        words.push("read as Windows-1252, since it is not UTF-8 (save it as UTF-8 if letters are wrong)".to_owned());
    }
    if let (count, Some((block, line))) = read.facts.lost_letters {
        let first = blocks.get(block as usize).map_or(1, |place| place.first_line) + u64::from(line);
        words.push(format!(
            "{count} letters are \u{FFFD}, the first in line {first}: they were lost before (export it again as UTF-8)"
        ));
    }
    let Some(layout) = &read.layout else { return words };
    let kind = layout.kind;
    let currencies: BTreeSet<_> = read.facts.currencies.keys().map(|(_, currency)| currency).collect();
    if layout.has_customers_currency() && currencies.len() > 1 {
        words.push(
            "the only currency is that of the customers; all amounts are taken for amounts of the shop's".to_owned(),
        );
    }
    for (place, field) in kind.fields().iter().enumerate() {
        // Where the date is needed, its row is not used.
        let (named, nameless) =
            if kind.needs_value(place) { Default::default() } else { read.facts.misread(place, columns) };
        let count = read.facts.bad_cells.get(&place).copied().unwrap_or_default() + named + nameless;
        if count > 0 {
            words.push(format!("{count} cells of {} could not be read and count as empty", field.name));
        }
    }
    words
}
