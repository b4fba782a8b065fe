//! What parts cells and records, and why a record is broken.

/// What parts cells and records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Between cells.
    pub delimiter: u8,
    /// What ends a record.
    pub terminator: u8,
    /// The cells of the header; 0 where it is not known.
    pub width: usize,
}

/// Why a record is broken: what is taken for its cells may not be what was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Text follows the closing quote of a cell.
    TextAfterQuote,
    /// More cells than the header has, and not all of the others are empty.
    TooManyCells(usize),
    /// A cell begins with a quote that is not closed in its line, and what follows are records.
    StrayQuote,
    /// A quoted cell is not closed until the end.
    Unclosed,
}

impl Fault {
    /// In words, to follow the line.
    pub fn words(self, width: usize) -> String {
        match self {
            Self::TextAfterQuote => "text follows a closing quote".to_owned(),
            Self::TooManyCells(cells) => format!("{cells} cells where the header has {width}"),
            Self::StrayQuote => "a quote that opens a cell is not closed in its line".to_owned(),
            Self::Unclosed => "a quoted cell is never closed".to_owned(),
        }
    }
}
