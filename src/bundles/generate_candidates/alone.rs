//! Bundles of one item, or of one with a reward: quantities, rewards, and the catalog alone.

use super::shop::Shop;
use crate::bundles::{
    bundle_type::BundleType,
    candidate::{Candidate, Source, Sources},
    candidate_rows::Made,
    items::Item,
    objective::Objective,
    pricing::{PairCounts, Reward, RewardSearch, VolumePick, same_product_rewards, select_by_orders},
};

/// Items of the catalog that are offered where nothing else is.
const CATALOG_ITEMS: usize = 5;

/// Confidence, lift and support of those.
const OF_CATALOG: (f64, f64, f64) = (0.25, 1.05, 0.1);

/// Offers of quantities for an objective, best first (section 3.5).
pub fn volumes(shop: &Shop<'_>, objective: Objective, most: usize) -> Vec<Made> {
    let items: Vec<_> =
        shop.usable().filter(|item| is_anchor(shop, objective, *item)).map(|item| shop.volume_item(item)).collect();
    select_by_orders(&items, most).into_iter().map(|pick| volume(shop, objective, &pick)).collect()
}

fn volume(shop: &Shop<'_>, objective: Objective, pick: &VolumePick) -> Made {
    let figures = (pick.confidence, pick.lift, pick.support);
    single(shop, vec![pick.item], (BundleType::Volume, objective, Source::Quantities), figures)
}

/// The dearest items as quantities, where a shop has no other bundle.
pub fn of_catalog(shop: &Shop<'_>) -> Vec<Made> {
    let mut items: Vec<Item> = shop.usable().filter(|item| shop.products.fact(*item).is_in_stock()).collect();
    items.sort_by_key(|item| (std::cmp::Reverse(shop.products.fact(*item).price), *item));
    items.truncate(CATALOG_ITEMS);
    let kind = (BundleType::Volume, Objective::IncreaseAov, Source::Catalog);
    items.into_iter().map(|item| single(shop, vec![item], kind, OF_CATALOG)).collect()
}

/// Rewards for an objective: of other products, and where none qualifies more of the same (section 3.5).
pub fn rewards(shop: &Shop<'_>, objective: Objective, pairs: &[PairCounts], most: usize) -> Vec<Made> {
    let serves = |pair: &&PairCounts| pair.items.iter().any(|item| is_anchor(shop, objective, *item));
    let eligible: Vec<PairCounts> = pairs.iter().filter(serves).copied().collect();
    let search = RewardSearch {
        facts: shop.products.facts,
        lines: &shop.sales.lines,
        speeds: &shop.sales.speeds,
        orders: shop.baskets.all_orders(),
    };
    let mut found = search.cross_product(&eligible, most);
    if found.is_empty() {
        let facts: Vec<_> = (shop.products.items())
            .map(|item| {
                let mut fact = shop.products.fact(item).clone();
                // What may be in no bundle is as good as without a price.
                if !shop.is_usable[item.index()] || !is_anchor(shop, objective, item) {
                    fact.price = crate::bundles::money::Cents::ZERO;
                }
                fact
            })
            .collect();
        found = same_product_rewards(&facts, &shop.sales.units, &shop.sales.speeds, most);
    }
    found.iter().map(|reward| of_reward(shop, objective, reward)).collect()
}

fn of_reward(shop: &Shop<'_>, objective: Objective, reward: &Reward) -> Made {
    let items =
        if reward.trigger == reward.reward { vec![reward.trigger] } else { vec![reward.trigger, reward.reward] };
    let figures = (reward.confidence, reward.lift, reward.support);
    let mut made = single(shop, items, (BundleType::Bogo, objective, Source::Rewards), figures);
    made.terms = Some(reward.terms);
    made
}

/// The pairs that may be rewards: of items that may be in a bundle.
pub fn reward_pairs(shop: &Shop<'_>) -> Vec<PairCounts> {
    let usable = shop.pairs.iter().filter(|pair| shop.may_use(&[Item(pair.one), Item(pair.other)]));
    usable.map(|pair| PairCounts { items: [Item(pair.one), Item(pair.other)], together: pair.count }).collect()
}

/// Whether a bundle around an item serves an objective. Larger orders need no anchor.
pub fn is_anchor(shop: &Shop<'_>, objective: Objective, item: Item) -> bool {
    let fact = shop.products.fact(item);
    objective == Objective::IncreaseAov || objective.anchors_at(fact)
}

fn single(
    shop: &Shop<'_>,
    items: Vec<Item>,
    (bundle_type, objective, source): (BundleType, Objective, Source),
    (confidence, lift, support): (f64, f64, f64),
) -> Made {
    let candidate = Candidate {
        company: shop.around.company(&items),
        shared_customers: shop.buyers.of_all(&items),
        predicted_lift: 1.0 + 0.3 * confidence,
        similarity: None,
        sources: Sources::one(source),
        items,
        bundle_type,
        objective,
        confidence,
        lift,
        support,
    };
    super::finish::made(shop, candidate, None)
}
