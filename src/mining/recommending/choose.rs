//! A measure for a shop: learnt from its older orders, chosen by what its newest ones held, and learnt again from all.

use super::{
    super::itemsets::Transactions,
    gram::Gram,
    judge::{Judge, PRIORS},
    learning::{Learning, Measure, Weighed},
    model::Model,
    orders::Orders,
    pairs::Pairs,
    trial::{Figures, Questions},
};

/// What was learnt of a shop.
#[derive(Clone, Debug, Default)]
pub struct Learned {
    /// Answers baskets.
    pub model: Model,
    /// By item, its share of what all weigh.
    pub shares: Vec<f32>,
    /// What a share counts in a list of similar items, where it is added for each item of a basket.
    pub listed_prior: f32,
    /// How good the measure was.
    pub quality: Quality,
}

/// How good the chosen measure was on orders that neither it nor its choice knew.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// Its name.
    pub measure: &'static str,
    /// Whether it was chosen by the shop's own orders; else there were too few, and it is the usual one.
    pub is_chosen: bool,
    /// The ridge of the linear measure.
    pub strength: Option<f64>,
    /// What an item's share of all counts beside its company.
    pub prior: f64,
    /// Orders that it was learnt from in the end.
    pub learnt: u64,
    /// Of the questions: answered by the model.
    pub model: Figures,
    /// By the list of similar items.
    pub listed: Figures,
    /// By the most popular items.
    pub popular: Figures,
}

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Choice {
    weighed: Weighed,
    prior: f32,
    listed_prior: f32,
    is_chosen: bool,
}

/// Where there is too little to choose by.
const USUAL: Choice = Choice {
    weighed: Weighed { measure: Measure::Linear, strength: 5.0 },
    prior: 0.5,
    listed_prior: 0.2,
    is_chosen: false,
};

/// What a share may count in lists, the usual first.
const LISTED_PRIORS: [f32; 3] = [0.2, 0.1, 0.4];

/// So many questions are enough to choose by.
const ENOUGH: usize = 40;

/// The most items that are hidden of an order where there are few orders.
const HIDES: usize = 4;

/// A counted measure takes the linear one's place when it is better by this over the root of the number of questions, which is more than luck.
const MARGIN: f64 = 0.5;

impl Learning {
    /// Learns from orders in this sequence, the newest last; `fade` says what an order weighs by its age. The same for any number of
    /// threads.
    pub fn learn(
        &self,
        all: Transactions<'_>,
        sequence: &[u32],
        item_count: usize,
        fade: &(dyn Fn(usize) -> f32 + Sync),
    ) -> Learned {
        let newest = &sequence[sequence.len().saturating_sub(self.most_orders)..];
        let (older, held) = newest.split_at(newest.len() - newest.len() / 10);
        let weight = |number: usize, length: usize| self.weight_of_length(length) * fade(number);
        let orders = Orders::of(all, older, weight);
        let counts = orders.item_counts(item_count);
        let gram = self.gram(orders, item_count);
        let [choosing, telling] = self.questions(all, held);
        let (choice, quality) = self.choose(&gram, &counts, &choosing, &telling);
        let gram = if held.is_empty() {
            gram
        } else {
            drop(gram);
            self.gram(Orders::of(all, newest, weight), item_count)
        };
        let shares = shares(&gram.own);
        let popular = shares.iter().map(|share| share * choice.prior).collect();
        let pairs = self.weigh(&gram, choice.weighed);
        let quality = Quality { learnt: newest.len() as u64, ..quality };
        Learned { model: Model { pairs, popular }, shares, listed_prior: choice.listed_prior, quality }
    }

    fn gram(&self, orders: Orders, item_count: usize) -> Gram {
        Gram::count(orders, item_count, self.max_basket, self.most_others(item_count))
    }

    /// Questions to choose by, and questions to tell how good the choice is: every second held-out order each.
    fn questions(&self, all: Transactions<'_>, held: &[u32]) -> [Questions; 2] {
        let step = held.len().div_ceil(self.most_questions.max(1)).max(1);
        let asked: Vec<u32> = held.iter().rev().step_by(step).copied().collect();
        let hides = (self.most_questions / asked.len().max(1)).clamp(1, HIDES);
        [0, 1].map(|half| {
            let half: Vec<u32> = asked.iter().skip(half).step_by(2).copied().collect();
            Questions::of(all, &half, hides)
        })
    }

    fn choose(&self, gram: &Gram, counts: &[u32], choosing: &Questions, telling: &Questions) -> (Choice, Quality) {
        let shares = shares(&gram.own);
        let judge = Judge::new(&shares, self.cut_off);
        let mut choice = USUAL;
        let mut kept: Option<Pairs> = None;
        if choosing.len() >= ENOUGH {
            let mut most = f64::NEG_INFINITY;
            let margin = MARGIN / (choosing.len() as f64).sqrt();
            for (weighed, pairs) in self.weigh_all(gram) {
                let handicap = if weighed.measure == Measure::Linear { 0.0 } else { margin };
                for (figures, prior) in judge.with_priors(&pairs, choosing).iter().zip(PRIORS) {
                    let worth = worth(figures) - handicap;
                    if worth > most {
                        most = worth;
                        choice = Choice { weighed, prior, is_chosen: true, ..choice };
                        kept = None;
                    }
                }
                if choice.weighed == weighed {
                    kept = Some(pairs);
                }
            }
        }
        let pairs = kept.unwrap_or_else(|| self.weigh(gram, choice.weighed));
        let listed = |prior: f32| self.listed(gram, &pairs, &shares, prior);
        if choice.is_chosen {
            let mut most = f64::NEG_INFINITY;
            for prior in LISTED_PRIORS {
                let worth = worth(&judge.alone(&listed(prior), choosing));
                if worth > most {
                    (most, choice.listed_prior) = (worth, prior);
                }
            }
        }
        let popular: Vec<f32> = shares_of(counts.iter().map(|count| f64::from(*count)));
        let quality = Quality {
            measure: choice.weighed.measure.name(),
            is_chosen: choice.is_chosen,
            strength: (choice.weighed.measure == Measure::Linear).then_some(choice.weighed.strength),
            prior: f64::from(choice.prior),
            learnt: 0,
            model: judge.with_prior(&pairs, choice.prior, telling),
            listed: judge.alone(&listed(choice.listed_prior), telling),
            popular: Judge::new(&popular, self.cut_off).with_prior(&Pairs::default(), 1.0, telling),
        };
        (choice, quality)
    }
}

/// By which the best is chosen: hit rate and gain, so that a hit at the top counts more than one at the end.
fn worth(figures: &Figures) -> f64 {
    figures.hit_rate().unwrap_or_default() + figures.ndcg().unwrap_or_default()
}

fn shares(own: &[f64]) -> Vec<f32> {
    shares_of(own.iter().copied())
}

fn shares_of(weights: impl Iterator<Item = f64> + Clone) -> Vec<f32> {
    let all: f64 = weights.clone().sum();
    weights.map(|weight| if all > 0.0 { (weight / all) as f32 } else { 0.0 }).collect()
}
