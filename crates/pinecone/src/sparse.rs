//! Sparse vectors of words that need no vocabulary: a word's dimension is a hash of it.

use std::collections::BTreeMap;

use super::{limits::MOST_SPARSE_VALUES, record::SparseValues};

/// How often a word of the title counts.
const TITLE: f64 = 6.0;
/// How soon more of the same word adds nothing (the k₁ of BM25).
const SATURATION: f64 = 1.2;

/// The sparse vector of a product: words of two and more letters or digits, lower-cased, those of the title six times, each
/// `tf · (k₁ + 1) ÷ (tf + k₁)`, divided by the greatest. The 1,000 greatest are kept. `None` where there is no word.
///
/// The dimension of a word is its 32-bit FNV-1a hash, so that it never changes; words that share one are added up.
pub fn sparse_of(title: &str, text: &str) -> Option<SparseValues> {
    let mut counts: BTreeMap<u32, f64> = BTreeMap::new();
    for (text, weight) in [(title, TITLE), (text, 1.0)] {
        for word in words(&text.to_lowercase()) {
            *counts.entry(hash(word)).or_default() += weight;
        }
    }
    let mut values: Vec<(u32, f64)> =
        counts.into_iter().map(|(word, count)| (word, count * (SATURATION + 1.0) / (count + SATURATION))).collect();
    values.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    values.truncate(MOST_SPARSE_VALUES);
    let greatest = values.first()?.1;
    values.sort_by_key(|(word, _)| *word);
    #[expect(clippy::cast_possible_truncation, reason = "lies within 0 and 1")]
    let shares = values.iter().map(|(_, value)| (value / greatest) as f32).collect();
    Some(SparseValues { indices: values.iter().map(|(word, _)| *word).collect(), values: shares })
}

/// Runs of letters, digits, hyphens and dots, without hyphens and dots at their ends.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '-' && letter != '.' && letter != '_')
        .map(|word| word.trim_matches(['-', '.']))
        .filter(|word| word.chars().nth(1).is_some())
}

fn hash(word: &str) -> u32 {
    word.bytes().fold(0x811c_9dc5, |state: u32, byte| (state ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{limits::checked, record::Record};

    #[test]
    fn a_word_has_one_dimension_and_the_title_counts_most() {
        assert_eq!(hash(""), 0x811c_9dc5);
        // FNV-1a's own test value.
        assert_eq!(hash("foobar"), 0xbf9c_f968);
        let sparse = sparse_of("Red belt", "A belt of red leather").unwrap();
        let value = |word: &str| {
            let place = sparse.indices.iter().position(|index| *index == hash(word)).unwrap();
            sparse.values[place]
        };
        assert_eq!((value("red"), value("belt")), (1.0, 1.0));
        let of = |count: f64| count * 2.2 / (count + 1.2);
        assert!((f64::from(value("leather")) - of(1.0) / of(7.0)).abs() < 1e-6);
        assert_eq!(sparse.indices.len(), 4, "a word of one letter is none");
        assert_eq!(sparse_of("", " - a . "), None);
    }

    proptest! {
        #[test]
        fn any_text_gives_a_vector_that_can_be_sent_or_none(title in ".{0,60}", text in "(\\PC{1,9} ?){0,2000}") {
            if let Some(sparse) = sparse_of(&title, &text) {
                let record = Record { id: "a".to_owned(), sparse_values: Some(sparse), ..Record::default() };
                prop_assert_eq!(checked(&record), Ok(()));
            }
        }
    }
}
