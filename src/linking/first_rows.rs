//! A hash index from a text key within a group to the first row that has it.

const EMPTY: u32 = u32::MAX;

/// A key: the group it lies in (a retailer) and its text.
pub type Key<'a> = (u32, &'a str);

/// Finds the first row with a key. Rows are numbered by the caller; keys are not copied, so the
/// caller is asked for a row's key again to tell equal hashes from equal keys.
pub struct FirstRows {
    slots: Vec<(u32, u32)>,
    mask: usize,
}

impl FirstRows {
    /// Indexes `rows` rows; `has_key(row, key)` tells whether a row has a key.
    ///
    /// `hashes` gives the [`hash`] of each row's key, `None` for a row without one.
    pub fn build(hashes: &[Option<u64>], has_same_key: impl Fn(u32, u32) -> bool) -> Self {
        Self::build_noting(hashes, has_same_key, |_, _| {})
    }

    /// As [`FirstRows::build`]; `again(first, row)` is called for each later row with the key of an earlier one.
    pub fn build_noting(
        hashes: &[Option<u64>],
        has_same_key: impl Fn(u32, u32) -> bool,
        mut again: impl FnMut(u32, u32),
    ) -> Self {
        let capacity = (hashes.len().max(4) * 2).next_power_of_two();
        let mut index = Self { slots: vec![(0, EMPTY); capacity], mask: capacity - 1 };
        for (row, hash) in hashes.iter().enumerate() {
            let (Some(hash), Ok(row)) = (hash, u32::try_from(row)) else { continue };
            let slot = index.slot(*hash, |first| has_same_key(first, row));
            match index.slots.get_mut(slot) {
                Some(entry) if entry.1 == EMPTY => *entry = (tag(*hash), row),
                Some(entry) => again(entry.1, row),
                None => {}
            }
        }
        index
    }

    /// The first row whose key has this hash and satisfies `is_key`.
    pub fn find(&self, hash: u64, is_key: impl Fn(u32) -> bool) -> Option<u32> {
        self.slots.get(self.slot(hash, is_key)).map(|entry| entry.1).filter(|row| *row != EMPTY)
    }

    /// The slot that holds the key, or the empty one where it belongs. Half of the slots stay empty, so it ends.
    fn slot(&self, hash: u64, is_key: impl Fn(u32) -> bool) -> usize {
        let mut at = usize::try_from(hash & u64::from(u32::MAX)).unwrap_or_default() & self.mask;
        while let Some(&(found, row)) = self.slots.get(at) {
            if row == EMPTY || (found == tag(hash) && is_key(row)) {
                return at;
            }
            at = (at + 1) & self.mask;
        }
        at
    }
}

fn tag(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or_default()
}

/// A 64-bit hash of a key, the same on every machine and in every run.
pub fn hash((group, text): Key<'_>) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(MULTIPLIER);
        let [low, high] = [product as u64, (product >> 64) as u64];
        low ^ high
    };
    let (words, tail) = text.as_bytes().as_chunks::<8>();
    let mut state = fold(u64::from(group) ^ 0x5851_f42d_4c95_7f2d, text.len() as u64);
    for word in words {
        state = fold(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    fold(fold(state, u64::from_le_bytes(last)), MULTIPLIER)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_row_of_every_key_is_found_and_no_other(
            keys in prop::collection::vec((0u32..3, "[ab]{0,10}"), 0..200),
            probes in prop::collection::vec((0u32..4, "[ab]{0,10}"), 0..50),
            narrow in any::<bool>(),
        ) {
            // A narrow hash makes nearly every key collide.
            let hash_of = |key: Key<'_>| if narrow { hash(key) % 3 } else { hash(key) };
            let key = |row: u32| keys.get(row as usize).map(|(group, text)| (*group, text.as_str()));
            let hashes: Vec<_> = keys.iter().map(|(group, text)| Some(hash_of((*group, text)))).collect();
            let index = FirstRows::build(&hashes, |a, b| key(a) == key(b));
            let mut first = HashMap::new();
            for (row, key) in keys.iter().enumerate() {
                first.entry(key.clone()).or_insert(row as u32);
            }
            for probe in keys.iter().chain(&probes) {
                let wanted = (probe.0, probe.1.as_str());
                prop_assert_eq!(index.find(hash_of(wanted), |row| key(row) == Some(wanted)), first.get(probe).copied());
            }
        }
    }
}
