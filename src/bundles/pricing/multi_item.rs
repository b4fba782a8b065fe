//! The price of several items that are taken together: FBT, MIX_MATCH and FIXED.

use super::{
    ending::with_ending,
    reconcile::shared,
    terms::{Line, Methodology, PriceAnomaly, Pricing, Terms},
};
use crate::bundles::{
    items::Item,
    money::{Cents, FineCents, Percent},
    objective::Caps,
};

/// No bundle costs less than this of its items.
const FLOOR: Percent = Percent::whole(30);

/// The price of items, each of them less by its baseline within the caps (section 8.4).
///
/// # Errors
/// [`PriceAnomaly`] when an item has no price, or no cent lies within the caps.
pub fn price_lines(items: &[(Item, Cents)], baselines: &[Percent], caps: Caps) -> Result<Pricing, PriceAnomaly> {
    let discounts: Vec<Percent> = baselines.iter().map(|percent| caps.clamp(*percent)).collect();
    let mut pricing = priced(items, &discounts, caps, Methodology::BayesianShrinkage)?;
    pricing.baselines = baselines.to_vec();
    Ok(pricing)
}

/// The price of items, all of them less by one discount within the caps.
///
/// # Errors
/// [`PriceAnomaly`] when an item has no price, or no cent lies within the caps.
pub fn price_at(
    items: &[(Item, Cents)],
    discount: Percent,
    caps: Caps,
    methodology: Methodology,
) -> Result<Pricing, PriceAnomaly> {
    priced(items, &vec![caps.clamp(discount); items.len()], caps, methodology)
}

fn priced(
    items: &[(Item, Cents)],
    discounts: &[Percent],
    caps: Caps,
    methodology: Methodology,
) -> Result<Pricing, PriceAnomaly> {
    if let Some((item, _)) = items.iter().find(|(_, price)| *price <= Cents::ZERO) {
        return Err(PriceAnomaly::NoPrice(item.0));
    }
    let prices: Vec<Cents> = items.iter().map(|(_, price)| *price).collect();
    let original: Cents = prices.iter().copied().sum();
    let wished: Vec<FineCents> =
        prices.iter().zip(discounts).map(|(price, percent)| FineCents::of(*price).percent(*percent)).collect();
    let raw = FineCents::of(original).0 - wished.iter().map(|discount| discount.0).sum::<i128>();
    let raw = FineCents(raw).max(FineCents::of(original).percent(FLOOR));
    let bundle = with_ending(raw, original, caps).ok_or_else(|| PriceAnomaly::OutsideCaps {
        percent: Percent::of_parts(original - raw.half_up(), original).value(),
    })?;
    let shares = shared(&prices, &wished, original - bundle);
    let lines =
        items.iter().zip(shares).map(|((item, price), discount)| Line { item: *item, original: *price, discount });
    Pricing { lines: lines.collect(), terms: Terms::Percentage, methodology, baselines: Vec::new(), caps }.checked()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bundles::objective::Objective;

    fn items(prices: &[i64]) -> Vec<(Item, Cents)> {
        prices.iter().enumerate().map(|(number, price)| (Item(number as u32), Cents(*price))).collect()
    }

    #[test]
    fn golden_quick_start_prices() {
        let caps = Objective::IncreaseAov.caps();
        for (original, expected) in [(9_000, 7_699), (5_000, 4_295), (7_500, 6_399), (3_500, 2_995)] {
            let half = original / 2;
            let pricing =
                price_at(&items(&[half, original - half]), Percent::whole(15), caps, Methodology::MultiArmedBandit);
            assert_eq!(pricing.unwrap().bundle(), Cents(expected), "{original}");
        }
    }

    #[test]
    fn each_item_has_its_own_discount_within_the_caps() {
        let baselines = [Percent::whole(50), Percent::ZERO];
        let pricing = price_lines(&items(&[10_000, 10_000]), &baselines, Objective::IncreaseAov.caps()).unwrap();
        assert_eq!((pricing.original(), pricing.bundle()), (Cents(20_000), Cents(17_500)));
        assert_eq!(pricing.lines.iter().map(|line| line.discount.0).collect::<Vec<_>>(), [2_000, 500]);
        assert_eq!(pricing.percent(), Percent::of(12.5));
        assert_eq!(pricing.baselines, baselines);
    }

    #[test]
    fn an_item_without_a_price_and_a_price_without_a_cent_are_anomalies() {
        let caps = Objective::IncreaseAov.caps();
        assert_eq!(price_lines(&items(&[100, 0]), &[Percent::ZERO; 2], caps), Err(PriceAnomaly::NoPrice(1)));
        let tiny = price_lines(&items(&[1, 1]), &[Percent::ZERO; 2], caps);
        assert!(matches!(tiny, Err(PriceAnomaly::OutsideCaps { .. })), "{tiny:?}");
    }

    proptest! {
        #[test]
        fn money_adds_up_and_discounts_stay_in_the_caps(
            lines in prop::collection::vec((1i64..200_000, 0.0f64..60.0), 2..5),
            objective in prop::sample::select(Objective::ALL.to_vec()),
        ) {
            let prices: Vec<i64> = lines.iter().map(|line| line.0).collect();
            let baselines: Vec<Percent> = lines.iter().map(|line| Percent::of(line.1)).collect();
            let caps = objective.caps();
            match price_lines(&items(&prices), &baselines, caps) {
                Ok(pricing) => {
                    prop_assert_eq!(pricing.original(), Cents(prices.iter().sum()));
                    prop_assert_eq!(pricing.bundle() + pricing.discount(), pricing.original());
                    prop_assert!(caps.hold(pricing.original(), pricing.bundle()));
                    for line in &pricing.lines {
                        prop_assert!(line.discount >= Cents::ZERO && line.discounted() >= Cents::ZERO);
                    }
                }
                Err(_) => prop_assert!(prices.iter().sum::<i64>() < 200, "a price that should be found"),
            }
        }
    }
}
