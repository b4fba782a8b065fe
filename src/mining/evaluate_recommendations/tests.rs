//! The operator on small frames.

use polars::prelude::*;

use super::EvaluateRecommendations;
use crate::{
    mining::testing::context,
    operator::{Frames, Operator},
};

fn lines(orders: &[&[&str]]) -> DataFrame {
    let pairs =
        orders.iter().enumerate().flat_map(|(order, items)| items.iter().map(move |item| (order as i64, *item)));
    let (orders, items): (Vec<i64>, Vec<&str>) = pairs.unzip();
    df!("shop_id" => vec!["s"; orders.len()], "order_id" => orders, "item_id" => items).unwrap()
}

/// Sides of rules as records with a list.
fn sides(name: &str, lists: &[&[&str]]) -> Column {
    let lists: Vec<Series> = lists.iter().map(|items| Series::new("".into(), *items)).collect();
    let items = Series::new("items".into(), &lists[..]);
    StructChunked::from_series(name.into(), lists.len(), [items].iter()).unwrap().into_series().into_column()
}

fn evaluate(inputs: Frames, k: usize) -> Vec<(String, i64, f64, f64, f64)> {
    let operator = EvaluateRecommendations { k, ..EvaluateRecommendations::default() };
    operator.validate().unwrap();
    let figures = operator.run(inputs, &context()).unwrap().take("figures").unwrap().collect().unwrap();
    let float = |name: &str| figures.column(name).unwrap().f64().unwrap().clone();
    let (hits, ndcg, coverage) = (float("hit_rate"), float("ndcg"), float("coverage"));
    let measures = figures.column("measure").unwrap().str().unwrap();
    let questions = figures.column("questions").unwrap().i64().unwrap();
    (0..figures.height())
        .map(|row| {
            let figure = |column: &Float64Chunked| column.get(row).unwrap();
            let name = measures.get(row).unwrap().to_owned();
            (name, questions.get(row).unwrap(), figure(&hits), figure(&ndcg), figure(&coverage))
        })
        .collect()
}

/// Tea with milk three times, tea with honey twice, soap with a brush.
const TRAIN: &[&[&str]] =
    &[&["tea", "milk"], &["tea", "milk"], &["tea", "milk"], &["tea", "honey"], &["tea", "honey"], &["soap", "brush"]];

#[test]
fn what_is_counted_of_older_orders_answers_for_later_ones() {
    let later: &[&[&str]] = &[&["soap", "brush"], &["soap", "brush"], &["new", "newer"], &["alone"]];
    let inputs = Frames::new().with("train", lines(TRAIN)).with("test", lines(later));
    let figures = evaluate(inputs, 1);
    let names: Vec<&str> = figures.iter().map(|row| row.0.as_str()).collect();
    assert_eq!(names, ["most_popular", "orders_together", "conditional", "cosine", "blend"]);
    assert_eq!(figures[0], ("most_popular".to_owned(), 3, 0.0, 0.0, 0.2), "the hidden item is never tea");
    for row in &figures[1..4] {
        assert_eq!((row.1, row.2, row.3), (3, 666_667.0 / 1e6, 666_667.0 / 1e6), "{row:?}");
    }
}

#[test]
fn tables_are_asked_by_adding_up_what_they_say_of_the_items_of_a_basket() {
    let basket: &[&str] = &["tea", "milk", "soap"];
    let later: &[&[&str]] = &[basket; 4];
    let similar = df!(
        "shop_id" => ["s"; 4],
        "item_id" => ["tea", "tea", "milk", "soap"],
        "similar_item" => ["milk", "soap", "soap", "milk"],
        "score" => [0.1, 0.2, 0.3, 0.4],
    )
    .unwrap();
    let antecedents = sides("antecedent", &[&["tea", "milk"], &["soap", "tea"], &["milk"], &["tea"]]);
    let consequents = sides("consequent", &[&["soap"], &["milk"], &["soap", "tea"], &["honey"]]);
    let rules = df!("shop_id" => ["s"; 4], "confidence" => [0.9, 0.8, 1.0, 0.5]).unwrap();
    let rules = rules.hstack(&[antecedents, consequents]).unwrap();
    let train: Vec<&[&str]> = [TRAIN, &[&["tea", "soap"]]].concat();
    let model = df!(
        "shop_id" => ["s"; 4],
        "item_id" => [None, Some("tea"), Some("milk"), Some("soap")],
        "recommended" => ["tea", "milk", "soap", "milk"],
        "weight" => [1.0, 0.5, 2.0, 0.25],
    )
    .unwrap();
    let inputs = Frames::new().with("train", lines(&train)).with("test", lines(later));
    let inputs = inputs.with("similar_items", similar).with("rules", rules).with("model", model);
    let figures = evaluate(inputs, 1);
    // One and the same item is hidden of equal orders at other places: tea is known of no table but the model.
    let by = |name: &str| figures.iter().find(|row| row.0 == name).unwrap().2;
    let tea_is_hidden = by("recommend") - by("similar_items");
    assert_eq!(by("similar_items") + tea_is_hidden, 1.0, "{figures:?}");
    assert_eq!(by("rules"), by("similar_items"), "{figures:?}");
}
