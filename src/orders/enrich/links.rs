//! Which item of its shop a line is about: by variant id, else by SKU, else by its name.

use std::collections::HashMap;

use super::{index::Index, names};
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
    /// What its product is called, and what it is called beside.
    pub title: Option<&'a str>,
    /// Size, colour; `None` for the only variant of a product.
    pub variant_title: Option<&'a str>,
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
    /// What the line calls it.
    pub name: Option<&'a str>,
    /// What the line calls the variant, where the name may not say it.
    pub variant_title: Option<&'a str>,
}

/// What a line was linked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The variant id.
    Variant,
    /// The SKU.
    Sku,
    /// The name.
    Name,
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
    /// Names of items → places in `named`.
    names: Index,
    named: Vec<Named>,
    /// By shop: the items of names that were looked for before.
    remembered: Vec<HashMap<Box<str>, Option<u32>>>,
}

/// The variants of a SKU.
struct Group {
    /// The place of the one with the smallest number.
    first: u32,
    /// All of them, if they are several.
    members: Vec<u32>,
    is_shared: bool,
}

/// The variants of a name.
struct Named {
    first: u32,
    /// Whether the name is the product's title alone.
    by_title: bool,
    is_shared: bool,
}

impl<'a> Links<'a> {
    /// Takes the items of all shops. Of several with one variant id the first counts.
    pub fn new(items: Vec<Item<'a>>) -> Self {
        let mut links = Self {
            variants: Index::with_room(items.len()),
            skus: Index::with_room(items.len()),
            products: Index::with_room(0),
            names: Index::with_room(items.len() * 2),
            named: Vec::new(),
            remembered: Vec::new(),
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
                links.add_names(place);
            }
        }
        links.choose_by_product();
        links
    }

    /// The item that a line means.
    #[inline]
    pub fn find(&mut self, wanted: Wanted<'_>) -> Option<Link<'a>> {
        let in_variants = |place: &u32| self.items.get(*place as usize).is_some_and(|item| item.in_variants);
        let of_id = wanted.variant.and_then(|variant| self.by_variant(wanted.shop, variant));
        if let Some(place) = of_id.filter(in_variants) {
            return self.link(place, By::Variant, false);
        }
        let group = wanted.sku.and_then(|sku| self.by_sku(wanted.shop, sku));
        let Some((first, is_shared)) = group.and_then(|group| self.groups.get(group as usize)).map(Group::face) else {
            let place = self.by_name(wanted)?;
            return self.link(place, By::Name, false);
        };
        if !is_shared {
            return self.link(first, By::Sku, false);
        }
        if let Some(place) = self.in_group_by_name(group, wanted) {
            return self.link(place, By::Sku, false);
        }
        let of_product = |product| self.by_product(wanted.shop, wanted.sku?, product);
        let chosen = wanted.product.and_then(of_product);
        let place = chosen.and_then(|choice| self.choices.get(choice as usize)).unwrap_or(&first);
        self.link(*place, By::Sku, true)
    }

    /// The item of a name that is one item's.
    fn by_name(&mut self, wanted: Wanted<'_>) -> Option<u32> {
        let name = wanted.name.filter(|_| !self.named.is_empty())?;
        if let Some(variant) = wanted.variant_title {
            let full = names::full(name, Some(variant));
            return self
                .of_plain_name(wanted.shop, &full)
                .or_else(|| self.of_plain_name(wanted.shop, &names::plain(name)));
        }
        let shop = wanted.shop as usize;
        if let Some(found) = self.remembered.get(shop).and_then(|names| names.get(name)) {
            return *found;
        }
        let plain = names::plain(name);
        let of_only = || self.of_plain_name(wanted.shop, names::without_only_variant(&plain)?);
        let found = self.of_plain_name(wanted.shop, &plain).or_else(of_only);
        if self.remembered.len() <= shop {
            self.remembered.resize_with(shop + 1, HashMap::new);
        }
        if let Some(names) = self.remembered.get_mut(shop) {
            names.insert(name.into(), found);
        }
        found
    }

    fn of_plain_name(&self, shop: u32, name: &str) -> Option<u32> {
        let named = self.named.get(self.place_of_name(shop, name)? as usize)?;
        (!named.is_shared).then_some(named.first)
    }

    fn place_of_name(&self, shop: u32, name: &str) -> Option<u32> {
        let is_it = |named: &Named| {
            let item = self.items.get(named.first as usize).filter(|item| item.shop == shop);
            item.and_then(|item| item.plain_name(named.by_title)).as_deref() == Some(name)
        };
        self.names.find(key(shop, name), |place| self.named.get(place as usize).is_some_and(is_it))
    }

    /// Of the variants of a SKU the one that a line names: by its whole name, else by the words that it ends with.
    fn in_group_by_name(&mut self, group: Option<u32>, wanted: Wanted<'_>) -> Option<u32> {
        let name = wanted.name?;
        if let Some(place) = self.by_name(wanted)
            && self.items.get(place as usize).is_some_and(|item| item.sku == wanted.sku)
        {
            return Some(place);
        }
        let name = names::full(name, wanted.variant_title);
        let members = &self.groups.get(group? as usize)?.members;
        let is_named = |place: &&u32| {
            let variant = self.items.get(**place as usize).and_then(|item| item.variant_title);
            variant.is_some_and(|variant| names::ends_with(&name, &names::plain(variant)))
        };
        let mut named = members.iter().filter(is_named);
        match (named.next(), named.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        }
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
            self.groups.push(Group { first: place, members: Vec::new(), is_shared: false });
            return;
        };
        let is_first = self.groups.get(known as usize).is_some_and(|group| self.is_before(place, group.first));
        if let Some(group) = self.groups.get_mut(known as usize) {
            if group.members.is_empty() {
                group.members.push(group.first);
            }
            group.members.push(place);
            group.is_shared = true;
            group.first = if is_first { place } else { group.first };
        }
    }

    /// Adds what lines may call an item: its title with what the variant is called, and the title alone.
    fn add_names(&mut self, place: u32) {
        for by_title in [false, true] {
            let Some(item) = self.items.get(place as usize) else { return };
            let Some(name) = item.plain_name(by_title) else { continue };
            let shop = item.shop;
            match self.place_of_name(shop, &name) {
                None => {
                    self.names.put(key(shop, &name), self.named.len() as u32);
                    self.named.push(Named { first: place, by_title, is_shared: false });
                }
                Some(known) => {
                    if let Some(named) = self.named.get_mut(known as usize).filter(|named| named.first != place) {
                        named.is_shared = true;
                    }
                }
            }
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

impl Group {
    fn face(&self) -> (u32, bool) {
        (self.first, self.is_shared)
    }
}

impl Item<'_> {
    fn plain_name(&self, by_title: bool) -> Option<String> {
        let title = self.title?;
        Some(if by_title { names::plain(title) } else { names::full(title, self.variant_title) })
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
        let of_name = wanted.name.and_then(|name| {
            let full = names::full(name, wanted.variant_title);
            let is_called = |item: &&Item<'_>, name: &str| {
                let title = item.title.unwrap_or("?");
                [names::plain(title), names::full(title, item.variant_title)].iter().any(|known| known == name)
            };
            let only = |name: &str| {
                let called: Vec<_> = of_shop().filter(|item| is_called(item, name)).collect();
                (called.len() == 1).then(|| called[0])
            };
            only(&full).or_else(|| only(&names::plain(name)))
        });
        if of_sku.is_empty() {
            return Some(link(of_name?, By::Name, false));
        }
        if of_sku.len() > 1 {
            let named = of_name.filter(|item| item.sku == wanted.sku);
            let full = wanted.name.map(|name| names::full(name, wanted.variant_title)).unwrap_or_default();
            let ends = |item: &&&Item<'_>| {
                item.variant_title.is_some_and(|variant| full.ends_with(&format!(" {}", names::plain(variant))))
            };
            let ending: Vec<_> = of_sku.iter().filter(ends).collect();
            let by_end = (wanted.name.is_some() && ending.len() == 1).then(|| **ending[0]);
            if let Some(item) = named.copied().or(by_end) {
                return Some(link(&item, By::Sku, false));
            }
        }
        of_sku.sort_by_key(|item| (item.number, item.variant));
        let of_product = of_sku.iter().find(|item| item.product.is_some() && item.product == wanted.product);
        let item = of_product.or(of_sku.first())?;
        Some(link(item, By::Sku, of_sku.len() > 1))
    }

    const TITLES: [Option<&str>; 4] = [None, Some("Mug"), Some("Mug - red"), Some("Tray")];
    const VARIANT_TITLES: [Option<&str>; 4] = [None, None, Some("red"), Some("blue")];
    const NAMES: [Option<&str>; 8] = [
        None,
        Some("Mug"),
        Some("Mug - red"),
        Some("mug (blue)"),
        Some("Tray, red"),
        Some("Bowl - red"),
        Some("Tray"),
        Some("red"),
    ];

    const TEXTS: [&str; 8] = ["1", "10", "2", "x", "abcdefgh", "abcdefgi", "", "a long text of a SKU"];

    fn text() -> impl Strategy<Value = Option<&'static str>> {
        proptest::option::weighted(0.8, proptest::sample::select(TEXTS.to_vec()))
    }

    fn items() -> impl Strategy<Value = Vec<Item<'static>>> {
        let key = (0_u32..3, proptest::sample::select(TEXTS.to_vec()));
        let titles = (proptest::sample::select(TITLES.to_vec()), proptest::sample::select(VARIANT_TITLES.to_vec()));
        let of_item = (text(), text(), proptest::bool::weighted(0.8), titles);
        proptest::collection::btree_map(key, of_item, 0..24).prop_map(|items| {
            let item =
                |(row, ((shop, variant), (sku, product, in_variants, titles))): (u32, ((u32, &'static str), _))| {
                    let number = variant.parse().unwrap_or(i64::MAX);
                    let (title, variant_title) = titles;
                    Item { shop, variant, number, sku, product, title, variant_title, in_variants, row: row + 100 }
                };
            (0..).zip(items).map(item).collect()
        })
    }

    proptest! {
        #[test]
        fn lines_are_linked_as_by_looking_at_all_items(
            items in items(),
            lines in proptest::collection::vec((0_u32..4, text(), text(), text(), 0..NAMES.len(), 0..VARIANT_TITLES.len()), 40),
        ) {
            let wanted: Vec<_> = lines
                .iter()
                .map(|(shop, variant, sku, product, name, title)| {
                    let (name, variant_title) = (NAMES[*name], VARIANT_TITLES[*title]);
                    Wanted { shop: *shop, variant: *variant, sku: *sku, product: *product, name, variant_title }
                })
                .collect();
            let expected: Vec<_> = wanted.iter().map(|wanted| reference(&items, *wanted)).collect();
            let of_id = |wanted: &Wanted<'_>| {
                items.iter().find(|item| item.shop == wanted.shop && Some(item.variant) == wanted.variant)
            };
            let rows: Vec<_> = wanted.iter().map(|wanted| of_id(wanted).map(|item| item.row)).collect();
            let mut links = Links::new(items);
            let found: Vec<_> = wanted.iter().map(|wanted| links.find(*wanted)).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(wanted.iter().map(|wanted| links.in_catalog(*wanted)).collect::<Vec<_>>(), rows);
        }
    }
}
