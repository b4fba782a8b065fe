//! The distinct folded titles of a run, kept as code points in two arenas.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::linking::similarity::{Points, fold_title_into};

/// Names a folded title in a [`TitleTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TitleId(u32);

#[derive(Clone, Copy)]
struct Span {
    from: usize,
    length: u32,
    wide: bool,
}

/// Every distinct folded title once: one byte a code point where all are below 256, four where not.
#[derive(Default)]
pub struct TitleTable {
    latin: Vec<u8>,
    wide: Vec<u32>,
    spans: Vec<Span>,
    /// The latest title with a hash.
    latest: HashMap<u64, TitleId>,
    /// The title before it with the same hash.
    earlier: HashMap<TitleId, TitleId>,
    folded: String,
}

impl TitleTable {
    /// No titles.
    pub fn new() -> Self {
        Self::default()
    }

    /// Folds a raw title and gives the id of the result: the same id for all titles that fold to the same text.
    pub fn intern(&mut self, raw: &str) -> TitleId {
        let mut folded = std::mem::take(&mut self.folded);
        fold_title_into(raw, &mut folded);
        let id = self.intern_folded(&folded);
        self.folded = folded;
        id
    }

    /// The folded title as code points.
    pub fn points(&self, id: TitleId) -> Points<'_> {
        let Span { from, length, wide } = self.spans[id.0 as usize];
        let range = from..from + length as usize;
        if wide { Points::Wide(&self.wide[range]) } else { Points::Latin(&self.latin[range]) }
    }

    /// The folded title as text, into a buffer that is reused.
    pub(super) fn write_text(&self, id: TitleId, text: &mut String) {
        text.clear();
        match self.points(id) {
            Points::Latin(points) => text.extend(points.iter().map(|&p| char::from(p))),
            Points::Wide(points) => text.extend(points.iter().filter_map(|&p| char::from_u32(p))),
        }
    }

    fn intern_folded(&mut self, folded: &str) -> TitleId {
        let mut hasher = DefaultHasher::new();
        folded.hash(&mut hasher);
        let id = TitleId(self.spans.len() as u32);
        let previous = self.latest.get(&hasher.finish()).copied();
        let mut seen = previous;
        while let Some(other) = seen {
            if self.is(other, folded) {
                return other;
            }
            seen = self.earlier.get(&other).copied();
        }
        if let Some(previous) = previous {
            self.earlier.insert(id, previous);
        }
        self.latest.insert(hasher.finish(), id);
        self.push(folded);
        id
    }

    fn is(&self, id: TitleId, folded: &str) -> bool {
        match self.points(id) {
            Points::Latin(points) => folded.chars().map(u32::from).eq(points.iter().map(|&p| u32::from(p))),
            Points::Wide(points) => folded.chars().map(u32::from).eq(points.iter().copied()),
        }
    }

    fn push(&mut self, folded: &str) {
        let wide = folded.chars().any(|c| u32::from(c) > 255);
        let (from, to) = if wide {
            let from = self.wide.len();
            self.wide.extend(folded.chars().map(u32::from));
            (from, self.wide.len())
        } else {
            let from = self.latin.len();
            self.latin.extend(folded.chars().map(|c| u32::from(c) as u8));
            (from, self.latin.len())
        };
        self.spans.push(Span { from, length: (to - from) as u32, wide });
    }
}
