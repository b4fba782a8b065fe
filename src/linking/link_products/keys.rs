//! Products by a key that should be theirs alone, and which of several is meant where they share one.

use std::collections::{BTreeMap, HashMap};

use super::{params::Rules, rows::Sides};
use crate::linking::{
    address::{Part, Seen, Telling, parts},
    first_rows::FirstRows,
    similarity::{fold_title, similarity},
};

/// Products that share a key are alike if their titles are at least so similar to the first one's.
const ALIKE: f64 = 0.80;
/// Among more products than these no title is looked for: the title levels do that faster.
const COMPARED: usize = 64;

/// Products by key.
pub struct Keys {
    first: FirstRows,
    /// By the first product of a key: all of them, where there are several or one is not enough to decide.
    shared: HashMap<u32, Shared>,
    /// By the first product of a key and the telling parts of the address: the products.
    told: HashMap<(u32, String), Vec<u32>>,
}

/// Products that share a key.
struct Shared {
    /// Their row numbers, ascending.
    products: Vec<u32>,
    /// Whether all titles are alike, so that any of them may be meant.
    alike: bool,
}

impl Keys {
    /// Indexes products by key; see [`FirstRows::build`]. Where `decides_alone`, the first product with a key stands for all.
    pub fn build(
        sides: &Sides<'_>,
        hashes: &[Option<u64>],
        has_same_key: impl Fn(u32, u32) -> bool,
        decides_alone: bool,
    ) -> Self {
        let mut groups: HashMap<u32, Vec<u32>> = HashMap::new();
        let first = FirstRows::build_noting(hashes, has_same_key, |first, row| {
            if !decides_alone {
                groups.entry(first).or_insert_with(|| vec![first]).push(row);
            }
        });
        let shared = groups.into_iter().map(|(first, products)| (first, Shared::new(sides, products))).collect();
        Self { first, shared, told: HashMap::new() }
    }

    /// The first product with a key; see [`FirstRows::find`].
    pub fn first(&self, hash: u64, is_key: impl Fn(u32) -> bool) -> Option<u32> {
        self.first.find(hash, is_key)
    }

    /// The product that is meant by a row whose key is that of `first`.
    pub fn meant(&self, sides: &Sides<'_>, rules: &Rules, telling: &Telling<'_>, row: u32, first: u32) -> Option<u32> {
        let url = sides.catalog.urls[row as usize];
        let Some(shared) = self.shared.get(&first) else {
            let differ = telling.differ(url, sides.products.urls[first as usize]);
            return (!differ && !is_another(sides, rules, row as usize, first as usize)).then_some(first);
        };
        match telling.key(url) {
            Some(key) => match self.told.get(&(first, key)).map(Vec::as_slice) {
                None => None,
                Some([product]) => Some(*product),
                Some(products) => choose(sides, rules, row, products, shared.alike),
            },
            None => choose(sides, rules, row, &shared.products, shared.alike),
        }
    }

    /// The product that is meant by a row whose code is that of `first`; none where unlike products carry the code.
    pub fn meant_by_code(&self, sides: &Sides<'_>, rules: &Rules, row: u32, first: u32) -> Option<u32> {
        match self.shared.get(&first) {
            None => Some(first),
            Some(shared) if shared.alike => choose(sides, rules, row, &shared.products, true),
            Some(_) => None,
        }
    }

    /// How many products share a key with an unlike one, by retailer number.
    pub fn unlike(&self, sides: &Sides<'_>) -> BTreeMap<u32, u64> {
        let mut counts = BTreeMap::new();
        for shared in self.shared.values().filter(|shared| !shared.alike) {
            for product in &shared.products {
                *counts.entry(sides.products.retailers[*product as usize]).or_default() += 1;
            }
        }
        counts
    }

    /// Learns, by retailer number, what tells the products of shared keys apart. `hits` are catalog rows with parts in their
    /// address, as (first product with their key, row), ascending.
    pub fn learn<'s>(&mut self, sides: &'s Sides<'_>, hits: &[(u32, u32)]) -> Vec<Telling<'s>> {
        self.doubt(sides, hits);
        let addresses = self.addresses(sides, hits);
        let of = |retailer| addresses.get(&retailer).map(|seen| Telling::learn(&seen.products, &seen.sightings));
        let telling: Vec<_> =
            (0u32..).take(sides.retailers.len()).map(|retailer| of(retailer).unwrap_or_default()).collect();
        self.tell_apart(sides, &telling);
        telling
    }

    /// Where the catalog's rows show unlike things at the key of a single product, the key decides no more than one that several
    /// products share.
    fn doubt(&mut self, sides: &Sides<'_>, hits: &[(u32, u32)]) {
        for same in hits.chunk_by(|a, b| a.0 == b.0) {
            if same.first().is_none_or(|(first, _)| self.shared.contains_key(first)) {
                continue;
            }
            let mut titles = same.iter().filter_map(|(_, row)| sides.catalog.title(*row as usize));
            let Some((first, title)) = same.first().map(|hit| hit.0).zip(titles.next()) else { continue };
            if titles.any(|other| !are_alike(title, other)) {
                self.shared.insert(first, Shared { products: vec![first], alike: false });
            }
        }
    }

    /// The addresses of shared keys by retailer: those of products, and those of the rows in `hits`.
    fn addresses<'s>(&self, sides: &'s Sides<'_>, hits: &[(u32, u32)]) -> HashMap<u32, Addresses<'s>> {
        let mut addresses: HashMap<u32, Addresses<'s>> = HashMap::new();
        let mut firsts: Vec<u32> = self.shared.keys().copied().collect();
        firsts.sort_unstable();
        for first in firsts {
            let Some(shared) = self.shared.get(&first) else { continue };
            let entry = addresses.entry(sides.products.retailers[first as usize]).or_default();
            for product in shared.products.iter().map(|product| *product as usize) {
                let seen =
                    Seen { page: first, url: sides.products.urls[product], shows: sides.products.title(product) };
                entry.products.push(seen);
            }
        }
        for (first, row) in hits {
            let Some(shared) = self.shared.get(first) else { continue };
            let row = *row as usize;
            let entry = addresses.entry(sides.catalog.retailers[row]).or_default();
            let seen = Seen { page: *first, url: sides.catalog.urls[row], shows: sides.catalog.title(row) };
            // Of a key with a single product the rows say what there is to tell apart.
            if shared.products.len() == 1 && seen.shows.is_some() {
                entry.products.push(seen);
            } else {
                entry.sightings.push(seen);
            }
        }
        addresses
    }

    /// Tells the products of shared keys apart by what was learned, by retailer number.
    fn tell_apart(&mut self, sides: &Sides<'_>, telling: &[Telling<'_>]) {
        for (first, shared) in &self.shared {
            let Some(telling) = telling.get(sides.products.retailers[*first as usize] as usize) else { continue };
            for product in &shared.products {
                if let Some(key) = telling.key(sides.products.urls[*product as usize]) {
                    self.told.entry((*first, key)).or_default().push(*product);
                }
            }
        }
    }
}

/// Addresses that share a key.
#[derive(Default)]
struct Addresses<'a> {
    /// Of products.
    products: Vec<Seen<'a>>,
    /// Of catalog rows.
    sightings: Vec<Seen<'a>>,
}

impl Shared {
    fn new(sides: &Sides<'_>, products: Vec<u32>) -> Self {
        let mut titles = products.iter().filter_map(|product| sides.products.title(*product as usize));
        let alike = titles.next().is_none_or(|first| titles.all(|other| are_alike(first, other)));
        Self { products, alike }
    }
}

/// Whether nothing but the path speaks for a product: the addresses have a part that differs, the titles have no word in common, and
/// the prices differ.
fn is_another(sides: &Sides<'_>, rules: &Rules, row: usize, product: usize) -> bool {
    let (catalog, products) = (&sides.catalog, &sides.products);
    if rules.original || !products.urls[product].contains(['?', '#']) || !catalog.urls[row].contains(['?', '#']) {
        return false;
    }
    let theirs = parts(products.urls[product]);
    let differs =
        |(part, value): &(Part<'_>, &str)| theirs.iter().any(|(other, there)| other == part && there != value);
    parts(catalog.urls[row]).iter().any(differs)
        && catalog.title(row).zip(products.title(product)).is_some_and(|(a, b)| !has_common_word(a, b))
        && !catalog.prices[row].zip(products.prices[product]).is_none_or(|(a, b)| rules.prices.accepts(a, b))
}

fn has_common_word(a: &str, b: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let folded = fold_title(text);
        folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let there = words(b);
    words(a).iter().any(|word| there.contains(word))
}

fn are_alike(a: &str, b: &str) -> bool {
    a == b || similarity(crate::linking::similarity::Measure::Indel, &fold_title(a), &fold_title(b)) >= ALIKE
}

/// The product with the most similar title, then the nearest price, then the smallest id; of unlike ones only if that title
/// would be a match by itself.
fn choose(sides: &Sides<'_>, rules: &Rules, row: u32, products: &[u32], alike: bool) -> Option<u32> {
    if products.len() > COMPARED {
        return products.first().copied().filter(|_| alike);
    }
    let title = sides.catalog.title(row as usize).map(fold_title);
    let price = sides.catalog.prices[row as usize];
    let ranked = products.iter().map(|product| {
        let at = *product as usize;
        let alikeness = title
            .as_deref()
            .zip(sides.products.title(at))
            .map_or(0.0, |(title, other)| similarity(rules.measure, title, &fold_title(other)));
        let gap = price.zip(sides.products.prices[at]).map_or(f64::INFINITY, |(a, b)| (a - b).abs());
        (alikeness, gap, *product)
    });
    let best = ranked.min_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)))?;
    (alike || best.0 > rules.cutoff).then_some(best.2)
}
