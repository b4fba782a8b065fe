//! Where found itemsets go: into flat arrays, or into a number.

use rayon::prelude::*;

use super::limits::{Stopped, Watch};

/// Itemsets as flat arrays: the items of set `k` are `items[offsets[k]..offsets[k + 1]]`, its transactions `counts[k]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Itemsets {
    /// Where each set starts, and the end of the last.
    pub offsets: Vec<u64>,
    /// The items of all sets.
    pub items: Vec<u32>,
    /// The number of transactions that hold all items of the set.
    pub counts: Vec<u32>,
}

impl Default for Itemsets {
    fn default() -> Self {
        Self { offsets: vec![0], items: Vec::new(), counts: Vec::new() }
    }
}

impl Itemsets {
    /// The sets with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (&[u32], u32)> {
        let sets = self.offsets.windows(2).map(|ends| match ends {
            [start, end] => self.items.get(*start as usize..*end as usize).unwrap_or_default(),
            _ => &[],
        });
        sets.zip(self.counts.iter().copied())
    }

    /// The bytes of the arrays.
    fn bytes(&self) -> u64 {
        4 * self.items.len() as u64 + 12 * self.counts.len() as u64
    }

    fn append(&mut self, other: &Self) {
        let shift = self.items.len() as u64;
        self.offsets.extend(other.offsets.iter().skip(1).map(|end| end + shift));
        self.items.extend_from_slice(&other.items);
        self.counts.extend_from_slice(&other.counts);
    }

    /// The sets of all parts in their order, copied by all threads.
    fn concat(parts: Vec<Self>) -> Self {
        let sets = parts.iter().map(|part| part.counts.len()).sum();
        let items = parts.iter().map(|part| part.items.len()).sum();
        let mut all = Self { offsets: vec![0; sets + 1], items: vec![0; items], counts: vec![0; sets] };
        let (mut offsets, mut items, mut counts) = (&mut all.offsets[1..], &mut all.items[..], &mut all.counts[..]);
        let mut shift = 0;
        let mut copies = Vec::with_capacity(parts.len());
        for part in parts {
            let places = (
                offsets.split_off_mut(..part.counts.len()).unwrap_or_default(),
                items.split_off_mut(..part.items.len()).unwrap_or_default(),
                counts.split_off_mut(..part.counts.len()).unwrap_or_default(),
            );
            let start = shift;
            shift += part.items.len() as u64;
            copies.push((part, start, places));
        }
        copies.into_par_iter().for_each(|(part, start, (offsets, items, counts))| {
            offsets.iter_mut().zip(part.offsets.iter().skip(1)).for_each(|(to, end)| *to = end + start);
            items.copy_from_slice(&part.items);
            counts.copy_from_slice(&part.counts);
        });
        all
    }
}

/// Takes itemsets as the search finds them.
pub trait Found: Send + Sync + Sized {
    /// An empty one for a part of the search, to be put after this one with [`Found::append`].
    fn part(&self) -> Self;
    /// Whether the search may go on.
    fn check(&self) -> Result<(), Stopped>;
    /// Takes `chosen` with each subset of `free`, as far as the size limit lets it; all have the same count.
    fn subsets(&mut self, chosen: &[u32], free: &[u32], count: u32) -> Result<(), Stopped>;
    /// Takes `chosen` with each frequent subset of the lattice's items, but not the empty one, and with each subset of
    /// `free`, as far as the size limit lets it.
    fn lattice(&mut self, chosen: &[u32], lattice: Lattice<'_>, free: &[u32]) -> Result<(), Stopped>;
    /// Takes one set, if the size limit lets it, and says whether it did.
    fn whole(&mut self, items: &[u32], count: u32) -> Result<bool, Stopped>;
    /// Takes what a part of the search found.
    fn append(&mut self, part: Self);
    /// Takes what all parts of the search found, in their order.
    fn append_all(&mut self, parts: Vec<Self>);
    /// Takes those sets of a part that has ended which are to be kept.
    fn append_kept(&mut self, part: Self, keep: &[bool]);
    /// Takes a part for not found.
    fn forget(self);
    /// Ends a part of the search.
    fn end(&mut self) -> Result<(), Stopped>;
}

/// A few items, and by subset of them, as bits, the number of transactions that hold it.
#[derive(Clone, Copy)]
pub struct Lattice<'a> {
    /// The items with their own counts.
    pub items: &'a [(u32, u32)],
    /// The counts; 2^items of them.
    pub counts: &'a [u32],
    /// The count of a frequent set.
    pub min_count: u32,
}

/// Counts itemsets.
pub struct Counter<'a> {
    /// Sets found; at most `u64::MAX`.
    pub sets: u64,
    max_size: usize,
    watch: &'a Watch<'a>,
}

impl<'a> Counter<'a> {
    /// Counts sets of up to `max_size` items.
    pub fn new(max_size: usize, watch: &'a Watch<'a>) -> Self {
        Self { sets: 0, max_size, watch }
    }
}

impl Found for Counter<'_> {
    fn part(&self) -> Self {
        Self::new(self.max_size, self.watch)
    }

    fn check(&self) -> Result<(), Stopped> {
        self.watch.check()
    }

    fn subsets(&mut self, chosen: &[u32], free: &[u32], _: u32) -> Result<(), Stopped> {
        if let Some(room) = self.max_size.checked_sub(chosen.len()) {
            self.sets = self.sets.saturating_add(subsets_up_to(free.len(), room));
        }
        Ok(())
    }

    fn lattice(&mut self, chosen: &[u32], lattice: Lattice<'_>, free: &[u32]) -> Result<(), Stopped> {
        let frequent = |count: &u32| *count >= lattice.min_count;
        if chosen.len() + lattice.items.len() + free.len() <= self.max_size {
            let sets = lattice.counts.iter().map(|count| u32::from(frequent(count))).sum::<u32>() - 1;
            self.sets = self.sets.saturating_add(u64::from(sets).saturating_mul(subsets_up_to(free.len(), free.len())));
            return Ok(());
        }
        for (bits, count) in lattice.counts.iter().enumerate().skip(1) {
            if frequent(count)
                && let Some(room) = self.max_size.checked_sub(chosen.len() + bits.count_ones() as usize)
            {
                self.sets = self.sets.saturating_add(subsets_up_to(free.len(), room));
            }
        }
        Ok(())
    }

    fn whole(&mut self, items: &[u32], _: u32) -> Result<bool, Stopped> {
        let taken = items.len() <= self.max_size;
        self.sets += u64::from(taken);
        Ok(taken)
    }

    fn append(&mut self, part: Self) {
        self.sets = self.sets.saturating_add(part.sets);
    }

    fn append_all(&mut self, parts: Vec<Self>) {
        parts.into_iter().for_each(|part| self.append(part));
    }

    fn append_kept(&mut self, _: Self, keep: &[bool]) {
        self.sets += keep.iter().map(|keep| u64::from(*keep)).sum::<u64>();
    }

    fn forget(self) {}

    fn end(&mut self) -> Result<(), Stopped> {
        Ok(())
    }
}

/// The number of subsets of `of` things with at most `size` of them, a sum of binomials; at most `u64::MAX`.
fn subsets_up_to(of: usize, size: usize) -> u64 {
    if size >= of {
        return u32::try_from(of).ok().and_then(|of| 1_u64.checked_shl(of)).unwrap_or(u64::MAX);
    }
    let mut binomial: u128 = 1;
    let mut sum: u128 = 1;
    for k in 1..=size as u128 {
        binomial = binomial * (of as u128 + 1 - k) / k;
        sum += binomial;
        if sum > u128::from(u64::MAX) {
            return u64::MAX;
        }
    }
    sum as u64
}

/// Lists itemsets in the caller's names of the items.
pub struct Lister<'a> {
    /// The sets.
    pub sets: Itemsets,
    names: &'a [u32],
    max_size: usize,
    watch: &'a Watch<'a>,
    /// Sets and bytes that the watch knows of.
    told: (u64, u64),
    /// The items of the set that a lattice is at.
    stem: Vec<u32>,
}

/// So many sets are told to the watch at a time; an expansion to more asks first.
const TOLD_AT_ONCE: u64 = 1024;

impl<'a> Lister<'a> {
    /// Lists sets of up to `max_size` items; `names` are the caller's names of the search's items.
    pub fn new(names: &'a [u32], max_size: usize, watch: &'a Watch<'a>) -> Self {
        Self { sets: Itemsets::default(), names, max_size, watch, told: (0, 0), stem: Vec::new() }
    }

    fn name(&self, item: u32) -> u32 {
        self.names[item as usize]
    }

    fn close(&mut self, count: u32) {
        self.sets.offsets.push(self.sets.items.len() as u64);
        self.sets.counts.push(count);
    }

    fn tell(&mut self, at_least: u64) -> Result<(), Stopped> {
        let sets = self.sets.counts.len() as u64;
        if sets - self.told.0 < at_least {
            return Ok(());
        }
        let bytes = self.sets.bytes();
        let (sets_before, bytes_before) = std::mem::replace(&mut self.told, (sets, bytes));
        self.watch.add(sets - sets_before, bytes - bytes_before)
    }

    /// Doubles the set from `first` on with each free item.
    fn double(&mut self, first: usize, free: &[u32], count: u32) -> Result<(), Stopped> {
        let size = self.sets.items.len() - self.sets.offsets[first] as usize;
        let room = self.max_size - size;
        let sets = subsets_up_to(free.len(), room);
        if sets > TOLD_AT_ONCE {
            // Each free item is in half of the sets; under a size limit it may be in fewer.
            let items = if room >= free.len() { 2 * size + free.len() } else { 2 * size };
            self.watch.room(sets, sets.saturating_mul(12 + 2 * items as u64))?;
        }
        for item in free {
            let name = self.name(*item);
            for set in first..self.sets.counts.len() {
                let (start, end) = (self.sets.offsets[set] as usize, self.sets.offsets[set + 1] as usize);
                if end - start < self.max_size {
                    self.sets.items.extend_from_within(start..end);
                    self.sets.items.push(name);
                    self.close(count);
                }
            }
        }
        Ok(())
    }
}

impl Found for Lister<'_> {
    fn part(&self) -> Self {
        Self::new(self.names, self.max_size, self.watch)
    }

    fn check(&self) -> Result<(), Stopped> {
        self.watch.check()
    }

    fn subsets(&mut self, chosen: &[u32], free: &[u32], count: u32) -> Result<(), Stopped> {
        if chosen.len() > self.max_size {
            return Ok(());
        }
        let first = self.sets.counts.len();
        self.sets.items.extend(chosen.iter().map(|item| self.names[*item as usize]));
        self.close(count);
        if !free.is_empty() {
            self.double(first, free, count)?;
        }
        self.tell(TOLD_AT_ONCE)
    }

    fn lattice(&mut self, chosen: &[u32], lattice: Lattice<'_>, free: &[u32]) -> Result<(), Stopped> {
        let mut stem = std::mem::take(&mut self.stem);
        stem.clear();
        stem.extend(chosen.iter().map(|item| self.name(*item)));
        for (bits, &count) in lattice.counts.iter().enumerate().skip(1) {
            if count < lattice.min_count || chosen.len() + bits.count_ones() as usize > self.max_size {
                continue;
            }
            let first = self.sets.counts.len();
            self.sets.items.extend_from_slice(&stem);
            let mut left = bits;
            while left != 0 {
                let (item, _) = lattice.items[left.trailing_zeros() as usize];
                self.sets.items.push(self.names[item as usize]);
                left &= left - 1;
            }
            self.close(count);
            if !free.is_empty() {
                self.double(first, free, count)?;
            }
        }
        self.stem = stem;
        self.tell(TOLD_AT_ONCE)
    }

    fn whole(&mut self, items: &[u32], count: u32) -> Result<bool, Stopped> {
        self.subsets(items, &[], count)?;
        Ok(items.len() <= self.max_size)
    }

    fn append(&mut self, part: Self) {
        if self.sets.counts.is_empty() {
            self.sets = part.sets;
        } else {
            self.sets.append(&part.sets);
        }
    }

    fn append_all(&mut self, parts: Vec<Self>) {
        self.append(Self { sets: Itemsets::concat(parts.into_iter().map(|part| part.sets).collect()), ..self.part() });
    }

    fn append_kept(&mut self, part: Self, keep: &[bool]) {
        let before = (self.sets.counts.len() as u64, self.sets.bytes());
        if keep.iter().all(|keep| *keep) {
            self.sets.append(&part.sets);
        } else {
            for ((items, count), _) in part.sets.iter().zip(keep).filter(|(_, keep)| **keep) {
                self.sets.items.extend_from_slice(items);
                self.close(count);
            }
        }
        // The part was told of as a whole.
        let (sets, bytes) = (self.sets.counts.len() as u64 - before.0, self.sets.bytes() - before.1);
        self.watch.take_back(part.told.0 - sets, part.told.1 - bytes);
        self.told = (self.told.0 + sets, self.told.1 + bytes);
    }

    fn forget(self) {
        self.watch.take_back(self.told.0, self.told.1);
    }

    fn end(&mut self) -> Result<(), Stopped> {
        self.tell(0)
    }
}
