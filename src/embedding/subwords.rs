//! Vectors of texts without a model: words and their letters by threes, hashed, the first words counting most.
//!
//! The vector of a text depends on the text alone, so that one made tonight can be compared with one of last year.
//! Letters by threes make words with a typo lie near the right ones.

use rayon::prelude::*;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{
    embedder::{Embedder, EmbeddingError, Identity, Scope},
    vectors::Vectors,
};

/// Counts up when the same text gets another vector.
const VERSION: u32 = 1;

/// Seeds of the two kinds of features.
const WORD: u64 = 11;
const LETTERS: u64 = 12;

/// After so many words a word counts the square root of a half of the first.
const FADING: f64 = 8.0;

/// Words and their letters by threes, hashed to so many numbers.
#[derive(Clone, Copy, Debug)]
pub struct Subwords {
    /// How many numbers a vector has.
    pub dimensions: usize,
}

impl Embedder for Subwords {
    fn identity(&self) -> Identity {
        Identity { name: "subwords".to_owned(), version: VERSION }
    }

    fn scope(&self) -> Scope {
        Scope::Text
    }

    fn embed(&self, texts: &[&str]) -> Result<Vectors, EmbeddingError> {
        let rows: Vec<Vec<f32>> = texts.par_iter().map(|text| vector(text, self.dimensions)).collect();
        Ok(Vectors::units(self.dimensions, rows.concat()))
    }
}

/// The vector of a text, of length one; zero for a text without a letter or digit.
pub fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; dimensions.max(1)];
    let plain: String = text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase).collect();
    let words = plain.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    for (place, word) in words.enumerate() {
        add_word(&mut sums, word, weight(place, word));
    }
    let length = sums.iter().map(|value| value * value).sum::<f64>().sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "lies within ±1")]
    sums.iter().map(|value| if length > 0.0 { (value / length) as f32 } else { 0.0 }).collect()
}

#[expect(clippy::cast_precision_loss, reason = "places of words")]
fn weight(place: usize, word: &str) -> f64 {
    let length = if word.chars().count() <= 2 && !word.bytes().any(|byte| byte.is_ascii_digit()) { 0.4 } else { 1.0 };
    length / (1.0 + place as f64 / FADING).sqrt()
}

fn add_word(sums: &mut [f64], word: &str, weight: f64) {
    add(sums, xxh3_64_with_seed(word.as_bytes(), WORD), weight);
    let marked: Vec<char> = std::iter::once('<').chain(word.chars()).chain(std::iter::once('>')).collect();
    let windows = marked.windows(3);
    let count = windows.len().max(1);
    #[expect(clippy::cast_precision_loss, reason = "letters of a word")]
    let each = 1.4 * weight / (count as f64).sqrt();
    for letters in windows {
        let text: String = letters.iter().collect();
        add(sums, xxh3_64_with_seed(text.as_bytes(), LETTERS), each);
    }
}

/// Adds a feature to two places, with a sign each, so that two features rarely cannot be told apart.
fn add(sums: &mut [f64], hash: u64, weight: f64) {
    for half in [hash & 0xffff_ffff, hash >> 32] {
        let sign = if half & 1 == 0 { weight } else { -weight };
        let place = usize::try_from(half >> 1).unwrap_or_default() % sums.len();
        if let Some(sum) = sums.get_mut(place) {
            *sum += sign;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(one: &str, other: &str) -> f32 {
        vector(one, 256).iter().zip(vector(other, 256)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn a_typo_another_order_and_accents_stay_near_and_other_words_do_not() {
        assert!(cosine("red leather handbag", "handbag leather red") > 0.9);
        assert!(cosine("red leather handbag", "red lether handbag") > 0.6);
        assert!(cosine("Hermès sac", "HERMES SAC") > 0.999);
        assert!(cosine("red leather handbag", "mountain bike tyre") < 0.25);
        assert!(vector(" - ", 8).iter().all(|value| *value == 0.0));
        let square: f32 = vector("one two", 64).iter().map(|value| value * value).sum();
        assert!((square - 1.0).abs() < 1e-5);
    }
}
