//! How measures are learnt, and which there are.

use super::{
    counted::Counted,
    gram::Gram,
    linear,
    pairs::{Pairs, Part},
};

/// How measures are learnt, and what it may cost.
#[derive(Clone, Copy, Debug)]
pub struct Learning {
    /// The most companions that a target of the linear measure has.
    pub companions: usize,
    /// An order weighs 1 / its length to this power: of a long one each pair says less.
    pub length_exponent: f64,
    /// So many of the newest orders are learnt from.
    pub most_orders: usize,
    /// So many held-out orders are asked about.
    pub most_questions: usize,
    /// Of an order with more items those in most orders count.
    pub max_basket: usize,
    /// How many answers are looked at.
    pub cut_off: usize,
    /// The most similar items that are listed of one.
    pub listed: usize,
}

/// A measure of how much an item in a basket speaks for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// A regression of each item on its companions.
    Linear,
    /// P(b|a).
    Conditional,
    /// P(b|a) over the square root of b's popularity.
    Tempered,
    /// The shrunk cosine.
    Cosine,
}

/// A measure with the ridge of the linear one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighed {
    /// Which.
    pub measure: Measure,
    /// The ridge; 0 for others.
    pub strength: f64,
}

/// Ridges of the linear measure that are tried, the usual one first.
const STRENGTHS: [f64; 3] = [5.0, 1.5, 15.0];

/// Bytes for the counted pairs of a shop: 8 a pair.
const PAIR_BYTES: usize = 256 << 20;

/// The least others of an item that are kept, whatever the memory, and the most.
const LEAST_OTHERS: usize = 64;
const MOST_OTHERS: usize = 1 << 10;

impl Measure {
    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Conditional => "conditional",
            Self::Tempered => "tempered",
            Self::Cosine => "cosine",
        }
    }

    fn counted(self) -> Option<Counted> {
        Some(match self {
            Self::Linear => return None,
            Self::Conditional => Counted { basket: 1.0, answer: 0.0, shrink: 1.0 },
            Self::Tempered => Counted { basket: 1.0, answer: 0.5, shrink: 1.0 },
            Self::Cosine => Counted { basket: 0.5, answer: 0.5, shrink: 1.0 },
        })
    }
}

impl Learning {
    /// What an order of this length weighs.
    pub fn weight_of_length(&self, length: usize) -> f32 {
        (length.max(1) as f64).powf(-self.length_exponent) as f32
    }

    /// The most others of an item that are kept in memory.
    pub fn most_others(&self, item_count: usize) -> usize {
        (PAIR_BYTES / 8 / item_count.max(1)).clamp(LEAST_OTHERS, MOST_OTHERS)
    }

    /// The weights of all measures that are tried, best guess first.
    pub fn weigh_all<'a>(&'a self, gram: &'a Gram) -> impl Iterator<Item = (Weighed, Pairs)> + 'a {
        let linear = linear::learn(gram, self.companions, &STRENGTHS).into_iter().zip(STRENGTHS);
        let linear = linear.map(|(pairs, strength)| (Weighed { measure: Measure::Linear, strength }, pairs));
        let others = [Measure::Conditional, Measure::Tempered, Measure::Cosine];
        linear.chain(others.into_iter().map(move |measure| {
            let weighed = Weighed { measure, strength: 0.0 };
            (weighed, self.weigh(gram, weighed))
        }))
    }

    /// The weights of one measure.
    pub fn weigh(&self, gram: &Gram, weighed: Weighed) -> Pairs {
        match weighed.measure.counted() {
            Some(counted) => counted.weigh(gram, self.companions),
            None => linear::learn(gram, self.companions, &[weighed.strength]).pop().unwrap_or_default(),
        }
    }

    /// The lists of similar items: of each item those that it was in orders with, by their weight with it and `prior` times their share.
    pub fn listed(&self, gram: &Gram, pairs: &Pairs, shares: &[f32], prior: f32) -> Pairs {
        let mut own = vec![0.0_f32; gram.item_count()];
        let mut part = Part::default();
        let mut found: Vec<(u32, f32)> = Vec::new();
        for item in 0..gram.item_count() as u32 {
            pairs.each(item).for_each(|(other, weight)| own[other as usize] = weight);
            found.clear();
            let score = |other: u32| own[other as usize] + prior * shares[other as usize];
            found.extend(gram.pairs.each(item).map(|(other, _)| (other, score(other))));
            if found.len() > self.listed {
                found.select_nth_unstable_by(self.listed, |one, other| {
                    other.1.total_cmp(&one.1).then(one.0.cmp(&other.0))
                });
                found.truncate(self.listed);
                found.sort_unstable_by_key(|(other, _)| *other);
            }
            pairs.each(item).for_each(|(other, _)| own[other as usize] = 0.0);
            part.found.extend_from_slice(&found);
            part.ends.push(part.found.len());
        }
        Pairs::of_parts(std::iter::once(&part))
    }
}
