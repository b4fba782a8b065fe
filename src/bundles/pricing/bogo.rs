//! The price of a qualifier and its reward: buy some, get some free or cheaper.

use super::terms::{Bogo, Line, Methodology, Mode, PriceAnomaly, Pricing, Terms};
use crate::bundles::{items::Item, money::Cents, objective::Caps};

impl Bogo {
    /// The price of qualifier and reward (section 8.5), which are the same for [`Mode::SameVariant`]: the reward costs the
    /// rest of its percent.
    ///
    /// # Errors
    /// [`PriceAnomaly`] when one has no price, or the whole discount is outside the caps.
    pub fn price(self, trigger: (Item, Cents), reward: (Item, Cents), caps: Caps) -> Result<Pricing, PriceAnomaly> {
        if let Some((item, _)) = [trigger, reward].into_iter().find(|(_, price)| *price <= Cents::ZERO) {
            return Err(PriceAnomaly::NoPrice(item.0));
        }
        let (bought, got) = (trigger.1.times(self.buy_quantity), reward.1.times(self.get_quantity));
        let savings = got.percent(self.percent);
        let lines = match self.mode {
            Mode::SameVariant => vec![Line { item: trigger.0, original: bought + got, discount: savings }],
            Mode::CrossProduct => vec![
                Line { item: trigger.0, original: bought, discount: Cents::ZERO },
                Line { item: reward.0, original: got, discount: savings },
            ],
        };
        let methodology = Methodology::Reward;
        Pricing { lines, terms: Terms::Bogo(self), methodology, baselines: Vec::new(), caps }.checked()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bundles::{money::Percent, objective::Objective};

    #[test]
    fn buy_two_get_one_free_is_a_third_off() {
        let caps = Objective::ClearSlowMovers.caps();
        let pricing = Bogo::BUY_TWO_GET_ONE.price((Item(1), Cents(1_000)), (Item(1), Cents(1_000)), caps).unwrap();
        assert_eq!((pricing.original(), pricing.bundle()), (Cents(3_000), Cents(2_000)));
        assert_eq!(pricing.percent(), Percent::of(33.333_333));
        let caps = Objective::SeasonalPromo.caps();
        let too_much = Bogo::BUY_TWO_GET_ONE.price((Item(1), Cents(1_000)), (Item(1), Cents(1_000)), caps);
        assert_eq!(too_much, Err(PriceAnomaly::OutsideCaps { percent: 33.333_333 }));
    }

    #[test]
    fn what_is_left_of_the_rewards_price_is_paid() {
        let caps = Objective::ClearSlowMovers.caps();
        let half = Bogo::cross_product(Percent::whole(50));
        let pricing = half.price((Item(1), Cents(2_001)), (Item(2), Cents(1_001)), caps).unwrap();
        assert_eq!(
            (pricing.original(), pricing.bundle(), pricing.discount()),
            (Cents(3_002), Cents(2_501), Cents(501))
        );
        assert!(half.price((Item(1), Cents(0)), (Item(2), Cents(1)), caps).is_err());
    }

    proptest! {
        #[test]
        fn money_adds_up(trigger in 1i64..100_000, reward in 1i64..100_000, percent in 1i64..=100) {
            let caps = Caps::whole(0, 100);
            let pricing = Bogo::cross_product(Percent::whole(percent)).price(
                (Item(0), Cents(trigger)),
                (Item(1), Cents(reward)),
                caps,
            ).unwrap();
            prop_assert_eq!(pricing.bundle() + pricing.discount(), Cents(trigger + reward));
            prop_assert!(pricing.bundle() >= Cents(trigger));
        }
    }
}
