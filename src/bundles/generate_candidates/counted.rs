//! Sources that count orders: rules, frequent itemsets, the pairs that are bought most, and complements.

use std::collections::HashMap;

use super::{
    proposal::{Figures, Proposal},
    shop::Shop,
    tables::Rule,
};
use crate::{
    bundles::{
        best::{best, falling},
        candidate::Source,
        items::Item,
        pairs::Pair,
    },
    mining::{Itemsets, Limits, Search, Target},
};

/// The share of orders that a frequent itemset has, in percent, and the least number (section 5.2).
const SUPPORT_PERCENT: usize = 2;
const LEAST_ORDERS: usize = 2;

/// The most sets that are listed in a shop; beyond, smaller sets are looked for.
const MAX_SETS: u64 = 200_000;

/// The most items of a bundle of items that are bought together.
pub const MOST_TOGETHER: usize = 3;

/// Rules of up to three items, each with the items of both sides.
pub fn of_rules<'a>(rules: &'a [Rule], source: Source) -> impl Iterator<Item = Proposal> + 'a {
    rules.iter().filter(|rule| (2..=MOST_TOGETHER).contains(&rule.items.len())).map(move |rule| {
        let mut items = rule.items.clone();
        items[1..].sort_unstable();
        let figures = Figures { confidence: rule.confidence, lift: rule.lift, support: rule.support };
        Proposal::counted(items, source, figures)
    })
}

/// The itemsets of most orders (section 5.3). Confidence and lift are those of the best split into one item and the others.
pub fn of_itemsets(shop: &Shop<'_>, most: usize, max_size: usize) -> Vec<Proposal> {
    let orders = shop.baskets.multi_orders;
    let min_count = (orders * SUPPORT_PERCENT).div_ceil(100).max(LEAST_ORDERS);
    let sets = frequent(shop, min_count as u32, max_size);
    let counts: HashMap<Vec<u32>, u32> = sets.iter().map(|(items, count)| (sorted(items), count)).collect();
    let large = sets.iter().filter(|(items, _)| (2..=MOST_TOGETHER).contains(&items.len()));
    let kept = best(
        large.map(|(items, count)| (sorted(items), count)),
        most,
        |(one, orders_of_one), (other, orders_of_other)| {
            orders_of_other.cmp(orders_of_one).then(one.len().cmp(&other.len())).then_with(|| one.cmp(other))
        },
    );
    let proposal = |(items, count): (Vec<u32>, u32)| {
        let split = |out: usize| {
            let mut rest = items.clone();
            let item = rest.remove(out);
            let of_rest = f64::from(counts.get(&rest).copied().unwrap_or(count).max(1));
            let of_item = f64::from(counts.get(&vec![item]).copied().unwrap_or(count).max(1));
            let confidence = f64::from(count) / of_rest;
            (confidence, confidence * orders as f64 / of_item)
        };
        let splits = (0..items.len()).map(split);
        let (confidence, lift) = splits.fold((0.0, 0.0), |best, next| if next.0 > best.0 { next } else { best });
        let items: Vec<Item> = items.iter().map(|item| Item(*item)).collect();
        let figures = Figures { confidence, lift, support: f64::from(count) / orders.max(1) as f64 };
        Proposal::counted(shop.with_trigger(&items), Source::Itemsets, figures)
    };
    kept.into_iter().map(proposal).collect()
}

fn sorted(items: &[u32]) -> Vec<u32> {
    let mut items = items.to_vec();
    items.sort_unstable();
    items
}

fn frequent(shop: &Shop<'_>, min_count: u32, max_size: usize) -> Itemsets {
    for size in (2..=max_size).rev() {
        let limits = Limits { max_sets: Some(MAX_SETS), max_bytes: None, cancelled: None };
        let search = Search { target: Target::All, min_count, max_size: Some(size) };
        if let Ok(sets) = search.list_within(shop.baskets.multi.transactions(), limits) {
            return sets;
        }
    }
    Itemsets::default()
}

/// The pairs of most orders, ties by lift, then by items (section 5.4).
pub fn of_top_pairs(shop: &Shop<'_>, most: usize) -> Vec<Proposal> {
    let lift = |pair: &Pair| figures(shop, pair).lift;
    let usable = shop.pairs.iter().filter(|pair| shop.may_use(&[Item(pair.one), Item(pair.other)]));
    let kept = best(usable, most, |one, other| {
        let by_items = || (one.one, one.other).cmp(&(other.one, other.other));
        other.count.cmp(&one.count).then_with(|| falling(lift(one), lift(other))).then_with(by_items)
    });
    kept.iter().map(|pair| of_pair(shop, pair, Source::TopPairs)).collect()
}

/// Items with those that go with them, as far as orders hold both.
pub fn of_complements<'a>(
    shop: &'a Shop<'_>,
    complements: &'a [[Item; 2]],
) -> impl Iterator<Item = (u32, Proposal)> + 'a {
    complements.iter().filter_map(|[item, other]| {
        let count = shop.pairs.together(item.0, other.0);
        let pair = Pair { one: item.0.min(other.0), other: item.0.max(other.0), count };
        (count > 0).then(|| (count, of_pair(shop, &pair, Source::Covisitation)))
    })
}

fn figures(shop: &Shop<'_>, pair: &Pair) -> Figures {
    let orders = |item: u32| shop.baskets.in_multi[item as usize];
    Figures::of_pair(pair.count, orders(pair.one), orders(pair.other), shop.baskets.multi_orders)
}

fn of_pair(shop: &Shop<'_>, pair: &Pair, source: Source) -> Proposal {
    Proposal::counted(shop.with_trigger(&[Item(pair.one), Item(pair.other)]), source, figures(shop, pair))
}
