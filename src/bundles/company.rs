//! The company that items keep: cosines of their co-visitation vectors, and the customers that bought all of them (section 6).

use super::{candidate::Company, items::Item};
use crate::mining::{CoOrders, Vectors, Weight};

/// The co-visitation vectors of a shop's items, ready for cosines: an item's neighbours ascending, with weights of length 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbourhood {
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    weights: Vec<f64>,
}

/// Neighbours of an item that its vector has.
const NEIGHBOURS: usize = 50;

impl Neighbourhood {
    /// The vectors of `item_count` items from orders of two or more different items, each ascending; of an order of more than
    /// `max_basket` items those count that are in most orders.
    pub fn of(offsets: &[u32], items: &[u32], item_count: usize, weight: Weight, max_basket: usize) -> Self {
        let orders = CoOrders::new(offsets.to_vec(), items.to_vec(), item_count, max_basket, None);
        let vectors = Vectors::build(&orders, weight, NEIGHBOURS);
        let mut all = Self { starts: Vec::with_capacity(item_count + 1), ..Self::default() };
        all.starts.push(0);
        let mut of_item: Vec<(u32, f64)> = Vec::new();
        for item in 0..item_count as u32 {
            let length = vectors.length(item);
            of_item.clear();
            if length > 0.0 {
                of_item.extend(vectors.vector(item).map(|(neighbour, weight)| (neighbour, weight / length)));
            }
            of_item.sort_unstable_by_key(|(neighbour, _)| *neighbour);
            all.neighbours.extend(of_item.iter().map(|(neighbour, _)| *neighbour));
            all.weights.extend(of_item.iter().map(|(_, weight)| *weight));
            all.starts.push(all.neighbours.len());
        }
        all
    }

    fn vector(&self, item: Item) -> (&[u32], &[f64]) {
        match self.starts.get(item.index()..item.index() + 2) {
            Some([start, end]) => (&self.neighbours[*start..*end], &self.weights[*start..*end]),
            _ => (&[], &[]),
        }
    }

    /// The cosine of two items' vectors, summed by rising neighbour; `None` if one has no vector.
    pub fn cosine(&self, one: Item, other: Item) -> Option<f64> {
        let ((mine, my_weights), (theirs, their_weights)) = (self.vector(one), self.vector(other));
        if mine.is_empty() || theirs.is_empty() {
            return None;
        }
        let (mut at, mut there, mut sum) = (0, 0, 0.0);
        while let (Some(a), Some(b)) = (mine.get(at), theirs.get(there)) {
            match a.cmp(b) {
                std::cmp::Ordering::Less => at += 1,
                std::cmp::Ordering::Greater => there += 1,
                std::cmp::Ordering::Equal => {
                    sum += my_weights[at] * their_weights[there];
                    at += 1;
                    there += 1;
                }
            }
        }
        Some(sum.clamp(0.0, 1.0))
    }

    /// The company of a bundle's items: the mean, the least and the greatest cosine of its pairs that have vectors; `None` if none
    /// has.
    pub fn company(&self, items: &[Item]) -> Option<Company> {
        let (mut sum, mut pairs) = (0.0, 0_u32);
        let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
        for (place, one) in items.iter().enumerate() {
            for other in items.iter().skip(place + 1) {
                let Some(cosine) = self.cosine(*one, *other) else { continue };
                sum += cosine;
                pairs += 1;
                least = least.min(cosine);
                most = most.max(cosine);
            }
        }
        (pairs > 0).then(|| Company { coherence: sum / f64::from(pairs), least, most })
    }
}

/// The different customers of each item, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buyers {
    starts: Vec<usize>,
    customers: Vec<u32>,
    is_known: bool,
}

impl Buyers {
    /// The buyers of `item_count` items, from orders and the customer of each; `nobody` is one of whom nothing is known.
    pub fn of(offsets: &[u32], items: &[u32], customers: &[u32], nobody: u32, item_count: usize) -> Self {
        let mut bought: Vec<(u32, u32)> = Vec::new();
        for (ends, customer) in offsets.windows(2).zip(customers).filter(|(_, customer)| **customer != nobody) {
            bought.extend(items[ends[0] as usize..ends[1] as usize].iter().map(|item| (*item, *customer)));
        }
        bought.sort_unstable();
        bought.dedup();
        let mut starts = vec![0; item_count + 1];
        bought.iter().for_each(|(item, _)| starts[*item as usize + 1] += 1);
        (1..starts.len()).for_each(|place| starts[place] += starts[place - 1]);
        let is_known = !bought.is_empty();
        Self { starts, customers: bought.into_iter().map(|(_, customer)| customer).collect(), is_known }
    }

    /// How many customers bought each of these items, in whichever orders; `None` without customer data.
    pub fn of_all(&self, items: &[Item]) -> Option<u32> {
        if !self.is_known {
            return None;
        }
        let of = |item: &Item| match self.starts.get(item.index()..item.index() + 2) {
            Some([start, end]) => &self.customers[*start..*end],
            _ => &[],
        };
        let rarest = items.iter().min_by_key(|item| of(item).len())?;
        let bought_all = |customer: &&u32| items.iter().all(|item| of(item).binary_search(customer).is_ok());
        Some(of(rarest).iter().filter(bought_all).count() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orders 0-1, 0-2, 1-2, 1-2, 3-4.
    const OFFSETS: [u32; 6] = [0, 2, 4, 6, 8, 10];
    const ITEMS: [u32; 10] = [0, 1, 0, 2, 1, 2, 1, 2, 3, 4];

    #[test]
    fn items_that_share_neighbours_keep_the_same_company() {
        let around = Neighbourhood::of(&OFFSETS, &ITEMS, 6, Weight::Raw, 500);
        // 0: {1: 1, 2: 1}, 1: {0: 1, 2: 2}, 2: {0: 1, 1: 2}.
        let close = |found: Option<f64>, expected: f64| found.is_some_and(|found| (found - expected).abs() < 1e-12);
        assert!(close(around.cosine(Item(0), Item(1)), 2.0 / 10.0_f64.sqrt()));
        assert!(close(around.cosine(Item(1), Item(2)), 0.2));
        assert_eq!(around.cosine(Item(0), Item(3)), Some(0.0));
        assert_eq!(around.cosine(Item(0), Item(5)), None, "it was never bought with another");
        let company = around.company(&[Item(0), Item(1), Item(2), Item(5)]).unwrap();
        assert!(close(Some(company.least), 0.2) && close(Some(company.most), 2.0 / 10.0_f64.sqrt()));
        assert!(close(Some(company.coherence), (4.0 / 10.0_f64.sqrt() + 0.2) / 3.0));
        assert_eq!(around.company(&[Item(0), Item(5)]), None);
        assert_eq!(around.company(&[Item(0)]), None);
    }

    #[test]
    fn a_customer_counts_who_bought_every_item_in_whichever_orders() {
        let buyers = Buyers::of(&OFFSETS, &ITEMS, &[7, 8, 7, 0, 7], 0, 6);
        assert_eq!(buyers.of_all(&[Item(0), Item(2)]), Some(2));
        assert_eq!(buyers.of_all(&[Item(1), Item(4)]), Some(1), "in two orders");
        assert_eq!(buyers.of_all(&[Item(0), Item(5)]), Some(0));
        let unknown = Buyers::of(&OFFSETS, &ITEMS, &[0; 5], 0, 6);
        assert_eq!(unknown.of_all(&[Item(0)]), None);
    }
}
