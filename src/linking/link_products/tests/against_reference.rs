//! Property tests: the vectorised cascade says of every row what the slow reference says.

use proptest::prelude::*;

use super::{reference, *};
use crate::linking::{link_products::params::Tie, price::PriceRule};

fn title() -> impl Strategy<Value = Option<String>> {
    let words = prop::sample::select(vec!["Midi", "mini", "Dress", "Élan", "in", "Black", "Σας", " ", "x"]);
    prop::option::weighted(
        0.9,
        prop_oneof![
            6 => prop::collection::vec(words, 0..6).prop_map(|words| words.join(" ")),
            1 => "[ab]{0,3}",
            1 => "(ab|ba){99,110}",
        ],
    )
}

fn price() -> impl Strategy<Value = Option<f64>> {
    prop::option::weighted(
        0.9,
        prop_oneof![
            8 => (900i64..1300).prop_map(|cents| cents as f64 / 100.0),
            4 => prop::sample::select(vec![9.99, 10.0, 10.99, 11.0, 0.13, 1.13, 0.5]),
            1 => Just(0.0),
            1 => Just(-3.0),
        ],
    )
}

fn row() -> impl Strategy<Value = Row> {
    let url = prop_oneof![
        1 => Just(None),
        1 => Just(Some(String::new())),
        1 => Just(Some("odd".to_owned())),
        20 => (
            prop::sample::select(vec!["https://a.com/", "https://WWW.a.com/", "http://a.com/"]),
            0..12u8,
            prop::sample::select(vec!["", "/", "?q=1", "/?q=2", "#f"]),
        )
            .prop_map(|(host, page, tail)| Some(format!("{host}p{page}{tail}"))),
    ];
    let retailer = prop::option::weighted(0.97, prop::sample::select(vec!["r", "s", "t", "R"]));
    let code = prop::option::of(prop::sample::select(vec!["", "c1", "c2", "c3", "C1"]));
    (url, retailer, title(), price(), code).prop_map(|(url, retailer, title, price, code)| Row {
        id: 0,
        url,
        retailer: retailer.map(str::to_owned),
        title,
        price,
        code: code.map(str::to_owned),
    })
}

/// Rows with ids 1, 2, …, in any order.
fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(row(), 0..most).prop_flat_map(|mut rows| {
        for (id, row) in (1..).zip(&mut rows) {
            row.id = id;
        }
        Just(rows).prop_shuffle()
    })
}

fn patterns() -> impl Strategy<Value = Vec<PatternRow>> {
    let pattern = |retailer| {
        (
            Just(retailer),
            prop::sample::select(vec![0.0, 0.49, 0.5, 0.55, 0.6, 0.61, 1.0]),
            prop::sample::select(vec!["exact_url", "fuzzy_title_price"]),
            prop::sample::select(vec![1i64, 19, 20, 500]),
            prop::sample::select(vec!["", "also_compare=on", "also_compare=off"]),
        )
    };
    (prop::option::of(pattern("r")), prop::option::of(pattern("s"))).prop_map(|(r, s)| r.into_iter().chain(s).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_row_fares_as_in_the_slow_reference(
        catalog in rows(30),
        products in rows(40),
        patterns in patterns(),
        original_quirks in any::<bool>(),
        priced in prop::bool::weighted(0.8),
    ) {
        let price_rule = if priced { PriceRule::WithinCents(99) } else { PriceRule::None };
        let operator = LinkProducts { original_quirks, price_rule, ..LinkProducts::default() };
        let wanted = reference::told(&operator, &catalog, &products, &patterns);
        prop_assert_eq!(told(&operator, &catalog, &products, &patterns), wanted);
    }

    #[test]
    fn the_order_of_the_rows_and_the_number_of_threads_do_not_matter(
        catalog in rows(30),
        products in rows(40),
        patterns in patterns(),
        tie in prop::sample::select(vec![Tie::Price, Tie::Rowid]),
    ) {
        let operator = LinkProducts { tie, ..LinkProducts::default() };
        let reversed: Vec<Row> = products.iter().rev().cloned().collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let once = told(&operator, &catalog, &products, &patterns);
        let again = pool.install(|| {
            let catalog: Vec<Row> = catalog.iter().rev().cloned().collect();
            told(&operator, &catalog, &reversed, &patterns)
        });
        prop_assert_eq!(once, again);
    }
}
