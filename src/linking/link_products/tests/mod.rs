//! The fixture of the specification, and the cascade against a slow reference.

mod against_reference;
mod fixture;
mod nothing_said;
mod reference;

use polars::prelude::*;

use super::LinkProducts;
use crate::{
    linking::testing::context,
    operator::{Frames, Operator},
};

/// A row of either side.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    pub id: i64,
    pub url: Option<String>,
    pub retailer: Option<String>,
    pub title: Option<String>,
    pub price: Option<f64>,
    pub code: Option<String>,
}

impl Row {
    pub fn new(id: i64, url: &str, retailer: &str, title: &str, price: f64, code: &str) -> Self {
        let text = |text: &str| Some(text.to_owned());
        Self {
            id,
            url: text(url),
            retailer: text(retailer),
            title: text(title),
            price: Some(price),
            code: Some(code.to_owned()).filter(|code| !code.is_empty()),
        }
    }
}

/// A row of `retailer_url_patterns`: retailer, stability, best method, sample, notes.
pub type PatternRow = (&'static str, f64, &'static str, i64, &'static str);

/// What the operator says of one catalog row; exactly one of `link` and `reason` is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub id: i64,
    pub link: Option<(i64, String, f64, String, Option<f64>)>,
    pub reason: Option<String>,
}

fn side(rows: &[Row], url: &str) -> DataFrame {
    df!(
        "id" => rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        url => rows.iter().map(|row| row.url.as_deref()).collect::<Vec<_>>(),
        "retailer" => rows.iter().map(|row| row.retailer.as_deref()).collect::<Vec<_>>(),
        "title" => rows.iter().map(|row| row.title.as_deref()).collect::<Vec<_>>(),
        "price" => rows.iter().map(|row| row.price).collect::<Vec<_>>(),
        "product_code" => rows.iter().map(|row| row.code.as_deref()).collect::<Vec<_>>(),
    )
    .unwrap()
}

pub fn inputs(catalog: &[Row], products: &[Row], patterns: &[PatternRow]) -> Frames {
    let patterns = df!(
        "retailer" => patterns.iter().map(|row| row.0).collect::<Vec<_>>(),
        "url_stability_score" => patterns.iter().map(|row| row.1).collect::<Vec<_>>(),
        "best_dedup_method" => patterns.iter().map(|row| row.2).collect::<Vec<_>>(),
        "sample_size" => patterns.iter().map(|row| row.3).collect::<Vec<_>>(),
        "notes" => patterns.iter().map(|row| row.4).collect::<Vec<_>>(),
    )
    .unwrap();
    Frames::new()
        .with("catalog", side(catalog, "catalog_url"))
        .with("products", side(products, "url"))
        .with("patterns", patterns)
}

/// Runs the operator and collects an output.
pub fn outputs(operator: &LinkProducts, inputs: Frames) -> impl FnMut(&str) -> DataFrame + use<> {
    let mut frames = operator.run(inputs, &context()).unwrap();
    move |port| frames.take(port).unwrap().collect().unwrap()
}

/// What the operator says of every catalog row, in id order.
pub fn told(operator: &LinkProducts, catalog: &[Row], products: &[Row], patterns: &[PatternRow]) -> Vec<Told> {
    let mut output = outputs(operator, inputs(catalog, products, patterns));
    let mut told = Vec::new();
    let links = output("links");
    for row in 0..links.height() {
        let text = |name: &str| links.column(name).unwrap().str().unwrap().get(row).unwrap().to_owned();
        let id = |name: &str| links.column(name).unwrap().i64().unwrap().get(row).unwrap();
        let float = |name: &str| links.column(name).unwrap().f64().unwrap().get(row);
        told.push(Told {
            id: id("catalog_id"),
            link: Some((
                id("product_id"),
                text("product_url"),
                float("link_confidence").unwrap(),
                text("link_method"),
                float("similarity"),
            )),
            reason: None,
        });
    }
    for (port, key) in [("unlinked", "catalog_id"), ("rejected", "id")] {
        let rows = output(port);
        for row in 0..rows.height() {
            if port == "rejected" && rows.column("port").unwrap().str().unwrap().get(row) != Some("catalog") {
                continue;
            }
            told.push(Told {
                id: rows.column(key).unwrap().i64().unwrap().get(row).unwrap(),
                link: None,
                reason: rows.column("reason").unwrap().str().unwrap().get(row).map(str::to_owned),
            });
        }
    }
    told.sort_by_key(|told| told.id);
    told
}
