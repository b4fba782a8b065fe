//! Many items as few requests: ranges that keep a number and a size.

use std::ops::Range;

/// Ranges of neighbouring items, each of at most `most` items and `most_bytes` in all; an item that is larger by itself has a
/// range of its own. Every item is in one range, in order.
pub fn batches(sizes: &[usize], most: usize, most_bytes: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (place, size) in sizes.iter().enumerate() {
        let is_full = place - start >= most.max(1) || bytes + size > most_bytes;
        if is_full && place > start {
            ranges.push(start..place);
            (start, bytes) = (place, 0);
        }
        bytes += size;
    }
    if start < sizes.len() {
        ranges.push(start..sizes.len());
    }
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_large_item_stands_alone() {
        assert_eq!(batches(&[1, 1, 9, 1], 10, 3), [0..2, 2..3, 3..4]);
        assert_eq!(batches(&[1; 5], 2, 100), [0..2, 2..4, 4..5]);
        assert!(batches(&[], 2, 2).is_empty());
    }

    proptest! {
        #[test]
        fn all_items_are_in_order_and_limits_are_kept(
            sizes in proptest::collection::vec(0_usize..50, 0..200), most in 1_usize..20, bytes in 1_usize..100
        ) {
            let ranges = batches(&sizes, most, bytes);
            let flat: Vec<usize> = ranges.iter().cloned().flatten().collect();
            prop_assert_eq!(flat, (0..sizes.len()).collect::<Vec<_>>());
            for range in ranges {
                let sum: usize = sizes[range.clone()].iter().sum();
                prop_assert!(range.len() <= most && (range.len() == 1 || sum <= bytes));
            }
        }
    }
}
