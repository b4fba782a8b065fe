//! Branches that leave out what earlier ones found, many at a time: what they could not know of each other is left out
//! afterwards.

use std::ops::Range;

use rayon::prelude::*;

use super::{found::Found, limits::Stopped};

/// Parts of a wave for each thread: a thread that is done early takes another.
const PARTS_A_THREAD: usize = 8;

/// Waves of a search: what one finds spares the next ones work.
const WAVES: usize = 8;

/// A search whose branches depend on each other only by what earlier ones found: the last position's is the first.
pub trait Branches: Sync {
    /// Tells a found set from others.
    type Mark: Send;

    /// Searches the branches of some positions, the last first, leaving out what is known and what it finds itself.
    ///
    /// # Errors
    /// [`Stopped`].
    fn search<F: Found>(&self, positions: Range<usize>, part: &mut Part<F, Self::Mark>) -> Result<(), Stopped>;

    /// Learns of a set. Returns whether it is to be kept: of what is known, only what is numbered `unknown` was not known
    /// to its part of the search and may leave it out.
    fn learn(&mut self, mark: Self::Mark, unknown: Range<usize>) -> bool;

    /// How much is known.
    fn known(&self) -> usize;
}

/// What a part of a search found.
pub struct Part<F, M> {
    /// The sets.
    pub found: F,
    /// By set, its mark, and whether it was taken: those that are too large are not. Nothing if no marks are asked for.
    marks: Option<Vec<(M, bool)>>,
}

impl<F: Found, M> Part<F, M> {
    /// Nothing found yet; sets are not marked.
    pub fn unmarked(found: F) -> Self {
        Self { found, marks: None }
    }

    /// Takes a set.
    pub fn whole(&mut self, items: &[u32], count: u32, mark: impl FnOnce() -> M) -> Result<(), Stopped> {
        let taken = self.found.whole(items, count)?;
        if let Some(marks) = &mut self.marks {
            marks.push((mark(), taken));
        }
        Ok(())
    }
}

/// Searches the branches of `positions` positions with all threads. What is found, and its order, is what one thread
/// would find. Returns how many positions are left: a limit was passed, maybe by sets that are to be left out.
///
/// # Errors
/// [`Stopped::Cancelled`].
pub fn search<B: Branches, F: Found>(branches: &mut B, positions: usize, found: &mut F) -> Result<usize, Stopped> {
    let parts = rayon::current_num_threads() * PARTS_A_THREAD;
    let step = (positions / (parts * WAVES)).max(1);
    let mut left = positions;
    while left > 0 {
        let ends = (0..parts).map(|part| left.saturating_sub(part * step)).take_while(|end| *end > 0);
        let ranges: Vec<Range<usize>> = ends.map(|end| end.saturating_sub(step)..end).collect();
        let next = ranges.last().map_or(0, |range| range.start);
        let empty = found.part();
        let done: Vec<_> = ranges
            .into_par_iter()
            .with_max_len(1)
            .map(|range| {
                let mut part = Part { found: empty.part(), marks: Some(Vec::new()) };
                let outcome = branches.search(range, &mut part).and_then(|()| part.found.end());
                (part, outcome)
            })
            .collect();
        if let Some(stopped) = done.iter().find_map(|(_, outcome)| outcome.err()) {
            done.into_iter().for_each(|(part, _)| part.found.forget());
            return if stopped == Stopped::Cancelled { Err(stopped) } else { Ok(left) };
        }
        let wave = branches.known();
        for (part, _) in done {
            let unknown = wave..branches.known();
            let new = |(mark, taken): (B::Mark, bool)| {
                let new = branches.learn(mark, unknown.clone());
                taken.then_some(new)
            };
            let keep: Vec<bool> = part.marks.into_iter().flatten().filter_map(new).collect();
            found.append_kept(part.found, &keep);
        }
        left = next;
    }
    Ok(0)
}
