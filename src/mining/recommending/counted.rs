//! Measures that are counted, each pair for itself: P(b|a), cosines, and what lies between.

use super::{
    gram::Gram,
    pairs::{Pairs, Part},
};

/// s / ((own_a + shrink)^basket · (own_b + shrink)^answer), where `a` is in the basket: P(b|a) for exponents 1 and 0, the cosine for ½ and ½ (and an
/// asymmetric one for others that add up to 1), P(b|a) · popularity^-α for 1 and α.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    /// The exponent of the item in the basket.
    pub basket: f64,
    /// The exponent of the item that is recommended.
    pub answer: f64,
    /// Is added to both counts, so that what happened once or twice says little.
    pub shrink: f64,
}

impl Counted {
    /// The weights of each item's `most` best others, ties by number.
    pub fn weigh(self, gram: &Gram, most: usize) -> Pairs {
        let scale = |exponent: f64| {
            gram.own.iter().map(|own| (own + self.shrink).powf(-exponent).min(f64::MAX)).collect::<Vec<f64>>()
        };
        let (of_basket, of_answer) = (scale(self.basket), scale(self.answer));
        let mut part = Part::default();
        let mut found: Vec<(u32, f32)> = Vec::new();
        for (item, of_item) in (0..).zip(of_basket) {
            let weight = |other: u32, sum: f32| (f64::from(sum) * of_item * of_answer[other as usize]) as f32;
            found.clear();
            found.extend(gram.pairs.each(item).map(|(other, sum)| (other, weight(other, sum))));
            if found.len() > most {
                found.select_nth_unstable_by(most, |one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
                found.truncate(most);
                found.sort_unstable_by_key(|(other, _)| *other);
            }
            part.found.extend_from_slice(&found);
            part.ends.push(part.found.len());
        }
        Pairs::of_parts(std::iter::once(&part))
    }
}
