//! Scores of pairs: a mixture anchored by decoys, then a ranker that it teaches, each cross-fitted in folds of left rows.

use std::collections::HashMap;

use rayon::prelude::*;

use super::{
    curve::{self, Curve},
    features::{self, Absent, Features},
    mixture::{self, Learning, Role},
    population::{self, Population},
    regression::{self, Regression, Target},
    tokens::{self, WordRates},
};

/// Rounds of teaching.
pub const ROUNDS: usize = 2;
const FOLDS: u8 = 4;
/// Rows of a side that mixtures are learned from, and left rows whose pairs teach the ranker, about: of larger catalogs a part tells enough.
const MIXTURE_ROWS: usize = 12_000;
const RANKER_ROWS: usize = 6_000;
const MIXTURE_PENALTY: f64 = 10.0;
const RANKER_PENALTY: f64 = 100.0;
const MIXTURE_ROUNDS: usize = 30;
/// Weight of the ranker beside the mixture.
const RANKER: f64 = 0.5;

/// Which rows are learned from, and in which fold a left row is. Told by the title, so that it does not depend on other rows.
pub struct Sample {
    folds: Vec<u8>,
    mixture: [Vec<bool>; 2],
    ranker: Vec<bool>,
}

impl Sample {
    /// From a hash of each row's title.
    pub fn new(titles: &[Vec<u64>; 2]) -> Self {
        let part = |titles: &[u64], rows: usize| -> Vec<bool> {
            let one_in = titles.len().div_ceil(rows).max(1) as u64;
            titles.iter().map(|hash| (hash >> 32).is_multiple_of(one_in)).collect()
        };
        Self {
            folds: titles[0].iter().map(|hash| (hash >> 20) as u8 % FOLDS).collect(),
            mixture: [part(&titles[0], MIXTURE_ROWS), part(&titles[1], MIXTURE_ROWS)],
            ranker: part(&titles[0], RANKER_ROWS),
        }
    }
}

/// A regression a fold, learned from the other folds: what the best pairs of rows have that decoys have not.
pub fn first(features: &Features, sample: &Sample, labels: &HashMap<u32, bool>) -> Vec<Regression> {
    let score: Vec<f32> = features.evidence.scores.iter().map(|scores| scores[..3].iter().sum()).collect();
    let sampled = [&sample.mixture[0][..], &sample.mixture[1][..]];
    let population = population::gather(features.catalogs, features.candidates, &score, sampled, labels);
    let learning = Learning { penalty: MIXTURE_PENALTY, least_decoy: 1.0, rounds: MIXTURE_ROUNDS };
    let fold_of = |pair: u32| sample.folds[features.candidates.left_of[pair as usize] as usize];
    (0..FOLDS)
        .map(|fold| {
            let kept = without_fold(&population, |pair| fold_of(pair) == fold);
            let mut values = Vec::with_capacity(kept.pairs.len() * features::plain_width());
            let mut row = Vec::new();
            for (pair, absent) in &kept.pairs {
                features.plain(*pair as usize, *absent, &mut row);
                values.extend_from_slice(&row);
            }
            let start = vec![0.5; kept.pairs.len()];
            mixture::learn(values, features::plain_width(), &kept.roles, &start, learning).regression
        })
        .collect()
}

fn without_fold(population: &Population, left_out: impl Fn(u32) -> bool) -> Population {
    let mut kept = Population::default();
    let mut new = vec![None; population.pairs.len()];
    for (at, (sample, role)) in population.pairs.iter().zip(&population.roles).enumerate() {
        let role = match role {
            Role::DecoyOf(best) => new[*best as usize].map(Role::DecoyOf),
            role => Some(*role),
        };
        if let Some(role) = role.filter(|_| !left_out(sample.0)) {
            new[at] = Some(kept.roles.len() as u32);
            kept.roles.push(role);
            kept.pairs.push(*sample);
        }
    }
    kept
}

/// How pairs are scored.
pub struct Scorer<'a> {
    features: &'a Features<'a>,
    sample: &'a Sample,
    base: Vec<Regression>,
    ranker: Vec<Regression>,
    rates: WordRates,
    /// Probabilities that the words were counted with.
    counted: Vec<f64>,
    curve: Curve,
    scores: Vec<f64>,
    usual: Vec<f64>,
}

impl<'a> Scorer<'a> {
    /// Scores by the mixture alone.
    pub fn unranked(
        features: &'a Features,
        sample: &'a Sample,
        base: Vec<Regression>,
        labels: &HashMap<u32, bool>,
    ) -> Self {
        let counted = vec![0.0; features.candidates.len()];
        let rates = tokens::count(features.catalogs, features.candidates, &counted, |_| false);
        let ranker = base.clone();
        let curve = Curve::flat();
        let mut new =
            Self { features, sample, base, ranker, rates, counted, curve, scores: Vec::new(), usual: Vec::new() };
        new.settle(labels);
        new
    }

    /// The next round: words are counted and a ranker is taught with the probabilities `p`.
    pub fn ranked(self, p: Vec<f64>, labels: &HashMap<u32, bool>) -> Self {
        let rates = tokens::count(self.features.catalogs, self.features.candidates, &p, |_| true);
        let mut new = Self { rates, counted: p, ..self };
        new.ranker = (0..FOLDS).map(|fold| new.teach(fold)).collect();
        new.settle(labels);
        new
    }

    fn teach(&self, fold: u8) -> Regression {
        let candidates = self.features.candidates;
        let mut values = Vec::new();
        let mut targets = Vec::new();
        let mut row = Vec::new();
        for left in 0..candidates.right.len() {
            if self.sample.folds[left] == fold || !self.sample.ranker[left] {
                continue;
            }
            for pair in candidates.pairs_of_left(left) {
                self.row(pair, None, &mut row);
                values.extend_from_slice(&row);
                targets.push(Target { weight: 1.0, probability: self.counted[pair] });
            }
        }
        regression::learn(values, features::width(), &targets, RANKER_PENALTY)
    }

    /// Scores all pairs and learns what a score means.
    fn settle(&mut self, labels: &HashMap<u32, bool>) {
        let pairs = self.features.candidates.len();
        self.scores = (0..pairs).into_par_iter().map_init(Vec::new, |row, pair| self.score(pair, None, row)).collect();
        let flat: Vec<f32> = self.scores.iter().map(|score| *score as f32).collect();
        let sampled = [&self.sample.mixture[0][..], &self.sample.mixture[1][..]];
        let population = population::gather(self.features.catalogs, self.features.candidates, &flat, sampled, labels);
        let scores: Vec<f64> = population
            .pairs
            .par_iter()
            .map_init(Vec::new, |row, (pair, absent)| match absent {
                Some(absent) => self.best_without(*absent, row),
                None => self.score(*pair as usize, None, row),
            })
            .collect();
        self.curve = curve::learn(&scores, &population.roles);
        let mut sums = vec![0.0; features::width()];
        let mut row = Vec::new();
        let some = (0..pairs).step_by((pairs / 20_000).max(1));
        let count = some.clone().count().max(1) as f64;
        for pair in some {
            self.row(pair, None, &mut row);
            sums.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value / count);
        }
        self.usual = sums;
    }

    /// The best score of a row if one of its pairs were not there.
    fn best_without(&self, absent: Absent, row: &mut Vec<f64>) -> f64 {
        let candidates = self.features.candidates;
        let gone = absent.pair as usize;
        let rivals: Vec<usize> = if absent.side == 0 {
            candidates.pairs_of_left(candidates.left_of[gone] as usize).collect()
        } else {
            candidates.by_right.row(candidates.right_of(gone) as usize).iter().map(|pair| *pair as usize).collect()
        };
        let scores = rivals.into_iter().filter(|pair| *pair != gone).map(|pair| self.score(pair, Some(absent), row));
        scores.fold(f64::NEG_INFINITY, f64::max)
    }

    fn fold(&self, pair: usize) -> usize {
        self.sample.folds[self.features.candidates.left_of[pair] as usize] as usize
    }

    fn score(&self, pair: usize, absent: Option<Absent>, row: &mut Vec<f64>) -> f64 {
        self.row(pair, absent, row);
        self.parts(pair).iter().map(|(part, weight)| weight * part.log_odds(row)).sum()
    }

    /// Sets `out` to the features of a pair.
    pub fn row(&self, pair: usize, absent: Option<Absent>, out: &mut Vec<f64>) {
        self.features.whole(pair, absent, &self.rates, Some(self.counted[pair]), out);
    }

    /// The regressions whose weighted sum is the score of a pair.
    pub fn parts(&self, pair: usize) -> [(&Regression, f64); 2] {
        let fold = self.fold(pair);
        [(&self.ranker[fold], RANKER), (&self.base[fold], 1.0 - RANKER)]
    }

    /// Log-odds of all pairs, each as if it had no rivals but those that its features know of.
    pub fn log_odds(&self) -> Vec<f64> {
        self.scores.par_iter().map(|score| self.curve.log_odds(*score)).collect()
    }

    pub fn curve(&self) -> &Curve {
        &self.curve
    }

    /// Mean features of the pairs.
    pub fn usual(&self) -> &[f64] {
        &self.usual
    }
}
