//! Vectors without a model: words and pairs of words, hashed and weighted by how rare they are.

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;

use super::{
    embedder::{Embedder, EmbeddingError, Identity, Scope},
    product_text::SEPARATOR,
    vectors::{Vectors, VectorsBuilder},
};

/// Buckets that words are hashed to: as many as the dimensions of the model that they stand for.
const DIMENSIONS: usize = 1536;

/// Lower-cased words and pairs of neighbours hashed to 1536 buckets with a sign, weighted by tf·idf (section 5.5 of the
/// specification of bundles). The same on every machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalEmbedder;

/// How rare each word or pair of words is among some texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermWeights {
    texts: u32,
    holding: HashMap<u64, u32>,
}

impl TermWeights {
    /// Counts the words of texts.
    pub fn of(texts: &[&str]) -> Self {
        let mut holding = HashMap::new();
        for terms in texts.par_iter().map(|text| terms(text).into_iter().collect::<HashSet<_>>()).collect::<Vec<_>>() {
            for term in terms {
                *holding.entry(term).or_default() += 1;
            }
        }
        Self { texts: texts.len() as u32, holding }
    }

    /// `ln(1 + texts ÷ texts with it)`; a term that none has is as rare as one in one text.
    fn weight(&self, term: u64) -> f64 {
        let holding = self.holding.get(&term).copied().unwrap_or(1);
        (1.0 + f64::from(self.texts.max(1)) / f64::from(holding)).ln()
    }

    /// Vectors of texts with these weights.
    pub fn vectors(&self, texts: &[&str]) -> Vectors {
        let rows: Vec<Vec<(u32, f32)>> = texts.par_iter().map(|text| self.row(text)).collect();
        let mut vectors = VectorsBuilder::new(DIMENSIONS);
        rows.into_iter().for_each(|row| vectors.push(row));
        vectors.build()
    }

    fn row(&self, text: &str) -> Vec<(u32, f32)> {
        let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
        for term in terms(text) {
            *counts.entry(term).or_default() += 1;
        }
        let mut buckets: BTreeMap<u32, f64> = BTreeMap::new();
        for (term, count) in counts {
            let sign = if term >> 63 == 1 { -1.0 } else { 1.0 };
            let bucket = (term & (u64::MAX >> 1)) % DIMENSIONS as u64;
            *buckets.entry(bucket as u32).or_default() += sign * f64::from(count) * self.weight(term);
        }
        buckets.into_iter().map(|(bucket, value)| (bucket, value as f32)).collect()
    }
}

impl Embedder for LocalEmbedder {
    fn identity(&self) -> Identity {
        Identity { name: "local".to_owned(), version: 1 }
    }

    fn scope(&self) -> Scope {
        Scope::Batch
    }

    fn embed(&self, texts: &[&str]) -> Result<Vectors, EmbeddingError> {
        Ok(TermWeights::of(texts).vectors(texts))
    }
}

/// The words of a text and the pairs of neighbours within its parts, as hashes.
fn terms(text: &str) -> Vec<u64> {
    let lower = text.to_lowercase();
    let mut terms = Vec::new();
    for part in lower.split(SEPARATOR) {
        let mut before: Option<&str> = None;
        for word in part.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
            terms.push(hash(&[word]));
            terms.extend(before.map(|before| hash(&[before, word])));
            before = Some(word);
        }
    }
    terms
}

/// FNV-1a over words, and the finaliser of SplitMix64, so that all bits depend on all letters.
fn hash(words: &[&str]) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    for word in words {
        for byte in word.bytes().chain([0]) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_same_words_are_near_and_others_are_not() {
        let texts =
            ["Red running shoe | Type: Shoes", "Blue running shoe | Type: Shoes", "Water bottle | Type: Outdoor", ""];
        let vectors = LocalEmbedder.embed(&texts).unwrap();
        assert_eq!((vectors.len(), vectors.dimensions()), (4, 1536));
        assert!(vectors.cosine(0, 1) > 0.5, "{}", vectors.cosine(0, 1));
        assert!(vectors.cosine(0, 2) < 0.2, "{}", vectors.cosine(0, 2));
        assert_eq!(vectors.cosine(0, 3), 0.0);
        assert!((vectors.cosine(2, 2) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn case_and_signs_between_words_do_not_matter_and_rare_words_matter_more() {
        let vectors = LocalEmbedder.embed(&["Trail-Shoe", "trail shoe!", "shoe trail"]).unwrap();
        assert!((vectors.cosine(0, 1) - 1.0).abs() < 1e-6);
        assert!(vectors.cosine(0, 2) < 0.9, "the pair of neighbours is another");
        let weights = TermWeights::of(&["a b", "a c", "a d"]);
        assert!(weights.weight(hash(&["b"])) > weights.weight(hash(&["a"])));
        assert_eq!(weights.weight(hash(&["z"])), weights.weight(hash(&["b"])));
    }

    #[test]
    fn terms_are_words_and_neighbours_within_a_part() {
        let hashes = |text| terms(text).len();
        assert_eq!([hashes("one two three"), hashes("one two | three"), hashes(" - ")], [5, 4, 0]);
    }

    #[test]
    fn vectors_of_a_version_never_change() {
        let vectors = LocalEmbedder.embed(&["red shoe"]).unwrap();
        let row = vectors.row(0);
        let found: Vec<(usize, f32)> = row.iter().copied().enumerate().filter(|(_, value)| *value != 0.0).collect();
        assert_eq!(found.iter().map(|(bucket, value)| (*bucket, *value > 0.0)).collect::<Vec<_>>(), GOLDEN);
    }

    const GOLDEN: [(usize, bool); 3] = [(29, false), (595, false), (914, true)];
}
