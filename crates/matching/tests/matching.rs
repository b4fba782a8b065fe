//! What must hold of any matching, and how good it is on catalogs that were made up.

use std::collections::HashSet;

use nightloom_matching::{Acceptance, Label, MatchError, Matching, Options, Record, find_duplicates, match_catalogs};

/// A small generator of numbers, the same everywhere.
struct Draws(u64);

impl Draws {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn word(&mut self) -> String {
        let syllables = ["ra", "to", "mi", "ke", "lon", "sur", "vex", "dal", "pi", "gor", "nu", "bas"];
        (0..2 + self.below(2)).map(|_| syllables[self.below(syllables.len())]).collect()
    }
}

#[derive(Clone)]
struct Product {
    id: String,
    title: String,
    price: Option<i64>,
}

fn records(products: &[Product]) -> Vec<Record<'_>> {
    products.iter().map(|p| Record { id: &p.id, title: &p.title, price: p.price, ..Record::default() }).collect()
}

/// Two catalogs of `count` rows each; a third of either side has no counterpart, the others are at the same place.
fn world(count: usize, seed: u64) -> [Vec<Product>; 2] {
    let mut draws = Draws(seed);
    let brands: Vec<String> = (0..12).map(|_| draws.word()).collect();
    let words: Vec<String> = (0..150).map(|_| draws.word()).collect();
    let mut sides = [Vec::new(), Vec::new()];
    for at in 0..count {
        for (side, products) in sides.iter_mut().enumerate() {
            let mut own = Draws(seed * 1000 + at as u64 + if at % 3 == 0 { 500_000 * (side as u64 + 1) } else { 0 });
            let brand = brands[own.below(brands.len())].clone();
            let code = format!("{}{}", ["KX", "ZR", "TB"][own.below(3)], 100 + own.below(9000));
            let mut title: Vec<String> = (0..4).map(|_| words[own.below(words.len())].clone()).collect();
            let price = 500 + own.below(90_000) as i64;
            if side == 1 {
                title.swap(0, 1);
                if draws.below(3) == 0 {
                    title.pop();
                }
            }
            title.insert(0, brand);
            match (side, draws.below(3)) {
                (_, 0) => {}
                (0, _) => title.push(code),
                _ => title.push(code.to_lowercase()),
            }
            let id = format!("{}{at}", ["l", "r"][side]);
            products.push(Product { id, title: title.join(" "), price: (draws.below(4) > 0).then_some(price) });
        }
    }
    sides
}

fn all(left: &[Product], right: &[Product]) -> Matching {
    let options = Options { acceptance: Acceptance::Threshold(0.02), ..Options::default() };
    match_catalogs(&records(left), &records(right), &options).unwrap()
}

/// Links by the names of their records.
fn named(matching: &Matching, left: &[Product], right: &[Product]) -> Vec<(String, String, f64)> {
    let mut named: Vec<_> = matching
        .links
        .iter()
        .map(|link| (left[link.left].id.clone(), right[link.right].id.clone(), link.probability))
        .collect();
    named.sort_by(|a, b| a.partial_cmp(b).unwrap());
    named
}

#[test]
fn made_up_catalogs_are_linked_and_the_expectation_is_near() {
    let [left, right] = world(900, 1);
    let matching = match_catalogs(&records(&left), &records(&right), &Options::default()).unwrap();
    let correct = matching.links.iter().filter(|link| link.left == link.right && link.left % 3 != 0).count() as f64;
    let f1 = 2.0 * correct / (matching.links.len() as f64 + 600.0);
    let expected = matching.expected.f1().unwrap();
    assert!(f1 > 0.95, "F1 {f1}, expected {expected}");
    assert!((f1 - expected).abs() < 0.05, "F1 {f1}, expected {expected}");
}

#[test]
fn swapped_sides_give_the_same_links_with_sides_swapped() {
    let [left, right] = world(300, 2);
    let there = named(&all(&left, &right), &left, &right);
    let mut back: Vec<_> = named(&all(&right, &left), &right, &left).into_iter().map(|(r, l, p)| (l, r, p)).collect();
    back.sort_by(|a, b| a.partial_cmp(b).unwrap());
    assert!(!there.is_empty());
    assert_eq!(there, back);
}

#[test]
fn shuffled_rows_give_the_same_links() {
    let [left, right] = world(300, 3);
    let sorted = named(&all(&left, &right), &left, &right);
    let mut draws = Draws(9);
    let mut shuffled = [left, right];
    for side in &mut shuffled {
        (1..side.len()).for_each(|at| side.swap(at, draws.below(at + 1)));
    }
    assert_eq!(sorted, named(&all(&shuffled[0], &shuffled[1]), &shuffled[0], &shuffled[1]));
}

#[test]
fn one_thread_gives_what_all_threads_give() {
    let [left, right] = world(300, 4);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(all(&left, &right), one.install(|| all(&left, &right)));
}

#[test]
fn unrelated_rows_hardly_change_a_probability() {
    let [left, right] = world(300, 5);
    let before = named(&all(&left, &right), &left, &right);
    let strangers: Vec<Product> = (0..1000)
        .map(|at| {
            let title = format!("quilting hoop{at} wq{at}zz yarn", at = at * 7);
            Product { id: format!("x{at}"), title, price: None }
        })
        .collect();
    for side in 0..2 {
        let mut sides = [left.clone(), right.clone()];
        sides[side].extend(strangers.clone());
        let after = named(&all(&sides[0], &sides[1]), &sides[0], &sides[1]);
        for (l, r, p) in before.iter().filter(|link| link.2 >= 0.5) {
            let now = after.iter().find(|(a, b, _)| a == l && b == r).map_or(0.0, |pair| pair.2);
            assert!((now - p).abs() <= 0.02, "{l} {r}: {p} became {now} with strangers on side {side}");
        }
    }
}

#[test]
fn exact_duplicates_of_one_side_never_take_two_links() {
    let [left, mut right] = world(200, 6);
    let copies: Vec<Product> = right.iter().map(|p| Product { id: format!("{}b", p.id), ..p.clone() }).collect();
    right.extend(copies);
    let matching = all(&left, &right);
    let lefts: HashSet<usize> = matching.links.iter().map(|link| link.left).collect();
    let rights: HashSet<usize> = matching.links.iter().map(|link| link.right).collect();
    assert!(!lefts.is_empty());
    assert_eq!((lefts.len(), rights.len()), (matching.links.len(), matching.links.len()));
}

#[test]
fn a_waterfall_sums_to_the_log_odds() {
    let [left, right] = world(300, 7);
    for link in all(&left, &right).links {
        let sum: f64 = link.reasons.iter().map(|reason| reason.log_odds).sum();
        let p = link.probability;
        assert!((1.0 / (1.0 + (-sum).exp()) - p).abs() < 1e-9, "{p} {:?}", link.reasons);
    }
}

#[test]
fn odd_catalogs_are_no_panic() {
    let of = |titles: &[&str]| -> Vec<Product> {
        titles
            .iter()
            .enumerate()
            .map(|(at, t)| Product { id: at.to_string(), title: (*t).into(), price: None })
            .collect()
    };
    let long = "word1 ".repeat(2000) + &"é".repeat(10_000);
    let odd = [
        of(&[]),
        of(&["one"]),
        of(&["", "", ""]),
        of(&["same title 42in"; 60]),
        of(&[&long, &long, "…", "\u{0}", "½ ™"]),
    ];
    for left in &odd {
        for right in &odd {
            let matching = match_catalogs(&records(left), &records(right), &Options::default()).unwrap();
            assert!(matching.links.iter().all(|link| (0.0..=1.0).contains(&link.probability)));
        }
        find_duplicates(&records(left), &Options::default()).unwrap();
    }
}

#[test]
fn labels_decide_their_pairs() {
    let [left, right] = world(200, 8);
    let free = match_catalogs(&records(&left), &records(&right), &Options::default()).unwrap();
    let refused = free.links[0].clone();
    let labels = vec![Label { left: refused.left, right: refused.right, same: false }];
    let taught = match_catalogs(&records(&left), &records(&right), &Options { labels, ..Options::default() }).unwrap();
    assert!(!taught.links.iter().any(|link| (link.left, link.right) == (refused.left, refused.right)));
    assert!(!taught.unsure.iter().any(|pair| (pair.left, pair.right) == (refused.left, refused.right)));
}

#[test]
fn a_wanted_precision_is_expected() {
    let [left, right] = world(300, 9);
    let options = Options { acceptance: Acceptance::Precision(0.99), ..Options::default() };
    let matching = match_catalogs(&records(&left), &records(&right), &options).unwrap();
    assert!(matching.expected.precision().unwrap() >= 0.99);
}

#[test]
fn little_memory_costs_candidates_and_not_the_links() {
    let [left, right] = world(300, 10);
    let options = Options { memory: 300 * 200 * 4, ..Options::default() };
    let less = match_catalogs(&records(&left), &records(&right), &options).unwrap();
    let more = match_catalogs(&records(&left), &records(&right), &Options::default()).unwrap();
    assert!(less.pairs < more.pairs / 2);
    assert!(!less.links.is_empty());
}

#[test]
fn what_cannot_be_is_refused_in_words() {
    let options = Options { acceptance: Acceptance::Threshold(1.5), ..Options::default() };
    assert!(matches!(match_catalogs(&[], &[], &options), Err(MatchError::NoProbability { .. })));
    let options = Options { labels: vec![Label { left: 3, right: 0, same: true }], ..Options::default() };
    let error = match_catalogs(&[], &[], &options).unwrap_err();
    assert_eq!(error.to_string(), "a label names row 3 of the left catalog, which has 0 rows");
}
