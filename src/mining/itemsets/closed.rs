//! Closed frequent itemsets: the longest set of each cover.

use std::collections::HashSet;

use super::{
    found::Found,
    tree::{Projection, Projector, Tree, Weight},
};

/// The number of transactions that hold a set, and a fingerprint of which: the sum of their 64-bit hashes. Sets with
/// equal covers are taken for equal in their transactions; among n covers the chance that two that differ are
/// confused is below n² / 2⁶⁵ (for ten million: 3 in a million), and it is the same at every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cover {
    count: u32,
    fingerprint: u64,
}

impl Weight for Cover {
    /// The hash is SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    fn of_transaction(number: u32) -> Self {
        let mut hash = (u64::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self { count: 1, fingerprint: hash ^ (hash >> 31) }
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.fingerprint = self.fingerprint.wrapping_add(other.fingerprint);
    }

    fn count(self) -> u32 {
        self.count
    }
}

/// Finds the closed itemsets of a tree.
///
/// The rarest item's branch goes first. So the closure of a set that lacks a rarer item was found before the set is
/// met: its cover is known, and nothing below the set is closed either (Grahne and Zhu: Efficiently using prefix-trees
/// in mining frequent itemsets, 2003, who look for a longer set in a tree of those found).
pub fn search<F: Found>(tree: &Tree<Cover>, min_count: u32, found: &mut F) {
    let mut search = Search { min_count, ..Search::default() };
    search.grow(tree, found);
}

#[derive(Default)]
struct Search {
    min_count: u32,
    chosen: Vec<u32>,
    covers: HashSet<Cover>,
    projector: Projector<Cover>,
    spare: Vec<Projection<Cover>>,
}

impl Search {
    fn grow<F: Found>(&mut self, tree: &Tree<Cover>, found: &mut F) {
        for position in (0..tree.len()).rev() {
            let (item, cover) = tree.item(position);
            if !self.covers.insert(cover) {
                continue;
            }
            let mut projection = self.spare.pop().unwrap_or_default();
            let size = self.chosen.len();
            self.chosen.push(item);
            self.projector.project(tree, position, self.min_count, &mut projection);
            self.chosen.extend_from_slice(&projection.perfect);
            found.whole(&self.chosen, cover.count());
            self.grow(&projection.tree, found);
            self.chosen.truncate(size);
            self.spare.push(projection);
        }
    }
}
