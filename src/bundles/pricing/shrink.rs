//! Discounts of the past, shrunk towards category and shop the more, the fewer sales there are.

use super::sales::SalesStatistics;
use crate::bundles::{items::Item, money::Percent, objective::Caps};

/// So many lines say as much as more do.
const ENOUGH: u32 = 20;
/// Fewer lines say nothing of their own.
const FEW: u32 = 5;

/// The discounts that the past suggests for items.
#[derive(Clone, Copy, Debug)]
pub struct Baselines<'a> {
    statistics: &'a SalesStatistics,
    category: &'a [Option<u32>],
}

impl<'a> Baselines<'a> {
    /// By a shop's sales, and the category of each item.
    pub fn new(statistics: &'a SalesStatistics, category: &'a [Option<u32>]) -> Self {
        Self { statistics, category }
    }

    /// The baseline of an item (section 8.2); of one without any sale the middle of the caps.
    pub fn of(&self, item: Item, caps: Caps) -> Percent {
        let (lines, observed) = self.statistics.item(item);
        if lines == 0 {
            return caps.middle();
        }
        let category = self.statistics.category(self.category.get(item.index()).copied().flatten());
        Percent::of(shrunk(lines, observed, category, self.statistics.global()))
    }
}

/// The shrunk discount of an item with so many lines, at least one.
fn shrunk(lines: u32, observed: f64, category: f64, global: f64) -> f64 {
    let (of_item, of_category) = match lines {
        ENOUGH.. => (0.6, 0.3),
        FEW..ENOUGH => (0.6 * f64::from(lines) / f64::from(ENOUGH), 0.3),
        _ => (0.0, 0.9),
    };
    let of_shop = 1.0 - of_item - of_category;
    (of_item * observed + of_category * category + of_shop * global).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundles::{objective::Objective, pricing::sales::SoldBelowList};

    #[test]
    fn weights_depend_on_the_number_of_lines_and_meet_at_twenty() {
        assert!((shrunk(20, 30.0, 20.0, 10.0) - 25.0).abs() < 1e-9);
        assert!((shrunk(19, 30.0, 20.0, 10.0) - (0.57 * 30.0 + 6.0 + 1.3)).abs() < 1e-9);
        assert!((shrunk(5, 30.0, 20.0, 10.0) - (0.15 * 30.0 + 6.0 + 5.5)).abs() < 1e-9);
        assert!((shrunk(4, 30.0, 20.0, 10.0) - 19.0).abs() < 1e-9);
    }

    #[test]
    fn an_item_that_never_sold_has_the_middle_of_the_caps() {
        let sold = vec![SoldBelowList { lines: 1, discount: 0, listed: 100 }, SoldBelowList::default()];
        let statistics = SalesStatistics::of(sold.clone(), &sold, &[None, None], 0);
        let baselines = Baselines::new(&statistics, &[None, None]);
        let caps = Objective::ClearSlowMovers.caps();
        assert_eq!(baselines.of(Item(0), caps), Percent::ZERO);
        assert_eq!(baselines.of(Item(1), caps), Percent::whole(25));
    }
}
