//! Candidates of items whose descriptions are alike (section 5.5).

use std::collections::BTreeSet;

use polars::prelude::StringChunked;

use super::{
    proposal::{Figures, Proposal},
    shop::Shop,
};
use crate::{
    bundles::{candidate::Source, items::Item},
    embedding::{Vectors, nearest},
};

/// Items that are compared, at most, and the fewest where a catalog has so many.
const MOST_TARGETS: usize = 400;
const LEAST_TARGETS: usize = 75;

/// Items that pairs, and that sets to pick from, are built around.
const PAIR_ANCHORS: usize = 50;
const SET_ANCHORS: usize = 30;

/// Neighbours that are looked at for a pair, and for a set; items of a set beside its anchor.
const PAIR_NEIGHBOURS: usize = 5;
const SET_NEIGHBOURS: usize = 5;
const SET_OTHERS: usize = 3;

/// Below so many orders of two or more items any likeness counts.
const FEW_ORDERS: usize = 12;

/// How far the price of a neighbour may be from the anchor's, as a share of that, in percent.
const MOST_GAP: i64 = 25;

/// The items of a shop that are compared, one of each product: those in most orders, then flagged ones, then others.
pub fn targets(shop: &Shop<'_>) -> Vec<Item> {
    let mut by_orders: Vec<Item> = shop.usable().filter(|item| shop.baskets.in_orders[item.index()] > 0).collect();
    by_orders.sort_by_key(|item| (std::cmp::Reverse(shop.baskets.in_orders[item.index()]), *item));
    let flagged = shop.usable().filter(|item| {
        let flags = shop.products.fact(*item).flags;
        flags.is_slow_mover || flags.is_new_launch || flags.is_seasonal || flags.is_high_margin
    });
    let others = shop.usable().count();
    let others = if others <= MOST_TARGETS { others } else { LEAST_TARGETS };
    let mut targets: Vec<Item> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut take = |items: &mut dyn Iterator<Item = Item>, most: usize| {
        for item in items {
            if targets.len() >= most {
                return;
            }
            if seen.insert(shop.products.fact(item).product) {
                targets.push(item);
            }
        }
    };
    take(&mut by_orders.into_iter(), MOST_TARGETS);
    take(&mut flagged.collect::<Vec<_>>().into_iter(), MOST_TARGETS);
    take(&mut shop.usable(), others.min(MOST_TARGETS));
    targets
}

/// How alike a pair must be, and how alike two items are that are one thing under two names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pair: f64,
    twin: f64,
    set: f64,
}

impl Bounds {
    /// Those of a shop: adaptive ones follow from the size of its catalog.
    pub fn of(shop: &Shop<'_>, is_adaptive: bool) -> Self {
        if shop.baskets.multi_orders < FEW_ORDERS {
            return Self { pair: 0.0, twin: f64::INFINITY, set: 0.0 };
        }
        match shop.products.len() {
            _ if !is_adaptive => Self { pair: 0.30, twin: 0.90, set: 0.70 },
            ..100 => Self { pair: 0.25, twin: 0.95, set: 0.45 },
            100..1_000 => Self { pair: 0.30, twin: 0.85, set: 0.55 },
            _ => Self { pair: 0.35, twin: 0.80, set: 0.65 },
        }
    }
}

/// What is alike in a shop.
#[derive(Default)]
pub struct Alike {
    /// Pairs, as FBT.
    pub pairs: Vec<Proposal>,
    /// Sets to pick from, as MIX_MATCH.
    pub sets: Vec<Proposal>,
}

/// What is alike in a shop, by vectors of its targets in their order.
pub fn by_vectors(
    shop: &Shop<'_>,
    targets: &[Item],
    vendors: &StringChunked,
    most: usize,
    vectors: &Vectors,
    bounds: Bounds,
) -> Alike {
    let queries: Vec<u32> = (0..targets.len().min(PAIR_ANCHORS) as u32).collect();
    let neighbours = nearest(vectors, &queries, 2 * PAIR_NEIGHBOURS, bounds.pair.min(bounds.set) as f32);
    alike(shop, targets, vendors, (most, bounds), |anchor, most| {
        neighbours.of(anchor).take(most).map(|(other, cosine)| (other as usize, f64::from(cosine))).collect()
    })
}

/// Pairs and sets among the targets. `nearest` gives the most similar targets of one by place, so many of them, best first.
fn alike(
    shop: &Shop<'_>,
    targets: &[Item],
    vendors: &StringChunked,
    (most, bounds): (usize, Bounds),
    nearest: impl Fn(usize, usize) -> Vec<(usize, f64)>,
) -> Alike {
    let vendor = |item: Item| vendors.get(shop.products.row(item)).filter(|vendor| !vendor.is_empty());
    let fits = |anchor: Item, other: Item| {
        let (one, two) = (shop.products.fact(anchor), shop.products.fact(other));
        let gap = (one.price.0 - two.price.0).abs();
        let is_near = one.price.0 > 0 && 100 * gap <= MOST_GAP * one.price.0;
        let same_vendor = vendor(anchor).zip(vendor(other)).is_none_or(|(one, other)| one == other);
        one.product != two.product && is_near && same_vendor
    };
    let mut found = Alike { pairs: Vec::new(), sets: Vec::new() };
    let mut seen: BTreeSet<[Item; 2]> = BTreeSet::new();
    for (place, anchor) in targets.iter().enumerate().take(PAIR_ANCHORS) {
        let neighbours = nearest(place, 2 * PAIR_NEIGHBOURS);
        let others = |least: f64| {
            let near =
                neighbours.iter().filter(move |(_, similarity)| *similarity >= least && *similarity <= bounds.twin);
            near.take(PAIR_NEIGHBOURS).map(|(other, similarity)| (targets[*other], *similarity))
        };
        for (other, similarity) in others(bounds.pair) {
            if found.pairs.len() < most
                && fits(*anchor, other)
                && seen.insert([*anchor.min(&other), *anchor.max(&other)])
            {
                found.pairs.push(proposal(vec![*anchor, other], similarity));
            }
        }
        if place >= SET_ANCHORS || found.sets.len() >= most {
            continue;
        }
        let mut members: Vec<(Item, f64)> = others(bounds.set)
            .take(SET_NEIGHBOURS)
            .filter(|(other, _)| fits(*anchor, *other))
            .take(SET_OTHERS)
            .collect();
        if members.len() < 2 {
            continue;
        }
        members.sort_unstable_by_key(|(item, _)| *item);
        let mean = members.iter().map(|(_, similarity)| similarity).sum::<f64>() / members.len() as f64;
        let items = std::iter::once(*anchor).chain(members.iter().map(|(item, _)| *item));
        found.sets.push(proposal(items.collect(), mean));
    }
    found
}

fn proposal(items: Vec<Item>, similarity: f64) -> Proposal {
    let figures = Figures { confidence: 0.3 + 0.3 * similarity.clamp(0.0, 1.0), lift: 1.0, support: 0.01 };
    Proposal { similarity: Some(similarity), ..Proposal::counted(items, Source::Similarity, figures) }
}
