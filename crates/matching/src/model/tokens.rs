//! What each word says by itself: how much more often it is on both sides, or on one only, among matches than among others
//! (Fellegi and Sunter 1969, a word a field).

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use crate::{candidates::Candidates, catalog::Catalogs, words::token::Kind};

/// Pairs' worth of belief that a word is like others of its kind and frequency.
const PRIOR: f64 = 10.0;
/// Steps of a probability; sums of whole steps do not depend on the order of adding.
const STEPS: f64 = 65536.0;
const KINDS: usize = 4;
/// Steps of frequency: rows with the word, doubling.
const FREQUENCIES: usize = 24;

/// What a word is: on both sides or on one, among others or matches.
type Counts = [f64; 4];

/// What is known of each word.
pub struct WordRates {
    words: Vec<Counts>,
    groups: Vec<Counts>,
    group_of: Vec<u16>,
}

/// How many features [`WordRates::features`] gives.
pub const WORD_FEATURES: usize = 3;

/// Walks the words of two sorted titles: on both sides, on the left alone, on the right alone.
fn walk(left: &[u32], right: &[u32], mut each: impl FnMut(u32, usize)) {
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        match (left.get(i), right.get(j)) {
            (Some(a), Some(b)) if a == b => {
                each(*a, 0);
                i += 1;
                j += 1;
            }
            (Some(a), b) if b.is_none_or(|b| a < b) => {
                each(*a, 1);
                i += 1;
            }
            (_, Some(b)) => {
                each(*b, 2);
                j += 1;
            }
            (_, None) => return,
        }
    }
}

fn group(catalogs: &Catalogs, word: usize) -> u16 {
    let kind = match catalogs.kinds[word] {
        Kind::Word => 0,
        Kind::Number => 1,
        Kind::Quantity => 2,
        Kind::Mixed => 3,
    };
    let rows = (1.0 + catalogs.rows) / catalogs.word_idf[word].exp();
    let frequency = (rows.max(1.0).log2() as usize).min(FREQUENCIES - 1);
    (kind * FREQUENCIES + frequency) as u16
}

/// Counts the words of the pairs that `counted` keeps, each pair a match with its probability.
pub fn count(
    catalogs: &Catalogs,
    candidates: &Candidates,
    p: &[f64],
    counted: impl Fn(usize) -> bool + Sync,
) -> WordRates {
    let size = catalogs.kinds.len();
    let sums: Vec<AtomicU64> = (0..size * 4).map(|_| AtomicU64::new(0)).collect();
    (0..candidates.len()).into_par_iter().with_min_len(4096).filter(|pair| counted(*pair)).for_each(|pair| {
        let yes = (p[pair] * STEPS).round() as u64;
        let no = STEPS as u64 - yes;
        let [left, right] = titles(catalogs, candidates, pair);
        walk(left, right, |word, place| {
            let at = word as usize * 4 + 2 * usize::from(place > 0);
            sums[at].fetch_add(no, Relaxed);
            sums[at + 1].fetch_add(yes, Relaxed);
        });
    });
    let words: Vec<Counts> =
        sums.chunks_exact(4).map(|sums| std::array::from_fn(|at| sums[at].load(Relaxed) as f64 / STEPS)).collect();
    let group_of: Vec<u16> = (0..size).map(|word| group(catalogs, word)).collect();
    let mut groups = vec![[1.0, 1.0, 1.0, 1.0]; KINDS * FREQUENCIES];
    for (word, group) in words.iter().zip(&group_of) {
        groups[*group as usize].iter_mut().zip(word).for_each(|(sum, count)| *sum += count);
    }
    WordRates { words, groups, group_of }
}

fn titles<'a>(catalogs: &'a Catalogs, candidates: &Candidates, pair: usize) -> [&'a [u32]; 2] {
    [
        catalogs.sides[0].titles.row(candidates.left_of[pair] as usize),
        catalogs.sides[1].titles.row(candidates.right_of(pair) as usize),
    ]
}

impl WordRates {
    /// Log-odds that a word adds on both sides (`one` false) or on one, without the vote of a pair of probability `own`.
    fn weight(&self, word: u32, one: bool, own: Option<f64>) -> f64 {
        let mut counts = self.words[word as usize];
        if let Some(own) = own {
            let at = 2 * usize::from(one);
            counts[at] -= 1.0 - own;
            counts[at + 1] -= own;
        }
        let group = &self.groups[self.group_of[word as usize] as usize];
        let rate = |class: usize| {
            let usual = group[class] / (group[class] + group[class + 2]);
            let (both, single) = (counts[class].max(0.0), counts[class + 2].max(0.0));
            let both = (both + PRIOR * usual) / (both + single + PRIOR);
            if one { 1.0 - both } else { both }
        };
        (rate(1) / rate(0)).ln()
    }

    /// Sums of the words' log-odds: on both sides, on the left alone, on the right alone. `own` is the pair's probability if it
    /// was counted.
    pub fn features(
        &self,
        catalogs: &Catalogs,
        candidates: &Candidates,
        pair: usize,
        own: Option<f64>,
    ) -> [f64; WORD_FEATURES] {
        let [left, right] = titles(catalogs, candidates, pair);
        let mut sums = [0.0; WORD_FEATURES];
        walk(left, right, |word, place| sums[place] += self.weight(word, place > 0, own));
        sums
    }
}
