//! The sparse vector of each item: its best neighbours with their weights.

use std::ops::Range;

use rayon::prelude::*;

use super::{
    CoOrders, Weight,
    row::Row,
    top::{Top, Weighed},
};

/// The vectors of all items, as flat slices: the neighbours of item `a` are those from `offsets[a]` to `offsets[a + 1]`,
/// the heaviest first, ties by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vectors {
    /// Where each item's neighbours start, and the end of the last.
    pub offsets: Vec<usize>,
    /// The neighbours.
    pub neighbours: Vec<u32>,
    /// How many orders hold both.
    pub together: Vec<u32>,
    /// The weight of each.
    pub weights: Vec<f64>,
    /// The length (L2) of each item's vector.
    pub lengths: Vec<f64>,
    /// How many pairs of items are in an order together, those that are no one's best as well.
    pub pairs: u64,
}

#[derive(Default)]
struct Part {
    ends: Vec<usize>,
    found: Vec<Weighed>,
    companions: u64,
}

impl Vectors {
    /// Counts every pair of items that is in an order together, and keeps each item's `most` heaviest neighbours. The
    /// same for any number of threads.
    pub fn build(orders: &CoOrders, weight: Weight, most: usize) -> Self {
        let parts: Vec<Part> = orders
            .shares()
            .into_par_iter()
            .map_init(|| (Row::new(orders), Top::new(most)), |(row, top), items| part(orders, weight, items, row, top))
            .collect();
        let items = orders.item_count();
        let rows = parts.iter().map(|part| part.found.len()).sum();
        let mut vectors = Self {
            offsets: Vec::with_capacity(items + 1),
            neighbours: Vec::with_capacity(rows),
            together: Vec::with_capacity(rows),
            weights: Vec::with_capacity(rows),
            lengths: Vec::with_capacity(items),
            pairs: 0,
        };
        vectors.offsets.push(0);
        for part in parts {
            vectors.append(&part);
        }
        vectors.pairs /= 2;
        vectors
    }

    fn append(&mut self, part: &Part) {
        let mut start = 0;
        for end in &part.ends {
            let found = part.found.get(start..*end).unwrap_or_default();
            self.lengths.push(found.iter().map(|neighbour| neighbour.weight * neighbour.weight).sum::<f64>().sqrt());
            for neighbour in found {
                self.neighbours.push(neighbour.item);
                self.together.push(neighbour.together);
                self.weights.push(neighbour.weight);
            }
            self.offsets.push(self.neighbours.len());
            start = *end;
        }
        self.pairs += part.companions;
    }

    /// An item's neighbours with their weights.
    pub fn vector(&self, item: u32) -> impl Iterator<Item = (u32, f64)> + '_ {
        let range = match self.offsets.get(item as usize..item as usize + 2) {
            Some([start, end]) => *start..*end,
            _ => 0..0,
        };
        let neighbours = self.neighbours.get(range.clone()).unwrap_or_default();
        neighbours.iter().copied().zip(self.weights.get(range).unwrap_or_default().iter().copied())
    }

    /// The length of an item's vector.
    pub fn length(&self, item: u32) -> f64 {
        self.lengths.get(item as usize).copied().unwrap_or_default()
    }
}

/// The best neighbours of some items.
fn part(orders: &CoOrders, weight: Weight, items: Range<u32>, row: &mut Row, top: &mut Top) -> Part {
    let mut part = Part::default();
    for item in items {
        row.fill(orders, item);
        part.companions += row.len() as u64;
        if weight == Weight::Raw && !orders.company.is_weighted() {
            row.each_from(1, |other, together| {
                top.push(Weighed { weight: f64::from(together), item: other, together });
                top.floor_together()
            });
        } else {
            let (one, all) = (orders.item_weight(item), orders.all());
            row.each(|other, together| {
                let weight = weight.of(row.weight(other, together), one, orders.item_weight(other), all);
                top.push(Weighed { weight, item: other, together });
            });
        }
        part.found.extend_from_slice(top.take());
        top.clear();
        part.ends.push(part.found.len());
    }
    part
}
