//! How many requests may begin in a time: a bucket of tokens that fills up evenly.

use std::time::Duration;

/// A limit of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many requests a minute, at least one.
    pub per_minute: u32,
    /// So many of them at once, after a pause.
    pub burst: u32,
}

/// The bucket, told by the moment at which it would be full. Times are counted from any fixed moment.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    each: Duration,
    slack: Duration,
    full_at: Duration,
    closed_until: Duration,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(rate: Rate) -> Self {
        let each = Duration::from_secs(60) / rate.per_minute.max(1);
        Self { each, slack: each * rate.burst.saturating_sub(1), full_at: Duration::ZERO, closed_until: Duration::ZERO }
    }

    /// Takes a token; the time at which its request may begin. Who takes one later never begins earlier.
    pub fn take(&mut self, now: Duration) -> Duration {
        let from = now.max(self.closed_until);
        let begin = self.full_at.saturating_sub(self.slack).max(from);
        self.full_at = self.full_at.max(begin) + self.each;
        begin
    }

    /// Nobody begins before `until`: the service said so.
    pub fn close(&mut self, until: Duration) {
        self.closed_until = self.closed_until.max(until);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_burst_passes_at_once_and_the_rest_evenly() {
        let mut bucket = TokenBucket::new(Rate { per_minute: 60, burst: 3 });
        let begins: Vec<Duration> = (0..6).map(|_| bucket.take(ms(10_000))).collect();
        assert_eq!(begins, [10_000, 10_000, 10_000, 11_000, 12_000, 13_000].map(ms));
        bucket.close(ms(20_000));
        assert_eq!(bucket.take(ms(13_500)), ms(20_000));
    }

    proptest! {
        /// Against counting: in no window of a minute do more begin than the rate and the burst allow.
        #[test]
        fn no_minute_has_more_than_the_rate_and_the_burst(
            per_minute in 1_u32..200, burst in 1_u32..20, pauses in proptest::collection::vec(0_u64..3_000, 1..300)
        ) {
            let mut bucket = TokenBucket::new(Rate { per_minute, burst });
            let mut now = Duration::ZERO;
            let mut begins = Vec::new();
            for pause in pauses {
                now += ms(pause);
                let begin = bucket.take(now);
                prop_assert!(begin >= now && begins.last().is_none_or(|last| begin >= *last));
                begins.push(begin);
            }
            for (place, begin) in begins.iter().enumerate() {
                let within = begins[place..].iter().take_while(|other| **other < *begin + Duration::from_secs(60)).count();
                prop_assert!(within <= (per_minute + burst) as usize, "{} of {}", within, per_minute);
            }
        }
    }
}
