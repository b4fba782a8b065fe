//! Items that nobody has bought yet, beside items that they go with by what they are (section 5.8).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ladder_catalog::CatalogTexts,
    proposal::{Figures, Proposal},
    shop::Shop,
};
use crate::bundles::{
    best::{best, falling},
    bundle_type::BundleType,
    candidate::Source,
    items::Item,
    objective::Objective,
};

/// Words that say nothing of a product.
const STOP_WORDS: [&str; 12] = ["a", "an", "and", "by", "for", "from", "in", "of", "on", "the", "to", "with"];

/// Where price bands end when a shop has too few prices, in cents.
const DEFAULT_EDGES: [i64; 4] = [2_500, 7_500, 15_000, i64::MAX];

/// Items of which fewer have no bands of their own.
const LEAST_PRICES: usize = 4;

/// Neighbours by price that are compared in each direction, of a category and of a brand.
const NEIGHBOURS: usize = 24;

/// The least similarity that counts, and how many of an item.
const LEAST: f64 = 0.2;
const OF_ITEM: usize = 10;

/// Bundles of an item.
const BUNDLES_OF_ITEM: usize = 2;

/// No such bundle is surer.
const MOST_CONFIDENCE: f64 = 0.4;

/// A way to choose partners: what they must have, how much it counts, and how many bundles a shop gets by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    Category,
    Complement,
    Brand,
    PriceBand,
}

impl Strategy {
    const ALL: [Self; 4] = [Self::Category, Self::Complement, Self::Brand, Self::PriceBand];

    const fn most(self) -> usize {
        match self {
            Self::Category => 5,
            Self::Complement => 6,
            Self::Brand => 4,
            Self::PriceBand => 3,
        }
    }

    /// How sure a pair is, if the strategy takes it.
    fn confidence(self, alike: &Alike) -> Option<f64> {
        let total = alike.total();
        match self {
            Self::Category if alike.category >= 0.6 => Some(total),
            Self::Complement if alike.category < 0.5 && total > 0.3 => Some(total + 0.2),
            Self::Brand if alike.brand >= 0.8 => Some(total * 0.9),
            Self::PriceBand if alike.band >= 0.5 => Some(total * 0.8),
            _ => None,
        }
    }
}

/// How alike two items are, each from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Alike {
    category: f64,
    brand: f64,
    band: f64,
    title: f64,
    vendor: f64,
}

impl Alike {
    fn total(&self) -> f64 {
        0.35 * self.category + 0.25 * self.brand + 0.20 * self.band + 0.15 * self.title + 0.05 * self.vendor
    }
}

/// A bundle for an item without sales.
pub struct Covered {
    /// What is proposed.
    pub proposal: Proposal,
    /// As which type.
    pub bundle_type: BundleType,
    /// What for.
    pub objective: Objective,
}

/// Bundles for the items that were never sold, at most two of each.
pub fn cover(shop: &Shop<'_>, texts: &CatalogTexts<'_>, objectives: &[Objective]) -> Vec<Covered> {
    let unsold: Vec<Item> = shop.usable().filter(|item| shop.sales.lines[item.index()] == 0).collect();
    if unsold.is_empty() {
        return Vec::new();
    }
    let index = Index::new(shop, texts);
    let mut of_item: BTreeMap<Item, usize> = BTreeMap::new();
    let mut seen: BTreeSet<[Item; 2]> = BTreeSet::new();
    let mut covered = Vec::new();
    let partners: Vec<(Item, Vec<(Item, Alike)>)> = unsold.iter().map(|item| (*item, index.partners(*item))).collect();
    for strategy in Strategy::ALL {
        let rated = partners.iter().flat_map(|(item, partners)| {
            let rate = move |(other, alike): &(Item, Alike)| Some((strategy.confidence(alike)?, *item, *other));
            partners.iter().filter_map(rate)
        });
        let rated = best(rated, 64 * strategy.most(), |one, other| {
            falling(one.0, other.0).then((one.1, one.2).cmp(&(other.1, other.2)))
        });
        let mut taken = 0;
        for (confidence, item, other) in rated {
            let key = [item.min(other), item.max(other)];
            if taken >= strategy.most()
                || of_item.get(&item).copied().unwrap_or_default() >= BUNDLES_OF_ITEM
                || !seen.insert(key)
            {
                continue;
            }
            taken += 1;
            *of_item.entry(item).or_default() += 1;
            covered.push(bundle(shop, objectives, item, other, confidence));
        }
    }
    covered
}

/// What an item without sales is bundled for: it is new or slow where that is wanted, else larger orders.
fn bundle(shop: &Shop<'_>, objectives: &[Objective], item: Item, other: Item, confidence: f64) -> Covered {
    let flags = shop.products.fact(item).flags;
    let is_wanted = |objective| objectives.contains(&objective);
    let (objective, bundle_type) = if flags.is_new_launch && is_wanted(Objective::NewLaunch) {
        (Objective::NewLaunch, BundleType::Fbt)
    } else if flags.is_slow_mover && is_wanted(Objective::ClearSlowMovers) {
        (Objective::ClearSlowMovers, BundleType::MixMatch)
    } else {
        (Objective::IncreaseAov, BundleType::Fixed)
    };
    let aligned = if objective == Objective::IncreaseAov { 1.0 } else { 1.1 };
    let figures = Figures { confidence: (confidence * aligned).min(MOST_CONFIDENCE), lift: 1.0, support: 0.0 };
    Covered { proposal: Proposal::counted(vec![item, other], Source::Coverage, figures), bundle_type, objective }
}

/// The items that may be in bundles, by category and by brand in the order of their prices.
struct Index<'a> {
    shop: &'a Shop<'a>,
    items: BTreeMap<Item, Described<'a>>,
    groups: BTreeMap<(bool, &'a str), Vec<Item>>,
    edges: [i64; 4],
}

struct Described<'a> {
    category: Option<&'a str>,
    brand: Option<&'a str>,
    words: BTreeSet<String>,
}

impl<'a> Index<'a> {
    fn new(shop: &'a Shop<'a>, texts: &CatalogTexts<'a>) -> Self {
        let mut prices: Vec<i64> = shop.usable().map(|item| shop.products.fact(item).price.0).collect();
        prices.sort_unstable();
        let edges = match prices.len() {
            ..LEAST_PRICES => DEFAULT_EDGES,
            count => [25, 50, 75, 90].map(|percent| prices[count * percent / 100]),
        };
        let mut index = Self { shop, items: BTreeMap::new(), groups: BTreeMap::new(), edges };
        for item in shop.usable() {
            let row = shop.products.row(item);
            let known = |text: Option<&'a str>| text.filter(|text| !text.is_empty());
            let (category, brand) = (known(texts.categories.get(row)), known(texts.vendors.get(row)));
            let title = texts.titles.get(row).unwrap_or_default().to_lowercase();
            let words = title.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
            let words = words.filter(|word| !STOP_WORDS.contains(word)).map(str::to_owned).collect();
            for (is_brand, name) in [(false, category), (true, brand)] {
                if let Some(name) = name {
                    index.groups.entry((is_brand, name)).or_default().push(item);
                }
            }
            index.items.insert(item, Described { category, brand, words });
        }
        for items in index.groups.values_mut() {
            items.sort_by_key(|item| (shop.products.fact(*item).price, *item));
        }
        index
    }

    fn price(&self, item: Item) -> i64 {
        self.shop.products.fact(item).price.0
    }

    fn band(&self, item: Item) -> usize {
        self.edges.iter().filter(|edge| self.price(item) > **edge).count()
    }

    /// The most alike of the items of another product that are near by category or brand and price.
    fn partners(&self, item: Item) -> Vec<(Item, Alike)> {
        let Some(described) = self.items.get(&item) else { return Vec::new() };
        let mut near: BTreeSet<Item> = BTreeSet::new();
        for (is_brand, name) in [(false, described.category), (true, described.brand)] {
            let Some(items) = name.and_then(|name| self.groups.get(&(is_brand, name))) else { continue };
            let place = items.partition_point(|other| (self.price(*other), *other) < (self.price(item), item));
            near.extend(&items[place.saturating_sub(NEIGHBOURS)..(place + NEIGHBOURS).min(items.len())]);
        }
        let product = |item: Item| self.shop.products.fact(item).product;
        let others = near.into_iter().filter(|other| product(*other) != product(item));
        let alike = others.filter_map(|other| Some((other, self.alike(described, item, other)?)));
        best(alike.filter(|(_, alike)| alike.total() > LEAST), OF_ITEM, |one, other| {
            falling(one.1.total(), other.1.total()).then(one.0.cmp(&other.0))
        })
    }

    fn alike(&self, described: &Described<'_>, item: Item, other: Item) -> Option<Alike> {
        let theirs = self.items.get(&other)?;
        let both = |one: Option<&str>, other: Option<&str>, of: fn(&str, &str) -> f64| {
            one.zip(other).map_or(0.0, |(one, other)| of(one, other))
        };
        let common = described.words.intersection(&theirs.words).count() as f64;
        let all = described.words.union(&theirs.words).count().max(1) as f64;
        Some(Alike {
            category: both(described.category, theirs.category, of_paths),
            brand: both(described.brand, theirs.brand, of_brands),
            band: [1.0, 0.5, 0.2].get(self.band(item).abs_diff(self.band(other))).copied().unwrap_or(0.0),
            title: common / all,
            vendor: f64::from(u8::from(described.brand.is_some() && described.brand == theirs.brand)),
        })
    }
}

/// How near two categories are, whose paths are written with " > ".
fn of_paths(one: &str, other: &str) -> f64 {
    if one == other {
        return 1.0;
    }
    let is_above = |upper: &str, lower: &str| lower.strip_prefix(upper).is_some_and(|rest| rest.starts_with(" > "));
    let root = |path: &str| path.split(" > ").next().unwrap_or_default().to_owned();
    if is_above(one, other) || is_above(other, one) {
        0.7
    } else if root(one) == root(other) {
        0.4
    } else {
        0.0
    }
}

fn of_brands(one: &str, other: &str) -> f64 {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    if one == other {
        1.0
    } else if one.contains(&other) || other.contains(&one) {
        0.7
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_near_by_their_paths_and_brands_by_their_words() {
        assert_eq!(of_paths("Home > Bath", "Home > Bath"), 1.0);
        assert_eq!(of_paths("Home", "Home > Bath"), 0.7);
        assert_eq!(of_paths("Home > Kitchen", "Home > Bath"), 0.4);
        assert_eq!(of_paths("Homeware", "Home"), 0.0);
        assert_eq!((of_brands("ACME", "Acme"), of_brands("Acme Pro", "acme"), of_brands("a", "b")), (1.0, 0.7, 0.0));
    }
}
