//! The candidates in columns, sorted by block, price, length: a price window is a range of rows.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    Candidates, PriceRule, Queries,
    bounds::LAST_LENGTH,
    signature::Signature,
    titles::{TitleId, TitleTable},
};

/// From this many entries of one price on, the entries out of a length range are skipped without a look.
const LONG_RUN: usize = 64;

/// The candidates of the blocks that are asked for. An entry is a distinct (block, price, title);
/// of the products that share one, the smallest id stands for all, because every tie rule ends with it.
pub(super) struct Index {
    blocks: Vec<(u32, Range<usize>)>,
    pub price: Vec<f64>,
    /// Lengths in code points, cut off at [`LAST_LENGTH`].
    pub length: Vec<u8>,
    pub signature: Vec<Signature>,
    pub title: Vec<TitleId>,
    /// The row of [`Candidates`] that the entry stands for.
    pub row: Vec<u32>,
    /// How many rows the entries before this one stand for; one more item than entries.
    rows_before: Vec<u32>,
    /// Ranges of at least [`LONG_RUN`] entries with one price (and block), ascending.
    long_runs: Vec<Range<usize>>,
}

/// The bits of a price, in the order of `f64::total_cmp`.
pub(super) fn price_key(price: f64) -> i64 {
    let bits = price.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// The columns that decide the order of the entries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    block: u32,
    price: i64,
    length: u8,
    title: TitleId,
    product: i64,
    row: u32,
}

impl Key {
    fn entry(self) -> (u32, i64, TitleId) {
        (self.block, self.price, self.title)
    }
}

impl Index {
    /// Sorts the candidates that some query may reach.
    pub fn new(titles: &TitleTable, candidates: &Candidates<'_>, queries: &Queries<'_>, rule: PriceRule) -> Self {
        let mut keys = keys(titles, candidates, queries, rule);
        keys.par_sort_unstable();
        let mut index = Self {
            blocks: Vec::new(),
            price: Vec::new(),
            length: Vec::new(),
            signature: Vec::new(),
            title: Vec::new(),
            row: Vec::new(),
            rows_before: Vec::new(),
            long_runs: Vec::new(),
        };
        let mut rows = 0;
        for same in keys.chunk_by(|a, b| a.entry() == b.entry()) {
            // Sorted by product id within the entry.
            if let Some(first) = same.first() {
                index.push(*first, candidates.price[first.row as usize], rows);
            }
            rows += same.len() as u32;
        }
        index.rows_before.push(rows);
        index.signature = index.title.par_iter().map(|&title| Signature::of(titles.points(title))).collect();
        index.find_long_runs();
        index
    }

    /// The range of a block's entries; empty if it has none.
    pub fn block(&self, block: u32) -> Range<usize> {
        self.blocks.binary_search_by_key(&block, |&(b, _)| b).map_or(0..0, |at| self.blocks[at].1.clone())
    }

    /// The ranges of all blocks.
    pub fn blocks(&self) -> impl Iterator<Item = Range<usize>> {
        self.blocks.iter().map(|(_, range)| range.clone())
    }

    /// The entries of `block` whose price is in reach of `price`.
    pub fn window(&self, block: Range<usize>, price: f64, rule: PriceRule) -> Range<usize> {
        // Rounding keeps the order, so the differences fall as the entry's price rises: the window is one range.
        let prices = &self.price[block.clone()];
        let (low, high) = match rule {
            PriceRule::Any => return block,
            // A query's own reach is put in before.
            PriceRule::AtMostEach => return block.start..block.start,
            PriceRule::AtMost(reach) => {
                (prices.partition_point(|p| price - p > reach), prices.partition_point(|p| price - p >= -reach))
            }
            PriceRule::Below(reach) => {
                (prices.partition_point(|p| price - p >= reach), prices.partition_point(|p| price - p > -reach))
            }
        };
        block.start + low..block.start + high.max(low)
    }

    /// How many candidate rows a range of entries stands for.
    pub fn rows_in(&self, range: &Range<usize>) -> u32 {
        self.rows_before[range.end] - self.rows_before[range.start]
    }

    /// Calls `visit` with the parts of a window that may hold lengths from `shortest` to `longest`.
    pub fn for_each_part(&self, window: Range<usize>, shortest: u8, longest: u8, mut visit: impl FnMut(Range<usize>)) {
        let mut at = window.start;
        let first = self.long_runs.partition_point(|run| run.end <= window.start);
        for run in self.long_runs[first..].iter().take_while(|run| run.start < window.end) {
            let (from, to) = (run.start.max(at), run.end.min(window.end));
            visit(at..from);
            let lengths = &self.length[from..to];
            let low = lengths.partition_point(|&length| length < shortest);
            let high = lengths.partition_point(|&length| length <= longest);
            visit(from + low..from + high.max(low));
            at = to;
        }
        visit(at..window.end);
    }

    fn push(&mut self, key: Key, price: f64, rows: u32) {
        let at = self.row.len();
        match self.blocks.last_mut() {
            Some((block, range)) if *block == key.block => range.end = at + 1,
            _ => self.blocks.push((key.block, at..at + 1)),
        }
        self.price.push(price);
        self.length.push(key.length);
        self.title.push(key.title);
        self.row.push(key.row);
        self.rows_before.push(rows);
    }

    fn find_long_runs(&mut self) {
        for (_, block) in &self.blocks {
            let mut from = block.start;
            for same in self.price[block.clone()].chunk_by(|a, b| a.to_bits() == b.to_bits()) {
                if same.len() >= LONG_RUN {
                    self.long_runs.push(from..from + same.len());
                }
                from += same.len();
            }
        }
    }
}

fn keys(titles: &TitleTable, candidates: &Candidates<'_>, queries: &Queries<'_>, rule: PriceRule) -> Vec<Key> {
    let mut asked = queries.block.to_vec();
    asked.sort_unstable();
    asked.dedup();
    let priced = |price: f64| rule == PriceRule::Any || !price.is_nan();
    (0..candidates.block.len())
        .filter(|&row| asked.binary_search(&candidates.block[row]).is_ok() && priced(candidates.price[row]))
        .map(|row| Key {
            block: candidates.block[row],
            // Without a price rule prices play no part, so equal titles are one entry.
            price: if rule == PriceRule::Any { 0 } else { price_key(candidates.price[row]) },
            length: titles.points(candidates.title[row]).len().min(LAST_LENGTH) as u8,
            title: candidates.title[row],
            product: candidates.product[row],
            row: row as u32,
        })
        .collect()
}
