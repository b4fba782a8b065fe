//! Pairs of what sells most, by how often they meet and how alike their company is.

use super::{company::Company, top::Top};
use crate::bundles::{
    baskets::Baskets,
    items::{Item, ItemFlags},
};

/// Two items that are bought together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The trigger, which is in fewer orders so that the other follows it more often, and the other.
    pub items: [Item; 2],
    /// Orders with both.
    pub together: u32,
    /// Orders with the trigger.
    pub of_trigger: u32,
    /// How alike their company is.
    pub cosine: f64,
    /// How many times as often they meet as they would by chance.
    pub lift: f64,
    /// Six tenths the cosine, four tenths the count, of which ten are as good as more.
    pub blend: f64,
    /// Whether it says enough: by its cosine or its count.
    pub is_kept: bool,
}

/// Orders in common that are as good as more.
const FULL_COUNT: u32 = 10;
/// A cosine that says enough.
const COSINE: f64 = 0.1;
/// Orders in common that say enough.
const COUNT: u32 = 2;
/// With fewer orders of several items, one in common says enough.
const FEW_ORDERS: usize = 5;

/// The pairs of the top items, best first: by blend, then count, then items. Confidence, lift and the like of a bundle are
/// methods of [`Pair`].
pub fn pairs(baskets: Baskets, top: &Top) -> Vec<Pair> {
    let company = Company::of(baskets, top);
    let cosines = company.cosines();
    let least = if baskets.of_several() < FEW_ORDERS { 1 } else { COUNT };
    let mut pairs = Vec::new();
    for one in 0..company.number {
        for other in one + 1..company.number {
            let together = company.together(one, other);
            if together == 0 {
                continue;
            }
            let cosine = cosines[one * company.number + other];
            let is_turned = company.of_item[other] < company.of_item[one];
            let (trigger, rest) = if is_turned { (other, one) } else { (one, other) };
            pairs.push(Pair {
                items: [top.items()[trigger], top.items()[rest]],
                together,
                of_trigger: company.of_item[trigger],
                cosine,
                lift: company.lift(one, other),
                blend: 0.6 * cosine + 0.4 * f64::from(together.min(FULL_COUNT)) / f64::from(FULL_COUNT),
                is_kept: cosine >= COSINE || together >= least,
            });
        }
    }
    sort(&mut pairs, |pair| pair.blend);
    pairs
}

/// The pairs that were not kept, most frequent first: what fills up a quick start that has too few.
pub fn scarce(pairs: &[Pair]) -> Vec<Pair> {
    let mut left: Vec<Pair> = pairs.iter().filter(|pair| !pair.is_kept).copied().collect();
    sort(&mut left, |pair| f64::from(pair.together));
    left
}

fn sort(pairs: &mut [Pair], by: impl Fn(&Pair) -> f64) {
    let sorted_items = |pair: &Pair| (pair.items[0].min(pair.items[1]), pair.items[0].max(pair.items[1]));
    pairs.sort_by(|one, other| {
        by(other)
            .total_cmp(&by(one))
            .then(other.together.cmp(&one.together))
            .then_with(|| sorted_items(one).cmp(&sorted_items(other)))
    });
}

impl Pair {
    /// The confidence of its bundle (D09).
    pub fn confidence(&self) -> f64 {
        (0.5 + f64::from(self.together) / 100.0).min(0.95)
    }

    /// The confidence of its bundle where it only fills up.
    pub fn scarce_confidence(&self) -> f64 {
        (0.25 + 0.2 * f64::from(self.together.min(FULL_COUNT)) / f64::from(FULL_COUNT)).min(0.9)
    }

    /// The lift that is announced.
    pub fn predicted_lift(&self) -> f64 {
        1.0 + 0.5 * self.cosine
    }

    /// The share of `orders` that hold both.
    pub fn support(&self, orders: usize) -> f64 {
        f64::from(self.together) / orders.max(1) as f64
    }
}

/// How much an item is worth in a quick start; the ranking score of a pair is the mean of its two (D10).
pub fn item_score(flags: ItemFlags) -> f64 {
    0.5 + 0.3 * f64::from(u8::from(flags.is_slow_mover)) + 0.2 * f64::from(u8::from(flags.is_high_margin))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::top::top, *};
    use crate::bundles::baskets::testing::Orders;

    /// 24 orders of four items: the counts of the spec's small shop.
    fn main_shop() -> Orders {
        let pairs = [(vec![0, 1], 8), (vec![0, 2], 5), (vec![1, 3], 4), (vec![2, 3], 3)];
        let singles = (0..4).map(|item| (vec![item], 1));
        let orders = pairs.into_iter().chain(singles);
        Orders::of(&orders.flat_map(|(order, times)| vec![order; times]).collect::<Vec<_>>())
    }

    #[test]
    fn golden_pairs_of_the_small_shop() {
        let orders = main_shop();
        let top = top(&[14, 13, 9, 8], 50);
        let found = pairs(orders.baskets(), &top);
        let shown: Vec<_> = found.iter().map(|pair| (pair.items.map(|item| item.0), pair.together)).collect();
        assert_eq!(shown, [([1, 0], 8), ([2, 0], 5), ([3, 1], 4), ([3, 2], 3)]);
        for (pair, (blend, confidence)) in found.iter().zip([(0.32, 0.58), (0.20, 0.55), (0.16, 0.54), (0.12, 0.53)]) {
            assert!((pair.blend - blend).abs() < 1e-12 && (pair.confidence() - confidence).abs() < 1e-12, "{pair:?}");
            assert!(pair.is_kept && pair.cosine == 0.0 && pair.predicted_lift() == 1.0);
        }
        assert!((found[0].support(24) - 8.0 / 24.0).abs() < 1e-12);
    }

    #[test]
    fn one_order_in_common_is_enough_where_there_are_few_orders() {
        let few = Orders::of(&[vec![0, 1], vec![2, 3]]);
        assert!(pairs(few.baskets(), &top(&[1; 4], 50)).iter().all(|pair| pair.is_kept));
        let more = Orders::of(&[vec![0, 1], vec![2, 3], vec![4, 5], vec![6, 7], vec![8, 9], vec![0, 1]]);
        let found = pairs(more.baskets(), &top(&[1; 10], 50));
        assert_eq!(found.iter().filter(|pair| pair.is_kept).count(), 1);
        let left = scarce(&found);
        assert_eq!(left.len(), 4);
        assert!((left[0].scarce_confidence() - 0.27).abs() < 1e-12);
    }

    #[test]
    fn the_top_items_are_those_of_most_pieces() {
        assert_eq!(top(&[3, 0, 5, 3, 9], 3).items(), [Item(0), Item(2), Item(4)]);
        assert_eq!(top(&[3, 0], 3).place(Item(1)), None);
        let flags = ItemFlags { is_slow_mover: true, is_high_margin: true, ..ItemFlags::default() };
        assert_eq!((item_score(flags), item_score(ItemFlags::default())), (1.0, 0.5));
    }

    proptest! {
        #[test]
        fn counts_and_cosines_are_those_of_an_obvious_count(
            orders in prop::collection::vec(prop::collection::vec(0u32..7, 1..5), 0..40),
        ) {
            let owned = Orders::of(&orders);
            let found = pairs(owned.baskets(), &top(&[1; 7], 50));
            let holding = |items: &[u32]| {
                orders.iter().filter(|order| items.iter().all(|item| order.contains(item))).count() as f64
            };
            let weight = |a: u32, b: u32| {
                let both = if a == b { 0.0 } else { holding(&[a, b]) };
                if both > 0.0 { both * orders.len() as f64 / (holding(&[a]) * holding(&[b])) } else { 0.0 }
            };
            for pair in &found {
                let [a, b] = pair.items.map(|item| item.0);
                prop_assert_eq!(f64::from(pair.together), holding(&[a, b]));
                prop_assert!(pair.of_trigger as f64 == holding(&[a]) && holding(&[a]) <= holding(&[b]));
                let dot = |x: u32, y: u32| (0..7).map(|c| weight(x, c) * weight(y, c)).sum::<f64>();
                let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
                prop_assert!((pair.cosine - cosine).abs() < 1e-9);
                prop_assert!((pair.lift - weight(a, b)).abs() < 1e-9);
            }
        }
    }
}
