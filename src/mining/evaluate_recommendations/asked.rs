//! Questions about the later orders of a shop, and what answers were worth.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::super::{
    orders::ShopOrders,
    recommending::{Figures, Questions, UNKNOWN, best, leave_out},
};

/// Scores the items of a shop for a basket, by number, ascending; what scores 0 is no answer.
pub type Score<'a> = dyn Fn(&[u32], &mut [f64]) + Sync + 'a;

/// Questions in the numbers of the items that measures are made of.
pub struct Asked {
    questions: Vec<(Vec<u32>, u32)>,
    item_count: usize,
}

/// What answers were worth, and how many different items were named.
pub struct Outcome {
    pub figures: Figures,
    pub named: usize,
}

/// Questions that a thread takes at a time.
const QUESTIONS: usize = 32;

impl Asked {
    /// A question of each later order of two or more items.
    pub fn new(train: &ShopOrders, later: Option<&ShopOrders>) -> Self {
        let item_count = train.item_count();
        let Some(later) = later else { return Self { questions: Vec::new(), item_count } };
        let numbers: Vec<u32> =
            (0..later.item_count() as u32).map(|item| number(train, later.name(item)).unwrap_or(UNKNOWN)).collect();
        let known = |item: u32| numbers.get(item as usize).copied().unwrap_or(UNKNOWN);
        let orders: Vec<u32> = (0..later.len() as u32).collect();
        let asked = Questions::of(later.transactions(), &orders, 1);
        let question = |number: usize| {
            let (basket, hidden) = asked.get(number);
            // Both number items as their texts are sorted.
            (basket.iter().map(|item| known(*item)).filter(|item| *item != UNKNOWN).collect(), known(hidden))
        };
        Self { questions: (0..asked.len()).map(question).collect(), item_count }
    }

    /// Asks a measure for its best `k`.
    pub fn ask(&self, score: &Score<'_>, k: usize) -> Outcome {
        let answers: Vec<Vec<(Option<usize>, Vec<u32>)>> = self
            .questions
            .par_chunks(QUESTIONS)
            .map_init(
                || vec![0.0; self.item_count],
                |scores, asked| {
                    let answer = |(basket, hidden): &(Vec<u32>, u32)| {
                        scores.fill(0.0);
                        score(basket, scores);
                        scores.iter_mut().filter(|score| **score == 0.0).for_each(|score| *score = f64::NEG_INFINITY);
                        leave_out(basket, scores);
                        let items: Vec<u32> = best(scores, k).into_iter().map(|(item, _)| item).collect();
                        let place = items.iter().position(|item| item == hidden).map(|place| place + 1);
                        (place, items)
                    };
                    asked.iter().map(answer).collect()
                },
            )
            .collect();
        let mut figures = Figures::default();
        let mut named: BTreeSet<u32> = BTreeSet::new();
        for (place, items) in answers.into_iter().flatten() {
            figures.add(place);
            named.extend(items);
        }
        Outcome { figures, named: named.len() }
    }
}

/// The number of an item; a shop's are numbered as their texts are sorted.
pub fn number(shop: &ShopOrders, text: &str) -> Option<u32> {
    let (mut low, mut high) = (0, shop.item_count() as u32);
    while low < high {
        let middle = low + (high - low) / 2;
        match shop.name(middle).cmp(text) {
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}
