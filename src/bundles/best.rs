//! The k best of many, without sorting all of them.

use std::cmp::Ordering;

/// The `most` first of the values by this total order, in order. What is held is of the size of `most`.
pub fn best<T>(values: impl IntoIterator<Item = T>, most: usize, mut order: impl FnMut(&T, &T) -> Ordering) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    let room = most.saturating_mul(2).max(64);
    for value in values {
        kept.push(value);
        if kept.len() >= room && most < kept.len() {
            kept.select_nth_unstable_by(most, &mut order);
            kept.truncate(most);
        }
    }
    kept.sort_unstable_by(&mut order);
    kept.truncate(most);
    kept
}

/// Floats by falling value; what is no number comes last.
pub fn falling(one: f64, other: f64) -> Ordering {
    let key = |value: f64| if value.is_nan() { f64::NEG_INFINITY } else { value };
    key(other).total_cmp(&key(one))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_best_are_those_that_sorting_gives(values in prop::collection::vec(0_u16..300, 0..400), most in 0_usize..100) {
            let mut sorted = values.clone();
            sorted.sort_unstable();
            sorted.truncate(most);
            prop_assert_eq!(best(values, most, Ord::cmp), sorted);
        }
    }

    #[test]
    fn what_is_no_number_comes_last() {
        let mut values = [0.5, f64::NAN, 2.0, -0.0, 0.0];
        values.sort_by(|one, other| falling(*one, *other));
        assert_eq!(values[..4], [2.0, 0.5, 0.0, 0.0]);
        assert!(values[4].is_nan());
    }
}
