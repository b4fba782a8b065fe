//! Which item of its shop a line is about: by variant id, else by SKU.

use super::index::Index;
use crate::orders::rows::row::hash;

/// What an item is known by.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The number of its shop.
    pub shop: u32,
    /// The variant id.
    pub variant: &'a str,
    /// The variant id as a number, the largest one if it is none.
    pub number: i64,
    /// The SKU; `None` for a placeholder.
    pub sku: Option<&'a str>,
    /// The product id.
    pub product: Option<&'a str>,
    /// Whether it is in the variants table: lines are not linked with what the catalog alone has.
    pub in_variants: bool,
    /// The row in the table of items.
    pub row: u32,
}

/// What a line says of its item.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The number of its shop.
    pub shop: u32,
    /// The variant id.
    pub variant: Option<&'a str>,
    /// The SKU; `None` for a placeholder.
    pub sku: Option<&'a str>,
    /// The product id.
    pub product: Option<&'a str>,
}

/// What a line was linked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The variant id.
    Variant,
    /// The SKU.
    Sku,
}

/// The item of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// Its row in the table of items.
    pub row: u32,
    /// Its variant id.
    pub variant: &'a str,
    /// How it was found.
    pub by: By,
    /// Whether several variants have the SKU.
    pub is_ambiguous: bool,
}

/// Finds items. A line of 100 million costs a look into a table or two; nothing is kept of it.
pub struct Links<'a> {
    items: Vec<Item<'a>>,
    /// Variant ids → places in `items`.
    variants: Index,
    /// SKUs → places in `groups`.
    skus: Index,
    groups: Vec<Group>,
    /// SKUs that several variants have, with a product → places in `choices`.
    products: Index,
    choices: Vec<u32>,
}

/// The variants of a SKU.
struct Group {
    /// The place of the one with the smallest number.
    first: u32,
    is_shared: bool,
}

impl<'a> Links<'a> {
    /// Takes the items of all shops. Of several with one variant id the first counts.
    pub fn new(items: Vec<Item<'a>>) -> Self {
        let mut links = Self {
            variants: Index::with_room(items.len()),
            skus: Index::with_room(items.len()),
            products: Index::with_room(0),
            items: Vec::new(),
            groups: Vec::new(),
            choices: Vec::new(),
        };
        for item in items {
            if links.by_variant(item.shop, item.variant).is_some() {
                continue;
            }
            let place = links.items.len() as u32;
            links.variants.put(key(item.shop, item.variant), place);
            links.items.push(item);
            if item.in_variants {
                links.add_to_group(place);
            }
        }
        links.choose_by_product();
        links
    }

    /// The item that a line means.
    #[inline]
    pub fn find(&self, wanted: Wanted<'_>) -> Option<Link<'a>> {
        let in_variants = |place: &u32| self.items.get(*place as usize).is_some_and(|item| item.in_variants);
        let of_id = wanted.variant.and_then(|variant| self.by_variant(wanted.shop, variant));
        if let Some(place) = of_id.filter(in_variants) {
            return self.link(place, By::Variant, false);
        }
        let sku = wanted.sku?;
        let group = self.groups.get(self.by_sku(wanted.shop, sku)? as usize)?;
        let chosen = match wanted.product {
            Some(product) if group.is_shared => self.by_product(wanted.shop, sku, product),
            _ => None,
        };
        let place = chosen.and_then(|choice| self.choices.get(choice as usize)).unwrap_or(&group.first);
        self.link(*place, By::Sku, group.is_shared)
    }

    /// The row of what the catalog alone has under the variant id of a line that is not linked.
    #[inline]
    pub fn in_catalog(&self, wanted: Wanted<'_>) -> Option<u32> {
        let place = self.by_variant(wanted.shop, wanted.variant?)?;
        self.items.get(place as usize).map(|item| item.row)
    }

    fn link(&self, place: u32, by: By, is_ambiguous: bool) -> Option<Link<'a>> {
        self.items.get(place as usize).map(|item| Link { row: item.row, variant: item.variant, by, is_ambiguous })
    }

    fn by_variant(&self, shop: u32, variant: &str) -> Option<u32> {
        let is_it = |item: &Item<'_>| item.shop == shop && item.variant == variant;
        self.variants.find(key(shop, variant), |place| self.items.get(place as usize).is_some_and(is_it))
    }

    fn by_sku(&self, shop: u32, sku: &str) -> Option<u32> {
        let first = |group: u32| self.groups.get(group as usize).and_then(|group| self.items.get(group.first as usize));
        let is_it = |item: &Item<'_>| item.shop == shop && item.sku == Some(sku);
        self.skus.find(key(shop, sku), |group| first(group).is_some_and(is_it))
    }

    fn by_product(&self, shop: u32, sku: &str, product: &str) -> Option<u32> {
        let item = |choice: u32| self.choices.get(choice as usize).and_then(|place| self.items.get(*place as usize));
        let is_it = |item: &Item<'_>| item.shop == shop && item.sku == Some(sku) && item.product == Some(product);
        self.products.find(key_of_product(shop, sku, product), |choice| item(choice).is_some_and(is_it))
    }

    /// Whether the item at one place has a smaller number than that at another.
    fn is_before(&self, place: u32, other: u32) -> bool {
        let rank = |place: u32| self.items.get(place as usize).map(|item| (item.number, item.variant));
        rank(place) < rank(other)
    }

    fn add_to_group(&mut self, place: u32) {
        let Some((shop, Some(sku))) = self.items.get(place as usize).map(|item| (item.shop, item.sku)) else { return };
        let Some(known) = self.by_sku(shop, sku) else {
            self.skus.put(key(shop, sku), self.groups.len() as u32);
            self.groups.push(Group { first: place, is_shared: false });
            return;
        };
        let is_first = self.groups.get(known as usize).is_some_and(|group| self.is_before(place, group.first));
        if let Some(group) = self.groups.get_mut(known as usize) {
            group.is_shared = true;
            group.first = if is_first { place } else { group.first };
        }
    }

    /// For each product with a variant of a shared SKU, that with the smallest number.
    fn choose_by_product(&mut self) {
        let of_shared_sku = |item: &Item<'_>| {
            let sku = item.sku.filter(|_| item.in_variants);
            let group = sku.and_then(|sku| self.by_sku(item.shop, sku));
            group.and_then(|group| self.groups.get(group as usize)).is_some_and(|group| group.is_shared)
        };
        let shared: Vec<u32> =
            (0..).zip(&self.items).filter(|(_, item)| of_shared_sku(item)).map(|(place, _)| place).collect();
        self.products = Index::with_room(shared.len());
        for place in shared {
            let item = self.items.get(place as usize).map(|item| (item.shop, item.sku, item.product));
            let Some((shop, Some(sku), Some(product))) = item else { continue };
            match self.by_product(shop, sku, product) {
                None => {
                    self.products.put(key_of_product(shop, sku, product), self.choices.len() as u32);
                    self.choices.push(place);
                }
                Some(choice) => {
                    let is_first = self.choices.get(choice as usize).is_some_and(|other| self.is_before(place, *other));
                    if let Some(chosen) = self.choices.get_mut(choice as usize).filter(|_| is_first) {
                        *chosen = place;
                    }
                }
            }
        }
    }
}

fn key(shop: u32, text: &str) -> u64 {
    hash(text.as_bytes()) ^ u64::from(shop).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

fn key_of_product(shop: u32, sku: &str, product: &str) -> u64 {
    key(shop, sku).rotate_left(17) ^ hash(product.as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Looks at all items for each line.
    fn reference<'a>(items: &[Item<'a>], wanted: Wanted<'_>) -> Option<Link<'a>> {
        let link = |item: &Item<'a>, by, is_ambiguous| Link { row: item.row, variant: item.variant, by, is_ambiguous };
        let of_shop = || items.iter().filter(|item| item.shop == wanted.shop && item.in_variants);
        if let Some(item) = of_shop().find(|item| Some(item.variant) == wanted.variant) {
            return Some(link(item, By::Variant, false));
        }
        let mut of_sku: Vec<_> = of_shop().filter(|item| item.sku.is_some() && item.sku == wanted.sku).collect();
        of_sku.sort_by_key(|item| (item.number, item.variant));
        let of_product = of_sku.iter().find(|item| item.product.is_some() && item.product == wanted.product);
        let item = of_product.or(of_sku.first())?;
        Some(link(item, By::Sku, of_sku.len() > 1))
    }

    const TEXTS: [&str; 8] = ["1", "10", "2", "x", "abcdefgh", "abcdefgi", "", "a long text of a SKU"];

    fn text() -> impl Strategy<Value = Option<&'static str>> {
        proptest::option::weighted(0.8, proptest::sample::select(TEXTS.to_vec()))
    }

    fn items() -> impl Strategy<Value = Vec<Item<'static>>> {
        let key = (0_u32..3, proptest::sample::select(TEXTS.to_vec()));
        let of_item = (text(), text(), proptest::bool::weighted(0.8));
        proptest::collection::btree_map(key, of_item, 0..24).prop_map(|items| {
            let item = |(row, ((shop, variant), (sku, product, in_variants))): (u32, ((u32, &'static str), _))| {
                let number = variant.parse().unwrap_or(i64::MAX);
                Item { shop, variant, number, sku, product, in_variants, row: row + 100 }
            };
            (0..).zip(items).map(item).collect()
        })
    }

    proptest! {
        #[test]
        fn lines_are_linked_as_by_looking_at_all_items(
            items in items(),
            lines in proptest::collection::vec((0_u32..4, text(), text(), text()), 40),
        ) {
            let wanted: Vec<_> =
                lines.iter().map(|(shop, variant, sku, product)| Wanted { shop: *shop, variant: *variant, sku: *sku, product: *product }).collect();
            let expected: Vec<_> = wanted.iter().map(|wanted| reference(&items, *wanted)).collect();
            let of_id = |wanted: &Wanted<'_>| {
                items.iter().find(|item| item.shop == wanted.shop && Some(item.variant) == wanted.variant)
            };
            let rows: Vec<_> = wanted.iter().map(|wanted| of_id(wanted).map(|item| item.row)).collect();
            let links = Links::new(items);
            let found: Vec<_> = wanted.iter().map(|wanted| links.find(*wanted)).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(wanted.iter().map(|wanted| links.in_catalog(*wanted)).collect::<Vec<_>>(), rows);
        }
    }
}
