//! `observe-catalog`: new and changed products as rows of a shop's catalog snapshots, from which linking learns prices and
//! images.

use std::collections::BTreeMap;

use polars::prelude::{Column, DataFrame, IntoColumn, NamedFrom, Series, StringChunked};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    json::{Value, parse},
    listing::{Listing, pictures},
    price::Cents,
};
use crate::operator::{
    ColumnKind, Frames, InputPort, Inputs, Operator, OutputPort, PortSchema, StageContext, StageError,
};

/// Parameters of `observe-catalog`.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ObserveCatalog {}

const PRODUCTS: InputPort = InputPort::required(
    "products",
    &[("namespace", ColumnKind::Text), ("id", ColumnKind::Text), ("product", ColumnKind::Text)],
    "The products of diff-catalog.",
);

const SNAPSHOT: [(&str, ColumnKind); 7] = [
    ("retailer", ColumnKind::Text),
    ("catalog_url", ColumnKind::Text),
    ("title", ColumnKind::Text),
    ("price", ColumnKind::Float),
    ("product_code", ColumnKind::Text),
    ("image_urls", ColumnKind::Text),
    ("discovered_date", ColumnKind::Text),
];

/// A product as it was seen.
struct Seen {
    listing: Listing,
    pictures: Option<String>,
}

impl Seen {
    /// `None` for a product without a page: linking knows products by their pages.
    fn of(product: &str) -> Option<Self> {
        let product = parse(product).unwrap_or(Value::Null);
        let listing = Listing::of(&product);
        listing.url.as_ref()?;
        let pictures = Some(pictures(&product)).filter(|pictures| !pictures.is_empty());
        Some(Self { listing, pictures: pictures.and_then(|pictures| serde_json::to_string(&pictures).ok()) })
    }
}

impl Operator for ObserveCatalog {
    const NAME: &'static str = "observe-catalog";
    const SUMMARY: &'static str =
        "Makes of new and changed products rows of catalog_products: page, title, price and pictures, as of the run.";
    const VERSION: u32 = 1;
    const USES_AS_OF: bool = true;
    const INPUTS: Inputs = Inputs::Ports(&[PRODUCTS]);

    fn outputs(&self, _: &BTreeMap<String, PortSchema>) -> Result<Vec<OutputPort>, StageError> {
        Ok(vec![OutputPort::new(
            "snapshots",
            "A row for each product with a page; image_urls is a JSON array of texts.",
            &SNAPSHOT,
        )])
    }

    fn run(&self, mut inputs: Frames, context: &StageContext) -> Result<Frames, StageError> {
        let products = inputs.take("products")?.collect()?;
        let text = |name: &str| products.column(name).and_then(|column| column.str().cloned());
        let (shops, ids, bodies) = (text("namespace")?, text("id")?, text("product")?);
        let seen = bodies.iter().enumerate().filter_map(|(row, body)| Some((row, Seen::of(body?)?)));
        let seen: Vec<(usize, Seen)> = seen.collect();
        let column = |name: &str, of: &dyn Fn(usize, &Seen) -> Option<String>| {
            let cells: StringChunked = seen.iter().map(|(row, seen)| of(*row, seen)).collect();
            cells.with_name(name.into()).into_column()
        };
        let prices: Vec<Option<f64>> = seen.iter().map(|(_, seen)| seen.listing.price.map(Cents::amount)).collect();
        let day = context.as_of.to_string();
        let columns: Vec<Column> = vec![
            column("retailer", &|row, _| shops.get(row).map(ToOwned::to_owned)),
            column("catalog_url", &|_, seen| seen.listing.url.clone()),
            column("title", &|_, seen| Some(seen.listing.title.clone())),
            Series::new("price".into(), prices).into_column(),
            column("product_code", &|row, _| ids.get(row).map(ToOwned::to_owned)),
            column("image_urls", &|_, seen| seen.pictures.clone()),
            column("discovered_date", &|_, _| Some(day.clone())),
        ];
        Ok(Frames::new().with("snapshots", DataFrame::new(seen.len(), columns)?))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use polars::prelude::{IntoLazy, df};

    use super::{
        super::testing::{Memory, context},
        *,
    };

    #[test]
    fn a_product_with_a_page_is_seen_with_its_price_and_all_pictures() {
        let full = r#"{"id": 7, "name": "Belt", "url": "https://a.example/7", "salePrice": "$9.50", "price": 12,
                       "imageUrls": [{"src": "a.jpg"}, "b.jpg"]}"#;
        let products = df!(
            "namespace" => ["a.example", "a.example", "a.example"],
            "id" => ["7", "8", "9"],
            "product" => [full, r#"{"id": 8, "name": "No page"}"#, r#"{"id": 9, "name": "Bare", "link": "https://a.example/9"}"#],
        )
        .unwrap();
        let inputs = Frames::new().with("products", products.lazy());
        let mut made = ObserveCatalog::default().run(inputs, &context(Arc::new(Memory::default()))).unwrap();
        let seen = made.take("snapshots").unwrap().collect().unwrap();
        let expected = df!(
            "retailer" => ["a.example", "a.example"],
            "catalog_url" => ["https://a.example/7", "https://a.example/9"],
            "title" => ["Belt", "Bare"],
            "price" => [Some(9.5), None],
            "product_code" => ["7", "9"],
            "image_urls" => [Some(r#"["a.jpg","b.jpg"]"#), None],
            "discovered_date" => ["2026-03-01T04:30:00Z"; 2],
        )
        .unwrap();
        assert!(seen.equals_missing(&expected), "{seen}");
    }
}
