//! How long to wait before a request is tried again.

use std::time::Duration;

/// Waits that double, up to a longest, each a fifth longer or shorter by chance that a seed decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// How often a request is tried again.
    pub retries: u32,
    /// The wait before the first.
    pub first: Duration,
    /// No wait of ours is longer. A service that asks for more is not asked again.
    pub longest: Duration,
    /// Decides the chance.
    pub seed: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { retries: 3, first: Duration::from_secs(1), longest: Duration::from_secs(60), seed: 0 }
    }
}

impl Backoff {
    /// The wait before the try `number` (from 1) of the request `request`: `first · 2^(number − 1)`, at most `longest`,
    /// times 0.8 to 1.2. The same for the same seed, request and number.
    pub fn wait(&self, request: u64, number: u32) -> Duration {
        let doubled = 2.0_f64.powi(i32::try_from(number.saturating_sub(1)).unwrap_or(i32::MAX));
        let seconds = (self.first.as_secs_f64() * doubled).min(self.longest.as_secs_f64());
        let bits = mixed(self.seed ^ mixed(request) ^ mixed(u64::from(number) << 32));
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let share = (bits >> 11) as f64 / (1_u64 << 53) as f64;
        Duration::from_secs_f64(seconds * (0.8 + 0.4 * share))
    }
}

/// The finaliser of SplitMix64: all bits depend on all bits.
const fn mixed(mut state: u64) -> u64 {
    state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_is_a_fifth_around_its_double_and_depends_on_the_seed_alone(
            seed: u64, request: u64, number in 1_u32..40
        ) {
            let backoff = Backoff { seed, ..Backoff::default() };
            let wait = backoff.wait(request, number);
            prop_assert_eq!(wait, backoff.wait(request, number));
            let middle = 2.0_f64.powi(number as i32 - 1).min(60.0);
            let seconds = wait.as_secs_f64();
            prop_assert!(seconds >= middle * 0.799_999 && seconds <= middle * 1.200_001, "{} {}", seconds, middle);
        }
    }

    #[test]
    fn requests_do_not_wait_alike() {
        let backoff = Backoff::default();
        let mut waits: Vec<_> = (0..100).map(|request| backoff.wait(request, 1)).collect();
        waits.sort_unstable();
        waits.dedup();
        assert_eq!(waits.len(), 100);
    }
}
