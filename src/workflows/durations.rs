//! How far durations are spread, in whole numbers, so that their order does not matter.

/// The longest duration, seconds: 31 years. Longer ones are rejected with their rows, and would count as this long: the squares
/// of ten thousand million of them fit.
pub const LONGEST: i64 = 1_000_000_000;

/// Sums of durations.
#[derive(Clone, Debug, Default)]
pub struct Durations {
    count: i128,
    sum: i128,
    squares: i128,
}

impl Durations {
    /// Adds a duration, in seconds; one of zero says nothing.
    pub fn add(&mut self, seconds: i64) {
        let seconds = i128::from(seconds.clamp(-LONGEST, LONGEST));
        self.count += i128::from(seconds != 0);
        self.sum += seconds;
        self.squares += seconds * seconds;
    }

    /// The population variance, square seconds; `None` with fewer than two durations.
    pub fn variance(&self) -> Option<f64> {
        let n = self.count;
        (n >= 2).then(|| (n * self.squares - self.sum * self.sum) as f64 / (n * n) as f64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn variance(durations: &[i64]) -> Option<f64> {
        let mut sums = Durations::default();
        durations.iter().for_each(|seconds| sums.add(*seconds));
        sums.variance()
    }

    #[test]
    fn zeros_say_nothing_and_one_duration_has_no_spread() {
        assert_eq!(variance(&[0, 30, 0]), None);
        assert_eq!(variance(&[10, 0, 20]), Some(25.0));
        assert_eq!(variance(&[-10, 10]), Some(100.0));
    }

    #[test]
    fn durations_beyond_all_measure_are_cut() {
        assert_eq!(variance(&[i64::MAX; 100]), Some(0.0));
        assert_eq!(variance(&[i64::MIN, i64::MAX]), Some(1e18));
    }

    proptest! {
        #[test]
        fn it_is_the_mean_square_of_the_distances_from_the_mean(
            durations in prop::collection::vec(1_i64..100_000, 2..50),
        ) {
            let n = durations.len() as f64;
            let mean = durations.iter().sum::<i64>() as f64 / n;
            let wanted = durations.iter().map(|seconds| (*seconds as f64 - mean).powi(2)).sum::<f64>() / n;
            let found = variance(&durations).unwrap();
            prop_assert!((found - wanted).abs() <= 1e-9 * wanted.max(1.0), "{found} {wanted}");
        }
    }
}
