//! Where found itemsets go: into flat arrays, or into a number.

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

    fn append(&mut self, other: &Self) {
        let shift = self.items.len() as u64;
        self.offsets.extend(other.offsets.iter().skip(1).map(|end| end + shift));
        self.items.extend_from_slice(&other.items);
        self.counts.extend_from_slice(&other.counts);
    }
}

/// Takes itemsets as the search finds them.
pub trait Found: Send {
    /// An empty one for a part of the search, to be put after this one with [`Found::append`].
    fn part(&self) -> Self;
    /// Takes `chosen` with each subset of `free`, as far as the size limit lets it; all have the same count.
    fn subsets(&mut self, chosen: &[u32], free: &[u32], count: u32);
    /// Takes one set, if the size limit lets it.
    fn whole(&mut self, items: &[u32], count: u32);
    /// Takes what a part of the search found.
    fn append(&mut self, part: Self);
}

/// Counts itemsets.
pub struct Counter {
    /// Sets found; at most `u64::MAX`.
    pub sets: u64,
    max_size: usize,
}

impl Counter {
    /// Counts sets of up to `max_size` items.
    pub fn new(max_size: usize) -> Self {
        Self { sets: 0, max_size }
    }
}

impl Found for Counter {
    fn part(&self) -> Self {
        Self::new(self.max_size)
    }

    fn subsets(&mut self, chosen: &[u32], free: &[u32], _: u32) {
        let sets = match self.max_size.checked_sub(chosen.len()) {
            None => 0,
            Some(room) => subsets_up_to(free.len(), room),
        };
        self.sets = self.sets.saturating_add(sets);
    }

    fn whole(&mut self, items: &[u32], _: u32) {
        self.sets += u64::from(items.len() <= self.max_size);
    }

    fn append(&mut self, part: Self) {
        self.sets = self.sets.saturating_add(part.sets);
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
}

impl<'a> Lister<'a> {
    /// Lists sets of up to `max_size` items; `names` are the caller's names of the search's items.
    pub fn new(names: &'a [u32], max_size: usize) -> Self {
        Self { sets: Itemsets::default(), names, max_size }
    }

    fn push_names(&mut self, items: &[u32]) {
        self.sets.items.extend(items.iter().map(|item| self.names[*item as usize]));
    }

    fn close(&mut self, count: u32) {
        self.sets.offsets.push(self.sets.items.len() as u64);
        self.sets.counts.push(count);
    }
}

impl Found for Lister<'_> {
    fn part(&self) -> Self {
        Self::new(self.names, self.max_size)
    }

    fn subsets(&mut self, chosen: &[u32], free: &[u32], count: u32) {
        if chosen.len() > self.max_size {
            return;
        }
        let first = self.sets.counts.len();
        self.push_names(chosen);
        self.close(count);
        for item in free {
            let name = self.names[*item as usize];
            for set in first..self.sets.counts.len() {
                let (start, end) = (self.sets.offsets[set] as usize, self.sets.offsets[set + 1] as usize);
                if end - start < self.max_size {
                    self.sets.items.extend_from_within(start..end);
                    self.sets.items.push(name);
                    self.close(count);
                }
            }
        }
    }

    fn whole(&mut self, items: &[u32], count: u32) {
        if items.len() <= self.max_size {
            self.push_names(items);
            self.close(count);
        }
    }

    fn append(&mut self, part: Self) {
        if self.sets.counts.is_empty() {
            self.sets = part.sets;
        } else {
            self.sets.append(&part.sets);
        }
    }
}
