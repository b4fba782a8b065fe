//! How much less than the list price items were sold for: of each item, each category, and the whole shop.

use crate::bundles::{items::Item, money::Cents};

/// One order line that was sold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sale {
    /// The item.
    pub item: Item,
    /// Pieces, above 0.
    pub quantity: u32,
    /// What a piece was sold for.
    pub unit_price: Cents,
    /// How many days before the as-of time it was sold, whole days below it.
    pub age_days: i64,
}

/// Days of sales that count for an item.
const ITEM_DAYS: i64 = 180;
/// Days of sales that count for a category and for the shop.
const PRIOR_DAYS: i64 = 90;
/// A category with fewer lines says nothing.
const CATEGORY_LINES: u32 = 5;
/// Percent of a category that says nothing.
const CATEGORY_DEFAULT: f64 = 10.0;
/// Percent of a shop without sales.
const GLOBAL_DEFAULT: f64 = 12.0;

/// Sums over order lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    lines: u32,
    discount: i128,
    list: i128,
}

impl Sums {
    fn add(&mut self, sale: &Sale, list: Cents) {
        let quantity = i128::from(sale.quantity);
        self.lines += 1;
        self.discount += i128::from((list - sale.unit_price).0.max(0)) * quantity;
        self.list += i128::from(list.0.max(0)) * quantity;
    }

    /// The discount in percent of the list price; `None` without any.
    fn percent(self) -> Option<f64> {
        (self.list > 0).then(|| 100.0 * self.discount as f64 / self.list as f64)
    }
}

/// Discounts of the past in percent of the list price (section 8.1): Σ max(0, list − unit price) · quantity ÷ Σ list ·
/// quantity, where the list price is the compare-at price, or without one the unit price.
#[derive(Clone, Debug, PartialEq)]
pub struct SalesStatistics {
    items: Vec<Sums>,
    categories: Vec<f64>,
    global: f64,
}

impl SalesStatistics {
    /// Of all sales of a shop. `compare_at` has an entry an item, and so has `category`, whose numbers are below
    /// `categories`.
    pub fn of(sales: &[Sale], compare_at: &[Option<Cents>], category: &[Option<u32>], categories: usize) -> Self {
        let mut items = vec![Sums::default(); compare_at.len()];
        let mut of_category = vec![Sums::default(); categories];
        let mut global = Sums::default();
        for sale in sales.iter().filter(|sale| sale.item.index() < compare_at.len() && sale.age_days >= 0) {
            let list = compare_at[sale.item.index()].unwrap_or(sale.unit_price);
            if sale.age_days < ITEM_DAYS {
                items[sale.item.index()].add(sale, list);
            }
            if sale.age_days < PRIOR_DAYS {
                global.add(sale, list);
                let category = category[sale.item.index()].and_then(|category| of_category.get_mut(category as usize));
                if let Some(sums) = category {
                    sums.add(sale, list);
                }
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
        self.items.get(item.index()).map_or((0, 0.0), |sums| (sums.lines, sums.percent().unwrap_or(0.0)))
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

    fn sale(item: u32, quantity: u32, unit_price: i64, age_days: i64) -> Sale {
        Sale { item: Item(item), quantity, unit_price: Cents(unit_price), age_days }
    }

    #[test]
    fn a_discount_is_of_the_list_price_and_of_its_window() {
        let sales = [sale(0, 1, 80, 0), sale(0, 3, 100, 100), sale(0, 9, 1, 180), sale(1, 2, 50, 3), sale(0, 1, 1, -1)];
        let compare_at = [Some(Cents(100)), None];
        let statistics = SalesStatistics::of(&sales, &compare_at, &[Some(0), None], 1);
        assert_eq!(statistics.item(Item(0)), (2, 5.0));
        assert_eq!(statistics.item(Item(1)), (1, 0.0));
        assert_eq!(statistics.item(Item(7)), (0, 0.0));
        assert_eq!(statistics.global(), 10.0);
        assert_eq!(statistics.category(Some(0)), 10.0, "a category of one line says nothing");
        assert_eq!(statistics.category(None), 10.0);
    }

    #[test]
    fn five_lines_make_a_category_and_a_shop_without_sales_has_the_default() {
        let sales = vec![sale(0, 1, 75, 10); 5];
        let statistics = SalesStatistics::of(&sales, &[Some(Cents(100))], &[Some(0)], 2);
        assert_eq!((statistics.category(Some(0)), statistics.category(Some(1))), (25.0, 10.0));
        let without = SalesStatistics::of(&[], &[None], &[None], 0);
        assert_eq!((without.global(), without.category(None)), (12.0, 12.0));
    }

    #[test]
    fn a_price_above_the_list_price_is_no_discount() {
        let statistics = SalesStatistics::of(&[sale(0, 1, 150, 0)], &[Some(Cents(100))], &[None], 0);
        assert_eq!(statistics.item(Item(0)), (1, 0.0));
    }
}
