//! Measures before questions: on which place of their answers hidden items are.

use rayon::prelude::*;

use super::{
    model::leave_out,
    pairs::Pairs,
    trial::{Figures, Questions, UNKNOWN},
};

/// What an item's share of all may count beside its company.
pub const PRIORS: [f32; 5] = [0.0, 0.25, 0.5, 1.0, 2.0];

/// Questions that a thread takes at a time.
const QUESTIONS: usize = 32;

/// Asks questions.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// By item, its share of all.
    pub shares: &'a [f32],
    /// How many answers are looked at.
    pub cut_off: usize,
}

impl Judge<'_> {
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
        let places: Vec<Vec<[usize; N]>> = (0..questions.len().div_ceil(QUESTIONS))
            .into_par_iter()
            .map_init(
                || vec![0.0; self.shares.len()],
                |scores, block| {
                    let end = questions.len().min((block + 1) * QUESTIONS);
                    let asked = block * QUESTIONS..end;
                    asked.map(|question| self.places(pairs, priors, questions.get(question), scores)).collect()
                },
            )
            .collect();
        let mut figures = [Figures::default(); N];
        for places in places.iter().flatten() {
            for (figures, place) in figures.iter_mut().zip(places) {
                figures.add(Some(*place).filter(|place| *place <= self.cut_off));
            }
        }
        figures
    }

    /// The place of the hidden item among all answers, from 1; of equal ones the first is first. What scores nothing is no answer.
    fn places<const N: usize>(
        &self,
        pairs: &Pairs,
        priors: [f64; N],
        (basket, hidden): (&[u32], u32),
        scores: &mut [f64],
    ) -> [usize; N] {
        if hidden == UNKNOWN || hidden as usize >= scores.len() {
            return [usize::MAX; N];
        }
        scores.fill(0.0);
        pairs.add_to(basket, scores);
        leave_out(basket, scores);
        let share = |item: usize| f64::from(self.shares[item]);
        let hidden = hidden as usize;
        let own = priors.map(|prior| scores[hidden] + prior * share(hidden));
        let mut places = [1; N];
        for (item, score) in scores.iter().enumerate() {
            let share = share(item);
            for ((place, own), prior) in places.iter_mut().zip(own).zip(priors) {
                let other = score + prior * share;
                *place += usize::from(other > own || (other == own && item < hidden));
            }
        }
        for (place, own) in places.iter_mut().zip(own) {
            *place = if own == 0.0 { usize::MAX } else { *place };
        }
        places
    }
}
