//! A model that answers baskets: a weight for each item by itself, and for each pair.

use super::pairs::Pairs;

/// What an item scores for a basket is its own weight, and those of the basket's items with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// By item of the basket, the items it speaks for.
    pub pairs: Pairs,
    /// By item, what it scores whatever the basket.
    pub popular: Vec<f32>,
}

impl Model {
    /// The scores of all items for a basket, those in it −∞; `scores` has a place for each item.
    pub fn score(&self, basket: &[u32], scores: &mut [f64]) {
        scores.fill(0.0);
        for (score, popular) in scores.iter_mut().zip(&self.popular) {
            *score = f64::from(*popular);
        }
        self.pairs.add_to(basket, scores);
        leave_out(basket, scores);
    }
}

impl Pairs {
    /// Adds the weights of a basket's items with others.
    pub fn add_to(&self, basket: &[u32], scores: &mut [f64]) {
        for item in basket {
            for (other, weight) in self.each(*item) {
                if let Some(score) = scores.get_mut(other as usize) {
                    *score += f64::from(weight);
                }
            }
        }
    }
}

/// What is in the basket is no answer.
pub fn leave_out(basket: &[u32], scores: &mut [f64]) {
    for item in basket {
        scores.get_mut(*item as usize).into_iter().for_each(|score| *score = f64::NEG_INFINITY);
    }
}

/// The best `count` items by falling score, ties by number; those at −∞ are none.
pub fn best(scores: &[f64], count: usize) -> Vec<(u32, f64)> {
    let mut best: Vec<(u32, f64)> = Vec::with_capacity(count + 1);
    for (item, score) in (0..).zip(scores) {
        let is_full = best.len() >= count;
        if *score == f64::NEG_INFINITY || (is_full && best.last().is_none_or(|(_, least)| score <= least)) {
            continue;
        }
        if is_full {
            best.pop();
        }
        let place = best.partition_point(|(_, other)| other >= score);
        best.insert(place, (item, *score));
    }
    best
}
