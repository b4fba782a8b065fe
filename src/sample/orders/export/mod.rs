//! Writing a made-up shop as the files that a shop system's admin exports.

mod cells;
mod nightloom;
mod shopify;
mod tiendanube;

use std::{io, path::Path};

use jiff::Timestamp;

use super::{
    baskets::{Line, Order},
    catalog::{Shop, Variant},
};

/// Whose exports the files look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Nightloom's own kinds: orders, variants, inventory levels and joined catalog.
    #[default]
    Nightloom,
    /// The three files of Shopify's admin, without ids: what is the order's stands in its first row.
    Shopify,
    /// The same of a shop that gives its variants no SKUs: a line's name tells the item.
    ShopifyWithoutSkus,
    /// Tiendanube's two files: semicolons, decimal commas, days first, Latin-1.
    Tiendanube,
}

/// How a shop's exports are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Camel case and global ids, no customers.
    GlobalIds,
    /// Snake case and plain ids.
    Snake,
    /// Words with spaces, US dates, plain ids.
    Spaced,
}

/// Ids of a shop's orders begin here.
const FIRST_ORDER: u64 = 1_000_000;

/// The writer of a shop's orders.
pub trait OrderExport {
    /// Writes an order's lines.
    fn write(&mut self, shop: &Shop, order: &Order) -> io::Result<()>;

    /// The rows written so far, without the header.
    fn rows(&self) -> u64;

    /// Writes what is held back.
    fn finish(&mut self) -> io::Result<()>;
}

impl Manner {
    /// The manner of a shop; those with plain ids are more common.
    pub fn of(number: u32) -> Self {
        [Self::GlobalIds, Self::Snake, Self::Snake, Self::Spaced][number as usize % 4]
    }
}

impl Profile {
    /// Begins the orders' file in `folder`.
    pub fn orders(self, folder: &Path, manner: Manner) -> io::Result<Box<dyn OrderExport>> {
        Ok(match self {
            Self::Nightloom => Box::new(nightloom::OrderFile::create(folder, manner)?),
            Self::Shopify | Self::ShopifyWithoutSkus => {
                Box::new(shopify::OrderFile::create(folder, manner, self.has_skus())?)
            }
            Self::Tiendanube => Box::new(tiendanube::OrderFile::create(folder, manner)?),
        })
    }

    /// Writes what the shop sells into `folder`.
    pub fn write_catalog(self, folder: &Path, shop: &Shop, manner: Manner, as_of: Timestamp) -> io::Result<()> {
        match self {
            Self::Nightloom => nightloom::write_catalog(folder, shop, manner, as_of),
            Self::Shopify | Self::ShopifyWithoutSkus => shopify::write_catalog(folder, shop, self.has_skus()),
            Self::Tiendanube => tiendanube::write_catalog(folder, shop),
        }
    }

    fn has_skus(self) -> bool {
        self != Self::ShopifyWithoutSkus
    }
}

/// Whether the only variant of its product: it has no option.
fn is_only(variant: &Variant) -> bool {
    variant.option == "Default Title"
}

/// What a line of an order calls a variant.
fn line_name(variant: &Variant) -> String {
    if is_only(variant) { variant.title.clone() } else { format!("{} - {}", variant.title, variant.option) }
}

/// A product's name in addresses.
fn handle(variant: &Variant) -> String {
    variant.title.to_lowercase().replace(' ', "-")
}

/// The pieces of a variant in the shop and in its store; two of five lie in both.
fn stock_in_places(place: usize, variant: &Variant) -> [Option<u32>; 2] {
    if place % 5 < 2 {
        let elsewhere = variant.stock / 3;
        [Some(variant.stock - elsewhere), Some(elsewhere)]
    } else {
        [Some(variant.stock), None]
    }
}

/// What an order's lines cost together, in cents; what was sent back is taken off.
fn total_cents(lines: &[Line]) -> u32 {
    let total: i64 = lines.iter().map(|line| i64::from(line.quantity) * i64::from(line.cents)).sum();
    u32::try_from(total).unwrap_or_default()
}

/// Cents as units with two places.
struct Money(u32);

impl std::fmt::Display for Money {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}
