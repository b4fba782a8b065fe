//! Closed frequent itemsets: the longest set of each cover.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hash, Hasher},
    ops::Range,
};

use super::{
    base::{Base, Cut, Projection, Projector},
    found::Found,
    limits::Stopped,
    waves::{self, Branches, Part},
    weight::Weight,
};

/// The number of transactions that hold a set, and a fingerprint of which: the sum of their 64-bit hashes. Sets with
/// equal covers are taken for equal in their transactions; among n covers the chance that two that differ are
/// confused is below n² / 2⁶⁵ (for ten million: 3 in a million), and it is the same at every run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

impl Hash for Cover {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.fingerprint);
    }
}

/// Takes a fingerprint for the hash that it is.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

type Covers = HashSet<Cover, BuildHasherDefault<AsItIs>>;

/// Finds the closed itemsets of a base.
///
/// The rarest item's branch goes first. So the closure of a set that lacks a rarer item was found before the set is
/// met: its cover is known, and nothing below the set is closed either (Grahne and Zhu: Efficiently using prefix-trees
/// in mining frequent itemsets, 2003, who look for a longer set in a tree of those found).
///
/// Of sparse data nearly all frequent sets are closed. There threads search branches side by side: they find a few that
/// are not, whose covers another branch has found. Of dense data they would find mostly those.
pub fn search<F: Found>(base: &Base<Cover>, min_count: u32, found: &mut F) -> Result<(), Stopped> {
    let mut known = Known { base, min_count, covers: Covers::default() };
    let mut left = base.len();
    if base.is_sparse() && rayon::current_num_threads() > 1 {
        left = waves::search(&mut known, left, found)?;
    }
    let mut part = Part::unmarked(found.part());
    Search::new(min_count, &Covers::default(), known.covers).grow(base, 0..left, &mut part)?;
    part.found.end()?;
    found.append(part.found);
    Ok(())
}

/// The covers of the sets that earlier branches found.
struct Known<'a> {
    base: &'a Base<Cover>,
    min_count: u32,
    covers: Covers,
}

impl Branches for Known<'_> {
    type Mark = Cover;

    fn search<F: Found>(&self, positions: Range<usize>, part: &mut Part<F, Cover>) -> Result<(), Stopped> {
        Search::new(self.min_count, &self.covers, Covers::default()).grow(self.base, positions, part)
    }

    fn learn(&mut self, cover: Cover, _: Range<usize>) -> bool {
        self.covers.insert(cover)
    }

    fn known(&self) -> usize {
        self.covers.len()
    }
}

struct Search<'a> {
    min_count: u32,
    chosen: Vec<u32>,
    /// Covers that were known before.
    known: &'a Covers,
    covers: Covers,
    projector: Projector<Cover>,
    spare: Vec<Projection<Cover>>,
}

impl<'a> Search<'a> {
    fn new(min_count: u32, known: &'a Covers, covers: Covers) -> Self {
        let projector = Projector::default();
        Self { min_count, chosen: Vec::new(), known, covers, projector, spare: Vec::new() }
    }

    /// The branches of some positions.
    fn grow<F: Found>(
        &mut self,
        base: &Base<Cover>,
        positions: Range<usize>,
        part: &mut Part<F, Cover>,
    ) -> Result<(), Stopped> {
        let cut = Cut { min_count: self.min_count, lattice_items: 0, items_only: false };
        for position in positions.rev() {
            let (item, cover) = base.items[position];
            if self.known.contains(&cover) || !self.covers.insert(cover) {
                continue;
            }
            part.found.check()?;
            let size = self.chosen.len();
            self.chosen.push(item);
            if position == 0 {
                part.whole(&self.chosen, cover.count(), || cover)?;
            } else {
                let mut projection = self.spare.pop().unwrap_or_default();
                self.projector.project(base, position, cut, &mut projection);
                self.chosen.extend_from_slice(&projection.perfect);
                part.whole(&self.chosen, cover.count(), || cover)?;
                self.grow(&projection.base, 0..projection.base.len(), part)?;
                self.spare.push(projection);
            }
            self.chosen.truncate(size);
        }
        Ok(())
    }
}
