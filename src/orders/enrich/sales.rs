//! What sold when, and how lines were linked: sums by item and by shop, a line at a time.

use polars::prelude::*;

use super::{
    lines::{Line, Traits},
    links::{By, Link},
    shops::Shops,
};
use crate::operator::StageError;

/// Microseconds of a day.
pub const DAY: i64 = 86_400_000_000;

/// What sold of an item in windows that end where its shop is judged; money is cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sold {
    pub units_60_days: i64,
    pub units_90_days: i64,
    pub off_cents_180_days: i64,
    pub list_cents_180_days: i64,
    pub sales_180_days: i64,
    /// What was taken off the price to compare with, and what these lines would have cost at it, else at their own.
    pub discount_cents_180_days: i64,
    pub listed_cents_180_days: i64,
    pub sales_90_days: i64,
    pub discount_cents_90_days: i64,
    pub listed_cents_90_days: i64,
    /// Of all lines up to where the shop is judged.
    pub units: i64,
    pub revenue_cents: i64,
    /// What one cost in the last line that says it.
    pub cost_cents: Option<i64>,
    /// The age of that line, in microseconds.
    cost_age: i64,
}

/// Lines of a shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    total_order_lines: i64,
    resolved_variants: i64,
    linked_by_sku: i64,
    linked_by_name: i64,
    ambiguous: i64,
    unresolved: i64,
    missing_inventory: i64,
    enriched_lines: i64,
    basket_lines: i64,
}

/// Sums of all lines so far. Their size is that of the items and shops, however many lines come.
pub struct Sales {
    items: Vec<Sold>,
    shops: Vec<Counts>,
}

/// What was found of a line.
#[derive(Clone, Copy)]
pub struct Judged<'a> {
    pub shop: u32,
    pub line: Line<'a>,
    /// The item that it is linked with.
    pub link: Option<Link<'a>>,
    /// The row of its item in the table of items, with what judgement takes from it: that of the link, else what the
    /// catalog alone has, else what is made of lines.
    pub item: Option<(u32, &'a Traits)>,
    pub is_mined: bool,
}

impl Sales {
    /// No lines yet, for so many items and shops.
    pub fn new(items: usize, shops: usize) -> Self {
        Self { items: vec![Sold::default(); items], shops: vec![Counts::default(); shops] }
    }

    /// Adds a line; `as_of` is when its shop is judged.
    #[inline]
    pub fn add(&mut self, judged: &Judged<'_>, as_of: Option<i64>) {
        if let Some(counts) = self.shops.get_mut(judged.shop as usize) {
            counts.add(judged);
        }
        let Judged { line, item: Some((row, traits)), .. } = judged else { return };
        let (Some(quantity), Some(as_of), Some(at)) = (line.quantity, as_of, line.created_at) else { return };
        if line.left_out.is_some() || quantity <= 0 {
            return;
        }
        if let (Some(sold), Some(age)) = (self.items.get_mut(*row as usize), as_of.checked_sub(at)) {
            sold.add(age, quantity, line.unit_price, traits.list_cents);
            sold.add_history(age, quantity, line.unit_price, traits.compare_at_cents);
            sold.note_cost(age, line.unit_cost);
        }
    }

    /// Makes room for the items that lines make.
    pub fn grow(&mut self, items: usize) {
        if items > self.items.len() {
            self.items.resize(items, Sold::default());
        }
    }

    /// What sold, by the row of the table of items.
    pub fn items(&self) -> &[Sold] {
        &self.items
    }

    /// How lines were linked, a row a shop that has some.
    ///
    /// # Errors
    /// When the frame cannot be made.
    pub fn shops(&self, shops: &Shops) -> Result<DataFrame, StageError> {
        let with_lines = || (0..).zip(&self.shops).filter(|(_, counts)| counts.total_order_lines > 0);
        let numbers =
            |number: fn(&Counts) -> i64| with_lines().map(move |(_, counts)| number(counts)).collect::<Vec<_>>();
        Ok(df!(
            "shop_id" => with_lines().map(|(number, _)| shops.name(number)).collect::<Vec<_>>(),
            "total_order_lines" => numbers(|counts| counts.total_order_lines),
            "resolved_variants" => numbers(|counts| counts.resolved_variants),
            "linked_by_sku" => numbers(|counts| counts.linked_by_sku),
            "linked_by_name" => numbers(|counts| counts.linked_by_name),
            "ambiguous" => numbers(|counts| counts.ambiguous),
            "unresolved" => numbers(|counts| counts.unresolved),
            "missing_inventory" => numbers(|counts| counts.missing_inventory),
            "enriched_lines" => numbers(|counts| counts.enriched_lines),
            "basket_lines" => numbers(|counts| counts.basket_lines),
        )?)
    }
}

impl Sold {
    /// Adds a line of this age. Sums wrap around, as Polars' do, rather than depend on the order of lines.
    #[inline]
    fn add(&mut self, age: i64, quantity: i64, unit_price: Option<i64>, list: Option<i64>) {
        let within = |days: i64| (0..days * DAY).contains(&age);
        let add = |sum: &mut i64, number: i64| *sum = sum.wrapping_add(number);
        if within(60) {
            add(&mut self.units_60_days, quantity);
        }
        if within(90) {
            add(&mut self.units_90_days, quantity);
        }
        if within(180) {
            let off = list.zip(unit_price).map_or(0, |(list, price)| list.wrapping_sub(price).max(0));
            add(&mut self.off_cents_180_days, off.wrapping_mul(quantity));
            add(&mut self.list_cents_180_days, list.unwrap_or(0).wrapping_mul(quantity));
            self.sales_180_days += 1;
        }
    }

    /// Adds a line of this age to what is known of discounts: the price to compare with is the list, else the line's own price.
    #[inline]
    fn add_history(&mut self, age: i64, quantity: i64, unit_price: Option<i64>, compare_at: Option<i64>) {
        if age < 0 {
            return;
        }
        let add = |sum: &mut i64, number: i64| *sum = sum.wrapping_add(number.wrapping_mul(quantity));
        let price = unit_price.unwrap_or(0);
        add(&mut self.units, 1);
        add(&mut self.revenue_cents, price);
        let listed = compare_at.unwrap_or(price);
        let discount = unit_price.map_or(0, |price| listed.wrapping_sub(price).max(0));
        if age < 180 * DAY {
            add(&mut self.discount_cents_180_days, discount);
            add(&mut self.listed_cents_180_days, listed);
        }
        if age < 90 * DAY {
            add(&mut self.discount_cents_90_days, discount);
            add(&mut self.listed_cents_90_days, listed);
            self.sales_90_days += 1;
        }
    }

    /// Of lines of one age the last that says a cost counts.
    #[inline]
    fn note_cost(&mut self, age: i64, cost: Option<i64>) {
        if cost.is_some() && age >= 0 && (self.cost_cents.is_none() || age <= self.cost_age) {
            (self.cost_cents, self.cost_age) = (cost, age);
        }
    }
}

impl Counts {
    #[inline]
    fn add(&mut self, judged: &Judged<'_>) {
        self.total_order_lines += 1;
        self.basket_lines += i64::from(judged.is_mined);
        match judged.link.zip(judged.item) {
            None => self.unresolved += 1,
            Some((link, (_, traits))) => {
                self.resolved_variants += 1;
                self.linked_by_sku += i64::from(link.by == By::Sku);
                self.linked_by_name += i64::from(link.by == By::Name);
                self.ambiguous += i64::from(link.is_ambiguous);
                self.missing_inventory += i64::from(!traits.has_levels);
                self.enriched_lines += i64::from(traits.in_catalog);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_its_last_instant_and_not_its_first() {
        let sold = |age: i64| {
            let mut sold = Sold::default();
            sold.add(age, 3, Some(900), Some(1_000));
            [sold.units_60_days, sold.units_90_days, sold.sales_180_days, sold.off_cents_180_days]
        };
        assert_eq!(sold(0), [3, 3, 1, 300]);
        assert_eq!(sold(60 * DAY - 1), [3, 3, 1, 300]);
        assert_eq!(sold(60 * DAY), [0, 3, 1, 300]);
        assert_eq!(sold(90 * DAY), [0, 0, 1, 300]);
        assert_eq!(sold(180 * DAY), [0; 4]);
        assert_eq!(sold(-1), [0; 4], "an order after the instant the shop is judged at");
    }

    #[test]
    fn the_last_cost_that_was_known_counts_and_none_that_came_later_than_the_shop_is_judged() {
        let mut sold = Sold::default();
        for (age, cost, known) in [
            (5, None, None),
            (-1, Some(9), None),
            (7, Some(1), Some(1)),
            (9, Some(2), Some(1)),
            (3, Some(3), Some(3)),
            (3, Some(4), Some(4)),
            (0, None, Some(4)),
        ] {
            sold.note_cost(age, cost);
            assert_eq!(sold.cost_cents, known, "{age} {cost:?}");
        }
    }

    #[test]
    fn a_discount_is_from_the_price_to_compare_with_and_a_line_without_one_is_at_its_own_price() {
        let mut sold = Sold::default();
        sold.add_history(0, 2, Some(900), Some(1_000));
        sold.add_history(100 * DAY, 1, Some(1_100), Some(1_000));
        sold.add_history(180 * DAY, 1, Some(500), None);
        sold.add_history(-1, 1, Some(500), None);
        assert_eq!((sold.units, sold.revenue_cents), (4, 3_400));
        assert_eq!((sold.discount_cents_180_days, sold.listed_cents_180_days), (200, 3_000));
        assert_eq!((sold.discount_cents_90_days, sold.listed_cents_90_days, sold.sales_90_days), (200, 2_000, 1));
        sold.add_history(0, 1, Some(500), None);
        assert_eq!((sold.discount_cents_90_days, sold.listed_cents_90_days), (200, 2_500));
    }

    #[test]
    fn a_price_above_the_list_or_an_unknown_one_is_no_discount() {
        let sold = |price: Option<i64>, list: Option<i64>| {
            let mut sold = Sold::default();
            sold.add(0, 2, price, list);
            (sold.off_cents_180_days, sold.list_cents_180_days, sold.sales_180_days)
        };
        assert_eq!(sold(Some(1_100), Some(1_000)), (0, 2_000, 1));
        assert_eq!(sold(None, Some(1_000)), (0, 2_000, 1));
        assert_eq!(sold(Some(900), None), (0, 0, 1));
    }
}
