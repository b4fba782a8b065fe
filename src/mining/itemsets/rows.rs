//! Transactions as rows of items, and for each item the rows that hold it.

use super::weight::Weight;

/// Transactions of few items: each row ascending, equal rows not merged.
pub struct Rows<W> {
    /// Where each row starts, and the end of the last.
    starts: Vec<u32>,
    items: Vec<u32>,
    weights: Vec<W>,
    /// The heads of each item: `heads[head_starts[item]..head_starts[item + 1]]`.
    head_starts: Vec<u32>,
    heads: Vec<Head<W>>,
}

/// The part of a row that comes before an item: `items[start..end]`, at least one item.
#[derive(Clone, Copy, Default)]
struct Head<W> {
    start: u32,
    end: u32,
    weight: W,
}

/// The place of an item that is not kept.
pub const LEFT: u32 = u32::MAX;

/// Heads that are looked up together.
const TOGETHER: usize = 8;

impl<W> Default for Rows<W> {
    fn default() -> Self {
        Self { starts: vec![0], items: Vec::new(), weights: Vec::new(), head_starts: Vec::new(), heads: Vec::new() }
    }
}

impl<W: Weight> Rows<W> {
    /// Takes all rows out.
    pub fn clear(&mut self) {
        self.starts.truncate(1);
        self.items.clear();
        self.weights.clear();
        self.heads.clear();
    }

    /// Adds an item to the row that is being made; it is larger than those before it.
    #[inline]
    pub fn push(&mut self, item: u32) {
        self.items.push(item);
    }

    /// Ends the row that is being made. One of a single item is dropped: no other item goes with it.
    #[inline]
    pub fn end_row(&mut self, weight: W) {
        let start = self.starts.last().copied().unwrap_or_default() as usize;
        if self.items.len() - start < 2 {
            self.items.truncate(start);
        } else {
            self.starts.push(self.items.len() as u32);
            self.weights.push(weight);
        }
    }

    /// Adds what is kept of a row: the `places` of its items, but not [`LEFT`]; ascending.
    #[inline]
    pub fn add_kept(&mut self, row: &[u32], places: &[u32], weight: W) {
        let start = self.items.len();
        self.items.resize(start + row.len(), 0);
        // Writing each, and stepping on only where it is kept, needs no branch.
        let mut end = start;
        for item in row {
            let place = places[*item as usize];
            self.items[end] = place;
            end += usize::from(place != LEFT);
        }
        self.items.truncate(end);
        self.end_row(weight);
    }

    /// Whether so many of the places in a table of rows and `items` columns are taken that rows have much in common.
    pub fn are_dense(&self, items: usize) -> bool {
        self.items.len() * 2 > self.weights.len() * items
    }

    /// The rows with their weights.
    pub fn iter(&self) -> impl Iterator<Item = (&[u32], W)> {
        let rows = self.starts.windows(2).map(|ends| &self.items[ends[0] as usize..ends[1] as usize]);
        rows.zip(self.weights.iter().copied())
    }

    /// Finds the heads of `items` items.
    pub fn index(&mut self, items: usize) {
        self.head_starts.clear();
        self.head_starts.resize(items + 2, 0);
        // Heads of item i are counted at i + 2, so that filling moves the start of i + 1 to where it belongs.
        for ends in self.starts.windows(2) {
            for &item in &self.items[ends[0] as usize + 1..ends[1] as usize] {
                self.head_starts[item as usize + 2] += 1;
            }
        }
        let mut end = 0;
        for start in &mut self.head_starts {
            end += *start;
            *start = end;
        }
        self.heads.clear();
        self.heads.resize(end as usize, Head::default());
        for (ends, weight) in self.starts.windows(2).zip(&self.weights) {
            for place in ends[0] + 1..ends[1] {
                let slot = &mut self.head_starts[self.items[place as usize] as usize + 1];
                self.heads[*slot as usize] = Head { start: ends[0], end: place, weight: *weight };
                *slot += 1;
            }
        }
    }

    /// What comes before the item in each row that holds it, where something does.
    #[inline]
    pub fn heads(&self, item: usize) -> impl Iterator<Item = (&[u32], W)> {
        self.heads_of(item).iter().map(|head| (&self.items[head.start as usize..head.end as usize], head.weight))
    }

    /// Calls `take` with each item before the item in each row that holds it. The first items of several rows are
    /// asked for before one is looked at, so that memory is waited for once.
    #[inline]
    pub fn each_before(&self, item: usize, mut take: impl FnMut(u32, W)) {
        for heads in self.heads_of(item).chunks(TOGETHER) {
            let mut firsts = [0; TOGETHER];
            for (first, head) in firsts.iter_mut().zip(heads) {
                *first = self.items[head.start as usize];
            }
            for (first, head) in firsts.into_iter().zip(heads) {
                take(first, head.weight);
                let rest = &self.items[head.start as usize + 1..head.end as usize];
                rest.iter().for_each(|item| take(*item, head.weight));
            }
        }
    }

    fn heads_of(&self, item: usize) -> &[Head<W>] {
        &self.heads[self.head_starts[item] as usize..self.head_starts[item + 1] as usize]
    }
}
