//! The tiers of the ladder that go by the catalog: words that go together, and products that look alike.

use std::collections::BTreeMap;

use polars::prelude::StringChunked;

use super::{
    proposal::{Figures, Proposal},
    shop::Shop,
};
use crate::bundles::{
    best::{best, falling},
    candidate::Source,
    items::Item,
};

/// What the catalog says of the products of all shops, by row of the table.
pub struct CatalogTexts<'a> {
    /// Titles.
    pub titles: &'a StringChunked,
    /// Product types.
    pub categories: &'a StringChunked,
    /// Vendors, who stand for brands.
    pub vendors: &'a StringChunked,
}

/// A word in category or title, and those of what completes it.
const COMPLEMENTS: [(&str, &[&str]); 5] = [
    ("dress", &["belt", "shoes", "bag"]),
    ("shirt", &["pants", "tie", "jacket"]),
    ("board", &["bindings", "boots"]),
    ("camera", &["lens", "memory", "battery"]),
    ("phone", &["case", "charger", "screen"]),
];

/// How many times as dear a complement may be.
const MOST_RATIO: i64 = 3;
/// Items of one word of a complement.
const OF_ONE_WORD: usize = 2;
/// Items with a word that are looked at.
const LOOKED_AT: usize = 16;

/// Tier 5: items whose words go together, of prices that are not far from each other.
pub fn complements_by_words(shop: &Shop<'_>, texts: &CatalogTexts<'_>) -> Vec<Proposal> {
    let words = |item: Item| {
        let row = shop.products.row(item);
        let text = [texts.categories.get(row), texts.titles.get(row)].map(Option::unwrap_or_default).join(" ");
        text.to_lowercase()
    };
    let known: Vec<(Item, String)> = shop.usable().map(|item| (item, words(item))).collect();
    let with = |word: &'static str| known.iter().filter(move |(_, text)| text.contains(word)).map(|(item, _)| *item);
    let price = |item: Item| shop.products.fact(item).price.0.max(1);
    let product = |item: Item| shop.products.fact(item).product;
    let mut proposals = Vec::new();
    for (word, completing) in COMPLEMENTS {
        for item in known.iter().filter(|(_, text)| text.contains(word)).map(|(item, _)| *item).take(LOOKED_AT) {
            for other_word in completing {
                let fits = |other: &Item| {
                    let (low, high) = (price(item).min(price(*other)), price(item).max(price(*other)));
                    product(*other) != product(item) && high <= low.saturating_mul(MOST_RATIO)
                };
                for other in with(other_word).filter(fits).take(OF_ONE_WORD) {
                    proposals.push(guess(item, other, Source::Heuristics, 0.0));
                }
            }
        }
    }
    proposals
}

/// Products that look alike are at least so much alike.
const LEAST_ALIKE: f64 = 0.4;
/// How many of them are kept.
const MOST_ALIKE: usize = 20;

/// Tier 7: products of one category or brand, of near prices. Only neighbours by price are compared, so that it takes no longer
/// than sorting.
pub fn alike(shop: &Shop<'_>, texts: &CatalogTexts<'_>) -> Vec<Proposal> {
    let text = |column: &'static str, item: Item| {
        let row = shop.products.row(item);
        let texts = if column == "vendor" { texts.vendors } else { texts.categories };
        texts.get(row).filter(|text| !text.is_empty())
    };
    let fact = |item: Item| shop.products.fact(item);
    let mut pairs: BTreeMap<[Item; 2], f64> = BTreeMap::new();
    for column in ["category", "vendor"] {
        let mut groups: BTreeMap<&str, Vec<Item>> = BTreeMap::new();
        for item in shop.usable() {
            if let Some(name) = text(column, item) {
                groups.entry(name).or_default().push(item);
            }
        }
        for items in groups.values_mut() {
            items.sort_by_key(|item| (fact(*item).price, *item));
            for (place, one) in items.iter().enumerate() {
                // The next of another product: sizes of one are no bundle.
                let next = items[place + 1..].iter().find(|other| fact(**other).product != fact(*one).product);
                let Some(other) = next else { continue };
                let same =
                    |column: &'static str| text(column, *one).is_some() && text(column, *one) == text(column, *other);
                let (low, high) = (fact(*one).price.0.max(0) as f64, fact(*other).price.0.max(1) as f64);
                let nearness = (1.0 - (high - low) / high).max(0.0);
                let alike = 0.5 * f64::from(u8::from(same("category")))
                    + 0.3 * f64::from(u8::from(same("vendor")))
                    + 0.2 * nearness;
                if alike > LEAST_ALIKE {
                    pairs.insert([*one.min(other), *one.max(other)], alike);
                }
            }
        }
    }
    let kept = best(pairs, MOST_ALIKE, |one, other| falling(one.1, other.1).then(one.0.cmp(&other.0)));
    kept.into_iter().map(|([one, other], alike)| guess(one, other, Source::ColdStart, alike)).collect()
}

fn guess(one: Item, other: Item, source: Source, similarity: f64) -> Proposal {
    Proposal::counted(vec![one, other], source, Figures { confidence: similarity, lift: 1.0, support: 0.0 })
}
