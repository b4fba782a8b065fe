//! A title prepared once and compared with many: bit-parallel longest common subsequence and matching blocks.

use super::{
    ratcliff::{AUTOJUNK_LENGTH, Frequent, Scratch, Window, matching_blocks_of_any_length},
    title::{Points, Symbol},
};

/// One bit for each position of the prepared text.
trait Word: Copy + PartialEq {
    const ZERO: Self;
    const ONES: Self;
    fn load(rows: &[u64], row: usize) -> Self;
    fn and(self, other: Self) -> Self;
    /// A step of the recurrence in Hyyrö, "Bit-parallel LCS-length computation revisited", 2004.
    fn advance(self, matches: Self) -> Self;
    fn zeros(self) -> u32;
    fn range(from: usize, to: usize) -> Self;
    fn has(self, bit: usize) -> bool;
    fn take_highest(&mut self) -> usize;
}

macro_rules! word {
    ($type:ty, $load:expr) => {
        impl Word for $type {
            const ZERO: Self = 0;
            const ONES: Self = Self::MAX;
            fn load(rows: &[u64], row: usize) -> Self {
                ($load)(rows, row)
            }
            fn and(self, other: Self) -> Self {
                self & other
            }
            fn advance(self, matches: Self) -> Self {
                let hit = self & matches;
                self.wrapping_add(hit) | (self & !hit)
            }
            fn zeros(self) -> u32 {
                self.count_zeros()
            }
            fn range(from: usize, to: usize) -> Self {
                if from >= to { 0 } else { (Self::MAX >> (Self::BITS as usize - (to - from))) << from }
            }
            fn has(self, bit: usize) -> bool {
                (self >> bit) & 1 == 1
            }
            fn take_highest(&mut self) -> usize {
                let bit = (Self::BITS - 1 - self.leading_zeros()) as usize;
                *self ^= 1 << bit;
                bit
            }
        }
    };
}
word!(u64, |rows: &[u64], row: usize| rows[row]);
word!(u128, |rows: &[u64], row: usize| u128::from(rows[2 * row]) | u128::from(rows[2 * row + 1]) << 64);

/// The first of two texts, prepared: for each of its code points, the positions where it stands, as bits.
///
/// The buffers are kept from one text to the next.
pub struct Pattern {
    points: Vec<u32>,
    /// 64-bit words in a row.
    words: usize,
    /// Row numbers of the code points below 256; row 0 has no bit set.
    latin: [u32; 256],
    /// Row numbers of the others, sorted by code point.
    wide: Vec<(u32, u32)>,
    rows: Vec<u64>,
    /// Words of the recurrence for texts over 128.
    state: Vec<u64>,
}

impl Default for Pattern {
    fn default() -> Self {
        Self { points: Vec::new(), words: 1, latin: [0; 256], wide: Vec::new(), rows: vec![0], state: Vec::new() }
    }
}

impl Pattern {
    /// Makes `text` the first text of the comparisons that follow.
    pub fn prepare(&mut self, text: Points<'_>) {
        self.points.clear();
        match text {
            Points::Latin(points) => self.points.extend(points.iter().map(|p| p.point())),
            Points::Wide(points) => self.points.extend_from_slice(points),
        }
        self.words = self.points.len().div_ceil(64).max(1);
        self.latin.fill(0);
        self.wide.clear();
        self.wide.extend(self.points.iter().filter(|&&p| p > 255).map(|&p| (p, 0)));
        self.wide.sort_unstable();
        self.wide.dedup();
        self.rows.clear();
        self.rows.resize(self.words, 0);
        for at in 0..self.points.len() {
            let row = self.row_or_new(self.points[at]);
            self.rows[row * self.words + at / 64] |= 1 << (at % 64);
        }
    }

    /// The length of the longest common subsequence with `other`: never less than [`Self::matching_blocks`].
    pub fn longest_common_subsequence(&mut self, other: Points<'_>) -> usize {
        match other {
            Points::Latin(points) => self.subsequence(points),
            Points::Wide(points) => self.subsequence(points),
        }
    }

    /// The total length of the matching blocks of Python's `difflib.SequenceMatcher(None, prepared, other)`, with `autojunk`
    /// where frequent code points are dropped.
    pub fn matching_blocks(&self, other: Points<'_>, frequent: Frequent, scratch: &mut Scratch) -> usize {
        match other {
            Points::Latin(points) => self.blocks(points, frequent, scratch),
            Points::Wide(points) => self.blocks(points, frequent, scratch),
        }
    }

    fn row_or_new(&mut self, point: u32) -> usize {
        let next = (self.rows.len() / self.words) as u32;
        let slot = match u8::try_from(point) {
            Ok(small) => &mut self.latin[usize::from(small)],
            Err(_) => match self.wide.binary_search_by_key(&point, |&(p, _)| p) {
                Ok(at) => &mut self.wide[at].1,
                Err(_) => return 0,
            },
        };
        if *slot == 0 {
            *slot = next;
            self.rows.resize(self.rows.len() + self.words, 0);
        }
        *slot as usize
    }

    fn row(&self, point: u32) -> usize {
        match u8::try_from(point) {
            Ok(small) => self.latin[usize::from(small)] as usize,
            Err(_) => match self.wide.binary_search_by_key(&point, |&(p, _)| p) {
                Ok(at) => self.wide[at].1 as usize,
                Err(_) => 0,
            },
        }
    }

    fn subsequence<S: Symbol>(&mut self, other: &[S]) -> usize {
        match self.words {
            1 => self.subsequence_in_word::<u64, S>(other),
            2 => self.subsequence_in_word::<u128, S>(other),
            _ => self.subsequence_in_words(other),
        }
    }

    fn subsequence_in_word<W: Word, S: Symbol>(&self, other: &[S]) -> usize {
        let open = other.iter().fold(W::ONES, |open, s| open.advance(W::load(&self.rows, self.row(s.point()))));
        open.zeros() as usize
    }

    fn subsequence_in_words<S: Symbol>(&mut self, other: &[S]) -> usize {
        let mut state = std::mem::take(&mut self.state);
        state.clear();
        state.resize(self.words, u64::MAX);
        for symbol in other {
            let from = self.row(symbol.point()) * self.words;
            let mut carry = false;
            for (open, matches) in state.iter_mut().zip(&self.rows[from..from + self.words]) {
                let hit = *open & matches;
                let (sum, first) = open.overflowing_add(hit);
                let (sum, second) = sum.overflowing_add(u64::from(carry));
                carry = first || second;
                *open = sum | (*open & !hit);
            }
        }
        let length = state.iter().map(|word| word.count_zeros() as usize).sum();
        self.state = state;
        length
    }

    fn blocks<S: Symbol>(&self, other: &[S], frequent: Frequent, scratch: &mut Scratch) -> usize {
        let drops = frequent == Frequent::Dropped && other.len() >= AUTOJUNK_LENGTH;
        // Runs are counted in bytes; no block is longer than the prepared text.
        if drops || self.words > 2 {
            matching_blocks_of_any_length(&self.points, other, frequent, scratch)
        } else if self.words == 1 {
            self.blocks_in_word::<u64, S>(other, scratch)
        } else {
            self.blocks_in_word::<u128, S>(other, scratch)
        }
    }

    fn blocks_in_word<W: Word, S: Symbol>(&self, other: &[S], scratch: &mut Scratch) -> usize {
        let mut total = 0;
        scratch.windows.clear();
        scratch.windows.push(Window { a_from: 0, a_to: self.points.len(), b_from: 0, b_to: other.len() });
        while let Some(window) = scratch.windows.pop() {
            let (a, b, length) = self.longest_block_in_word::<W, S>(other, window);
            if length > 0 {
                total += length;
                window.push_rest(a, b, length, &mut scratch.windows);
            }
        }
        total
    }

    /// The longest common block in a window: where it starts in both texts, and its length. Of equally
    /// long ones, the one that ends first in the prepared text, then first in the other.
    ///
    /// Without autojunk a longest block cannot be extended, so the extension step of difflib falls away.
    fn longest_block_in_word<W: Word, S: Symbol>(&self, other: &[S], window: Window) -> (usize, usize, usize) {
        let inside = W::range(window.a_from, window.a_to);
        let mut runs = [0u8; 128];
        let mut before = W::ZERO;
        let (mut a_end, mut b_end, mut longest) = (0, 0, 0u8);
        for (j, symbol) in other.iter().enumerate().take(window.b_to).skip(window.b_from) {
            let matches = W::load(&self.rows, self.row(symbol.point())).and(inside);
            let mut left = matches;
            // From the highest bit down, so that runs[i - 1] still belongs to the previous row.
            while left != W::ZERO {
                let i = left.take_highest();
                let run = if i > 0 && before.has(i - 1) { runs[i - 1] + 1 } else { 1 };
                runs[i] = run;
                if run > longest || (run == longest && i < a_end) {
                    (a_end, b_end, longest) = (i, j, run);
                }
            }
            before = matches;
        }
        let length = usize::from(longest);
        if length == 0 { (0, 0, 0) } else { (a_end + 1 - length, b_end + 1 - length, length) }
    }
}
