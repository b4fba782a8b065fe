//! Ratcliff/Obershelp matching blocks for texts of any length, with or without difflib's "autojunk" heuristic.

use super::title::Symbol;

/// From this length on the second text's frequent code points may be left out of the search for blocks ("autojunk").
pub(super) const AUTOJUNK_LENGTH: usize = 200;

/// What becomes of the frequent code points of a second text of [`AUTOJUNK_LENGTH`] or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequent {
    /// They count as others do.
    Kept,
    /// They start no block; blocks can only be extended over them.
    Dropped,
}

/// A part of both texts in which blocks are still to be found.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub a_from: usize,
    pub a_to: usize,
    pub b_from: usize,
    pub b_to: usize,
}

impl Window {
    /// Pushes what is left of a block and right of it, where both texts have something.
    pub fn push_rest(self, a: usize, b: usize, length: usize, windows: &mut Vec<Self>) {
        if self.a_from < a && self.b_from < b {
            windows.push(Self { a_to: a, b_to: b, ..self });
        }
        if a + length < self.a_to && b + length < self.b_to {
            windows.push(Self { a_from: a + length, b_from: b + length, ..self });
        }
    }
}

/// Buffers that are kept from one comparison to the next.
#[derive(Default)]
pub struct Scratch {
    pub(super) windows: Vec<Window>,
    /// Positions of the second text by code point, then position; without popular code points.
    places: Vec<(u32, u32)>,
    /// For each position of the first text, the range of `places` with its code point.
    ranges: Vec<(u32, u32)>,
    /// For each position of the second text, the step that last set its run, and the run.
    runs: Vec<(u64, u32)>,
}

/// The total length of the matching blocks of Python's `difflib.SequenceMatcher(None, a, b)`, with `autojunk` where frequent
/// code points are dropped.
pub(super) fn matching_blocks_of_any_length<S: Symbol>(
    a: &[u32],
    b: &[S],
    frequent: Frequent,
    scratch: &mut Scratch,
) -> usize {
    index(a, b, frequent, scratch);
    let Scratch { windows, places, ranges, runs } = scratch;
    let mut search = Search { a, b, places, ranges, runs, step: 1 };
    let mut total = 0;
    windows.clear();
    windows.push(Window { a_from: 0, a_to: a.len(), b_from: 0, b_to: b.len() });
    while let Some(window) = windows.pop() {
        let (from_a, from_b, length) = search.longest_block(window);
        if length > 0 {
            total += length;
            window.push_rest(from_a, from_b, length, windows);
        }
    }
    total
}

fn index<S: Symbol>(a: &[u32], b: &[S], frequent: Frequent, scratch: &mut Scratch) {
    let Scratch { places, ranges, runs, .. } = scratch;
    places.clear();
    places.extend(b.iter().zip(0u32..).map(|(symbol, at)| (symbol.point(), at)));
    places.sort_unstable();
    let drops = frequent == Frequent::Dropped && b.len() >= AUTOJUNK_LENGTH;
    let allowed = if drops { b.len() / 100 + 1 } else { usize::MAX };
    ranges.clear();
    ranges.extend(a.iter().map(|&point| {
        let from = places.partition_point(|&(p, _)| p < point);
        let count = places[from..].partition_point(|&(p, _)| p == point);
        // A popular code point has no places; blocks can only be extended over it.
        let count = if count > allowed { 0 } else { count };
        (from as u32, (from + count) as u32)
    }));
    runs.clear();
    runs.resize(b.len() + 1, (0, 0));
}

struct Search<'a, S> {
    a: &'a [u32],
    b: &'a [S],
    places: &'a [(u32, u32)],
    ranges: &'a [(u32, u32)],
    runs: &'a mut [(u64, u32)],
    step: u64,
}

impl<S: Symbol> Search<'_, S> {
    /// difflib's `find_longest_match`: start in `a`, start in `b`, length.
    fn longest_block(&mut self, window: Window) -> (usize, usize, usize) {
        let (mut a_end, mut b_end, mut longest) = (window.a_from, window.b_from, 0);
        // A gap between windows, so that no run continues from the previous one.
        self.step += 2;
        for i in window.a_from..window.a_to {
            self.step += 1;
            let (from, to) = self.ranges[i];
            let here = &self.places[from as usize..to as usize];
            let low = here.partition_point(|&(_, j)| (j as usize) < window.b_from);
            let high = here.partition_point(|&(_, j)| (j as usize) < window.b_to);
            // Downwards, so that the run of the position before still belongs to the previous step.
            for &(_, j) in here[low..high].iter().rev() {
                let j = j as usize;
                let (step, run) = self.runs[j];
                let run = if step + 1 == self.step { run + 1 } else { 1 };
                self.runs[j + 1] = (self.step, run);
                if run > longest || (run == longest && a_end == i + 1) {
                    (a_end, b_end, longest) = (i + 1, j + 1, run);
                }
            }
        }
        let length = longest as usize;
        self.extend(window, a_end - length, b_end - length, length)
    }

    fn extend(&self, window: Window, mut a: usize, mut b: usize, mut length: usize) -> (usize, usize, usize) {
        let equal = |i: usize, j: usize| self.a[i] == self.b[j].point();
        while a > window.a_from && b > window.b_from && equal(a - 1, b - 1) {
            (a, b, length) = (a - 1, b - 1, length + 1);
        }
        while a + length < window.a_to && b + length < window.b_to && equal(a + length, b + length) {
            length += 1;
        }
        (a, b, length)
    }
}
