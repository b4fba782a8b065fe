//! Measures before questions: on which place of their answers hidden items are.

use rayon::prelude::*;

use super::{
    model::leave_out,
    pairs::Pairs,
    trial::{Figures, Questions, UNKNOWN},
};

/// What an item's share of all may count beside its company, the usual one first; never nothing, for baskets that nothing is known of.
pub const PRIORS: [f32; 5] = [0.5, 0.25, 0.1, 1.0, 2.0];

/// Questions that a thread takes at a time.
const QUESTIONS: usize = 32;

/// Asks questions.
pub struct Judge<'a> {
    /// By item, its share of all.
    shares: &'a [f32],
    /// The items by falling share, ties by number.
    popular: Vec<u32>,
    /// How many answers are looked at.
    cut_off: usize,
}

/// What a thread needs: the scores of the items that a basket speaks for or against, and which those are.
struct Space {
    scores: Vec<f64>,
    is_met: Vec<bool>,
    met: Vec<u32>,
}

impl<'a> Judge<'a> {
    /// One who looks at the first `cut_off` answers.
    pub fn new(shares: &'a [f32], cut_off: usize) -> Self {
        let share = |item: &u32| shares[*item as usize];
        let mut popular: Vec<u32> = (0..shares.len() as u32).collect();
        popular.sort_unstable_by(|one, other| share(other).total_cmp(&share(one)).then(one.cmp(other)));
        Self { shares, popular, cut_off }
    }

    /// Answers by pairs and each of [`PRIORS`].
    pub fn with_priors(&self, pairs: &Pairs, questions: &Questions) -> [Figures; PRIORS.len()] {
        self.ask(pairs, PRIORS, questions)
    }

    /// Answers by pairs and one prior.
    pub fn with_prior(&self, pairs: &Pairs, prior: f32, questions: &Questions) -> Figures {
        let [figures] = self.ask(pairs, [prior], questions);
        figures
    }

    /// Answers by pairs alone.
    pub fn alone(&self, pairs: &Pairs, questions: &Questions) -> Figures {
        self.with_prior(pairs, 0.0, questions)
    }

    fn ask<const N: usize>(&self, pairs: &Pairs, priors: [f32; N], questions: &Questions) -> [Figures; N] {
        let priors = priors.map(f64::from);
        let items = self.shares.len();
        let space = || Space { scores: vec![0.0; items], is_met: vec![false; items], met: Vec::new() };
        let places: Vec<Vec<[usize; N]>> = (0..questions.len().div_ceil(QUESTIONS))
            .into_par_iter()
            .map_init(space, |space, block| {
                let asked = block * QUESTIONS..questions.len().min((block + 1) * QUESTIONS);
                asked.map(|question| self.places(pairs, priors, questions.get(question), space)).collect()
            })
            .collect();
        let mut figures = [Figures::default(); N];
        for places in places.iter().flatten() {
            for (figures, place) in figures.iter_mut().zip(places) {
                figures.add(Some(*place).filter(|place| *place <= self.cut_off));
            }
        }
        figures
    }

    /// The place of the hidden item among all answers, from 1, or one beyond those that are looked at; of equal ones the first is first.
    /// What scores nothing is no answer.
    fn places<const N: usize>(
        &self,
        pairs: &Pairs,
        priors: [f64; N],
        (basket, hidden): (&[u32], u32),
        space: &mut Space,
    ) -> [usize; N] {
        if hidden == UNKNOWN || hidden as usize >= self.shares.len() {
            return [usize::MAX; N];
        }
        space.meet(pairs, basket);
        let score = |item: u32, prior: f64| space.scores[item as usize] + prior * f64::from(self.shares[item as usize]);
        let own = priors.map(|prior| score(hidden, prior));
        let mut places = own.map(|own| if own == 0.0 { usize::MAX >> 1 } else { 1 });
        // Of those that the basket says nothing of, only the first by their shares can be among the first answers.
        let unmet = self.popular.iter().filter(|item| !space.is_met[**item as usize]).take(self.cut_off);
        for item in space.met.iter().chain(unmet).filter(|item| **item != hidden) {
            for ((place, own), prior) in places.iter_mut().zip(own).zip(priors) {
                let other = score(*item, prior);
                *place += usize::from(other > own || (other == own && *item < hidden));
            }
        }
        space.forget();
        places
    }
}

impl Space {
    /// Adds up what a basket says; its own items are met, and never an answer.
    fn meet(&mut self, pairs: &Pairs, basket: &[u32]) {
        for item in basket {
            for (other, weight) in pairs.each(*item) {
                let is_met = &mut self.is_met[other as usize];
                if !*is_met {
                    *is_met = true;
                    self.met.push(other);
                }
                self.scores[other as usize] += f64::from(weight);
            }
        }
        for item in basket {
            if !self.is_met[*item as usize] {
                self.is_met[*item as usize] = true;
                self.met.push(*item);
            }
        }
        leave_out(basket, &mut self.scores);
    }

    fn forget(&mut self) {
        for item in self.met.drain(..) {
            self.scores[item as usize] = 0.0;
            self.is_met[item as usize] = false;
        }
    }
}
