//! The first SKUs of each shop that belong to no variant.

use std::collections::{BTreeMap, btree_map::Entry};

use super::shops::Shops;

/// How many SKUs of a shop are kept, and of how many shops.
const SKUS: usize = 10;
const SHOPS: usize = 10_000;

/// SKUs by shop.
#[derive(Default)]
pub struct Samples(BTreeMap<u32, Vec<String>>);

impl Samples {
    /// Adds the SKU of a line that was not linked.
    pub fn add(&mut self, shop: u32, sku: &str) {
        let count = self.0.len();
        let skus = match self.0.entry(shop) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) if count < SHOPS => new.insert(Vec::new()),
            Entry::Vacant(_) => return,
        };
        if skus.len() < SKUS && !skus.iter().any(|known| known == sku) {
            skus.push(sku.to_owned());
        }
    }

    /// The SKUs of each shop as a JSON array.
    pub fn finish(self, shops: &Shops) -> Vec<(String, String)> {
        let array = |(shop, skus)| Some((shops.name(shop)?.to_owned(), serde_json::Value::from(skus).to_string()));
        self.0.into_iter().filter_map(array).collect()
    }
}
