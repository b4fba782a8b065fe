//! The most similar items of each item: bought together, and in the same company.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CoOrders, Vectors,
    row::Row,
    top::{Top, Weighed},
};

/// Which items may be similar to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Candidates {
    /// Those that are in an order with it.
    #[default]
    Together,
    /// Those as well that share a neighbour with it, such as another colour that nobody buys along with it.
    Shared,
}

/// How similar items are found.
#[derive(Clone, Copy, Debug)]
pub struct Similar {
    /// The most similar items of one.
    pub most: usize,
    /// Which items are compared.
    pub candidates: Candidates,
    /// A neighbour of more items than this brings no candidates together; it still counts in their cosine.
    pub max_hub: usize,
    /// The share of the cosine in the score; the orders in common have the rest.
    pub cosine_share: f64,
    /// So many orders in common are as good as more.
    pub full_orders: u32,
    /// A pair counts when its cosine is at least this, or it is in `min_orders` orders.
    pub min_cosine: f64,
    /// See `min_cosine`.
    pub min_orders: u32,
}

/// A measure of similar items in place of the blend, as flat slices: of item `a` the weights with others are from `starts[a]` to
/// `starts[a + 1]`; an item scores its weight and its share times `prior`.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// Where each item's others start, and the end of the last.
    pub starts: &'a [usize],
    /// The others.
    pub others: &'a [u32],
    /// Their weights.
    pub weights: &'a [f32],
    /// By item, its share of all.
    pub shares: &'a [f32],
    /// What a share counts.
    pub prior: f32,
}

impl<'a> Measured<'a> {
    /// The others of an item with their weights.
    fn row(self, item: u32) -> impl Iterator<Item = (u32, f32)> + 'a {
        let range = match self.starts.get(item as usize..).and_then(<[usize]>::first_chunk) {
            Some([start, end]) => *start..*end,
            None => 0..0,
        };
        let others = self.others.get(range.clone()).unwrap_or_default();
        others.iter().copied().zip(self.weights.get(range).unwrap_or_default().iter().copied())
    }
}

/// Similar items as flat slices: those of item `a` are from `offsets[a]` to `offsets[a + 1]`, best first, ties by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SimilarItems {
    /// Where each item's similar ones start, and the end of the last.
    pub offsets: Vec<usize>,
    /// The similar items.
    pub items: Vec<u32>,
    /// The cosine of both vectors.
    pub cosines: Vec<f64>,
    /// By which they are ranked: the blend, or another measure.
    pub scores: Vec<f64>,
    /// The cosine and the orders in common, blended.
    pub blends: Vec<f64>,
    /// How many orders hold both.
    pub together: Vec<u32>,
}

/// What similar items are looked for in.
struct Among<'a> {
    orders: &'a CoOrders,
    vectors: &'a Vectors,
    named: Option<Named>,
    is_offered: &'a [bool],
    measured: Option<Measured<'a>>,
}

impl Among<'_> {
    fn is_offered(&self, item: u32) -> bool {
        self.is_offered.get(item as usize) == Some(&true)
    }
}

/// What a thread needs.
struct Space {
    row: Row,
    /// The vector of the item in hand, and 0 for all others.
    values: Vec<f64>,
    /// The measured weights of the item in hand, and 0 for all others.
    weights: Vec<f32>,
    /// Whether an item was met for the item in hand: by its number plus one.
    met: Vec<u32>,
    candidates: Vec<u32>,
    top: Top,
}

/// Which vectors name an item.
struct Named {
    starts: Vec<u32>,
    by: Vec<u32>,
}

impl Similar {
    /// Finds those of the items that are offered, among these, ranked by their blend or by what is `measured`. The same for any number of
    /// threads.
    pub fn find(
        &self,
        orders: &CoOrders,
        vectors: &Vectors,
        is_offered: &[bool],
        measured: Option<Measured<'_>>,
    ) -> SimilarItems {
        let items = orders.item_count();
        let named = (self.candidates == Candidates::Shared).then(|| Named::new(vectors, items));
        let among = Among { orders, vectors, named, is_offered, measured };
        let space = || Space {
            row: Row::new(orders),
            values: vec![0.0; items],
            weights: vec![0.0; if measured.is_some() { items } else { 0 }],
            met: vec![0; items],
            candidates: Vec::new(),
            top: Top::new(self.most),
        };
        let parts: Vec<SimilarItems> = orders
            .shares()
            .into_par_iter()
            .map_init(space, |space, items| {
                let mut part = SimilarItems::default();
                items.for_each(|item| self.add(item, &among, space, &mut part));
                part
            })
            .collect();
        let mut all = SimilarItems { offsets: vec![0], ..SimilarItems::default() };
        for part in parts {
            let before = all.items.len();
            all.offsets.extend(part.offsets.iter().map(|end| end + before));
            all.items.extend_from_slice(&part.items);
            all.cosines.extend_from_slice(&part.cosines);
            all.scores.extend_from_slice(&part.scores);
            all.blends.extend_from_slice(&part.blends);
            all.together.extend_from_slice(&part.together);
        }
        all
    }

    fn add(&self, item: u32, among: &Among<'_>, space: &mut Space, to: &mut SimilarItems) {
        if !among.is_offered(item) {
            to.offsets.push(to.items.len());
            return;
        }
        let Among { orders, vectors, named, .. } = among;
        space.row.fill(orders, item);
        let weights = || among.measured.into_iter().flat_map(|measured| measured.row(item));
        weights().for_each(|(other, weight)| space.weights[other as usize] = weight);
        for (neighbour, weight) in vectors.vector(item) {
            if let Some(value) = space.values.get_mut(neighbour as usize) {
                *value = weight;
            }
        }
        space.gather(item, vectors, named.as_ref(), self.max_hub);
        space.top.clear();
        for &other in space.candidates.iter().filter(|other| among.is_offered(**other) && **other != item) {
            let together = space.row.together(other);
            let cosine = || cosine(&space.values, vectors.length(item), other, vectors);
            if let Some(weight) =
                self.rank(together, cosine, || among.measured.map(|measured| space.measured(measured, other)))
            {
                space.top.push(Weighed { weight, item: other, together });
            }
        }
        for found in space.top.take() {
            let cosine = cosine(&space.values, vectors.length(item), found.item, vectors);
            to.items.push(found.item);
            to.cosines.push(cosine);
            to.scores.push(found.weight);
            to.blends.push(self.blend(cosine, found.together));
            to.together.push(found.together);
        }
        weights().for_each(|(other, _)| space.weights[other as usize] = 0.0);
        to.offsets.push(to.items.len());
        for (neighbour, _) in vectors.vector(item) {
            if let Some(value) = space.values.get_mut(neighbour as usize) {
                *value = 0.0;
            }
        }
    }

    /// By what a pair is ranked, if it counts at all. The cosine is asked for only where it decides.
    fn rank(&self, together: u32, cosine: impl Fn() -> f64, measured: impl Fn() -> Option<f64>) -> Option<f64> {
        let measured = measured();
        if let Some(score) = measured.filter(|_| together >= self.min_orders) {
            return Some(score);
        }
        let cosine = cosine();
        (cosine >= self.min_cosine || together >= self.min_orders)
            .then(|| measured.unwrap_or_else(|| self.blend(cosine, together)))
    }

    fn blend(&self, cosine: f64, together: u32) -> f64 {
        let habit = (f64::from(together) / f64::from(self.full_orders.max(1))).min(1.0);
        self.cosine_share * cosine + (1.0 - self.cosine_share) * habit
    }
}

/// The cosine of the vector whose weights are `values`, and whose length is `length`, with another's; 0 without a vector.
fn cosine(values: &[f64], length: f64, other: u32, vectors: &Vectors) -> f64 {
    let lengths = length * vectors.length(other);
    let value = |item: u32| values.get(item as usize).copied().unwrap_or_default();
    let product: f64 = vectors.vector(other).map(|(neighbour, weight)| value(neighbour) * weight).sum();
    if lengths > 0.0 { product / lengths } else { 0.0 }
}

impl Space {
    /// What another scores for the item in hand.
    fn measured(&self, measured: Measured<'_>, other: u32) -> f64 {
        let share = measured.shares.get(other as usize).copied().unwrap_or_default();
        let weight = self.weights.get(other as usize).copied().unwrap_or_default();
        f64::from(weight + measured.prior * share)
    }

    /// Lists the items that may be similar.
    fn gather(&mut self, item: u32, vectors: &Vectors, named: Option<&Named>, max_hub: usize) {
        self.candidates.clear();
        self.row.each(|other, _| self.candidates.push(other));
        let Some(named) = named else { return };
        let mark = item + 1;
        for other in &self.candidates {
            self.met.get_mut(*other as usize).into_iter().for_each(|met| *met = mark);
        }
        for (neighbour, _) in vectors.vector(item) {
            let others = named.by(neighbour);
            if others.len() > max_hub {
                continue;
            }
            for other in others {
                if let Some(met) = self.met.get_mut(*other as usize)
                    && *met != mark
                {
                    *met = mark;
                    self.candidates.push(*other);
                }
            }
        }
    }
}

impl Named {
    fn new(vectors: &Vectors, items: usize) -> Self {
        let mut starts = vec![0_u32; items + 1];
        for neighbour in &vectors.neighbours {
            starts.get_mut(*neighbour as usize + 1).into_iter().for_each(|count| *count += 1);
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut by = vec![0; vectors.neighbours.len()];
        for item in 0..items as u32 {
            for (neighbour, _) in vectors.vector(item) {
                let Some(place) = next.get_mut(neighbour as usize) else { continue };
                by.get_mut(*place as usize).into_iter().for_each(|to| *to = item);
                *place += 1;
            }
        }
        Self { starts, by }
    }

    fn by(&self, item: u32) -> &[u32] {
        let Some([start, end]) = self.starts.get(item as usize..item as usize + 2) else { return &[] };
        self.by.get(*start as usize..*end as usize).unwrap_or_default()
    }
}
