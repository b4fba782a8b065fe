//! What the fields of a product are called, and what it means when one changes.

/// Keys that may hold the id, in the order in which they are tried.
pub const ID: [&str; 6] = ["id", "productId", "product_id", "sku", "item_id", "_id"];
/// Keys that may hold the name.
pub const NAME: [&str; 5] = ["name", "title", "product_name", "productName", "item_name"];
/// Keys that may hold the brand.
pub const BRAND: [&str; 4] = ["brand", "manufacturer", "brand_name", "vendor"];
/// Keys that may hold the price that is asked.
pub const PRICE: [&str; 6] = ["price", "salePrice", "sale_price", "originalPrice", "original_price", "current_price"];
/// Keys that may hold a reduced price.
pub const SALE_PRICE: [&str; 2] = ["salePrice", "sale_price"];
/// Keys that may hold the description.
pub const DESCRIPTION: [&str; 4] = ["description", "product_description", "long_description", "descriptor"];
/// Keys that may hold the categories.
pub const CATEGORY: [&str; 5] = ["category", "categories", "product_type", "type", "classification"];
/// Keys that may hold pictures.
pub const IMAGES: [&str; 7] = ["images", "imageUrls", "image_urls", "photos", "pictures", "image", "thumbnail"];
/// Keys that may hold the page.
pub const PAGE: [&str; 4] = ["productUrl", "product_url", "url", "link"];
/// Keys that may say whether it can be bought.
pub const AVAILABLE: [&str; 5] = ["in_stock", "inStock", "available", "availability", "is_available"];

/// Fields whose change is one of stock.
const STOCK: [&str; 9] = [
    "in_stock",
    "inStock",
    "available",
    "availability",
    "is_available",
    "stock_status",
    "stock",
    "inventory",
    "quantity",
];
/// Fields that hold prices, which are compared as amounts.
const PRICES: [&str; 7] =
    ["price", "salePrice", "sale_price", "originalPrice", "original_price", "current_price", "compare_at_price"];
/// Fields whose change is one of price beside those that hold prices.
const SALE: &str = "sale_status";
/// Fields that may say when the product was launched.
pub const LAUNCHED: [&str; 6] = ["launch_date", "launchDate", "created", "created_at", "createdAt", "date_created"];

/// Fields that change without meaning anything: they are no part of the hash.
pub const VOLATILE: [&str; 5] = [
    "updated",
    "last_updated",
    "_ingestion_metadata",
    "descriptor_metadata.generated_at",
    "descriptor_metadata.price_updated_at",
];

/// Days within which a product counts as launched.
pub const LAUNCH_DAYS: i64 = 30;

/// Whether a field holds a price.
pub fn is_price(name: &str) -> bool {
    PRICES.contains(&name)
}

/// How urgent a change is; the order in which changes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// P0: the product is gone.
    Deletion,
    /// P1: whether it can be bought changed.
    Stock,
    /// P2: a price changed.
    Price,
    /// P3: it is new.
    Launch,
    /// P9: anything else.
    Normal,
}

impl Class {
    /// The class of a change of these top-level fields.
    pub fn of_fields<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        names
            .map(|name| match name {
                name if STOCK.contains(&name) => Self::Stock,
                name if is_price(name) || name == SALE => Self::Price,
                _ => Self::Normal,
            })
            .min()
            .unwrap_or(Self::Normal)
    }

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deletion => "P0 deletion",
            Self::Stock => "P1 stock",
            Self::Price => "P2 price",
            Self::Launch => "P3 launch",
            Self::Normal => "P9 normal",
        }
    }

    /// The same as the rule of the original had it: deletions and changes of exactly `price` are urgent.
    pub fn narrowed<'n>(self, mut names: impl Iterator<Item = &'n str>) -> Self {
        match self {
            Self::Deletion => Self::Deletion,
            _ if names.any(|name| name == "price") => Self::Price,
            _ => Self::Normal,
        }
    }

    /// Its place in the order of writing, from 1.
    pub fn order(self) -> i64 {
        self as i64 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_urgent_field_decides() {
        let of = |names: &[&str]| Class::of_fields(names.iter().copied());
        assert_eq!(of(&["description", "salePrice", "quantity"]), Class::Stock);
        assert_eq!(of(&["description", "sale_status"]), Class::Price);
        assert_eq!(of(&["description"]), Class::Normal);
        assert_eq!(of(&[]), Class::Normal);
        assert_eq!(Class::Stock.narrowed(["stock", "price"].into_iter()), Class::Price);
        assert_eq!(Class::Price.narrowed(["salePrice"].into_iter()), Class::Normal);
    }
}
