//! Catalog rows and products as slices in id order; rows that cannot be used are set aside with a reason.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use polars::prelude::{DataFrame, SortMultipleOptions};
use rayon::prelude::*;

use super::params::Rules;
use crate::{
    linking::{columns, no_code::says_nothing, plain_title::plain_title, url},
    operator::StageError,
};

/// The retailer number of a row without a retailer.
pub const NO_RETAILER: u32 = u32::MAX;

/// A row that was not used: its id if it has one, and why.
pub type Rejected = (Option<i64>, &'static str);

/// One side's rows, in ascending id order. Row numbers are positions in these vectors.
#[derive(Default)]
pub struct Rows<'a> {
    pub ids: Vec<i64>,
    pub urls: Vec<&'a str>,
    /// Numbers into [`Sides::retailers`], or [`NO_RETAILER`].
    pub retailers: Vec<u32>,
    /// In plain form, unless the rules are the original's, and then never empty.
    pub titles: Vec<Option<Cow<'a, str>>>,
    pub prices: Vec<Option<f64>>,
    /// Never empty; only codes that say something, unless the rules are the original's.
    pub codes: Vec<Option<&'a str>>,
    /// By retailer number: how many codes said nothing.
    pub silent_codes: BTreeMap<u32, u64>,
}

/// Both sides.
pub struct Sides<'a> {
    pub catalog: Rows<'a>,
    pub products: Rows<'a>,
    /// Retailer names by number.
    pub retailers: Vec<&'a str>,
    pub rejected_catalog: Vec<Rejected>,
    pub rejected_products: Vec<Rejected>,
}

impl Rows<'_> {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The title of a row.
    pub fn title(&self, row: usize) -> Option<&str> {
        self.titles.get(row)?.as_deref()
    }
}

/// The frame in ascending order of its ids.
pub fn by_id(frame: DataFrame) -> Result<DataFrame, StageError> {
    let ids = columns::integers(&frame, "id")?;
    if ids.is_sorted() {
        return Ok(frame);
    }
    Ok(frame.sort(["id"], SortMultipleOptions::default().with_maintain_order(true))?)
}

impl<'a> Sides<'a> {
    /// Reads both frames, which are in id order.
    pub fn read(catalog: &'a DataFrame, products: &'a DataFrame, rules: &Rules) -> Result<Self, StageError> {
        let mut names = Names::default();
        let mut rejected_catalog = Vec::new();
        let catalog =
            read_side(catalog, "catalog", &mut names, |row| refuse_catalog(row, rules), &mut rejected_catalog)?;
        let mut rejected_products = Vec::new();
        let products = read_side(products, "products", &mut names, refuse_product, &mut rejected_products)?;
        let mut sides = Self { catalog, products, retailers: names.names, rejected_catalog, rejected_products };
        if !rules.original {
            sides.catalog.make_plain();
            sides.products.make_plain();
        }
        Ok(sides)
    }
}

#[derive(Default)]
struct Names<'a> {
    numbers: HashMap<&'a str, u32>,
    names: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn number(&mut self, name: &'a str) -> u32 {
        let next = u32::try_from(self.names.len()).unwrap_or(NO_RETAILER);
        *self.numbers.entry(name).or_insert_with(|| {
            self.names.push(name);
            next
        })
    }
}

#[derive(Clone, Copy)]
struct RawRow<'a> {
    url: Option<&'a str>,
    retailer: Option<&'a str>,
    price: Option<f64>,
}

fn refuse_catalog(row: RawRow<'_>, rules: &Rules) -> Option<&'static str> {
    match row {
        RawRow { url: None, .. } => Some("null_url"),
        _ if rules.original => None,
        RawRow { url: Some(""), .. } => Some("empty_url"),
        RawRow { url: Some(text), .. } if !url::is_absolute(text) => Some("not_a_url"),
        RawRow { price: Some(price), .. } if !price.is_finite() => Some("price_not_a_number"),
        RawRow { price: Some(price), .. } if price < 0.0 => Some("negative_price"),
        _ => None,
    }
}

fn refuse_product(row: RawRow<'_>) -> Option<&'static str> {
    match row {
        RawRow { url: None, .. } => Some("null_url"),
        RawRow { retailer: None, .. } => Some("null_retailer"),
        _ => None,
    }
}

fn read_side<'a>(
    frame: &'a DataFrame,
    port: &str,
    names: &mut Names<'a>,
    refuse: impl Fn(RawRow<'a>) -> Option<&'static str>,
    rejected: &mut Vec<Rejected>,
) -> Result<Rows<'a>, StageError> {
    if u32::try_from(frame.height()).map_or(true, |height| height == u32::MAX) {
        return Err(StageError::Input {
            port: port.to_owned(),
            problem: format!("{} rows are more than one stage can number", frame.height()),
            mend: "run the pipeline once per group of retailers".to_owned(),
        });
    }
    let url_column = if port == "catalog" { "catalog_url" } else { "url" };
    let urls = columns::texts(frame, url_column)?;
    let retailers = columns::texts(frame, "retailer")?;
    let titles = columns::texts(frame, "title")?;
    let codes = columns::texts(frame, "product_code")?;
    let prices = columns::floats(frame, "price")?;
    let mut rows = Rows::with_capacity(frame.height());
    let mut last_id = None;
    for (at, id) in columns::integers(frame, "id")?.into_iter().enumerate() {
        let raw = RawRow { url: urls[at], retailer: retailers[at], price: prices[at] };
        let reason = match id {
            None => Some("null_id"),
            Some(_) if id == last_id => Some("duplicate_id"),
            Some(_) => refuse(raw),
        };
        last_id = id;
        let (Some(id), Some(url), None) = (id, raw.url, reason) else {
            rejected.push((id, reason.unwrap_or("null_url")));
            continue;
        };
        rows.ids.push(id);
        rows.urls.push(url);
        rows.retailers.push(raw.retailer.map_or(NO_RETAILER, |name| names.number(name)));
        rows.titles.push(titles[at].map(Cow::Borrowed));
        rows.prices.push(raw.price.filter(|price| price.is_finite()));
        rows.codes.push(codes[at].filter(|code| !code.is_empty()));
    }
    Ok(rows)
}

impl Rows<'_> {
    fn with_capacity(rows: usize) -> Self {
        Self {
            ids: Vec::with_capacity(rows),
            urls: Vec::with_capacity(rows),
            retailers: Vec::with_capacity(rows),
            titles: Vec::with_capacity(rows),
            prices: Vec::with_capacity(rows),
            codes: Vec::with_capacity(rows),
            silent_codes: BTreeMap::new(),
        }
    }

    /// Titles in the form in which they are compared, and no codes that say nothing.
    fn make_plain(&mut self) {
        self.titles.par_iter_mut().for_each(|title| {
            if let Some(Cow::Borrowed(raw)) = title {
                let plain = plain_title(raw);
                *title = Some(plain).filter(|plain| !plain.is_empty());
            }
        });
        for (code, retailer) in self.codes.iter_mut().zip(&self.retailers) {
            if code.is_some_and(says_nothing) {
                *code = None;
                *self.silent_codes.entry(*retailer).or_default() += 1;
            }
        }
    }
}
