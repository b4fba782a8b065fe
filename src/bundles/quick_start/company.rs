//! The company of a few items: in whose orders they are, and how alike that is.

use super::top::Top;
use crate::bundles::baskets::Baskets;

/// Counts of a few items as a dense square.
#[derive(Clone, Debug)]
pub struct Company {
    /// How many items there are.
    pub number: usize,
    /// Orders with at least one of them.
    pub orders: u32,
    /// Orders of each.
    pub of_item: Vec<u32>,
    together: Vec<u32>,
}

impl Company {
    /// Counts the orders of the top items; other items are as if they were not there.
    pub fn of(baskets: Baskets, top: &Top) -> Self {
        let number = top.items().len();
        let mut company = Self { number, orders: 0, of_item: vec![0; number], together: vec![0; number * number] };
        let mut present = Vec::new();
        for order in baskets.iter() {
            present.clear();
            present.extend(order.iter().filter_map(|item| top.place(*item)));
            company.orders += u32::from(!present.is_empty());
            for (at, one) in present.iter().enumerate() {
                company.of_item[*one] += 1;
                for other in &present[at + 1..] {
                    company.together[one * number + other] += 1;
                    company.together[other * number + one] += 1;
                }
            }
        }
        company
    }

    /// How many orders hold both.
    pub fn together(&self, one: usize, other: usize) -> u32 {
        self.together[one * self.number + other]
    }

    /// How many times as often two meet as they would by chance.
    pub fn lift(&self, one: usize, other: usize) -> f64 {
        let by_chance = f64::from(self.of_item[one]) * f64::from(self.of_item[other]);
        if by_chance > 0.0 { f64::from(self.together(one, other)) * f64::from(self.orders) / by_chance } else { 0.0 }
    }

    /// The cosine of every two items' neighbours, weighted by lift, as a square. It says that they are bought in the same
    /// company, not that they are bought together.
    pub fn cosines(&self) -> Vec<f64> {
        let number = self.number;
        let mut vectors = vec![0.0; number * number];
        for one in 0..number {
            let vector = &mut vectors[one * number..][..number];
            for (other, weight) in vector.iter_mut().enumerate() {
                *weight = self.lift(one, other);
            }
            let length = vector.iter().map(|weight| weight * weight).sum::<f64>().sqrt();
            if length > 0.0 {
                vector.iter_mut().for_each(|weight| *weight /= length);
            }
        }
        let row = |item: usize| &vectors[item * number..][..number];
        let mut cosines = vec![0.0; number * number];
        for one in 0..number {
            for other in one + 1..number {
                let cosine = row(one).iter().zip(row(other)).map(|(a, b)| a * b).sum::<f64>().min(1.0);
                cosines[one * number + other] = cosine;
                cosines[other * number + one] = cosine;
            }
        }
        cosines
    }
}
