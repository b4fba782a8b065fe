//! Prices end as customers know them: at .95, .99 or whole.

use crate::bundles::{
    money::{Cents, FineCents},
    objective::Caps,
};

/// The price for a raw one (section 8.4): of the endings around it the nearest, the cheaper of two as near, that is above
/// 0, not above `original`, and a discount within the caps. Without such an ending it is the nearest whole cent of that
/// kind; `None` when there is none.
pub fn with_ending(raw: FineCents, original: Cents, caps: Caps) -> Option<Cents> {
    let is_price = |price: &Cents| *price > Cents::ZERO && *price <= original && caps.hold(original, *price);
    let distance = |price: &Cents| ((FineCents::of(*price).0 - raw.0).abs(), *price);
    let endings = endings(raw).into_iter().filter(is_price).min_by_key(distance);
    endings.or_else(|| {
        let cent = raw.half_up();
        // A cent more or less may be outside the caps where the raw price is at their edge.
        [cent, cent - Cents(1), cent + Cents(1)].into_iter().find(is_price)
    })
}

/// The usual prices around a raw one.
fn endings(raw: FineCents) -> Vec<Cents> {
    let whole = raw.down().0.div_euclid(100) * 100;
    let around: &[i64] = match whole {
        ..1_000 => &[-1, 99],
        1_000..5_000 => &[-5, 95],
        _ => &[-1, 0, 99, 100],
    };
    around.iter().map(|cents| Cents(whole.saturating_add(*cents))).collect()
}

#[cfg(test)]
pub mod original {
    //! The ending of the original, whose recorded prices are golden figures.

    use super::*;

    /// The original's ending, which may raise a price above the original or lead out of the caps (K-40).
    pub fn with_ending(raw: FineCents) -> Cents {
        let whole = raw.down().0.div_euclid(100) * 100;
        let cents = raw.half_up().0 - whole;
        Cents(
            whole
                + if whole < 1_000 {
                    99
                } else if whole < 5_000 {
                    95
                } else if cents > 50 {
                    100
                } else {
                    99
                },
        )
    }

    #[test]
    fn golden_endings_of_the_original() {
        for (raw, expected) in [
            (950, 999),
            (1_000, 1_095),
            (1_943, 1_995),
            (3_135, 3_195),
            (4_999, 4_995),
            (5_000, 5_099),
            (5_051, 5_100),
            (9_975, 10_000),
        ] {
            assert_eq!(with_ending(FineCents::of(Cents(raw))), Cents(expected), "{raw}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bundles::{money::Percent, objective::Objective};

    #[test]
    fn an_ending_never_raises_a_price_above_the_original_or_out_of_the_caps() {
        // Both are defects of the original: K-40.
        let caps = Caps::whole(0, 20);
        assert_eq!(with_ending(FineCents::of(Cents(5_710)), Cents(5_710), caps), Some(Cents(5_700)));
        let raw = FineCents::of(Cents(9_000)).0 - FineCents::of(Cents(9_000)).percent(Percent::whole(5)).0;
        assert_eq!(with_ending(FineCents(raw), Cents(9_000), Caps::whole(5, 20)), Some(Cents(8_500)));
        assert_eq!(with_ending(FineCents::of(Cents(3_135)), Cents(3_583), Caps::whole(5, 20)), Some(Cents(3_095)));
    }

    #[test]
    fn of_two_endings_as_near_the_cheaper_is_taken() {
        let at = |raw| with_ending(FineCents::of(Cents(raw)), Cents(raw + 200), Caps::whole(0, 40));
        assert_eq!(at(649), Some(Cents(599)));
        assert_eq!(at(7_550), Some(Cents(7_599)));
        assert_eq!(at(2_145), Some(Cents(2_095)));
    }

    #[test]
    fn without_an_ending_the_raw_price_stays_as_far_as_a_cent_is_within_the_caps() {
        let caps = Caps::whole(5, 20);
        assert_eq!(with_ending(FineCents::of(Cents(38)), Cents(40), caps), Some(Cents(38)));
        assert_eq!(with_ending(FineCents(3 * 80_000_000), Cents(3), caps), None);
        let edge = FineCents::of(Cents(88)).percent(Percent::whole(80));
        assert_eq!(with_ending(edge, Cents(88), caps), Some(Cents(71)), "70 cents are a discount of 20.5 %");
    }

    proptest! {
        #[test]
        fn a_price_is_positive_not_above_the_original_and_within_the_caps_and_no_ending_is_nearer(
            original in 1i64..50_000,
            share in 0.0f64..=1.0,
            objective in prop::sample::select(Objective::ALL.to_vec()),
        ) {
            let caps = objective.caps();
            let percent = Percent::of(caps.least.value() + share * (caps.most.value() - caps.least.value()));
            let raw = FineCents(FineCents::of(Cents(original)).0 - FineCents::of(Cents(original)).percent(percent).0);
            let fits = |price: i64| price > 0 && price <= original && caps.hold(Cents(original), Cents(price));
            match with_ending(raw, Cents(original), caps) {
                None => prop_assert!(!(0..=original).any(fits)),
                Some(price) => {
                    prop_assert!(fits(price.0));
                    let distance = |price: i64| (FineCents::of(Cents(price)).0 - raw.0).abs();
                    for other in endings(raw).into_iter().filter(|other| fits(other.0)) {
                        prop_assert!(distance(price.0) <= distance(other.0));
                    }
                }
            }
        }
    }
}
