//! The ladder of fallbacks where few candidates were found (section 5.7): from stored rules down to products that look alike.

use super::{
    counted::of_rules,
    ladder_catalog::{CatalogTexts, alike, complements_by_words},
    proposal::{Figures, Pool, Proposal},
    shop::Shop,
    tables::Rule,
};
use crate::bundles::{
    best::{best, falling},
    bundle_type::BundleType,
    candidate::Source,
    items::Item,
    pairs::Pair,
};
use crate::mining::NO_TIME;

/// Candidates at which the ladder ends.
const TARGET: usize = 10;

/// What the figures of a fallback are at least.
const LEAST: Figures = Figures { confidence: 0.4, lift: 1.0, support: 0.01 };

/// A tier: its limit, the discount that it suggests in percent, and how much it counts.
struct Tier {
    limit: usize,
    discount: f64,
    weight: f64,
}

/// The days that are recent.
const RECENT_SECONDS: u32 = 30 * 86_400;

/// A proposal of the ladder, with its type and its score.
pub struct Rung {
    /// What it proposes.
    pub proposal: Proposal,
    /// As which type.
    pub bundle_type: BundleType,
    /// What it is worth before it is ranked: confidence · weight · lift.
    pub score: f64,
}

/// What a tier proposes, when it is asked.
type Proposals<'a> = &'a dyn Fn() -> Vec<Proposal>;

/// Walks the ladder down until there are enough sets that are not in `pool` yet.
pub fn climb(shop: &Shop<'_>, rules: &[Rule], texts: &CatalogTexts<'_>, pool: &Pool) -> Vec<Rung> {
    let mut found = Found { shop, pool, rungs: Vec::new() };
    let fbt = BundleType::Fbt;
    let tiers: [(Tier, BundleType, Proposals<'_>); 7] = [
        (tier(20, 10.0, 1.0), fbt, &|| of_rules(rules, Source::StrictRules).collect()),
        (tier(10, 8.0, 0.9), fbt, &|| relaxed(shop)),
        (tier(10, 5.0, 0.8), fbt, &|| smoothed(shop)),
        (tier(10, 5.0, 0.7), fbt, &|| alike_in_orders(shop)),
        (tier(8, 10.0, 0.6), BundleType::MixMatch, &|| complements_by_words(shop, texts)),
        (tier(6, 12.0, 0.5), fbt, &|| popular(shop)),
        (tier(5, 8.0, 0.4), BundleType::Fixed, &|| alike(shop, texts)),
    ];
    for (tier, bundle_type, proposals) in tiers {
        if found.rungs.len() >= TARGET {
            break;
        }
        found.take(proposals(), &tier, bundle_type);
    }
    found.rungs
}

const fn tier(limit: usize, discount: f64, weight: f64) -> Tier {
    Tier { limit, discount, weight }
}

struct Found<'a> {
    shop: &'a Shop<'a>,
    pool: &'a Pool,
    rungs: Vec<Rung>,
}

impl Found<'_> {
    fn take(&mut self, proposals: Vec<Proposal>, tier: &Tier, bundle_type: BundleType) {
        let mut taken = 0;
        for mut proposal in proposals {
            if taken >= tier.limit || self.rungs.len() >= TARGET {
                return;
            }
            let mut key = proposal.items.clone();
            key.sort_unstable();
            let is_there = |rung: &Rung| {
                let mut items = rung.proposal.items.clone();
                items.sort_unstable();
                items == key
            };
            if !self.shop.may_use(&key) || self.pool.has(&key) || self.rungs.iter().any(is_there) {
                continue;
            }
            proposal.confidence = proposal.confidence.clamp(LEAST.confidence, 1.0);
            proposal.lift = proposal.lift.max(LEAST.lift);
            proposal.support = proposal.support.max(LEAST.support);
            proposal.suggested = proposal.suggested.or(Some(tier.discount));
            let score = proposal.confidence * tier.weight * proposal.lift;
            self.rungs.push(Rung { proposal, bundle_type, score });
            taken += 1;
        }
    }
}

/// The orders of each item of a pair, among all, of a shop's pairs whose items are in enough orders.
fn counted_pairs<'a>(shop: &'a Shop<'_>) -> impl Iterator<Item = (Pair, u32, u32)> + 'a {
    let least = (shop.baskets.all_orders().div_ceil(200)).max(2);
    let orders = |item: u32| shop.baskets.in_orders[item as usize];
    shop.pairs.iter().map(move |pair| (pair, orders(pair.one), orders(pair.other))).filter(move |(pair, one, other)| {
        *one >= least && *other >= least && shop.may_use(&[Item(pair.one), Item(pair.other)])
    })
}

fn of_pair(shop: &Shop<'_>, source: Source, pair: &Pair, confidence: f64) -> Proposal {
    let orders = |item: u32| shop.baskets.in_orders[item as usize];
    let figures =
        Figures::of_pair(pair.count, orders(pair.one), orders(pair.other), shop.baskets.all_orders() as usize);
    Proposal::counted(shop.with_trigger(&[Item(pair.one), Item(pair.other)]), source, Figures { confidence, ..figures })
}

/// Tier 2: pairs in at least 1.5 % of the orders, and a fifth of those of one of their items.
fn relaxed(shop: &Shop<'_>) -> Vec<Proposal> {
    let least = (shop.baskets.all_orders() * 3).div_ceil(200).max(3);
    let sure = |(pair, one, other): &(Pair, u32, u32)| f64::from(pair.count) / f64::from(*one.min(other));
    let enough = counted_pairs(shop).filter(|found| found.0.count >= least && sure(found) >= 0.2);
    let by_items = |pair: &Pair| (pair.one, pair.other);
    let kept = best(enough, 2 * TARGET, |one, other| {
        other
            .0
            .count
            .cmp(&one.0.count)
            .then(falling(sure(one), sure(other)))
            .then(by_items(&one.0).cmp(&by_items(&other.0)))
    });
    kept.iter().map(|found| of_pair(shop, Source::AdaptiveRelax, &found.0, sure(found))).collect()
}

/// The best partners of each item by a measure of (orders of both, of the item, of the other), then the best pairs of those.
fn best_partners(
    shop: &Shop<'_>,
    of_item: usize,
    source: Source,
    measure: impl Fn(f64, f64, f64) -> Option<f64>,
) -> Vec<Proposal> {
    let mut of_items: Vec<Vec<(f64, Pair)>> = vec![Vec::new(); shop.products.len()];
    for (pair, one, other) in counted_pairs(shop) {
        let (both, one, other) = (f64::from(pair.count), f64::from(one), f64::from(other));
        for (item, orders, partner) in [(pair.one, one, other), (pair.other, other, one)] {
            let Some(value) = measure(both, orders, partner) else { continue };
            let partners = &mut of_items[item as usize];
            let place = partners.partition_point(|(known, _)| *known >= value);
            if place < of_item {
                partners.insert(place, (value, pair));
                partners.truncate(of_item);
            }
        }
    }
    let kept = best(of_items.into_iter().flatten(), 4 * TARGET, |one, other| {
        falling(one.0, other.0).then((one.1.one, one.1.other).cmp(&(other.1.one, other.1.other)))
    });
    kept.iter().map(|(value, pair)| of_pair(shop, source, pair, *value)).collect()
}

/// Tier 3: the chance of the other, smoothed.
fn smoothed(shop: &Shop<'_>) -> Vec<Proposal> {
    best_partners(shop, 3, Source::SmoothedPairs, |both, one, _| {
        let chance = (both + 1.0) / (one + 2.0);
        (chance >= 0.1).then_some(chance)
    })
}

/// Tier 4: the mean of cosine and Jaccard of the orders.
fn alike_in_orders(shop: &Shop<'_>) -> Vec<Proposal> {
    best_partners(shop, 2, Source::ItemSimilarity, |both, one, other| {
        let alike = (both / (one * other).sqrt() + both / (one + other - both)) / 2.0;
        (alike > 0.1).then_some(alike)
    })
}

/// Tier 6: pairs of the three best sellers, and of the three best of late.
fn popular(shop: &Shop<'_>) -> Vec<Proposal> {
    let all = &shop.baskets.all;
    let newest = all.times.iter().copied().filter(|time| *time != NO_TIME).max().unwrap_or_default();
    let mut recent = vec![0_u32; shop.products.len()];
    for (order, time) in all.transactions().iter().zip(&all.times) {
        if *time != NO_TIME && *time > newest.saturating_sub(RECENT_SECONDS) {
            order.iter().for_each(|item| recent[*item as usize] += 1);
        }
    }
    let mut proposals = Vec::new();
    for (counts, discount) in [(&shop.baskets.in_orders, 15.0), (&recent, 12.0)] {
        let sold = shop.usable().map(|item| (counts[item.index()], item)).filter(|(orders, _)| *orders > 0);
        let top = best(sold, 3, |one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
        for (place, (_, one)) in top.iter().enumerate() {
            for (_, other) in top.iter().skip(place + 1) {
                let count = shop.pairs.together(one.0, other.0);
                let pair = Pair { one: one.0.min(other.0), other: one.0.max(other.0), count };
                let mut proposal = of_pair(shop, Source::Popularity, &pair, 0.0);
                proposal.suggested = Some(discount);
                proposals.push(proposal);
            }
        }
    }
    proposals
}
