//! Numbers for texts, each text within a scope: the items of a shop.

/// More lines or items than their 32-bit numbers can count.
#[derive(Debug, thiserror::Error)]
#[error("more than {0}")]
pub struct TooMany(pub &'static str);

/// Numbers for texts, from 0 in the order in which they were first seen. Texts lie in one piece of memory.
#[derive(Default)]
pub struct Dictionary {
    text: String,
    entries: Vec<Entry>,
    /// An entry's number plus one, 0 for none, at the place that its hash says or one of the next.
    slots: Vec<Slot>,
}

#[derive(Clone, Copy)]
struct Entry {
    end: usize,
    scope: u32,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    hash: u32,
    number_plus_one: u32,
}

impl Dictionary {
    /// The number of a text within its scope; a new one when it was not seen before.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn number(&mut self, scope: u32, text: &str) -> Result<u32, TooMany> {
        if self.entries.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = (hash(u64::from(scope), text.as_bytes()) >> 32) as u32;
        let mask = self.slots.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let slot = self.slots.get(place).copied().unwrap_or_default();
            let Some(number) = slot.number_plus_one.checked_sub(1) else { break };
            if slot.hash == hash && self.scope(number) == scope && self.text(number) == text {
                return Ok(number);
            }
            place = (place + 1) & mask;
        }
        let number_plus_one = u32::try_from(self.entries.len() + 1)
            .ok()
            .filter(|number| *number < u32::MAX)
            .ok_or(TooMany("4,294,967,294 items"))?;
        if let Some(slot) = self.slots.get_mut(place) {
            *slot = Slot { hash, number_plus_one };
        }
        self.text.push_str(text);
        self.entries.push(Entry { end: self.text.len(), scope });
        Ok(number_plus_one - 1)
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The scope of a number.
    pub fn scope(&self, number: u32) -> u32 {
        self.entries.get(number as usize).map_or(u32::MAX, |entry| entry.scope)
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        let end = |number: usize| self.entries.get(number).map_or(0, |entry| entry.end);
        let start = (number as usize).checked_sub(1).map_or(0, end);
        self.text.get(start..end(number as usize)).unwrap_or_default()
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![Slot::default(); (old.len() * 2).max(64)];
        let mask = self.slots.len() - 1;
        for slot in old.into_iter().filter(|slot| slot.number_plus_one > 0) {
            let mut place = slot.hash as usize & mask;
            while self.slots.get(place).is_some_and(|taken| taken.number_plus_one > 0) {
                place = (place + 1) & mask;
            }
            if let Some(free) = self.slots.get_mut(place) {
                *free = slot;
            }
        }
    }
}

/// A quick hash of bytes on top of `state`, the same on every machine: 64 bits multiplied to 128 and folded.
pub fn hash(state: u64, bytes: &[u8]) -> u64 {
    const MULTIPLIER: u64 = 0xd6e8_feb8_6659_fd93;
    let step = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(MULTIPLIER);
        (product as u64) ^ ((product >> 64) as u64)
    };
    let (words, tail) = bytes.as_chunks::<8>();
    let mut state = step(state ^ 0xa076_1d64_78bd_642f, bytes.len() as u64);
    for word in words {
        state = step(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    step(step(state, u64::from_le_bytes(last)), MULTIPLIER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_in_each_scope() {
        let mut dictionary = Dictionary::default();
        let texts: Vec<String> = (0..1_000).map(|number| format!("item {number}")).collect();
        for _ in 0..2 {
            for (number, text) in texts.iter().enumerate() {
                assert_eq!(dictionary.number(0, text).unwrap(), number as u32);
            }
        }
        assert_eq!(dictionary.number(1, "item 7").unwrap(), 1_000);
        assert_eq!(dictionary.number(1, "").unwrap(), 1_001);
        assert_eq!((dictionary.text(7), dictionary.text(1_000), dictionary.text(1_001)), ("item 7", "item 7", ""));
        assert_eq!((dictionary.scope(7), dictionary.scope(1_000), dictionary.len()), (0, 1, 1_002));
    }
}
