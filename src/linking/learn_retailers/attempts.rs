//! Tonight's attempts, row by row and counted by retailer and method.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;

use crate::{
    linking::{
        columns::{booleans, floats, integers, texts},
        method::{Method, NO_METHOD},
    },
    operator::StageError,
};

/// One attempt to link a catalog row.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    pub catalog_id: i64,
    pub retailer: &'a str,
    /// The method that found a product, or [`NO_METHOD`].
    pub method: &'a str,
    pub success: bool,
    pub confidence: f64,
    pub url_changed: bool,
    /// `None` when one side has no code.
    pub code_changed: Option<bool>,
}

impl Attempt<'_> {
    /// Whether a product was found, confident enough or not.
    pub fn is_match(&self) -> bool {
        self.method != NO_METHOD
    }
}

/// The attempts in the frame's order; those of rows without a retailer teach nothing and are left out.
pub fn read(frame: &DataFrame) -> Result<Vec<Attempt<'_>>, StageError> {
    let retailers = texts(frame, "retailer")?;
    let methods = texts(frame, "method")?;
    let successes = booleans(frame, "success")?;
    let confidences = floats(frame, "confidence")?;
    let url_changes = booleans(frame, "url_changed")?;
    let code_changes = booleans(frame, "code_changed")?;
    Ok(integers(frame, "catalog_id")?
        .into_iter()
        .enumerate()
        .filter_map(|(row, id)| {
            Some(Attempt {
                catalog_id: id?,
                retailer: retailers[row]?,
                method: methods[row].unwrap_or(NO_METHOD),
                success: successes[row].unwrap_or_default(),
                confidence: confidences[row].unwrap_or_default(),
                url_changed: url_changes[row].unwrap_or_default(),
                code_changed: code_changes[row],
            })
        })
        .collect())
}

/// How a method fared at a retailer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MethodStats {
    pub retailer: String,
    pub method: String,
    /// Rows that came to this method's level.
    pub attempts: u64,
    /// Rows it linked.
    pub successes: u64,
    pub confidence_sum: f64,
    pub confidence_min: Option<f64>,
    pub last_used: Option<String>,
}

impl MethodStats {
    /// Counts a link.
    pub fn add(&mut self, confidence: f64) {
        self.successes += 1;
        self.confidence_sum += confidence;
        self.confidence_min = Some(self.confidence_min.map_or(confidence, |least| least.min(confidence)));
    }
}

/// A retailer's methods in cascade order, with the rows that came to each: all that no earlier level had linked.
pub fn in_cascade_order(
    retailer: &str,
    rows: u64,
    mut by_method: BTreeMap<Method, MethodStats>,
) -> impl Iterator<Item = (Method, MethodStats)> {
    let mut left = rows;
    Method::ALL.into_iter().filter_map(move |method| {
        let attempts = left;
        let stats = by_method.remove(&method)?;
        left = left.saturating_sub(stats.successes);
        let (retailer, method_name) = (retailer.to_owned(), method.name().to_owned());
        Some((method, MethodStats { retailer, method: method_name, attempts, ..stats }))
    })
}

/// Tonight's figures by retailer and method.
pub fn method_stats(attempts: &[Attempt<'_>], measured: &str) -> Vec<MethodStats> {
    let mut retailers: BTreeMap<&str, (u64, BTreeMap<Method, MethodStats>)> = BTreeMap::new();
    for attempt in attempts {
        let (rows, methods) = retailers.entry(attempt.retailer).or_default();
        *rows += 1;
        if attempt.success
            && let Some(method) = Method::from_name(attempt.method)
        {
            let stats = methods.entry(method).or_default();
            stats.add(attempt.confidence);
            stats.last_used.get_or_insert_with(|| measured.to_owned());
        }
    }
    retailers
        .into_iter()
        .flat_map(|(retailer, (rows, methods))| {
            in_cascade_order(retailer, rows, methods).map(|(_, stats)| stats).collect::<Vec<_>>()
        })
        .collect()
}
