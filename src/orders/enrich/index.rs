//! Numbers by the hash of their keys: eight bytes a slot, and no key.

/// A table that finds numbers again. The keys are the caller's: it says whether a number that was found is of the key
/// that is looked for.
pub struct Index {
    slots: Vec<Slot>,
}

/// A number plus one, 0 for none, and the upper half of its key's hash, whose lower half says where it lies: there, or
/// at one of the next places.
#[derive(Clone, Copy, Default)]
struct Slot {
    tag: u32,
    number_plus_one: u32,
}

impl Index {
    /// A table with room for `count` numbers.
    pub fn with_room(count: usize) -> Self {
        Self { slots: vec![Slot::default(); (count * 2).max(8).next_power_of_two()] }
    }

    /// The first number that was put under the hash and is of the key.
    #[inline]
    pub fn find(&self, hash: u64, is_of_key: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let slot = self.slots.get(place)?;
            let number = slot.number_plus_one.checked_sub(1)?;
            if slot.tag == tag(hash) && is_of_key(number) {
                return Some(number);
            }
            place = (place + 1) & mask;
        }
    }

    /// Puts a number under the hash of its key. There must be room for it.
    pub fn put(&mut self, hash: u64, number: u32) {
        let mask = self.slots.len() - 1;
        let mut place = hash as usize & mask;
        while self.slots.get(place).is_some_and(|slot| slot.number_plus_one > 0) {
            place = (place + 1) & mask;
        }
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Slot { tag: tag(hash), number_plus_one: number + 1 };
        }
    }
}

fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_keys_even_when_all_hashes_are_equal() {
        let keys: Vec<String> = (0..100).map(|number| format!("key {number}")).collect();
        for hash in [|_: usize| 7_u64, |place: usize| place as u64 % 3, |place: usize| (place as u64) << 32] {
            let mut index = Index::with_room(keys.len());
            let find = |index: &Index, place: usize, key: &str| {
                index.find(hash(place), |number| keys.get(number as usize).is_some_and(|found| found == key))
            };
            for (place, key) in keys.iter().enumerate() {
                assert_eq!(find(&index, place, key), None);
                index.put(hash(place), place as u32);
            }
            for (place, key) in keys.iter().enumerate() {
                assert_eq!(find(&index, place, key), Some(place as u32));
                assert_eq!(find(&index, place, "another"), None);
            }
        }
    }
}
