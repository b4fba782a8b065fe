//! The public baskets, older and later ones.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    error::Error,
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use super::mining::itemsets::Transactions;

/// Baskets as flat slices, items ascending.
pub struct Baskets {
    offsets: Vec<u32>,
    items: Vec<u32>,
}

/// Older baskets, those of them of two items or more, which `build-covisitation` learns from, and later ones; items that only later ones have
/// are from `item_count` on.
pub struct Split {
    pub older: Baskets,
    pub learnt: Baskets,
    pub later: Baskets,
    pub item_count: usize,
}

/// A data set.
pub struct Data {
    pub name: &'static str,
    pub file: &'static str,
    read: fn(&Path) -> io::Result<Texts>,
}

/// Older and later baskets of texts.
type Texts = [Vec<BTreeSet<String>>; 2];

/// What is compared on.
pub const ALL: [Data; 3] = [
    Data { name: "online_retail", file: "online_retail.csv.gz", read: online_retail },
    Data { name: "retail", file: "retail.dat.gz", read: retail },
    Data { name: "groceries", file: "groceries.csv", read: groceries },
];

/// The first day of the later invoices.
const LATER: &[u8] = b"2011-11-01";

impl Default for Baskets {
    fn default() -> Self {
        Self { offsets: vec![0], items: Vec::new() }
    }
}

impl Baskets {
    /// Adds a basket.
    pub fn push(&mut self, items: &[u32]) {
        self.items.extend_from_slice(items);
        self.offsets.push(self.items.len() as u32);
    }

    /// All as the kernels take them.
    pub fn all(&self) -> Transactions<'_> {
        Transactions { offsets: &self.offsets, items: &self.items }
    }

    /// Their numbers.
    pub fn numbers(&self) -> Vec<u32> {
        (0..self.offsets.len() as u32 - 1).collect()
    }
}

impl Data {
    /// Reads and splits; a later basket has two items or more.
    pub fn split(&self, path: &Path) -> Result<Split, Box<dyn Error>> {
        let [older, later] = (self.read)(path)?;
        let texts: BTreeSet<&str> = older.iter().flatten().map(String::as_str).collect();
        let mut numbers: HashMap<&str, u32> = texts.into_iter().zip(0..).collect();
        let item_count = numbers.len();
        for item in later.iter().flatten() {
            let next = numbers.len() as u32;
            numbers.entry(item).or_insert(next);
        }
        let numbered = |texts: &[BTreeSet<String>], least: usize| {
            let mut baskets = Baskets::default();
            for basket in texts.iter().filter(|basket| basket.len() >= least) {
                let mut items: Vec<u32> =
                    basket.iter().filter_map(|item| numbers.get(item.as_str()).copied()).collect();
                items.sort_unstable();
                baskets.push(&items);
            }
            baskets
        };
        let (older, learnt, later) = (numbered(&older, 1), numbered(&older, 2), numbered(&later, 2));
        Ok(Split { older, learnt, later, item_count })
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if path.extension().is_none_or(|extension| extension != "gz") {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(File::open(path)?).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Four fifths, and the last fifth.
fn cut(mut baskets: Vec<BTreeSet<String>>) -> Texts {
    let later = baskets.split_off(baskets.len() * 4 / 5);
    [baskets, later]
}

fn lines(path: &Path, separator: fn(char) -> bool) -> io::Result<Texts> {
    let bytes = bytes(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let basket =
        |line: &str| line.split(separator).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect();
    Ok(cut(text.lines().map(basket).collect()))
}

fn retail(path: &Path) -> io::Result<Texts> {
    lines(path, char::is_whitespace)
}

fn groceries(path: &Path) -> io::Result<Texts> {
    lines(path, |letter| letter == ',')
}

/// Invoices that are no cancellations, of lines that are no returns, by time.
fn online_retail(path: &Path) -> io::Result<Texts> {
    let text = bytes(path)?;
    let (mut reader, mut rest) = (csv_core::Reader::new(), text.as_slice());
    let (mut fields, mut ends) = (vec![0; 1 << 16], [0; 64]);
    let mut invoices: HashMap<Vec<u8>, (Vec<u8>, BTreeSet<String>)> = HashMap::new();
    loop {
        let (result, read, _, count) = reader.read_record(rest, &mut fields, &mut ends);
        rest = &rest[read..];
        if result != csv_core::ReadRecordResult::Record {
            break;
        }
        let field = |at: usize| &fields[at.checked_sub(1).map_or(0, |before| ends[before])..ends[at]];
        let [invoice, item, quantity, date] = [0, 1, 3, 4].map(field);
        if count < 5 || invoice.starts_with(b"C") || invoice == b"InvoiceNo" || quantity.starts_with(b"-") {
            continue;
        }
        let (_, items) = invoices.entry(invoice.to_vec()).or_insert_with(|| (date.to_vec(), BTreeSet::new()));
        items.insert(String::from_utf8_lossy(item).into_owned());
    }
    let by_time: BTreeMap<(Vec<u8>, Vec<u8>), BTreeSet<String>> =
        invoices.into_iter().map(|(invoice, (date, items))| ((date, invoice), items)).collect();
    let (older, later): (Vec<_>, Vec<_>) = by_time.into_iter().partition(|((date, _), _)| date.as_slice() < LATER);
    Ok([older, later].map(|part| part.into_iter().map(|(_, items)| items).collect()))
}
