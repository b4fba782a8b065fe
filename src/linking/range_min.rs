//! The smallest of any run of neighbouring values, in logarithmic time.

use std::ops::Range;

/// A segment tree of minima over a fixed sequence.
pub struct RangeMin {
    /// Node `i` covers nodes `2i` and `2i + 1`; the leaves are the second half.
    nodes: Vec<u32>,
    leaves: usize,
}

impl RangeMin {
    /// Builds the tree over `values`.
    pub fn new(values: &[u32]) -> Self {
        let leaves = values.len();
        let mut nodes = vec![u32::MAX; leaves];
        nodes.extend_from_slice(values);
        for node in (1..leaves).rev() {
            nodes[node] = nodes[2 * node].min(nodes[2 * node + 1]);
        }
        Self { nodes, leaves }
    }

    /// The smallest value within `range`; `None` when the range is empty or outside the sequence.
    pub fn min(&self, range: Range<usize>) -> Option<u32> {
        if range.is_empty() || range.end > self.leaves {
            return None;
        }
        let (mut low, mut high) = (range.start + self.leaves, range.end + self.leaves);
        let mut least = u32::MAX;
        while low < high {
            if low % 2 == 1 {
                least = least.min(self.nodes[low]);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                least = least.min(self.nodes[high]);
            }
            low /= 2;
            high /= 2;
        }
        Some(least)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_range_has_its_smallest_value(values in prop::collection::vec(0u32..50, 0..40)) {
            let tree = RangeMin::new(&values);
            for start in 0..=values.len() {
                for end in 0..=values.len() + 1 {
                    let wanted = values.get(start..end).and_then(|part| part.iter().min().copied());
                    prop_assert_eq!(tree.min(start..end), wanted);
                }
            }
        }
    }
}
