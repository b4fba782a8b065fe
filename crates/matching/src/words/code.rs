//! Codes in a text: what could be a model number or an article number.

/// Letters and digits that a code has.
pub const CODE_LENGTH: std::ops::RangeInclusive<usize> = 4..=24;

/// Chunks of one text that are looked at.
const MOST_CHUNKS: usize = 64;

/// A code as it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A chunk of the text, or a part of one between `/`, `,`, `+` and `|`.
    Chunk,
    /// Two or three neighbouring chunks, written as one.
    Joined,
}

fn is_code(text: &str) -> bool {
    CODE_LENGTH.contains(&text.len()) && text.bytes().any(|b| b.is_ascii_digit())
}

fn bare(chunk: &str, out: &mut String) {
    out.clear();
    out.extend(chunk.chars().filter(|c| c.is_alphanumeric()));
}

/// Hands each code of a folded text to `each`.
pub fn codes(folded: &str, mut each: impl FnMut(&str, Found)) {
    let mut one = String::new();
    let mut chunks: Vec<String> = Vec::new();
    for chunk in folded.split_whitespace() {
        let separators = ['/', ',', '+', '|'];
        if chunk.contains(separators) {
            for part in chunk.split(separators) {
                bare(part, &mut one);
                if is_code(&one) {
                    each(&one, Found::Chunk);
                }
            }
        }
        bare(chunk, &mut one);
        if is_code(&one) {
            each(&one, Found::Chunk);
        }
        if !one.is_empty() && chunks.len() < MOST_CHUNKS {
            chunks.push(one.clone());
        }
    }
    for length in 2..=3 {
        for window in chunks.windows(length) {
            if window.iter().map(String::len).sum::<usize>() <= *CODE_LENGTH.end() {
                let joined = window.concat();
                if is_code(&joined) {
                    each(&joined, Found::Joined);
                }
            }
        }
    }
}

/// Whether a code is likely to name one article: letters and digits that are no quantity, or five digits and more.
pub fn is_strong(code: &str) -> bool {
    use super::token::{Kind, kind};
    match kind(code) {
        Kind::Number => code.len() >= 5,
        Kind::Mixed => code.bytes().any(|b| b.is_ascii_alphabetic()) || code.len() >= 5,
        Kind::Quantity | Kind::Word => false,
    }
}

/// Whether two codes differ by no more than a quarter of the shorter one's length, or begin alike for three quarters of it.
pub fn near(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let shorter = a.len().min(b.len());
    let begin = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    if shorter >= 5 && begin * 4 >= shorter * 3 {
        return true;
    }
    let most = shorter / 4;
    a.len().abs_diff(b.len()) <= most && within(a, b, most)
}

/// Whether the Levenshtein distance of two short texts is at most `most`.
pub fn within(a: &[u8], b: &[u8], most: usize) -> bool {
    if a.len().abs_diff(b.len()) > most {
        return false;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
        if row.iter().all(|distance| *distance > most) {
            return false;
        }
    }
    row[b.len()] <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, which: Found) -> Vec<String> {
        let mut out = Vec::new();
        codes(text, |code, how| {
            if how == which {
                out.push(code.to_owned());
            }
        });
        out
    }

    #[test]
    fn chunks_parts_and_joins_are_found() {
        assert_eq!(
            found("sony vct-r640 tripod (mdr-ex32lp/blk)", Found::Chunk),
            ["vctr640", "mdrex32lp", "mdrex32lpblk"]
        );
        assert_eq!(found("sony kdl 40v3000", Found::Joined), ["kdl40v3000", "sonykdl40v3000"]);
    }

    #[test]
    fn near_codes_differ_by_a_quarter_or_begin_alike() {
        assert!(near("wtw6700twh", "wtw6700tw"));
        assert!(near("vctr640", "vctr641"));
        assert!(!near("vctr640", "dscw80"));
        assert!(!near("ab12", "ab34"));
    }

    #[test]
    fn distances_are_bounded() {
        assert!(within(b"kitten", b"sitting", 3));
        assert!(!within(b"kitten", b"sitting", 2));
        assert!(within(b"", b"", 0));
    }
}
