//! The search against a comparison of every pair.

use proptest::prelude::*;

use super::*;
use crate::linking::similarity::{fold_title, similarity};

/// A row of either side: block, title, price in cents, product id.
type Row = (u32, String, i64, i64);

const SIDES: [Measure; 6] = [
    Measure::RatcliffObershelp,
    Measure::Difflib,
    Measure::Indel,
    Measure::JaroWinkler,
    Measure::DamerauLevenshtein,
    Measure::SorensenDice,
];

fn search(candidates: &[Row], queries: &[Row], settings: &Settings, unit: f64) -> Outcome {
    search_within(candidates, queries, &[], settings, unit, Limits::default())
}

/// Every window counts as crowded, and no near miss is passed over.
const ALL_CROWDED: Limits = Limits { crowd: 1, tried: 0, near_misses_seen: u64::MAX, near_misses_compared: u64::MAX };

fn search_within(
    candidates: &[Row],
    queries: &[Row],
    reach: &[f64],
    settings: &Settings,
    unit: f64,
    limits: Limits,
) -> Outcome {
    let mut titles = TitleTable::new();
    let mut columns = |rows: &[Row]| {
        let title: Vec<TitleId> = rows.iter().map(|row| titles.intern(&row.1)).collect();
        let price: Vec<f64> = rows.iter().map(|row| row.2 as f64 / unit).collect();
        (rows.iter().map(|row| row.0).collect::<Vec<u32>>(), title, price)
    };
    let (block, title, price) = columns(candidates);
    let (query_block, query_title, query_price) = columns(queries);
    let product: Vec<i64> = candidates.iter().map(|row| row.3).collect();
    search::best_matches_within(
        &titles,
        &Candidates { block: &block, title: &title, price: &price, product: &product },
        &Queries { block: &query_block, title: &query_title, price: &query_price, reach },
        settings,
        limits,
        Control { cancelled: &AtomicBool::new(false), progress: &|_| {} },
    )
    .expect("columns of equal length, not cancelled")
}

/// Every candidate of the block and window, compared; the best by the tie rule.
fn every_pair(candidates: &[Row], query: &Row, settings: &Settings, unit: f64) -> Found {
    let price = query.2 as f64 / unit;
    let mut found = Found::default();
    let mut leader: Option<(f64, f64, i64, u32)> = None;
    for (row, candidate) in candidates.iter().enumerate().filter(|(_, candidate)| candidate.0 == query.0) {
        let difference = (price - candidate.2 as f64 / unit).abs();
        let inside = match settings.price_rule {
            PriceRule::Any => true,
            PriceRule::AtMost(reach) => difference <= reach,
            PriceRule::Below(reach) => difference < reach,
            PriceRule::AtMostEach => false,
        };
        if !inside {
            continue;
        }
        found.in_window += 1;
        let score = similarity(settings.measure, &fold_title(&query.1), &fold_title(&candidate.1));
        let nearest = settings.tie_rule == TieRule::NearestPrice && settings.price_rule != PriceRule::Any;
        let contender = (-score, if nearest { difference } else { 0.0 }, candidate.3, row as u32);
        if leader.is_none_or(|leader| contender < leader) {
            leader = Some(contender);
        }
    }
    found.best = leader
        .map(|(score, _, _, row)| Best { row, similarity: -score, accepted: -score > settings.cutoff })
        .filter(|best| best.accepted || settings.report_from.is_some_and(|floor| best.similarity >= floor));
    found
}

fn rows(titles: &'static str, most: usize) -> impl Strategy<Value = Vec<Row>> {
    let price = prop_oneof![Just(999i64), Just(1099), 900i64..1200, 0i64..300];
    proptest::collection::vec((0u32..3, titles, price, 0i64..1000), 0..most)
}

fn settings() -> impl Strategy<Value = (Settings, f64)> {
    let rule = prop_oneof![
        Just((PriceRule::Any, 1.0)),
        Just((PriceRule::AtMost(99.0), 1.0)),
        Just((PriceRule::Below(1.0), 100.0)),
        Just((PriceRule::Below(0.3), 100.0)),
    ];
    let tie = prop_oneof![Just(TieRule::NearestPrice), Just(TieRule::RowId)];
    let levels = prop_oneof![
        Just((0.9, Some(0.8))),
        Just((0.9, None)),
        Just((0.8, Some(0.8))),
        Just((0.5, Some(0.2))),
        Just((0.75, Some(0.0)))
    ];
    (proptest::sample::select(SIDES.to_vec()), rule, tie, levels).prop_map(
        |(measure, (price_rule, unit), tie_rule, (cutoff, report_from))| {
            (Settings { measure, cutoff, report_from, price_rule, tie_rule }, unit)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_search_finds_what_comparing_every_pair_finds(
        candidates in rows("[ab ]{0,4}[ab]{3,7}( midi| maxi|É|α)?", 60),
        queries in rows("[ab ]{0,4}[ab]{3,7}( midi| maxi|é|α)?", 20),
        (settings, unit) in settings(),
    ) {
        for limits in [Limits::default(), ALL_CROWDED] {
            let outcome = search_within(&candidates, &queries, &[], &settings, unit, limits);
            for (query, found) in queries.iter().zip(&outcome.found) {
                prop_assert_eq!(*found, every_pair(&candidates, query, &settings, unit));
            }
            let Counters { pairs, by_length, by_signature, by_subsequence, exact, passed_over } = outcome.counters;
            prop_assert_eq!(pairs, by_length + by_signature + by_subsequence + exact);
            prop_assert_eq!(passed_over, 0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn long_runs_of_one_price_and_long_titles_lose_nothing(
        mut candidates in rows("[ab]{1,9}|[abc]{60,70}|(ab){95,105}[abcd]{0,9}|[a-f]{250,260}", 250),
        mut queries in rows("[ab]{1,9}|[abc]{60,70}|(ab){95,105}[abcd]{0,9}|[a-f]{250,260}", 8),
        (settings, unit) in settings(),
    ) {
        for row in candidates.iter_mut().chain(&mut queries) {
            row.0 = 0;
            if row.3 % 4 > 0 { row.2 = 999 }
        }
        let copies: Vec<Row> = candidates.iter().take(3).cloned().collect();
        queries.extend(copies);
        for limits in [Limits::default(), ALL_CROWDED] {
            let outcome = search_within(&candidates, &queries, &[], &settings, unit, limits);
            for (query, found) in queries.iter().zip(&outcome.found) {
                prop_assert_eq!(*found, every_pair(&candidates, query, &settings, unit));
            }
        }
    }

    #[test]
    fn a_crowd_of_one_template_loses_no_match_and_shows_near_misses_that_are_there(
        mut candidates in rows("(floral|plain) (midi|mini|maxi) dress (navy|sage) style [0-9]{3}|gasket [0-9]{4}-[0-9]{3}", 600),
        mut queries in rows("(floral|plain) (midi|mini|maxi) dress (navy|sage) style no. [0-9]{3}|gasket [0-9]{4}-[0-9]{3}", 20),
        (settings, unit) in settings(),
    ) {
        for row in candidates.iter_mut().chain(&mut queries) {
            row.0 = 0;
        }
        let few = Limits { crowd: 1, tried: 0, near_misses_seen: 60, near_misses_compared: 10 };
        let whole = search_within(&candidates, &queries, &[], &settings, unit, ALL_CROWDED);
        let quick = search_within(&candidates, &queries, &[], &settings, unit, few);
        for ((query, whole), quick) in queries.iter().zip(&whole.found).zip(&quick.found) {
            prop_assert_eq!(*whole, every_pair(&candidates, query, &settings, unit));
            if whole.best.is_none_or(|best| best.accepted) {
                prop_assert_eq!(whole, quick);
            } else if let (Some(best), Some(shown)) = (whole.best, quick.best) {
                prop_assert!(!shown.accepted && shown.similarity <= best.similarity);
                let told = similarity(settings.measure, &fold_title(&query.1), &fold_title(&candidates[shown.row as usize].1));
                prop_assert_eq!(shown.similarity, told);
            }
        }
        let Counters { pairs, by_length, by_signature, by_subsequence, exact, passed_over } = quick.counters;
        prop_assert_eq!(pairs, by_length + by_signature + by_subsequence + exact + passed_over);
    }
}

fn row(block: u32, title: &str, cents: i64, product: i64) -> Row {
    (block, title.to_owned(), cents, product)
}

fn usual() -> Settings {
    Settings {
        measure: Measure::RatcliffObershelp,
        cutoff: 0.9,
        report_from: Some(0.8),
        price_rule: PriceRule::AtMost(99.0),
        tie_rule: TieRule::NearestPrice,
    }
}

/// More rows than one chunk of queries, with repeats.
fn crowd() -> Vec<Row> {
    (0..1500i64)
        .map(|i| {
            let (colour, size) = (["red", "navy", "rust"][i as usize % 3], ["xs", "s", "m", "xl"][i as usize % 4]);
            row(i as u32 % 2, &format!("pleated dress no {} in {colour} {size}", i % 97), 4900 + i % 7 * 33, i)
        })
        .collect()
}

#[test]
fn one_thread_and_five_give_the_same_outcome() {
    let (candidates, queries) = (crowd(), crowd());
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        let outcome = pool.install(|| search(&candidates, &queries, &usual(), 1.0));
        (outcome.found, outcome.counters)
    };
    assert_eq!(with_threads(1), with_threads(5));
}

#[test]
fn the_order_of_the_candidates_does_not_matter() {
    let (candidates, queries) = (crowd(), crowd());
    let turned: Vec<Row> = candidates.iter().rev().cloned().collect();
    let products = |rows: &[Row]| -> Vec<Option<i64>> {
        let outcome = search(rows, &queries, &usual(), 1.0);
        outcome.found.iter().map(|found| found.best.map(|best| rows[best.row as usize].3)).collect()
    };
    assert_eq!(products(&candidates), products(&turned));
}

#[test]
fn a_tie_goes_to_the_nearest_price_or_to_the_first_row() {
    let candidates = [row(0, "satin slip dress", 1050, 1), row(0, "Satin Slip Dress ", 1010, 2)];
    let queries = [row(0, "satin slip dress", 1000, 0)];
    let product = |tie_rule| {
        let outcome = search(&candidates, &queries, &Settings { tie_rule, ..usual() }, 1.0);
        outcome.found[0].best.map(|best| candidates[best.row as usize].3)
    };
    assert_eq!(product(TieRule::NearestPrice), Some(2));
    assert_eq!(product(TieRule::RowId), Some(1));
}

#[test]
fn a_ratio_of_exactly_the_cutoff_is_a_near_miss() {
    let outcome = search(&[row(0, "abcdefghij", 100, 1)], &[row(0, "abcdefghix", 100, 0)], &usual(), 1.0);
    assert_eq!(outcome.found[0].best, Some(Best { row: 0, similarity: 0.9, accepted: false }));
}

#[test]
fn doubles_keep_their_noise_and_cents_do_not() {
    let matched = |price_rule, query: i64, candidate: i64, unit| {
        let found = search(
            &[row(0, "tie", candidate, 1)],
            &[row(0, "tie", query, 0)],
            &Settings { price_rule, ..usual() },
            unit,
        );
        found.found[0].in_window
    };
    assert_eq!(matched(PriceRule::Below(1.0), 13, 113, 100.0), 1);
    assert_eq!(matched(PriceRule::Below(1.0), 10099, 9999, 100.0), 0);
    assert_eq!(matched(PriceRule::AtMost(99.0), 13, 113, 1.0), 0);
    assert_eq!(matched(PriceRule::AtMost(99.0), 13, 112, 1.0), 1);
}

#[test]
fn prices_that_are_no_numbers_are_in_no_window() {
    let mut titles = TitleTable::new();
    let title = [titles.intern("a"); 4];
    let price = [f64::NAN, -f64::NAN, f64::INFINITY, 1.0];
    let candidates = Candidates { block: &[0; 4], title: &title, price: &price, product: &[1, 2, 3, 4] };
    let queries = Queries { block: &[0; 4], title: &title, price: &price, reach: &[] };
    let control = Control { cancelled: &AtomicBool::new(false), progress: &|_| {} };
    for price_rule in [PriceRule::AtMost(99.0), PriceRule::Below(1.0)] {
        let settings = Settings { price_rule, ..usual() };
        let outcome = best_matches(&titles, &candidates, &queries, &settings, control).expect("equal columns");
        assert_eq!(outcome.found.iter().map(|found| found.in_window).collect::<Vec<_>>(), [0, 0, 0, 1]);
    }
}

#[test]
fn a_search_that_is_cancelled_stops_and_ragged_columns_are_refused() {
    let mut titles = TitleTable::new();
    let title = [titles.intern("a")];
    let candidates = Candidates { block: &[0], title: &title, price: &[1.0], product: &[1] };
    let queries = Queries { block: &[0], title: &title, price: &[1.0], reach: &[] };
    let control = Control { cancelled: &AtomicBool::new(true), progress: &|_| {} };
    let stopped = best_matches(&titles, &candidates, &queries, &usual(), control);
    assert_eq!(stopped.err(), Some(FuzzyError::Interrupted));
    let ragged = best_matches(&titles, &candidates, &Queries { price: &[], ..queries }, &usual(), control);
    assert_eq!(ragged.err(), Some(FuzzyError::Ragged { side: "queries" }));
}

#[test]
fn all_queries_are_reported_as_progress() {
    let mut titles = TitleTable::new();
    let title = vec![titles.intern("a"); 1000];
    let done = std::sync::atomic::AtomicU64::new(0);
    let progress = |rows| {
        done.fetch_add(rows, std::sync::atomic::Ordering::Relaxed);
    };
    let candidates = Candidates { block: &[0], title: &title[..1], price: &[1.0], product: &[1] };
    let queries = Queries { block: &[0; 1000], title: &title, price: &[1.0; 1000], reach: &[] };
    let control = Control { cancelled: &AtomicBool::new(false), progress: &progress };
    assert!(best_matches(&titles, &candidates, &queries, &usual(), control).is_ok());
    assert_eq!(done.into_inner(), 1000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn queries_with_reaches_of_their_own_fare_as_each_alone(
        candidates in rows("[ab]{0,4}", 40),
        queries in rows("[ab]{0,4}", 20),
        reaches in proptest::collection::vec(prop_oneof![Just(0.0), Just(99.0), 0.0..400.0f64], 20),
        tie_rule in prop_oneof![Just(TieRule::NearestPrice), Just(TieRule::RowId)],
    ) {
        let settings = |price_rule| Settings {
            measure: Measure::RatcliffObershelp,
            cutoff: 0.9,
            report_from: Some(0.5),
            price_rule,
            tie_rule,
        };
        let reach = &reaches[..queries.len()];
        for limits in [Limits::default(), ALL_CROWDED] {
            let together = search_within(&candidates, &queries, reach, &settings(PriceRule::AtMostEach), 1.0, limits);
            for ((query, reach), found) in queries.iter().zip(reach).zip(together.found) {
                prop_assert_eq!(found, every_pair(&candidates, query, &settings(PriceRule::AtMost(*reach)), 1.0));
            }
        }
    }
}
