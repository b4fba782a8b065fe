//! Titles as they are compared: lower case, stripped of surrounding whitespace, as code points.

/// Whether Python's `str.strip` removes this character.
fn is_stripped(c: char) -> bool {
    matches!(
        c,
        '\u{9}'..='\u{d}'
            | '\u{1c}'..='\u{20}'
            | '\u{85}'
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
    )
}

/// A title in lower case (full Unicode mapping) without the whitespace around it,
/// as Python's `title.lower().strip()` gives it. (Python 3.11 leaves the 55 capitals as they are
/// that came into Unicode after version 14.)
pub fn fold_title(title: &str) -> String {
    let mut folded = String::new();
    fold_title_into(title, &mut folded);
    folded
}

/// As [`fold_title`], into a buffer that is reused.
pub fn fold_title_into(title: &str, folded: &mut String) {
    folded.clear();
    if title.is_ascii() {
        folded.push_str(title.trim_matches(is_stripped));
        folded.make_ascii_lowercase();
    } else {
        // The lower case of a capital sigma depends on its neighbours, so nothing is stripped before.
        folded.push_str(title.to_lowercase().trim_matches(is_stripped));
    }
}

/// A code point in one of the two widths that titles are kept in.
pub trait Symbol: Copy {
    /// The code point.
    fn point(self) -> u32;
}

impl Symbol for u8 {
    fn point(self) -> u32 {
        u32::from(self)
    }
}

impl Symbol for u32 {
    fn point(self) -> u32 {
        self
    }
}

/// A text as code points.
#[derive(Clone, Copy, Debug)]
pub enum Points<'a> {
    /// All code points are below 256: one byte each.
    Latin(&'a [u8]),
    /// Any code points.
    Wide(&'a [u32]),
}

impl Points<'_> {
    /// The number of code points.
    pub fn len(self) -> usize {
        match self {
            Self::Latin(points) => points.len(),
            Self::Wide(points) => points.len(),
        }
    }
}
