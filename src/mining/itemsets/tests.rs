//! Every target against a brute force.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

impl Search {
    /// The itemsets, without limits.
    pub fn list(&self, transactions: Transactions<'_>) -> Itemsets {
        self.list_within(transactions, Limits::default()).unwrap()
    }

    /// Their number.
    pub fn count(&self, transactions: Transactions<'_>) -> u64 {
        self.count_within(transactions, Limits::default()).unwrap()
    }
}

type Sets = BTreeMap<Vec<u32>, u32>;

fn flat(rows: &[Vec<u32>]) -> (Vec<u32>, Vec<u32>) {
    let ends = rows.iter().scan(0, |end, row| {
        *end += row.len() as u32;
        Some(*end)
    });
    (std::iter::once(0).chain(ends).collect(), rows.concat())
}

fn found(rows: &[Vec<u32>], search: Search) -> Sets {
    let (offsets, items) = flat(rows);
    let transactions = Transactions { offsets: &offsets, items: &items };
    let listed = search.list(transactions);
    assert_eq!(listed.counts.len() as u64, search.count(transactions));
    let sets: Vec<_> = listed.iter().collect();
    let by_items: Sets = sets
        .iter()
        .map(|(items, count)| {
            let mut items = items.to_vec();
            items.sort_unstable();
            (items, *count)
        })
        .collect();
    assert_eq!(by_items.len(), sets.len(), "a set is listed once");
    by_items
}

/// Every subset of the items 0..10, counted one by one.
fn brute_force(rows: &[Vec<u32>], search: Search) -> Sets {
    let masks: Vec<u32> = rows.iter().map(|row| row.iter().fold(0, |mask, item| mask | 1 << item)).collect();
    let count = |set: u32| masks.iter().filter(|mask| *mask & set == set).count() as u32;
    let counts: Vec<u32> = (0..1_u32 << 10).map(count).collect();
    let wanted = |set: &u32| {
        let own = counts[*set as usize];
        let mut longer = (0..10).filter(|item| set & (1 << item) == 0).map(|item| counts[(set | 1 << item) as usize]);
        own >= search.min_count.max(1)
            && set.count_ones() as usize <= search.max_size.unwrap_or(usize::MAX)
            && match search.target {
                Target::All => true,
                Target::Closed => longer.all(|count| count < own),
                Target::Maximal => longer.all(|count| count < search.min_count.max(1)),
            }
    };
    let items = |set: u32| (0..10).filter(|item| set & (1 << item) != 0).collect();
    (1..1_u32 << 10).filter(wanted).map(|set| (items(set), counts[set as usize])).collect()
}

const TARGETS: [Target; 3] = [Target::All, Target::Closed, Target::Maximal];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_target_equals_a_brute_force(
        rows in prop::collection::vec(prop::collection::vec(0_u32..10, 0..12), 0..40),
        min_count in 0_u32..8,
        max_size in prop::option::of(0_usize..6),
    ) {
        for target in TARGETS {
            let search = Search { target, min_count, max_size };
            prop_assert_eq!(found(&rows, search), brute_force(&rows, search), "{:?}", search);
        }
    }

    #[test]
    fn dense_transactions_equal_a_brute_force(
        rows in prop::collection::vec(0_u32..1 << 10, 1..30),
        min_count in 1_u32..6,
    ) {
        let rows: Vec<Vec<u32>> =
            rows.iter().map(|mask| (0..10).filter(|item| (mask | 0x2B1) & (1 << item) != 0).collect()).collect();
        for target in TARGETS {
            let search = Search { target, min_count, max_size: None };
            prop_assert_eq!(found(&rows, search), brute_force(&rows, search), "{:?}", search);
        }
    }
}

/// Rows that have much in common, and rows of which items of the end go with those of the beginning.
fn dense_and_sparse() -> [Vec<Vec<u32>>; 2] {
    let dense = |t: u32| (0..14).filter(|i| (t * 7 + i * i) % (i + 2) < 2).collect();
    let sparse = |t: u32| vec![t % 7, 7 + t % 11, 18 + t * t % 13, 31 + t % 7, 38 + t % 5 * (t % 3)];
    [(0..200).map(dense).collect(), (0..600).map(sparse).collect()]
}

#[test]
fn the_order_does_not_depend_on_the_number_of_threads() {
    for rows in dense_and_sparse() {
        let (offsets, items) = flat(&rows);
        let transactions = Transactions { offsets: &offsets, items: &items };
        for (target, max_size) in TARGETS.into_iter().zip([None, None, Some(3)]) {
            let search = Search { target, min_count: 5, max_size };
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| (search.list(transactions), search.count(transactions)))
            };
            assert_eq!(with(1), with(3));
        }
    }
}

#[test]
fn a_long_transaction_is_counted_without_making_its_subsets() {
    let rows = vec![(0..60).collect::<Vec<u32>>(); 3];
    let (offsets, items) = flat(&rows);
    let transactions = Transactions { offsets: &offsets, items: &items };
    let all = Search { target: Target::All, min_count: 3, max_size: None };
    assert_eq!(all.count(transactions), (1 << 60) - 1);
    assert_eq!(Search { max_size: Some(2), ..all }.count(transactions), 60 + 60 * 59 / 2);
    assert_eq!(Search { target: Target::Closed, ..all }.count(transactions), 1);
    assert_eq!(Search { target: Target::Maximal, ..all }.count(transactions), 1);
}

#[test]
fn a_search_ends_at_its_limit_whatever_the_number_of_threads() {
    for rows in dense_and_sparse() {
        let (offsets, items) = flat(&rows);
        let transactions = Transactions { offsets: &offsets, items: &items };
        for target in TARGETS {
            let search = Search { target, min_count: 2, max_size: None };
            let whole = search.list(transactions);
            let sets = whole.counts.len() as u64;
            let bytes = 12 * sets + 4 * whole.items.len() as u64;
            let with = |threads, max_sets, max_bytes| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| search.list_within(transactions, Limits { max_sets, max_bytes, cancelled: None }))
            };
            for threads in [1, 3] {
                assert_eq!(with(threads, Some(sets), Some(bytes)), Ok(whole.clone()));
                assert_eq!(with(threads, Some(sets - 1), None), Err(Stopped::TooManySets(sets - 1)));
                assert_eq!(with(threads, None, Some(bytes - 1)), Err(Stopped::TooManyBytes(bytes - 1)));
            }
        }
    }
}

#[test]
fn a_list_of_a_long_transaction_ends_before_memory_does() {
    let (offsets, items) = flat(&vec![(0..60).collect::<Vec<u32>>(); 3]);
    let transactions = Transactions { offsets: &offsets, items: &items };
    let search = Search { target: Target::All, min_count: 3, max_size: None };
    let most = Limits { max_sets: Some(1_000_000), ..Limits::default() };
    assert_eq!(search.list_within(transactions, most), Err(Stopped::TooManySets(1_000_000)));
    let small = Limits { max_bytes: Some(1 << 20), ..Limits::default() };
    assert_eq!(search.list_within(transactions, small), Err(Stopped::TooManyBytes(1 << 20)));
}

#[test]
fn a_cancelled_search_says_so() {
    let cancelled = std::sync::atomic::AtomicBool::new(true);
    let limits = Limits { cancelled: Some(&cancelled), ..Limits::default() };
    let transactions = Transactions { offsets: &[0, 2, 4], items: &[1, 2, 1, 2] };
    for target in TARGETS {
        let search = Search { target, min_count: 1, max_size: None };
        assert_eq!(search.list_within(transactions, limits), Err(Stopped::Cancelled));
        assert_eq!(search.count_within(transactions, limits), Err(Stopped::Cancelled));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// More items than a lattice takes, so that rows, trees and lattices follow upon each other.
    #[test]
    fn rows_trees_and_lattices_agree_with_counting_one_by_one(
        rows in prop::collection::vec(prop::collection::btree_set(0_u32..40, 0..16), 1..60),
        share in 1_u32..30,
        max_size in prop::option::of(1_usize..5),
    ) {
        let rows: Vec<Vec<u32>> = rows.into_iter().map(|row| row.into_iter().collect()).collect();
        let min_count = (rows.len() as u32 * share).div_ceil(100).max(2);
        let all = found(&rows, Search { target: Target::All, min_count, max_size });
        for (items, count) in &all {
            let holders = rows.iter().filter(|row| items.iter().all(|item| row.contains(item))).count();
            prop_assert_eq!(holders as u32, *count);
        }
        prop_assert_eq!(all, level_by_level(&rows, min_count, max_size.unwrap_or(usize::MAX)));
    }
}

/// Apriori: each frequent set with one more item, larger than its own.
fn level_by_level(rows: &[Vec<u32>], min_count: u32, max_size: usize) -> Sets {
    let mut all = Sets::new();
    let mut level = vec![Vec::new()];
    for _ in 0..max_size {
        let mut next = Vec::new();
        for set in &level {
            for item in set.last().map_or(0, |last| last + 1)..40 {
                let longer: Vec<u32> = set.iter().copied().chain([item]).collect();
                let count = rows.iter().filter(|row| longer.iter().all(|item| row.contains(item))).count() as u32;
                if count >= min_count {
                    all.insert(longer.clone(), count);
                    next.push(longer);
                }
            }
        }
        level = next;
        if level.is_empty() {
            break;
        }
    }
    all
}

#[test]
fn nothing_in_is_nothing_out() {
    for target in TARGETS {
        let search = Search { target, min_count: 1, max_size: None };
        assert_eq!(search.list(Transactions { offsets: &[], items: &[] }), Itemsets::default());
        assert_eq!(found(&[vec![], vec![]], search), Sets::new());
    }
}
