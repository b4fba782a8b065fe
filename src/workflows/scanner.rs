//! Finds which of many terms occur in a text, in one pass over it.

use std::collections::BTreeMap;

use aho_corasick::{
    Anchored, BuildError,
    automaton::{Automaton, StateID},
    dfa::DFA,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a term is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// Between word boundaries, in any of its forms.
    #[default]
    Word,
    /// Anywhere, also inside a word; forms do not count. What the original does.
    Substring,
}

/// A term by its place in a [`Terms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermId(u32);

/// A text to look for, and which term it stands for; `bounded` ones count only between word boundaries.
#[derive(Default)]
struct Surface {
    terms: Vec<(TermId, bool)>,
}

/// Terms on their way into a [`Scanner`].
#[derive(Default)]
pub struct Terms {
    ids: BTreeMap<(String, bool), TermId>,
}

impl Terms {
    /// The id of a term.
    pub fn add(&mut self, term: &str) -> TermId {
        self.id(term, false)
    }

    /// The id of a term that is a word of its own however terms are matched, and has no other forms.
    pub fn add_word(&mut self, term: &str) -> TermId {
        self.id(term, true)
    }

    /// The ids of terms.
    pub fn add_all(&mut self, terms: &[String]) -> Vec<TermId> {
        terms.iter().map(|term| self.add(term)).collect()
    }

    fn id(&mut self, term: &str, word: bool) -> TermId {
        let next = TermId(u32::try_from(self.ids.len()).unwrap_or(u32::MAX));
        *self.ids.entry((term.to_owned(), word)).or_insert(next)
    }

    /// The scanner for all terms added.
    ///
    /// # Errors
    /// When there are too many terms for an automaton.
    pub fn scanner(self, matching: Matching, forms: &BTreeMap<String, Vec<String>>) -> Result<Scanner, BuildError> {
        let mut surfaces: BTreeMap<&str, Surface> = BTreeMap::new();
        for ((term, word), id) in &self.ids {
            let bounded = *word || matching == Matching::Word;
            surfaces.entry(term).or_default().terms.push((*id, bounded));
            if matching == Matching::Word && !word {
                for form in forms.get(term).into_iter().flatten() {
                    surfaces.entry(form).or_default().terms.push((*id, true));
                }
            }
        }
        // A prefilter looks for rare bytes between matches; here matches are everywhere.
        let automaton = DFA::builder().ascii_case_insensitive(true).prefilter(false).build(surfaces.keys())?;
        let ascii = surfaces.keys().all(|surface| surface.is_ascii());
        Ok(Scanner {
            start: automaton.start_state(Anchored::No).unwrap_or_default(),
            automaton,
            surfaces: surfaces.into_values().collect(),
            words: self.ids.len().div_ceil(64),
            ascii,
        })
    }
}

/// Finds terms.
pub struct Scanner {
    automaton: DFA,
    /// The automaton's state before any text.
    start: StateID,
    surfaces: Vec<Surface>,
    words: usize,
    /// Whether all surfaces are ASCII.
    ascii: bool,
}

/// Which terms were found in a text; used again for the next.
#[derive(Default)]
pub struct Found {
    bits: Vec<u64>,
}

impl Found {
    /// Whether the term was found.
    pub fn has(&self, term: TermId) -> bool {
        self.bits.get(term.0 as usize / 64).is_some_and(|word| word >> (term.0 % 64) & 1 == 1)
    }

    /// Whether any of the terms was found.
    pub fn has_any(&self, terms: &[TermId]) -> bool {
        terms.iter().any(|term| self.has(*term))
    }

    fn set(&mut self, term: TermId) {
        if let Some(word) = self.bits.get_mut(term.0 as usize / 64) {
            *word |= 1 << (term.0 % 64);
        }
    }
}

impl Scanner {
    /// Looks for all terms in `text`, in lower case.
    pub fn scan(&self, text: &str, found: &mut Found) {
        found.bits.clear();
        found.bits.resize(self.words, 0);
        if text.is_ascii() || !self.changes(text) {
            self.scan_lower(text, found);
            return;
        }
        // The automaton ignores the case of ASCII letters; other letters are lowered before.
        self.scan_lower(&text.to_lowercase(), found);
    }

    /// Whether lowering letters that are not ASCII could make a difference. Few do: in most texts they are small already.
    fn changes(&self, text: &str) -> bool {
        if self.ascii {
            // Of these only the signs of Kelvin and the dotted capital I become letters of ASCII.
            return text.contains(['\u{212a}', '\u{130}']);
        }
        text.chars().any(|letter| !letter.is_ascii() && !letter.to_lowercase().eq([letter]))
    }

    /// A step of the automaton waits for the one before: parts of a longer text are looked through side by side. They
    /// overlap, so that each term lies in one of them as a whole.
    fn scan_lower(&self, text: &str, found: &mut Found) {
        let bytes = text.as_bytes();
        let overlap = self.automaton.max_pattern_len().saturating_sub(1);
        if bytes.len() < LONG_TERMS * (overlap + 1) {
            return self.scan_part(text, found);
        }
        let length = (bytes.len() + 3 * overlap).div_ceil(4);
        let starts = [0, length - overlap, 2 * (length - overlap), bytes.len() - length];
        let [a, b, c, d] = starts.map(|start| bytes.get(start..start + length).unwrap_or_default().iter());
        let mut states = [self.start; 4];
        for (place, (((a, b), c), d)) in a.zip(b).zip(c).zip(d).enumerate() {
            for (state, byte) in states.iter_mut().zip([a, b, c, d]) {
                *state = self.automaton.next_state(Anchored::No, *state, *byte);
            }
            if states.iter().any(|state| self.automaton.is_special(*state)) {
                for (state, start) in states.iter().zip(starts) {
                    self.take(text, *state, start + place + 1, found);
                }
            }
        }
    }

    fn scan_part(&self, text: &str, found: &mut Found) {
        let mut state = self.start;
        for (place, byte) in text.bytes().enumerate() {
            state = self.automaton.next_state(Anchored::No, state, byte);
            if self.automaton.is_special(state) {
                self.take(text, state, place + 1, found);
            }
        }
    }

    /// Takes the terms that end where the automaton is in this state.
    fn take(&self, text: &str, state: StateID, end: usize, found: &mut Found) {
        if !self.automaton.is_match(state) {
            return;
        }
        for index in 0..self.automaton.match_len(state) {
            let pattern = self.automaton.match_pattern(state, index);
            let start = end - self.automaton.pattern_len(pattern);
            let Some(surface) = self.surfaces.get(pattern.as_usize()) else { continue };
            for (term, bounded) in &surface.terms {
                if !found.has(*term) && (!bounded || is_bounded(text, start, end)) {
                    found.set(*term);
                }
            }
        }
    }
}

/// A text of so many times the longest term is worth being parted.
const LONG_TERMS: usize = 6;

/// Whether neither neighbour of a part of a text is a letter or digit.
fn is_bounded(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).and_then(|place| bytes.get(place)).copied().unwrap_or(b' ');
    let after = bytes.get(end).copied().unwrap_or(b' ');
    if before.is_ascii() && after.is_ascii() {
        return !before.is_ascii_alphanumeric() && !after.is_ascii_alphanumeric();
    }
    let before = text.get(..start).and_then(|text| text.chars().next_back());
    let after = text.get(end..).and_then(|text| text.chars().next());
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slow(text: &str, term: &str, matching: Matching) -> bool {
        let text = text.to_lowercase();
        text.match_indices(|_: char| true).map(|(at, _)| at).any(|at| {
            let Some(rest) = text.get(at..) else { return false };
            rest.starts_with(term) && (matching == Matching::Substring || is_bounded(&text, at, at + term.len()))
        })
    }

    #[test]
    fn a_word_is_found_in_its_forms_and_not_inside_another_word() {
        let forms = BTreeMap::from([("test".to_owned(), vec!["tests".to_owned()])]);
        let found = |text: &str, matching| {
            let mut terms = Terms::default();
            let id = terms.add("test");
            let mut found = Found::default();
            terms.scanner(matching, &forms).unwrap().scan(text, &mut found);
            found.has(id)
        };
        assert!(found("Run TESTS.", Matching::Word) && found("adw_test_iso", Matching::Word));
        assert!(!found("the latest", Matching::Word) && found("the latest", Matching::Substring));
        assert!(!found("étest", Matching::Word) && found("«test»", Matching::Word));
    }

    proptest! {
        #[test]
        fn exactly_the_terms_that_a_search_one_by_one_finds_are_found(
            text in "[aAbBkK éÉİ\u{212a}Σ_.-]{0,120}",
            terms in prop::collection::vec("[abki]{1,3}|a b", 1..6),
            letter in prop::option::of(Just("é".to_owned())),
            word in any::<bool>(),
        ) {
            let matching = if word { Matching::Word } else { Matching::Substring };
            let mut builder = Terms::default();
            let terms: Vec<String> = terms.into_iter().chain(letter).collect();
            let ids = builder.add_all(&terms);
            let mut found = Found::default();
            builder.scanner(matching, &BTreeMap::new()).unwrap().scan(&text, &mut found);
            for (term, id) in terms.iter().zip(ids) {
                prop_assert_eq!(found.has(id), slow(&text, term, matching), "{} in {}", term, text);
            }
        }
    }
}
