//! The operator on small frames.

use polars::prelude::*;

use super::{BuildCovisitation, RankBy};
use crate::{
    mining::{
        covisitation::{Candidates, Weight},
        items::{Level, Offer},
        testing::context,
    },
    operator::{Frames, Operator},
};

fn build(operator: &BuildCovisitation, lines: DataFrame) -> [DataFrame; 4] {
    operator.validate().unwrap();
    let mut frames = operator.run(Frames::new().with("lines", lines), &context()).unwrap();
    ["covisitation", "similar_items", "shops", "rejected"]
        .map(|port| frames.take(port).unwrap().collect_with_engine(Engine::Streaming).unwrap().unwrap_single())
}

/// Lines of orders on the first and on the second day of 1970.
fn lines() -> DataFrame {
    let days = [Some(0_i64), Some(0), Some(86_400_000_000), Some(86_400_000_000), None, None];
    df!(
        "shop_id" => ["b", "b", "a", "a", "a", "a"],
        "order_id" => ["1", "1", "1", "1", "2", "2"],
        "item_id" => ["x", "y", "x", "z", "x", "y"],
        "created_at" => days,
    )
    .unwrap()
    .lazy()
    .with_column(col("created_at").cast(DataType::Datetime(TimeUnit::Microseconds, None)))
    .collect()
    .unwrap()
}

#[test]
fn each_shop_has_vectors_of_its_own_and_items_come_back_as_texts() {
    let [vectors, similar, shops, rejected] = build(&BuildCovisitation::default(), lines());
    // In six decimals.
    let root_of_half = 707_107.0 / 1e6;
    let expected = df!(
        "shop_id" => ["a", "a", "a", "a", "b", "b"],
        "item_id" => ["x", "x", "y", "z", "x", "y"],
        "neighbour" => ["y", "z", "x", "x", "y", "x"],
        "rank" => [1_i64, 2, 1, 1, 1, 1],
        "orders_together" => [1_i64; 6],
        "weight" => [1.0; 6],
        "normalised_weight" => [root_of_half, root_of_half, 1.0, 1.0, 1.0, 1.0],
    )
    .unwrap();
    assert_eq!(vectors, expected);
    assert_eq!(similar.height(), 0, "one order in common, and no common neighbour, is not similar");
    let expected = df!(
        "shop_id" => ["a", "b"],
        "orders" => [2_i64, 1],
        "all_orders" => [2_i64, 1],
        "items" => [3_i64, 2],
        "pairs" => [2_i64, 1],
        "largest_order" => [2_i64, 2],
        "bounded_orders" => [0_i64, 0],
        "bounded_items" => [0_i64, 0],
        "bounded_pairs" => [0_i64, 0],
        "copied_orders" => [0_i64, 0],
        "withheld_items" => [0_i64, 0],
    );
    assert_eq!(shops, expected.unwrap());
    assert_eq!(rejected.height(), 0);
}

#[test]
fn similar_items_have_cosine_and_score() {
    let rank_by = RankBy::Blend;
    let operator = BuildCovisitation { min_orders: 1, similar: 1, rank_by, ..BuildCovisitation::default() };
    let [_, similar, ..] = build(&operator, lines());
    let expected = df!(
        "shop_id" => ["a", "a", "a", "b", "b"],
        "item_id" => ["x", "y", "z", "x", "y"],
        "similar_item" => ["y", "x", "x", "y", "x"],
        "rank" => [1_i64; 5],
        "score" => [0.04; 5],
        "cosine" => [0.0; 5],
        "orders_together" => [1_i64; 5],
        "blend" => [0.04; 5],
    );
    assert_eq!(similar, expected.unwrap());
}

/// An order a day: `a` with `b` at first, with `c` of late, and `d` with many.
fn of_late() -> DataFrame {
    let mut lines: Vec<(String, &str, i64)> = Vec::new();
    for day in 0..400_i64 {
        let items: &[&str] = match day % 4 {
            0 if day < 300 => &["a", "b"],
            0 => &["a", "c"],
            1 => &["d", "e"],
            2 => &["d", "f"],
            _ => &["b", "d"],
        };
        lines.extend(items.iter().map(|item| (format!("o{}", day * 7919 % 400), *item, day * 86_400_000_000)));
    }
    let texts = |text: fn(&(String, &'static str, i64)) -> String| lines.iter().map(text).collect::<Vec<String>>();
    df!(
        "shop_id" => vec!["s"; lines.len()],
        "order_id" => texts(|line| line.0.clone()),
        "item_id" => texts(|line| line.1.to_owned()),
        "created_at" => lines.iter().map(|line| line.2).collect::<Vec<i64>>(),
    )
    .unwrap()
    .lazy()
    .with_column(col("created_at").cast(DataType::Datetime(TimeUnit::Microseconds, None)))
    .collect()
    .unwrap()
}

#[test]
fn the_measure_is_learnt_from_the_newest_orders_by_their_times_and_its_quality_told() {
    let run = |operator: BuildCovisitation| {
        let mut frames = operator.run(Frames::new().with("lines", of_late()), &context()).unwrap();
        ["similar_items", "recommendation_model", "recommendation_quality"]
            .map(|port| frames.take(port).unwrap().collect().unwrap())
    };
    let best_of_a = |similar: &DataFrame| {
        let text = |name: &str, row: usize| similar.column(name).unwrap().str().unwrap().get(row).unwrap().to_owned();
        (0..similar.height()).find(|row| text("item_id", *row) == "a").map(|row| text("similar_item", row))
    };
    let [similar, model, quality] = run(BuildCovisitation::default());
    assert_eq!(best_of_a(&similar).as_deref(), Some("b"));
    assert!(model.height() > 12 && model.column("item_id").unwrap().null_count() == 6, "{model}");
    let number = |name: &str| quality.column(name).unwrap().i64().unwrap().get(0);
    assert_eq!((quality.height(), number("orders"), number("questions")), (1, Some(400), Some(40)));
    assert_eq!(quality.column("hit_rate").unwrap().f64().unwrap().get(0), Some(1.0), "ten of six items hit all");
    let [similar, ..] = run(BuildCovisitation { learn_orders: 100, ..BuildCovisitation::default() });
    assert_eq!(best_of_a(&similar).as_deref(), Some("c"), "of the newest hundred by time, whatever their ids");
    let [similar, model, quality] = run(BuildCovisitation { rank_by: RankBy::Blend, ..BuildCovisitation::default() });
    assert_eq!((model.height(), quality.height()), (0, 0), "nothing is learnt");
    let column = |name: &str| similar.column(name).unwrap().f64().unwrap().to_vec();
    assert_eq!(column("score"), column("blend"));
}

#[test]
fn old_orders_count_less_from_their_shops_newest_order_or_from_a_given_instant() {
    let weights_of = |lines: DataFrame, as_of: Option<&str>| {
        let as_of = as_of.map(str::to_owned);
        let operator = BuildCovisitation { half_life_days: Some(1.0), as_of, ..BuildCovisitation::default() };
        let [vectors, ..] = build(&operator, lines);
        vectors.column("weight").unwrap().f64().unwrap().iter().map(Option::unwrap).collect::<Vec<f64>>()
    };
    let weights = |as_of| weights_of(lines(), as_of);
    // Shop b's newest order is a day older than shop a's; shop a's undated one is as old as the shop's oldest.
    assert_eq!(weights(None), [1.0; 6]);
    assert_eq!(weights(Some("")), [1.0; 6]);
    let epoch = lit(0_i64).cast(DataType::Datetime(TimeUnit::Microseconds, None));
    let dated = lines().lazy().with_column(col("created_at").fill_null(epoch)).collect().unwrap();
    assert_eq!(weights_of(dated, None), [1.0, 0.5, 0.5, 1.0, 1.0, 1.0]);
    assert_eq!(weights(Some("1970-01-03T00:00:00Z")), [0.5, 0.5, 0.5, 0.5, 0.25, 0.25]);
    let wrong = BuildCovisitation { as_of: Some("yesterday".to_owned()), ..BuildCovisitation::default() };
    assert!(wrong.validate().is_err());
}

#[test]
fn orders_of_many_half_lives_ago_still_have_a_lift() {
    // One order of the first of March 2026, and three of a year before.
    let day = |day: i64| day * 86_400_000_000;
    let days = [20_513, 20_513, 20_148, 20_148, 20_148, 20_148, 20_148, 20_148].map(day);
    let lines = df!(
        "shop_id" => ["s"; 8],
        "order_id" => ["1", "1", "2", "2", "3", "3", "4", "4"],
        "item_id" => ["a", "b", "c", "d", "c", "d", "c", "e"],
        "created_at" => days,
    );
    let instant = DataType::Datetime(TimeUnit::Microseconds, None);
    let lines = lines.unwrap().lazy().with_column(col("created_at").cast(instant)).collect().unwrap();
    for weight in [Weight::Raw, Weight::Lift, Weight::Pmi] {
        let operator =
            BuildCovisitation { half_life_days: Some(1.0), weight, min_orders: 1, ..BuildCovisitation::default() };
        let [vectors, similar, ..] = build(&operator, lines.clone());
        let floats = |frame: &DataFrame, name: &str| {
            frame.column(name).unwrap().f64().unwrap().iter().flatten().collect::<Vec<_>>()
        };
        assert!(floats(&vectors, "weight").iter().all(|weight| weight.is_finite()), "{weight:?}: {vectors}");
        // The logarithm of a lift of 1 is nothing.
        let least = if weight == Weight::Pmi { 0.0 } else { 0.4 };
        let normalised = floats(&vectors, "normalised_weight");
        assert!(normalised.len() == 6 && normalised.iter().all(|share| (least..=1.0).contains(share)), "{vectors}");
        assert!(floats(&similar, "cosine").iter().all(|cosine| (0.0..=1.0).contains(cosine)), "{similar}");
    }
}

#[test]
fn pmi_weights_may_be_nothing_and_no_lines_are_no_rows() {
    let operator = BuildCovisitation { weight: Weight::Pmi, ..BuildCovisitation::default() };
    let [vectors, ..] = build(
        &operator,
        lines().filter(&BooleanChunked::new("".into(), [true, true, false, false, false, false])).unwrap(),
    );
    let normalised: Vec<_> = vectors.column("normalised_weight").unwrap().f64().unwrap().iter().collect();
    assert_eq!(normalised, [Some(0.0), Some(0.0)], "a lift of 1 has the logarithm 0");
    let [vectors, similar, shops, _] = build(&operator, lines().clear());
    assert_eq!((vectors.height(), similar.height(), shops.height()), (0, 0, 0));
    assert_eq!(vectors.column("item_id").unwrap().dtype(), &DataType::String);
}

/// Ten orders of `a` with each of three others.
fn with_three_others() -> DataFrame {
    let orders = (0..30).map(|order| [order, order]).collect::<Vec<[i64; 2]>>().concat();
    let items: Vec<&str> = (0..30).flat_map(|order| ["a", ["b", "c", "d"][order / 10]]).collect();
    df!(
        "shop_id" => vec!["s"; 60],
        "order_id" => orders,
        "item_id" => items,
        "created_at" => vec![None::<i64>; 60],
    )
    .unwrap()
}

#[test]
fn what_cannot_be_bought_is_no_similar_item_and_has_none() {
    let items = df!(
        "shop_id" => ["s"; 3],
        "variant_id" => ["a", "b", "c"],
        "product_id" => [Some("p"), Some("p"), Some("q")],
        "product_status" => [Some("active"), Some("active"), Some("archived")],
        "available_total" => [Some(1_i64), Some(0), None],
        "from_lines" => [None::<bool>; 3],
    )
    .unwrap();
    let similar = |operator: BuildCovisitation| {
        let inputs = Frames::new().with("lines", with_three_others()).with("items", items.clone());
        let mut frames = operator.run(inputs, &context()).unwrap();
        let similar = frames.take("similar_items").unwrap().collect().unwrap();
        let text =
            |name: &str| similar.column(name).unwrap().str().unwrap().iter().flatten().collect::<Vec<_>>().concat();
        let shops = frames.take("shops").unwrap().collect().unwrap();
        let withheld = shops.column("withheld_items").unwrap().i64().unwrap().get(0);
        (text("item_id"), text("similar_item"), withheld)
    };
    let of =
        |offer| similar(BuildCovisitation { offer, candidates: Candidates::Together, ..BuildCovisitation::default() });
    assert_eq!(of(Offer::ForSale), ("ab".to_owned(), "ba".to_owned(), Some(2)), "c is archived, and d gone");
    assert_eq!(of(Offer::InStock).2, Some(3));
    assert_eq!(of(Offer::All), ("aaabcd".to_owned(), "bcdaaa".to_owned(), Some(0)));
    let products =
        similar(BuildCovisitation { level: Level::Product, offer: Offer::All, ..BuildCovisitation::default() });
    assert_eq!(products.0, "dppq", "a and b are one product");
}
