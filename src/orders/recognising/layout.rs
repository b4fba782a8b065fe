//! Where the columns of a file go: by the profile that tells it, else by names that any shop may use.

use std::collections::{BTreeMap, BTreeSet};

use crate::orders::{
    recognising::{
        fields::{Kind, Order, Product, Type},
        headers::{Aliases, Pattern, ShopColumns, fold},
        left_out::Rule,
        lists::ListReader,
        no_items::NoItems,
        profile::Profile,
    },
    values::letters::plain,
};

/// Where a file's columns go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Layout {
    /// The kind of file.
    pub kind: Kind,
    /// The name of its profile, if one tells it.
    pub profile: Option<String>,
    /// The fields in order, with the columns that may hold each, best first; fields that only a list says have none.
    pub fields: Vec<(usize, Vec<usize>)>,
    /// The columns that may hold the shop.
    pub shop: Vec<usize>,
    /// The headers that mean nothing.
    pub unknown: Vec<String>,
    /// The fields found under names of last resort, a bit each.
    pub last_resort: u64,
    /// The columns with cells about a person.
    pub personal: Vec<usize>,
    /// What makes a row, its line or its order none.
    pub rules: Vec<Rule>,
    /// The columns that name a line.
    pub line_name: Vec<usize>,
    /// The names of lines that are no items.
    pub no_items: NoItems,
    /// The column with all items of an order, or those with an item each, and how they are written.
    pub list: Option<(Vec<usize>, ListReader)>,
    /// What cells mean: field → cell in lower case and without accents → meaning.
    pub words: BTreeMap<usize, BTreeMap<String, String>>,
    /// Of a list of products: the fields that are the product's.
    pub carries: Vec<usize>,
    /// A column `name` that may be the order's or the item's, where nothing else names the item; its rows tell.
    pub may_name: Option<usize>,
}

impl Layout {
    /// Whether a column holds the field.
    pub fn has(&self, field: usize) -> bool {
        self.fields.iter().any(|(known, _)| *known == field)
    }

    /// Whether the currency is that of the customers, and not of the amounts.
    pub fn has_customers_currency(&self) -> bool {
        self.kind == Kind::Orders && self.last_resort >> Order::Currency.place() & 1 == 1
    }

    /// All places that name a column which is read.
    pub fn columns_mut(&mut self) -> impl Iterator<Item = &mut usize> {
        let fields = self.fields.iter_mut().flat_map(|(_, places)| places);
        let rules = self.rules.iter_mut().flat_map(Rule::columns_mut);
        let list = self.list.iter_mut().flat_map(|(places, _)| places);
        fields.chain(&mut self.shop).chain(rules).chain(&mut self.line_name).chain(list).chain(&mut self.may_name)
    }

    /// Has the places count among the columns that are read, and gives those: what else a file has is left.
    pub fn narrow(&mut self) -> BTreeSet<usize> {
        let used: BTreeSet<usize> = self.columns_mut().map(|place| *place).collect();
        self.columns_mut().for_each(|place| *place = used.range(..*place).count());
        self.personal.retain(|place| used.contains(place));
        self.personal.iter_mut().for_each(|place| *place = used.range(..*place).count());
        used
    }

    /// The headers of the columns of each field, best first; what is told in a list is of its column. `headers` are those of
    /// all columns.
    pub fn headers_by_field<'h>(&self, headers: &'h [String]) -> BTreeMap<&'static str, Vec<&'h str>> {
        let known = self.kind.fields();
        let header = |place: &usize| headers.get(*place).map(String::as_str);
        let named = |(field, places): &(usize, Vec<usize>)| {
            let of_field: Vec<&str> = places.iter().filter_map(header).collect();
            Some((known.get(*field)?.name, of_field)).filter(|(_, headers)| !headers.is_empty())
        };
        let shop: Vec<&str> = self.shop.iter().filter_map(header).collect();
        let list: Vec<&str> = self.list.iter().flat_map(|(places, _)| places).filter_map(header).collect();
        let others = [("shop", shop), ("list", list)].into_iter().filter(|(_, headers)| !headers.is_empty());
        self.fields.iter().filter_map(named).chain(others).collect()
    }

    /// How many cells a record must have: with fewer it is cut off.
    pub fn reach(&self) -> usize {
        let known = self.kind.fields();
        let first = |name: &&str| {
            let is_of = |field: &usize| known.get(*field).is_some_and(|field| field.name == *name);
            let found = self.fields.iter().find(|(field, _)| is_of(field));
            found.and_then(|(_, places)| places.iter().min())
        };
        let groups = self.kind.needs_to_reach().iter();
        groups.filter_map(|group| group.iter().filter_map(first).min()).max().map_or(0, |last| last + 1)
    }

    /// A layout of these fields and nothing else.
    pub fn plain(kind: Kind, fields: Vec<(usize, Vec<usize>)>) -> Self {
        Self {
            kind,
            profile: None,
            fields,
            shop: Vec::new(),
            unknown: Vec::new(),
            last_resort: 0,
            personal: Vec::new(),
            rules: Vec::new(),
            line_name: Vec::new(),
            no_items: NoItems::default(),
            list: None,
            words: BTreeMap::new(),
            carries: Vec::new(),
            may_name: None,
        }
    }

    /// The columns with the date of an order.
    pub fn date_columns(&self) -> Option<&[usize]> {
        let of_orders = || self.fields.iter().find(|(field, _)| *field == Order::CreatedAt.place());
        Some(self.kind.among())
            .filter(|kind| *kind == Kind::Orders)
            .and_then(|_| of_orders())
            .map(|(_, columns)| &columns[..])
    }
}

/// Finds the kind of a file and where its columns go.
///
/// # Errors
/// What is missing, and the mend.
pub fn layout(
    headers: &[String],
    columns: &ShopColumns,
    profiles: &[Profile],
    hint: Option<Kind>,
) -> Result<Layout, String> {
    let folded: Vec<String> = headers.iter().map(|header| fold(header)).collect();
    let known: BTreeSet<&str> = folded.iter().map(String::as_str).collect();
    let mut telling: Vec<(usize, &Profile)> = profiles
        .iter()
        .filter(|profile| hint.is_none_or(|kind| kind == profile.kind))
        .filter_map(|profile| Some((profile.recognises(&known)?, profile)))
        .collect();
    // A stable sort: of several with as many groups the first counts.
    telling.sort_by_key(|(groups, _)| std::cmp::Reverse(*groups));
    let finder = Finder { headers, folded: &folded, columns };
    for (_, profile) in telling {
        let layout = finder.layout(profile.kind, Some(profile));
        if missing(profile.kind, &layout).iter().all(|group| group == "created_at") {
            return Ok(layout);
        }
    }
    let kind = match hint {
        Some(kind) => kind,
        None => finder.detect().ok_or_else(|| finder.unknown_kind())?,
    };
    let layout = finder.layout(kind, None);
    let missing = missing(kind, &layout);
    if missing.is_empty() {
        return Ok(layout);
    }
    Err(format!(
        "looks like {}, but lacks the columns {}; export them too, or add their names to the alias file",
        kind.name(),
        missing.join(", ")
    ))
}

fn missing(kind: Kind, layout: &Layout) -> Vec<String> {
    let has = |name: &&str| kind.field(name).is_some_and(|place| layout.has(place));
    kind.needs_columns().iter().filter(|group| !group.iter().any(has)).map(|group| group.join(" or ")).collect()
}

/// The headers of a file, and the names that columns may have in any shop's files.
struct Finder<'a> {
    headers: &'a [String],
    folded: &'a [String],
    columns: &'a ShopColumns,
}

impl Finder<'_> {
    fn unknown_kind(&self) -> String {
        let share = |kind: Kind| {
            let lacks = missing(kind, &self.layout(kind, None));
            (lacks.len() * 100 / kind.needs_columns().len(), kind, lacks)
        };
        let nearest = Kind::ALL.into_iter().filter(|kind| *kind != Kind::OrderHeaders).map(share);
        let nearest = nearest.filter(|(lacks, ..)| (1..100).contains(lacks)).min_by_key(|(lacks, ..)| *lacks);
        // A file without a header begins with a row, whose cells may be anybody's.
        let is_row = |header: &String| header.contains('@') || header.bytes().filter(u8::is_ascii_digit).count() > 3;
        if self.headers.iter().any(is_row) {
            return "begins with a row and not with the names of its columns; export it again with a header".to_owned();
        }
        let shown: Vec<&str> = self.headers.iter().take(10).map(String::as_str).collect();
        let nearest = nearest.map_or_else(String::new, |(_, kind, missing)| {
            format!("; it is nearest to {}, for which it lacks {}", kind.name(), missing.join(", "))
        });
        format!("its headers ({}) are those of no kind of file{nearest}", shown.join(", "))
    }

    fn says(&self, kind: Kind, field: &str) -> bool {
        let names = self.columns.of(kind).get(field).into_iter().flatten();
        let last =
            self.columns.last_resort.get(kind.name()).and_then(|aliases| aliases.get(field)).into_iter().flatten();
        names.chain(last).any(|name| self.folded.contains(&fold(name)))
    }

    /// Whether the file says which order a row is of. A `name` may be that of a product: it is an order's only where another
    /// header is one of orders.
    fn names_orders(&self) -> bool {
        let names = self.columns.orders.get("order_id").into_iter().flatten();
        let is_plain = |name: &str| name != "name" && self.folded.iter().any(|header| header == name);
        names.map(|name| fold(name)).any(|name| is_plain(&name))
            || (self.folded.iter().any(|header| header == "name") && self.tells_orders())
    }

    fn tells_orders(&self) -> bool {
        let patterns: Vec<Pattern> = self.columns.tell_orders.iter().map(|name| Pattern::of(name)).collect();
        self.folded.iter().any(|header| patterns.iter().any(|pattern| pattern.is_of(header)))
    }

    /// The kind of a file, by what it says rather than by what it lacks.
    fn detect(&self) -> Option<Kind> {
        let says = |kind: Kind, field: &str| self.says(kind, field);
        let all = |kind: Kind, fields: &[&str]| fields.iter().all(|field| says(kind, field));
        let any = |kind: Kind, fields: &[&str]| fields.iter().any(|field| says(kind, field));
        // Levels may have a `name` too, that of their location.
        let is_of_products =
            ["product_title", "producttitle"].iter().any(|title| self.folded.iter().any(|header| header == title));
        let (orders, inventory, variants, catalog, products) =
            (Kind::Orders, Kind::InventoryLevels, Kind::Variants, Kind::CatalogJoined, Kind::ProductExport);
        let names_orders = self.names_orders();
        if names_orders && all(orders, &["quantity", "unit_price"]) && any(orders, &["variant_id", "sku"]) {
            return Some(orders);
        }
        let has_bought = names_orders && all(orders, &["created_at", "quantity"]) && any(orders, ITEMS);
        if has_bought && !is_of_products {
            return Some(orders);
        }
        if all(inventory, &["inventory_item_id", "location_id"]) && !says(catalog, "product_title") {
            return Some(inventory);
        }
        if all(catalog, &["variant_id", "product_id", "product_title", "product_status"]) {
            return Some(catalog);
        }
        if all(variants, &["variant_id", "product_id", "price"])
            && any(variants, &["inventory_item_id", "variant_title"])
        {
            return Some(variants);
        }
        let has_levels = all(inventory, &["inventory_item_id", "available", "updated_at"]) && !is_of_products;
        if has_levels && says(inventory, "location_id") {
            return Some(inventory);
        }
        // A strong sign of orders comes before what only looks like products.
        let has_items = any(orders, ITEMS);
        if names_orders && self.tells_orders() && has_items && any(orders, &["created_at", "quantity", "unit_price"]) {
            return Some(orders);
        }
        let has_titled_variants = all(variants, &["variant_id", "product_id", "variant_title"]);
        if all(catalog, &["variant_id", "product_id", "product_title"])
            && (!has_titled_variants || self.has_two_titles())
        {
            return Some(catalog);
        }
        if has_titled_variants {
            return Some(variants);
        }
        if has_levels {
            return Some(inventory);
        }
        if names_orders && says(orders, "created_at") && has_items {
            return Some(orders);
        }
        let has_products = all(products, &["product_title", "price"])
            && any(products, &["sku", "variant_id", "product_id", "handle"])
            && !self.tells_orders()
            && !self.folded.iter().any(|header| header.starts_with("order_"));
        if has_products {
            return Some(products);
        }
        let has_stock = all(inventory, &["available", "location_id"]) && any(inventory, &["sku", "handle"]);
        (has_stock && !names_orders).then_some(inventory)
    }

    /// Whether a header is that of the product's title and cannot be that of the variant's: `title` may be either.
    fn has_two_titles(&self) -> bool {
        let names = |kind: Kind, field: &str| -> BTreeSet<String> {
            self.columns.of(kind).get(field).into_iter().flatten().map(|name| fold(name)).collect()
        };
        let of_variants = names(Kind::Variants, "variant_title");
        let mut of_products = names(Kind::CatalogJoined, "product_title").into_iter();
        of_products.any(|name| !of_variants.contains(&name) && self.folded.contains(&name))
    }

    /// The columns that have one of these names, in the order of the names.
    fn places(&self, names: &[String]) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for name in names {
            let name = fold(name);
            for place in self.folded.iter().enumerate().filter(|(_, header)| **header == name).map(|(place, _)| place) {
                if !found.contains(&place) {
                    found.push(place);
                }
            }
        }
        found
    }

    fn matching(&self, names: &[&Vec<String>]) -> Vec<usize> {
        let patterns: Vec<Pattern> =
            names.iter().flat_map(|names| names.iter()).map(|name| Pattern::of(name)).collect();
        let is_of = |header: &String| patterns.iter().any(|pattern| pattern.is_of(header));
        self.folded.iter().enumerate().filter(|(_, header)| is_of(header)).map(|(place, _)| place).collect()
    }

    /// The layout of a kind. What a profile names is the profile's; other fields are looked for by the common names, in
    /// columns that the profile leaves.
    fn layout(&self, kind: Kind, profile: Option<&Profile>) -> Layout {
        let none = Aliases::new();
        let own = profile.map_or(&none, |profile| &profile.columns);
        let mut places: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, field) in kind.fields().iter().enumerate() {
            let found = own.get(field.name).map(|names| self.places(names)).unwrap_or_default();
            if !found.is_empty() {
                places.insert(place, found);
            }
        }
        let mut taken: BTreeSet<usize> = places.values().flatten().copied().collect();
        let personal = self.matching(&profile.map(|profile| &profile.personal).into_iter().collect::<Vec<_>>());
        taken.extend(self.matching(&profile.map(|profile| &profile.ignore).into_iter().collect::<Vec<_>>()));
        let list = profile.and_then(|profile| profile.list.as_ref());
        let list = list.and_then(|list| Some((list.columns_of(self.folded)?, list.reader())));
        taken.extend(list.iter().flat_map(|(places, _)| places));
        let last_resort = self.add_common(kind, &mut places, &taken);
        if kind == Kind::Orders && list.is_none() {
            take_products_for_items(&mut places);
        }
        // A `name` may be an item's: any other header of orders comes before.
        let is_name = |column: &usize| self.folded.get(*column).is_some_and(|header| header == "name");
        if let Some(columns) =
            places.get_mut(&Order::OrderId.place()).filter(|_| kind == Kind::Orders && profile.is_none())
        {
            columns.sort_by_key(is_name);
        }
        let named = [Order::LineName, Order::ProductTitle].iter().any(|field| places.contains_key(&field.place()));
        let order_ids =
            places.get(&Order::OrderId.place()).filter(|columns| columns.len() > 1 && profile.is_none() && !named);
        let may_name = order_ids.and_then(|columns| columns.iter().copied().find(is_name));
        if let Some((_, list)) = &list {
            for field in list.fields() {
                places.entry(field).or_default();
            }
        }
        let shop: Vec<usize> =
            self.places(&self.columns.shop).into_iter().filter(|place| !taken.contains(place)).collect();
        let mut used: BTreeSet<usize> = places.values().flatten().chain(&shop).copied().collect();
        used.extend(list.iter().flat_map(|(places, _)| places));
        let unknown = self.headers.iter().enumerate().filter(|(place, _)| !used.contains(place));
        let unknown = unknown.map(|(_, header)| header.clone()).collect();
        let rules = profile.map(|profile| profile.left_out.as_slice()).unwrap_or_default().iter();
        let common = if kind.among() == Kind::Orders { self.columns.left_out.as_slice() } else { &[] };
        let rules = rules.chain(common).filter_map(|rule| Rule::of(rule, kind, &places)).collect();
        let of_name = [Order::LineName, Order::ProductTitle].into_iter().filter(|_| kind == Kind::Orders);
        let line_name = of_name.filter_map(|field| places.get(&field.place())).flatten().copied().collect();
        let all_personal = self.matching(&[&self.columns.personal]);
        let is_note = |field: &usize| kind.fields().get(*field).is_some_and(|field| field.kind == Type::Note);
        Layout {
            kind,
            profile: profile.map(|profile| profile.name.clone()),
            fields: places.into_iter().filter(|(field, _)| !is_note(field)).collect(),
            shop,
            unknown,
            last_resort,
            personal: personal.into_iter().chain(all_personal).collect::<BTreeSet<_>>().into_iter().collect(),
            rules,
            line_name,
            no_items: NoItems::of(profile.map(|profile| &profile.no_items).into_iter().chain([&self.columns.no_items])),
            list,
            words: profile.map(|profile| words(kind, profile)).unwrap_or_default(),
            carries: carries(kind, profile),
            may_name,
        }
    }

    /// Adds the fields that have no column yet, by the names that any shop may use, then by those of last resort among the
    /// columns that are left; gives the fields that were found under the latter, a bit each.
    fn add_common(&self, kind: Kind, places: &mut BTreeMap<usize, Vec<usize>>, taken: &BTreeSet<usize>) -> u64 {
        let mut last_resort = 0;
        let names = [Some(self.columns.of(kind)), self.columns.last_resort.get(kind.name())];
        for (is_last, names) in [false, true].into_iter().zip(names) {
            let used: BTreeSet<usize> =
                places.values().flatten().copied().filter(|_| is_last).chain(taken.iter().copied()).collect();
            for (place, field) in
                kind.fields().iter().enumerate().filter(|(place, _)| !places.contains_key(place)).collect::<Vec<_>>()
            {
                let found = names.and_then(|names| names.get(field.name)).map(|names| self.places(names));
                let found: Vec<usize> = found.into_iter().flatten().filter(|column| !used.contains(column)).collect();
                if !found.is_empty() {
                    places.insert(place, found);
                    last_resort |= u64::from(is_last) << place;
                }
            }
        }
        last_resort
    }
}

/// What the item of an order line may be known by.
const ITEMS: &[&str] = &["variant_id", "sku", "line_name", "product_title", "product_id"];

/// Where lines say no more than their product, the product is the item.
fn take_products_for_items(places: &mut BTreeMap<usize, Vec<usize>>) {
    let has = |name: &&str| Kind::Orders.field(name).is_some_and(|field| places.contains_key(&field));
    if !ITEMS.iter().filter(|name| **name != "product_id").any(has)
        && let Some(columns) = places.get(&Order::ProductId.place()).cloned()
    {
        places.insert(Order::VariantId.place(), columns);
    }
}

fn words(kind: Kind, profile: &Profile) -> BTreeMap<usize, BTreeMap<String, String>> {
    let lower =
        |words: &BTreeMap<String, String>| words.iter().map(|(cell, meaning)| (plain(cell), meaning.clone())).collect();
    profile.words.iter().filter_map(|(field, cells)| Some((kind.field(field)?, lower(cells)))).collect()
}

/// The fields that are a product's: those that the profile names, else all that are no variant's by what they mean.
fn carries(kind: Kind, profile: Option<&Profile>) -> Vec<usize> {
    const OF_PRODUCTS: [Product; 10] = [
        Product::ProductTitle,
        Product::ProductType,
        Product::ProductStatus,
        Product::Vendor,
        Product::Tags,
        Product::ProductCreatedAt,
        Product::ProductPublishedAt,
        Product::Description,
        Product::ImageUrl,
        Product::IsGiftCard,
    ];
    if kind != Kind::ProductExport {
        return Vec::new();
    }
    match profile.map(|profile| profile.carries.as_slice()).unwrap_or_default() {
        [] => OF_PRODUCTS.map(Product::place).to_vec(),
        names => names.iter().filter_map(|name| kind.field(name)).collect(),
    }
}
