//! What an offer is reckoned by: how often its items were bought, alone and together, and what is earned by it.

use crate::bundles::{
    items::ItemFacts,
    money::{Cents, Percent},
    pricing::{Pricing, Terms},
};

/// Orders in which the items of a bundle are. Of quantities of one item, the trigger is a line of it, and the rest
/// that it has so many pieces as the offer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Orders of the shop.
    pub orders: u32,
    /// Orders with the trigger.
    pub trigger: u32,
    /// Orders with all the rest; 0 for quantities of one item.
    pub rest: u32,
    /// Orders with trigger and rest.
    pub both: u32,
}

/// The chance of the rest where less is known of a bundle: 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Priors {
    /// Of all bundles whose triggers are of the same category.
    pub category: f64,
    /// Of all bundles of the shop.
    pub shop: f64,
}

impl Priors {
    /// The priors of each bundle of a shop, from the counts of all and the category of each trigger: Σ both ÷ Σ trigger.
    pub fn of_bundles(bundles: &[(Counts, Option<u32>)]) -> Vec<Self> {
        let mut shop = (0_u64, 0_u64);
        let mut categories = std::collections::BTreeMap::<Option<u32>, (u64, u64)>::new();
        for (counts, category) in bundles {
            for sums in [&mut shop, categories.entry(*category).or_default()] {
                sums.0 += u64::from(counts.both);
                sums.1 += u64::from(counts.trigger);
            }
        }
        let share = |(both, trigger): (u64, u64)| if trigger > 0 { both as f64 / trigger as f64 } else { 0.0 };
        bundles.iter().map(|(_, category)| Self { category: share(categories[category]), shop: share(shop) }).collect()
    }
}

/// An offer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// How often its items were bought.
    pub counts: Counts,
    /// In how many months, at least one: [`months`].
    pub months: f64,
    /// What is earned more when somebody who took the trigger alone takes the whole at the bundle's price; below 0 when the
    /// discount is more than the rest earns.
    pub margin: Cents,
    /// What somebody gets who would have bought the whole anyway.
    pub discount: Cents,
}

/// Days of a month on average.
const MONTH_DAYS: f64 = 30.4375;

/// The months that orders of so many days fill; what is shorter than a month counts as one.
pub fn months(days: f64) -> f64 {
    (days / MONTH_DAYS).max(1.0)
}

/// What is earned more when a customer takes the whole and not the trigger alone, and the discount of the whole: the
/// figures of an [`Offer`]. `facts` are those of the pricing's lines. An item without a cost is taken to earn
/// `assumed` of its price.
pub fn margin_of_rest(pricing: &Pricing, facts: &[&ItemFacts], assumed: Percent) -> (Cents, Cents) {
    let cost = |item: &ItemFacts| item.cost.unwrap_or_else(|| item.price - item.price.percent(assumed));
    match &pricing.terms {
        Terms::Percentage | Terms::Bogo(_) if pricing.lines.len() > 1 => {
            let bought = pricing.lines[0].original;
            let costs: Cents = facts.iter().skip(1).map(|item| cost(item)).sum();
            (pricing.bundle() - bought - costs, pricing.discount())
        }
        terms => {
            let Some(item) = facts.first() else { return (Cents::ZERO, Cents::ZERO) };
            let (pieces, discount) = match terms {
                Terms::Tiered(tiers) => {
                    let first = tiers.iter().find(|tier| tier.min_quantity > 1);
                    first.map_or((1, Cents::ZERO), |tier| {
                        (tier.min_quantity, item.price.times(tier.min_quantity).percent(tier.percent))
                    })
                }
                Terms::Bogo(bogo) => (bogo.buy_quantity + bogo.get_quantity, pricing.discount()),
                Terms::Percentage => (1, pricing.discount()),
            };
            let more = pieces.saturating_sub(1);
            (item.price.times(more) - discount - cost(item).times(more), discount)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::{
        items::{Item, testing::item},
        objective::Caps,
        pricing::{Bogo, DEFAULT_TIERS, Methodology, price_at, price_tiers},
    };

    #[test]
    fn the_margin_is_that_of_the_rest_less_the_whole_discount() {
        let (one, mut other) = (item(0, 4_000), item(1, 6_000));
        let caps = Caps::whole(0, 100);
        let lines = [(Item(0), one.price), (Item(1), other.price)];
        let pricing = price_at(&lines, Percent::whole(10), caps, Methodology::Flat).unwrap();
        assert_eq!(pricing.bundle(), Cents(9_000));
        assert_eq!(margin_of_rest(&pricing, &[&one, &other], Percent::whole(40)), (Cents(1_400), Cents(1_000)));
        other.cost = Some(Cents(1_000));
        assert_eq!(margin_of_rest(&pricing, &[&one, &other], Percent::whole(40)), (Cents(4_000), Cents(1_000)));
        let reward = Bogo::cross_product(Percent::whole(50)).price(lines[0], lines[1], caps).unwrap();
        assert_eq!(margin_of_rest(&reward, &[&one, &other], Percent::whole(40)), (Cents(2_000), Cents(3_000)));
    }

    #[test]
    fn of_quantities_the_rest_are_the_other_pieces() {
        let one = ItemFacts { cost: Some(Cents(500)), ..item(0, 1_000) };
        let caps = Caps::whole(0, 100);
        let tiers = price_tiers(Item(0), one.price, &DEFAULT_TIERS, caps).unwrap();
        assert_eq!(margin_of_rest(&tiers, &[&one], Percent::ZERO), (Cents(400), Cents(100)));
        let third = Bogo::BUY_TWO_GET_ONE.price((Item(0), one.price), (Item(0), one.price), caps).unwrap();
        assert_eq!(margin_of_rest(&third, &[&one], Percent::ZERO), (Cents(0), Cents(1_000)));
    }

    #[test]
    fn priors_are_pooled_by_category_and_shop_and_a_short_time_is_a_month() {
        let counts = |trigger, both| Counts { orders: 100, trigger, rest: 10, both };
        let priors = Priors::of_bundles(&[(counts(10, 5), Some(1)), (counts(30, 3), Some(1)), (counts(60, 12), None)]);
        assert_eq!(priors[0], Priors { category: 0.2, shop: 0.2 });
        assert_eq!(priors[1], priors[0]);
        assert_eq!(priors[2], Priors { category: 0.2, shop: 0.2 });
        assert_eq!((months(0.0), months(365.25)), (1.0, 12.0));
    }
}
