//! The operator on small frames.

use std::sync::Arc;

use polars::prelude::*;

use super::*;
use crate::operator::{NoStorage, Operator};

/// Items of two shops: `a` has a catalog, `b` knows its items from order lines alone.
fn items() -> DataFrame {
    let rows = 8;
    let none = |kind: &ColumnKind| Column::full_null("".into(), rows, &kind.data_type().unwrap());
    let columns = ITEMS.iter().map(|(name, kind)| {
        let column = match *name {
            "shop_id" => Column::new("".into(), ["a", "a", "a", "a", "a", "a", "a", "b"]),
            "variant_id" => Column::new("".into(), ["1", "2", "3", "4", "5", "6", "7", "x"]),
            "product_title" => Column::new("".into(), ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "X"]),
            "product_status" => Column::new(
                "".into(),
                ["active", "active", "archived", "active", "active", "active", "active", "active"],
            ),
            "sku" => {
                Column::new("".into(), [Some("S1"), Some("S"), Some("S"), Some("no-sku-4"), None, None, None, None])
            }
            "price_cents" => Column::new(
                "".into(),
                [Some(3_000_i64), Some(2_000), Some(100), Some(0), Some(100), Some(100), Some(100), None],
            ),
            "available_total" => {
                Column::new("".into(), [Some(5_i64), None, Some(5), Some(5), Some(0), Some(5), Some(5), None])
            }
            "units" => Column::new("".into(), [4_i64, 3, 0, 0, 0, 0, 0, 3]),
            "revenue_cents" => Column::new("".into(), [0_i64, 0, 0, 0, 0, 0, 0, 1_000]),
            "is_gift_card" => Column::new("".into(), [false, false, false, false, false, true, false, false]),
            "is_seasonal" => Column::new("".into(), [true, true, false, false, false, false, false, false]),
            "from_lines" => Column::new("".into(), [false, false, false, false, false, false, true, true]),
            "velocity" => Column::new("".into(), [0.5; 8]),
            _ => none(kind),
        };
        column.with_name((*name).into())
    });
    DataFrame::new(rows, columns.collect()).unwrap()
}

/// Ten orders of 1 and 2, one of 1 alone, in shop `a`; one line of three pieces in shop `b`.
fn lines() -> DataFrame {
    let mut rows: Vec<(&str, i64, &str, i64)> = Vec::new();
    for order in 0..10 {
        rows.push(("a", order, "1", 1));
        rows.push(("a", order, "2", if order < 3 { 2 } else { 1 }));
    }
    rows.push(("a", 10, "1", 5));
    rows.push(("b", 0, "x", 3));
    df!(
        "shop_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "order_id" => rows.iter().map(|row| row.1.to_string()).collect::<Vec<_>>(),
        "item_id" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "quantity" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        "created_at" => vec![None::<i64>; rows.len()],
    )
    .unwrap()
    .lazy()
    .with_column(col("created_at").cast(DataType::Datetime(TimeUnit::Microseconds, None)))
    .collect()
    .unwrap()
}

fn run(operator: &FlagProducts) -> [DataFrame; 3] {
    let orders = df!("shop_id" => ["a", "a", "a"], "currency" => ["EUR", "USD", "EUR"]).unwrap();
    let inputs = Frames::new().with("items", items()).with("lines", lines()).with("orders", orders);
    let mut frames = operator.run(inputs, &StageContext::alone(Arc::new(NoStorage))).unwrap();
    ["products", "shops", "objectives"].map(|port| frames.take(port).unwrap().collect().unwrap())
}

fn texts(frame: &DataFrame, name: &str) -> Vec<String> {
    let column = frame.column(name).unwrap().str().unwrap();
    column.iter().map(|text| text.unwrap_or("-").to_owned()).collect()
}

#[test]
fn each_item_says_why_it_is_in_no_bundle() {
    let [products, ..] = run(&FlagProducts::default());
    assert_eq!(
        texts(&products, "exclusion"),
        ["-", "-", "inactive", "no_price", "out_of_stock", "gift_card", "not_in_catalog", "-"],
        "what only order lines know is an item of a shop without a catalog"
    );
    assert_eq!(texts(&products, "hash_key"), ["S1", "2", "3", "4", "5", "6", "7", "x"], "a SKU of two items is none");
    assert_eq!(texts(&products, "sku"), ["S1", "S", "S", "4", "5", "6", "7", "x"]);
    let prices: Vec<i64> = products.column("price_cents").unwrap().i64().unwrap().iter().flatten().collect();
    assert_eq!(prices, [3_000, 2_000, 100, 0, 100, 100, 100, 333], "without a price the mean of its lines");
}

#[test]
fn orders_and_pieces_are_counted() {
    let [products, shops, _] = run(&FlagProducts::default());
    let first = |name: &str| products.column(name).unwrap().i64().unwrap().get(0).unwrap();
    let second = |name: &str| products.column(name).unwrap().i64().unwrap().get(1).unwrap();
    assert_eq!(["orders", "multi_item_orders", "lines", "lines_of_two", "quantity_max"].map(first), [11, 10, 11, 1, 5]);
    assert_eq!(["orders", "lines_of_two", "quantity_p75", "quantity_p90"].map(second), [10, 3, 2, 2]);
    let of_shop = |name: &str| shops.column(name).unwrap().i64().unwrap().iter().flatten().collect::<Vec<_>>();
    assert_eq!(
        (of_shop("orders"), of_shop("multi_item_orders"), of_shop("order_lines")),
        (vec![11, 1], vec![10, 0], vec![21, 1])
    );
    assert_eq!((of_shop("items"), of_shop("bundle_items")), (vec![7, 1], vec![2, 1]));
    assert_eq!(texts(&shops, "currency"), ["EUR", "USD"]);
}

#[test]
fn the_number_of_orders_chooses_the_objectives_and_seasonal_products_add_one() {
    let [_, shops, objectives] = run(&FlagProducts::default());
    let chosen = |row: usize| {
        let list = shops.column("objectives").unwrap().list().unwrap().get_as_series(row).unwrap();
        list.str().unwrap().iter().flatten().collect::<Vec<_>>().join(" ")
    };
    assert_eq!((chosen(0).as_str(), chosen(1).as_str()), ("increase_aov margin_guard seasonal_promo", "increase_aov"));
    assert_eq!(objectives.height(), 16);
    let given = FlagProducts { objectives: Some(vec![Objective::GiftBox]) };
    let [_, shops, _] = run(&given);
    let list = shops.column("objectives").unwrap().list().unwrap().get_as_series(1).unwrap();
    assert_eq!(list.str().unwrap().get(0), Some("gift_box"));
}

#[test]
fn a_shop_of_which_nothing_can_be_sold_says_so() {
    let archived = items().lazy().with_column(lit("archived").alias("product_status"));
    let inputs = Frames::new()
        .with("items", archived.filter(col("from_lines").not().and(col("price_cents").gt(lit(0)))))
        .with("lines", lines());
    let mut frames = FlagProducts::default().run(inputs, &StageContext::alone(Arc::new(NoStorage))).unwrap();
    let shops = frames.take("shops").unwrap().collect().unwrap();
    assert!(texts(&shops, "problem")[0].starts_with("no product can be in a bundle, most of all: inactive"), "{shops}");
}
