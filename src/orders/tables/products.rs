//! Lists of products as shops export them: what is a product's on one row of it, ids that are made where none are given.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use crate::orders::{
    reading::{intake::FileRead, job::Reject},
    recognising::fields::{Kind, Product},
    rows::{partitions::Rows, row::Row},
    settling::group::Known,
    tables::meaning::{Meaning, of_shop},
};

/// A row of a list of products.
#[derive(Clone)]
pub struct ProductRow<'a> {
    /// Where it was.
    pub row: Row<'a>,
    /// The number of its shop.
    pub shop: u32,
    file: u32,
    values: Meaning<'a>,
    /// The product it is of.
    product: usize,
}

/// What is known of a product: for each field that is a product's, the row that says it.
#[derive(Default)]
struct Facts(HashMap<usize, usize>);

/// Variants as lists of products say them.
pub struct Products<'a> {
    rows: Vec<ProductRow<'a>>,
    products: Vec<Facts>,
    /// The ids of the products' own rows, where other rows name them as their parent.
    ids: Vec<Option<&'a [u8]>>,
    /// Whether the files of the rows say which stock is tracked.
    tracking: HashSet<u32>,
}

impl<'a> Products<'a> {
    /// Puts together what the rows say of their products; and the rows that are variants.
    pub fn of(
        rows: &'a Rows,
        files: &[FileRead],
        known: Known<'_>,
        rejects: &mut Vec<Reject>,
    ) -> (Self, Vec<ProductRow<'a>>) {
        let mut found: Vec<ProductRow<'a>> = Vec::with_capacity(rows.len());
        for row in (0..rows.len()).filter_map(|number| rows.get(number)) {
            let Some(shop) = of_shop(row, known, rejects) else { continue };
            let values = Meaning::of(Kind::ProductExport, row, known);
            found.push(ProductRow { row, shop, file: known.file(row), values, product: 0 });
        }
        let layout = |file: u32| files.get(file as usize).and_then(|read| read.layout.as_ref());
        let is_tracking = |file: &u32| layout(*file).is_some_and(|layout| layout.has(Product::StockTracker.place()));
        let tracking =
            found.iter().map(|row| row.file).collect::<HashSet<_>>().into_iter().filter(is_tracking).collect();
        let mut all = Self { rows: found, products: Vec::new(), ids: Vec::new(), tracking };
        all.part_by_product();
        for number in 0..all.rows.len() {
            let carries = all.rows.get(number).and_then(|row| layout(row.file)).map(|layout| layout.carries.clone());
            all.note_facts(number, &carries.unwrap_or_default());
        }
        let is_variant = |row: &&ProductRow<'a>| row.number(Product::LeftOut).is_none();
        let variants = all.rows.iter().filter(is_variant).cloned().collect();
        (all, variants)
    }

    /// Finds the product of each row. Those that name a parent come after all that may be one.
    fn part_by_product(&mut self) {
        let mut known: HashMap<(u32, &'a [u8]), usize> = HashMap::new();
        for number in 0..self.rows.len() {
            let Some(row) = self.rows.get(number).filter(|row| row.text(Product::Parent).is_none()) else { continue };
            let product = row.product_key();
            let own = [row.text(Product::VariantId), row.text(Product::Sku)];
            let place = match product.and_then(|key| known.get(&(row.shop, key))) {
                Some(place) => *place,
                None => {
                    self.products.push(Facts::default());
                    self.ids.push(row.text(Product::ProductId).or(row.text(Product::VariantId)));
                    self.products.len() - 1
                }
            };
            // Rows of a shop whose products have neither handle nor id stand alone.
            let keys = product.into_iter().chain(own.into_iter().flatten().filter(|_| product.is_none()));
            for key in keys {
                known.entry((row.shop, key)).or_insert(place);
            }
            if let Some(row) = self.rows.get_mut(number) {
                row.product = place;
            }
        }
        // A parent's own id and SKU, where it has another key.
        for row in self.rows.iter().filter(|row| row.text(Product::Parent).is_none()) {
            for key in [row.text(Product::VariantId), row.text(Product::Sku)].into_iter().flatten() {
                known.entry((row.shop, key)).or_insert(row.product);
            }
        }
        for number in 0..self.rows.len() {
            let Some((row, parent)) = self.rows.get(number).and_then(|row| Some((row, row.parent()?))) else {
                continue;
            };
            let place = *known.entry((row.shop, parent)).or_insert_with(|| {
                self.products.push(Facts::default());
                self.ids.push(Some(parent));
                self.products.len() - 1
            });
            if let Some(row) = self.rows.get_mut(number) {
                row.product = place;
            }
        }
    }

    /// Notes what a row says of its product: of several rows the first of the last file.
    fn note_facts(&mut self, number: usize, carries: &[usize]) {
        let Some(row) = self.rows.get(number) else { return };
        for field in carries.iter().filter(|field| row.values.has(**field)) {
            let Some(facts) = self.products.get(row.product) else { continue };
            let is_newer = |old: &usize| self.rows.get(*old).is_none_or(|old| old.file < row.file);
            if facts.0.get(field).is_none_or(is_newer)
                && let Some(facts) = self.products.get_mut(row.product)
            {
                facts.0.insert(*field, number);
            }
        }
    }

    /// The row that says a field: its own, else that of its product.
    fn row_of<'s>(&'s self, row: &'s ProductRow<'a>, field: Product) -> &'s ProductRow<'a> {
        if row.values.has(field.place()) {
            return row;
        }
        let facts = self.products.get(row.product);
        facts.and_then(|facts| self.rows.get(*facts.0.get(&field.place())?)).unwrap_or(row)
    }

    /// What a variant or its product says.
    pub fn text(&self, row: &ProductRow<'a>, field: Product) -> Option<&'a [u8]> {
        self.row_of(row, field).text(field)
    }

    /// A number or an instant that a variant or its product says.
    pub fn number(&self, row: &ProductRow<'a>, field: Product) -> Option<i64> {
        self.row_of(row, field).values.number(field.place())
    }

    /// The id of a variant: given, else made.
    pub fn variant_id(&self, row: &ProductRow<'a>) -> Cow<'a, [u8]> {
        match row.text(Product::VariantId) {
            Some(id) => Cow::Borrowed(id),
            None => row.made_id(),
        }
    }

    /// The id of a variant's product: given, else its handle, else the variant's own.
    pub fn product_id(&self, row: &ProductRow<'a>) -> Cow<'a, [u8]> {
        let of_product = || self.ids.get(row.product).copied().flatten();
        let given = row.text(Product::ProductId).or_else(|| row.parent().and_then(|_| of_product()));
        match given.or(row.text(Product::Handle)).or_else(of_product) {
            Some(id) => Cow::Borrowed(id),
            None => self.variant_id(row),
        }
    }

    /// The id of a variant's inventory item: given, else made of handle and options, which a file of stock has too.
    pub fn inventory_item_id(&self, row: &ProductRow<'a>) -> Cow<'a, [u8]> {
        match row.text(Product::InventoryItemId) {
            Some(id) => Cow::Borrowed(id),
            None if row.text(Product::Handle).is_some() => row.made_id(),
            None => self.variant_id(row),
        }
    }

    /// What a variant is beside its product: `S / Red`.
    pub fn variant_title(&self, row: &ProductRow<'a>) -> Option<Cow<'a, [u8]>> {
        let title = row.text(Product::VariantTitle).filter(|title| row.text(Product::ProductTitle) != Some(title));
        if title.is_some() {
            return title.map(Cow::Borrowed);
        }
        let options: Vec<&[u8]> = row.options().into_iter().flatten().filter(|option| !is_default(option)).collect();
        match options.as_slice() {
            [] => None,
            [only] => Some(Cow::Borrowed(only)),
            several => Some(Cow::Owned(several.join(b" / ".as_slice()))),
        }
    }

    /// How many are there by the list itself; `None` where its shop does not count them.
    pub fn available(&self, row: &ProductRow<'a>) -> Option<i64> {
        let is_counted = !self.tracking.contains(&row.file) || row.text(Product::StockTracker).is_some();
        row.values.number(Product::AvailableTotal.place()).filter(|_| is_counted)
    }
}

impl<'a> ProductRow<'a> {
    /// What the row says.
    pub fn text(&self, field: Product) -> Option<&'a [u8]> {
        self.values.text(field.place())
    }

    /// What the row says.
    pub fn number(&self, field: Product) -> Option<i64> {
        self.values.number(field.place())
    }

    fn options(&self) -> [Option<&'a [u8]>; 3] {
        [Product::Option1, Product::Option2, Product::Option3].map(|option| self.text(option))
    }

    /// What all rows of a product have alike.
    fn product_key(&self) -> Option<&'a [u8]> {
        self.text(Product::Handle).or(self.text(Product::ProductId))
    }

    /// The id or SKU of the row's parent.
    fn parent(&self) -> Option<&'a [u8]> {
        let parent = self.text(Product::Parent)?;
        Some(parent.strip_prefix(b"id:").unwrap_or(parent))
    }

    /// An id of handle and options, else of the SKU, else of title and options: the same every night.
    pub fn made_id(&self) -> Cow<'a, [u8]> {
        let of = |base| made_id(base, self.options());
        match (self.text(Product::Handle), self.text(Product::Sku)) {
            (Some(handle), _) => of(handle),
            (None, Some(sku)) => Cow::Borrowed(sku),
            (None, None) => of(self.text(Product::ProductTitle).unwrap_or_default()),
        }
    }
}

/// Shopify's name for the only variant of a product.
fn is_default(option: &[u8]) -> bool {
    option.eq_ignore_ascii_case(b"default title")
}

/// An id of a product's handle and a variant's options: `linen-shirt:S:Red`. The mark between them is written otherwise
/// inside of them, so that no two variants have one id.
pub fn made_id<'a>(handle: &'a [u8], options: [Option<&'a [u8]>; 3]) -> Cow<'a, [u8]> {
    let mut id = Cow::Borrowed(handle);
    for option in options.into_iter().flatten().filter(|option| !is_default(option)) {
        let id = id.to_mut();
        id.push(b':');
        for byte in option {
            match byte {
                b':' => id.extend_from_slice(b"%3A"),
                b'%' => id.extend_from_slice(b"%25"),
                other => id.push(*other),
            }
        }
    }
    id
}
