//! Which product is a good reward for another, and which for more of itself.

use std::collections::BTreeSet;

use super::terms::Bogo;
use crate::bundles::{
    best::{best, falling},
    items::{Item, ItemFacts},
    money::{Cents, Percent},
    speed::Speed,
};

/// How many orders hold two items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairCounts {
    /// The two, in any order; each pair once.
    pub items: [Item; 2],
    /// Orders that hold both.
    pub together: u32,
}

/// A trigger with its reward, and the figures that its candidate gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reward {
    /// What is bought.
    pub trigger: Item,
    /// What is got: another product, or more of the same.
    pub reward: Item,
    /// How many of each, and how much cheaper.
    pub terms: Bogo,
    /// What it was chosen by.
    pub score: f64,
    /// See [`super::super::candidate::Candidate`].
    pub confidence: f64,
    /// See [`super::super::candidate::Candidate`].
    pub lift: f64,
    /// See [`super::super::candidate::Candidate`].
    pub support: f64,
}

/// What rewards are looked for in: slices have an entry an item.
#[derive(Clone, Copy, Debug)]
pub struct RewardSearch<'a> {
    /// The shop's items.
    pub facts: &'a [ItemFacts],
    /// Order lines of each.
    pub lines: &'a [u32],
    /// How fast each sells.
    pub speeds: &'a [Speed],
    /// All orders of the shop.
    pub orders: u32,
}

impl RewardSearch<'_> {
    /// The best rewards of other products (section 3.5), best first. No product has two parts in them.
    pub fn cross_product(&self, pairs: &[PairCounts], most: usize) -> Vec<Reward> {
        // Mostly the greedy choice ends among the first few: all are sorted only when it does not.
        let mut looked_at = 64 * most.max(1);
        loop {
            let (chosen, were_all) = self.greedy(pairs, most, looked_at);
            if were_all || chosen.len() >= most {
                return chosen;
            }
            looked_at = looked_at.saturating_mul(16);
        }
    }

    /// The greedy choice among so many of the best rated, and whether these were all.
    fn greedy(&self, pairs: &[PairCounts], most: usize, looked_at: usize) -> (Vec<Reward>, bool) {
        let both_ways = pairs.iter().flat_map(|pair| {
            let [one, other] = pair.items;
            [self.rated(one, other, pair.together), self.rated(other, one, pair.together)]
        });
        let mut rated = best(both_ways.flatten(), looked_at, |one, other| {
            let ids = (one.trigger, one.reward).cmp(&(other.trigger, other.reward));
            falling(one.score, other.score).then(ids)
        });
        let were_all = rated.len() < looked_at;
        let mut taken = BTreeSet::new();
        rated.retain(|reward| {
            let products = [reward.trigger, reward.reward].map(|item| self.facts[item.index()].product);
            let is_free = products.iter().all(|product| !taken.contains(product)) && taken.len() < 2 * most;
            if is_free {
                taken.extend(products);
            }
            is_free
        });
        (rated, were_all)
    }

    /// How good `reward` is for `trigger`; `None` when it cannot be one.
    fn rated(&self, trigger: Item, reward: Item, together: u32) -> Option<Reward> {
        let (x, y) = (self.facts.get(trigger.index())?, self.facts.get(reward.index())?);
        let is_deal = together > 0 && x.price > Cents::ZERO && y.price > Cents::ZERO && y.is_in_stock();
        if !is_deal || x.product == y.product {
            return None;
        }
        let chance = self.chance(trigger, together);
        let is_below = |percent: i64| 100 * y.price.0 < percent * x.price.0;
        let mut score = chance;
        if self.speeds.get(reward.index()).is_some_and(|speed| speed.is_slow) {
            score += 0.3;
        }
        if self.speeds.get(trigger.index()).is_some_and(|speed| speed.is_fast) {
            score += 0.2;
        }
        if is_below(50) {
            score += 0.2;
        } else if is_below(100) {
            score += 0.1;
        }
        let percent = if chance > 0.15 && is_below(50) {
            100
        } else if chance > 0.1 && is_below(100) {
            50
        } else {
            25
        };
        Some(Reward {
            trigger,
            reward,
            terms: Bogo::cross_product(Percent::whole(percent)),
            score,
            confidence: (chance + 0.3).min(0.9),
            lift: 1.0 + chance,
            support: f64::from(together) / f64::from(self.orders.max(1)),
        })
    }

    /// The smoothed chance of the reward when the trigger is bought, less for all who bought the trigger alone.
    fn chance(&self, trigger: Item, together: u32) -> f64 {
        let lines = f64::from(self.lines.get(trigger.index()).copied().unwrap_or(0).max(together));
        let both = f64::from(together);
        ((both + 1.0) / (lines + self.facts.len() as f64) - 0.2 * (lines - both) / lines).clamp(0.0, 1.0)
    }
}

/// Two of an item with a third one free, where no product is a reward for another (section 3.5): slow sellers first, then
/// flagged slow movers, then what was never sold, then whatever is in stock. A product has one offer. `units` are the
/// pieces sold of each item.
pub fn same_product_rewards(facts: &[ItemFacts], units: &[u64], speeds: &[Speed], most: usize) -> Vec<Reward> {
    let group = |item: usize| match (speeds[item].is_slow, facts[item].flags.is_slow_mover, units[item]) {
        (true, ..) => 0,
        (_, true, _) => 1,
        (_, _, 0) => 2,
        _ => 3,
    };
    let mut items: Vec<usize> =
        (0..facts.len()).filter(|item| facts[*item].price > Cents::ZERO && facts[*item].is_in_stock()).collect();
    items.sort_by(|one, other| {
        let slowest = match group(*one) {
            0 => facts[*one].velocity.total_cmp(&facts[*other].velocity),
            _ => std::cmp::Ordering::Equal,
        };
        let fullest = facts[*other].stock.unwrap_or(0).cmp(&facts[*one].stock.unwrap_or(0));
        group(*one).cmp(&group(*other)).then(slowest).then(fullest).then(one.cmp(other))
    });
    let mut products = BTreeSet::new();
    items.retain(|item| products.insert(facts[*item].product));
    let offer = |(place, item): (usize, usize)| {
        let item = Item(item as u32);
        let score = 1.0 / (1.0 + place as f64);
        let terms = Bogo::BUY_TWO_GET_ONE;
        Reward { trigger: item, reward: item, terms, score, confidence: 0.6, lift: 1.2, support: 0.5 }
    };
    items.into_iter().take(most).enumerate().map(offer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::items::testing::item;

    fn pair(one: u32, other: u32, together: u32) -> PairCounts {
        PairCounts { items: [Item(one), Item(other)], together }
    }

    #[test]
    fn a_cheap_reward_that_is_often_taken_along_is_free_and_no_product_has_two_parts() {
        let facts = [item(0, 10_000), item(1, 4_000), item(2, 9_000), item(3, 1_000)];
        let search =
            RewardSearch { facts: &facts, lines: &[20, 20, 20, 20], speeds: &[Speed::default(); 4], orders: 100 };
        let rewards = search.cross_product(&[pair(0, 1, 18), pair(1, 2, 15), pair(2, 3, 10)], 10);
        let shown: Vec<_> =
            rewards.iter().map(|reward| (reward.trigger.0, reward.reward.0, reward.terms.percent.value())).collect();
        assert_eq!(shown, [(0, 1, 100.0), (2, 3, 100.0)]);
        let chance = 19.0 / 24.0 - 0.2 * 2.0 / 20.0;
        assert!((rewards[0].score - (chance + 0.2)).abs() < 1e-12 && (rewards[0].lift - 1.0 - chance).abs() < 1e-12);
        assert_eq!((rewards[0].confidence, rewards[0].support), (0.9, 0.18));
        assert_eq!(search.cross_product(&[pair(0, 1, 18), pair(2, 3, 10)], 1).len(), 1);
    }

    #[test]
    fn what_is_out_of_stock_without_a_price_or_of_the_same_product_is_no_reward() {
        let mut facts = [item(0, 10_000), item(1, 4_000)];
        let found = |facts: &[ItemFacts]| {
            let search = RewardSearch { facts, lines: &[9, 9], speeds: &[Speed::default(); 2], orders: 10 };
            search.cross_product(&[pair(0, 1, 5)], 10).iter().map(|reward| reward.trigger.0).collect::<Vec<_>>()
        };
        assert_eq!(found(&facts), [0]);
        facts[1].stock = Some(0);
        assert_eq!(found(&facts), [1], "the other way round");
        facts[1].stock = None;
        assert_eq!(found(&facts), [0], "what nobody counts is there");
        facts[1].price = Cents(0);
        assert!(found(&facts).is_empty());
        facts[1] = ItemFacts { product: 0, ..item(1, 4_000) };
        assert!(found(&facts).is_empty());
    }

    #[test]
    fn slow_sellers_are_given_away_first() {
        let mut facts: Vec<ItemFacts> = (0..6).map(|number| item(number, 1_000)).collect();
        facts[4].velocity = 0.1;
        facts[3].flags.is_slow_mover = true;
        facts[1].stock = Some(0);
        facts[5].product = 4;
        let slow = Speed { is_slow: true, is_fast: false };
        let speeds = [Speed::default(), slow, slow, Speed::default(), slow, slow];
        let rewards = same_product_rewards(&facts, &[9, 1, 1, 5, 1, 1], &speeds, 10);
        assert_eq!(rewards.iter().map(|reward| reward.trigger.0).collect::<Vec<_>>(), [4, 2, 3, 0]);
        assert_eq!(rewards[0].terms, Bogo::BUY_TWO_GET_ONE);
    }
}
