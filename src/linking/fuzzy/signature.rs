//! A title's code points counted by class in 32 bytes, and the distance between two such counts.

use crate::linking::similarity::{Points, Symbol};

/// How often each class of code points occurs, up to 255 times.
///
/// Summing code points into classes, and cutting the counts off, can only bring two titles nearer:
/// [`Signature::distance`] is never more than the number of insertions and deletions between the titles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signature([u8; 32]);

/// The class of each code point below 128: a letter each, the digits in two, the blank, the rest by hash.
const CLASSES: [u8; 128] = {
    let mut classes = [0; 128];
    let mut point = 0;
    while point < 128 {
        classes[point] = match point as u8 {
            letter @ b'a'..=b'z' => letter - b'a',
            b' ' => 26,
            digit @ b'0'..=b'9' => 27 + digit % 2,
            other => 29 + other % 3,
        };
        point += 1;
    }
    classes
};

fn class(point: u32) -> usize {
    CLASSES.get(point as usize).map_or_else(|| 29 + (point % 3) as usize, |&class| usize::from(class))
}

impl Signature {
    /// The counts of a title.
    pub fn of(title: Points<'_>) -> Self {
        match title {
            Points::Latin(points) => Self::count(points),
            Points::Wide(points) => Self::count(points),
        }
    }

    fn count<S: Symbol>(points: &[S]) -> Self {
        let mut counts = [0u8; 32];
        for symbol in points {
            let count = &mut counts[class(symbol.point())];
            *count = count.saturating_add(1);
        }
        Self(counts)
    }

    /// The sum of the absolute differences of the counts; at most 8,160.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub fn distance(&self, other: &Self) -> u16 {
        use std::arch::x86_64::{_mm_add_epi64, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_sad_epu8, _mm_unpackhi_epi64};
        let ((a, _), (b, _)) = (self.0.as_chunks::<16>(), other.0.as_chunks::<16>());
        // The compiler finds this instruction by itself in one place and misses it in the next.
        // SAFETY: SSE2 belongs to every x86-64 processor, and each load is of 16 bytes that are there.
        unsafe {
            let sums = |at: usize| {
                _mm_sad_epu8(_mm_loadu_si128(a[at].as_ptr().cast()), _mm_loadu_si128(b[at].as_ptr().cast()))
            };
            let pair = _mm_add_epi64(sums(0), sums(1));
            _mm_cvtsi128_si32(_mm_add_epi64(pair, _mm_unpackhi_epi64(pair, pair))) as u16
        }
    }

    /// The sum of the absolute differences of the counts; at most 8,160.
    #[cfg(not(target_arch = "x86_64"))]
    #[inline]
    pub fn distance(&self, other: &Self) -> u16 {
        self.distance_by_counter(other)
    }

    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn distance_by_counter(&self, other: &Self) -> u16 {
        self.0.iter().zip(&other.0).map(|(&a, &b)| u16::from(a.abs_diff(b))).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::linking::similarity::Pattern;

    proptest! {
        #[test]
        fn the_distance_is_the_sum_over_counters_and_never_above_the_edits(
            a in proptest::collection::vec(0u32..400, 0..80),
            b in proptest::collection::vec(90u32..130, 0..700),
        ) {
            let (x, y) = (Signature::of(Points::Wide(&a)), Signature::of(Points::Wide(&b)));
            prop_assert_eq!(x.distance(&y), x.distance_by_counter(&y));
            let mut pattern = Pattern::default();
            pattern.prepare(Points::Wide(&a));
            let edits = a.len() + b.len() - 2 * pattern.longest_common_subsequence(Points::Wide(&b));
            prop_assert!(usize::from(x.distance(&y)) <= edits);
        }
    }
}
