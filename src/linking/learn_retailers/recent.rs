//! Links counted by their age: what happened lately weighs more (section 7.2).

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::linking::instant;

const SECONDS_A_DAY: f64 = 86_400.0;
/// The mean of the distribution Beta(1, 1): what is believed of a stability before enough was seen.
const PRIOR_STABILITY: f64 = 0.5;

/// What a link weighs at its age.
#[derive(Clone, Copy, Debug)]
pub struct Forgetting {
    /// The as-of time in seconds since 1970.
    now: i64,
    half_life_days: f64,
}

impl Forgetting {
    /// A link loses half of its weight in `half_life_days`.
    pub fn new(now: Timestamp, half_life_days: f64) -> Self {
        Self { now: now.as_second(), half_life_days }
    }

    /// The weight of a link of this time (ISO 8601, UTC): 1 now, a half after the half-life. A link without a time that
    /// can be read, or of a time to come, weighs 1 as one of tonight does: nothing is known that would make it older.
    pub fn weight(self, time: Option<&str>) -> f64 {
        let second = time.and_then(instant::second_of).unwrap_or(self.now);
        let days = self.now.saturating_sub(second).max(0) as f64 / SECONDS_A_DAY;
        (-days / self.half_life_days).exp2()
    }
}

/// A retailer's links by weight, added up in the order in which they are given.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recent {
    pub links: f64,
    pub url_changes: f64,
}

impl Recent {
    /// Counts a link.
    pub fn add(&mut self, weight: f64, url_changed: bool) {
        self.links += weight;
        self.url_changes += if url_changed { weight } else { 0.0 };
    }

    /// The weighted share of links whose URL stayed; `None` without a link.
    pub fn stability(&self) -> Option<f64> {
        (self.links > 0.0).then(|| 1.0 - self.url_changes / self.links)
    }

    /// The stability that decides whether the URLs are trusted: the prior mean while too little was seen lately.
    pub fn judged_stability(&self, min_sample: i64) -> f64 {
        self.stability().filter(|_| self.links >= min_sample as f64).unwrap_or(PRIOR_STABILITY)
    }
}

/// What was seen of a retailer lately.
#[derive(Clone, Debug, PartialEq)]
pub struct RecentPattern {
    pub counts: Recent,
    /// Whether its URLs are not trusted alone from the next night on.
    pub also_compare: bool,
}

/// Recent patterns by retailer.
pub type RecentPatterns = BTreeMap<String, RecentPattern>;

#[cfg(test)]
mod tests {
    use super::*;

    fn forgetting() -> Forgetting {
        Forgetting::new("2026-03-01T04:30:00Z".parse().unwrap(), 90.0)
    }

    #[test]
    fn a_link_weighs_half_after_the_half_life_and_a_quarter_after_two() {
        for (time, weight) in [
            ("2026-03-01T04:30:00Z", 1.0),
            ("2025-12-01 04:30:00", 0.5),
            ("2025-09-02T04:30:00.000000", 0.25),
            ("2027-01-01", 1.0),
            ("no time", 1.0),
        ] {
            assert!((forgetting().weight(Some(time)) - weight).abs() < 1e-12, "{time}");
        }
        assert!((forgetting().weight(None) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn too_little_seen_lately_leaves_the_prior() {
        let mut recent = Recent::default();
        assert_eq!(recent.stability(), None);
        for _ in 0..39 {
            recent.add(0.5, true);
        }
        assert_eq!((recent.stability(), recent.judged_stability(20)), (Some(0.0), 0.5));
        recent.add(0.5, false);
        assert_eq!((recent.links, recent.judged_stability(20)), (20.0, 1.0 - 19.5 / 20.0));
    }
}
