//! The variants of lists of products, beside those that other files name: their ids, and their rows of the tables.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet, hash_map::Entry},
};

use crate::orders::{
    reading::{intake::FileRead, job::Reject, refusing::shown},
    recognising::fields::{Catalog, Kind, Product, Reason, Variant},
    rows::partitions::Rows,
    settling::group::{Known, reject},
    tables::{
        meaning::{DEFAULT_TITLE, Kept, UNKNOWN_TITLE, compare_at, push_id},
        products::{ProductRow, Products},
        table::Table,
    },
};

/// A variant of a list of products.
pub struct ListedVariant<'a> {
    /// The number of its shop.
    pub shop: u32,
    id: Cow<'a, [u8]>,
    item: Cow<'a, [u8]>,
    row: ProductRow<'a>,
}

impl ListedVariant<'_> {
    /// Shop and id.
    pub fn key(&self) -> (u32, &[u8]) {
        (self.shop, &self.id)
    }
}

/// Variants of lists of products.
pub struct Listed<'a> {
    products: Products<'a>,
    /// The last row of each, in the order in which they first appear.
    pub variants: Vec<ListedVariant<'a>>,
    /// Inventory items by the id that is made of handle and options.
    by_made_id: HashMap<OfShop<'a>, Cow<'a, [u8]>>,
    /// Inventory items by SKU; `None` where several have it.
    by_sku: BySku<'a>,
}

/// An id with the number of its shop.
pub type OfShop<'a> = (u32, Cow<'a, [u8]>);

/// What has a SKU: one, or several.
type BySku<'a> = HashMap<(u32, &'a [u8]), Option<Cow<'a, [u8]>>>;

fn note<'a>(by_sku: &mut BySku<'a>, shop: u32, sku: &'a [u8], id: Cow<'a, [u8]>) {
    match by_sku.entry((shop, sku)) {
        Entry::Vacant(new) => drop(new.insert(Some(id))),
        Entry::Occupied(mut known) if known.get().as_ref() != Some(&id) => drop(known.insert(None)),
        Entry::Occupied(_) => {}
    }
}

impl<'a> Listed<'a> {
    /// The variants of the lists. One without an id is that of the variants and the catalog with its SKU, where each has but
    /// one; else its id is made.
    pub fn of(
        rows: &'a Rows,
        files: &[FileRead],
        known: Known<'_>,
        [variants, catalog]: [&[Kept<'a>]; 2],
        rejects: &mut Vec<Reject>,
    ) -> Self {
        let (products, rows) = Products::of(rows, files, known, rejects);
        let mut by_sku = BySku::new();
        let mut ids = BySku::new();
        for (kind, kept) in [(Kind::Variants, variants), (Kind::CatalogJoined, catalog)] {
            let (sku, item) = match kind {
                Kind::Variants => (Variant::Sku.place(), Variant::InventoryItemId.place()),
                _ => (Catalog::Sku.place(), Catalog::InventoryItemId.place()),
            };
            for kept in kept {
                let values = kept.row.decode(kind.fields());
                let Some(sku) = values.text(sku) else { continue };
                note(&mut ids, kept.shop, sku, Cow::Borrowed(kept.row.first_text()));
                if let Some(item) = values.text(item) {
                    note(&mut by_sku, kept.shop, sku, Cow::Borrowed(item));
                }
            }
        }
        let mut of_lists = BySku::new();
        for row in &rows {
            if let Some(sku) = row.text(Product::Sku) {
                note(&mut of_lists, row.shop, sku, products.variant_id(row));
            }
        }
        let mut listed = Self { products, variants: Vec::new(), by_made_id: HashMap::new(), by_sku };
        let mut places: HashMap<OfShop<'a>, usize> = HashMap::new();
        for row in rows {
            let sku = row.text(Product::Sku).map(|sku| (row.shop, sku));
            let is_one = |sku: &(u32, &'a [u8])| of_lists.get(sku).is_some_and(Option::is_some);
            let named = || ids.get(&sku.filter(is_one)?)?.clone();
            let has_id = row.text(Product::VariantId).is_some();
            let id = if has_id { None } else { named() }.unwrap_or_else(|| listed.products.variant_id(&row));
            let item = listed.products.inventory_item_id(&row);
            listed.add(&mut places, ListedVariant { shop: row.shop, id, item, row }, rejects);
        }
        for variant in &listed.variants {
            if let Some(sku) = variant.row.text(Product::Sku) {
                note(&mut listed.by_sku, variant.shop, sku, variant.item.clone());
            }
            listed.by_made_id.insert((variant.shop, variant.row.made_id()), variant.item.clone());
        }
        listed
    }

    fn add(&mut self, places: &mut HashMap<OfShop<'a>, usize>, new: ListedVariant<'a>, rejects: &mut Vec<Reject>) {
        let key = (new.shop, new.id.clone());
        match places.get(&key).and_then(|place| self.variants.get_mut(*place)) {
            None => {
                places.insert(key, self.variants.len());
                self.variants.push(new);
            }
            Some(old) => {
                let left_out = std::mem::replace(old, new);
                rejects.push(reject(left_out.row.row, Reason::Duplicate, "variant_id", shown(&left_out.id)));
            }
        }
    }

    /// The inventory item of a level that names none: that of the variant of handle and options, else of the only one with
    /// the SKU, else one made of them.
    pub fn item(&self, shop: u32, made: Option<Cow<'a, [u8]>>, sku: Option<&'a [u8]>) -> Cow<'a, [u8]> {
        let of_handle = made.as_ref().and_then(|made| self.by_made_id.get(&(shop, made.clone())));
        let of_sku = || self.by_sku.get(&(shop, sku?))?.as_ref();
        match of_handle.or_else(of_sku) {
            Some(item) => item.clone(),
            None => made.or(sku.map(Cow::Borrowed)).unwrap_or_default(),
        }
    }

    /// A row of the variants.
    pub fn push_variant(&self, table: &mut Table, variant: &ListedVariant<'a>) {
        let row = &variant.row;
        push_id(table, "ProductVariant", Some(&variant.id));
        push_id(table, "Product", Some(&self.products.product_id(row)));
        let title = self.products.variant_title(row);
        table.text_or(title.as_deref(), DEFAULT_TITLE);
        table.text(row.text(Product::Sku));
        table.int(Some(row.number(Product::Price).unwrap_or(0)));
        table.int(self.compare_at(row));
        table.int(row.number(Product::UnitCost));
        push_id(table, "InventoryItem", Some(&variant.item));
        table.int(None);
        table.text(row.text(Product::VariantImageUrl).or(row.text(Product::ImageUrl)).map(first_picture));
    }

    /// A row of the catalog. Where levels say how many there are of the item, the list does not.
    pub fn push_catalog(&self, table: &mut Table, variant: &ListedVariant<'a>, with_levels: &HashSet<(u32, &[u8])>) {
        let (products, row) = (&self.products, &variant.row);
        let text = |field: Product| products.text(row, field);
        let time = |field: Product| products.number(row, field);
        push_id(table, "ProductVariant", Some(&variant.id));
        push_id(table, "Product", Some(&products.product_id(row)));
        table.text_or(text(Product::ProductTitle), UNKNOWN_TITLE);
        table.text_or(products.variant_title(row).as_deref(), DEFAULT_TITLE);
        table.text(text(Product::ProductType));
        table.text(text(Product::ProductStatus));
        table.text(text(Product::Vendor));
        table.text_or(text(Product::Tags), "");
        table.text(row.text(Product::Sku));
        table.int(Some(row.number(Product::Price).unwrap_or(0)));
        table.int(self.compare_at(row));
        push_id(table, "InventoryItem", Some(&variant.item));
        table.int(None);
        let has_levels = with_levels.contains(&(variant.shop, variant.item.as_ref()));
        table.int(products.available(row).filter(|_| !has_levels));
        table.int(time(Product::ProductCreatedAt));
        table.int(time(Product::ProductPublishedAt));
        table.int(None);
        table.text(text(Product::Description));
        table.text(row.text(Product::VariantImageUrl).or_else(|| text(Product::ImageUrl)).map(first_picture));
        table.truth(products.number(row, Product::IsGiftCard).map(|number| number != 0));
    }

    /// A price to compare with is none when it is nothing, or the price itself.
    fn compare_at(&self, row: &ProductRow<'a>) -> Option<i64> {
        compare_at(row.number(Product::CompareAtPrice)).filter(|cents| Some(*cents) != row.number(Product::Price))
    }
}

/// The first of the pictures of a cell, whose addresses have a comma and a space between them.
fn first_picture(cell: &[u8]) -> &[u8] {
    let next = cell.windows(b", http".len()).position(|window| window == b", http");
    next.and_then(|end| cell.get(..end)).unwrap_or(cell)
}
