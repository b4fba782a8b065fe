//! A shop's items as they stand: the product of each, and whether it can be bought.

use std::collections::HashMap;

use polars::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operator::{ColumnKind, Columns, InputPort, StageError, for_each_batch};

/// What is mined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Items as the lines name them: variants.
    #[default]
    Variant,
    /// Their products: all sizes and colours are one item. An item of which no product is known stands for itself.
    Product,
}

/// Which items may be named to customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Offer {
    /// All.
    All,
    /// Those that are for sale: not archived, draft, unlisted or the like, and not gone from a shop's catalog.
    #[default]
    ForSale,
    /// Of these, those of which there are some, or whose stock is not known.
    InStock,
}

/// Statuses of products that cannot be bought, in small letters, as programs write them in the languages of shops.
const OFF_SALE: [&str; 59] = [
    "0",
    "archivada",
    "archivado",
    "archived",
    "archiviato",
    "archiviert",
    "archivé",
    "arşivlendi",
    "arşivlenmiş",
    "borrador",
    "bozza",
    "brouillon",
    "concept",
    "deaktiviert",
    "deleted",
    "desactivado",
    "desativado",
    "descatalogado",
    "disabled",
    "disattivato",
    "discontinued",
    "draft",
    "désactivé",
    "ended",
    "entwurf",
    "false",
    "future",
    "gearchiveerd",
    "gizli",
    "hidden",
    "inactief",
    "inactif",
    "inactiva",
    "inactive",
    "inactivo",
    "inaktiv",
    "inativa",
    "inativo",
    "inattivo",
    "masqué",
    "nascosto",
    "nieaktywny",
    "no",
    "oculto",
    "pasif",
    "pending",
    "private",
    "rascunho",
    "removed",
    "retired",
    "szkic",
    "taslak",
    "trash",
    "ukryty",
    "unlisted",
    "unpublished",
    "verborgen",
    "versteckt",
    "zarchiwizowany",
];

/// The items of all shops.
#[derive(Default)]
pub struct Catalog(HashMap<Option<String>, ShopCatalog>);

/// The items of a shop.
#[derive(Default)]
pub struct ShopCatalog {
    variants: HashMap<String, Variant>,
    /// What of each product can be bought: of any of its variants.
    products: HashMap<String, Standing>,
    /// Whether the shop says what it sells: items that are made of order lines do not.
    is_known: bool,
}

struct Variant {
    product: Option<String>,
    standing: Standing,
}

/// How an item stands.
#[derive(Clone, Copy, Default)]
struct Standing {
    is_for_sale: bool,
    is_in_stock: bool,
}

/// The columns that are read.
const COLUMNS: Columns = &[
    ("shop_id", ColumnKind::Text),
    ("variant_id", ColumnKind::Text),
    ("product_id", ColumnKind::Text),
    ("product_status", ColumnKind::Text),
    ("available_total", ColumnKind::Int),
    ("from_lines", ColumnKind::Bool),
];

/// Those that may be missing.
const OPTIONAL: &[&str] = &["product_id", "product_status", "available_total", "from_lines"];

/// The input port of the items.
pub const fn items_port(about: &'static str) -> InputPort {
    InputPort::optional("items", COLUMNS, about).may_lack(OPTIONAL)
}

impl Catalog {
    /// Reads the port's rows.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(items: Option<LazyFrame>) -> Result<Self, StageError> {
        let mut catalog = Self::default();
        let Some(items) = items else { return Ok(catalog) };
        for_each_batch(
            items.select(COLUMNS.iter().map(|(name, _)| col(*name)).collect::<Vec<_>>()),
            StageError::from,
            |batch| {
                let text = |name: &str| batch.column(name).and_then(|column| column.str());
                let (shops, variants) = (text("shop_id")?.iter(), text("variant_id")?.iter());
                let (products, statuses) = (text("product_id")?.iter(), text("product_status")?.iter());
                let (stocks, made) =
                    (batch.column("available_total")?.i64()?.iter(), batch.column("from_lines")?.bool()?.iter());
                for ((((shop, variant), product), status), (stock, made)) in
                    shops.zip(variants).zip(products).zip(statuses).zip(stocks.zip(made))
                {
                    let Some(variant) = variant else { continue };
                    let is_known = made != Some(true);
                    let is_for_sale = !status.is_some_and(is_off_sale);
                    let is_in_stock = is_for_sale && stock.is_none_or(|stock| stock > 0);
                    let shop = catalog.shop_mut(shop);
                    shop.is_known |= is_known;
                    shop.add(variant, product, Standing { is_for_sale, is_in_stock }, is_known);
                }
                Ok(())
            },
        )?;
        Ok(catalog)
    }

    /// The items of a shop.
    pub fn shop(&self, shop: Option<&str>) -> Option<&ShopCatalog> {
        self.0.get(&shop.map(str::to_owned))
    }

    fn shop_mut(&mut self, shop: Option<&str>) -> &mut ShopCatalog {
        self.0.entry(shop.map(str::to_owned)).or_default()
    }
}

impl ShopCatalog {
    /// Adds a variant; one that only order lines know of has a product, and no standing.
    fn add(&mut self, variant: &str, product: Option<&str>, standing: Standing, is_known: bool) {
        if let Some(product) = product.filter(|_| is_known) {
            let all = self.products.entry(product.to_owned()).or_default();
            all.is_for_sale |= standing.is_for_sale;
            all.is_in_stock |= standing.is_in_stock;
        }
        let standing = if is_known { standing } else { Standing::default() };
        self.variants.insert(variant.to_owned(), Variant { product: product.map(str::to_owned), standing });
    }

    /// The product of a variant, where it is known.
    pub fn product(&self, variant: &str) -> Option<&str> {
        self.variants.get(variant)?.product.as_deref()
    }

    /// Whether an item of this level may be named. In a shop that does not say what it sells, all may.
    pub fn offers(&self, item: &str, level: Level, offer: Offer) -> bool {
        if !self.is_known || offer == Offer::All {
            return true;
        }
        let of_variant = || self.variants.get(item).map(|variant| variant.standing);
        let standing = match level {
            Level::Variant => of_variant(),
            // An item without a product stands for itself.
            Level::Product => self.products.get(item).copied().or_else(of_variant),
        };
        standing
            .is_some_and(|standing| if offer == Offer::InStock { standing.is_in_stock } else { standing.is_for_sale })
    }
}

/// Whether a product of this status cannot be bought.
pub fn is_off_sale(status: &str) -> bool {
    OFF_SALE.contains(&status.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        let items = df!(
            "shop_id" => ["s", "s", "s", "s", "s", "t"],
            "variant_id" => ["a1", "a2", "b1", "c1", "d1", "x"],
            "product_id" => [Some("a"), Some("a"), Some("b"), None, Some("d"), Some("p")],
            "product_status" => [Some("active"), Some("Archived"), Some("draft"), None, Some("active"), Some("active")],
            "available_total" => [Some(0_i64), Some(4), Some(4), None, Some(1), None],
            "from_lines" => [None, Some(false), None, None, Some(true), Some(true)],
        );
        Catalog::read(Some(items.unwrap().lazy())).unwrap()
    }

    #[test]
    fn what_is_archived_draft_or_gone_is_not_for_sale_and_stock_counts_where_it_is_asked_for() {
        let catalog = catalog();
        let shop = catalog.shop(Some("s")).unwrap();
        let offered =
            |offer| ["a1", "a2", "b1", "c1", "d1", "gone"].map(|item| shop.offers(item, Level::Variant, offer));
        assert_eq!(offered(Offer::ForSale), [true, false, false, true, false, false]);
        assert_eq!(offered(Offer::InStock), [false, false, false, true, false, false]);
        assert_eq!(offered(Offer::All), [true; 6]);
        let product = |offer| ["a", "b", "c1", "gone"].map(|item| shop.offers(item, Level::Product, offer));
        assert_eq!(product(Offer::ForSale), [true, false, true, false]);
        assert_eq!(product(Offer::InStock), [false, false, true, false], "what is left of a is archived");
        assert_eq!((shop.product("a2"), shop.product("c1"), shop.product("d1")), (Some("a"), None, Some("d")));
    }

    #[test]
    fn a_shop_that_does_not_say_what_it_sells_offers_all() {
        let catalog = catalog();
        let shop = catalog.shop(Some("t")).unwrap();
        assert!(shop.offers("x", Level::Variant, Offer::InStock) && shop.offers("y", Level::Variant, Offer::InStock));
        assert!(catalog.shop(None).is_none());
        assert!(Catalog::read(None).unwrap().shop(Some("s")).is_none());
    }
}
