//! The table of products: what each phase knows of a shop's items, and how its rows become numbers.

use std::{collections::HashMap, ops::Range};

use polars::prelude::*;

use super::{
    items::{Item, ItemFacts, ItemFlags},
    money::Cents,
};
use crate::operator::{ColumnKind, Columns, InputPort, StageError};

use ColumnKind::{Bool, Float, Int, Text};

/// The table that `flag-products` makes: a row an item, by shop and item. Money is cents, velocity units a day, percents of the
/// price.
pub const PRODUCTS: Columns = &[
    ("shop_id", Text),
    ("item_id", Text),
    ("product_id", Text),
    ("sku", Text),
    ("hash_key", Text),
    ("title", Text),
    ("variant_title", Text),
    ("category", Text),
    ("vendor", Text),
    ("tags", Text),
    ("status", Text),
    ("description", Text),
    ("image_url", Text),
    ("price_cents", Int),
    ("compare_at_price_cents", Int),
    ("unit_cost_cents", Int),
    ("stock", Int),
    ("velocity", Float),
    ("is_slow_mover", Bool),
    ("is_high_margin", Bool),
    ("is_new_launch", Bool),
    ("is_seasonal", Bool),
    ("is_gift_card", Bool),
    ("exclusion", Text),
    ("is_slow_seller", Bool),
    ("is_fast_seller", Bool),
    ("orders", Int),
    ("multi_item_orders", Int),
    ("lines", Int),
    ("units", Int),
    ("lines_of_two", Int),
    ("lines_of_three", Int),
    ("lines_of_five", Int),
    ("quantity_p75", Int),
    ("quantity_p90", Int),
    ("quantity_max", Int),
    ("sales_180_days", Int),
    ("discount_cents_180_days", Int),
    ("listed_cents_180_days", Int),
    ("sales_90_days", Int),
    ("discount_cents_90_days", Int),
    ("listed_cents_90_days", Int),
];

/// The port of that table with the columns that all phases need, and no more of its texts.
pub const fn products_port(columns: Columns) -> InputPort {
    InputPort::required("products", columns, "The output `products` of `flag-products`.")
}

/// The columns that every phase reads.
pub const OF_ITEMS: Columns = &[
    ("shop_id", Text),
    ("item_id", Text),
    ("product_id", Text),
    ("category", Text),
    ("price_cents", Int),
    ("compare_at_price_cents", Int),
    ("unit_cost_cents", Int),
    ("stock", Int),
    ("velocity", Float),
    ("is_slow_mover", Bool),
    ("is_high_margin", Bool),
    ("is_new_launch", Bool),
    ("is_seasonal", Bool),
    ("exclusion", Text),
];

/// The rows of one shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopRows {
    /// The shop; `None` where none is named.
    pub shop: Option<String>,
    /// Its rows.
    pub rows: Range<usize>,
}

/// The neighbouring rows of each shop, in order.
///
/// # Errors
/// When the frame has no column `shop_id` of texts.
pub fn rows_of_shops(frame: &DataFrame) -> Result<Vec<ShopRows>, StageError> {
    let names = frame.column("shop_id")?.str()?;
    let mut shops: Vec<ShopRows> = Vec::new();
    for (row, name) in names.iter().enumerate() {
        match shops.last_mut() {
            Some(last) if last.shop.as_deref() == name => last.rows.end = row + 1,
            _ => shops.push(ShopRows { shop: name.map(str::to_owned), rows: row..row + 1 }),
        }
    }
    Ok(shops)
}

/// All products. An item of a shop is the place of its row among the shop's.
pub struct Products {
    frame: DataFrame,
    shops: Vec<ShopRows>,
    places: HashMap<Option<String>, usize>,
    ids: StringChunked,
    facts: Vec<ItemFacts>,
}

impl Products {
    /// Reads the table with the columns of [`OF_ITEMS`] and whichever more it has.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(products: LazyFrame) -> Result<Self, StageError> {
        let keys = ["shop_id", "item_id"];
        let mut frame = products.sort(keys, SortMultipleOptions::default()).collect()?;
        frame.rechunk_mut();
        let shops = rows_of_shops(&frame)?;
        let places = (0..).zip(&shops).map(|(place, shop)| (shop.shop.clone(), place)).collect();
        let ids = frame.column("item_id")?.str()?.clone();
        let facts = facts(&frame, &shops)?;
        Ok(Self { frame, shops, places, ids, facts })
    }

    /// The shops, by name.
    pub fn shops(&self) -> &[ShopRows] {
        &self.shops
    }

    /// A shop's products.
    pub fn shop(&self, shop: Option<&str>) -> Option<ShopProducts<'_>> {
        let place = *self.places.get(&shop.map(str::to_owned))?;
        self.shops.get(place).map(|shop| self.of(shop))
    }

    /// The products of one of [`Products::shops`].
    pub fn of(&self, shop: &ShopRows) -> ShopProducts<'_> {
        let facts = self.facts.get(shop.rows.clone()).unwrap_or_default();
        ShopProducts { ids: &self.ids, start: shop.rows.start, facts }
    }

    /// A column of texts.
    ///
    /// # Errors
    /// When it was not read.
    pub fn texts(&self, name: &str) -> Result<StringChunked, StageError> {
        Ok(self.frame.column(name)?.str()?.clone())
    }

    /// A column of whole numbers, null as 0.
    ///
    /// # Errors
    /// When it was not read.
    pub fn numbers(&self, name: &str) -> Result<Vec<i64>, StageError> {
        Ok(self.frame.column(name)?.i64()?.iter().map(Option::unwrap_or_default).collect())
    }

    /// A column of truth values, null as false.
    ///
    /// # Errors
    /// When it was not read.
    pub fn truths(&self, name: &str) -> Result<Vec<bool>, StageError> {
        Ok(self.frame.column(name)?.bool()?.iter().map(|truth| truth == Some(true)).collect())
    }
}

/// The products of a shop.
#[derive(Clone, Copy)]
pub struct ShopProducts<'a> {
    ids: &'a StringChunked,
    start: usize,
    /// What is known of each item.
    pub facts: &'a [ItemFacts],
}

impl<'a> ShopProducts<'a> {
    /// How many items the shop has.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// An item's id.
    pub fn id(&self, item: Item) -> &'a str {
        self.ids.get(self.row(item)).unwrap_or_default()
    }

    /// The row of an item in the table.
    pub fn row(&self, item: Item) -> usize {
        self.start + item.index()
    }

    /// The item of an id.
    pub fn find(&self, id: &str) -> Option<Item> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.ids.get(self.start + middle).unwrap_or_default().cmp(id) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(Item(middle as u32)),
            }
        }
        None
    }

    /// What is known of an item.
    pub fn fact(&self, item: Item) -> &'a ItemFacts {
        &self.facts[item.index()]
    }

    /// All items.
    pub fn items(&self) -> impl Iterator<Item = Item> + use<> {
        (0..self.facts.len() as u32).map(Item)
    }
}

/// Numbers for texts within a shop, in the order in which they first come.
#[derive(Default)]
struct Numbers<'a>(HashMap<&'a str, u32>);

impl<'a> Numbers<'a> {
    fn of(&mut self, text: &'a str) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(text).or_insert(next)
    }
}

fn facts(frame: &DataFrame, shops: &[ShopRows]) -> Result<Vec<ItemFacts>, StageError> {
    let text = |name: &str| frame.column(name).and_then(|column| column.str());
    let int = |name: &str| frame.column(name).and_then(|column| column.i64());
    let truth = |name: &str| frame.column(name).and_then(|column| column.bool());
    let (ids, products, categories, exclusions) =
        (text("item_id")?, text("product_id")?, text("category")?, text("exclusion")?);
    let (price, compare_at, cost, stock) =
        (int("price_cents")?, int("compare_at_price_cents")?, int("unit_cost_cents")?, int("stock")?);
    let velocity = frame.column("velocity")?.f64()?;
    let (slow, margin, new, seasonal) =
        (truth("is_slow_mover")?, truth("is_high_margin")?, truth("is_new_launch")?, truth("is_seasonal")?);
    let mut facts = Vec::with_capacity(frame.height());
    for shop in shops {
        let (mut product_numbers, mut category_numbers) = (Numbers::default(), Numbers::default());
        for row in shop.rows.clone() {
            let is = |column: &BooleanChunked| column.get(row) == Some(true);
            facts.push(ItemFacts {
                product: product_numbers.of(products.get(row).or(ids.get(row)).unwrap_or_default()),
                price: Cents(price.get(row).unwrap_or_default()),
                compare_at: compare_at.get(row).map(Cents),
                cost: cost.get(row).map(Cents),
                stock: stock.get(row),
                velocity: velocity.get(row).unwrap_or_default(),
                category: categories.get(row).map(|category| category_numbers.of(category)),
                is_offered: exclusions.get(row).is_none_or(|reason| reason == OUT_OF_STOCK),
                flags: ItemFlags {
                    is_slow_mover: is(slow),
                    is_high_margin: is(margin),
                    is_new_launch: is(new),
                    is_seasonal: is(seasonal),
                },
            });
        }
    }
    Ok(facts)
}

/// Why an item is in no bundle: nothing is left of it. Other reasons are of what it is.
pub const OUT_OF_STOCK: &str = "out_of_stock";

#[cfg(test)]
pub mod testing {
    //! Tables of products for tests.

    use super::*;

    /// One item of a shop.
    #[derive(Clone, Debug)]
    pub struct Row {
        pub shop: &'static str,
        pub id: &'static str,
        pub price: i64,
        pub stock: Option<i64>,
        pub category: Option<&'static str>,
        pub flags: ItemFlags,
        pub orders: i64,
    }

    impl Row {
        /// An item that is there at this price.
        pub fn new(shop: &'static str, id: &'static str, price: i64) -> Self {
            Self { shop, id, price, stock: Some(100), category: None, flags: ItemFlags::default(), orders: 0 }
        }
    }

    /// The table of these items.
    pub fn table(rows: &[Row]) -> DataFrame {
        let texts = |of: &dyn Fn(&Row) -> Option<String>| rows.iter().map(of).collect::<Vec<_>>();
        let ints = |of: &dyn Fn(&Row) -> Option<i64>| rows.iter().map(of).collect::<Vec<_>>();
        let columns = PRODUCTS.iter().map(|(name, kind)| {
            let column = match *name {
                "shop_id" => Column::new("".into(), texts(&|row| Some(row.shop.to_owned()))),
                "item_id" | "hash_key" | "sku" => Column::new("".into(), texts(&|row| Some(row.id.to_owned()))),
                "product_id" => Column::new("".into(), texts(&|row| Some(format!("p-{}", row.id)))),
                "title" => Column::new("".into(), texts(&|row| Some(format!("Title of {}", row.id)))),
                "status" => Column::new("".into(), texts(&|_| Some("active".to_owned()))),
                "category" => Column::new("".into(), texts(&|row| row.category.map(str::to_owned))),
                "price_cents" => Column::new("".into(), ints(&|row| Some(row.price))),
                "stock" => Column::new("".into(), ints(&|row| row.stock)),
                "orders" | "multi_item_orders" | "lines" | "units" => {
                    Column::new("".into(), ints(&|row| Some(row.orders)))
                }
                "velocity" => Column::new("".into(), vec![1.0; rows.len()]),
                "is_slow_mover" => truths(rows, |row| row.flags.is_slow_mover),
                "is_high_margin" => truths(rows, |row| row.flags.is_high_margin),
                "is_new_launch" => truths(rows, |row| row.flags.is_new_launch),
                "is_seasonal" => truths(rows, |row| row.flags.is_seasonal),
                _ => Column::full_null("".into(), rows.len(), &kind.data_type().unwrap_or(DataType::String)),
            };
            column.with_name((*name).into())
        });
        DataFrame::new(rows.len(), columns.collect()).unwrap()
    }

    fn truths(rows: &[Row], of: fn(&Row) -> bool) -> Column {
        Column::new("".into(), rows.iter().map(of).collect::<Vec<_>>())
    }

    #[test]
    fn items_are_found_by_their_ids_within_their_shop() {
        let rows = [Row::new("b", "x", 5), Row::new("a", "y", 7), Row::new("a", "x", 6)];
        let products = Products::read(table(&rows).lazy()).unwrap();
        let shop = products.shop(Some("a")).unwrap();
        assert_eq!((shop.find("y"), shop.find("x"), shop.find("z")), (Some(Item(1)), Some(Item(0)), None));
        assert_eq!((shop.id(Item(1)), shop.fact(Item(1)).price), ("y", Cents(7)));
        assert!(products.shop(Some("c")).is_none() && products.shop(None).is_none());
        assert_eq!(products.shop(Some("b")).unwrap().items().count(), 1);
    }
}
