//! What is linked: records of a catalog.

/// A product as its shop shows it. Every text may be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// Names the record; equal records are told apart by it, nothing else is read from it.
    pub id: &'a str,
    /// The title.
    pub title: &'a str,
    /// A model number, an article number or a list of them.
    pub code: &'a str,
    /// The brand or maker.
    pub brand: &'a str,
    /// The price in the smallest unit of its currency, if it is known; 0 and less count as unknown.
    pub price: Option<i64>,
    /// Whatever else is said of the product.
    pub description: &'a str,
}

impl<'a> Record<'a> {
    /// What rows are put in order by, so that the order they come in is of no account.
    fn key(&self) -> (&'a str, &'a str, &'a str, Option<i64>, &'a str, &'a str) {
        (self.title, self.code, self.brand, self.price, self.description, self.id)
    }
}

/// The places of records in the order of their content.
pub fn by_content(records: &[Record]) -> Vec<u32> {
    use rayon::prelude::*;
    let mut order: Vec<u32> = (0..records.len() as u32).collect();
    order.par_sort_by(|a, b| records[*a as usize].key().cmp(&records[*b as usize].key()).then(a.cmp(b)));
    order
}
