//! Two texts side by side, with the words that differ marked.

use serde::Serialize;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// The text, spaces included.
    pub text: String,
    /// Whether the other text lacks it.
    pub differs: bool,
}

/// Words of longer texts are not compared: the table of common words grows with both.
const MOST_WORDS: usize = 60;

/// Both texts in pieces; what is not in the longest sequence of words that both have is marked. Letters are compared without
/// their case. Of texts of many words only the first are compared, and the rest is one piece.
pub fn differing(left: &str, right: &str) -> (Vec<Piece>, Vec<Piece>) {
    let (left, right) = (words(left), words(right));
    let same = common(&left, &right);
    let marked = |words: &[&str], places: &[usize]| -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for (place, word) in words.iter().enumerate() {
            let differs = !places.contains(&place);
            match pieces.last_mut().filter(|piece| piece.differs == differs) {
                Some(piece) => piece.text = format!("{} {word}", piece.text),
                None => pieces.push(Piece { text: (*word).to_owned(), differs }),
            }
        }
        pieces
    };
    let places = |side: fn(&(usize, usize)) -> usize| same.iter().map(side).collect::<Vec<_>>();
    (marked(&left, &places(|pair| pair.0)), marked(&right, &places(|pair| pair.1)))
}

fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if words.len() > MOST_WORDS {
        words.truncate(MOST_WORDS);
        let end = words.last().map_or(0, |word| word.as_ptr() as usize + word.len() - text.as_ptr() as usize);
        words.push(text.get(end..).unwrap_or("").trim());
    }
    words
}

/// The places, in both, of a longest common sequence of words.
fn common(left: &[&str], right: &[&str]) -> Vec<(usize, usize)> {
    let fold = |words: &[&str]| words.iter().map(|word| word.to_lowercase()).collect::<Vec<_>>();
    let (a, b) = (fold(left), fold(right));
    let width = b.len() + 1;
    let mut length = vec![0u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            length[i * width + j] = if a[i] == b[j] {
                length[(i + 1) * width + j + 1] + 1
            } else {
                length[(i + 1) * width + j].max(length[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if length[(i + 1) * width + j] >= length[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: &[Piece]) -> String {
        let shown = |piece: &Piece| if piece.differs { format!("[{}]", piece.text) } else { piece.text.clone() };
        pieces.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_words_that_the_other_lacks_are_marked() {
        let (left, right) = differing("Silk Midi Dress in Ivory", "silk Maxi dress Ivory");
        assert_eq!(shown(&left), "Silk [Midi] Dress [in] Ivory");
        assert_eq!(shown(&right), "silk [Maxi] dress Ivory");
    }

    #[test]
    fn equal_texts_have_no_mark_and_an_empty_one_marks_all() {
        assert_eq!(shown(&differing("a b", "A  b").0), "a b");
        assert_eq!(shown(&differing("a b", "").0), "[a b]");
        assert!(differing("", "").0.is_empty());
    }

    #[test]
    fn a_text_of_ten_thousand_words_keeps_its_end() {
        let long = "word ".repeat(10_000) + "é";
        let (left, _) = differing(&long, "word");
        assert!(left.iter().map(|piece| piece.text.len()).sum::<usize>() > 49_000);
        assert!(left.last().is_some_and(|piece| piece.text.ends_with('é')));
    }
}
