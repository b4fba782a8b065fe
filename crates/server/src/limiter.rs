//! How many requests somebody may make: a bucket of tokens for each token and address.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Buckets that are kept at most; beyond, those that are full again are forgotten.
const MOST: usize = 10_000;

/// Limits the requests of each key to so many a minute, a sixth of them at once.
pub struct Limiter {
    per_minute: f64,
    buckets: Mutex<HashMap<String, (f64, Instant)>>,
}

impl Limiter {
    /// A limiter; 0 limits nothing.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: f64::from(per_minute), buckets: Mutex::default() }
    }

    /// Takes `cost` requests of a key. When there are none left: after how many seconds there are.
    pub fn take(&self, key: &str, cost: f64, now: Instant) -> Result<(), u64> {
        if self.per_minute == 0.0 {
            return Ok(());
        }
        let burst = (self.per_minute / 6.0).max(10.0);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let refilled = |left: f64, since: Instant| {
            (left + now.saturating_duration_since(since).as_secs_f64() * self.per_minute / 60.0).min(burst)
        };
        if buckets.len() >= MOST {
            buckets.retain(|_, (left, since)| refilled(*left, *since) < burst);
        }
        let bucket = buckets.entry(key.to_owned()).or_insert((burst, now));
        let left = refilled(bucket.0, bucket.1);
        if left < cost {
            *bucket = (left, now);
            let seconds = (cost - left) * 60.0 / self.per_minute;
            return Err(seconds.ceil().max(1.0) as u64);
        }
        *bucket = (left - cost, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_empties_refills_and_is_each_ones_own() {
        let (limiter, start) = (Limiter::new(120), Instant::now());
        let taken = (0..30).filter(|_| limiter.take("a", 1.0, start).is_ok()).count();
        assert_eq!(taken, 20);
        assert_eq!(limiter.take("a", 1.0, start), Err(1));
        assert!(limiter.take("b", 1.0, start).is_ok());
        assert!(limiter.take("a", 1.0, start + Duration::from_secs(1)).is_ok());
        assert!((0..1_000).all(|_| Limiter::new(0).take("a", 1.0, start).is_ok()));
    }
}
