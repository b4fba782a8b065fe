//! The data: public files, and made-up baskets.

use std::{collections::HashMap, error::Error, fmt::Write, fs::File, io::Read, path::Path};

use crate::mining::itemsets::Transactions;

/// Transactions in memory.
pub struct Baskets {
    offsets: Vec<u32>,
    items: Vec<u32>,
}

impl Baskets {
    /// A public data set; none if its file is absent.
    pub fn read(name: &str) -> Result<Option<Self>, Box<dyn Error>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/baskets");
        for (ending, parse) in [("dat.gz", Self::lines as fn(&str) -> _), ("csv.gz", Self::invoices)] {
            let path = folder.join(format!("{name}.{ending}"));
            if path.is_file() {
                let mut bytes = Vec::new();
                flate2::read::MultiGzDecoder::new(File::open(&path)?).read_to_end(&mut bytes)?;
                return parse(&String::from_utf8_lossy(&bytes)).map(Some);
            }
        }
        Ok(None)
    }

    /// A transaction a line, item numbers with spaces between.
    fn lines(text: &str) -> Result<Self, Box<dyn Error>> {
        let mut baskets = Self { offsets: vec![0], items: Vec::new() };
        for line in text.lines() {
            for item in line.split_ascii_whitespace() {
                baskets.items.push(item.parse()?);
            }
            baskets.end();
        }
        Ok(baskets)
    }

    /// Rows that begin with an invoice and a stock code; an invoice is a basket, one that begins with C a cancellation.
    fn invoices(text: &str) -> Result<Self, Box<dyn Error>> {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut rows: Vec<Vec<u32>> = Vec::new();
        for line in text.lines().skip(1) {
            let mut fields = line.split(',');
            let (Some(invoice), Some(code)) = (fields.next(), fields.next()) else { continue };
            if invoice.starts_with('C') {
                continue;
            }
            let next = numbers.len() as u32;
            let item = *numbers.entry(code).or_insert(next);
            let place = *places.entry(invoice).or_insert_with(|| {
                rows.push(Vec::new());
                rows.len() - 1
            });
            rows[place].push(item);
        }
        Ok(Self::of_rows(rows))
    }

    /// `short` baskets of 2 to 10 items, and `long` ones of 50 to 500 spread among them, of 2,000 items of which the
    /// square of an even number makes some more frequent. The same at every call.
    pub fn made(short: u64, long: u64) -> Self {
        let mut state = 1_u64;
        let mut next = move || {
            // Knuth's MMIX generator; the upper bits are the better ones.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1_u64 << 31) as f64
        };
        let mut basket = |least: f64, most: f64| -> Vec<u32> {
            let size = least + (most - least + 1.0) * next();
            (0..size as u32).map(|_| (2000.0 * next().powi(2)) as u32).collect()
        };
        let mut rows: Vec<Vec<u32>> = (0..short).map(|_| basket(2.0, 10.0)).collect();
        for number in 0..long {
            rows.insert((number * short / long) as usize, basket(50.0, 500.0));
        }
        Self::of_rows(rows)
    }

    fn of_rows(rows: Vec<Vec<u32>>) -> Self {
        let mut baskets = Self { offsets: vec![0], items: Vec::new() };
        for mut row in rows {
            row.sort_unstable();
            row.dedup();
            baskets.items.append(&mut row);
            baskets.end();
        }
        baskets
    }

    fn end(&mut self) {
        self.offsets.push(self.items.len() as u32);
    }

    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub fn transactions(&self) -> Transactions<'_> {
        Transactions { offsets: &self.offsets, items: &self.items }
    }

    /// A transaction a line, for the peers.
    pub fn to_lines(&self) -> String {
        let mut text = String::new();
        for items in self.transactions().iter() {
            for (number, item) in items.iter().enumerate() {
                let _ = write!(text, "{}{item}", if number == 0 { "" } else { " " });
            }
            text.push('\n');
        }
        text
    }
}
