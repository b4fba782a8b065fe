//! What is learnt, against obvious references, and on shops whose truth is known.

use proptest::prelude::*;

use super::{
    super::itemsets::Transactions, Counted, Figures, Gram, Learned, Learning, Model, Orders, Pairs, Questions, UNKNOWN,
    best, linear,
};

const LEARNING: Learning = Learning {
    companions: 32,
    length_exponent: 1.0,
    most_orders: 100_000,
    most_questions: 2_000,
    max_basket: 100,
    cut_off: 10,
    listed: 20,
};

/// Orders as flat slices.
struct Flat {
    offsets: Vec<u32>,
    items: Vec<u32>,
}

impl Flat {
    fn of(orders: &[Vec<u32>]) -> Self {
        let mut offsets = vec![0];
        offsets.extend(orders.iter().scan(0, |end, order| {
            *end += order.len() as u32;
            Some(*end)
        }));
        Self { offsets, items: orders.concat() }
    }

    fn all(&self) -> Transactions<'_> {
        Transactions { offsets: &self.offsets, items: &self.items }
    }

    fn numbers(&self) -> Vec<u32> {
        (0..self.offsets.len() as u32 - 1).collect()
    }

    fn learn(&self, item_count: usize) -> Learned {
        LEARNING.learn(self.all(), &self.numbers(), item_count, &|_| 1.0)
    }
}

const ITEMS: usize = 12;

fn orders() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let order =
        proptest::collection::btree_set(0_u32..ITEMS as u32, 2..8).prop_map(|items| items.into_iter().collect());
    proptest::collection::vec(order, 1..40)
}

/// What orders weigh in the tests: exact in 32 bits, and so are their sums.
fn share(order: usize) -> f32 {
    [1.0, 0.5, 0.25][order % 3]
}

fn gram(orders: &[Vec<u32>], most: usize) -> Gram {
    let flat = Flat::of(orders);
    Gram::count(Orders::of(flat.all(), &flat.numbers(), |order, _| share(order)), ITEMS, 100, most)
}

fn weight_of(orders: &[Vec<u32>], items: &[u32]) -> f64 {
    let holding = orders.iter().enumerate().filter(|(_, order)| items.iter().all(|item| order.contains(item)));
    holding.map(|(number, _)| f64::from(share(number))).sum()
}

fn weight(pairs: &Pairs, item: u32, other: u32) -> f64 {
    pairs.each(item).find(|(found, _)| *found == other).map_or(0.0, |(_, weight)| f64::from(weight))
}

/// Gauss's elimination with pivots.
fn reference_solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let size = rows.len();
    for column in 0..size {
        let pivot = (column..size).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs())).unwrap();
        rows.swap(column, pivot);
        for row in (0..size).filter(|row| *row != column) {
            let factor = rows[row][column] / rows[column][column];
            let subtracted: Vec<f64> = rows[column].iter().map(|value| value * factor).collect();
            rows[row].iter_mut().zip(subtracted).for_each(|(to, value)| *to -= value);
        }
    }
    (0..size).map(|row| rows[row][size] / rows[row][row]).collect()
}

proptest! {
    #[test]
    fn counts_of_pairs_equal_a_brute_force(orders in orders()) {
        let gram = gram(&orders, usize::MAX);
        for a in 0..ITEMS as u32 {
            prop_assert_eq!(gram.own(a), weight_of(&orders, &[a]));
            for b in (0..ITEMS as u32).filter(|b| *b != a) {
                prop_assert_eq!(f64::from(gram.together(a, b)), weight_of(&orders, &[a, b]));
            }
        }
    }

    #[test]
    fn rows_that_are_cut_keep_the_heaviest_and_find_what_either_side_kept(orders in orders(), most in 1_usize..6) {
        let (cut, whole) = (gram(&orders, most), gram(&orders, usize::MAX));
        for a in 0..ITEMS as u32 {
            prop_assert!(cut.pairs.row(a).0.len() <= most);
            for (b, weight) in cut.pairs.each(a) {
                prop_assert_eq!((cut.together(a, b), cut.together(b, a)), (weight, weight));
                prop_assert_eq!(whole.together(a, b), weight);
            }
        }
    }

    #[test]
    fn weights_of_the_linear_measure_solve_its_equations(orders in orders(), strength in 0.5_f64..20.0) {
        let gram = gram(&orders, usize::MAX);
        let all: Vec<u32> = (0..ITEMS as u32).filter(|item| gram.own(*item) > 0.0).collect();
        let [few] = &linear::of_few(&gram, ITEMS, &[strength])[..] else { panic!("one strength") };
        let whole = linear::of_all(&gram, &all, strength);
        for target in &all {
            let others = all.iter().copied().filter(|a| a != target);
            let met = others.clone().filter(|a| gram.together(*a, *target) > 0.0);
            let cases = [(few, met.collect::<Vec<u32>>()), (&whole, others.collect())];
            for (pairs, companions) in cases {
                let row = |a: &u32| {
                    let with = companions.iter().map(|b| {
                        let together = weight_of(&orders, &[*a, *b]);
                        if a == b { together + strength * together.sqrt() } else { together }
                    });
                    with.chain([weight_of(&orders, &[*a, *target])]).collect()
                };
                let expected = reference_solve(companions.iter().map(row).collect());
                for (a, expected) in companions.iter().zip(expected) {
                    let found = weight(pairs, *a, *target);
                    let is_left_out = found == 0.0 && expected.abs() < 2.01e-3;
                    let is_near = (found - expected).abs() < 1e-4;
                    prop_assert!(is_near || is_left_out, "{a} → {target}: {found}, not {expected}");
                }
            }
        }
    }

    #[test]
    fn counted_measures_are_what_their_formula_says(orders in orders(), answer in 0.0_f64..1.0) {
        let gram = gram(&orders, usize::MAX);
        let pairs = Counted { basket: 1.0, answer, shrink: 1.0 }.weigh(&gram, usize::MAX);
        for a in 0..ITEMS as u32 {
            for b in (0..ITEMS as u32).filter(|b| *b != a) {
                let own = |item| weight_of(&orders, &[item]) + 1.0;
                let expected = weight_of(&orders, &[a, b]) / (own(a) * own(b).powf(answer));
                prop_assert!((weight(&pairs, a, b) - expected).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_question_hides_one_item_of_a_basket_and_asks_with_the_others(orders in orders(), most in 1_usize..5) {
        let flat = Flat::of(&orders);
        let questions = Questions::of(flat.all(), &flat.numbers(), most);
        let expected: usize = orders.iter().map(|order| most.min(order.len())).sum();
        prop_assert_eq!(questions.len(), expected);
        let mut next = 0;
        for order in &orders {
            let mut hidden = Vec::new();
            for _ in 0..most.min(order.len()) {
                let (basket, item) = questions.get(next);
                let others: Vec<u32> = order.iter().copied().filter(|other| *other != item).collect();
                prop_assert_eq!(basket, &others[..]);
                prop_assert!(order.contains(&item) && !hidden.contains(&item));
                hidden.push(item);
                next += 1;
            }
        }
    }

    #[test]
    fn the_best_are_the_first_of_all_sorted(scores in proptest::collection::vec(-3_i32..4, 0..30), count in 1_usize..12) {
        let scores: Vec<f64> =
            scores.into_iter().map(|score| if score == -3 { f64::NEG_INFINITY } else { f64::from(score) }).collect();
        let mut expected: Vec<(u32, f64)> = (0..).zip(scores.iter().copied()).filter(|(_, score)| score.is_finite()).collect();
        expected.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
        expected.truncate(count);
        prop_assert_eq!(best(&scores, count), expected);
    }
}

/// Orders of a pair of partners each, `2n` and `2n + 1`, and half the time of the item that everybody buys.
fn partners(orders: u32) -> Vec<Vec<u32>> {
    let mut dice = 12_345_u32;
    let mut roll = |sides: u32| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 16) % sides
    };
    let order = |_| {
        let pair = roll(40);
        let mut order = vec![2 * pair, 2 * pair + 1];
        order.extend((roll(2) == 0).then_some(80));
        order
    };
    (0..orders).map(order).collect()
}

#[test]
fn partners_are_found_where_the_most_popular_items_say_little() {
    let orders = partners(2_000);
    let flat = Flat::of(&orders);
    let learned = flat.learn(81);
    let quality = &learned.quality;
    assert!(quality.is_chosen && quality.learnt == 2_000, "{quality:?}");
    assert!((200..=300).contains(&quality.model.questions), "of every second of 200 held-out orders, all items");
    let rate = |figures: &Figures| figures.hit_rate().unwrap();
    assert!(rate(&quality.model) > 0.99 && rate(&quality.listed) > 0.99, "{quality:?}");
    assert!(rate(&quality.popular) < 0.5, "{quality:?}");
    let mut scores = vec![0.0; 81];
    learned.model.score(&[6], &mut scores);
    assert_eq!(best(&scores, 1)[0].0, 7);
    learned.model.score(&[6, 7], &mut scores);
    assert_eq!(best(&scores, 1)[0].0, 80, "whose partner is in the basket already needs none");
}

#[test]
fn a_shop_of_few_orders_has_the_usual_measure_and_says_so() {
    let orders = partners(12);
    let learned = Flat::of(&orders).learn(81);
    assert!(!learned.quality.is_chosen && learned.quality.measure == "linear", "{:?}", learned.quality);
    assert_eq!(learned.quality.model.questions, 0, "one order is held out, and it would be chosen by");
    let mut scores = vec![0.0; 81];
    learned.model.score(&orders[0][..1], &mut scores);
    let best: Vec<u32> = best(&scores, 2).into_iter().map(|(item, _)| item).collect();
    assert!(best.contains(&orders[0][1]), "{best:?}: what was seen once is beside the most popular");
    for nothing in [Flat::of(&[]), Flat::of(&[vec![0, 1]])] {
        let learned = nothing.learn(2);
        assert_eq!(learned.quality.model.hit_rate(), None);
        assert_eq!(learned.model.popular.len(), 2);
    }
}

#[test]
fn only_the_newest_orders_are_learnt_from_and_old_ones_fade() {
    let mut orders = vec![vec![0, 1]; 30];
    orders.extend(vec![vec![0, 2]; 30]);
    let flat = Flat::of(&orders);
    let learn = |most_orders: usize, fade: &(dyn Fn(usize) -> f32 + Sync)| {
        Learning { most_orders, ..LEARNING }.learn(flat.all(), &flat.numbers(), 3, fade).model
    };
    let scores = |model: &Model| {
        let mut scores = vec![0.0; 3];
        model.score(&[0], &mut scores);
        (scores[1], scores[2])
    };
    let (old, new) = scores(&learn(30, &|_| 1.0));
    assert!(old == 0.0 && new > 0.5, "{old} {new}");
    let (old, new) = scores(&learn(60, &|order| if order < 30 { 0.1 } else { 1.0 }));
    assert!(old > 0.0 && new > 2.0 * old, "{old} {new}");
}

#[test]
fn what_is_learnt_does_not_depend_on_the_number_of_threads() {
    let orders: Vec<Vec<u32>> =
        (0..3_000_u32).map(|n| vec![n % 89, 89 + n % 97, 190 + n * n % 61, 260 + n % 7]).collect();
    let flat = Flat::of(&orders);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| flat.learn(270))
    };
    let (one, three) = (with(1), with(3));
    assert_eq!(one.model, three.model);
    assert_eq!(one.quality, three.quality);
}

#[test]
fn figures_are_the_means_of_places() {
    let mut figures = Figures::default();
    assert_eq!((figures.hit_rate(), figures.ndcg(), figures.mrr()), (None, None, None));
    for place in [Some(1), Some(3), None, None] {
        figures.add(place);
    }
    assert_eq!(figures.hit_rate(), Some(0.5));
    assert_eq!(figures.mrr(), Some((1.0 + 1.0 / 3.0) / 4.0));
    assert_eq!(figures.ndcg(), Some((1.0 + 0.5) / 4.0));
    assert_eq!(Questions::default().get(0), (&[][..], UNKNOWN));
}
