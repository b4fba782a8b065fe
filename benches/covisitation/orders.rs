//! The orders that are counted: a gift shop's, or made-up ones.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use rand::Rng;
use rand_pcg::Pcg64;

/// Orders of two or more different items: those of order `t` are `items[offsets[t]..offsets[t + 1]]`, ascending.
pub struct Orders {
    pub offsets: Vec<u32>,
    pub items: Vec<u32>,
}

impl Orders {
    fn of(orders: impl IntoIterator<Item = BTreeSet<u32>>) -> Self {
        let mut all = Self { offsets: vec![0], items: Vec::new() };
        for order in orders {
            if order.len() > 1 {
                all.items.extend(order);
                all.offsets.push(all.items.len() as u32);
            }
        }
        all
    }

    pub fn item_count(&self) -> usize {
        self.items.iter().max().map_or(0, |item| *item as usize + 1)
    }

    /// Writes two files of 32-bit numbers, `.offsets` and `.items`.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        for (extension, numbers) in [("offsets", &self.offsets), ("items", &self.items)] {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            fs::write(path.with_extension(extension), bytes)?;
        }
        Ok(())
    }

    /// Reads what [`Orders::write`] wrote.
    pub fn read(path: &Path) -> io::Result<Self> {
        let numbers = |extension: &str| -> io::Result<Vec<u32>> {
            let bytes = fs::read(path.with_extension(extension))?;
            Ok(bytes.as_chunks::<4>().0.iter().map(|number| u32::from_le_bytes(*number)).collect())
        };
        Ok(Self { offsets: numbers("offsets")?, items: numbers("items")? })
    }
}

/// Invoices that are no cancellations, of lines that are no returns.
pub fn online_retail(path: &Path) -> io::Result<Orders> {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(File::open(path)?).read_to_end(&mut text)?;
    let (mut reader, mut rest) = (csv_core::Reader::new(), text.as_slice());
    let (mut fields, mut ends) = (vec![0; 1 << 16], [0; 64]);
    let mut orders: HashMap<Vec<u8>, BTreeSet<u32>> = HashMap::new();
    let mut numbers: HashMap<Vec<u8>, u32> = HashMap::new();
    loop {
        let (result, read, _, count) = reader.read_record(rest, &mut fields, &mut ends);
        rest = &rest[read..];
        if result != csv_core::ReadRecordResult::Record {
            break;
        }
        let field = |at: usize| &fields[at.checked_sub(1).map_or(0, |before| ends[before])..ends[at]];
        let [invoice, item, quantity] = [0, 1, 3].map(field);
        if count < 4 || invoice.starts_with(b"C") || invoice == b"InvoiceNo" || quantity.starts_with(b"-") {
            continue;
        }
        let next = numbers.len() as u32;
        let item = *numbers.entry(item.to_vec()).or_insert(next);
        orders.entry(invoice.to_vec()).or_default().insert(item);
    }
    let mut orders: Vec<_> = orders.into_iter().collect();
    orders.sort();
    Ok(Orders::of(orders.into_iter().map(|(_, items)| items)))
}

/// Lines in orders of three on average, of items as popular as Zipf says: the n-th most popular is bought 1/n times as
/// often as the first. There are 16 items for the square root of the lines: 50,596 for ten million.
pub fn generated(lines: usize) -> Orders {
    let items = ((lines as f64).sqrt() * 16.0) as usize;
    let mut total = 0.0;
    let sums: Vec<f64> = (1..=items)
        .map(|rank| {
            total += 1.0 / rank as f64;
            total
        })
        .collect();
    let mut dice = Pcg64::new(7, 11);
    let mut left = lines;
    Orders::of(std::iter::from_fn(|| {
        if left == 0 {
            return None;
        }
        let size = dice.random_range(2..=4).min(left);
        left -= size;
        Some((0..size).map(|_| sums.partition_point(|sum| *sum < dice.random::<f64>() * total) as u32).collect())
    }))
}
