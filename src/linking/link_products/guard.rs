//! Tells titles apart that differ in a telling word: midi or mini, black or blue, 38 or 40.

use std::collections::{BTreeSet, HashSet};

use super::params::AttributeGuard;

/// The telling words of titles, ready to be compared.
pub struct Guard {
    words: HashSet<String>,
    numbers: bool,
}

impl Guard {
    /// Prepares the parameter.
    pub fn new(guard: &AttributeGuard) -> Self {
        Self { words: guard.words.iter().map(|word| word.to_lowercase()).collect(), numbers: guard.numbers }
    }

    /// Whether one title has a telling word that the other lacks.
    pub fn tells_apart(&self, a: &str, b: &str) -> bool {
        self.telling(&a.to_lowercase()) != self.telling(&b.to_lowercase())
    }

    fn telling<'a>(&self, title: &'a str) -> BTreeSet<&'a str> {
        title
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| self.words.contains(*word) || (self.numbers && word.chars().any(|c| c.is_ascii_digit())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_with_different_telling_words_are_told_apart() {
        let guard = Guard::new(&AttributeGuard {
            words: vec!["Midi".to_owned(), "mini".to_owned()],
            numbers: true,
            ..AttributeGuard::default()
        });
        assert!(guard.tells_apart("Floral Midi Dress", "floral mini dress"));
        assert!(guard.tells_apart("Dress 38", "Dress 40"));
        assert!(guard.tells_apart("Floral Midi Dress", "Floral Dress"));
        assert!(!guard.tells_apart("Floral MIDI Dress", "Floral dress, midi"));
    }
}
