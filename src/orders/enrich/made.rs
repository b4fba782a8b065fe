//! Items that no variant and no catalog row is: made of the order lines that sell them.

use std::collections::HashMap;

use polars::prelude::*;

use super::{lines::Line, shops::Shops};
use crate::operator::StageError;

/// An item as its last line says.
struct MadeItem {
    shop: u32,
    id: Box<str>,
    title: Option<Box<str>>,
    product: Option<Box<str>>,
    sku: Option<Box<str>>,
    /// Cents; of the last line with a price above 0.
    price: Option<i64>,
    /// When the last line was.
    at: Option<i64>,
    priced_at: Option<i64>,
}

/// Items made of lines, in the order in which they are first sold. Their size is that of the items, however many lines sell
/// them.
pub struct MadeItems {
    /// The row of the first in the table of items.
    first: u32,
    items: Vec<MadeItem>,
    /// By shop: id → place.
    places: Vec<HashMap<Box<str>, u32>>,
}

impl MadeItems {
    /// None yet; they will stand after so many rows of the table of items.
    pub fn after(rows: usize) -> Self {
        Self { first: rows as u32, items: Vec::new(), places: Vec::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Notes what a line says of an item; returns the item's row.
    pub fn note(&mut self, shop: u32, id: &str, line: &Line<'_>) -> u32 {
        if self.places.len() <= shop as usize {
            self.places.resize_with(shop as usize + 1, HashMap::new);
        }
        let place = self.places.get(shop as usize).and_then(|ids| ids.get(id).copied());
        let place = place.unwrap_or_else(|| {
            let place = self.items.len() as u32;
            let (title, product, sku) = (None, None, None);
            self.items.push(MadeItem {
                shop,
                id: id.into(),
                title,
                product,
                sku,
                price: None,
                at: None,
                priced_at: None,
            });
            if let Some(ids) = self.places.get_mut(shop as usize) {
                ids.insert(id.into(), place);
            }
            place
        });
        if let Some(item) = self.items.get_mut(place as usize) {
            item.note(line);
        }
        self.first + place
    }

    /// The number of each item's shop.
    pub fn shops(&self) -> impl Iterator<Item = Option<u32>> {
        self.items.iter().map(|item| Some(item.shop))
    }

    /// Rows with the columns of the table of items.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn frame(&self, like: &DataFrame, shops: &Shops) -> Result<DataFrame, StageError> {
        let count = self.items.len();
        let texts = |of: &dyn Fn(&MadeItem) -> Option<String>| {
            StringChunked::from_iter_options(PlSmallStr::EMPTY, self.items.iter().map(of)).into_column()
        };
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        let same = |dtype: DataType, value: AnyValue<'static>| {
            Column::new_scalar(PlSmallStr::EMPTY, Scalar::new(dtype, value), count)
        };
        let truth = |value: bool| same(DataType::Boolean, AnyValue::Boolean(value));
        let columns = like.columns().iter().map(|column| {
            let name = column.name().clone();
            let made = match name.as_str() {
                "shop_id" => texts(&|item| shops.name(item.shop).map(str::to_owned)),
                "variant_id" => texts(&|item| Some(item.id.to_string())),
                "product_id" => texts(&|item| text(&item.product)),
                "product_title" => texts(&|item| text(&item.title)),
                "sku" => texts(&|item| text(&item.sku)),
                "price_cents" => {
                    Int64Chunked::from_iter_options(name.clone(), self.items.iter().map(|item| item.price))
                        .into_column()
                }
                "product_status" => same(DataType::String, AnyValue::StringOwned("active".into())),
                "tags" => same(DataType::String, AnyValue::StringOwned("".into())),
                "synthetic" | "from_lines" => truth(true),
                "is_gift_card" | "in_variants" | "in_catalog" => truth(false),
                _ => Column::full_null(name.clone(), count, column.dtype()),
            };
            made.with_name(name)
        });
        Ok(DataFrame::new(count, columns.collect())?)
    }
}

impl MadeItem {
    /// Of lines of one time the last counts.
    fn note(&mut self, line: &Line<'_>) {
        if line.created_at >= self.at {
            self.at = line.created_at;
            let change = |known: &mut Option<Box<str>>, said: Option<&str>| {
                if said.is_some() && known.as_deref() != said {
                    *known = said.map(Box::from);
                }
            };
            change(&mut self.title, line.name);
            change(&mut self.product, line.product);
            change(&mut self.sku, line.real_sku());
        }
        if line.created_at >= self.priced_at && line.unit_price.is_some_and(|price| price > 0) {
            (self.price, self.priced_at) = (line.unit_price, line.created_at);
        }
    }
}
