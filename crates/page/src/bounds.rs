//! How long a text may be, and what of it may be shown.

/// What a page shows at most; a page that is too large is made again with the next, smaller ones.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Rows of a table.
    pub rows: usize,
    /// Characters of a cell.
    pub cell: usize,
    /// Columns of a table.
    pub columns: usize,
    /// Cards of a block.
    pub cards: usize,
    /// Categories of a chart.
    pub bars: usize,
    /// Vertices of a graph, and spans of a timeline.
    pub vertices: usize,
    /// Sections, blocks of a section, figures, sentences and problems, each.
    pub parts: usize,
}

/// From generous to bare.
pub const STEPS: [Bounds; 5] = [
    Bounds { rows: 200, cell: 300, columns: 24, cards: 24, bars: 24, vertices: 200, parts: 80 },
    Bounds { rows: 60, cell: 200, columns: 20, cards: 12, bars: 20, vertices: 120, parts: 60 },
    Bounds { rows: 20, cell: 100, columns: 12, cards: 6, bars: 16, vertices: 60, parts: 40 },
    Bounds { rows: 8, cell: 60, columns: 10, cards: 4, bars: 10, vertices: 40, parts: 20 },
    Bounds { rows: 3, cell: 40, columns: 8, cards: 3, bars: 6, vertices: 24, parts: 8 },
];

/// The longest name of a category, a step or a heading inside a picture, in characters.
pub const LABEL: usize = 26;

/// The first `limit` characters of a text, with how many were cut. Characters that steer a terminal or turn the direction of
/// what comes after them become `�`.
pub fn text(text: &str, limit: usize) -> String {
    let more = text.chars().skip(limit).count();
    let mut kept: String = text.chars().take(limit).map(harmless).collect();
    if more > 0 {
        kept.push_str(&format!("… ({} characters more)", crate::number::count(more as u64)));
    }
    kept
}

/// A text as a label in a picture: one line, cut with an ellipsis.
pub fn label(text: &str, limit: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut kept: String = line.chars().take(limit).map(harmless).collect();
    if line.chars().nth(limit).is_some() {
        kept.pop();
        kept.push('…');
    }
    kept
}

fn harmless(letter: char) -> char {
    let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}');
    let is_fine = matches!(letter, '\n' | '\t') || !letter.is_control();
    if is_fine && !turns { letter } else { '\u{fffd}' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_with_its_number() {
        assert_eq!(text(&"é".repeat(10_000), 3), "ééé… (9,997 characters more)");
        assert_eq!(text("short", 5), "short");
    }

    #[test]
    fn what_steers_terminals_or_turns_the_line_is_not_kept() {
        assert_eq!(text("a\u{0}b\u{1b}[1m\u{202e}c\nd", 99), "a�b�[1m�c\nd");
        assert_eq!(label("a\n\tb   c", 9), "a b c");
        assert_eq!(label("abcdefgh", 4), "abc…");
    }
}
