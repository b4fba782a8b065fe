//! The more pieces, the cheaper: tiers of quantities of one item.

use super::terms::{Line, Methodology, PriceAnomaly, Pricing, Terms, Tier};
use crate::bundles::{
    items::Item,
    money::{Cents, Percent},
    objective::Caps,
};

const fn tier(min_quantity: u32, percent: i64, label: Option<&'static str>) -> Tier {
    Tier { min_quantity, percent: Percent::whole(percent), label }
}

const BASE: Tier = tier(1, 0, None);
const STARTER: Option<&str> = Some("Starter Pack");
const POPULAR: Option<&str> = Some("Popular");
const BEST: Option<&str> = Some("Best Value");

/// Tiers where nothing is known of quantities (section 3.5).
pub const DEFAULT_TIERS: [Tier; 4] = [BASE, tier(2, 5, STARTER), tier(3, 10, POPULAR), tier(5, 15, BEST)];

/// Tiers where there are no orders at all (section 3.5).
pub const CATALOG_TIERS: [Tier; 3] = [BASE, tier(2, 10, None), tier(3, 15, None)];

/// No middle tier begins above this quantity, and no top tier above the other.
const MIDDLE_MOST: u32 = 5;
const TOP_MOST: u32 = 10;

/// How many pieces an item's order lines have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantities {
    /// How many lines there are.
    pub lines: u32,
    /// Those of two, three and five pieces or more.
    pub of_two: u32,
    /// See `of_two`.
    pub of_three: u32,
    /// See `of_two`.
    pub of_five: u32,
    /// The pieces of the line that three quarters, and that nine tenths of the lines come before, by rising pieces.
    pub p75: u32,
    /// See `p75`.
    pub p90: u32,
    /// The most pieces.
    pub most: u32,
}

/// Tiers by the quantities of an item's order lines (section 8.5). `stock` is `None` when nobody counts it.
pub fn tiers_of_quantities(quantities: &Quantities, stock: Option<i64>) -> Vec<Tier> {
    let is_more = |lines: u32, percent: u64| 100 * u64::from(lines) > percent * u64::from(quantities.lines);
    let half_of_stock = stock.map_or(u32::MAX, |stock| u32::try_from(stock.max(0) / 2).unwrap_or(u32::MAX));

    let mut tiers = vec![BASE, tier(2, if is_more(quantities.of_two, 30) { 8 } else { 5 }, STARTER)];
    let middle = quantities.p75.clamp(3, MIDDLE_MOST).min(half_of_stock);
    if middle > 2 {
        tiers.push(tier(middle, if is_more(quantities.of_three, 15) { 10 } else { 12 }, POPULAR));
    }
    let upper = quantities.p90;
    let top = if upper > middle { upper } else { middle + 2 };
    let top = top.clamp(5, TOP_MOST).min(half_of_stock);
    if tiers.last().is_some_and(|last| top > last.min_quantity) {
        let percent = if is_more(quantities.of_five, 10) {
            15
        } else if quantities.most >= 5 {
            18
        } else {
            20
        };
        tiers.push(tier(top, percent, BEST));
    }
    tiers
}

/// The price of pieces of one item: the tiers within the caps, without those that ask for more pieces and give no more. One piece costs
/// what it costs.
///
/// # Errors
/// [`PriceAnomaly::NoPrice`] when the item has none.
pub fn price_tiers(item: Item, price: Cents, tiers: &[Tier], caps: Caps) -> Result<Pricing, PriceAnomaly> {
    if price <= Cents::ZERO {
        return Err(PriceAnomaly::NoPrice(item.0));
    }
    let within = |tier: &Tier| match tier.min_quantity {
        ..=1 => *tier,
        _ => Tier { percent: caps.clamp(tier.percent), ..*tier },
    };
    let mut tiers: Vec<Tier> = tiers.iter().map(within).collect();
    tiers.dedup_by_key(|tier| tier.percent);
    let terms = Terms::Tiered(tiers);
    let lines = vec![Line { item, original: price, discount: Cents::ZERO }];
    Pricing { lines, terms, methodology: Methodology::Tiers, baselines: Vec::new(), caps }.checked()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bundles::objective::Objective;

    fn of(quantities: &[u32]) -> Quantities {
        let mut sorted = quantities.to_vec();
        sorted.sort_unstable();
        let at = |place: usize| sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default();
        let at_least = |pieces: u32| sorted.iter().filter(|quantity| **quantity >= pieces).count() as u32;
        Quantities {
            lines: sorted.len() as u32,
            of_two: at_least(2),
            of_three: at_least(3),
            of_five: at_least(5),
            p75: at(sorted.len() * 3 / 4),
            p90: at(sorted.len() * 9 / 10),
            most: at(usize::MAX),
        }
    }

    fn shown(tiers: &[Tier]) -> Vec<(u32, f64)> {
        tiers.iter().map(|tier| (tier.min_quantity, tier.percent.value())).collect()
    }

    #[test]
    fn tiers_follow_the_quantities_that_are_bought() {
        assert_eq!(shown(&tiers_of_quantities(&of(&[1; 20]), None)), [(1, 0.0), (2, 5.0), (3, 12.0), (5, 20.0)]);
        // Seven of ten lines have two pieces, three of them four or more, one of them six.
        let quantities = [1, 1, 1, 2, 2, 2, 2, 4, 4, 6];
        assert_eq!(shown(&tiers_of_quantities(&of(&quantities), None)), [(1, 0.0), (2, 8.0), (4, 10.0), (6, 18.0)]);
        assert_eq!(shown(&tiers_of_quantities(&of(&[30; 10]), None)), [(1, 0.0), (2, 8.0), (5, 10.0), (10, 15.0)]);
        assert_eq!(shown(&tiers_of_quantities(&of(&[]), None)), [(1, 0.0), (2, 5.0), (3, 12.0), (5, 20.0)]);
    }

    #[test]
    fn no_tier_but_the_first_asks_for_more_than_half_of_the_stock() {
        assert_eq!(shown(&tiers_of_quantities(&of(&[1; 20]), Some(9))), [(1, 0.0), (2, 5.0), (3, 12.0), (4, 20.0)]);
        assert_eq!(shown(&tiers_of_quantities(&of(&[1; 20]), Some(5))), [(1, 0.0), (2, 5.0)]);
    }

    #[test]
    fn tiers_are_clamped_to_the_caps_and_one_piece_has_no_discount() {
        let caps = Objective::ClearSlowMovers.caps();
        let pricing = price_tiers(Item(3), Cents(999), &DEFAULT_TIERS, caps).unwrap();
        let Terms::Tiered(tiers) = &pricing.terms else { panic!("no tiers") };
        assert_eq!(shown(tiers), [(1, 0.0), (2, 10.0), (5, 15.0)], "three pieces would cost what two cost");
        assert_eq!((pricing.original(), pricing.bundle(), pricing.discount()), (Cents(999), Cents(999), Cents(0)));
        assert!(price_tiers(Item(3), Cents(0), &CATALOG_TIERS, caps).is_err());
    }

    proptest! {
        #[test]
        fn quantities_rise_and_discounts_stay_in_the_caps(
            quantities in prop::collection::vec(1u32..40, 0..60),
            stock in prop::option::of(3i64..80),
            objective in prop::sample::select(Objective::ALL.to_vec()),
        ) {
            let tiers = tiers_of_quantities(&of(&quantities), stock);
            prop_assert!(tiers.is_sorted_by(|one, next| one.min_quantity < next.min_quantity));
            let pricing = price_tiers(Item(0), Cents(1_000), &tiers, objective.caps());
            prop_assert!(pricing.is_ok(), "{pricing:?}");
            if let Ok(Pricing { terms: Terms::Tiered(tiers), .. }) = &pricing {
                prop_assert!(tiers.windows(2).all(|pair| pair[0].percent != pair[1].percent), "{tiers:?}");
            }
        }
    }
}
