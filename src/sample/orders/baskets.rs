//! What customers put into their baskets: popular things, things of the season, and the planted bundles.

use jiff::Timestamp;

use super::catalog::Shop;
use crate::dice::Dice;

/// Days that the orders span.
const DAYS: u64 = 365;

/// In how many of 1,000 orders a planted bundle begins the basket.
const BUNDLED: u32 = 250;

/// How often a bundle's item is left out, in 1,000.
const LEFT_OUT: u32 = 60;

/// How often something out of season is put back, in 1,000.
const OUT_OF_SEASON: u32 = 850;

/// How many of 100 baskets are made for 1, 2, … different items.
const SIZES: &[u32] = &[28, 26, 18, 11, 7, 4, 2, 2, 1, 1];

/// What is wrong with an order line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Its date cannot be read.
    Date,
    /// It names neither variant nor SKU.
    Item,
    /// It stands there twice.
    Twice,
}

/// A line of an order.
pub struct Line {
    /// The variant's index in the shop.
    pub variant: u32,
    /// Pieces; negative for what was sent back.
    pub quantity: i32,
    /// The price of a piece in cents.
    pub cents: u32,
    pub flaw: Option<Flaw>,
}

/// An order.
pub struct Order {
    /// Its number in the shop, from 0.
    pub number: u64,
    /// When it was placed, in seconds since 1970.
    pub second: i64,
    /// The customer's number in the shop.
    pub customer: u32,
    pub lines: Vec<Line>,
    /// The planted bundle, where all of it went into the basket.
    pub bundle: Option<u32>,
}

/// The orders of a shop, one after another in the order of time.
pub struct Orders<'a> {
    shop: &'a Shop,
    dice: Dice,
    as_of: Timestamp,
    total: u64,
    written: u64,
    number: u64,
}

impl<'a> Orders<'a> {
    /// Orders with `total` lines in all, a line that stands there twice counted twice.
    pub fn new(shop: &'a Shop, total: u64, as_of: Timestamp, dice: Dice) -> Self {
        Self { shop, dice, as_of, total, written: 0, number: 0 }
    }

    fn second(&mut self) -> i64 {
        let before = (self.total - self.written) * DAYS * 86_400 / self.total.max(1);
        self.as_of.as_second() - before.cast_signed()
    }

    fn basket(&mut self, month: i8, most: usize) -> (Vec<u32>, Option<u32>) {
        let dice = &mut self.dice;
        let size = 1 + dice.weighted(SIZES.iter().copied());
        let mut basket: Vec<u32> = Vec::with_capacity(size + 3);
        let mut planted = None;
        if dice.permille(BUNDLED) {
            let number = self.shop.bundle_popularity.draw(dice);
            let bundle = &self.shop.bundles[number as usize].variants;
            basket.extend(bundle.iter().copied().filter(|_| !dice.permille(LEFT_OUT)));
            planted = (basket.len() == bundle.len() && bundle.len() <= most).then_some(number);
        }
        while basket.len() < size {
            let mut variant = self.shop.popularity.draw(dice);
            let season = self.shop.variants[variant as usize].season;
            let out_of_season = season.is_some_and(|season| !(season.months.0..=season.months.1).contains(&month));
            if out_of_season && dice.permille(OUT_OF_SEASON) {
                variant = self.shop.popularity.draw(dice);
            }
            // Somebody who picks the same thing again takes it once, so that baskets end.
            if basket.contains(&variant) {
                break;
            }
            basket.push(variant);
        }
        basket.truncate(most);
        (basket, planted)
    }

    fn line(&mut self, variant: u32) -> Line {
        let dice = &mut self.dice;
        let list = self.shop.variants[variant as usize].cents;
        let quantity = match dice.below(1000) {
            0..5 => -1,
            5..800 => 1,
            800..950 => 2,
            _ => 3,
        };
        let flaw = match dice.below(100_000) {
            0..30 => Some(Flaw::Date),
            30..60 => Some(Flaw::Item),
            60..100 => Some(Flaw::Twice),
            _ => None,
        };
        Line { variant, quantity, cents: if dice.permille(150) { list - list / 10 } else { list }, flaw }
    }
}

impl Iterator for Orders<'_> {
    type Item = Order;

    fn next(&mut self) -> Option<Order> {
        let left = self.total - self.written;
        if left == 0 {
            return None;
        }
        let second = self.second();
        let month = Timestamp::from_second(second).map_or(1, |at| at.to_zoned(jiff::tz::TimeZone::UTC).month());
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let (basket, planted) = self.basket(month, most);
        let mut lines: Vec<Line> = basket.into_iter().map(|variant| self.line(variant)).collect();
        let mut rows = lines.len() as u64;
        for line in &mut lines {
            if line.flaw == Some(Flaw::Twice) {
                if rows < left { rows += 1 } else { line.flaw = None }
            }
        }
        // A bundle counts where all its lines can be used.
        let usable = |line: &Line| line.quantity > 0 && matches!(line.flaw, None | Some(Flaw::Twice));
        let bundle = planted.filter(|number| {
            let wanted = &self.shop.bundles[*number as usize].variants;
            wanted.iter().all(|variant| lines.iter().any(|line| line.variant == *variant && usable(line)))
        });
        let customers = u32::try_from(self.total / 8).unwrap_or(u32::MAX - 10) + 10;
        let (a, b) = (self.dice.below(customers), self.dice.below(customers));
        let customer = (u64::from(a) * u64::from(b) / u64::from(customers)) as u32;
        self.written += rows;
        self.number += 1;
        Some(Order { number: self.number - 1, second, customer, lines, bundle })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::shop_options::DEFAULT_AS_OF;

    #[test]
    fn orders_have_exactly_the_lines_asked_for_and_end_before_the_instant_they_are_about() {
        for total in [1, 2, 7, 100, 5_000] {
            let shop = Shop::new(1, total, &mut Dice::new(4, 0));
            let orders: Vec<Order> = Orders::new(&shop, total, DEFAULT_AS_OF, Dice::new(4, 1)).collect();
            let rows = |line: &Line| if line.flaw == Some(Flaw::Twice) { 2 } else { 1 };
            let lines: u64 = orders.iter().flat_map(|order| &order.lines).map(rows).sum();
            assert_eq!(lines, total);
            assert!(orders.is_sorted_by_key(|order| order.second));
            assert!(orders.iter().all(|order| order.second < DEFAULT_AS_OF.as_second()));
        }
    }

    #[test]
    fn planted_bundles_are_bought_together_more_often_than_chance_would() {
        let shop = Shop::new(2, 40_000, &mut Dice::new(4, 0));
        let orders: Vec<Order> = Orders::new(&shop, 40_000, DEFAULT_AS_OF, Dice::new(4, 1)).collect();
        let has = |order: &Order, variant: u32| order.lines.iter().any(|line| line.variant == variant);
        let share = |wanted: &[u32]| {
            let count = orders.iter().filter(|order| wanted.iter().all(|variant| has(order, *variant))).count();
            count as f64 / orders.len() as f64
        };
        let best = &shop.bundles[0].variants;
        let chance: f64 = best.iter().map(|variant| share(&[*variant])).product();
        assert!(share(best) > 0.01 && share(best) > 3.0 * chance, "{} {chance}", share(best));
    }
}
