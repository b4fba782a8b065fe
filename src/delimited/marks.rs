//! Where the next byte stands that ends a cell or quotes one: 64 bytes are compared at once, since most cells are short.

use super::shape::Shape;

/// Bytes that are looked at together: as many as a mask has bits.
const STEP: usize = 64;

/// Delimiters, terminators and quotes of a block, found in one pass.
pub struct Marks {
    wanted: [u8; 3],
    /// Where the bytes begin that `mask` is of.
    start: usize,
    /// A bit for each of the bytes from `start` on that is wanted.
    mask: u64,
}

impl Marks {
    /// Those of a file's shape; nothing is looked at yet.
    pub fn of(shape: Shape) -> Self {
        Self { wanted: [shape.delimiter, shape.terminator, b'"'], start: usize::MAX, mask: 0 }
    }

    /// The place of the first wanted byte at `at` or behind it. `bytes` are the same in each call.
    #[inline]
    pub fn next(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        if let Some(into) = at.checked_sub(self.start).filter(|into| *into < STEP) {
            let left = self.mask >> into;
            if left != 0 {
                return Some(at + left.trailing_zeros() as usize);
            }
            self.seek(bytes, self.start + STEP)
        } else {
            self.seek(bytes, at)
        }
    }

    fn seek(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
            let mask = match rest.first_chunk::<STEP>() {
                Some(chunk) => mask(chunk, self.wanted),
                None => {
                    // What is behind the end is a byte that is not wanted.
                    let [delimiter, terminator, _] = self.wanted;
                    let filler = (0..3).find(|byte| *byte != delimiter && *byte != terminator).unwrap_or_default();
                    let mut chunk = [filler; STEP];
                    chunk.iter_mut().zip(rest).for_each(|(slot, byte)| *slot = *byte);
                    mask(&chunk, self.wanted)
                }
            };
            (self.start, self.mask) = (at, mask);
            if mask != 0 {
                return Some(at + mask.trailing_zeros() as usize);
            }
            at += STEP;
        }
    }
}

/// A bit for each byte that is one of three.
#[cfg(target_arch = "x86_64")]
#[inline]
fn mask(chunk: &[u8; STEP], wanted: [u8; 3]) -> u64 {
    // SAFETY: SSE2 is a part of this kind of machine.
    unsafe { sse2_mask(chunk, wanted) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "sse2")]
fn sse2_mask(chunk: &[u8; STEP], wanted: [u8; 3]) -> u64 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8};
    let [a, b, c] = wanted.map(|byte| byte as i8);
    let (a, b, c) = (_mm_set1_epi8(a), _mm_set1_epi8(b), _mm_set1_epi8(c));
    let mut mask = 0;
    for (part, bytes) in chunk.as_chunks::<16>().0.iter().enumerate() {
        // SAFETY: there are sixteen bytes to be loaded, and they need no alignment.
        let bytes = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
        let is_a_or_b = _mm_or_si128(_mm_cmpeq_epi8(bytes, a), _mm_cmpeq_epi8(bytes, b));
        let found = _mm_movemask_epi8(_mm_or_si128(is_a_or_b, _mm_cmpeq_epi8(bytes, c)));
        mask |= u64::from(found as u16) << (part * 16);
    }
    mask
}

/// A bit for each byte that is one of three.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn mask(chunk: &[u8; STEP], wanted: [u8; 3]) -> u64 {
    slow_mask(chunk, wanted)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn slow_mask(chunk: &[u8; STEP], wanted: [u8; 3]) -> u64 {
    chunk.iter().rev().fold(0, |mask, byte| mask << 1 | u64::from(wanted.contains(byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_mark_is_found_from_wherever_one_looks(
            bytes in proptest::collection::vec(prop_oneof![4 => any::<u8>(), 1 => Just(b';'), 1 => Just(b'\n'), 1 => Just(b'"')], 0..300),
            looks in proptest::collection::vec(0..310_usize, 1..20),
        ) {
            let shape = Shape { delimiter: b';', terminator: b'\n', width: 0 };
            let mut marks = Marks::of(shape);
            let is_mark = |byte: &u8| matches!(byte, b';' | b'\n' | b'"');
            for at in looks {
                let there = bytes.iter().enumerate().skip(at).find(|(_, byte)| is_mark(byte)).map(|(place, _)| place);
                prop_assert_eq!(marks.next(&bytes, at), there);
            }
        }

        #[test]
        fn many_bytes_at_once_are_compared_like_each(chunk in any::<[u8; 32]>(), wanted in any::<[u8; 3]>()) {
            let mut whole = [0; STEP];
            whole[..32].copy_from_slice(&chunk);
            whole[40] = wanted[0];
            prop_assert_eq!(mask(&whole, wanted), slow_mask(&whole, wanted));
        }
    }
}
