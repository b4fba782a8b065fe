//! How alike two titles are: the measures, and the folding that titles go through before they are compared.

mod pattern;
mod ratcliff;
mod title;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use pattern::Pattern;
pub use ratcliff::{Frequent, Scratch};
pub use title::{Points, Symbol, fold_title, fold_title_into};

/// A similarity of two texts, from 0 (nothing in common) to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Twice the length of the matching blocks over the sum of the lengths (Ratcliff and Metzener,
    /// "Pattern matching: the gestalt approach", 1988), exactly as `ratio()` of Python's
    /// `difflib.SequenceMatcher(None, a, b, autojunk=False)` computes it. Not symmetric.
    #[default]
    RatcliffObershelp,
    /// The same with difflib's "autojunk" heuristic, its default: in a product's title of 200 characters or more, frequent
    /// characters start no block, so that long titles lose their likeness.
    Difflib,
    /// Twice the length of the longest common subsequence over the sum of the lengths:
    /// the indel similarity that other tools call "ratio".
    Indel,
    /// Jaro's similarity with Winkler's bonus for a common prefix.
    JaroWinkler,
    /// One minus the Damerau-Levenshtein distance over the longer length.
    DamerauLevenshtein,
    /// The Sørensen-Dice coefficient of the bigrams, whitespace left out.
    SorensenDice,
}

/// The similarity of two texts as they stand; fold them first with [`fold_title`] if case is to be ignored.
///
/// The order of the arguments matters for [`Measure::RatcliffObershelp`] and [`Measure::Difflib`]: `a` is the catalog's title, `b` the product's.
pub fn similarity(measure: Measure, a: &str, b: &str) -> f64 {
    let (a_points, b_points): (Vec<u32>, Vec<u32>) =
        (a.chars().map(u32::from).collect(), b.chars().map(u32::from).collect());
    match measure {
        Measure::RatcliffObershelp | Measure::Difflib | Measure::Indel => {
            let mut pattern = Pattern::default();
            pattern.prepare(Points::Wide(&a_points));
            let b = Points::Wide(&b_points);
            let matches = match measure {
                Measure::Indel => pattern.longest_common_subsequence(b),
                Measure::Difflib => pattern.matching_blocks(b, Frequent::Dropped, &mut Scratch::default()),
                _ => pattern.matching_blocks(b, Frequent::Kept, &mut Scratch::default()),
            };
            ratio(matches, a_points.len() + b_points.len())
        }
        Measure::JaroWinkler => strsim::jaro_winkler(a, b),
        Measure::DamerauLevenshtein => strsim::normalized_damerau_levenshtein(a, b),
        Measure::SorensenDice => strsim::sorensen_dice(a, b),
    }
}

/// `2 * matches / total`, or 1 when both texts are empty. `total` is the sum of the two lengths.
pub fn ratio(matches: usize, total: usize) -> f64 {
    if total == 0 { 1.0 } else { 2.0 * matches as f64 / total as f64 }
}

/// The confidence of a link found by a similarity above the cut-off of 0.90: from 0.85 up, in the order of
/// evaluation that makes it equal to the last bit in every implementation.
pub fn fuzzy_confidence(similarity: f64) -> f64 {
    0.85 + (similarity - 0.90) * 0.5
}

#[cfg(test)]
mod tests;
