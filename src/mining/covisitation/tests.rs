//! Co-visitation against an obvious reference, and the figures of a small shop that are known.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Bounded, Candidates, CoOrders, Similar, SimilarItems, Vectors, Weight};

const SIMILAR: Similar = Similar {
    most: 100,
    candidates: Candidates::Together,
    max_hub: usize::MAX,
    cosine_share: 0.6,
    full_orders: 10,
    min_cosine: 0.1,
    min_orders: 2,
};

fn co_orders(orders: &[Vec<u32>], max_basket: usize, weight: Option<&(dyn Fn(usize) -> f32 + Sync)>) -> CoOrders {
    let mut offsets = vec![0];
    offsets.extend(orders.iter().scan(0, |end, order| {
        *end += order.len() as u32;
        Some(*end)
    }));
    CoOrders::new(offsets, orders.concat(), item_count(orders), max_basket, weight)
}

fn item_count(orders: &[Vec<u32>]) -> usize {
    orders.iter().flatten().max().map_or(0, |item| *item as usize + 1)
}

/// Neighbour, orders together, weight.
type Plain = BTreeMap<u32, Vec<(u32, u32, f64)>>;

fn plain(vectors: &Vectors) -> Plain {
    (0..vectors.lengths.len() as u32)
        .map(|item| {
            let range = vectors.offsets[item as usize]..vectors.offsets[item as usize + 1];
            let row = |at: usize| (vectors.neighbours[at], vectors.together[at], vectors.weights[at]);
            (item, range.map(row).collect())
        })
        .collect()
}

fn reference(orders: &[Vec<u32>], shares: &[f64], weight: Weight, most: usize) -> Plain {
    let items = 0..item_count(orders) as u32;
    let both = |a: u32, b: u32| {
        orders
            .iter()
            .zip(shares)
            .filter(move |(order, _)| order.contains(&a) && order.contains(&b))
            .map(|(_, share)| *share)
    };
    let all: f64 = shares.iter().sum();
    let row = |a: u32| {
        let mut row: Vec<(u32, u32, f64)> = Vec::new();
        for b in items.clone().filter(|b| *b != a && both(a, *b).count() > 0) {
            let together: f64 = both(a, b).sum();
            let lift = together * all / (both(a, a).sum::<f64>() * both(b, b).sum::<f64>());
            let weight = match weight {
                Weight::Raw => together,
                Weight::Lift => lift,
                Weight::Pmi => lift.max(0.001).ln(),
            };
            row.push((b, both(a, b).count() as u32, weight));
        }
        row.sort_by(|one, other| other.2.total_cmp(&one.2).then(one.0.cmp(&other.0)));
        row.truncate(most);
        row
    };
    items.clone().map(|a| (a, row(a))).collect()
}

fn reference_cosine(vectors: &Plain, a: u32, b: u32) -> f64 {
    let length = |item: u32| vectors[&item].iter().map(|(_, _, weight)| weight * weight).sum::<f64>().sqrt();
    let weights: BTreeMap<u32, f64> = vectors[&b].iter().map(|(item, _, weight)| (*item, *weight)).collect();
    let product: f64 = vectors[&a].iter().filter_map(|(item, _, weight)| Some(weight * weights.get(item)?)).sum();
    let lengths = length(a) * length(b);
    if lengths > 0.0 { product / lengths } else { 0.0 }
}

fn orders() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let order = proptest::collection::btree_set(0_u32..12, 2..12).prop_map(|items| items.into_iter().collect());
    proptest::collection::vec(order, 0..40)
}

fn weights() -> impl Strategy<Value = Weight> {
    prop_oneof![Just(Weight::Raw), Just(Weight::Lift), Just(Weight::Pmi)]
}

proptest! {
    #[test]
    fn vectors_equal_a_brute_force(orders in orders(), weight in weights(), most in 1_usize..14) {
        let vectors = Vectors::build(&co_orders(&orders, 100, None), weight, most);
        let expected = reference(&orders, &vec![1.0; orders.len()], weight, most);
        prop_assert_eq!(plain(&vectors), expected);
        let pairs: BTreeSet<(u32, u32)> =
            orders.iter().flat_map(|order| order.iter().flat_map(|a| order.iter().map(|b| (*a, *b)))).collect();
        prop_assert_eq!(vectors.pairs, pairs.iter().filter(|(a, b)| a < b).count() as u64);
    }

    #[test]
    fn orders_of_different_weights_equal_a_brute_force(orders in orders(), weight in weights()) {
        // Halves are exact in 32 bits, and so are their sums.
        let share = |order: usize| [1.0, 0.5, 0.25][order % 3];
        let shares: Vec<f64> = (0..orders.len()).map(|order| f64::from(share(order))).collect();
        let vectors = Vectors::build(&co_orders(&orders, 100, Some(&share)), weight, 100);
        prop_assert_eq!(plain(&vectors), reference(&orders, &shares, weight, 100));
    }

    #[test]
    fn similar_items_equal_a_brute_force(orders in orders(), weight in weights(), shared in any::<bool>(), most in 1_usize..14) {
        let co_orders = co_orders(&orders, 100, None);
        let vectors = Vectors::build(&co_orders, weight, 5);
        let candidates = if shared { Candidates::Shared } else { Candidates::Together };
        let similar = Similar { most, candidates, ..SIMILAR }.find(&co_orders, &vectors, &vec![true; co_orders.item_count()], None);
        let vectors = plain(&vectors);
        for (a, found) in (0..).zip(rows(&similar)) {
            let mut expected: Vec<(u32, u32, f64, f64)> = Vec::new();
            for b in (0..item_count(&orders) as u32).filter(|b| *b != a) {
                let together = orders.iter().filter(|order| order.contains(&a) && order.contains(&b)).count() as u32;
                let cosine = reference_cosine(&vectors, a, b);
                let score = 0.6 * cosine + 0.4 * (f64::from(together) / 10.0).min(1.0);
                if (together > 0 || shared) && (cosine >= 0.1 || together >= 2) {
                    expected.push((b, together, cosine, score));
                }
            }
            expected.sort_by(|one, other| other.3.total_cmp(&one.3).then(one.0.cmp(&other.0)));
            expected.truncate(most);
            prop_assert_eq!(found.len(), expected.len());
            for (one, other) in found.iter().zip(&expected) {
                // Sums in another order may differ in the last digit, and so may the order of equal scores.
                prop_assert!((one.3 - other.3).abs() < 1e-12, "{one:?} {other:?}");
                let b = one.0;
                prop_assert!((one.2 - reference_cosine(&vectors, a, b)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn large_orders_keep_their_most_bought_items(orders in orders(), max_basket in 2_usize..5) {
        let bounded = co_orders(&orders, max_basket, None);
        let bought = |item: u32| orders.iter().filter(|order| order.contains(&item)).count();
        let kept = |order: &Vec<u32>| {
            let mut order = order.clone();
            order.sort_by_key(|item| (std::cmp::Reverse(bought(*item)), *item));
            order.truncate(max_basket);
            order.sort_unstable();
            order
        };
        let small: Vec<Vec<u32>> = orders.iter().map(kept).collect();
        let found = plain(&Vectors::build(&bounded, Weight::Lift, 100));
        let mut expected = reference(&small, &vec![1.0; orders.len()], Weight::Lift, 100);
        for item in 0..item_count(&orders) as u32 {
            expected.entry(item).or_default();
        }
        prop_assert_eq!(found, expected);
        let left_out = orders.concat().len() - small.concat().len();
        let large = orders.iter().filter(|order| order.len() > max_basket).count();
        prop_assert_eq!((bounded.bounded.orders, bounded.bounded.items), (large as u64, left_out as u64));
    }
}

fn rows(similar: &SimilarItems) -> Vec<Vec<(u32, u32, f64, f64)>> {
    let row = |at: usize| (similar.items[at], similar.together[at], similar.cosines[at], similar.scores[at]);
    similar.offsets.windows(2).map(|ends| (ends[0]..ends[1]).map(row).collect()).collect()
}

#[test]
fn pairs_without_a_common_neighbour_have_no_cosine_and_are_scored_by_their_orders() {
    let [a, b, c, d] = [0, 1, 2, 3];
    let orders: Vec<Vec<u32>> = [(8, [a, b]), (3, [c, d]), (5, [a, c]), (4, [b, d])]
        .iter()
        .flat_map(|(times, pair)| std::iter::repeat_n(pair.to_vec(), *times))
        .collect();
    let co_orders = co_orders(&orders, 100, None);
    for weight in [Weight::Raw, Weight::Lift] {
        let vectors = Vectors::build(&co_orders, weight, 50);
        let similar = rows(&SIMILAR.find(&co_orders, &vectors, &vec![true; co_orders.item_count()], None));
        let of = |one: u32, other: u32| *similar[one as usize].iter().find(|row| row.0 == other).unwrap();
        for (one, other, together, score) in [(a, b, 8, 0.32), (a, c, 5, 0.2), (b, d, 4, 0.16), (c, d, 3, 0.12)] {
            for (one, other) in [(one, other), (other, one)] {
                let (_, found, cosine, blend) = of(one, other);
                assert_eq!((found, cosine), (together, 0.0));
                assert!((blend - score).abs() < 1e-12, "{blend} for {score}");
            }
        }
        assert_eq!(similar.iter().map(Vec::len).sum::<usize>(), 8);
    }
}

#[test]
fn an_order_of_five_thousand_items_is_bounded_and_said_so() {
    let orders = vec![(0..5_000).collect::<Vec<u32>>(), vec![7, 8], vec![7, 9]];
    let bounded = co_orders(&orders, 100, None);
    let pairs = 5_000 * 4_999 / 2 - 100 * 99 / 2;
    assert_eq!(bounded.bounded, Bounded { orders: 1, items: 4_900, pairs, largest: 5_000 });
    let vectors = Vectors::build(&bounded, Weight::Raw, 50);
    assert_eq!(vectors.pairs, 100 * 99 / 2);
    assert_eq!(vectors.vector(7).next(), Some((8, 2.0)), "the most bought are among those kept");
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    // So many lines that the orders are inverted in pieces.
    let order = |n: u32| [n % 97, 97 + n % 89 * (n % 3), 290 + n % 7 * (n % 11)].into_iter().chain(400..400 + n % 9);
    let orders: Vec<Vec<u32>> = (0..40_000).map(|n| order(n).collect::<BTreeSet<_>>().into_iter().collect()).collect();
    let share = |order: usize| 1.0 / (1.0 + order as f32);
    let with = |threads, weight: Option<&(dyn Fn(usize) -> f32 + Sync)>| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let co_orders = co_orders(&orders, 100, weight);
            let vectors = Vectors::build(&co_orders, Weight::Lift, 20);
            let similar = Similar { candidates: Candidates::Shared, ..SIMILAR }.find(
                &co_orders,
                &vectors,
                &vec![true; co_orders.item_count()],
                None,
            );
            (vectors, similar)
        })
    };
    assert!(with(1, None) == with(3, None));
    assert!(with(1, Some(&share)) == with(3, Some(&share)));
}
