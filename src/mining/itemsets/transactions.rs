//! Transactions as flat slices, their frequent items relabelled by frequency, and the tree of them all.

use super::tree::{Tree, Weight};

/// Transactions: the items of number `t` are `items[offsets[t]..offsets[t + 1]]`. An item that comes twice counts once.
#[derive(Clone, Copy, Debug)]
pub struct Transactions<'a> {
    /// Where each transaction starts, and the end of the last; empty for no transactions.
    pub offsets: &'a [u32],
    /// The items of all.
    pub items: &'a [u32],
}

impl<'a> Transactions<'a> {
    /// The number of transactions, empty ones too.
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The transactions; one whose offsets lie outside the items is empty.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u32]> + use<'a> {
        let items = self.items;
        self.offsets.windows(2).map(move |ends| match ends {
            [start, end] => items.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        })
    }
}

/// The frequent items, from the most frequent to the least (ties by item), and the tree of the transactions over their
/// places in that order.
pub struct Prepared<W> {
    /// The items as the caller names them.
    pub names: Vec<u32>,
    /// The tree.
    pub tree: Tree<W>,
}

impl<W: Weight> Prepared<W> {
    /// Counts, sorts, relabels and grows the tree. `min_count` is at least 1.
    pub fn new(transactions: Transactions<'_>, min_count: u32) -> Self {
        let size = transactions.items.iter().max().map_or(0, |item| *item as usize + 1);
        let mut counts = vec![0_u32; size];
        let mut last = vec![u32::MAX; size];
        for (number, items) in transactions.iter().enumerate() {
            for &item in items {
                if last[item as usize] != number as u32 {
                    last[item as usize] = number as u32;
                    counts[item as usize] += 1;
                }
            }
        }
        let mut names: Vec<u32> = (0..size as u32).filter(|item| counts[*item as usize] >= min_count).collect();
        names.sort_unstable_by_key(|item| (std::cmp::Reverse(counts[*item as usize]), *item));
        let mut codes = vec![u32::MAX; size];
        let mut occurrences: Vec<Vec<u32>> = Vec::with_capacity(names.len());
        for (code, &item) in names.iter().enumerate() {
            codes[item as usize] = code as u32;
            occurrences.push(Vec::with_capacity(counts[item as usize] as usize));
        }
        for (number, items) in transactions.iter().enumerate() {
            for &item in items {
                let Some(holders) = occurrences.get_mut(codes[item as usize] as usize) else { continue };
                if holders.last() != Some(&(number as u32)) {
                    holders.push(number as u32);
                }
            }
        }
        Self { names, tree: Tree::grow(&occurrences, transactions.len()) }
    }
}
