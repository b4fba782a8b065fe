//! What shop to make, and what was made.

use jiff::Timestamp;

use super::{dirt::Dirt, prices::PriceSpread};

/// The instant the made-up world is about, unless another is given.
pub const DEFAULT_AS_OF: Timestamp = Timestamp::constant(1_772_330_400, 0);

/// What world to make. Equal options make equal files.
#[derive(Clone, Debug)]
pub struct ShopOptions {
    /// Rows of `products`, and as many of `catalog_products`.
    pub rows: u64,
    /// The seed of everything random.
    pub seed: u64,
    /// Dates lie before this instant.
    pub as_of: Timestamp,
    /// How prices are spread.
    pub prices: PriceSpread,
    /// How dirty the rows are.
    pub dirt: Dirt,
}

impl Default for ShopOptions {
    fn default() -> Self {
        Self { rows: 2_000, seed: 1, as_of: DEFAULT_AS_OF, prices: PriceSpread::default(), dirt: Dirt::default() }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopSummary {
    /// Rows of `products`.
    pub products: u64,
    /// Rows of `catalog_products`.
    pub catalog_rows: u64,
    /// Rows of `true_links`: catalog rows that have a product.
    pub true_links: u64,
}
