//! A histogram: how many values lie in each of some ranges of equal width.

/// A range of values and how many lie in it; the upper end belongs to the next range, but for the last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Its lower end.
    pub from: f64,
    /// Its upper end.
    pub to: f64,
    /// How many values.
    pub count: u64,
}

/// Counts values in at most `wanted` ranges that begin at round numbers; what is not finite is left out.
pub fn bins(values: &[f64], wanted: usize) -> Vec<Bin> {
    let known = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) =
        known().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high {
        return Vec::new();
    }
    let step = round_step((high - low) / to_float(wanted.max(1)), low.abs().max(high.abs()));
    // 0.95 / 0.05 is a little less than 19.
    let steps = |value: f64| (value / step + 1e-9).floor();
    let start = steps(low);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a few more than wanted")]
    let place = |value: f64| (steps(value) - start).max(0.0) as usize;
    // The highest value closes the last range; one that begins a range by itself gets none of its own.
    let is_edge = high > low && (high / step - (high / step).round()).abs() < 1e-9;
    let last = place(high) - usize::from(is_edge && place(high) > 0);
    let edge = |index: usize| (start + to_float(index)) * step;
    let mut bins: Vec<Bin> = (0..=last).map(|index| Bin { from: edge(index), to: edge(index + 1), count: 0 }).collect();
    for value in known() {
        if let Some(bin) = bins.get_mut(place(value).min(last)) {
            bin.count += 1;
        }
    }
    bins
}

/// The next 1, 2 or 5 times a power of ten; of values that are all alike a step that holds them.
fn round_step(width: f64, size: f64) -> f64 {
    let least = (size * 1e-9).max(1e-12);
    let width = if width > least { width } else { (size / 10.0).max(1e-9).max(least) };
    let power = 10f64.powf(width.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|part| part * power).find(|step| *step >= width * 0.999_999).unwrap_or(width)
}

#[expect(clippy::cast_precision_loss, reason = "a number of ranges")]
fn to_float(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_begin_at_round_numbers() {
        let bins = bins(&[0.85, 0.87, 0.9, 0.95, 0.99, 1.0], 3);
        let ranges: Vec<_> = bins.iter().map(|bin| (spelled(bin.from), spelled(bin.to), bin.count)).collect();
        assert_eq!(
            ranges,
            [("0.85".into(), "0.9".into(), 2), ("0.9".into(), "0.95".into(), 1), ("0.95".into(), "1".into(), 3)]
        );
    }

    #[test]
    fn values_that_are_alike_are_one_range_and_no_value_is_none() {
        assert!(bins(&[], 10).is_empty() && bins(&[f64::NAN], 10).is_empty());
        assert_eq!(bins(&[5.0; 7], 10).iter().map(|bin| bin.count).collect::<Vec<_>>(), [7]);
        assert_eq!(bins(&[0.0; 3], 10).len(), 1);
    }

    use crate::number::spelled;

    proptest! {
        #[test]
        fn every_value_is_counted_once_and_there_are_few_ranges(
            values in prop::collection::vec(prop_oneof![-1e9f64..1e9, -1.0f64..1.0, Just(0.0)], 1..200),
            wanted in 1usize..40,
        ) {
            let bins = bins(&values, wanted);
            prop_assert_eq!(bins.iter().map(|bin| bin.count).sum::<u64>(), values.len() as u64);
            prop_assert!(bins.len() <= wanted + 2, "{} ranges", bins.len());
        }
    }
}
