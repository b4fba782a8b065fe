//! The linear measure: how much each item of a basket speaks for another beside what the others already say.
//!
//! For each target item `b` the weights `w` of its companions `A` minimise Σ over orders of v · (x_b − Σ_{a∈A} w_a x_a)² + Σ_a r_a w_a², where
//! x says whether the order holds an item, v is what the order weighs, and r_a = strength · √own_a. It is the regression of EASE (Steck,
//! "Embarrassingly shallow autoencoders for sparse data", 2019): of up to [`WHOLE`] items in closed form, with all others as companions; of more
//! for each target on its own few companions as in SLIM (Ning and Karypis, 2011), so that time grows with the items and not with their cube.

use rayon::prelude::*;

use super::{
    cholesky::{inverse, solve},
    gram::Gram,
    pairs::{Pairs, Part},
};

/// So many items are all each other's companions.
const WHOLE: usize = 200;

/// Targets that a thread takes at a time.
const TARGETS: usize = 32;

/// Weights below this are none: they decide nothing among the first answers, and are many.
const LEAST: f64 = 2e-3;

/// What a thread needs.
#[derive(Default)]
struct Space {
    companions: Vec<(u32, f32)>,
    /// Companions by companions: what the orders of both weigh. Rows below the diagonal.
    together: Vec<f64>,
    factor: Vec<f64>,
    weights: Vec<f64>,
}

/// Learns the weights for each of these strengths of the ridge. Rows are by the item in the basket, others are the targets. The same for
/// any number of threads.
pub fn learn(gram: &Gram, companions: usize, strengths: &[f64]) -> Vec<Pairs> {
    let items: Vec<u32> = (0..gram.item_count() as u32).filter(|item| gram.own(*item) > 0.0).collect();
    if items.len() <= WHOLE {
        return strengths.par_iter().map(|strength| of_all(gram, &items, *strength)).collect();
    }
    of_few(gram, companions, strengths)
}

/// The weights of all items with all others: −P_ab / P_bb, where P is the inverse of what they weigh together, with the ridge.
pub fn of_all(gram: &Gram, items: &[u32], strength: f64) -> Pairs {
    let size = items.len();
    let mut matrix = vec![0.0; size * size];
    for ((place, item), row) in items.iter().enumerate().zip(matrix.chunks_exact_mut(size.max(1))) {
        for (to, other) in row.iter_mut().zip(&items[..place]) {
            *to = f64::from(gram.together(*item, *other));
        }
        row[place] = gram.own(*item) + ridge(strength, gram.own(*item));
    }
    let inverse = inverse(&mut matrix, size);
    let weight = |item: usize, target: usize| {
        let (high, low) = (item.max(target), item.min(target));
        -inverse[high * size + low] / inverse[target * (size + 1)]
    };
    let mut part = Part::default();
    let mut next = 0;
    for item in 0..gram.item_count() as u32 {
        if items.get(next) == Some(&item) {
            let others = items.iter().enumerate().filter(|(place, _)| *place != next);
            let found = others.map(|(place, other)| (*other, weight(next, place)));
            part.found.extend(found.filter(|(_, weight)| weight.abs() >= LEAST).map(|(item, w)| (item, w as f32)));
            next += 1;
        }
        part.ends.push(part.found.len());
    }
    Pairs::of_parts(std::iter::once(&part))
}

/// The weights of each target's `companions` best: those of largest s / √(own + ridge), the drop of the error that each makes alone.
pub fn of_few(gram: &Gram, companions: usize, strengths: &[f64]) -> Vec<Pairs> {
    let items = gram.item_count();
    let blocks: Vec<Vec<Part>> = (0..items.div_ceil(TARGETS))
        .into_par_iter()
        .map_init(Space::default, |space, block| {
            let mut parts: Vec<Part> = strengths.iter().map(|_| Part::default()).collect();
            for target in block * TARGETS..items.min((block + 1) * TARGETS) {
                space.gather(gram, target as u32, companions, strengths);
                for (strength, part) in strengths.iter().zip(&mut parts) {
                    space.solve(gram, *strength);
                    let found = space.companions.iter().zip(&space.weights);
                    let found = found.filter(|(_, weight)| weight.abs() >= LEAST);
                    part.found.extend(found.map(|((item, _), weight)| (*item, *weight as f32)));
                    part.ends.push(part.found.len());
                }
            }
            parts
        })
        .collect();
    let of = |strength: usize| Pairs::of_parts(blocks.iter().filter_map(move |parts| parts.get(strength))).turned();
    (0..strengths.len()).map(of).collect()
}

/// What is added to an item's own weight: `strength` times the spread that a count of that size has by chance.
fn ridge(strength: f64, own: f64) -> f64 {
    strength * own.sqrt()
}

impl Space {
    /// Takes the best companions of a target and what the orders of any two of them weigh.
    fn gather(&mut self, gram: &Gram, target: u32, most: usize, strengths: &[f64]) {
        let usual = strengths.first().copied().unwrap_or_default();
        self.companions.clear();
        self.companions.extend(gram.pairs.each(target));
        if self.companions.len() > most {
            let key = |(item, weight): &(u32, f32)| {
                let own = gram.own(*item);
                f64::from(*weight) / (own + ridge(usual, own)).sqrt()
            };
            self.companions
                .select_nth_unstable_by(most, |one, other| key(other).total_cmp(&key(one)).then(one.0.cmp(&other.0)));
            self.companions.truncate(most);
            self.companions.sort_unstable_by_key(|(item, _)| *item);
        }
        let size = self.companions.len();
        self.together.clear();
        self.together.resize(size * size, 0.0);
        for (place, (item, _)) in self.companions.iter().enumerate() {
            let row = &mut self.together[place * size..(place + 1) * size];
            for (to, (other, _)) in row.iter_mut().zip(&self.companions[..place]) {
                *to = f64::from(gram.together(*item, *other));
            }
            row[place] = gram.own(*item);
        }
    }

    fn solve(&mut self, gram: &Gram, strength: f64) {
        let size = self.companions.len();
        self.factor.clone_from(&self.together);
        for (place, (item, _)) in self.companions.iter().enumerate() {
            self.factor[place * (size + 1)] += ridge(strength, gram.own(*item));
        }
        self.weights.clear();
        self.weights.extend(self.companions.iter().map(|(_, weight)| f64::from(*weight)));
        solve(&mut self.factor, &mut self.weights);
    }
}
