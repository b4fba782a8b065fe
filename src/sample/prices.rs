//! Prices in cents: where they crowd, and how the same product's price drifts between two looks.

use super::retailers::Retailer;
use crate::dice::Dice;

/// How prices are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PriceSpread {
    /// As shops do it: low prices are more common, and most end in 8, 9.99, 9.95, 5 or 0. A window of one unit around
    /// a price holds a fixed share of a retailer's products, so it grows in proportion to the rows.
    #[default]
    Crowded,
    /// Every cent from 10.00 to 1,009.99 is equally likely.
    Even,
}

/// The price of a new style at a retailer, in cents.
pub fn list_price(retailer: &Retailer, spread: PriceSpread, dice: &mut Dice) -> u32 {
    match spread {
        PriceSpread::Crowded => crowded(retailer, dice),
        PriceSpread::Even => 1_000 + dice.below(100_000),
    }
}

fn crowded(retailer: &Retailer, dice: &mut Dice) -> u32 {
    let span = retailer.highest_price - retailer.lowest_price;
    let units = retailer.lowest_price + (dice.below(span) * dice.below(span)) / span;
    let tens = units / 10 * 10;
    match dice.below(100) {
        0..30 => tens * 100 + 800,
        30..54 => tens * 100 + 999,
        54..64 => tens * 100 + 995,
        64..74 => tens * 100 + 500,
        74..82 => (tens + 10) * 100,
        82..90 => units * 100,
        90..96 => units * 100 + 99,
        96..98 => units * 100 + 50,
        _ => units * 100 + dice.below(100),
    }
}

/// A price cut by 10 to 60 per cent; the cents fall where they fall, or are rounded to .99.
pub fn sale_price(cents: u32, dice: &mut Dice) -> u32 {
    let cut = dice.pick(&[10, 15, 20, 25, 30, 30, 40, 50, 60]);
    let reduced = cents * (100 - cut) / 100;
    if dice.permille(500) { reduced / 100 * 100 + 99 } else { reduced.max(1) }
}

/// What a second look at a price sees: mostly the same, sometimes less than one unit away, sometimes another price.
pub fn drifted(cents: u32, spread: PriceSpread, dice: &mut Dice) -> u32 {
    match dice.below(100) {
        0..80 => cents,
        80..90 => nudged(cents, dice),
        90..98 => sale_price(cents, dice),
        _ => match spread {
            PriceSpread::Crowded => cents + 100 * dice.between(1, 20),
            PriceSpread::Even => cents + dice.between(100, 2_000),
        },
    }
}

/// A rounding habit or a currency's noise: less than one unit away.
fn nudged(cents: u32, dice: &mut Dice) -> u32 {
    match cents % 100 {
        99 => cents + 1,
        95 => cents + 5,
        0 if dice.permille(500) => cents - 1,
        _ => cents + dice.between(1, 99),
    }
}

/// The number as it is stored: units of currency, the double nearest to the decimal text.
pub fn units(cents: u32) -> f64 {
    f64::from(cents) / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::retailers::RETAILERS;

    #[test]
    fn crowded_prices_have_few_values_and_even_ones_have_many() {
        let distinct = |spread| {
            let mut dice = Dice::new(3, 0);
            let mut seen: Vec<u32> = (0..5000).map(|_| list_price(&RETAILERS[0], spread, &mut dice)).collect();
            seen.sort_unstable();
            seen.dedup();
            seen.len()
        };
        assert!(distinct(PriceSpread::Crowded) < 1000);
        assert!(distinct(PriceSpread::Even) > 4500);
    }

    #[test]
    fn a_nudged_price_stays_within_one_unit() {
        let mut dice = Dice::new(4, 0);
        for cents in [800, 999, 995, 1234, 10_000] {
            for _ in 0..50 {
                assert!((1..=99).contains(&nudged(cents, &mut dice).abs_diff(cents)));
            }
        }
    }
}
