//! Orders from lines against an obvious reference.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Line, NO_TIME, OrderLines, ShopOrders, Wanted};

type Plainly = (Option<u8>, u16, u8, Option<i64>);

fn text(shop: Option<u8>) -> Option<String> {
    shop.map(|shop| format!("shop {shop}"))
}

/// Order ids of all kinds: numbers, numbers with zeros before them, texts.
fn id(order: u16) -> String {
    match order % 3 {
        0 => order.to_string(),
        1 => format!("0{order}"),
        _ => format!("gid/{order}"),
    }
}

fn encode(lines: &[Plainly], min_items: usize) -> Vec<ShopOrders> {
    let mut read = OrderLines::with_capacity(lines.len(), Wanted { times: true, customers: false });
    for (shop, order, item, at) in lines {
        let (shop, order, item) = (text(*shop), id(*order), format!("item {item}"));
        read.push(Line { shop: shop.as_deref(), order: &order, item: &item, at: *at, customer: None }).unwrap();
    }
    read.into_orders(min_items)
}

/// The orders of a shop as sets of texts with their times, in order; and how many there are of any size.
type Plain = BTreeMap<Option<String>, (Vec<(Vec<String>, u32)>, u32)>;

fn reference(lines: &[Plainly], min_items: usize) -> Plain {
    let mut orders: BTreeMap<(Option<String>, String), (BTreeSet<String>, u32)> = BTreeMap::new();
    for (shop, order, item, at) in lines {
        let order = orders.entry((text(*shop), id(*order))).or_insert_with(|| (BTreeSet::new(), NO_TIME));
        order.0.insert(format!("item {item}"));
        order.1 = order.1.min(at.map_or(NO_TIME, |at| (at / 1_000_000) as u32));
    }
    let mut shops = Plain::new();
    for ((shop, _), (items, time)) in orders {
        let shop = shops.entry(shop).or_default();
        shop.1 += 1;
        if items.len() >= min_items {
            shop.0.push((items.into_iter().collect(), time));
        }
    }
    for (orders, _) in shops.values_mut() {
        orders.sort();
    }
    shops
}

fn plain(shops: &[ShopOrders]) -> Plain {
    let of_shop = |shop: &ShopOrders| {
        let names = |items: &[u32]| items.iter().map(|item| shop.name(*item).to_owned()).collect::<Vec<_>>();
        let mut orders: Vec<_> = shop.transactions().iter().map(names).zip(shop.times.iter().copied()).collect();
        orders.sort();
        (shop.shop.clone(), (orders, shop.all_orders))
    };
    shops.iter().map(of_shop).collect()
}

fn lines() -> impl Strategy<Value = Vec<Plainly>> {
    let time = proptest::option::weighted(0.9, 0_i64..10_000_000);
    proptest::collection::vec((proptest::option::weighted(0.8, 0_u8..3), 0_u16..12, 0_u8..6, time), 0..120)
}

proptest! {
    #[test]
    fn scattered_lines_become_the_orders_that_they_are(lines in lines(), min_items in 1_usize..4) {
        prop_assert_eq!(plain(&encode(&lines, min_items)), reference(&lines, min_items));
    }

    #[test]
    fn the_order_of_the_lines_changes_nothing(lines in lines(), turn in 0_usize..120) {
        let mut turned = lines.clone();
        turned.rotate_left(turn.min(lines.len()));
        prop_assert_eq!(encode(&turned, 2), encode(&lines, 2));
        turned.reverse();
        prop_assert_eq!(encode(&turned, 2), encode(&lines, 2));
    }
}

#[test]
fn an_items_number_is_the_place_of_its_text() {
    let mut read = OrderLines::default();
    for (order, item) in [("1", "pear"), ("2", "fig"), ("1", "apple"), ("2", "pear"), ("3", "fig"), ("1", "pear")] {
        read.push(Line { shop: Some("s"), order, item, ..Line::default() }).unwrap();
    }
    let orders = read.into_orders(2);
    let [shop] = orders.as_slice() else { panic!("{orders:?}") };
    assert_eq!((shop.len(), shop.all_orders, shop.item_count()), (2, 3, 3));
    assert_eq!((shop.name(0), shop.name(1), shop.name(2)), ("apple", "fig", "pear"));
    assert_eq!((&shop.offsets[..], &shop.items[..]), (&[0, 2, 4][..], &[0, 2, 1, 2][..]));
    assert!(shop.times.is_empty());
}

/// Orders as a customer, a time and items each.
fn orders_of(orders: &[(&str, i64, &str)]) -> ShopOrders {
    let mut read = OrderLines::with_capacity(9, Wanted { times: true, customers: true });
    for (number, (customer, second, items)) in orders.iter().enumerate() {
        for item in items.split(' ') {
            let (order, customer) = (format!("{number:03}"), Some(*customer).filter(|customer| !customer.is_empty()));
            let at = Some(second * 1_000_000);
            read.push(Line { shop: Some("s"), order: &order, item, at, customer }).unwrap();
        }
    }
    read.into_orders(2).pop().unwrap()
}

/// The items of each order, and when it was.
fn spelt(shop: &ShopOrders) -> Vec<(String, u32)> {
    let names = |items: &[u32]| items.iter().map(|item| shop.name(*item)).collect::<Vec<_>>().join(" ");
    let mut orders: Vec<_> =
        (0..shop.len()).map(|order| (names(shop.order(order)), shop.times.get(order).copied().unwrap_or(0))).collect();
    orders.sort();
    orders
}

#[test]
fn copies_of_a_customers_standing_order_count_once() {
    let mut shop = orders_of(&[
        ("ann", 1, "a b c"),
        ("ann", 9, "c b a"),
        ("ann", 5, "a b c"),
        ("ann", 2, "a b"),
        ("bob", 3, "a b"),
        ("bob", 4, "a b c"),
        ("", 6, "a b"),
        ("", 7, "a b"),
    ]);
    assert_eq!(shop.leave_out_copies(), 2);
    let kept = [("a b", 2), ("a b", 3), ("a b", 6), ("a b", 7), ("a b c", 4), ("a b c", 9)];
    assert_eq!(spelt(&shop), kept.map(|(items, at)| (items.to_owned(), at)));
    assert_eq!((shop.all_orders, shop.customers.len()), (8, 6));
}

#[test]
fn a_long_standing_order_may_differ_a_little() {
    let mut shop = orders_of(&[
        ("ann", 1, "a b c d e f"),
        ("ann", 2, "a b c d e g"),
        ("ann", 3, "a b c d e"),
        ("bob", 4, "a b c d e"),
        ("ann", 5, "a b c"),
        ("ann", 6, "a b c d"),
        ("", 7, "x y"),
        ("", 8, "x y"),
        ("", 9, "x y"),
        ("", 9, "x y"),
    ]);
    // Five of six items are shared by the third and each of the first two, and five of seven by those.
    assert_eq!(shop.leave_out_copies(), 2);
    let own = [("a b c", 5), ("a b c d", 6), ("a b c d e", 3), ("a b c d e", 4)];
    let kept = [&own[..], &[("x y", 7), ("x y", 8), ("x y", 9), ("x y", 9)]].concat();
    assert_eq!(spelt(&shop), kept.into_iter().map(|(items, at)| (items.to_owned(), at)).collect::<Vec<_>>());
}

#[test]
fn a_name_on_most_orders_is_no_customer() {
    let mut orders = vec![("till", 1, "a b"); 5];
    orders.extend([("ann", 1, "a b"), ("ann", 1, "a b"), ("", 1, "a b")]);
    assert_eq!(orders_of(&orders).leave_out_copies(), 1, "ann's");
    orders.extend([("bob", 1, "a b"), ("cid", 1, "a b")]);
    assert_eq!(orders_of(&orders).leave_out_copies(), 5, "half of ten is not most");
}

#[test]
fn items_may_be_renamed_and_become_one() {
    let mut shop = orders_of(&[("ann", 1, "s1 s2"), ("bob", 2, "s1 m1"), ("cid", 3, "m1 z s2")]);
    let product = |item: &str| [("s1", "sock"), ("s2", "sock"), ("m1", "mug")].into_iter().find(|(of, _)| *of == item);
    shop.rename(|item| product(item).map(|(_, product)| product), 2);
    assert_eq!(spelt(&shop), [("mug sock".to_owned(), 2), ("mug sock z".to_owned(), 3)]);
    assert_eq!((shop.shop.as_deref(), shop.all_orders, shop.item_count(), shop.customers.len()), (Some("s"), 3, 3, 2));
    assert_eq!(shop.item_counts(), [2, 2, 1]);
}
