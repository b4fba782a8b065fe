//! Upper bounds of the similarities, from lengths and signature distances alone.

use crate::linking::similarity::Measure;

/// More than the rounding errors in this file, less than the step between any two similarities of short titles.
const MARGIN: f64 = 1e-9;

/// Lengths are kept in one byte: the last class holds all longer titles.
pub(super) const LAST_LENGTH: usize = 255;

/// What no pair with these lengths (in code points) and this signature distance can exceed.
///
/// With total length S, an indel distance of at least `distance` leaves at most (S - distance) / 2 common code points:
/// - Ratcliff/Obershelp, Indel: matches are a common subsequence, so 2 M / S <= (S - distance) / S.
/// - Damerau-Levenshtein: an edit changes the counts by at most 2, so the edits are at least distance / 2.
/// - Jaro-Winkler: common code points m give Jaro <= (m / |a| + m / |b| + 1) / 3; the bonus is at most 0.4 of the rest.
/// - Sørensen-Dice: bigrams without whitespace have no such bound here.
pub(super) fn upper_bound(measure: Measure, a: usize, b: usize, distance: u16) -> f64 {
    let (total, longer, distance) = ((a + b) as f64, a.max(b) as f64, f64::from(distance));
    if a == 0 || b == 0 {
        return if a == b || matches!(measure, Measure::SorensenDice) { 1.0 } else { MARGIN };
    }
    let bound = match measure {
        Measure::RatcliffObershelp | Measure::Difflib | Measure::Indel => (total - distance) / total,
        Measure::DamerauLevenshtein => 1.0 - distance / (2.0 * longer),
        Measure::JaroWinkler => {
            let common = (total - distance) / 2.0;
            let jaro = (common / a as f64 + common / b as f64 + 1.0) / 3.0;
            jaro + 0.4 * (1.0 - jaro)
        }
        Measure::SorensenDice => 1.0,
    };
    bound + MARGIN
}

/// For titles of one length, and one similarity to be reached: the signature distance that may be seen, by the
/// other title's length.
#[derive(Clone)]
pub(super) struct Allowance {
    /// By length class; a pair with a greater distance cannot reach the similarity.
    pub distance: [u16; LAST_LENGTH + 1],
    /// The shortest length class that can reach it.
    pub shortest: u8,
    /// The longest length class that can reach it.
    pub longest: u8,
}

impl Allowance {
    /// What titles of `length` code points allow if `similarity` is to be reached.
    pub fn new(measure: Measure, length: usize, similarity: f64) -> Self {
        let mut allowance = Self { distance: [u16::MAX; LAST_LENGTH + 1], shortest: u8::MAX, longest: 0 };
        for other in 0..=LAST_LENGTH {
            // Distances are at least the difference of the lengths, so a class that does not allow that is out.
            let allowed =
                if other == LAST_LENGTH { Some(u16::MAX) } else { furthest(measure, length, other, similarity) };
            let difference = length.min(LAST_LENGTH).abs_diff(other);
            match allowed {
                Some(allowed) if usize::from(allowed) >= difference => {
                    allowance.distance[other] = allowed;
                    allowance.shortest = allowance.shortest.min(other as u8);
                    allowance.longest = other as u8;
                }
                Some(allowed) => allowance.distance[other] = allowed,
                None => allowance.distance[other] = 0,
            }
        }
        allowance
    }
}

/// The greatest distance whose bound still reaches `similarity`; none if even distance 0 does not.
fn furthest(measure: Measure, a: usize, b: usize, similarity: f64) -> Option<u16> {
    let reaches = |distance: u16| upper_bound(measure, a, b, distance) >= similarity;
    if !reaches(0) {
        return None;
    }
    // The bound falls as the distance grows: bisect between a distance that reaches and one that may not.
    let (mut low, mut high) = (0, u16::try_from(a + b + 1).unwrap_or(u16::MAX));
    if reaches(high) {
        return Some(u16::MAX);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if reaches(middle) { low = middle } else { high = middle }
    }
    Some(low)
}
