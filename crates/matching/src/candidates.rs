//! Pairs that are worth a look: the best of each row by the cosine of their terms, from an index with a budget.

use rayon::prelude::*;

use crate::{catalog::Catalogs, words::lists::Lists};

/// How many pairs are kept, and what finding them may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Best rows of the right catalog for each left row, and of the left for each right row.
    pub best: [usize; 2],
    /// Entries of the index that are read for a row, rarest term first.
    pub postings: usize,
}

/// What the budget left unread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Entries read, and entries that would have been read without a budget.
    pub read: u64,
    pub all: u64,
}

/// Candidate pairs, sorted by left and then right row.
#[derive(Debug, Default)]
pub struct Candidates {
    /// Right rows of each left row.
    pub right: Lists<u32>,
    /// Left row of each pair.
    pub left_of: Vec<u32>,
    /// Pairs of each right row.
    pub by_right: Lists<u32>,
}

impl Candidates {
    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.left_of.len()
    }

    /// The pairs of a left row.
    pub fn pairs_of_left(&self, row: usize) -> std::ops::Range<usize> {
        self.right.range(row)
    }

    /// The right row of a pair.
    pub fn right_of(&self, pair: usize) -> u32 {
        self.right.values()[pair]
    }

    /// Pairs as they are in `pairs`, sorted and distinct, of catalogs with so many rows.
    pub fn new(pairs: &[(u32, u32)], left_rows: usize, right_rows: usize) -> Self {
        let mut right = Lists::default();
        let mut at = 0;
        for row in 0..left_rows as u32 {
            let end = at + pairs[at..].iter().take_while(|(left, _)| *left == row).count();
            right.push(pairs[at..end].iter().map(|(_, right)| *right));
            at = end;
        }
        let mut order: Vec<u32> = (0..pairs.len() as u32).collect();
        order.par_sort_by_key(|pair| (pairs[*pair as usize].1, *pair));
        let mut by_right = Lists::default();
        let mut at = 0;
        for row in 0..right_rows as u32 {
            let end = at + order[at..].iter().take_while(|pair| pairs[**pair as usize].1 == row).count();
            by_right.push(order[at..end].iter().copied());
            at = end;
        }
        Self { right, left_of: pairs.iter().map(|(left, _)| *left).collect(), by_right }
    }
}

/// Finds the candidate pairs. Within one catalog (`within`), a pair is of a row and a later one.
pub fn find(catalogs: &Catalogs, budget: Budget, within: bool) -> (Candidates, Cost) {
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    let mut cost = Cost::default();
    for from in 0..if within { 1 } else { 2 } {
        let (found, of_side) = best_of(catalogs, from, budget.best[from], budget.postings, within);
        cost = Cost { read: cost.read + of_side.read, all: cost.all + of_side.all };
        pairs.extend(found.into_iter().map(|(row, other)| if from == 0 { (row, other) } else { (other, row) }));
    }
    if within {
        pairs.iter_mut().for_each(|pair| *pair = (pair.0.min(pair.1), pair.0.max(pair.1)));
    }
    pairs.par_sort_unstable();
    pairs.dedup();
    (Candidates::new(&pairs, catalogs.sides[0].len(), catalogs.sides[1].len()), cost)
}

struct Index {
    starts: Vec<u64>,
    rows: Vec<u32>,
}

impl Index {
    fn new(terms: &Lists<u32>, count: usize) -> Self {
        let mut starts = vec![0u64; count + 1];
        terms.values().iter().for_each(|term| starts[*term as usize + 1] += 1);
        (0..count).for_each(|term| starts[term + 1] += starts[term]);
        let mut next = starts.clone();
        let mut rows = vec![0; terms.values().len()];
        for (row, list) in (0..).zip(terms.iter()) {
            for term in list {
                rows[next[*term as usize] as usize] = row;
                next[*term as usize] += 1;
            }
        }
        Self { starts, rows }
    }

    fn postings(&self, term: u32) -> &[u32] {
        &self.rows[self.starts[term as usize] as usize..self.starts[term as usize + 1] as usize]
    }
}

/// Length of a row's vector of terms.
pub fn norm(terms: &[u32], idf: &[f32]) -> f32 {
    terms.iter().map(|term| idf[*term as usize] * idf[*term as usize]).sum::<f32>().sqrt()
}

fn best_of(catalogs: &Catalogs, from: usize, best: usize, budget: usize, within: bool) -> (Vec<(u32, u32)>, Cost) {
    let (own, other) = (&catalogs.sides[from], &catalogs.sides[1 - from]);
    let idf = &catalogs.term_idf;
    let index = Index::new(&other.terms, idf.len());
    let inverse: Vec<f32> = other.terms.iter().map(|terms| 1.0 / norm(terms, idf).max(1e-6)).collect();
    let block = 1024.max(own.len() / 4096);
    let found: Vec<(Vec<(u32, u32)>, Cost)> = (0..own.len().div_ceil(block))
        .into_par_iter()
        .map_init(
            || Scratch { sums: vec![0.0; other.len()], touched: Vec::new(), terms: Vec::new() },
            |scratch, number| {
                let mut pairs = Vec::new();
                let mut cost = Cost::default();
                for row in number * block..((number + 1) * block).min(own.len()) {
                    scratch.add(own.terms.row(row), &index, idf, budget, &mut cost);
                    let skip = within.then_some(row as u32);
                    pairs.extend(scratch.take_best(best, &inverse, skip).map(|other| (row as u32, other)));
                }
                (pairs, cost)
            },
        )
        .collect();
    let cost = found
        .iter()
        .fold(Cost::default(), |sum, (_, cost)| Cost { read: sum.read + cost.read, all: sum.all + cost.all });
    (found.into_iter().flat_map(|(pairs, _)| pairs).collect(), cost)
}

/// A sum for each row of the other catalog, and which rows have one.
struct Scratch {
    sums: Vec<f32>,
    touched: Vec<u32>,
    terms: Vec<u32>,
}

impl Scratch {
    fn add(&mut self, terms: &[u32], index: &Index, idf: &[f32], budget: usize, cost: &mut Cost) {
        self.terms.clear();
        self.terms.extend(terms.iter().filter(|term| !index.postings(**term).is_empty()));
        self.terms.sort_by_key(|term| (index.postings(*term).len(), *term));
        let mut left = budget;
        for (at, term) in self.terms.iter().enumerate() {
            let postings = index.postings(*term);
            cost.all += postings.len() as u64;
            // The rarest term is always read, in part if need be: a row without any candidate could not be linked at all.
            if at > 0 && postings.len() > left {
                left = 0;
                continue;
            }
            let postings = &postings[..postings.len().min(budget)];
            left = left.saturating_sub(postings.len());
            cost.read += postings.len() as u64;
            let weight = idf[*term as usize] * idf[*term as usize];
            for row in postings {
                let sum = &mut self.sums[*row as usize];
                if *sum == 0.0 {
                    self.touched.push(*row);
                }
                *sum += weight;
            }
        }
    }

    /// The best rows, in no order; the sums are zero again after it.
    fn take_best(&mut self, best: usize, inverse: &[f32], skip: Option<u32>) -> impl Iterator<Item = u32> + use<> {
        let mut scored: Vec<(f32, u32)> = Vec::with_capacity(self.touched.len());
        for row in self.touched.drain(..) {
            let sum = std::mem::replace(&mut self.sums[row as usize], 0.0);
            if Some(row) != skip {
                scored.push((sum * inverse[row as usize], row));
            }
        }
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if scored.len() > best {
            scored.select_nth_unstable_by(best, order);
            scored.truncate(best);
        }
        scored.into_iter().map(|(_, row)| row)
    }
}
