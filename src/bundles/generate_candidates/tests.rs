//! The operator on small shops.

use std::sync::Arc;

use polars::prelude::*;

use super::*;
use crate::{
    bundles::{
        items::ItemFlags,
        products::testing::{Row, table},
    },
    operator::{NoStorage, Operator},
};

/// What is read of a shop's orders: sets of items, so many times each.
fn lines(orders: &[(usize, &[&str])]) -> DataFrame {
    let all: Vec<&[&str]> = orders.iter().flat_map(|(times, items)| std::iter::repeat_n(*items, *times)).collect();
    let rows: Vec<(String, &str)> = all
        .iter()
        .enumerate()
        .flat_map(|(order, items)| items.iter().map(move |item| (order.to_string(), *item)))
        .collect();
    df!(
        "shop_id" => vec!["s"; rows.len()],
        "order_id" => rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(),
        "item_id" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "customer" => rows.iter().map(|row| format!("c{}", row.0.len())).collect::<Vec<_>>(),
        "created_at" => vec![Some(86_400_000_000_i64); rows.len()],
    )
    .unwrap()
    .lazy()
    .with_column(col("created_at").cast(DataType::Datetime(TimeUnit::Microseconds, None)))
    .collect()
    .unwrap()
}

fn shops(orders: i64, multi: i64, lines: i64, objectives: &[&str]) -> DataFrame {
    let mut frame = df!(
        "shop_id" => ["s"],
        "orders" => [orders],
        "multi_item_orders" => [multi],
        "order_lines" => [lines],
        "problem" => [None::<&str>],
    )
    .unwrap();
    let objectives =
        crate::bundles::list_column::texts_column("objectives", std::iter::once(objectives.iter().copied()));
    frame.with_column(objectives).unwrap();
    frame
}

fn run(
    operator: &GenerateCandidates,
    products: &[Row],
    orders: &[(usize, &[&str])],
    objectives: &[&str],
) -> [DataFrame; 2] {
    let lines = lines(orders);
    let count = orders.iter().map(|(times, _)| *times as i64).sum();
    let multi = orders.iter().filter(|(_, items)| items.len() > 1).map(|(times, _)| *times as i64).sum();
    let shops = shops(count, multi, lines.height() as i64, objectives);
    let inputs = Frames::new().with("products", table(products)).with("shops", shops).with("lines", lines);
    let mut frames = operator.run(inputs, &StageContext::alone(Arc::new(NoStorage))).unwrap();
    ["candidates", "shops"].map(|port| frames.take(port).unwrap().collect().unwrap())
}

/// The candidates of a type in words: items and sources.
fn shown(candidates: &DataFrame, bundle_type: &str) -> Vec<String> {
    let list = |name: &str, row: usize| {
        let list = candidates.column(name).unwrap().list().unwrap().get_as_series(row).unwrap();
        list.str().unwrap().iter().flatten().collect::<Vec<_>>().join("+")
    };
    let types = candidates.column("bundle_type").unwrap().str().unwrap();
    let rows = (0..candidates.height()).filter(|row| types.get(*row) == Some(bundle_type));
    rows.map(|row| format!("{} {}", list("items", row), list("sources", row))).collect()
}

fn shop() -> Vec<Row> {
    ["a", "b", "c", "d"].iter().zip([9_000, 4_000, 2_000, 1_000]).map(|(id, price)| Row::new("s", id, price)).collect()
}

const ORDERS: &[(usize, &[&str])] =
    &[(8, &["a", "b"]), (5, &["a", "c"]), (4, &["b", "d"]), (3, &["c", "d"]), (2, &["a"])];

#[test]
fn pairs_that_are_bought_together_are_bundles_with_the_figures_of_their_orders() {
    let operator = GenerateCandidates { similar: 0, ..GenerateCandidates::default() };
    let [candidates, shops] = run(&operator, &shop(), ORDERS, &["increase_aov"]);
    let mut pairs = shown(&candidates, "FBT");
    pairs.sort();
    assert_eq!(pairs[0], "b+a fpgrowth+top_pairs", "of a and b, which are in 13 and 12 orders, b is the trigger");
    let together = pairs.iter().filter(|pair| pair.contains("top_pairs")).count();
    assert_eq!(together, 4, "others come from the fallback ladder: {pairs:?}");
    let first = candidates.clone().lazy().filter(col("bundle_type").eq(lit("FBT")));
    let best = first.sort(["orders_together"], SortMultipleOptions::default().with_order_descending(true)).limit(1);
    let best = best.collect().unwrap();
    let float = |name: &str| best.column(name).unwrap().f64().unwrap().get(0).unwrap();
    assert_eq!([float("support"), float("confidence"), float("lift")], [0.4, 0.666_667, 1.025_641]);
    let int = |name: &str| best.column(name).unwrap().i64().unwrap().get(0).unwrap();
    assert_eq!(["trigger_orders", "rest_orders", "orders_together"].map(int), [12, 15, 8]);
    assert!(shops.column("why").unwrap().str().unwrap().get(0).is_none(), "{shops}");
}

#[test]
fn what_is_sold_out_is_in_no_bundle_unless_it_may_be() {
    let mut products = shop();
    products[1].stock = Some(0);
    let frame = table(&products).lazy().with_column(
        when(col("item_id").eq(lit("b")))
            .then(lit(OUT_OF_STOCK))
            .otherwise(lit(NULL))
            .cast(DataType::String)
            .alias("exclusion"),
    );
    let with_b = |inventory: InventoryMode| {
        let operator = GenerateCandidates { inventory, ..GenerateCandidates::default() };
        let lines = lines(ORDERS);
        let shops = shops(22, 20, lines.height() as i64, &["clear_slow_movers", "increase_aov"]);
        let inputs = Frames::new().with("products", frame.clone()).with("shops", shops).with("lines", lines);
        let mut frames = operator.run(inputs, &StageContext::alone(Arc::new(NoStorage))).unwrap();
        let candidates = frames.take("candidates").unwrap().collect().unwrap();
        let all: Vec<String> =
            ["FBT", "VOLUME", "BOGO", "FIXED", "MIX_MATCH"].iter().flat_map(|kind| shown(&candidates, kind)).collect();
        assert!(!all.is_empty());
        all.iter().any(|items| items.split(' ').next().is_some_and(|items| items.split('+').any(|item| item == "b")))
    };
    assert!(!with_b(InventoryMode::Strict) && with_b(InventoryMode::Warn));
}

#[test]
fn a_shop_with_few_pairs_climbs_the_ladder_and_one_without_orders_offers_quantities() {
    let operator = GenerateCandidates { similar: 0, cold_start_coverage: Some(false), ..GenerateCandidates::default() };
    let orders: &[(usize, &[&str])] = &[(1, &["a", "b"]), (9, &["c"]), (9, &["d"]), (3, &["a"])];
    let [candidates, shops] = run(&operator, &shop(), orders, &["increase_aov"]);
    let pairs = shown(&candidates, "FBT");
    assert!(pairs.iter().any(|pair| pair.ends_with("ladder_popularity")), "{pairs:?}");
    assert!(shops.column("from_ladder").unwrap().i64().unwrap().get(0).unwrap() > 0);
    let [candidates, shops] = run(&operator, &shop(), &[], &["increase_aov"]);
    assert!(shown(&candidates, "FBT").is_empty() && shown(&candidates, "VOLUME").len() == 4);
    assert_eq!(shops.column("why").unwrap().str().unwrap().get(0), Some("no orders: only what the catalog says"));
}

#[test]
fn an_objective_takes_what_is_built_around_its_items() {
    let mut products = shop();
    products[3].flags = ItemFlags { is_new_launch: true, is_slow_mover: true, ..ItemFlags::default() };
    let operator = GenerateCandidates { similar: 0, ..GenerateCandidates::default() };
    let [candidates, _] = run(&operator, &products, ORDERS, &["clear_slow_movers", "increase_aov", "new_launch"]);
    let of = |objective: &str, kind: &str| {
        let rows = candidates.clone().lazy().filter(col("objective").eq(lit(objective))).collect().unwrap();
        shown(&rows, kind).iter().map(|text| text.split(' ').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of("clear_slow_movers", "VOLUME"), ["d"]);
    let new = of("new_launch", "FBT");
    assert!(new.len() == 2 && new.iter().all(|items| items.split('+').any(|item| item == "d")), "{new:?}");
    let rewards = of("clear_slow_movers", "BOGO");
    assert!(!rewards.is_empty() && rewards.iter().all(|items| items.split('+').any(|item| item == "d")), "{rewards:?}");
}

#[test]
fn items_that_nobody_bought_get_bundles_by_what_they_are() {
    let mut products = shop();
    products.push(Row { category: Some("Shirts"), ..Row::new("s", "e", 2_100) });
    products[2].category = Some("Shirts");
    products.iter_mut().for_each(|row| row.orders = i64::from(row.id != "e"));
    let [candidates, shops] = run(&GenerateCandidates::default(), &products, ORDERS, &["increase_aov"]);
    assert_eq!(shown(&candidates, "FIXED"), ["e+c cold_start_coverage"]);
    assert_eq!(shops.column("from_coverage").unwrap().i64().unwrap().get(0), Some(1));
}

#[test]
fn two_runs_and_any_number_of_threads_give_the_same() {
    let once = || run(&GenerateCandidates::default(), &shop(), ORDERS, &["clear_slow_movers", "increase_aov"]);
    let [one, _] = once();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let [other, _] = pool.install(once);
        assert!(one.equals_missing(&other), "{threads} threads");
    }
}
