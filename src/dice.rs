//! Random draws that are the same on every machine: integers only, one stream for each purpose.

use rand::RngCore;
use rand_pcg::Pcg64Mcg;
use sha2::{Digest, Sha256};

/// A stream of random draws.
pub struct Dice(Pcg64Mcg);

impl Dice {
    /// The stream of a seed and a number; streams of different numbers are independent.
    pub fn new(seed: u64, stream: u64) -> Self {
        let state = (u128::from(mix(seed ^ 0x6e69_6768_746c_6f6f)) << 64) | u128::from(mix(mix(seed) ^ stream));
        Self(Pcg64Mcg::new(state))
    }

    /// The stream of a text: of the first half of its SHA-256.
    pub fn of_text(text: &str) -> Self {
        let hash = Sha256::digest(text.as_bytes());
        let state = hash[..16].iter().fold(0, |state, byte| state << 8 | u128::from(*byte));
        Self(Pcg64Mcg::new(state))
    }

    /// A number below `bound`, which is at least 1. The bias of one part in 2³² does not matter here.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// True in `share` of 1,000 draws.
    pub fn permille(&mut self, share: u32) -> bool {
        self.below(1000) < share
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// One of `items`, which are never empty.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u32) as usize]
    }

    /// One of `items`, the earlier ones more often: the first tenth is drawn about three times in ten.
    pub fn pick_early<T: Copy>(&mut self, items: &[T]) -> T {
        let bound = items.len() as u32;
        let (a, b) = (self.below(bound), self.below(bound));
        items[(u64::from(a) * u64::from(b) / u64::from(bound)) as usize]
    }

    /// The index of one of `weights`, in proportion to them; their sum is at least 1.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut rest = self.below(weights.clone().sum());
        for (index, weight) in weights.enumerate() {
            if rest < weight {
                return index;
            }
            rest -= weight;
        }
        0
    }

    /// Puts `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

/// Spreads the bits of a number (the finaliser of `SplitMix64`).
fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_and_streams_give_equal_draws_and_others_do_not() {
        let draws = |seed, stream| (0..8).map(|_| Dice::new(seed, stream).bits()).collect::<Vec<_>>();
        assert_eq!(draws(1, 2), draws(1, 2));
        assert_ne!(draws(1, 2), draws(1, 3));
        assert_ne!(draws(1, 2), draws(2, 2));
        let of_text = |text| Dice::of_text(text).bits();
        assert_eq!(of_text("night|1"), of_text("night|1"));
        assert_ne!(of_text("night|1"), of_text("night|2"));
    }

    #[test]
    fn weights_decide_how_often_an_index_is_drawn() {
        let mut dice = Dice::new(7, 0);
        let mut counts = [0; 3];
        for _ in 0..3000 {
            counts[dice.weighted([1, 0, 2].into_iter())] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((900..1100).contains(&counts[0]), "{counts:?}");
    }
}
