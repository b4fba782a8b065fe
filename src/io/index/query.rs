//! What a search asks for: how words and vectors count, and how scores of two sources become one.

use std::collections::BTreeMap;

/// Which sources are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchMode {
    /// Words and vectors.
    #[default]
    Hybrid,
    /// Words alone.
    Words,
    /// Vectors alone.
    Vectors,
}

/// Words of a query for something exact.
const EXACT: [&str; 4] = ["exact", "specifically", "model", "sku"];
/// The same, of two words each.
const EXACT_PAIRS: [[&str; 2]; 2] = [["item", "number"], ["part", "number"]];
/// Words of a query for something that is meant.
const MEANT: [&str; 9] = ["like", "similar", "comfortable", "quality", "best", "recommend", "need", "want", "suggest"];
const MEANT_PAIR: [&str; 2] = ["looking", "for"];

/// How much vectors count beside words, which count the rest: a query with a word for something exact .3, with one for
/// something that is meant .8, else .7.
pub fn vector_weight(query: &str) -> f64 {
    let lower = query.to_lowercase();
    let words: Vec<&str> =
        lower.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let has = |word: &&str| words.contains(word);
    let has_pair = |pair: &[&str; 2]| words.windows(2).any(|window| window == pair);
    if query.contains('"') || EXACT.iter().any(has) || EXACT_PAIRS.iter().any(has_pair) {
        0.3
    } else if MEANT.iter().any(has) || has_pair(&MEANT_PAIR) {
        0.8
    } else {
        0.7
    }
}

/// How many of each source are fetched for `top` results: half as many more, twice that with a filter.
pub fn candidates(top: usize, has_filter: bool) -> usize {
    let wanted = (top + top / 2).clamp(10, 50).max(top);
    if has_filter { wanted * 2 } else { wanted }
}

/// The scores of a source scaled to 0..1: the best has 1, the worst 0; equal ones have 1.
pub fn scaled(scores: &[(i64, f64)]) -> Vec<(i64, f64)> {
    let low = scores.iter().map(|(_, score)| *score).fold(f64::INFINITY, f64::min);
    let high = scores.iter().map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max);
    let scale = |score: f64| if high > low { (score - low) / (high - low) } else { 1.0 };
    scores.iter().map(|(key, score)| (*key, scale(*score))).collect()
}

/// A product with what each source gave it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fused {
    /// The product.
    pub key: i64,
    /// What counts.
    pub score: f64,
    /// What words gave, scaled.
    pub words: Option<f64>,
    /// What vectors gave, scaled.
    pub vectors: Option<f64>,
}

/// The scores of both sources by weight, the best first, equal ones by key. A source without results leaves all the
/// weight to the other.
pub fn fused(words: &[(i64, f64)], vectors: &[(i64, f64)], vector_weight: f64) -> Vec<Fused> {
    let vector_weight = match (words.is_empty(), vectors.is_empty()) {
        (true, false) => 1.0,
        (false, true) => 0.0,
        _ => vector_weight,
    };
    let mut all: BTreeMap<i64, Fused> = BTreeMap::new();
    for (key, score) in words {
        all.entry(*key).or_insert(Fused { key: *key, ..Fused::default() }).words = Some(*score);
    }
    for (key, score) in vectors {
        all.entry(*key).or_insert(Fused { key: *key, ..Fused::default() }).vectors = Some(*score);
    }
    let mut fused: Vec<Fused> = all.into_values().collect();
    for found in &mut fused {
        found.score =
            vector_weight * found.vectors.unwrap_or_default() + (1.0 - vector_weight) * found.words.unwrap_or_default();
    }
    fused.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.key.cmp(&b.key)));
    fused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_query_decide_how_much_vectors_count() {
        for (query, weight) in [
            ("red shoes", 0.7),
            ("the exact red shoes", 0.3),
            ("24\"", 0.3),
            ("part number 7", 0.3),
            ("unlike anything", 0.7),
            ("something similar", 0.8),
            ("looking for shoes", 0.8),
            ("looking at shoes for", 0.7),
        ] {
            assert!((vector_weight(query) - weight).abs() < 1e-9, "{query}");
        }
    }

    #[test]
    fn scores_are_scaled_before_they_are_weighed() {
        assert_eq!(scaled(&[(1, -9.0), (2, -5.0), (3, -1.0)]), [(1, 0.0), (2, 0.5), (3, 1.0)]);
        assert_eq!(scaled(&[(1, 7.0)]), [(1, 1.0)]);
        let fused = fused(&[(1, 1.0), (2, 0.0)], &[(3, 1.0), (1, 0.5)], 0.7);
        assert_eq!(fused.iter().map(|found| found.key).collect::<Vec<_>>(), [3, 1, 2]);
        assert!((fused[1].score - 0.65).abs() < 1e-9);
        assert!((super::fused(&[(1, 1.0)], &[], 0.7)[0].score - 1.0).abs() < 1e-9);
    }
}
