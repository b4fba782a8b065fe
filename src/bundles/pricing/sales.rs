//! How much less than the list price items were sold for: of each item, each category, and the whole shop.

use crate::bundles::items::Item;

/// A category with fewer lines says nothing.
const CATEGORY_LINES: i64 = 5;
/// Percent of a category that says nothing.
const CATEGORY_DEFAULT: f64 = 10.0;
/// Percent of a shop without sales.
const GLOBAL_DEFAULT: f64 = 12.0;

/// Sums over the order lines of an item in a window of days that ends at the as-of time, in cents. The list price is the
/// compare-at price, or without one the line's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoldBelowList {
    /// How many lines there are.
    pub lines: i64,
    /// Σ max(0, list − unit price) · quantity.
    pub discount: i64,
    /// Σ list · quantity.
    pub listed: i64,
}

impl SoldBelowList {
    fn add(&mut self, other: &Self) {
        self.lines = self.lines.saturating_add(other.lines);
        self.discount = self.discount.saturating_add(other.discount);
        self.listed = self.listed.saturating_add(other.listed);
    }

    /// The discount in percent of the list price; `None` without any.
    fn percent(&self) -> Option<f64> {
        (self.listed > 0).then(|| 100.0 * self.discount as f64 / self.listed as f64)
    }
}

/// Discounts of the past in percent of the list price (section 8.1).
#[derive(Clone, Debug, PartialEq)]
pub struct SalesStatistics {
    items: Vec<SoldBelowList>,
    categories: Vec<f64>,
    global: f64,
}

impl SalesStatistics {
    /// Of a shop's items: `items` has the sums of 180 days, `recent` those of 90 days, which make categories and the shop;
    /// `category` has an entry an item, whose numbers are below `categories`.
    pub fn of(
        items: Vec<SoldBelowList>,
        recent: &[SoldBelowList],
        category: &[Option<u32>],
        categories: usize,
    ) -> Self {
        let mut of_category = vec![SoldBelowList::default(); categories];
        let mut global = SoldBelowList::default();
        for (sums, category) in recent.iter().zip(category) {
            global.add(sums);
            if let Some(all) = category.and_then(|category| of_category.get_mut(category as usize)) {
                all.add(sums);
            }
        }
        let of_category = of_category.into_iter().map(|sums| {
            let percent = sums.percent().filter(|_| sums.lines >= CATEGORY_LINES);
            percent.unwrap_or(CATEGORY_DEFAULT)
        });
        Self { items, categories: of_category.collect(), global: global.percent().unwrap_or(GLOBAL_DEFAULT) }
    }

    /// How many lines of an item count, and their discount; 0 where the list price was 0.
    pub fn item(&self, item: Item) -> (u32, f64) {
        self.items.get(item.index()).map_or((0, 0.0), |sums| {
            (u32::try_from(sums.lines.max(0)).unwrap_or(u32::MAX), sums.percent().unwrap_or(0.0))
        })
    }

    /// The discount in a category; without one that of the shop.
    pub fn category(&self, category: Option<u32>) -> f64 {
        category.and_then(|category| self.categories.get(category as usize).copied()).unwrap_or(self.global)
    }

    /// The discount in the shop.
    pub fn global(&self) -> f64 {
        self.global
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sold(lines: i64, discount: i64, listed: i64) -> SoldBelowList {
        SoldBelowList { lines, discount, listed }
    }

    #[test]
    fn a_discount_is_of_the_list_price_and_of_its_window() {
        let recent = [sold(1, 20, 100), sold(1, 0, 100)];
        let statistics = SalesStatistics::of(vec![sold(2, 20, 400), sold(1, 0, 100)], &recent, &[Some(0), None], 1);
        assert_eq!(statistics.item(Item(0)), (2, 5.0));
        assert_eq!(statistics.item(Item(1)), (1, 0.0));
        assert_eq!(statistics.item(Item(7)), (0, 0.0));
        assert_eq!(statistics.global(), 10.0);
        assert_eq!(statistics.category(Some(0)), 10.0, "a category of one line says nothing");
        assert_eq!(statistics.category(None), 10.0);
    }

    #[test]
    fn five_lines_make_a_category_and_a_shop_without_sales_has_the_default() {
        let statistics = SalesStatistics::of(vec![sold(5, 125, 500)], &[sold(5, 125, 500)], &[Some(0)], 2);
        assert_eq!((statistics.category(Some(0)), statistics.category(Some(1))), (25.0, 10.0));
        let without = SalesStatistics::of(vec![sold(0, 0, 0)], &[sold(0, 0, 0)], &[None], 0);
        assert_eq!((without.global(), without.category(None)), (12.0, 12.0));
    }
}
