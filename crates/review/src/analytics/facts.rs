//! A shop's orders and bundles as figures are made of them, and which orders hold which bundles.

use std::collections::BTreeMap;

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderFact {
    /// The day, counted from 1970-01-01, in UTC.
    pub day: i32,
    /// What was paid, in cents.
    pub total: i64,
}

/// A line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineFact {
    /// The item, by a number.
    pub item: u32,
    /// Pieces.
    pub quantity: i64,
    /// What was paid for it, in cents.
    pub total: i64,
}

/// A recommendation.
#[derive(Clone, Debug, PartialEq)]
pub struct BundleFact {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Its type, by the canonical name.
    pub bundle_type: String,
    /// Its items, ascending, each once; without those that nobody ever bought it can be in no order, and is `None`.
    pub items: Option<Vec<u32>>,
    /// So many pieces of each item make it: the first tier of quantities, else 1.
    pub least_quantity: i64,
    /// Whether a person said yes.
    pub is_approved: bool,
    /// Whether it is offered.
    pub is_active: bool,
    /// How many items it has.
    pub size: usize,
    /// What it costs, in cents.
    pub price: i64,
    /// 0 to 1.
    pub confidence: f64,
    /// How many times as often as by chance.
    pub lift: f64,
    /// 0 to 1.
    pub score: f64,
}

/// A shop.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShopFacts {
    /// Its orders.
    pub orders: Vec<OrderFact>,
    /// Where the lines of each order start, and the end of the last.
    pub offsets: Vec<usize>,
    /// The lines, order by order.
    pub lines: Vec<LineFact>,
    /// Its recommendations.
    pub bundles: Vec<BundleFact>,
    /// Products of its catalog.
    pub products: u64,
    /// Customers who are known and ordered.
    pub customers: u64,
}

/// What of an order belongs to bundles that are approved or active.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The bundles that the order holds, by their places.
    pub bundles: Vec<usize>,
    /// What was paid for the lines of their items, each line once, in cents.
    pub revenue: i64,
}

impl ShopFacts {
    /// The lines of an order.
    pub fn lines_of(&self, order: usize) -> &[LineFact] {
        &self.lines[self.offsets[order]..self.offsets[order + 1]]
    }

    /// What was paid in an order for the items of a bundle, in cents.
    pub fn paid_for(&self, order: usize, bundle: usize) -> i64 {
        let items = self.bundles[bundle].items.as_deref().unwrap_or_default();
        self.lines_of(order).iter().filter(|line| items.binary_search(&line.item).is_ok()).map(|line| line.total).sum()
    }

    /// What each order holds of bundles that are approved or active.
    pub fn held(&self) -> Vec<Held> {
        let mut by_first: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (place, bundle) in self.bundles.iter().enumerate() {
            let first = bundle.items.as_ref().and_then(|items| items.first());
            if let Some(first) = first.filter(|_| bundle.is_approved || bundle.is_active) {
                by_first.entry(*first).or_default().push(place);
            }
        }
        (0..self.orders.len()).map(|order| self.held_by(order, &by_first)).collect()
    }

    fn held_by(&self, order: usize, by_first: &BTreeMap<u32, Vec<usize>>) -> Held {
        let lines = self.lines_of(order);
        let mut pieces: BTreeMap<u32, i64> = BTreeMap::new();
        for line in lines {
            *pieces.entry(line.item).or_default() += line.quantity;
        }
        let holds = |bundle: &BundleFact| {
            let mut items = bundle.items.iter().flatten();
            items.all(|item| pieces.get(item).is_some_and(|pieces| *pieces >= bundle.least_quantity))
        };
        let candidates = pieces.keys().filter_map(|item| by_first.get(item)).flatten().copied();
        let mut bundles: Vec<usize> = candidates.filter(|place| holds(&self.bundles[*place])).collect();
        bundles.sort_unstable();
        let is_in_one = |line: &&LineFact| {
            let mut of_bundles = bundles.iter().flat_map(|place| &self.bundles[*place].items);
            of_bundles.any(|items| items.binary_search(&line.item).is_ok())
        };
        let revenue = lines.iter().filter(is_in_one).map(|line| line.total).sum();
        Held { bundles, revenue }
    }
}

#[cfg(test)]
pub mod testing {
    //! A shop for tests.

    use super::*;

    /// A bundle of items that costs 10.
    pub fn bundle(id: &str, items: &[u32]) -> BundleFact {
        BundleFact {
            id: id.to_owned(),
            title: format!("Title of {id}"),
            bundle_type: "FBT".to_owned(),
            items: Some(items.to_vec()),
            least_quantity: 1,
            is_approved: true,
            is_active: false,
            size: items.len(),
            price: 1_000,
            confidence: 0.5,
            lift: 2.0,
            score: 0.5,
        }
    }

    /// Lines of an order: item, quantity, cents.
    pub type Lines<'a> = &'a [(u32, i64, i64)];

    /// Orders of a day, each with lines of an item, a quantity and what was paid.
    pub fn shop(orders: &[(i32, Lines<'_>)], bundles: Vec<BundleFact>) -> ShopFacts {
        let mut shop = ShopFacts { bundles, offsets: vec![0], products: 7, ..ShopFacts::default() };
        for (day, lines) in orders {
            shop.lines.extend(lines.iter().map(|(item, quantity, total)| LineFact {
                item: *item,
                quantity: *quantity,
                total: *total,
            }));
            shop.offsets.push(shop.lines.len());
            shop.orders.push(OrderFact { day: *day, total: lines.iter().map(|line| line.2).sum() });
        }
        shop
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::*, *};

    #[test]
    fn an_order_holds_a_bundle_when_it_has_all_of_it_and_a_line_counts_once() {
        let volume = BundleFact { least_quantity: 2, bundle_type: "VOLUME".to_owned(), ..bundle("v", &[3]) };
        let pending = BundleFact { is_approved: false, ..bundle("p", &[1, 2]) };
        let unsold = BundleFact { items: None, ..bundle("u", &[]) };
        let shop = shop(
            &[
                (1, &[(1, 1, 100), (2, 1, 200), (3, 1, 400)]),
                (1, &[(1, 1, 100), (3, 2, 800)]),
                (2, &[(2, 1, 200)]),
                (2, &[(1, 1, 100), (2, 1, 200), (4, 1, 50)]),
            ],
            vec![bundle("a", &[1, 2]), bundle("b", &[2, 4]), volume, pending, unsold],
        );
        let held: Vec<(Vec<usize>, i64)> = shop.held().into_iter().map(|held| (held.bundles, held.revenue)).collect();
        assert_eq!(held, [(vec![0], 300), (vec![2], 800), (vec![], 0), (vec![0, 1], 350)]);
        assert_eq!([shop.paid_for(3, 0), shop.paid_for(3, 1)], [300, 250]);
    }
}
