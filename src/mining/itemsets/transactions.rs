//! Transactions as flat slices, and their frequent items relabelled by frequency.

use super::{base::Base, rows::Rows, weight::Weight};

/// Transactions: the items of number `t` are `items[offsets[t]..offsets[t + 1]]`. An item that comes twice counts once.
#[derive(Clone, Copy, Debug)]
pub struct Transactions<'a> {
    /// Where each transaction starts, and the end of the last; empty for no transactions.
    pub offsets: &'a [u32],
    /// The items of all: small numbers, as memory goes with the largest.
    pub items: &'a [u32],
}

impl<'a> Transactions<'a> {
    /// The transactions; one whose offsets lie outside the items is empty.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u32]> + use<'a> {
        let items = self.items;
        self.offsets.windows(2).map(move |ends| match ends {
            [start, end] => items.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        })
    }
}

/// The frequent items, from the most frequent to the least (ties by item), and the transactions over their places in
/// that order.
pub struct Prepared<W> {
    /// The items as the caller names them.
    pub names: Vec<u32>,
    /// The base of the search.
    pub base: Base<W>,
}

impl<W: Weight> Prepared<W> {
    /// Counts, sorts and relabels. `min_count` is at least 1.
    pub fn new(transactions: Transactions<'_>, min_count: u32) -> Self {
        let size = transactions.items.iter().max().map_or(0, |item| *item as usize + 1);
        let mut weights = vec![W::default(); size];
        let mut last = vec![u32::MAX; size];
        for (number, items) in (0_u32..).zip(transactions.iter()) {
            let weight = W::of_transaction(number);
            for &item in items {
                if last[item as usize] != number {
                    last[item as usize] = number;
                    weights[item as usize].add(weight);
                }
            }
        }
        let mut names: Vec<u32> =
            (0..size as u32).filter(|item| weights[*item as usize].count() >= min_count).collect();
        names.sort_unstable_by_key(|item| (std::cmp::Reverse(weights[*item as usize].count()), *item));
        let mut codes = last;
        codes.fill(u32::MAX);
        for (code, &item) in (0_u32..).zip(&names) {
            codes[item as usize] = code;
        }
        let mut rows = Rows::default();
        let mut row: Vec<u32> = Vec::new();
        for (number, items) in (0_u32..).zip(transactions.iter()) {
            row.clear();
            row.extend(items.iter().map(|item| codes[*item as usize]).filter(|code| *code != u32::MAX));
            row.sort_unstable();
            row.dedup();
            row.iter().for_each(|code| rows.push(*code));
            rows.end_row(W::of_transaction(number));
        }
        let items = (0_u32..).zip(&names).map(|(code, item)| (code, weights[*item as usize])).collect();
        Self { names, base: Base::new(items, rows) }
    }
}
