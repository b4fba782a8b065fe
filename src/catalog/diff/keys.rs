//! Where a product lies among many: an open hash table from its key to its number.

/// Numbers by 128-bit key. Keys are hashes already: their low bits choose the slot.
#[derive(Debug)]
pub struct KeyTable {
    keys: Vec<u128>,
    /// A number plus one; 0 is free. At least half of the slots are.
    slots: Vec<u32>,
}

impl KeyTable {
    /// An empty table with room for `count` keys.
    pub fn with_capacity(count: usize) -> Self {
        let slots = (count.max(8) * 2).next_power_of_two();
        Self { keys: Vec::with_capacity(count), slots: vec![0; slots] }
    }

    /// The number of a key.
    pub fn find(&self, key: u128) -> Option<usize> {
        self.slot(key).ok()
    }

    /// The number of a key, and whether it is new: the next number then.
    pub fn insert(&mut self, key: u128) -> (usize, bool) {
        match self.slot(key) {
            Ok(number) => (number, false),
            Err(slot) => {
                let number = self.keys.len();
                self.keys.push(key);
                if let Some(free) = self.slots.get_mut(slot) {
                    *free = u32::try_from(number + 1).unwrap_or(u32::MAX);
                }
                if self.keys.len() * 2 > self.slots.len() {
                    self.grow();
                }
                (number, true)
            }
        }
    }

    /// The key's number, or the free slot where it would stand.
    fn slot(&self, key: u128) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = key as usize & mask;
        loop {
            let taken = self.slots.get(slot).copied().unwrap_or(0);
            let Some(number) = (taken as usize).checked_sub(1) else { return Err(slot) };
            if self.keys.get(number) == Some(&key) {
                return Ok(number);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
        for number in 0..self.keys.len() {
            let Some(key) = self.keys.get(number).copied() else { continue };
            // Each key is there once, and its number is not in the new slots yet.
            if let Err(slot) = self.slot(key)
                && let Some(free) = self.slots.get_mut(slot)
            {
                *free = u32::try_from(number + 1).unwrap_or(u32::MAX);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_number_they_got_however_many_come() {
        let mut table = KeyTable::with_capacity(1);
        let key = |number: u128| number << 3 | number << 70;
        for number in 0..2_000 {
            assert_eq!(table.insert(key(number)), (usize::try_from(number).unwrap(), true));
        }
        assert_eq!(table.insert(key(7)), (7, false));
        assert_eq!(table.find(key(1_999)), Some(1_999));
        assert_eq!(table.find(key(2_000)), None);
    }
}
