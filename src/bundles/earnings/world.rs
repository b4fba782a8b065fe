//! A made-up world whose truth is known: shops with customers who take the rest along, or are moved by an offer, by chances
//! that the reckoning does not see.

use super::{
    credit::{Claim, credits},
    expectation::Model,
    offer::{Counts, Offer, Priors},
};
use crate::{
    bundles::{items::Item, money::Cents},
    dice::Dice,
};

/// A bundle with what is true of it.
struct TrueBundle {
    category: u32,
    /// Orders with the trigger among all.
    of_trigger: f64,
    /// The chance of the rest with the trigger.
    chance: f64,
    /// The chance of the rest without it.
    by_itself: f64,
    margin: Cents,
    discount: Cents,
}

impl TrueBundle {
    fn drawn(categories: &[f64], dice: &mut Dice) -> Self {
        let category = dice.below(categories.len() as u32);
        // From nothing to twice what is usual in the category.
        let chance = (categories[category as usize] * 2.0 * unit(dice)).min(0.9);
        Self {
            category,
            of_trigger: 0.02 + 0.2 * unit(dice),
            chance,
            by_itself: chance * (0.1 + 0.5 * unit(dice)),
            margin: Cents(i64::from(dice.between(200, 3_000))),
            discount: Cents(i64::from(dice.between(0, 600))),
        }
    }

    /// The extra margin a month, in a shop with so many orders a month.
    fn extra(&self, orders_a_month: f64) -> f64 {
        let added = (1.0 - self.chance) * (self.chance - self.by_itself).max(0.0);
        let a_buyer = added * self.margin.units() - self.chance * self.discount.units();
        orders_a_month * self.of_trigger * a_buyer
    }

    /// What the orders of some months come to.
    fn counted(&self, orders: u32, dice: &mut Dice) -> Counts {
        let (mut trigger, mut rest, mut both) = (0, 0, 0);
        for _ in 0..orders {
            let has_trigger = unit(dice) < self.of_trigger;
            let has_rest = unit(dice) < if has_trigger { self.chance } else { self.by_itself };
            trigger += u32::from(has_trigger);
            rest += u32::from(has_rest);
            both += u32::from(has_trigger && has_rest);
        }
        Counts { orders, trigger, rest, both }
    }

    /// The chance of the rest in any order.
    fn of_rest(&self) -> f64 {
        self.of_trigger * self.chance + (1.0 - self.of_trigger) * self.by_itself
    }
}

fn unit(dice: &mut Dice) -> f64 {
    f64::from(dice.below(1 << 24)) / f64::from(1 << 24)
}

/// How often the interval holds the truth: of all bundles, and of one in each shop.
struct Coverage {
    of_bundles: f64,
    of_shops: f64,
}

/// The coverage in so many shops with 30 bundles in four categories each; `is_offered` says which of them are bundles by
/// what was counted.
fn coverage(shops: u64, is_offered: impl Fn(&Counts) -> bool) -> Coverage {
    let model = Model::new(1.0);
    let held: Vec<Vec<bool>> = (0..shops)
        .map(|shop| held_in_shop(&model, &mut Dice::new(shop, 1), &is_offered))
        .filter(|held| !held.is_empty())
        .collect();
    let share = |held: &mut dyn Iterator<Item = bool>| {
        let (held, all) = held.fold((0.0, 0.0), |sums, held| (sums.0 + f64::from(u8::from(held)), sums.1 + 1.0));
        held / all
    };
    Coverage {
        of_bundles: share(&mut held.iter().flatten().copied()),
        of_shops: share(&mut held.iter().map(|held| held[0])),
    }
}

/// Of each bundle of a shop whether the interval of three months holds the truth.
fn held_in_shop(model: &Model, dice: &mut Dice, is_offered: impl Fn(&Counts) -> bool) -> Vec<bool> {
    let orders_a_month = f64::from(dice.between(40, 800));
    let categories: Vec<f64> = (0..4).map(|_| 0.05 + 0.35 * unit(dice)).collect();
    let bundles: Vec<TrueBundle> = (0..30).map(|_| TrueBundle::drawn(&categories, dice)).collect();
    let orders = (orders_a_month * 3.0) as u32;
    let counted: Vec<Counts> = bundles.iter().map(|bundle| bundle.counted(orders, dice)).collect();
    let offered: Vec<usize> = (0..30).filter(|bundle| is_offered(&counted[*bundle])).collect();
    let of_bundles: Vec<_> = offered.iter().map(|bundle| (counted[*bundle], Some(bundles[*bundle].category))).collect();
    let holds = |(place, priors): (&usize, Priors)| {
        let TrueBundle { margin, discount, .. } = bundles[*place];
        let offer = Offer { counts: counted[*place], months: 3.0, margin, discount };
        let found = model.expectation(&offer, &priors).margin;
        let truth = TrueBundle { by_itself: bundles[*place].of_rest(), ..bundles[*place] }.extra(orders_a_month);
        (found.low..=found.high).contains(&truth)
    };
    offered.iter().zip(Priors::of_bundles(&of_bundles)).map(holds).collect()
}

#[test]
fn the_interval_holds_the_truth_in_nine_of_ten_shops() {
    let all = coverage(300, |_| true);
    let strong = coverage(300, |counts| 50 * counts.both >= counts.orders && 100 * counts.both >= 18 * counts.trigger);
    for (what, share) in [
        ("all", all.of_bundles),
        ("one of each shop", all.of_shops),
        ("strong", strong.of_bundles),
        ("a strong one of each shop", strong.of_shops),
    ] {
        println!("{what}: {share:.3}");
        assert!((0.85..=0.95).contains(&share), "{what}: {share}");
    }
}

/// Customers of one trigger that has three bundles: each takes at most one. What is credited comes to what they bring.
#[test]
fn bundles_of_one_trigger_bring_together_what_they_are_credited_with() {
    let model = Model::new(1.0);
    let counts = |both| Counts { orders: 100_000, trigger: 20_000, rest: both, both };
    let offers = [8_000, 5_000, 2_000].map(|both| Offer {
        counts: counts(both),
        months: 1.0,
        margin: Cents(1_000),
        discount: Cents(100),
    });
    let priors = Priors { category: 0.25, shop: 0.25 };
    let claims: Vec<Claim> = offers
        .iter()
        .enumerate()
        .map(|(rest, offer)| Claim {
            items: vec![Item(0), Item(1 + rest as u32)],
            expectation: model.expectation(offer, &priors),
        })
        .collect();
    let credited: f64 =
        claims.iter().zip(credits(&claims)).map(|(claim, credit)| claim.expectation.margin.mean * credit).sum();

    let mut order: Vec<usize> = (0..3).collect();
    order.sort_by(|one, other| claims[*other].expectation.margin.mean.total_cmp(&claims[*one].expectation.margin.mean));
    let mut dice = Dice::new(3, 3);
    let mut brought = 0.0;
    for _ in 0..20_000 {
        for claim in &order {
            let (chance, draw) = (f64::from(offers[*claim].counts.both) / 20_000.0, unit(&mut dice));
            let added = (1.0 - chance) * (chance - f64::from(offers[*claim].counts.rest) / 100_000.0);
            if draw < chance {
                brought -= 1.0;
                break;
            } else if draw < chance + added {
                brought += 10.0;
                break;
            }
        }
    }
    assert!((credited / brought - 1.0).abs() < 0.05, "credited {credited}, brought {brought}");
    let alone: f64 = claims.iter().map(|claim| claim.expectation.margin.mean).sum();
    assert!(alone > 1.1 * brought, "each credited with all buyers they would claim {alone}");
}
