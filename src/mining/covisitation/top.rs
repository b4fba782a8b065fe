//! The k best of many, ties by item.

use std::cmp::Ordering;

/// An item with what it weighs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighed {
    /// By which the best are found; not NaN.
    pub weight: f64,
    /// The item.
    pub item: u32,
    /// In how many orders.
    pub together: u32,
}

impl Weighed {
    /// By falling weight, then by item.
    pub fn best_first(&self, other: &Self) -> Ordering {
        other.weight.total_cmp(&self.weight).then(self.item.cmp(&other.item))
    }
}

/// The best so far, unsorted, and up to as many again: those are thrown out together.
pub struct Top {
    most: usize,
    kept: Vec<Weighed>,
    /// One that is not among the best.
    floor: Option<Weighed>,
}

impl Top {
    /// Nothing yet, of at most `most`.
    pub fn new(most: usize) -> Self {
        Self { most, kept: Vec::with_capacity(most.min(4_096) * 2), floor: None }
    }

    /// The orders of the one that is not among the best: by raw weight, none with fewer is.
    #[inline]
    pub fn floor_together(&self) -> u32 {
        self.floor.map_or(0, |floor| floor.together)
    }

    /// Takes one if it is among the best.
    #[inline]
    pub fn push(&mut self, candidate: Weighed) {
        if let Some(floor) = &self.floor
            && (candidate.weight < floor.weight || candidate.best_first(floor).is_gt())
        {
            return;
        }
        self.kept.push(candidate);
        if self.kept.len() > self.most * 2 {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.kept.len() > self.most {
            let (_, floor, _) = self.kept.select_nth_unstable_by(self.most, Weighed::best_first);
            self.floor = Some(*floor);
            self.kept.truncate(self.most);
        }
    }

    /// The best, best first; the next search begins with nothing.
    pub fn take(&mut self) -> &[Weighed] {
        self.shrink();
        self.floor = None;
        self.kept.sort_unstable_by(Weighed::best_first);
        &self.kept
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.kept.clear();
        self.floor = None;
    }
}
