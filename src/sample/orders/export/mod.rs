//! Writing a made-up shop as the files that a shop system's admin exports.

mod cells;
mod manner;
mod nightloom;
mod shopify;
mod tiendanube;
mod words;

use std::{io, path::Path};

use jiff::Timestamp;

pub use self::manner::{Manner, OrderExport};
use super::catalog::Shop;

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
