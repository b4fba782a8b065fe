//! A discount of the whole is shared among the lines, so that they add up to the cent.

use crate::bundles::money::{Cents, FineCents};

/// The discount of each line, so that all are `target` (section 8.4): in proportion to the wished discounts, or to the
/// prices where nothing was wished; halves up to the cent. The last line takes what is left, and where that is more than its
/// price or less than nothing, the line before it takes the rest. No discount is below 0 or above its price, given
/// that `target` is from 0 to the sum of the prices.
pub fn shared(prices: &[Cents], wished: &[FineCents], target: Cents) -> Vec<Cents> {
    let mut weights: Vec<i128> = wished.iter().map(|discount| discount.0.max(0)).collect();
    if weights.iter().sum::<i128>() == 0 {
        weights = prices.iter().map(|price| i128::from(price.0)).collect();
    }
    let all = weights.iter().sum::<i128>().max(1);
    let mut left = target;
    let mut discounts: Vec<Cents> = prices
        .iter()
        .zip(&weights)
        .map(|(price, weight)| {
            let share = (2 * weight * i128::from(target.0) + all).div_euclid(2 * all);
            // A share is at most the target, so that it fits.
            let share = Cents(i64::try_from(share).unwrap_or(target.0)).clamp(Cents::ZERO, *price);
            left -= share;
            share
        })
        .collect();
    for (discount, price) in discounts.iter_mut().zip(prices).rev() {
        let taken = (*discount + left).clamp(Cents::ZERO, *price);
        left -= taken - *discount;
        *discount = taken;
    }
    discounts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bundles::{money::Percent, pricing::ending::original};

    /// What the original makes of prices at one discount: the bundle's price, the percent and the lines' discounts.
    fn by_the_original(
        prices: &[i64],
        percent: f64,
        adjusted: impl Fn(FineCents, &[FineCents]) -> i128,
    ) -> (i64, f64, Vec<i64>) {
        let prices: Vec<Cents> = prices.iter().map(|price| Cents(*price)).collect();
        let wished: Vec<FineCents> =
            prices.iter().map(|price| FineCents::of(*price).percent(Percent::of(percent))).collect();
        let whole: Cents = prices.iter().copied().sum();
        let left: Vec<FineCents> = prices
            .iter()
            .zip(&wished)
            .map(|(price, discount)| FineCents(FineCents::of(*price).0 - discount.0))
            .collect();
        let raw = left.iter().map(|line| line.0).sum::<i128>() - adjusted(FineCents::of(whole), &left);
        let bundle = original::with_ending(FineCents(raw));
        let discounts = shared(&prices, &wished, whole - bundle);
        let percent = Percent::of_parts(discounts.iter().copied().sum(), whole).value();
        (bundle.0, percent, discounts.iter().map(|discount| discount.0).collect())
    }

    fn all_alike(_: FineCents, _: &[FineCents]) -> i128 {
        0
    }

    fn five_percent_more(whole: FineCents, _: &[FineCents]) -> i128 {
        whole.0 / 20
    }

    fn cheapest_free(_: FineCents, lines: &[FineCents]) -> i128 {
        lines.iter().map(|line| line.0).min().unwrap_or(0)
    }

    #[test]
    fn golden_prices_of_the_original() {
        let (tee, hat) = (2_221, 1_362);
        assert_eq!(by_the_original(&[tee, hat], 12.5, all_alike), (3_195, 10.828_914, vec![241, 147]));
        let (price, percent, _) = by_the_original(&[tee, hat], 12.5, five_percent_more);
        assert_eq!((price, percent), (2_995, 16.410_829));
        let (price, percent, _) = by_the_original(&[tee, hat], 12.5, cheapest_free);
        assert_eq!((price, percent), (1_995, 44.320_402));

        let (price, percent, _) = by_the_original(&[2_597, 2_766], 12.5, all_alike);
        assert_eq!((price, percent), (4_695, 12.455_715));
        assert_eq!(by_the_original(&[2_597, 2_766], 12.5, five_percent_more).0, 4_495);
        assert_eq!(by_the_original(&[2_597, 2_766], 12.5, cheapest_free).0, 2_495);
        assert_eq!(by_the_original(&[2_597, 2_734], 12.5, all_alike).0, 4_695);
        assert_eq!(by_the_original(&[2_597, 2_734], 12.5, five_percent_more).0, 4_395);
        assert_eq!(by_the_original(&[2_597, 2_734], 12.5, cheapest_free).0, 2_395);

        assert_eq!(by_the_original(&[1_962, 1_531], 22.5, all_alike), (2_795, 19.982_823, vec![392, 306]));
    }

    #[test]
    fn a_line_never_gets_more_than_its_price() {
        let shared = |prices: &[i64], wished: &[i128], target| {
            let prices: Vec<Cents> = prices.iter().map(|price| Cents(*price)).collect();
            let wished: Vec<FineCents> = wished.iter().map(|wish| FineCents(*wish)).collect();
            super::shared(&prices, &wished, Cents(target)).iter().map(|cents| cents.0).collect::<Vec<_>>()
        };
        assert_eq!(shared(&[10, 1_000], &[9, 0], 200), [10, 190]);
        assert_eq!(shared(&[1_000, 10], &[0, 9], 200), [190, 10]);
        assert_eq!(shared(&[100, 100, 100], &[1, 1, 1], 1), [0, 0, 1]);
        assert_eq!(shared(&[100, 100, 100, 100], &[1, 1, 1, 1], 2), [1, 1, 0, 0]);
        assert_eq!(shared(&[300, 100], &[0, 0], 40), [30, 10]);
        assert!(shared(&[], &[], 0).is_empty());
    }

    proptest! {
        #[test]
        fn discounts_add_up_and_none_is_below_nothing_or_above_its_price(
            lines in prop::collection::vec((1i64..1_000_000, 0i128..10_i128.pow(14)), 1..6),
            share in 0.0f64..=1.0,
        ) {
            let prices: Vec<Cents> = lines.iter().map(|line| Cents(line.0)).collect();
            let wished: Vec<FineCents> = lines.iter().map(|line| FineCents(line.1)).collect();
            let whole: Cents = prices.iter().copied().sum();
            let target = Cents((whole.0 as f64 * share) as i64);
            let discounts = shared(&prices, &wished, target);
            prop_assert_eq!(discounts.iter().copied().sum::<Cents>(), target);
            for (discount, price) in discounts.iter().zip(&prices) {
                prop_assert!(*discount >= Cents::ZERO && discount <= price);
            }
        }
    }
}
