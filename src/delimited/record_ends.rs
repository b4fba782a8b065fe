//! Where records end: outside of quotes.

use memchr::{memchr, memrchr};

/// What ends the first record: `\r` if one comes before any `\n` and not just before it. `None` if more must be read to
/// tell.
pub fn find_terminator(bytes: &[u8], delimiter: u8, is_end: bool) -> Option<u8> {
    let first = |terminator| {
        let mut ends = RecordEnds::new(delimiter);
        ends.scan(bytes, terminator, is_end);
        ends.first
    };
    match (first(b'\r'), first(b'\n')) {
        (Some(end), _) if end == bytes.len() && !is_end => None,
        (Some(end), Some(other)) if other <= end + 1 => Some(b'\n'),
        (Some(_), _) => Some(b'\r'),
        (None, Some(_)) => Some(b'\n'),
        (None, None) => is_end.then_some(b'\n'),
    }
}

/// Looks for the ends of records outside of quotes; goes on where it stopped when more bytes have come.
pub struct RecordEnds {
    delimiter: u8,
    /// Where to go on.
    at: usize,
    inside: bool,
    /// Just after the first and the last terminator outside of quotes.
    first: Option<usize>,
    pub last: Option<usize>,
}

impl RecordEnds {
    /// Nothing was looked through yet.
    pub fn new(delimiter: u8) -> Self {
        Self { delimiter, at: 0, inside: false, first: None, last: None }
    }

    /// Looks through the bytes from where it stands.
    pub fn scan(&mut self, bytes: &[u8], terminator: u8, is_end: bool) {
        while let Some(found) = memchr(b'"', bytes.get(self.at..).unwrap_or_default()) {
            let quote = self.at + found;
            if self.inside {
                match bytes.get(quote + 1) {
                    Some(b'"') => self.at = quote + 2,
                    None if !is_end => {
                        self.at = quote;
                        return;
                    }
                    _ => {
                        self.inside = false;
                        self.at = quote + 1;
                    }
                }
                continue;
            }
            self.note(bytes, quote, terminator);
            self.inside = self.opens(bytes, quote, terminator);
            self.at = quote + 1;
        }
        if !self.inside {
            self.note(bytes, bytes.len(), terminator);
        }
        self.at = bytes.len();
    }

    /// Whether a quote opens a cell: it is the first of it, or stands behind an equals sign that is.
    fn opens(&self, bytes: &[u8], quote: usize, terminator: u8) -> bool {
        let begins = |place: usize| match place.checked_sub(1).and_then(|before| bytes.get(before)) {
            None => true,
            Some(before) => *before == self.delimiter || *before == terminator,
        };
        let equals = quote.checked_sub(1).filter(|before| bytes.get(*before) == Some(&b'='));
        begins(quote) || equals.is_some_and(begins)
    }

    /// Notes the terminators between where the scan stands and `until`, all of them outside of quotes.
    fn note(&mut self, bytes: &[u8], until: usize, terminator: u8) {
        let outside = bytes.get(self.at..until).unwrap_or_default();
        if let Some(found) = memrchr(terminator, outside) {
            self.last = Some(self.at + found + 1);
            if self.first.is_none() {
                self.first = memchr(terminator, outside).map(|found| self.at + found + 1);
            }
        }
    }
}
