//! Products that cannot be used, with the reason.

use polars::prelude::{DataFrame, NamedFrom, PolarsResult, Series};

use super::super::{
    json::{Omitted, Value, canonical},
    parts::Place,
};

/// Characters of a product that are shown.
const SHOWN: usize = 200;

/// A product that cannot be used.
pub struct Rejected<'a> {
    /// Its namespace.
    pub namespace: &'a str,
    /// Where its part stands.
    pub place: Place<'a>,
    /// Its row in the part.
    pub row: usize,
    /// Its id, if it has one.
    pub id: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The product.
    pub product: &'a Value<'a>,
}

/// Products that cannot be used, in the order in which they stand.
#[derive(Default)]
pub struct Quarantine {
    namespaces: Vec<String>,
    files: Vec<String>,
    numbers: Vec<i64>,
    ids: Vec<Option<String>>,
    reasons: Vec<String>,
    products: Vec<String>,
}

impl Quarantine {
    /// Adds a product.
    pub fn push(&mut self, rejected: Rejected<'_>) {
        let Rejected { namespace, place, row, id, reason, product } = rejected;
        self.namespaces.push(namespace.to_owned());
        self.files.push(place.file.to_owned());
        self.numbers.push(i64::try_from(place.first + row).unwrap_or(i64::MAX));
        self.ids.push((!id.is_empty()).then(|| id.to_owned()));
        self.reasons.push(reason.to_owned());
        let text = canonical(product, Omitted::default());
        self.products.push(text.chars().take(SHOWN).collect());
    }

    /// The products as a frame.
    ///
    /// # Errors
    /// Never in practice: the columns have one length.
    pub fn into_frame(self) -> PolarsResult<DataFrame> {
        let height = self.numbers.len();
        let columns = vec![
            Series::new("namespace".into(), self.namespaces).into(),
            Series::new("file".into(), self.files).into(),
            Series::new("number".into(), self.numbers).into(),
            Series::new("id".into(), self.ids).into(),
            Series::new("reason".into(), self.reasons).into(),
            Series::new("product".into(), self.products).into(),
        ];
        DataFrame::new(height, columns)
    }
}
