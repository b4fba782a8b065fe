//! How good answers are: of a basket one item is hidden, and it is looked for among the best answers to the others.

use super::{super::itemsets::Transactions, orders::order};

/// An item that was hidden, but that nothing could have been learnt of.
pub const UNKNOWN: u32 = u32::MAX;

/// Baskets without one of their items.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    /// Where each basket starts in `items`, and the end of the last.
    offsets: Vec<u32>,
    items: Vec<u32>,
    /// The item that was taken out of each.
    hidden: Vec<u32>,
}

impl Questions {
    /// A question of each basket, or `most` of different items of it. Which are hidden is drawn by the baskets' places, always alike.
    pub fn of(all: Transactions<'_>, numbers: &[u32], most: usize) -> Self {
        let mut questions = Self { offsets: vec![0], ..Self::default() };
        for number in numbers {
            let items = order(all, *number);
            if items.len() < 2 {
                continue;
            }
            let first = drawn(*number, items.len());
            let hides = most.clamp(1, items.len());
            for hide in 0..hides {
                questions.push(items, (first + hide * items.len() / hides) % items.len());
            }
        }
        questions
    }

    fn push(&mut self, items: &[u32], hidden: usize) {
        let others = items.iter().enumerate().filter(|(place, _)| *place != hidden).map(|(_, item)| item);
        self.items.extend(others);
        self.offsets.push(self.items.len() as u32);
        self.hidden.extend(items.get(hidden));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.hidden.len()
    }

    /// The basket of a question, and what is hidden.
    pub fn get(&self, question: usize) -> (&[u32], u32) {
        let range = match self.offsets.get(question..).and_then(<[u32]>::first_chunk) {
            Some([start, end]) => *start as usize..*end as usize,
            None => 0..0,
        };
        (self.items.get(range).unwrap_or_default(), self.hidden.get(question).copied().unwrap_or(UNKNOWN))
    }
}

/// The place of the item that is hidden of a basket: as good as drawn, and the same at every run (SplitMix64's finaliser).
fn drawn(basket: u32, items: usize) -> usize {
    let mut state = u64::from(basket).wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((state ^ (state >> 31)) % items.max(1) as u64) as usize
}

/// What the answers were worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Questions that were asked.
    pub questions: u64,
    /// Those whose hidden item was among the first answers.
    pub hits: u64,
    /// Σ 1 / log₂(place + 1) of the hits, places from 1.
    gain: f64,
    /// Σ 1 / place of the hits.
    reciprocal: f64,
}

impl Figures {
    /// Adds an answer: the place of the hidden item, from 1, if it was among the first.
    pub fn add(&mut self, place: Option<usize>) {
        self.questions += 1;
        let Some(place) = place else { return };
        self.hits += 1;
        self.gain += 1.0 / (place as f64 + 1.0).log2();
        self.reciprocal += 1.0 / place as f64;
    }

    /// The share of the questions that were answered.
    pub fn hit_rate(&self) -> Option<f64> {
        self.mean(self.hits as f64)
    }

    /// The normalised discounted cumulative gain: a hit counts 1 / log₂(place + 1).
    pub fn ndcg(&self) -> Option<f64> {
        self.mean(self.gain)
    }

    /// The mean reciprocal rank: a hit counts 1 / place.
    pub fn mrr(&self) -> Option<f64> {
        self.mean(self.reciprocal)
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.questions > 0).then(|| sum / self.questions as f64)
    }
}
