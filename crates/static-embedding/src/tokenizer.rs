//! Texts into word pieces, as BERT does it: lower case, accents off, split at blanks and punctuation, then the longest pieces first.

use std::collections::HashMap;

use serde_json::Value;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::error::{ModelError, wrong};

const FILE: &str = "tokenizer.json";

/// A word of more letters is unknown, where the model does not say otherwise.
const MOST_LETTERS: usize = 100;

/// What is done to a text before it is split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Normal {
    cleans: bool,
    splits_chinese: bool,
    strips_accents: bool,
    lowers: bool,
}

/// A tokenizer of word pieces.
#[derive(Clone, Debug)]
pub(crate) struct Tokenizer {
    normal: Normal,
    pieces: HashMap<String, usize>,
    prefix: String,
    unknown: Option<usize>,
    most_letters: usize,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    pub fn read(file: &[u8]) -> Result<Self, ModelError> {
        let wrong = wrong(FILE);
        let json: Value = serde_json::from_slice(file).map_err(|error| wrong(format!("is no JSON: {error}")))?;
        let model = &json["model"];
        // Files of old do not name the model.
        let name = model["type"].as_str().unwrap_or("WordPiece");
        if name != "WordPiece" {
            return Err(wrong(format!("its pieces are of the kind '{name}'; models of WordPiece are read")));
        }
        let splitter = json["pre_tokenizer"]["type"].as_str().unwrap_or("none");
        if splitter != "BertPreTokenizer" {
            return Err(wrong(format!("it splits texts by '{splitter}'; BertPreTokenizer is read")));
        }
        let mut normal = Normal::default();
        normal.add(&json["normalizer"])?;
        let vocabulary = model["vocab"].as_object().ok_or_else(|| wrong("it has no vocabulary".to_owned()))?;
        let piece = |(text, id): (&String, &Value)| Some((text.clone(), usize::try_from(id.as_u64()?).ok()?));
        let pieces: Option<HashMap<String, usize>> = vocabulary.iter().map(piece).collect();
        let pieces = pieces.ok_or_else(|| wrong("an id of its vocabulary is no number".to_owned()))?;
        let unknown = model["unk_token"].as_str().and_then(|text| pieces.get(text)).copied();
        let most = model["max_input_chars_per_word"].as_u64().and_then(|most| usize::try_from(most).ok());
        Ok(Self {
            normal,
            prefix: model["continuing_subword_prefix"].as_str().unwrap_or("##").to_owned(),
            unknown,
            most_letters: most.unwrap_or(MOST_LETTERS),
            pieces,
        })
    }

    /// The greatest id.
    pub fn greatest(&self) -> usize {
        self.pieces.values().copied().max().unwrap_or_default()
    }

    /// The ids of a text's pieces; words that are none are left out.
    pub fn ids(&self, text: &str) -> Vec<usize> {
        let text = self.normal.of(text);
        let mut ids = Vec::new();
        for word in words(&text) {
            self.add_word(word, &mut ids);
        }
        ids.retain(|id| Some(*id) != self.unknown);
        ids
    }

    fn add_word(&self, word: &str, ids: &mut Vec<usize>) {
        if word.chars().count() > self.most_letters {
            return;
        }
        let (mut rest, begun) = (word, ids.len());
        while !rest.is_empty() {
            let prefix = if rest.len() == word.len() { "" } else { self.prefix.as_str() };
            let ends = rest.char_indices().map(|(at, letter)| at + letter.len_utf8()).rev();
            let longest = ends.into_iter().find_map(|end| {
                let (piece, left) = rest.split_at(end);
                Some((*self.pieces.get(&format!("{prefix}{piece}"))?, left))
            });
            let Some((id, left)) = longest else {
                // A word with a part that is no piece is unknown as a whole.
                ids.truncate(begun);
                return;
            };
            ids.push(id);
            rest = left;
        }
    }
}

impl Normal {
    fn add(&mut self, json: &Value) -> Result<(), ModelError> {
        match json["type"].as_str() {
            None if json.is_null() => {}
            Some("Lowercase") => self.lowers = true,
            Some("StripAccents") => self.strips_accents = true,
            Some("Sequence") => {
                json["normalizers"].as_array().into_iter().flatten().try_for_each(|json| self.add(json))?
            }
            Some("BertNormalizer") => {
                let is = |key: &str| json[key].as_bool();
                self.lowers |= is("lowercase").unwrap_or(true);
                self.cleans |= is("clean_text").unwrap_or(true);
                self.splits_chinese |= is("handle_chinese_chars").unwrap_or(true);
                // Where it does not say, accents go with capitals.
                self.strips_accents |= is("strip_accents").unwrap_or(self.lowers);
            }
            other => {
                let name = other.unwrap_or("none");
                return Err(wrong(FILE)(format!("it changes texts by '{name}'; BertNormalizer is read")));
            }
        }
        Ok(())
    }

    fn of(self, text: &str) -> String {
        let mut made = String::with_capacity(text.len());
        for letter in text.chars() {
            match letter {
                '\0' | '\u{fffd}' if self.cleans => {}
                '\t' | '\n' | '\r' => made.push(' '),
                letter if self.cleans && letter.is_control() => {}
                letter if self.splits_chinese && is_chinese(letter) => made.extend([' ', letter, ' ']),
                letter => made.push(letter),
            }
        }
        if self.strips_accents {
            made = made.nfd().filter(|letter| !is_combining_mark(*letter)).collect();
        }
        if self.lowers { made.to_lowercase() } else { made }
    }
}

/// Runs of letters, and each punctuation mark by itself.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().flat_map(|run| {
        let mut rest = run;
        std::iter::from_fn(move || {
            let first = rest.chars().next()?;
            let end =
                if is_punctuation(first) { first.len_utf8() } else { rest.find(is_punctuation).unwrap_or(rest.len()) };
            let (word, left) = rest.split_at(end);
            rest = left;
            Some(word)
        })
    })
}

/// Punctuation: all ASCII signs, and what stands between words elsewhere.
fn is_punctuation(letter: char) -> bool {
    letter.is_ascii_punctuation()
        || matches!(letter, '\u{a1}' | '\u{a7}' | '\u{ab}' | '\u{b6}' | '\u{b7}' | '\u{bb}' | '\u{bf}'
            | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}'
            | '\u{3014}'..='\u{301f}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}' | '\u{ff1b}' | '\u{ff1f}')
}

fn is_chinese(letter: char) -> bool {
    matches!(u32::from(letter), 0x4e00..=0x9fff | 0x3400..=0x4dbf | 0x2_0000..=0x2_ceaf | 0xf900..=0xfaff | 0x2_f800..=0x2_fa1f)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tokenizer() -> Tokenizer {
        let vocabulary = ["[UNK]", "un", "##aff", "##able", "cafe", "!", "中", "a", "##b"];
        let vocab: serde_json::Map<String, Value> =
            vocabulary.iter().enumerate().map(|(id, text)| ((*text).to_owned(), json!(id))).collect();
        let json = json!({
            "normalizer": { "type": "BertNormalizer", "clean_text": true, "lowercase": true },
            "pre_tokenizer": { "type": "BertPreTokenizer" },
            "model": { "type": "WordPiece", "unk_token": "[UNK]", "vocab": vocab },
        });
        Tokenizer::read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_longest_pieces_come_first_and_unknown_words_are_left_out() {
        let ids = |text| tokenizer().ids(text);
        assert_eq!(ids("Unaffable CAFÉ!!"), [1, 2, 3, 4, 5, 5]);
        assert_eq!(ids("unaffx a中ab\u{0}"), [7, 6, 7, 8]);
        assert_eq!(ids(" \t\n"), [] as [usize; 0]);
        assert_eq!(ids(&"a".repeat(101)), [] as [usize; 0]);
        assert_eq!(words("a-b…c").collect::<Vec<_>>(), ["a", "-", "b", "…", "c"]);
    }

    #[test]
    fn other_tokenizers_are_refused_by_name() {
        let read = |json: Value| Tokenizer::read(json.to_string().as_bytes()).unwrap_err().to_string();
        let bert = json!({ "type": "BertPreTokenizer" });
        let error = read(json!({ "model": { "type": "Unigram" } }));
        assert_eq!(error, "tokenizer.json: its pieces are of the kind 'Unigram'; models of WordPiece are read");
        assert!(
            read(json!({ "model": { "type": "WordPiece" }, "pre_tokenizer": { "type": "Metaspace" } }))
                .contains("Metaspace")
        );
        let other = json!({ "model": { "vocab": {} }, "pre_tokenizer": bert, "normalizer": { "type": "Precompiled" } });
        assert!(read(other).contains("Precompiled"));
        assert!(Tokenizer::read(b"{").is_err());
    }
}
