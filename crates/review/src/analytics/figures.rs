//! The figures of the dashboard.

use std::collections::BTreeMap;

use serde::Serialize;

use super::facts::{BundleFact, Held, ShopFacts};

/// The figures of a shop. Money is in units of its currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Bundles that are offered.
    pub active_bundles: usize,
    /// Recommendations.
    pub total_recommendations: usize,
    /// Those that a person said yes to.
    pub approved_recommendations: usize,
    /// Orders.
    pub total_orders: usize,
    /// Products of the catalog.
    pub total_products: u64,
    /// What was paid for lines of approved or active bundles that are wholly in the order, each line once.
    pub bundle_revenue: f64,
    /// The mean price of recommendations.
    pub avg_bundle_size: f64,
    /// Their mean number of items.
    pub avg_bundle_items: f64,
    /// The share of orders that hold an approved or active bundle, 0 to 1.
    pub conversion_rate: f64,
    /// By type, those that there are.
    pub bundle_performance: BTreeMap<String, Performance>,
    /// The ten that brought most, then those with the best scores.
    pub top_bundles: Vec<TopBundle>,
}

/// The recommendations of a type.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Performance {
    /// How many there are.
    pub count: usize,
    /// Those that a person said yes to.
    pub approved: usize,
    /// The mean confidence.
    pub mean_confidence: f64,
    /// The mean lift.
    pub mean_lift: f64,
    /// What was paid for them where they were wholly in the order; a line of two bundles of the type counts once.
    pub revenue: f64,
}

/// A recommendation that brought much.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TopBundle {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Its type.
    pub bundle_type: String,
    /// Orders that hold it.
    pub orders: usize,
    /// What was paid for it there.
    pub revenue: f64,
    /// Its score.
    pub ranking_score: f64,
}

/// How many top bundles are told.
const TOP: usize = 10;

/// The figures of a shop, and what each order holds as [`ShopFacts::held`] says.
pub fn figures(shop: &ShopFacts, held: &[Held]) -> Figures {
    let bundles = &shop.bundles;
    let approved = bundles.iter().filter(|bundle| bundle.is_approved).count();
    let with_bundle = held.iter().filter(|held| !held.bundles.is_empty()).count();
    Figures {
        active_bundles: bundles.iter().filter(|bundle| bundle.is_active).count(),
        total_recommendations: bundles.len(),
        approved_recommendations: approved,
        total_orders: shop.orders.len(),
        total_products: shop.products,
        bundle_revenue: units(held.iter().map(|held| held.revenue).sum()),
        avg_bundle_size: rounded(mean(bundles, |bundle| bundle.price as f64 / 100.0), 100.0),
        avg_bundle_items: rounded(mean(bundles, |bundle| bundle.size as f64), 100.0),
        conversion_rate: rounded(with_bundle as f64 / shop.orders.len().max(1) as f64, 1e6),
        bundle_performance: performance(shop, held),
        top_bundles: top(shop, held),
    }
}

fn performance(shop: &ShopFacts, held: &[Held]) -> BTreeMap<String, Performance> {
    let mut types: BTreeMap<String, Vec<BundleFact>> = BTreeMap::new();
    for bundle in &shop.bundles {
        types.entry(bundle.bundle_type.clone()).or_default().push(bundle.clone());
    }
    let of_type = |(name, bundles): (String, Vec<BundleFact>)| {
        let revenue = (0..shop.orders.len()).map(|order| {
            let of_order = held[order].bundles.iter().map(|place| &shop.bundles[*place]);
            let items: Vec<&[u32]> = of_order
                .filter(|bundle| bundle.bundle_type == name)
                .filter_map(|bundle| bundle.items.as_deref())
                .collect();
            let lines = shop.lines_of(order).iter();
            lines
                .filter(|line| items.iter().any(|items| items.binary_search(&line.item).is_ok()))
                .map(|line| line.total)
                .sum::<i64>()
        });
        let performance = Performance {
            count: bundles.len(),
            approved: bundles.iter().filter(|bundle| bundle.is_approved).count(),
            mean_confidence: rounded(mean(&bundles, |bundle| bundle.confidence), 1e6),
            mean_lift: rounded(mean(&bundles, |bundle| bundle.lift), 1e6),
            revenue: units(revenue.sum()),
        };
        (name, performance)
    };
    types.into_iter().map(of_type).collect()
}

fn top(shop: &ShopFacts, held: &[Held]) -> Vec<TopBundle> {
    let mut sums = vec![(0, 0_i64); shop.bundles.len()];
    for (order, held) in held.iter().enumerate() {
        for place in &held.bundles {
            sums[*place].0 += 1;
            sums[*place].1 += shop.paid_for(order, *place);
        }
    }
    let mut places: Vec<usize> = (0..shop.bundles.len()).collect();
    places.sort_by(|one, other| {
        let (a, b) = (&shop.bundles[*one], &shop.bundles[*other]);
        sums[*other].1.cmp(&sums[*one].1).then(b.score.total_cmp(&a.score)).then_with(|| a.id.cmp(&b.id))
    });
    let of_place = |place: usize| {
        let bundle = &shop.bundles[place];
        TopBundle {
            id: bundle.id.clone(),
            title: bundle.title.clone(),
            bundle_type: bundle.bundle_type.clone(),
            orders: sums[place].0,
            revenue: units(sums[place].1),
            ranking_score: bundle.score,
        }
    };
    places.into_iter().take(TOP).map(of_place).collect()
}

fn mean(bundles: &[BundleFact], of: impl Fn(&BundleFact) -> f64) -> f64 {
    bundles.iter().map(of).sum::<f64>() / bundles.len().max(1) as f64
}

fn rounded(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale
}

/// Cents in units of the currency.
pub(super) fn units(cents: i64) -> f64 {
    cents as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::{
        super::facts::testing::{bundle, shop},
        *,
    };

    #[test]
    fn figures_say_what_was_measured() {
        let active = BundleFact { is_active: true, price: 2_000, size: 3, ..bundle("b", &[2, 4]) };
        let pending = BundleFact { is_approved: false, score: 0.9, ..bundle("p", &[8, 9]) };
        let shop = shop(
            &[
                (1, &[(1, 1, 100), (2, 1, 200), (3, 1, 400)]),
                (2, &[(2, 1, 200)]),
                (2, &[(1, 1, 100), (2, 1, 200), (4, 1, 50)]),
                (3, &[(8, 1, 70), (9, 1, 30)]),
            ],
            vec![bundle("a", &[1, 2]), active, pending],
        );
        let found = figures(&shop, &shop.held());
        assert_eq!((found.active_bundles, found.total_recommendations, found.approved_recommendations), (1, 3, 2));
        assert_eq!((found.total_orders, found.total_products), (4, 7));
        assert_eq!((found.bundle_revenue, found.conversion_rate), (6.5, 0.5));
        assert_eq!((found.avg_bundle_size, found.avg_bundle_items), (13.33, 2.33));
        let fbt = &found.bundle_performance["FBT"];
        assert_eq!((fbt.count, fbt.approved, fbt.revenue), (3, 2, 6.5));
        let top: Vec<(&str, usize, f64)> =
            found.top_bundles.iter().map(|top| (top.id.as_str(), top.orders, top.revenue)).collect();
        assert_eq!(top, [("a", 2, 6.0), ("b", 1, 2.5), ("p", 0, 0.0)]);
    }

    #[test]
    fn a_shop_without_anything_has_figures_of_nothing() {
        let found = figures(&shop(&[], Vec::new()), &[]);
        assert_eq!((found.conversion_rate, found.avg_bundle_size, found.bundle_revenue), (0.0, 0.0, 0.0));
        assert!(found.top_bundles.is_empty() && found.bundle_performance.is_empty());
    }
}
